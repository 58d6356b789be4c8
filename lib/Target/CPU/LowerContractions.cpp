//===- LowerContractions.cpp - Matrix products to register tiles ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// C[m, n] += sum_k A[m, k] B[k, n], per batch. One iteration of the parallel
// loop owns a panel of columns: for each block of k it packs its part of B into
// a contiguous buffer that stays in the second-level cache, padded with zeros,
// and multiplies all rows of A with it, `tileRows` at a time. The accumulators
// of a register tile are 1-D vectors carried by the loop over k; left-over rows
// go through tiles of half the height, and left-over columns are masked where C
// is read and written. Sums start at zero and are added to C in the end: C may
// be a residual stream, whose size would cost every partial sum its last bits.
//
//===----------------------------------------------------------------------===//

#include "VectorUtils.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "ockham/Target/CPU/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CPULOWERCONTRACTIONS
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;
using namespace ockham::cpu;

/// Rows of B that are packed at a time: 512 x 48 floats are 96 KiB.
static constexpr int64_t kPackedRows = 512;

/// Rows of the panel that a transposed B fills at a time.
static constexpr int64_t kTransposedRows = 16;

namespace {

/// A product in the form that the lowering understands.
struct Contraction {
  Value a, b, c;
  bool batched = false;
  bool transposedB = false; ///< B is [n, k].

  static FailureOr<Contraction> match(linalg::LinalgOp op);
};

/// The dimension of C's batch, and of A and B: 0 when batched.
Value getExtent(OpBuilder &b, Location loc, Value memref, int64_t dim) {
  return memref::DimOp::create(b, loc, memref, dim).getResult();
}

class ContractionLowering {
public:
  ContractionLowering(OpBuilder &b, Location loc, const Contraction &product,
                      int64_t lanes, int64_t tileRows, int64_t tileVectors)
      : b(b), loc(loc), product(product), lanes(lanes), tileRows(tileRows),
        tileVectors(tileVectors), panelColumns(lanes * tileVectors) {}

  void run();

private:
  SmallVector<Value> at(Value row, Value column) {
    if (product.batched)
      return {batch, row, column};
    return {row, column};
  }
  Value index(int64_t value) { return constantIndex(b, loc, value); }
  Value add(Value lhs, int64_t rhs) {
    return rhs == 0
               ? lhs
               : arith::AddIOp::create(b, loc, lhs, index(rhs)).getResult();
  }
  Value add(Value lhs, Value rhs) {
    return arith::AddIOp::create(b, loc, lhs, rhs);
  }

  void emitPanel(Value panelIndex);
  void packRows(Value firstK, Value count);
  void packTransposed(Value firstK, Value count);
  /// Multiplies `rows` rows of A from `row` on with the packed panel.
  void emitTile(Value row, int64_t rows, Value firstK, Value count);

  OpBuilder &b;
  Location loc;
  Contraction product;
  int64_t lanes, tileRows, tileVectors, panelColumns;
  Type element;
  Value batch;              ///< Current batch, when batched.
  Value m, n, k;            ///< Extents.
  Value firstColumn;        ///< Of the current panel.
  Value columns;            ///< Valid columns of the current panel.
  Value panel;              ///< Packed [kPackedRows, panelColumns].
  SmallVector<Value> masks; ///< Valid lanes of each vector of the panel.
};

} // namespace

FailureOr<Contraction> Contraction::match(linalg::LinalgOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 ||
      !isa<linalg::MatmulOp, linalg::BatchMatmulOp>(op.getOperation()))
    return failure();
  Contraction product;
  product.a = op.getDpsInputs()[0];
  product.b = op.getDpsInputs()[1];
  product.c = op.getDpsInits()[0];
  product.batched = isa<linalg::BatchMatmulOp>(op.getOperation());

  Type element = cast<MemRefType>(product.c.getType()).getElementType();
  if (!element.isF32() && !element.isF64())
    return failure();
  for (Value v : {product.a, product.b, product.c}) {
    auto type = cast<MemRefType>(v.getType());
    if (type.getElementType() != element)
      return failure();
  }
  if (!isContiguousInLastDim(cast<MemRefType>(product.c.getType())) ||
      !isContiguousInLastDim(cast<MemRefType>(product.b.getType())))
    return failure();

  // Maps over (batch,) m, n, k.
  MLIRContext *context = op.getContext();
  unsigned first = product.batched ? 1 : 0;
  unsigned dims = first + 3;
  AffineExpr m = getAffineDimExpr(first, context);
  AffineExpr n = getAffineDimExpr(first + 1, context);
  AffineExpr k = getAffineDimExpr(first + 2, context);
  auto makeMap = [&](AffineExpr row, AffineExpr column) {
    SmallVector<AffineExpr> results;
    if (product.batched)
      results.push_back(getAffineDimExpr(0, context));
    results.append({row, column});
    return AffineMap::get(dims, 0, results, context);
  };
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  if (maps[0] != makeMap(m, k) || maps[2] != makeMap(m, n))
    return failure();
  if (maps[1] == makeMap(k, n))
    return product;
  product.transposedB = true;
  if (maps[1] == makeMap(n, k))
    return product;
  return failure();
}

