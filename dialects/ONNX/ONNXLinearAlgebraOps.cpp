//===- ONNXLinearAlgebraOps.cpp - Products, reductions, norms -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/ONNXOpDetails.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace ockham::onnx;
using namespace ockham::onnx::detail;

/// Two extents that are summed over must agree where both are known.
static LogicalResult verifyContraction(const ShapeExpr &lhs,
                                       const ShapeExpr &rhs,
                                       const ShapeErrors &error) {
  std::optional<int64_t> left = lhs.getConstant(), right = rhs.getConstant();
  if (left && right && *left != *right)
    return error("contracts extent ", *left, " of the left operand with ",
                 *right, " of the right one");
  return success();
}

static LogicalResult verifyElementTypes(Value lhs, Value rhs, StringRef what,
                                        const ShapeErrors &error) {
  Type left = getTensorType(lhs).getElementType();
  Type right = getTensorType(rhs).getElementType();
  if (left != right)
    return error("has element type ", left, " but its ", what, " has ", right);
  return success();
}

LogicalResult MatMulOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                     const ShapeErrors &error,
                                     SmallVectorImpl<InferredTensor> &results) {
  SymbolicShape lhs = scope.getDims(adaptor.getLhs());
  SymbolicShape rhs = scope.getDims(adaptor.getRhs());
  if (lhs.empty() || rhs.empty())
    return error("operands have ranks ", lhs.size(), " and ", rhs.size(),
                 ", expected at least 1");
  if (failed(verifyElementTypes(adaptor.getLhs(), adaptor.getRhs(),
                                "right operand", error)))
    return failure();
  bool isRow = lhs.size() == 1, isColumn = rhs.size() == 1;
  if (isRow)
    lhs.insert(lhs.begin(), ShapeExpr(1));
  if (isColumn)
    rhs.push_back(1);
  if (failed(verifyContraction(lhs.back(), rhs[rhs.size() - 2], error)))
    return failure();

  SymbolicShape dims;
  size_t batch = std::max(lhs.size(), rhs.size()) - 2;
  for (size_t i = 0; i < batch; ++i) {
    auto get = [&](const SymbolicShape &shape) {
      size_t missing = batch - (shape.size() - 2);
      return i < missing ? ShapeExpr(1) : shape[i - missing];
    };
    ShapeExpr left = get(lhs), right = get(rhs);
    std::optional<int64_t> a = left.getConstant(), b = right.getConstant();
    if (a && b && *a != *b && *a != 1 && *b != 1)
      return error("batch extents ", *a, " and ", *b, " do not broadcast");
    dims.push_back(scope.broadcast(left, right));
  }
  if (!isRow)
    dims.push_back(lhs[lhs.size() - 2]);
  if (!isColumn)
    dims.push_back(rhs.back());
  results.push_back(
      {std::move(dims), getTensorType(adaptor.getLhs()).getElementType()});
  return success();
}

LogicalResult GemmOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                   const ShapeErrors &error,
                                   SmallVectorImpl<InferredTensor> &results) {
  SymbolicShape a = scope.getDims(adaptor.getA());
  SymbolicShape b = scope.getDims(adaptor.getB());
  if (a.size() != 2 || b.size() != 2)
    return error("operands have ranks ", a.size(), " and ", b.size(),
                 ", expected 2 and 2");
  if (failed(verifyElementTypes(adaptor.getA(), adaptor.getB(), "right operand",
                                error)))
    return failure();
  if (adaptor.getTransA())
    std::swap(a[0], a[1]);
  if (adaptor.getTransB())
    std::swap(b[0], b[1]);
  if (failed(verifyContraction(a[1], b[0], error)))
    return failure();
  Type element = getTensorType(adaptor.getA()).getElementType();
  for (const APFloat &factor : {adaptor.getAlpha(), adaptor.getBeta()})
    if (isa<IntegerType>(element) && !factor.isInteger())
      return error("has a factor of ", factor.convertToDouble(),
                   " on elements of type ", element,
                   ", expected whole numbers");
  SymbolicShape dims = {a[0], b[1]};
  if (Value c = adaptor.getC()) {
    if (failed(verifyElementTypes(adaptor.getA(), c, "addend", error)))
      return failure();
    SymbolicShape addend = scope.getDims(c);
    if (addend.size() > 2)
      return error("addend has rank ", addend.size(), ", expected at most 2");
    for (auto [index, extent] : llvm::enumerate(addend)) {
      const ShapeExpr &target = dims[2 - addend.size() + index];
      std::optional<int64_t> have = extent.getConstant();
      std::optional<int64_t> want = target.getConstant();
      if (have && want && *have != 1 && *have != *want)
        return error("addend of shape ", toString(addend),
                     " does not broadcast to ", toString(dims));
    }
  }
  results.push_back(
      {std::move(dims), getTensorType(adaptor.getA()).getElementType()});
  return success();
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// Axes are ascending and within the rank.
static LogicalResult verifyAxes(ArrayRef<int64_t> axes, int64_t rank,
                                const ShapeErrors &error) {
  for (auto [index, axis] : llvm::enumerate(axes)) {
    if (axis < 0 || axis >= rank)
      return error("axis ", axis, " is outside rank ", rank);
    if (index > 0 && axes[index - 1] >= axis)
      return error("axes are not ascending: ", axis, " follows ",
                   axes[index - 1]);
  }
  return success();
}

template <typename Adaptor>
static LogicalResult inferReduction(Adaptor adaptor, ShapeScope &scope,
                                    const ShapeErrors &error,
                                    SmallVectorImpl<InferredTensor> &results) {
  RankedTensorType type = getTensorType(adaptor.getInput());
  if (failed(verifyAxes(adaptor.getAxes(), type.getRank(), error)))
    return failure();
  InferredTensor result{{}, type.getElementType()};
  for (auto [index, dim] : llvm::enumerate(scope.getDims(adaptor.getInput()))) {
    bool isReduced =
        llvm::is_contained(adaptor.getAxes(), static_cast<int64_t>(index));
    if (!isReduced)
      result.dims.push_back(dim);
    else if (adaptor.getKeepdims())
      result.dims.push_back(1);
  }
  results.push_back(std::move(result));
  return success();
}

LogicalResult
ReduceMeanOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                           const ShapeErrors &error,
                           SmallVectorImpl<InferredTensor> &results) {
  return inferReduction(adaptor, scope, error, results);
}

