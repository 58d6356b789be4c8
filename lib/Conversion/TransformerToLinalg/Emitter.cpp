//===- Emitter.cpp - Writing linalg ops with few words --------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <numeric>

using namespace mlir;

namespace ockham::tfm_to_linalg {

Type computeType(Type type) {
  return type.isF64() ? type : Float32Type::get(type.getContext());
}

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

Value Scalars::constant(Type type, double value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getFloatAttr(type, value));
}

Value Scalars::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value Scalars::index(OpFoldResult value) {
  return getValueOrCreateConstantIndexOp(builder, loc, value);
}

Value Scalars::loop(unsigned loop) {
  return linalg::IndexOp::create(builder, loc, loop);
}

Value Scalars::floatCast(Value value, Type type) {
  unsigned from = value.getType().getIntOrFloatBitWidth();
  unsigned to = type.getIntOrFloatBitWidth();
  if (value.getType() == type)
    return value;
  if (from < to)
    return arith::ExtFOp::create(builder, loc, type, value);
  if (from > to)
    return arith::TruncFOp::create(builder, loc, type, value);
  // f16 and bf16: neither contains the other.
  return floatCast(floatCast(value, builder.getF32Type()), type);
}

Value Scalars::toIndex(Value value) {
  if (value.getType().isIndex())
    return value;
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    value);
}

Value Scalars::toFloat(Value value, Type type) {
  if (value.getType().isIndex())
    value =
        arith::IndexCastOp::create(builder, loc, builder.getI64Type(), value);
  return arith::SIToFPOp::create(builder, loc, type, value);
}

Value Scalars::add(Value lhs, Value rhs) {
  return arith::AddFOp::create(builder, loc, lhs, rhs);
}
Value Scalars::sub(Value lhs, Value rhs) {
  return arith::SubFOp::create(builder, loc, lhs, rhs);
}
Value Scalars::mul(Value lhs, Value rhs) {
  return arith::MulFOp::create(builder, loc, lhs, rhs);
}
Value Scalars::div(Value lhs, Value rhs) {
  return arith::DivFOp::create(builder, loc, lhs, rhs);
}
Value Scalars::max(Value lhs, Value rhs) {
  return arith::MaximumFOp::create(builder, loc, lhs, rhs);
}
Value Scalars::select(Value condition, Value lhs, Value rhs) {
  return arith::SelectOp::create(builder, loc, condition, lhs, rhs);
}
Value Scalars::sqrt(Value value) {
  return math::SqrtOp::create(builder, loc, value);
}
Value Scalars::exp(Value value) {
  return math::ExpOp::create(builder, loc, value);
}
Value Scalars::log(Value value) {
  return math::LogOp::create(builder, loc, value);
}
Value Scalars::tanh(Value value) {
  return math::TanhOp::create(builder, loc, value);
}
Value Scalars::erf(Value value) {
  return math::ErfOp::create(builder, loc, value);
}

Value Scalars::sigmoid(Value value) {
  Value one = constant(value, 1.0);
  Value negated = arith::NegFOp::create(builder, loc, value);
  return div(one, add(one, exp(negated)));
}

Value Scalars::greater(Value lhs, Value rhs) {
  return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, lhs,
                               rhs);
}
Value Scalars::atLeast(Value lhs, Value rhs) {
  return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGE, lhs,
                               rhs);
}
Value Scalars::equal(Value lhs, Value rhs) {
  return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ, lhs,
                               rhs);
}
Value Scalars::less(Value lhs, Value rhs) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, lhs,
                               rhs);
}
Value Scalars::lessOrEqual(Value lhs, Value rhs) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle, lhs,
                               rhs);
}
Value Scalars::sameIndex(Value lhs, Value rhs) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, lhs,
                               rhs);
}
Value Scalars::minIndex(Value lhs, Value rhs) {
  return arith::MinSIOp::create(builder, loc, lhs, rhs);
}
Value Scalars::maxIndex(Value lhs, Value rhs) {
  return arith::MaxSIOp::create(builder, loc, lhs, rhs);
}
Value Scalars::addIndex(Value lhs, Value rhs) {
  return arith::AddIOp::create(builder, loc, lhs, rhs);
}
Value Scalars::subIndex(Value lhs, Value rhs) {
  return arith::SubIOp::create(builder, loc, lhs, rhs);
}
Value Scalars::both(Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return lhs ? lhs : rhs;
  return arith::AndIOp::create(builder, loc, lhs, rhs);
}

