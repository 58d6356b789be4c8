//===- LowerEmbedding.cpp - tfm.embedding to linalg, checks of indices ----===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

#include "dialects/Ockham/OckhamDialect.h"
#include "ockham/Conversion/IndexChecks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::tfm_to_linalg;

/// The smallest or the largest of integers and zero, as an index.
static Value emitExtreme(Emitter &e, Value integers, bool largest) {
  auto type = cast<RankedTensorType>(integers.getType());
  Type i64 = e.builder.getI64Type();
  unsigned rank = type.getRank();
  Value zero = arith::ConstantOp::create(e.builder, e.loc,
                                         e.builder.getI64IntegerAttr(0));
  Value init = linalg::FillOp::create(e.builder, e.loc, zero, e.empty({}, i64))
                   .getResult(0);
  AffineMap maps[] = {
      AffineMap::getMultiDimIdentityMap(rank, e.builder.getContext()),
      AffineMap::get(rank, 0, e.builder.getContext())};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::reduction);
  Value extreme =
      linalg::GenericOp::create(
          e.builder, e.loc, init.getType(), integers, init, maps, iterators,
          [&](OpBuilder &b, Location loc, ValueRange args) {
            Value value = args[0];
            if (value.getType() != i64)
              value = arith::ExtSIOp::create(b, loc, i64, value);
            if (largest)
              value = arith::MaxSIOp::create(b, loc, args[1], value);
            else
              value = arith::MinSIOp::create(b, loc, args[1], value);
            linalg::YieldOp::create(b, loc, value);
          })
          .getResult(0);
  return e.toIndex(
      tensor::ExtractOp::create(e.builder, e.loc, extreme, ValueRange()));
}

IntegerRange tfm_to_linalg::emitRange(Emitter &e, Value integers) {
  return {emitExtreme(e, integers, /*largest=*/false),
          emitExtreme(e, integers, /*largest=*/true)};
}

void tfm_to_linalg::emitPositionCheck(Emitter &e, Operation *op, Value past,
                                      Extent count, Extent rows,
                                      StringRef table) {
  Value end = e.index(count), limit = e.index(rows);
  if (!past) {
    auto knownCount = getConstantIntValue(count),
         knownRows = getConstantIntValue(rows);
    if (knownCount && knownRows && *knownCount <= *knownRows)
      return;
    CheckOp::create(e.builder, e.loc, e.lessOrEqual(end, limit),
                    nameOf(op) + ": a sequence of {} positions does not fit " +
                        table.str() + " of {} rows",
                    ValueRange{end, limit});
    return;
  }
  IntegerRange range = emitRange(e, past);
  end = e.addIndex(range.largest, end);
  CheckOp::create(e.builder, e.loc, e.lessOrEqual(e.index(0), range.smallest),
                  nameOf(op) + ": past is {}, expected at least 0",
                  ValueRange{range.smallest});
  CheckOp::create(e.builder, e.loc, e.lessOrEqual(end, limit),
                  nameOf(op) +
                      ": past and sequence together are {} "
                      "positions, which do not fit " +
                      table.str() + " of {} rows",
                  ValueRange{end, limit});
}

void ockham::emitIndexCheck(OpBuilder &builder, Operation *op, Value indices,
                            OpFoldResult count, const Twine &message) {
  Emitter e(builder, op->getLoc());
  IntegerRange range = emitRange(e, indices);
  Value end = e.index(count), zero = e.index(0);
  Value notBelow = e.lessOrEqual(zero, range.smallest);
  Value inside = e.both(notBelow, e.less(range.largest, end));
  Value offender = e.select(notBelow, range.largest, range.smallest);
  CheckOp::create(e.builder, e.loc, inside,
                  builder.getStringAttr(nameOf(op) + ": " + message),
                  ValueRange{offender, end});
}

void ockham::emitEmbeddingChecks(OpBuilder &builder, tfm::EmbeddingOp op) {
  Emitter e(builder, op.getLoc());
  emitIndexCheck(builder, op, op.getIds(), e.extent(op.getTable(), 0),
                 "id {} is outside the table of {} rows");
  if (op.getPositionTable())
    emitPositionCheck(e, op, op.getPast(), e.extent(op.getIds(), 1),
                      e.extent(op.getPositionTable(), 0), "the position table");
}

namespace {

/// A gather of rows that the checks in front of it keep inside the tables.
struct LowerEmbedding : OpRewritePattern<tfm::EmbeddingOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tfm::EmbeddingOp op,
                                PatternRewriter &rewriter) const override {
    Emitter e(rewriter, op.getLoc());
    Value ids = op.getIds(), table = op.getTable(),
          positions = op.getPositionTable(), past = op.getPast();
    Extents extents = e.extents(ids);
    extents.push_back(e.extent(table, 1));
    Type element = op.getResult().getType().getElementType();
    Type compute = computeType(element);

    emitEmbeddingChecks(rewriter, op);

    Generic generic(e, extents, compute);
    generic.in(ids, {0, 1});
    unsigned pastArg = 0, positionArg = 0;
    if (past)
      pastArg = generic.in(past, {0});
    else if (positions)
      positionArg =
          generic.in(e.slice(positions, 0, e.fixed(0), extents[1]), {1, 2});
    Value result = generic.map(element, [&](Scalars &s, ValueRange args) {
      auto entry = [&](Value table, Value row) {
        Value value = tensor::ExtractOp::create(s.builder, s.loc, table,
                                                ValueRange{row, s.loop(2)});
        return s.floatCast(value, compute);
      };
      Value value = entry(table, s.toIndex(args[0]));
      if (positionArg)
        return s.add(value, args[positionArg]);
      if (pastArg)
        return s.add(
            value,
            entry(positions, s.addIndex(s.toIndex(args[pastArg]), s.loop(1))));
      return value;
    });
    rewriter.replaceOp(op, e.castTo(result, op.getResult().getType()));
    return success();
  }
};

} // namespace

void ockham::tfm_to_linalg::populateEmbedding(RewritePatternSet &patterns) {
  patterns.add<LowerEmbedding>(patterns.getContext());
}
