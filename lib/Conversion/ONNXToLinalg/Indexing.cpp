//===- Indexing.cpp - Gathering and scattering by index -------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Indices are checked as a whole before anything is read or written through
// them. Gathers are point-wise and run in parallel; scatters, whose updates may
// meet, are loops in the order of the updates.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;
using namespace ockham::onnxlinalg;

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

Value ockham::onnxlinalg::wrapIndex(ImplicitLocOpBuilder &b, Value index,
                                    Value extent) {
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value negative =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, index, zero);
  Value fromBack = arith::AddIOp::create(b, index, extent);
  return arith::SelectOp::create(b, negative, fromBack, index);
}

void ockham::onnxlinalg::checkIndex(Lowering &l, Value lowest, Value highest,
                                    Value extent) {
  constexpr StringLiteral message = "index {} is outside an axis of {} "
                                    "elements";
  Value zero = arith::ConstantIndexOp::create(l.b, 0);
  Value first = arith::SubIOp::create(l.b, zero, extent);
  l.check(l.compare(arith::CmpIPredicate::sge, lowest, first), message,
          {lowest, extent});
  l.check(l.compare(arith::CmpIPredicate::slt, highest, extent), message,
          {highest, extent});
}

/// The smallest or largest index, as an index value.
template <typename CombineOp>
static Value reduceIndices(Lowering &l, const Tensor &indices,
                           const APInt &init) {
  Type type = indices.getElementType();
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(0, indices.getRank()));
  Value start = arith::ConstantOp::create(l.b, l.b.getIntegerAttr(type, init));
  Tensor result = l.reduce(indices, axes, start,
                           [](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
                             return CombineOp::create(b, e[0], e[1]);
                           });
  return arith::IndexCastOp::create(l.b, l.b.getIndexType(),
                                    l.extract(l.b, result, {}));
}

void ockham::onnxlinalg::checkIndices(Lowering &l, const Tensor &indices,
                                      Value extent) {
  unsigned width = indices.getElementType().getIntOrFloatBitWidth();
  Value lowest = reduceIndices<arith::MinSIOp>(l, indices,
                                               APInt::getSignedMaxValue(width));
  Value highest = reduceIndices<arith::MaxSIOp>(
      l, indices, APInt::getSignedMinValue(width));
  checkIndex(l, lowest, highest, extent);
}

/// The position that an element of an integer tensor stands for.
static Value readPosition(ImplicitLocOpBuilder &b, Value element,
                          Value extent) {
  return wrapIndex(b, arith::IndexCastOp::create(b, b.getIndexType(), element),
                   extent);
}

/// Indices must not be longer than the data outside the axis.
static void checkElementDims(Lowering &l, const Tensor &data,
                             const Tensor &indices, int64_t axis) {
  for (int64_t dim = 0, e = data.getRank(); dim < e; ++dim) {
    if (dim == axis || indices.dims[dim] == data.dims[dim])
      continue;
    std::optional<int64_t> left = indices.dims[dim].getConstant();
    std::optional<int64_t> right = data.dims[dim].getConstant();
    if (left && right && *left <= *right)
      continue;
    Value have = l.getSize(indices.dims[dim]), most = l.getSize(data.dims[dim]);
    l.check(l.compare(arith::CmpIPredicate::sle, have, most),
            "indices have extent {} where the data have {}", {have, most});
  }
}

/// Checks the indices of every place in the lists of the last dimension.
static void checkLists(Lowering &l, const Tensor &data, const Tensor &indices,
                       int64_t batchDims) {
  SymbolicShape offsets(indices.getRank(), ShapeExpr(0));
  SymbolicShape dims = indices.dims;
  int64_t length = *indices.dims.back().getConstant();
  dims.back() = 1;
  for (int64_t i = 0; i < length; ++i) {
    offsets.back() = i;
    checkIndices(l, l.slice(indices, offsets, dims),
                 l.getSize(data.dims[batchDims + i]));
  }
}

//===----------------------------------------------------------------------===//
// Gathers
//===----------------------------------------------------------------------===//

static Tensor lowerGatherElements(Lowering &l, GatherElementsOp op) {
  Tensor data = l.get(op.getData()), indices = l.get(op.getIndices());
  int64_t axis = op.getAxis();
  checkElementDims(l, data, indices, axis);
  Value extent = l.getSize(data.dims[axis]);
  checkIndices(l, indices, extent);
  return l.elementwise(
      indices, l.getResultDims(), data.getElementType(),
      [&](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
        SmallVector<Value> position;
        for (int64_t i = 0, rank = data.getRank(); i < rank; ++i)
          position.push_back(i == axis
                                 ? readPosition(b, e[0], extent)
                                 : linalg::IndexOp::create(b, i).getResult());
        return l.extract(b, data, position);
      });
}

