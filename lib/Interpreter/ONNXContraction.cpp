//===- ONNXContraction.cpp - Convolution, Einsum --------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"
#include "dialects/ONNX/ONNXDialect.h"

#include <map>

using namespace mlir;

namespace ockham::interpreter {

//===----------------------------------------------------------------------===//
// Conv
//===----------------------------------------------------------------------===//

/// The shape of the result of a convolution.
static llvm::Expected<Extents> getConvShape(onnx::ConvOp op, const Tensor &x,
                                            const Tensor &weights) {
  int64_t spatial = x.getRank() - 2;
  int64_t group = op.getGroup();
  if (spatial < 1 || weights.getRank() != x.getRank() || group < 1 ||
      weights.getDim(1) * group != x.getDim(1) ||
      weights.getDim(0) % group != 0)
    return makeError("input of shape " + formatShape(x.getShape()) +
                     " and weights of shape " +
                     formatShape(weights.getShape()) + " in " +
                     llvm::Twine(group) + " groups");
  Extents shape = {x.getDim(0), weights.getDim(0)};
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t padded =
        x.getDim(2 + i) + op.getPads()[i] + op.getPads()[spatial + i];
    int64_t window = (weights.getDim(2 + i) - 1) * op.getDilations()[i] + 1;
    if (window < 1 || window > padded)
      return makeError("a kernel that spans " + llvm::Twine(window) + " of " +
                       llvm::Twine(padded) + " elements in dimension " +
                       llvm::Twine(i));
    shape.push_back((padded - window) / op.getStrides()[i] + 1);
  }
  return shape;
}

static llvm::Expected<Tensor> evaluateConv(onnx::ConvOp op, Frame &frame) {
  const Tensor &x = frame.get(op.getInput());
  const Tensor &weights = frame.get(op.getWeights());
  const Tensor *bias = frame.find(op.getBias());
  llvm::Expected<Extents> shape = getConvShape(op, x, weights);
  if (!shape)
    return shape.takeError();
  if (bias && bias->size() != weights.getDim(0))
    return makeError("bias of shape " + formatShape(bias->getShape()) +
                     " for " + llvm::Twine(weights.getDim(0)) +
                     " output channels");
  llvm::Expected<Tensor> result = Tensor::create(x.getDType(), *shape);
  if (!result)
    return result;
  int64_t spatial = x.getRank() - 2, depth = weights.getDim(1);
  int64_t perGroup = weights.getDim(0) / op.getGroup();
  Extents kernel(weights.getShape().drop_front());
  forEachIndex(*shape, [&](ArrayRef<int64_t> at, int64_t to) {
    double sum = bias ? bias->getFloat(at[1]) : 0;
    forEachIndex(kernel, [&](ArrayRef<int64_t> tap, int64_t position) {
      Extents from = {at[0], at[1] / perGroup * depth + tap[0]};
      for (int64_t i = 0; i < spatial; ++i) {
        int64_t here = at[2 + i] * op.getStrides()[i] +
                       tap[1 + i] * op.getDilations()[i] - op.getPads()[i];
        if (here < 0 || here >= x.getDim(2 + i))
          return;
        from.push_back(here);
      }
      sum += x.getFloat(getPosition(from, x.getShape())) *
             weights.getFloat(at[1] * getProduct(kernel) + position);
    });
    result->setFloat(to, sum);
  });
  return result;
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

static llvm::Expected<Tensor> evaluateEinsum(onnx::EinsumOp op, Frame &frame) {
  SmallVector<StringRef> terms = op.getLetters();
  StringRef output = terms.pop_back_val();
  SmallVector<const Tensor *> operands;
  std::map<char, int64_t> extents;
  for (auto [term, input] : llvm::zip_equal(terms, op.getInputs())) {
    const Tensor &tensor = frame.get(input);
    operands.push_back(&tensor);
    for (auto [letter, extent] : llvm::zip_equal(term, tensor.getShape())) {
      int64_t &known = extents.try_emplace(letter, extent).first->second;
      if (known != extent && known != 1 && extent != 1)
        return makeError("letter '" + llvm::Twine(letter) + "' stands for " +
                         llvm::Twine(known) + " and " + llvm::Twine(extent));
      if (known == 1)
        known = extent;
    }
  }
  // The result's letters outside, the others inside.
  std::string inner;
  Extents shape, depth;
  for (char letter : output)
    shape.push_back(extents[letter]);
  for (auto [letter, extent] : extents)
    if (!output.contains(letter)) {
      inner += letter;
      depth.push_back(extent);
    }
  llvm::Expected<Tensor> result =
      Tensor::create(operands.front()->getDType(), shape);
  if (!result)
    return result;
  forEachIndex(shape, [&](ArrayRef<int64_t> at, int64_t to) {
    double sum = 0;
    uint64_t whole = 0;
    forEachIndex(depth, [&](ArrayRef<int64_t> within, int64_t) {
      double product = 1;
      uint64_t wholeProduct = 1;
      for (auto [term, operand] : llvm::zip_equal(terms, operands)) {
        Extents from;
        for (auto [letter, extent] :
             llvm::zip_equal(term, operand->getShape())) {
          size_t position = output.find(letter);
          int64_t index = position != StringRef::npos
                              ? at[position]
                              : within[inner.find(letter)];
          from.push_back(extent == 1 ? 0 : index);
        }
        int64_t position = getPosition(from, operand->getShape());
        if (operand->isFloat())
          product *= operand->getFloat(position);
        else
          wholeProduct *= static_cast<uint64_t>(operand->getInt(position));
      }
      sum += product;
      whole += wholeProduct;
    });
    if (result->isFloat())
      result->setFloat(to, sum);
    else
      result->setInt(to, static_cast<int64_t>(whole));
  });
  return result;
}

void addONNXContractionOps(OpTable &table) {
  table.add<onnx::ConvOp>(evaluateConv);
  table.add<onnx::EinsumOp>(evaluateEinsum);
}

} // namespace ockham::interpreter
