//===- ONNXContractionOps.cpp - Convolution, Einsum -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/ONNXOpDetails.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

#include <map>

using namespace mlir;
using namespace ockham::onnx;
using namespace ockham::onnx::detail;

//===----------------------------------------------------------------------===//
// Conv
//===----------------------------------------------------------------------===//

/// Lists have one entry per spatial dimension (pads two), none too small.
static LogicalResult verifyConvList(StringRef what, ArrayRef<int64_t> list,
                                    size_t size, int64_t least,
                                    const ShapeErrors &error) {
  if (list.size() != size)
    return error("has ", list.size(), " ", what, ", expected ", size);
  // Larger ones would overflow in the arithmetic on extents.
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  for (int64_t entry : list)
    if (entry < least || entry > most)
      return error("has ", entry, " among its ", what, ", expected ", least,
                   " to ", most);
  return success();
}

LogicalResult ConvOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                   const ShapeErrors &error,
                                   SmallVectorImpl<InferredTensor> &results) {
  RankedTensorType type = getTensorType(adaptor.getInput());
  RankedTensorType weights = getTensorType(adaptor.getWeights());
  int64_t spatial = type.getRank() - 2;
  if (spatial < 1 || spatial > 3)
    return error("input has rank ", type.getRank(), ", expected 3 to 5");
  if (weights.getRank() != type.getRank())
    return error("input and weights have different ranks ", type.getRank(),
                 " and ", weights.getRank());
  if (failed(
          verifyConvList("strides", adaptor.getStrides(), spatial, 1, error)) ||
      failed(verifyConvList("dilations", adaptor.getDilations(), spatial, 1,
                            error)) ||
      failed(verifyConvList("pads", adaptor.getPads(), 2 * spatial, 0, error)))
    return failure();
  Value bias = adaptor.getBias();
  for (Value operand : {adaptor.getWeights(), bias})
    if (operand &&
        getTensorType(operand).getElementType() != type.getElementType())
      return error("operands have different element types ",
                   type.getElementType(), " and ",
                   getTensorType(operand).getElementType());
  SymbolicShape have = scope.getDims(adaptor.getInput());
  SymbolicShape kernel = scope.getDims(adaptor.getWeights());
  int64_t group = adaptor.getGroup();
  if (group < 1)
    return error("has ", group, " groups, expected at least 1");
  std::optional<int64_t> channels = have[1].getConstant();
  std::optional<int64_t> depth = kernel[1].getConstant();
  std::optional<int64_t> outputs = kernel[0].getConstant();
  if (channels && depth &&
      (*channels % group != 0 || *channels / group != *depth))
    return error("has ", *channels, " input channels in ", group,
                 " groups for weights of ", *depth);
  if (outputs && *outputs % group != 0)
    return error("has ", *outputs, " output channels for ", group, " groups");
  if (bias) {
    if (getTensorType(bias).getRank() != 1)
      return error("bias has rank ", getTensorType(bias).getRank(),
                   ", expected 1");
    std::optional<int64_t> size = scope.getDim(bias, 0).getConstant();
    if (size && outputs && *size != *outputs)
      return error("bias has ", *size, " elements for ", *outputs,
                   " output channels");
  }

  SymbolicShape dims = {have[0], kernel[0]};
  for (int64_t i = 0; i < spatial; ++i) {
    ShapeExpr padded =
        have[2 + i] + adaptor.getPads()[i] + adaptor.getPads()[spatial + i];
    ShapeExpr window = (kernel[2 + i] - 1) * adaptor.getDilations()[i] + 1;
    std::optional<int64_t> left = padded.getConstant();
    std::optional<int64_t> right = window.getConstant();
    if (right && *right < 1)
      return error("has a kernel of extent 0 in dimension ", i);
    if (left && right && *left < *right)
      return error("has a kernel that spans ", *right, " of ", *left,
                   " elements in dimension ", i);
    dims.push_back(scope.floorDiv(padded - window, adaptor.getStrides()[i]) +
                   1);
  }
  results.push_back({std::move(dims), type.getElementType()});
  return success();
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<StringRef>> EinsumOp::parseEquation(StringRef equation) {
  auto [inputs, output] = equation.split("->");
  if (!equation.contains("->"))
    return failure();
  SmallVector<StringRef> letters;
  inputs.split(letters, ',');
  letters.push_back(output);
  for (StringRef term : letters)
    if (!llvm::all_of(term, llvm::isAlpha))
      return failure();
  return letters;
}

LogicalResult EinsumOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                     const ShapeErrors &error,
                                     SmallVectorImpl<InferredTensor> &results) {
  StringRef equation = adaptor.getEquation();
  FailureOr<SmallVector<StringRef>> letters = parseEquation(equation);
  if (failed(letters))
    return error("has equation \"", equation,
                 "\", expected letters, commas and one '->'");
  StringRef output = letters->pop_back_val();
  if (letters->size() != adaptor.getInputs().size() || letters->empty())
    return error("has ", adaptor.getInputs().size(),
                 " operands for the equation \"", equation, "\"");
  std::map<char, ShapeExpr> extents;
  Type elementType = getTensorType(adaptor.getInputs()[0]).getElementType();
  for (auto [term, input] : llvm::zip_equal(*letters, adaptor.getInputs())) {
    RankedTensorType type = getTensorType(input);
    if (type.getElementType() != elementType)
      return error("operands have different element types ", elementType,
                   " and ", type.getElementType());
    if (type.getRank() != static_cast<int64_t>(term.size()))
      return error("has an operand of rank ", type.getRank(), " for \"", term,
                   "\"");
    for (auto [letter, dim] : llvm::zip_equal(term, scope.getDims(input))) {
      auto [it, isNew] = extents.try_emplace(letter, dim);
      std::optional<int64_t> left = it->second.getConstant();
      std::optional<int64_t> right = dim.getConstant();
      if (left && right && *left != *right && *left != 1 && *right != 1)
        return error("letter '", StringRef(&letter, 1), "' stands for ", *left,
                     " and ", *right);
      if (!isNew)
        it->second = scope.broadcast(it->second, dim);
    }
  }
  SymbolicShape dims;
  for (auto [index, letter] : llvm::enumerate(output)) {
    auto it = extents.find(letter);
    if (it == extents.end() || output.take_front(index).contains(letter))
      return error("the result has letter '", StringRef(&letter, 1), "' ",
                   it == extents.end() ? "which no operand has" : "twice");
    dims.push_back(it->second);
  }
  results.push_back({std::move(dims), elementType});
  return success();
}
