//===- DataMovement.cpp - Slice, Gather, Concat, Split, Transpose ---------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;
using namespace ockham::onnxlinalg;

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

/// Reads backwards along the axes with negative steps.
static Tensor reverseSlice(Lowering &l, const Tensor &x,
                           ArrayRef<ShapeExpr> offsets,
                           ArrayRef<ShapeExpr> dims,
                           ArrayRef<int64_t> strides) {
  SmallVector<Value> starts;
  for (const ShapeExpr &offset : offsets)
    starts.push_back(l.getSize(offset));
  return l.elementwise(
      {}, dims, x.getElementType(),
      [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
        SmallVector<Value> indices;
        for (int64_t i = 0, e = x.getRank(); i < e; ++i) {
          Value here = linalg::IndexOp::create(b, i);
          Value stride = arith::ConstantIndexOp::create(b, strides[i]);
          Value moved = arith::MulIOp::create(b, here, stride);
          indices.push_back(arith::AddIOp::create(b, starts[i], moved));
        }
        return l.extract(b, x, indices);
      });
}

static Tensor lowerSlice(Lowering &l, SliceOp op) {
  Tensor x = l.get(op.getInput());
  SymbolicShape dims = l.getResultDims();
  SymbolicShape starts =
      l.shapes.getSizes(op.getStaticStarts(), op.getStarts());
  SymbolicShape offsets(x.getRank(), ShapeExpr(0));
  SmallVector<int64_t> strides(x.getRank(), 1);
  for (auto [axis, start, step] :
       llvm::zip(op.getAxes(), starts, op.getSteps())) {
    // The start that the shape function assumes: from the back if negative,
    // then clamped to where an element may be.
    const ShapeExpr &extent = x.dims[axis];
    ShapeExpr last = step > 0 ? extent : extent - 1;
    ShapeExpr from = l.shapes.fromBack(start, extent);
    offsets[axis] = l.shapes.min(l.shapes.max(from, 0), last);
    strides[axis] = step;
  }
  if (llvm::all_of(strides, [](int64_t stride) { return stride > 0; }))
    return l.slice(x, offsets, dims, strides);
  return reverseSlice(l, x, offsets, dims, strides);
}

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

/// One known index: a slice of the data.
static Tensor gatherOne(Lowering &l, const Tensor &data, int64_t axis,
                        int64_t index, ArrayRef<ShapeExpr> resultDims) {
  ShapeExpr extent = data.dims[axis];
  std::optional<int64_t> size = extent.getConstant();
  if (!size || index < -*size || index >= *size) {
    Value value = arith::ConstantIndexOp::create(l.b, index);
    checkIndex(l, value, value, l.getSize(extent));
  }
  SymbolicShape offsets(data.getRank(), ShapeExpr(0));
  offsets[axis] = index < 0 ? extent + index : ShapeExpr(index);
  SymbolicShape dims = data.dims;
  dims[axis] = 1;
  return l.reshape(l.slice(data, offsets, dims), resultDims);
}

static Tensor lowerGather(Lowering &l, GatherOp op) {
  Tensor data = l.get(op.getData()), indices = l.get(op.getIndices());
  int64_t axis = op.getAxis();
  SymbolicShape dims = l.getResultDims();
  std::optional<ConstantData> constant;
  if (matchPattern(op.getIndices(), m_Constant()))
    constant = ConstantData::get(op.getIndices());
  if (constant && constant->size() == 1)
    return gatherOne(l, data, axis, constant->getInt(0), dims);

  Value extent = l.getSize(data.dims[axis]);
  if (constant) {
    int64_t lowest = 0, highest = -1;
    for (int64_t i = 0, e = constant->size(); i < e; ++i) {
      lowest = std::min(lowest, constant->getInt(i));
      highest = std::max(highest, constant->getInt(i));
    }
    std::optional<int64_t> size = data.dims[axis].getConstant();
    if (!size || lowest < -*size || highest >= *size)
      checkIndex(l, arith::ConstantIndexOp::create(l.b, lowest),
                 arith::ConstantIndexOp::create(l.b, highest), extent);
  } else {
    checkIndices(l, indices, extent);
  }

  // The indices' dimensions stand in place of the axis.
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0, e = indices.getRank(); i < e; ++i)
    exprs.push_back(l.b.getAffineDimExpr(axis + i));
  int64_t rank = dims.size();
  SmallVector<AffineMap> maps = {
      AffineMap::get(rank, 0, exprs, l.b.getContext()),
      l.b.getMultiDimIdentityMap(rank)};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  Value init = l.makeEmpty(dims, data.getElementType());
  auto generic = linalg::GenericOp::create(
      l.b, init.getType(), indices.value, init, maps, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder b(loc, builder);
        Value index =
            arith::IndexCastOp::create(b, b.getIndexType(), arguments[0]);
        SmallVector<Value> position;
        for (int64_t i = 0, e = data.getRank(); i < e; ++i) {
          if (i == axis) {
            position.push_back(wrapIndex(b, index, extent));
            continue;
          }
          position.push_back(linalg::IndexOp::create(
              b, i < axis ? i : i + indices.getRank() - 1));
        }
        Value element = tensor::ExtractOp::create(b, data.value, position);
        linalg::YieldOp::create(b, element);
      });
  return {generic.getResult(0), dims};
}

