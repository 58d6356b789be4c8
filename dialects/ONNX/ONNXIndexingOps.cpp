//===- ONNXIndexingOps.cpp - Elements by index, padding, scans ------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/ONNXOpDetails.h"

using namespace mlir;
using namespace ockham::onnx;
using namespace ockham::onnx::detail;

//===----------------------------------------------------------------------===//
// GatherElements, ScatterElements
//===----------------------------------------------------------------------===//

/// Indices have the data's rank, and nowhere but along the axis more elements.
static LogicalResult verifyElementIndices(Value data, Value indices,
                                          int64_t axis, ShapeScope &scope,
                                          const ShapeErrors &error) {
  int64_t rank = getTensorType(data).getRank();
  if (failed(verifyAxis(axis, rank, error)))
    return failure();
  if (getTensorType(indices).getRank() != rank)
    return error("indices have rank ", getTensorType(indices).getRank(),
                 ", expected the data's rank ", rank);
  SymbolicShape have = scope.getDims(data), want = scope.getDims(indices);
  for (int64_t dim = 0; dim < rank; ++dim) {
    std::optional<int64_t> left = have[dim].getConstant();
    std::optional<int64_t> right = want[dim].getConstant();
    if (dim != axis && left && right && *right > *left)
      return error("indices have extent ", *right, " in dimension ", dim,
                   ", expected at most ", *left);
  }
  return success();
}

/// What is scattered has the element type of the data.
static LogicalResult verifyUpdateType(Value data, Value updates,
                                      ScatterReduction reduction,
                                      const ShapeErrors &error) {
  Type element = getTensorType(data).getElementType();
  Type update = getTensorType(updates).getElementType();
  if (element != update)
    return error("data and updates have different element types ", element,
                 " and ", update);
  if (reduction != ScatterReduction::Replace && element.isInteger(1))
    return error("cannot ", stringifyScatterReduction(reduction),
                 " booleans, expected numbers");
  return success();
}

/// Two shapes that must be the same, as far as both are known.
static LogicalResult verifySameDims(StringRef what, ArrayRef<ShapeExpr> have,
                                    ArrayRef<ShapeExpr> want,
                                    const ShapeErrors &error) {
  bool same = have.size() == want.size();
  for (size_t i = 0; same && i < have.size(); ++i) {
    std::optional<int64_t> left = have[i].getConstant();
    std::optional<int64_t> right = want[i].getConstant();
    same = !left || !right || *left == *right;
  }
  if (!same)
    return error(what, " have shape [", toString(have), "], expected [",
                 toString(want), "]");
  return success();
}

LogicalResult
GatherElementsOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                               const ShapeErrors &error,
                               SmallVectorImpl<InferredTensor> &results) {
  if (failed(verifyElementIndices(adaptor.getData(), adaptor.getIndices(),
                                  adaptor.getAxis(), scope, error)))
    return failure();
  results.push_back({scope.getDims(adaptor.getIndices()),
                     getTensorType(adaptor.getData()).getElementType()});
  return success();
}

LogicalResult
ScatterElementsOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                const ShapeErrors &error,
                                SmallVectorImpl<InferredTensor> &results) {
  Value data = adaptor.getData(), indices = adaptor.getIndices();
  if (failed(verifyElementIndices(data, indices, adaptor.getAxis(), scope,
                                  error)) ||
      failed(verifyUpdateType(data, adaptor.getUpdates(),
                              adaptor.getReduction(), error)) ||
      failed(verifySameDims("updates", scope.getDims(adaptor.getUpdates()),
                            scope.getDims(indices), error)))
    return failure();
  results.push_back(
      {scope.getDims(data), getTensorType(data).getElementType()});
  return success();
}

//===----------------------------------------------------------------------===//
// GatherND, ScatterND
//===----------------------------------------------------------------------===//

/// The length of the lists in the last dimension of the indices, which must fit
/// into what the data have behind `batchDims` dimensions.
static FailureOr<int64_t> getListLength(Value data, Value indices,
                                        int64_t batchDims,
                                        const ShapeErrors &error) {
  RankedTensorType type = getTensorType(indices);
  int64_t rank = getTensorType(data).getRank();
  if (type.getRank() == 0 || rank == 0)
    return error("data of rank ", rank, " and indices of rank ", type.getRank(),
                 ", expected at least 1");
  if (batchDims < 0 || batchDims >= std::min(rank, type.getRank()))
    return error("has ", batchDims, " batch dimensions, expected less than ",
                 std::min(rank, type.getRank()));
  int64_t length = type.getShape().back();
  if (ShapedType::isDynamic(length))
    return error("the last dimension of the indices is dynamic, expected a "
                 "static extent");
  if (length > rank - batchDims)
    return error("the last dimension of the indices is ", length,
                 ", expected at most ", rank - batchDims);
  return length;
}

