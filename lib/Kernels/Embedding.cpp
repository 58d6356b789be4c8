//===- Embedding.cpp - Sums of rows of tables -----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "ockham/Kernels/Kernels.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;

namespace {
/// One table in the body: how its rows at a column are read.
struct TableRows {
  Value table, ids;
  Value positions;
  Value places; ///< Rows of positions, or null: those of the sequence.
};
} // namespace

static TableRows buildRows(KernelBuilder &b, const EmbeddingTable &table,
                           ArrayRef<Value> &arguments, Value batch, Value row,
                           Value sequence, int64_t m) {
  auto take = [&] {
    Value value = arguments.front();
    arguments = arguments.drop_front();
    return value;
  };
  Value zero = b.index(0), one = b.index(1), ids = take();
  Value first = arith::MulIOp::create(b, batch, sequence);
  ids = tile::SubviewOp::create(b, ids.getType(), ids, first, zero, sequence,
                                one);
  TableRows rows;
  rows.ids = b.load(ids, row, zero, m, 1);
  rows.table = take();
  if (table.positionElement)
    rows.positions = take();
  if (!table.past)
    return rows;
  auto column = b.type(m, 1, table.past);
  Value past = b.broadcast(b.load(take(), batch, zero, 1, 1), column);
  Value start = arith::IndexCastOp::create(b, table.past, row);
  rows.places = b.addInts(b.addInts(tile::IotaOp::create(b, column), past),
                          b.broadcast(start, column));
  return rows;
}

tile::KernelOp kernels::buildEmbedding(OpBuilder &builder, Location loc,
                                       StringRef name,
                                       const EmbeddingOptions &options) {
  constexpr int64_t any = ShapedType::kDynamic;
  int64_t columns = options.columns, m = options.blockRows,
          n = std::min(options.blockColumns, columns);
  auto view = [&](int64_t rows, int64_t cols, Type element) -> Type {
    return tile::ViewType::get(builder.getContext(), rows, cols, element);
  };
  SmallVector<Type> types;
  for (const EmbeddingTable &table : options.tables) {
    types.push_back(view(any, 1, table.ids));
    types.push_back(table.panel == 0
                        ? view(table.rows, columns, table.element)
                        : tile::ViewType::get(builder.getContext(), columns,
                                              table.rows, table.element,
                                              table.panel, table.interleave));
    if (table.positionElement)
      types.push_back(view(table.positions, columns, table.positionElement));
    if (table.past)
      types.push_back(view(any, 1, table.past));
  }
  Type rowsView = view(any, columns, options.result);
  types.push_back(rowsView);
  auto kernel = tile::KernelOp::create(builder, loc, name, types,
                                       ArrayRef<int64_t>{1, m});

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  SmallVector<Value> arguments(kernel.getKernelArguments());
  ArrayRef<Value> next = arguments;
  Value batch = kernel.getGridIndices()[0], row = kernel.getGridIndices()[1];
  Value sequence = kernel.getGridExtents()[1];
  SmallVector<TableRows> tables;
  for (const EmbeddingTable &table : options.tables)
    tables.push_back(buildRows(b, table, next, batch, row, sequence, m));
  Value zero = b.index(0), width = b.index(columns);
  Value first = arith::MulIOp::create(b, batch, sequence);
  Value output = tile::SubviewOp::create(b, rowsView, next.front(), first, zero,
                                         sequence, width);

  b.loop(zero, width, n, {}, {},
         [&](Value col, ValueRange, ValueRange) -> SmallVector<Value> {
           Value sum;
           auto add = [&](Value term) { sum = sum ? b.add(sum, term) : term; };
           for (const TableRows &rows : tables) {
             add(b.gather(rows.table, rows.ids, col, n));
             if (!rows.positions)
               continue;
             if (rows.places)
               add(b.gather(rows.positions, rows.places, col, n));
             else
               add(b.load(rows.positions, row, col, m, n));
           }
           b.store(sum, output, row, col);
           return {};
         });
  return kernel;
}