//===----------------------------------------------------------------------===//
// Emitter
//===----------------------------------------------------------------------===//

Extents Emitter::extents(Value tensor) {
  return tensor::getMixedSizes(builder, loc, tensor);
}

Extent Emitter::extent(Value tensor, unsigned dim) {
  return tensor::getMixedSize(builder, loc, tensor, dim);
}

Extent Emitter::product(ArrayRef<Extent> factors) {
  int64_t known = 1;
  Value unknown;
  for (Extent factor : factors) {
    if (auto number = getConstantIntValue(factor)) {
      known *= *number;
      continue;
    }
    Value value = cast<Value>(factor);
    unknown =
        unknown ? arith::MulIOp::create(builder, loc, unknown, value) : value;
  }
  if (!unknown)
    return fixed(known);
  if (known == 1)
    return unknown;
  return arith::MulIOp::create(builder, loc, unknown, index(known)).getResult();
}

Value Emitter::empty(ArrayRef<Extent> extents, Type element) {
  return tensor::EmptyOp::create(builder, loc, extents, element);
}

Value Emitter::filled(ArrayRef<Extent> extents, Type element, double value) {
  return linalg::FillOp::create(builder, loc, constant(element, value),
                                empty(extents, element))
      .getResult(0);
}

/// {2, 1} as {{0, 1}, {2}}.
static SmallVector<ReassociationIndices>
reassociate(ArrayRef<unsigned> groups) {
  SmallVector<ReassociationIndices> result;
  int64_t next = 0;
  for (unsigned count : groups) {
    ReassociationIndices &group = result.emplace_back();
    for (unsigned i = 0; i < count; ++i)
      group.push_back(next++);
  }
  return result;
}

Value Emitter::collapse(Value tensor, ArrayRef<unsigned> groups) {
  if (llvm::all_of(groups, [](unsigned count) { return count == 1; }))
    return tensor;
  return tensor::CollapseShapeOp::create(builder, loc, tensor,
                                         reassociate(groups));
}

Value Emitter::expand(Value tensor, ArrayRef<unsigned> groups,
                      ArrayRef<Extent> extents) {
  if (llvm::all_of(groups, [](unsigned count) { return count == 1; }))
    return tensor;
  SmallVector<int64_t> shape;
  for (Extent extent : extents)
    shape.push_back(getConstantIntValue(extent).value_or(ShapedType::kDynamic));
  auto type = cast<RankedTensorType>(tensor.getType());
  return tensor::ExpandShapeOp::create(
      builder, loc, RankedTensorType::get(shape, type.getElementType()), tensor,
      reassociate(groups), extents);
}

Value Emitter::slice(Value tensor, unsigned dim, Extent offset, Extent size,
                     int64_t stride) {
  Extents sizes = extents(tensor);
  Extents offsets(sizes.size(), fixed(0)), strides(sizes.size(), fixed(1));
  offsets[dim] = offset;
  sizes[dim] = size;
  strides[dim] = fixed(stride);
  return tensor::ExtractSliceOp::create(builder, loc, tensor, offsets, sizes,
                                        strides);
}

Value Emitter::insert(Value part, Value whole, unsigned dim, Extent offset,
                      int64_t stride) {
  Extents sizes = extents(part);
  Extents offsets(sizes.size(), fixed(0)), strides(sizes.size(), fixed(1));
  offsets[dim] = offset;
  strides[dim] = fixed(stride);
  return tensor::InsertSliceOp::create(builder, loc, part, whole, offsets,
                                       sizes, strides);
}

Value Emitter::transpose(Value tensor, ArrayRef<int64_t> permutation) {
  Extents from = extents(tensor), to;
  for (int64_t dim : permutation)
    to.push_back(from[dim]);
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  return linalg::TransposeOp::create(builder, loc, tensor, empty(to, element),
                                     permutation)
      .getResult()[0];
}

Value Emitter::scalarTensor(Value tensor) {
  if (cast<RankedTensorType>(tensor.getType()).getRank() == 0)
    return tensor;
  return tensor::CollapseShapeOp::create(builder, loc, tensor,
                                         ArrayRef<ReassociationIndices>());
}