/// The number of vectors per tile row that wastes the fewest columns of a
/// known n; ties go to the larger tile.
static int64_t chooseTileVectors(int64_t n, int64_t lanes, int64_t most) {
  if (ShapedType::isDynamic(n))
    return most;
  int64_t best = most, bestColumns = llvm::alignTo(n, lanes * most);
  for (int64_t vectors = most - 1; vectors >= 1; --vectors) {
    int64_t covered = llvm::alignTo(n, lanes * vectors);
    // A smaller tile reuses less: it must save at least an eighth.
    if (covered + covered / 8 < bestColumns) {
      best = vectors;
      bestColumns = covered;
    }
  }
  return best;
}

void ContractionLowering::run() {
  auto cType = cast<MemRefType>(product.c.getType());
  element = cType.getElementType();
  int64_t first = product.batched ? 1 : 0;
  tileVectors =
      chooseTileVectors(cType.getDimSize(first + 1), lanes, tileVectors);
  panelColumns = lanes * tileVectors;

  m = getExtent(b, loc, product.a, first);
  k = getExtent(b, loc, product.a, first + 1);
  n = getExtent(b, loc, product.c, first + 1);
  Value panels = arith::CeilDivUIOp::create(b, loc, n, index(panelColumns));

  SmallVector<Value> lower, upper, steps;
  if (product.batched) {
    lower.push_back(index(0));
    upper.push_back(getExtent(b, loc, product.c, 0));
    steps.push_back(index(1));
  }
  lower.push_back(index(0));
  upper.push_back(panels);
  steps.push_back(index(1));
  auto loop = scf::ParallelOp::create(b, loc, lower, upper, steps);
  loop->setAttr(kGrainAttrName, b.getI64IntegerAttr(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  if (product.batched)
    batch = loop.getInductionVars().front();
  emitPanel(loop.getInductionVars().back());
}

void ContractionLowering::emitPanel(Value panelIndex) {
  firstColumn = arith::MulIOp::create(b, loc, panelIndex, index(panelColumns));
  Value left = arith::SubIOp::create(b, loc, n, firstColumn);
  columns = arith::MinSIOp::create(b, loc, left, index(panelColumns));
  for (int64_t v = 0; v < tileVectors; ++v) {
    Value rest = arith::SubIOp::create(b, loc, columns, index(v * lanes));
    masks.push_back(createLaneMask(b, loc, rest, lanes));
  }
  panel = memref::AllocaOp::create(
      b, loc, MemRefType::get({kPackedRows, panelColumns}, element),
      b.getI64IntegerAttr(64));

  Value step = index(kPackedRows);
  auto blocks = scf::ForOp::create(b, loc, index(0), k, step);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(blocks.getBody());
  Value firstK = blocks.getInductionVar();
  Value restK = arith::SubIOp::create(b, loc, k, firstK);
  Value count = arith::MinSIOp::create(b, loc, restK, step);
  if (product.transposedB)
    packTransposed(firstK, count);
  else
    packRows(firstK, count);

  // Full tiles, then tiles of 4, 2 and 1 rows as the bits of the rest say.
  Value rest = arith::RemUIOp::create(b, loc, m, index(tileRows));
  Value whole = arith::SubIOp::create(b, loc, m, rest);
  auto rows = scf::ForOp::create(b, loc, index(0), whole, index(tileRows));
  {
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(rows.getBody());
    emitTile(rows.getInductionVar(), tileRows, firstK, count);
  }
  Value row = whole;
  for (int64_t height = tileRows / 2; height >= 1; height /= 2) {
    Value bit = arith::AndIOp::create(b, loc, rest, index(height));
    Value some =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, bit, index(0));
    auto branch = scf::IfOp::create(b, loc, some, /*withElseRegion=*/false);
    {
      OpBuilder::InsertionGuard inner(b);
      b.setInsertionPointToStart(branch.thenBlock());
      emitTile(row, height, firstK, count);
    }
    row = add(row, bit);
  }
}

void ContractionLowering::packRows(Value firstK, Value count) {
  auto loop = scf::ForOp::create(b, loc, index(0), count, index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value row = add(firstK, loop.getInductionVar());
  for (int64_t v = 0; v < tileVectors; ++v) {
    Value value =
        loadLanes(b, loc, product.b, at(row, add(firstColumn, v * lanes)),
                  lanes, masks[v]);
    storeLanes(b, loc, value, panel, {loop.getInductionVar(), index(v * lanes)},
               Value());
  }
}

/// B is [n, k]: reads rows of B, which are contiguous in k, and writes columns
/// of the panel. A few rows of the panel at a time, so that the lines that the
/// columns share stay in the first-level cache.
void ContractionLowering::packTransposed(Value firstK, Value count) {
  auto blocks =
      scf::ForOp::create(b, loc, index(0), count, index(kTransposedRows));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(blocks.getBody());
  Value begin = blocks.getInductionVar();
  Value end =
      arith::MinSIOp::create(b, loc, add(begin, kTransposedRows), count);
  auto overColumns =
      scf::ForOp::create(b, loc, index(0), index(panelColumns), index(1));
  b.setInsertionPointToStart(overColumns.getBody());
  Value column = overColumns.getInductionVar();
  Value isValid =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, column, columns);
  auto branch = scf::IfOp::create(b, loc, isValid, /*withElseRegion=*/true);
  b.setInsertionPointToStart(branch.thenBlock());
  auto loop = scf::ForOp::create(b, loc, begin, end, index(1));
  b.setInsertionPointToStart(loop.getBody());
  Value value = memref::LoadOp::create(
      b, loc, product.b,
      at(add(firstColumn, column), add(firstK, loop.getInductionVar())));
  memref::StoreOp::create(b, loc, value, panel,
                          ValueRange{loop.getInductionVar(), column});
  b.setInsertionPointToStart(branch.elseBlock());
  auto padding = scf::ForOp::create(b, loc, begin, end, index(1));
  b.setInsertionPointToStart(padding.getBody());
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(element));
  memref::StoreOp::create(b, loc, zero, panel,
                          ValueRange{padding.getInductionVar(), column});
}

