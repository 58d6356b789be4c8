//===- KernelBuilder.cpp - Shorthand for kernel bodies --------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"

#include "mlir/IR/TypeUtilities.h"
#include "ockham/Kernels/Kernels.h"

using namespace mlir;
using namespace ockham::kernels;
namespace tile = ockham::tile;
namespace tfm = ockham::tfm;

Type ockham::kernels::getArithmeticType(Type element) {
  if (isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 32)
    return Float32Type::get(element.getContext());
  return element;
}

Value KernelBuilder::splat(RankedTensorType type, double value) {
  TypedAttr element;
  if (isa<FloatType>(type.getElementType()))
    element = getFloatAttr(type.getElementType(), value);
  else
    element =
        getIntegerAttr(type.getElementType(), static_cast<int64_t>(value));
  return arith::ConstantOp::create(*this,
                                   DenseElementsAttr::get(type, element));
}

Value KernelBuilder::broadcast(Value value, RankedTensorType type) {
  if (value.getType() == type)
    return value;
  return tile::BroadcastOp::create(*this, type, value);
}

void KernelBuilder::unify(Value &lhs, Value &rhs) {
  auto left = cast<RankedTensorType>(lhs.getType());
  auto right = cast<RankedTensorType>(rhs.getType());
  auto both = type(std::max(left.getDimSize(0), right.getDimSize(0)),
                   std::max(left.getDimSize(1), right.getDimSize(1)),
                   left.getElementType());
  lhs = broadcast(lhs, both);
  rhs = broadcast(rhs, both);
}

Value KernelBuilder::loadStored(Value view, Value row, Value col, int64_t rows,
                                int64_t cols) {
  Type element = cast<tile::ViewType>(view.getType()).getElementType();
  return tile::LoadOp::create(*this, type(rows, cols, element), view, row, col);
}

Value KernelBuilder::load(Value view, Value row, Value col, int64_t rows,
                          int64_t cols) {
  Value block = loadStored(view, row, col, rows, cols);
  return convert(block, getArithmeticType(getElementTypeOrSelf(block)));
}

Value KernelBuilder::gather(Value view, Value rows, Value col, int64_t cols) {
  auto from = cast<tile::ViewType>(view.getType());
  Type element = from.getElementType();
  int64_t count = cast<RankedTensorType>(rows.getType()).getDimSize(0);
  Value block =
      tile::GatherOp::create(*this, type(count, cols, element), view, rows, col,
                             /*transposed=*/from.isPacked());
  return convert(block, getArithmeticType(element));
}

Value KernelBuilder::convert(Value block, Type element) {
  auto from = cast<RankedTensorType>(block.getType());
  if (from.getElementType() == element)
    return block;
  auto to = from.clone(element);
  if (element.getIntOrFloatBitWidth() > from.getElementTypeBitWidth())
    return arith::ExtFOp::create(*this, to, block);
  return arith::TruncFOp::create(*this, to, block);
}

void KernelBuilder::store(Value value, Value view, Value row, Value col) {
  Type element = cast<tile::ViewType>(view.getType()).getElementType();
  tile::StoreOp::create(*this, convert(value, element), view, row, col);
}

Value KernelBuilder::loadIndex(Value view, Value col) {
  Value block = load(view, index(0), col, 1, 1);
  Type element = cast<RankedTensorType>(block.getType()).getElementType();
  Value scalar = tile::ScalarOp::create(*this, element, block);
  return arith::IndexCastOp::create(*this, getIndexType(), scalar);
}

Value KernelBuilder::slice(Value view, Value row, Value col, int64_t rows,
                           int64_t cols) {
  auto from = cast<tile::ViewType>(view.getType());
  return tile::SliceOp::create(*this, tile::getSliceType(from, rows, cols),
                               view, row, col);
}

Value KernelBuilder::compare(arith::CmpIPredicate predicate, Value lhs,
                             Value rhs) {
  unify(lhs, rhs);
  return arith::CmpIOp::create(*this, predicate, lhs, rhs);
}

Value KernelBuilder::reduce(tile::ReduceKind kind, Value value) {
  auto from = cast<RankedTensorType>(value.getType());
  return tile::ReduceOp::create(
      *this, type(from.getDimSize(0), 1, from.getElementType()), kind, value);
}

Value KernelBuilder::transpose(Value value) {
  auto from = cast<RankedTensorType>(value.getType());
  return tile::TransposeOp::create(
      *this,
      type(from.getDimSize(1), from.getDimSize(0), from.getElementType()),
      value);
}

Value KernelBuilder::dot(Value acc, Value lhs, Value rhs, bool transposed) {
  return tile::DotOp::create(*this, acc.getType(), acc, lhs, rhs, transposed);
}

Value KernelBuilder::activate(tfm::ActivationKind kind, Value x, Value slope) {
  using tfm::ActivationKind;
  auto constant = [&](double value) { return splatLike(x, value); };
  auto sigmoid = [&](Value value) {
    Value exp = math::ExpOp::create(
        *this, arith::NegFOp::create(*this, value).getResult());
    return div(constant(1), add(constant(1), exp));
  };
  switch (kind) {
  case ActivationKind::ReLU:
    return max(x, constant(0));
  case ActivationKind::LeakyReLU: {
    Value atLeast =
        arith::CmpFOp::create(*this, arith::CmpFPredicate::OGE, x, constant(0));
    return arith::SelectOp::create(*this, atLeast, x, mul(x, slope));
  }
  case ActivationKind::GELUErf: {
    Value erf =
        math::ErfOp::create(*this, mul(x, constant(0.70710678118654752440)));
    return mul(mul(constant(0.5), x), add(constant(1), erf));
  }
  case ActivationKind::GELUTanh: {
    Value cube = mul(x, mul(x, x));
    Value inner = mul(constant(0.79788456080286535588),
                      add(x, mul(constant(0.044715), cube)));
    Value tanh = math::TanhOp::create(*this, inner);
    return mul(mul(constant(0.5), x), add(constant(1), tanh));
  }
  case ActivationKind::GELUSigmoid:
    return mul(x, sigmoid(mul(constant(1.702), x)));
  case ActivationKind::SiLU:
    return mul(x, sigmoid(x));
  case ActivationKind::Tanh:
    return math::TanhOp::create(*this, x);
  case ActivationKind::Sigmoid:
    return sigmoid(x);
  }
  llvm_unreachable("all kinds are listed");
}

ValueRange KernelBuilder::loop(
    Value lower, Value upper, int64_t step, ArrayRef<Stream> streams,
    ValueRange inits,
    llvm::function_ref<SmallVector<Value>(Value, ValueRange, ValueRange)>
        body) {
  SmallVector<Value> views, places;
  SmallVector<bool> alongRows;
  SmallVector<Type> slices;
  for (const Stream &stream : streams) {
    views.push_back(stream.view);
    places.push_back(stream.place);
    alongRows.push_back(stream.alongRows);
    slices.push_back(tile::getSliceType(
        cast<tile::ViewType>(stream.view.getType()), stream.rows, stream.cols));
  }
  auto op = tile::ForOp::create(*this, lower, upper, step, views, places,
                                alongRows, slices, inits);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(&op.getBlock());
  SmallVector<Value> windows(op.getWindows()), carried(op.getCarried());
  tile::YieldOp::create(*this, body(op.getPosition(), windows, carried));
  return op.getResults();
}