Value Emitter::batchMatmul(Value lhs, Value rhs) {
  Type element =
      computeType(cast<RankedTensorType>(lhs.getType()).getElementType());
  Value zero =
      filled({extent(lhs, 0), extent(lhs, 1), extent(rhs, 2)}, element, 0.0);
  return linalg::BatchMatmulOp::create(builder, loc, ValueRange{lhs, rhs}, zero)
      .getResult(0);
}

Value Emitter::matmul(Value lhs, Value rhs, bool transposed, Value init) {
  Type element =
      computeType(cast<RankedTensorType>(lhs.getType()).getElementType());
  if (!init)
    init =
        filled({extent(lhs, 0), extent(rhs, transposed ? 0 : 1)}, element, 0.0);
  if (transposed)
    return linalg::MatmulTransposeBOp::create(builder, loc,
                                              ValueRange{lhs, rhs}, init)
        .getResult(0);
  return linalg::MatmulOp::create(builder, loc, ValueRange{lhs, rhs}, init)
      .getResult(0);
}

Value Emitter::castTo(Value tensor, Type type) {
  if (tensor.getType() == type)
    return tensor;
  return tensor::CastOp::create(builder, loc, type, tensor);
}

//===----------------------------------------------------------------------===//
// Generic
//===----------------------------------------------------------------------===//

static AffineMap loopMap(MLIRContext *context, unsigned numLoops, Loops loops) {
  SmallVector<AffineExpr> results;
  for (unsigned loop : loops)
    results.push_back(getAffineDimExpr(loop, context));
  return AffineMap::get(numLoops, 0, results, context);
}

static SmallVector<unsigned> allLoops(unsigned count) {
  SmallVector<unsigned> loops(count);
  std::iota(loops.begin(), loops.end(), 0);
  return loops;
}

unsigned Generic::in(Value tensor, Loops loops) {
  inputs.push_back(tensor);
  maps.push_back(
      loopMap(e.builder.getContext(), unsigned(extents.size()), loops));
  return inputs.size() - 1;
}

unsigned Generic::in(Value tensor) {
  return in(tensor, allLoops(extents.size()));
}

unsigned Generic::gain(Value tensor, unsigned loop) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getRank() == 0 || type.getDimSize(0) == 1)
    return in(e.scalarTensor(tensor), {});
  return in(tensor, {loop});
}

Value Generic::map(Type element, Body body) {
  return emit(e.empty(extents, element), allLoops(extents.size()), body);
}

Value Generic::update(Value tensor, Body body) {
  return emit(tensor, allLoops(extents.size()), body);
}

Value Generic::reduce(Type element, Loops kept, double initial, Body body) {
  Extents shape;
  for (unsigned loop : kept)
    shape.push_back(extents[loop]);
  return emit(e.filled(shape, element, initial), kept, body);
}

Value Generic::emit(Value out, Loops outLoops, Body body) {
  auto type = cast<RankedTensorType>(out.getType());
  maps.push_back(
      loopMap(e.builder.getContext(), unsigned(extents.size()), outLoops));
  SmallVector<utils::IteratorType> iterators(extents.size(),
                                             utils::IteratorType::reduction);
  for (unsigned loop : outLoops)
    iterators[loop] = utils::IteratorType::parallel;
  auto buildBody = [&](OpBuilder &builder, Location loc, ValueRange args) {
    Scalars s(builder, loc);
    SmallVector<Value> converted;
    for (Value arg : args)
      converted.push_back(
          isa<FloatType>(arg.getType()) ? s.floatCast(arg, compute) : arg);
    Value result = body(s, converted);
    if (isa<FloatType>(result.getType()))
      result = s.floatCast(result, type.getElementType());
    linalg::YieldOp::create(builder, loc, result);
  };
  return linalg::GenericOp::create(e.builder, e.loc, type, inputs, out, maps,
                                   iterators, buildBody)
      .getResult(0);
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

std::string nameOf(Operation *op) {
  std::string name;
  op->getLoc()->walk([&](Location location) {
    auto named = dyn_cast<NameLoc>(location);
    if (!named || named.getName().empty())
      return WalkResult::advance();
    name = named.getName().str();
    return WalkResult::interrupt();
  });
  if (name.empty())
    name = op->getName().getStringRef().str();
  // Braces would be placeholders of the message.
  llvm::erase_if(name, [](char c) { return c == '{' || c == '}'; });
  return name;
}

} // namespace ockham::tfm_to_linalg