void ContractionLowering::emitTile(Value row, int64_t rows, Value firstK,
                                   Value count) {
  Value zero = arith::ConstantOp::create(
      b, loc, b.getZeroAttr(VectorType::get(lanes, element)));
  SmallVector<Value> accumulators(rows * tileVectors, zero);
  auto loop =
      scf::ForOp::create(b, loc, index(0), count, index(1), accumulators);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value kk = loop.getInductionVar();
    SmallVector<Value> columnsOfB;
    for (int64_t v = 0; v < tileVectors; ++v)
      columnsOfB.push_back(
          loadLanes(b, loc, panel, {kk, index(v * lanes)}, lanes, Value()));
    Value column = add(firstK, kk);
    auto type = VectorType::get(lanes, element);
    SmallVector<Value> results;
    for (int64_t r = 0; r < rows; ++r) {
      Value scalar =
          memref::LoadOp::create(b, loc, product.a, at(add(row, r), column));
      Value broadcast = vector::BroadcastOp::create(b, loc, type, scalar);
      for (int64_t v = 0; v < tileVectors; ++v)
        results.push_back(vector::FMAOp::create(
            b, loc, broadcast, columnsOfB[v],
            loop.getRegionIterArgs()[r * tileVectors + v]));
    }
    scf::YieldOp::create(b, loc, results);
  }
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t v = 0; v < tileVectors; ++v) {
      SmallVector<Value> position =
          at(add(row, r), add(firstColumn, v * lanes));
      Value old = loadLanes(b, loc, product.c, position, lanes, masks[v]);
      Value sum = arith::AddFOp::create(b, loc, old,
                                        loop.getResult(r * tileVectors + v));
      storeLanes(b, loc, sum, product.c, position, masks[v]);
    }
}

namespace {
struct CPULowerContractions
    : ockham::impl::CPULowerContractionsBase<CPULowerContractions> {
  using CPULowerContractionsBase::CPULowerContractionsBase;

  LogicalResult initialize(MLIRContext *context) override {
    auto isPowerOfTwo = [](int64_t v) { return v > 0 && (v & (v - 1)) == 0; };
    if (!isPowerOfTwo(tileRows) || tileVectors < 1 ||
        !isPowerOfTwo(vectorBytes) || vectorBytes < 8)
      return emitError(UnknownLoc::get(context))
             << "ockham-cpu-lower-contractions: tile-rows and vector-bytes "
                "must "
                "be powers of two (given "
             << int64_t(tileRows) << " and " << int64_t(vectorBytes)
             << "), vector-bytes at least 8 and tile-vectors at least 1 (given "
             << int64_t(tileVectors) << ")";
    return success();
  }

  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> work;
    getOperation().walk([&](linalg::LinalgOp op) { work.push_back(op); });
    OpBuilder builder(&getContext());
    for (linalg::LinalgOp op : work) {
      FailureOr<Contraction> product = Contraction::match(op);
      if (failed(product))
        continue;
      Type element = cast<MemRefType>(product->c.getType()).getElementType();
      int64_t lanes = vectorBytes * 8 / element.getIntOrFloatBitWidth();
      builder.setInsertionPoint(op);
      ContractionLowering(builder, op.getLoc(), *product, lanes, tileRows,
                          tileVectors)
          .run();
      op.erase();
    }
  }
};
} // namespace
