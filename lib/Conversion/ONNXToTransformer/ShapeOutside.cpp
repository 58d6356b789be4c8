//===- ShapeOutside.cpp - Shape gains behind the products -----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ShapeOutside.h"

#include "Constants.h"
#include "Expressions.h"
#include "Positions.h"

using namespace mlir;

namespace ockham::raising {

Value findTransposed(Value values, ArrayRef<int64_t> perm) {
  if (llvm::equal(perm, llvm::seq<int64_t>(0, perm.size())))
    return values;
  auto transpose = values.getDefiningOp<onnx::TransposeOp>();
  if (!transpose || transpose.getPerm().size() != perm.size())
    return Value();
  for (auto [i, from] : llvm::enumerate(perm))
    if (transpose.getPerm()[from] != static_cast<int64_t>(i))
      return Value();
  return transpose.getInput();
}

/// Sums of the values over the positions that a query sees: running ones if it
/// does not see all.
static SmallVector<Value> findSums(const ShapedProduct &shaped,
                                   int64_t position) {
  SmallVector<Value> sums;
  for (Operation *user : shaped.values.getUsers()) {
    if (auto sum = dyn_cast<onnx::CumSumOp>(user)) {
      if (shaped.isCausal && sum.getInput() == shaped.values &&
          static_cast<int64_t>(sum.getAxis()) == position &&
          !sum.getExclusive() && !sum.getReverse())
        sums.push_back(sum);
    } else if (auto mean = dyn_cast<onnx::ReduceMeanOp>(user)) {
      if (!shaped.isCausal && mean.getKeepdims() &&
          mean.getAxes() == ArrayRef<int64_t>{position})
        sums.push_back(mean);
    }
  }
  return sums;
}

/// Whether a divisor is the number of positions that a query sees.
static bool isCountOfSeen(Value divisor, const ShapedProduct &shaped,
                          int64_t position) {
  if (auto cast = divisor.getDefiningOp<onnx::CastOp>())
    divisor = cast.getInput();
  int64_t rank = cast<RankedTensorType>(divisor.getType()).getRank();
  int64_t dim = position - (shaped.dims.getRank() - rank);
  if (dim < 0)
    return false;
  std::optional<Positions> seen = matchPositions(divisor, dim);
  return seen && seen->first.isStatic(1) && seen->count == shaped.positions;
}

/// One gain of the sum: a parameter per head, or a number for all of them.
static Value makeGain(OpBuilder &builder, Location loc, Value parameter,
                      double coefficient, const ShapedProduct &shaped,
                      int64_t head) {
  if (!parameter)
    return makeSplat(builder, loc, getElementTypeOrSelf(shaped.product),
                     shaped.heads, coefficient);
  // A factor in front of a trained gain is no part of the parameter.
  if (coefficient != 1.0)
    return Value();
  return getVectorAlong(builder, parameter, shaped.dims.getRank() - head,
                        shaped.heads);
}

/// The gains of a sum, if it consists of nothing else.
static std::optional<ShapeOutside> matchSum(OpBuilder &builder, Value sum,
                                            const ShapedProduct &shaped,
                                            ArrayRef<Value> sums, int64_t head,
                                            int64_t position) {
  SmallVector<Value> stops = {shaped.product, shaped.values};
  llvm::append_range(stops, sums);
  ShapeOutside shape;
  shape.sum = sum;
  for (const Term &term : getExpression(sum, stops).terms) {
    Value carrier, parameter, divisor;
    for (const Factor &factor : term.factors) {
      Value &slot = llvm::is_contained(stops, factor.atom) ? carrier
                    : factor.exponent == -1                ? divisor
                                                           : parameter;
      if (slot || (factor.exponent != 1 && &slot != &divisor))
        return std::nullopt;
      slot = factor.atom;
    }
    bool isCentre = llvm::is_contained(sums, carrier);
    bool isDivided = isCentre && shaped.isCausal;
    if (!carrier || bool(divisor) != isDivided ||
        (divisor && !isCountOfSeen(divisor, shaped, position)))
      return std::nullopt;
    Value &slot = isCentre                    ? shape.gamma
                  : carrier == shaped.product ? shape.beta
                                              : shape.alpha;
    if (slot)
      return std::nullopt;
    slot =
        makeGain(builder, sum.getLoc(), parameter,
                 isCentre ? -term.coefficient : term.coefficient, shaped, head);
    if (!slot)
      return std::nullopt;
  }
  if (!shape.beta || (!shape.alpha && !shape.gamma))
    return std::nullopt;
  return shape;
}

std::optional<ShapeOutside> matchShapeOutside(Raiser &raiser,
                                              const ShapedProduct &shaped) {
  std::optional<int64_t> head = shaped.dims.getDim(AxisKind::Head);
  std::optional<int64_t> position = shaped.dims.getDim(AxisKind::Position);
  if (!head || !position || shaped.values.getType() != shaped.product.getType())
    return std::nullopt;
  SmallVector<Value> sums = findSums(shaped, *position);
  SmallVector<Value> readers = getElementwiseReaders(shaped.product, 6);
  // Nearest first: the sum is the last that fits.
  for (Value reader : llvm::reverse(readers)) {
    if (reader.getType() != shaped.product.getType())
      continue;
    OpBuilder &builder = raiser.at(reader.getDefiningOp());
    if (auto shape = matchSum(builder, reader, shaped, sums, *head, *position))
      return shape;
  }
  return std::nullopt;
}

} // namespace ockham::raising