static Tensor lowerGatherND(Lowering &l, GatherNDOp op) {
  Tensor data = l.get(op.getData()), indices = l.get(op.getIndices());
  int64_t batchDims = op.getBatchDims();
  for (int64_t dim = 0; dim < batchDims; ++dim)
    l.checkEqual(indices.dims[dim], data.dims[dim],
                 "batch dimensions have different extents {} and {}");
  checkLists(l, data, indices, batchDims);
  int64_t length = *indices.dims.back().getConstant();
  int64_t lists = indices.getRank() - 1;
  SmallVector<Value> extents;
  for (int64_t i = 0; i < length; ++i)
    extents.push_back(l.getSize(data.dims[batchDims + i]));
  return l.elementwise(
      {}, l.getResultDims(), data.getElementType(),
      [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
        SmallVector<Value> list, position;
        for (int64_t i = 0; i < lists; ++i)
          list.push_back(linalg::IndexOp::create(b, i));
        position.append(list.begin(), list.begin() + batchDims);
        list.push_back(Value());
        for (int64_t i = 0; i < length; ++i) {
          list.back() = arith::ConstantIndexOp::create(b, i);
          position.push_back(
              readPosition(b, tensor::ExtractOp::create(b, indices.value, list),
                           extents[i]));
        }
        for (int64_t i = batchDims + length; i < data.getRank(); ++i)
          position.push_back(
              linalg::IndexOp::create(b, i - batchDims - length + lists));
        return l.extract(b, data, position);
      });
}

//===----------------------------------------------------------------------===//
// Scatters
//===----------------------------------------------------------------------===//

/// What an update makes of an element.
static Value combine(ImplicitLocOpBuilder &b, ScatterReduction reduction,
                     Value before, Value update, bool isUnsigned) {
  bool isFloat = isa<FloatType>(before.getType());
  switch (reduction) {
  case ScatterReduction::Replace:
    return update;
  case ScatterReduction::Add:
    if (isFloat)
      return arith::AddFOp::create(b, before, update);
    return arith::AddIOp::create(b, before, update);
  case ScatterReduction::Mul:
    if (isFloat)
      return arith::MulFOp::create(b, before, update);
    return arith::MulIOp::create(b, before, update);
  case ScatterReduction::Min:
    if (isFloat)
      return arith::MinimumFOp::create(b, before, update);
    if (isUnsigned)
      return arith::MinUIOp::create(b, before, update);
    return arith::MinSIOp::create(b, before, update);
  case ScatterReduction::Max:
    if (isFloat)
      return arith::MaximumFOp::create(b, before, update);
    if (isUnsigned)
      return arith::MaxUIOp::create(b, before, update);
    return arith::MaxSIOp::create(b, before, update);
  }
  llvm_unreachable("a reduction that is not listed");
}

/// Nested loops over `dims` that carry one tensor.
static Value buildLoops(
    Lowering &l, ArrayRef<ShapeExpr> dims, Value carried,
    llvm::function_ref<Value(ImplicitLocOpBuilder &, ValueRange, Value)> body) {
  Value zero = arith::ConstantIndexOp::create(l.b, 0);
  Value one = arith::ConstantIndexOp::create(l.b, 1);
  SmallVector<Value> upper, indices;
  for (const ShapeExpr &dim : dims)
    upper.push_back(l.getSize(dim));
  std::function<Value(ImplicitLocOpBuilder &, Value)> build =
      [&](ImplicitLocOpBuilder &b, Value value) -> Value {
    if (indices.size() == upper.size())
      return body(b, indices, value);
    auto loop = scf::ForOp::create(b, zero, upper[indices.size()], one, value);
    ImplicitLocOpBuilder inner =
        ImplicitLocOpBuilder::atBlockBegin(b.getLoc(), loop.getBody());
    indices.push_back(loop.getInductionVar());
    Value result = build(inner, loop.getRegionIterArg(0));
    scf::YieldOp::create(inner, result);
    indices.pop_back();
    return loop.getResult(0);
  };
  return build(l.b, carried);
}

/// Puts the update at `from` into the element at `to`.
static Value scatterElement(Lowering &l, ImplicitLocOpBuilder &b,
                            ScatterReduction reduction, Value carried,
                            ValueRange to, const Tensor &updates,
                            ValueRange from, bool isUnsigned) {
  Type element = updates.getElementType();
  Value value = l.extract(b, updates, from);
  if (reduction != ScatterReduction::Replace)
    value = combine(b, reduction, l.extract(b, {carried, {}}, to), value,
                    isUnsigned);
  if (isa<FloatType>(element))
    value = convertFloat(b, value, element);
  return tensor::InsertOp::create(b, value, carried, to);
}

