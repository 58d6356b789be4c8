//===- LowerEmbedding.cpp - Embeddings as gathers of rows -----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tokens, positions and token types are one kernel: rows are added up before
// they are written.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "RowLaunch.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "ockham/Conversion/IndexChecks.h"
#include "ockham/Kernels/Kernels.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;
using namespace ockham::tfm_to_tile;

/// How a product has the table in panels, if one has: no table is stored twice.
static tile::PackOp findPack(Operation *op, Value table) {
  auto mine = table ? table.getDefiningOp<LoadWeightOp>() : LoadWeightOp();
  tile::PackOp found;
  if (mine)
    op->getParentOfType<ModuleOp>().walk([&](tile::PackOp pack) {
      auto load = pack.getMatrix().getDefiningOp<LoadWeightOp>();
      if (load && load.getWeightAttr() == mine.getWeightAttr() &&
          (!found || pack.getTransposed()))
        found = pack;
    });
  return found;
}

/// Why there is no kernel for an embedding; empty if there is one.
static std::string checkTables(tfm::EmbeddingOp op) {
  // A row of the table is a column of the product's matrix. Otherwise, and
  // where positions are in panels, its numbers are in several places.
  tile::PackOp pack = findPack(op, op.getTable());
  if (!pack || pack.getTransposed())
    pack = findPack(op, op.getPositionTable());
  if (pack)
    return "its table is stored once, with rows in parts of " +
           std::to_string(pack.getPanel()) +
           " numbers for the product that reads it, too";
  return checkRows(op, op.getResult());
}

/// All tables are read for as many ids: extents that are open may differ.
static void checkExtents(OpBuilder &b, tfm::EmbeddingOp table,
                         tfm::EmbeddingOp first) {
  for (int64_t dim : {0, 1}) {
    Location loc = table.getLoc();
    Value have = b.createOrFold<tensor::DimOp>(loc, table.getIds(), dim);
    Value want = b.createOrFold<tensor::DimOp>(loc, first.getIds(), dim);
    if (have == want ||
        (getConstantIntValue(have) && getConstantIntValue(want)))
      continue;
    Value same =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, have, want);
    CheckOp::create(b, loc, same,
                    b.getStringAttr("ids have extent {} in dimension " +
                                    Twine(dim) +
                                    ", expected {} as those of the tokens"),
                    ValueRange{have, want});
  }
}

/// A table's part of the kernel's options, and of its name.
static EmbeddingTable describe(tfm::EmbeddingOp op, std::string &name) {
  llvm::raw_string_ostream os(name);
  auto addRows = [&](int64_t rows) {
    if (ShapedType::isDynamic(rows))
      os << "_any";
    else
      os << "_" << rows;
  };
  EmbeddingTable table;
  table.rows = op.getTable().getType().getDimSize(0);
  table.element = op.getTable().getType().getElementType();
  table.ids = op.getIds().getType().getElementType();
  addRows(table.rows);
  if (tile::PackOp pack = findPack(op, op.getTable())) {
    table.panel = pack.getPanel();
    table.interleave = pack.getInterleave();
    table.element = pack.getResult().getType().getElementType();
    os << "_panels";
  }
  os << "_" << table.ids;
  if (Value positions = op.getPositionTable()) {
    auto type = cast<RankedTensorType>(positions.getType());
    table.positionElement = type.getElementType();
    table.positions = type.getDimSize(0);
    os << "_positions";
    addRows(table.positions);
  }
  if (op.getPast()) {
    table.past = op.getPast().getType().getElementType();
    os << "_past_" << table.past;
  }
  return table;
}

std::string
tfm_to_tile::convertEmbedding(KernelGroup group, KernelCache &kernels,
                              const tfm_to_tile::Preferences &preferences) {
  // Their order does not matter to the sum.
  SmallVector<tfm::EmbeddingOp> tables{cast<tfm::EmbeddingOp>(group.getRoot())};
  Value sum = tables.front().getResult();
  for (Operation *op : group.getSteps()) {
    if (auto table = dyn_cast<tfm::EmbeddingOp>(op))
      tables.push_back(table);
    sum = op->getResult(0);
  }
  for (tfm::EmbeddingOp table : tables)
    if (std::string problem = checkTables(table); !problem.empty())
      return problem;

  auto type = cast<RankedTensorType>(sum.getType());
  OpBuilder b(group.getOp());
  Location loc = sum.getLoc();
  EmbeddingOptions options;
  options.result = type.getElementType();
  options.columns = type.getShape().back();
  options.blockRows = preferences.getRowBlock(options.columns);
  options.blockColumns = preferences.rowColumns;
  std::string name = "embedding_" + std::to_string(options.columns);
  SmallVector<Value> inputs;
  for (tfm::EmbeddingOp table : tables) {
    emitEmbeddingChecks(b, table);
    if (table != tables.front())
      checkExtents(b, table, tables.front());
    options.tables.push_back(describe(table, name));
    inputs.push_back(toColumn(b, loc, table.getIds()));
    Value rows = table.getTable();
    if (tile::PackOp pack = findPack(table, rows))
      rows = tile::PackOp::create(b, loc, pack.getResult().getType(), rows,
                                  pack.getPanel(), pack.getTransposed(),
                                  pack.getInterleave());
    inputs.push_back(rows);
    if (table.getPositionTable())
      inputs.push_back(table.getPositionTable());
    if (table.getPast())
      inputs.push_back(toColumn(b, loc, table.getPast()));
  }
  tile::KernelOp kernel = kernels.get(
      name, /*numbers=*/{}, options.result, options.result,
      getElementTypes(inputs), [&](OpBuilder &builder, StringRef name) {
        return buildEmbedding(builder, loc, name, options);
      });
  Value ids = tables.front().getIds();
  Value grid[] = {b.createOrFold<tensor::DimOp>(loc, ids, 0),
                  b.createOrFold<tensor::DimOp>(loc, ids, 1)};
  Value result = launchRows(b, loc, kernel, grid, inputs,
                            tensor::getMixedSize(b, loc, inputs.front(), 0),
                            options.columns, options.result);
  // The ids' extents, and the width of the tables.
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, ids);
  sizes.push_back(b.getIndexAttr(options.columns));
  group.replace(sum, expandRows(b, loc, result, sizes, type));
  group.erase();
  return "";
}
