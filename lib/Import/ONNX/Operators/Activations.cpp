//===- Activations.cpp - Activations, as the formulas of the reference ----===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

using namespace mlir;

namespace ockham::importer {

/// `x >= 0 ? x : slope * x`, with the slope of LeakyReLU and PReLU.
static Value createLeaky(NodeImporter &n, Value x, Value slope) {
  Type element = n.getElement(x);
  Value positive = n.create<onnx::GreaterOrEqualOp>(
      n.getBuilder().getI1Type(), x, n.createScalar(element, 0));
  Value scaled = n.create<onnx::MulOp>(element, x, slope);
  return n.create<onnx::WhereOp>(element, positive, x, scaled);
}

LogicalResult importLeakyRelu(NodeImporter &n) {
  Value x = n.getOperand(0);
  if (failed(n.requireFloat(x)))
    return failure();
  Value slope = n.createScalar(n.getElement(x), n.getFloat("alpha", 0.01f));
  return n.setResult(createLeaky(n, x, slope));
}

LogicalResult importPRelu(NodeImporter &n) {
  return n.setResult(createLeaky(n, n.getOperand(0), n.getOperand(1)));
}

LogicalResult importGelu(NodeImporter &n) {
  Value x = n.getOperand(0);
  if (failed(n.requireFloat(x)))
    return failure();
  Type element = n.getElement(x);
  auto scalar = [&](double value) { return n.createScalar(element, value); };
  StringRef approximate = n.getString("approximate", "none");
  Value inner;
  if (approximate == "tanh") {
    // tanh(sqrt(2 / pi) * (x + 0.044715 x^3))
    Value cube = n.create<onnx::PowOp>(element, x, scalar(3));
    Value sum = n.create<onnx::AddOp>(
        element, x, n.create<onnx::MulOp>(element, cube, scalar(0.044715)));
    inner = n.create<onnx::TanhOp>(
        element,
        n.create<onnx::MulOp>(element, sum, scalar(0.79788456080286535588)));
  } else if (approximate == "none") {
    inner = n.create<onnx::ErfOp>(
        element,
        n.create<onnx::DivOp>(element, x, scalar(1.41421356237309504880)));
  } else {
    return n.fail("approximate is " + quote(approximate) +
                  ", expected 'none' or 'tanh'");
  }
  Value gate = n.create<onnx::AddOp>(element, inner, scalar(1));
  Value product = n.create<onnx::MulOp>(element, x, gate);
  return n.setResult(n.create<onnx::MulOp>(element, product, scalar(0.5)));
}

LogicalResult importSwish(NodeImporter &n) {
  Value x = n.getOperand(0), scaled = x;
  Type element = n.getElement(x);
  double alpha = n.getFloat("alpha", 1);
  if (alpha != 1)
    scaled = n.create<onnx::MulOp>(element, x, n.createScalar(element, alpha));
  return n.setResult(n.create<onnx::MulOp>(
      element, x, n.create<onnx::SigmoidOp>(element, scaled)));
}

/// `min(max(x, low), high)`; a NaN in x stays, bounds may be null.
static Value createClip(NodeImporter &n, Value x, Value low, Value high) {
  Type element = n.getElement(x), i1 = n.getBuilder().getI1Type();
  if (low)
    x = n.create<onnx::WhereOp>(element, n.create<onnx::LessOp>(i1, x, low),
                                low, x);
  if (high)
    x = n.create<onnx::WhereOp>(element, n.create<onnx::GreaterOp>(i1, x, high),
                                high, x);
  return x;
}

LogicalResult importClipAttributes(NodeImporter &n) {
  Value x = n.getOperand(0);
  if (failed(n.requireFloat(x)))
    return failure();
  auto bound = [&](StringRef name) {
    return n.hasAttribute(name)
               ? n.createScalar(n.getElement(x), n.getFloat(name, 0))
               : Value();
  };
  return n.setResult(createClip(n, x, bound("min"), bound("max")));
}

LogicalResult importClip(NodeImporter &n) {
  return n.setResult(
      createClip(n, n.getOperand(0), n.getOperand(1), n.getOperand(2)));
}

} // namespace ockham::importer