static Tensor lowerScatterElements(Lowering &l, ScatterElementsOp op) {
  Tensor data = l.get(op.getData()), indices = l.get(op.getIndices());
  Tensor updates = l.get(op.getUpdates());
  int64_t axis = op.getAxis();
  checkElementDims(l, data, indices, axis);
  for (auto [have, want] : llvm::zip_equal(updates.dims, indices.dims))
    l.checkEqual(have, want,
                 "updates have extent {} where the indices have "
                 "{}");
  Value extent = l.getSize(data.dims[axis]);
  checkIndices(l, indices, extent);
  bool isUnsigned = op.getType().getElementType().isUnsignedInteger();
  Value result = buildLoops(
      l, indices.dims, data.value,
      [&](ImplicitLocOpBuilder &b, ValueRange from, Value carried) {
        SmallVector<Value> to(from);
        to[axis] = readPosition(
            b, tensor::ExtractOp::create(b, indices.value, from), extent);
        return scatterElement(l, b, op.getReduction(), carried, to, updates,
                              from, isUnsigned);
      });
  return {result, data.dims};
}

static Tensor lowerScatterND(Lowering &l, ScatterNDOp op) {
  Tensor data = l.get(op.getData()), indices = l.get(op.getIndices());
  Tensor updates = l.get(op.getUpdates());
  int64_t length = *indices.dims.back().getConstant();
  SymbolicShape lists = indices.dims;
  lists.pop_back();
  SymbolicShape rest(data.dims.begin() + length, data.dims.end());
  SymbolicShape wanted = lists;
  wanted.append(rest);
  for (auto [have, want] : llvm::zip_equal(updates.dims, wanted))
    l.checkEqual(have, want, "updates have extent {}, expected {}");
  checkLists(l, data, indices, /*batchDims=*/0);
  SmallVector<Value> extents;
  for (int64_t i = 0; i < length; ++i)
    extents.push_back(l.getSize(data.dims[i]));
  auto readTarget = [&](ImplicitLocOpBuilder &b, ValueRange list) {
    SmallVector<Value> place(list), target;
    place.push_back(Value());
    for (int64_t i = 0; i < length; ++i) {
      place.back() = arith::ConstantIndexOp::create(b, i);
      target.push_back(readPosition(
          b, tensor::ExtractOp::create(b, indices.value, place), extents[i]));
    }
    return target;
  };

  // Whole slices are copied.
  if (op.getReduction() == ScatterReduction::Replace && !rest.empty()) {
    SmallVector<OpFoldResult> restSizes = l.getMixedSizes(rest);
    RankedTensorType type = l.getType(rest, data.getElementType());
    Value result = buildLoops(
        l, lists, data.value,
        [&](ImplicitLocOpBuilder &b, ValueRange list, Value carried) -> Value {
          OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
          auto makeOffsets = [&](ValueRange places) {
            SmallVector<OpFoldResult> offsets(places.begin(), places.end());
            offsets.append(rest.size(), zero);
            return offsets;
          };
          auto makeSizes = [&](size_t places) {
            SmallVector<OpFoldResult> sizes(places, one);
            llvm::append_range(sizes, restSizes);
            return sizes;
          };
          Value slice = tensor::ExtractSliceOp::create(
              b, type, updates.value, makeOffsets(list),
              makeSizes(lists.size()),
              SmallVector<OpFoldResult>(updates.getRank(), one));
          return tensor::InsertSliceOp::create(
              b, slice, carried, makeOffsets(readTarget(b, list)),
              makeSizes(length),
              SmallVector<OpFoldResult>(data.getRank(), one));
        });
    return {result, data.dims};
  }
  bool isUnsigned = op.getType().getElementType().isUnsignedInteger();
  Value result =
      buildLoops(l, wanted, data.value,
                 [&](ImplicitLocOpBuilder &b, ValueRange from, Value carried) {
                   SmallVector<Value> to =
                       readTarget(b, from.take_front(lists.size()));
                   llvm::append_range(to, from.drop_front(lists.size()));
                   return scatterElement(l, b, op.getReduction(), carried, to,
                                         updates, from, isUnsigned);
                 });
  return {result, data.dims};
}

FailureOr<Tensor> ockham::onnxlinalg::lowerIndexing(Lowering &l) {
  return llvm::TypeSwitch<Operation *, FailureOr<Tensor>>(l.op)
      .Case([&](GatherElementsOp op) { return lowerGatherElements(l, op); })
      .Case([&](GatherNDOp op) { return lowerGatherND(l, op); })
      .Case([&](ScatterElementsOp op) { return lowerScatterElements(l, op); })
      .Case([&](ScatterNDOp op) { return lowerScatterND(l, op); })
      .Default([](Operation *) { return failure(); });
}