//===----------------------------------------------------------------------===//
// Concat, Split
//===----------------------------------------------------------------------===//

static Tensor lowerConcat(Lowering &l, ConcatOp op) {
  SymbolicShape dims = l.getResultDims();
  int64_t axis = op.getAxis();
  SmallVector<Tensor> parts;
  for (Value input : op.getInputs()) {
    Tensor part = l.get(input);
    for (int64_t i = 0, e = part.getRank(); i < e; ++i)
      if (i != axis)
        l.checkEqual(part.dims[i], dims[i],
                     "operands have different extents {} and {}");
    parts.push_back(part);
  }
  if (parts.size() == 1)
    return parts.front();
  Value result = l.makeEmpty(dims, parts.front().getElementType());
  ShapeExpr end = 0;
  for (const Tensor &part : parts) {
    // Nothing to insert, and perhaps no place to insert it at.
    if (part.dims[axis].isConstant(0))
      continue;
    SmallVector<OpFoldResult> offsets(dims.size(), l.b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(dims.size(), l.b.getIndexAttr(1));
    offsets[axis] = l.getMixedSize(end);
    result = tensor::InsertSliceOp::create(l.b, part.value, result, offsets,
                                           l.getMixedSizes(part.dims), strides);
    end = end + part.dims[axis];
  }
  return {result, dims};
}

static SmallVector<Tensor> lowerSplit(Lowering &l, SplitOp op) {
  Tensor x = l.get(op.getInput());
  int64_t axis = op.getAxis();
  SymbolicShape sizes = l.shapes.getSizes(op.getStaticSizes(), op.getSizes());
  l.checkSizes(sizes);
  // One at a time, so that the sum cannot wrap around.
  for (const ShapeExpr &size : sizes) {
    if (size.getConstant())
      continue;
    Value have = l.getSize(size), most = l.getSize(x.dims[axis]);
    l.check(l.compare(arith::CmpIPredicate::sle, have, most),
            "size {} is more than the axis has, {}", {have, most});
  }
  ShapeExpr sum = 0;
  for (const ShapeExpr &size : sizes)
    sum = sum + size;
  l.checkEqual(sum, x.dims[axis],
               "sizes add up to {} but the extent of the axis is {}");
  SmallVector<Tensor> results;
  SymbolicShape offsets(x.getRank(), ShapeExpr(0));
  for (const ShapeExpr &size : sizes) {
    SymbolicShape dims = x.dims;
    dims[axis] = size;
    results.push_back(l.slice(x, offsets, dims));
    offsets[axis] = offsets[axis] + size;
  }
  return results;
}

FailureOr<SmallVector<Tensor>>
ockham::onnxlinalg::lowerDataMovement(Lowering &l) {
  using Results = SmallVector<Tensor>;
  return llvm::TypeSwitch<Operation *, FailureOr<Results>>(l.op)
      .Case([&](SliceOp op) { return Results{lowerSlice(l, op)}; })
      .Case([&](GatherOp op) { return Results{lowerGather(l, op)}; })
      .Case([&](ConcatOp op) { return Results{lowerConcat(l, op)}; })
      .Case([&](SplitOp op) { return lowerSplit(l, op); })
      .Case([&](TransposeOp op) {
        return Results{l.transpose(l.get(op.getInput()), op.getPerm())};
      })
      .Default([](Operation *) { return failure(); });
}