LogicalResult
GatherNDOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                         const ShapeErrors &error,
                         SmallVectorImpl<InferredTensor> &results) {
  int64_t batchDims = adaptor.getBatchDims();
  FailureOr<int64_t> length =
      getListLength(adaptor.getData(), adaptor.getIndices(), batchDims, error);
  if (failed(length))
    return failure();
  SymbolicShape data = scope.getDims(adaptor.getData());
  SymbolicShape dims = scope.getDims(adaptor.getIndices());
  for (int64_t dim = 0; dim < batchDims; ++dim) {
    std::optional<int64_t> left = data[dim].getConstant();
    std::optional<int64_t> right = dims[dim].getConstant();
    if (left && right && *left != *right)
      return error("batch dimension ", dim, " is ", *left, " in the data but ",
                   *right, " in the indices");
    if (left)
      dims[dim] = data[dim];
  }
  dims.pop_back();
  dims.append(data.begin() + batchDims + *length, data.end());
  results.push_back(
      {std::move(dims), getTensorType(adaptor.getData()).getElementType()});
  return success();
}

LogicalResult
ScatterNDOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                          const ShapeErrors &error,
                          SmallVectorImpl<InferredTensor> &results) {
  Value data = adaptor.getData(), indices = adaptor.getIndices();
  FailureOr<int64_t> length =
      getListLength(data, indices, /*batchDims=*/0, error);
  if (failed(length) || failed(verifyUpdateType(data, adaptor.getUpdates(),
                                                adaptor.getReduction(), error)))
    return failure();
  SymbolicShape dims = scope.getDims(data);
  SymbolicShape want = scope.getDims(indices);
  want.pop_back();
  want.append(dims.begin() + *length, dims.end());
  if (failed(verifySameDims("updates", scope.getDims(adaptor.getUpdates()),
                            want, error)))
    return failure();
  results.push_back({std::move(dims), getTensorType(data).getElementType()});
  return success();
}

//===----------------------------------------------------------------------===//
// Pad, CumSum
//===----------------------------------------------------------------------===//

LogicalResult PadOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                  const ShapeErrors &error,
                                  SmallVectorImpl<InferredTensor> &results) {
  RankedTensorType type = getTensorType(adaptor.getInput());
  if (failed(verifyDynamicCount(adaptor.getStaticLow(), adaptor.getLow(), "low",
                                error)) ||
      failed(verifyDynamicCount(adaptor.getStaticHigh(), adaptor.getHigh(),
                                "high", error)))
    return failure();
  for (ArrayRef<int64_t> list :
       {adaptor.getStaticLow(), adaptor.getStaticHigh()})
    if (static_cast<int64_t>(list.size()) != type.getRank())
      return error("has ", list.size(), " sizes on one side for rank ",
                   type.getRank());
  if (Value value = adaptor.getValue()) {
    RankedTensorType given = getTensorType(value);
    if (given.getRank() != 0 || given.getElementType() != type.getElementType())
      return error("value is ", given, ", expected a scalar of ",
                   type.getElementType());
    if (adaptor.getMode() != PadMode::Constant)
      return error("has a value, which mode ",
                   stringifyPadMode(adaptor.getMode()), " does not use");
  }
  SymbolicShape low = scope.getSizes(adaptor.getStaticLow(), adaptor.getLow());
  SymbolicShape high =
      scope.getSizes(adaptor.getStaticHigh(), adaptor.getHigh());
  // Sums of larger ones would overflow.
  constexpr int64_t most = int64_t(1) << 48;
  for (ArrayRef<ShapeExpr> list : {low, high})
    for (const ShapeExpr &size : list)
      if (std::optional<int64_t> constant = size.getConstant();
          constant && (*constant < -most || *constant > most))
        return error("has size ", *constant, ", expected ", -most, " to ",
                     most);
  SymbolicShape dims = scope.getDims(adaptor.getInput());
  for (auto [index, dim] : llvm::enumerate(dims)) {
    std::optional<int64_t> extent = dim.getConstant();
    dim = dim + low[index] + high[index];
    std::optional<int64_t> padded = dim.getConstant();
    if (padded && *padded < 0)
      return error("leaves extent ", *padded, " in dimension ", index,
                   ", expected at least 0");
    if (extent == 0 && padded && *padded > 0 &&
        adaptor.getMode() != PadMode::Constant)
      return error("repeats dimension ", index, ", which is empty");
  }
  results.push_back({std::move(dims), type.getElementType()});
  return success();
}

LogicalResult CumSumOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                     const ShapeErrors &error,
                                     SmallVectorImpl<InferredTensor> &results) {
  RankedTensorType type = getTensorType(adaptor.getInput());
  if (failed(verifyAxis(adaptor.getAxis(), type.getRank(), error)))
    return failure();
  results.push_back({scope.getDims(adaptor.getInput()), type.getElementType()});
  return success();
}