LogicalResult
ReduceSumOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                          const ShapeErrors &error,
                          SmallVectorImpl<InferredTensor> &results) {
  return inferReduction(adaptor, scope, error, results);
}

LogicalResult
ReduceMaxOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                          const ShapeErrors &error,
                          SmallVectorImpl<InferredTensor> &results) {
  return inferReduction(adaptor, scope, error, results);
}

LogicalResult
ReduceMinOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                          const ShapeErrors &error,
                          SmallVectorImpl<InferredTensor> &results) {
  return inferReduction(adaptor, scope, error, results);
}

LogicalResult
ReduceProdOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                           const ShapeErrors &error,
                           SmallVectorImpl<InferredTensor> &results) {
  return inferReduction(adaptor, scope, error, results);
}

LogicalResult
ReduceL2Op::inferTensors(Adaptor adaptor, ShapeScope &scope,
                         const ShapeErrors &error,
                         SmallVectorImpl<InferredTensor> &results) {
  return inferReduction(adaptor, scope, error, results);
}

/// The position along one axis.
template <typename Adaptor>
static LogicalResult
inferArgReduction(Adaptor adaptor, ShapeScope &scope, const ShapeErrors &error,
                  SmallVectorImpl<InferredTensor> &results) {
  RankedTensorType type = getTensorType(adaptor.getInput());
  int64_t axis = adaptor.getAxis();
  if (failed(verifyAxes(axis, type.getRank(), error)))
    return failure();
  SymbolicShape dims = scope.getDims(adaptor.getInput());
  if (dims[axis].isConstant(0))
    return error("axis ", axis, " of ", type, " is empty");
  if (adaptor.getKeepdims())
    dims[axis] = 1;
  else
    dims.erase(dims.begin() + axis);
  results.push_back(
      {std::move(dims), IntegerType::get(type.getContext(), /*width=*/64)});
  return success();
}

LogicalResult ArgMaxOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                     const ShapeErrors &error,
                                     SmallVectorImpl<InferredTensor> &results) {
  return inferArgReduction(adaptor, scope, error, results);
}

LogicalResult ArgMinOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                     const ShapeErrors &error,
                                     SmallVectorImpl<InferredTensor> &results) {
  return inferArgReduction(adaptor, scope, error, results);
}

//===----------------------------------------------------------------------===//
// Softmax and norm
//===----------------------------------------------------------------------===//

LogicalResult
SoftmaxOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                        const ShapeErrors &error,
                        SmallVectorImpl<InferredTensor> &results) {
  int64_t axis = adaptor.getAxis();
  int64_t rank = getTensorType(adaptor.getInput()).getRank();
  if (axis < 0 || axis >= rank)
    return error("axis ", axis, " is outside rank ", rank);
  return inferUnary(adaptor.getOperands(), scope, error, results);
}

LogicalResult
LayerNormalizationOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                   const ShapeErrors &error,
                                   SmallVectorImpl<InferredTensor> &results) {
  int64_t axis = adaptor.getAxis();
  int64_t rank = getTensorType(adaptor.getInput()).getRank();
  if (axis < 0 || axis >= rank)
    return error("axis ", axis, " is outside rank ", rank);
  SymbolicShape dims = scope.getDims(adaptor.getInput());
  auto verifyAffine = [&](Value operand, StringRef what) -> LogicalResult {
    if (!operand)
      return success();
    if (failed(verifyElementTypes(adaptor.getInput(), operand, what, error)))
      return failure();
    SymbolicShape have = scope.getDims(operand);
    bool fits = have.size() <= dims.size();
    for (size_t i = 0; fits && i < have.size(); ++i) {
      std::optional<int64_t> extent = have[i].getConstant();
      std::optional<int64_t> want =
          dims[dims.size() - have.size() + i].getConstant();
      fits = !extent || !want || *extent == 1 || *extent == *want;
    }
    if (!fits)
      return error(what, " of shape ", toString(have),
                   " does not broadcast to the operand's ", toString(dims));
    return success();
  };
  if (failed(verifyAffine(adaptor.getScale(), "scale")) ||
      failed(verifyAffine(adaptor.getBias(), "bias")))
    return failure();
  results.push_back(
      {std::move(dims), getTensorType(adaptor.getInput()).getElementType()});
  return success();
}
