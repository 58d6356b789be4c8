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

Value createGelu(NodeImporter &n, Value x, bool isTanh) {
  if (!x)
    return Value();
  Type element = n.getElement(x);
  auto scalar = [&](double value) { return n.createScalar(element, value); };
  Value inner;
  if (isTanh) {
    // tanh(sqrt(2 / pi) * (x + 0.044715 x^3))
    Value cube = n.create<onnx::PowOp>(element, x, scalar(3));
    Value sum = n.create<onnx::AddOp>(
        element, x, n.create<onnx::MulOp>(element, cube, scalar(0.044715)));
    inner = n.create<onnx::TanhOp>(
        element,
        n.create<onnx::MulOp>(element, sum, scalar(0.79788456080286535588)));
  } else {
    inner = n.create<onnx::ErfOp>(
        element,
        n.create<onnx::DivOp>(element, x, scalar(1.41421356237309504880)));
  }
  Value gate = n.create<onnx::AddOp>(element, inner, scalar(1));
  Value product = n.create<onnx::MulOp>(element, x, gate);
  return n.create<onnx::MulOp>(element, product, scalar(0.5));
}

LogicalResult importGelu(NodeImporter &n) {
  StringRef approximate = n.getString("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return n.fail("approximate is " + quote(approximate) +
                  ", expected 'none' or 'tanh'");
  if (failed(n.requireFloat(n.getOperand(0))))
    return failure();
  return n.setResult(createGelu(n, n.getOperand(0), approximate == "tanh"));
}

Value createSwish(NodeImporter &n, Value x, double alpha) {
  Type element = n.getElement(x);
  Value scaled = x;
  if (alpha != 1)
    scaled = n.create<onnx::MulOp>(element, x, n.createScalar(element, alpha));
  return n.create<onnx::MulOp>(element, x,
                               n.create<onnx::SigmoidOp>(element, scaled));
}

LogicalResult importSwish(NodeImporter &n) {
  if (failed(n.requireFloat(n.getOperand(0))))
    return failure();
  return n.setResult(createSwish(n, n.getOperand(0), n.getFloat("alpha", 1)));
}

/// `min(max(x, low), high)`; bounds may be null.
static Value createClip(NodeImporter &n, Value x, Value low, Value high) {
  Type element = n.getElement(x);
  if (low)
    x = n.create<onnx::MaxOp>(element, x, low);
  if (high)
    x = n.create<onnx::MinOp>(element, x, high);
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

//===----------------------------------------------------------------------===//
// Formulas of the node's one operand
//===----------------------------------------------------------------------===//

namespace {
/// Writes a formula with numbers of the operand's element type.
class Formula {
public:
  explicit Formula(NodeImporter &n)
      : n(n), x(n.getOperand(0)), element(n.getElement(x)) {}

  Value number(double value) { return n.createScalar(element, value); }
  Value add(Value lhs, Value rhs) {
    return n.create<onnx::AddOp>(element, lhs, rhs);
  }
  Value sub(Value lhs, Value rhs) {
    return n.create<onnx::SubOp>(element, lhs, rhs);
  }
  Value mul(Value lhs, Value rhs) {
    return n.create<onnx::MulOp>(element, lhs, rhs);
  }
  Value div(Value lhs, Value rhs) {
    return n.create<onnx::DivOp>(element, lhs, rhs);
  }
  Value exp(Value value) { return n.create<onnx::ExpOp>(element, value); }
  Value abs(Value value) { return n.create<onnx::AbsOp>(element, value); }
  /// `condition(x, bound) ? lhs : rhs`
  template <typename Condition>
  Value choose(double bound, Value lhs, Value rhs) {
    Value holds =
        n.create<Condition>(n.getBuilder().getI1Type(), x, number(bound));
    return n.create<onnx::WhereOp>(element, holds, lhs, rhs);
  }

  /// `alpha * (exp(x) - 1)`
  Value expMinusOne(double alpha, Value value) {
    return mul(number(alpha), sub(exp(value), number(1)));
  }
  /// `max(0, min(1, alpha * x + beta))`
  Value hardSigmoid(double alpha, double beta) {
    Value line = add(mul(x, number(alpha)), number(beta));
    return createClip(n, line, number(0), number(1));
  }
  /// `log(1 + exp(x))`, written so that nothing overflows.
  Value softplus() {
    Value small = exp(n.create<onnx::NegOp>(element, abs(x)));
    Value log = n.create<onnx::LogOp>(element, add(number(1), small));
    return add(n.create<onnx::ReluOp>(element, x), log);
  }

  NodeImporter &n;
  Value x;
  Type element;
};
} // namespace

/// The formula's value, if the operand is a float.
static LogicalResult importFormula(NodeImporter &n,
                                   llvm::function_ref<Value(Formula &)> build) {
  if (failed(n.requireFloat(n.getOperand(0))))
    return failure();
  Formula formula(n);
  return n.setResult(build(formula));
}

LogicalResult importElu(NodeImporter &n) {
  double alpha = n.getFloat("alpha", 1);
  return importFormula(n, [=](Formula &f) {
    return f.choose<onnx::LessOp>(0, f.expMinusOne(alpha, f.x), f.x);
  });
}

LogicalResult importSelu(NodeImporter &n) {
  double alpha = n.getFloat("alpha", 1.67326319217681884765625);
  double gamma = n.getFloat("gamma", 1.05070102214813232421875);
  return importFormula(n, [=](Formula &f) {
    return f.choose<onnx::GreaterOp>(0, f.mul(f.number(gamma), f.x),
                                     f.expMinusOne(gamma * alpha, f.x));
  });
}

LogicalResult importCelu(NodeImporter &n) {
  double alpha = n.getFloat("alpha", 1);
  if (alpha == 0)
    return n.fail("alpha is 0, expected another number");
  return importFormula(n, [=](Formula &f) {
    Value scaled = f.div(f.x, f.number(alpha));
    return f.choose<onnx::LessOp>(0, f.expMinusOne(alpha, scaled), f.x);
  });
}

LogicalResult importHardSigmoid(NodeImporter &n) {
  double alpha = n.getFloat("alpha", 0.2f), beta = n.getFloat("beta", 0.5);
  return importFormula(n,
                       [=](Formula &f) { return f.hardSigmoid(alpha, beta); });
}

LogicalResult importHardSwish(NodeImporter &n) {
  return importFormula(
      n, [](Formula &f) { return f.mul(f.x, f.hardSigmoid(1.0 / 6, 0.5)); });
}

LogicalResult importSoftplus(NodeImporter &n) {
  return importFormula(n, [](Formula &f) { return f.softplus(); });
}

LogicalResult importMish(NodeImporter &n) {
  return importFormula(n, [&](Formula &f) {
    return f.mul(f.x, n.create<onnx::TanhOp>(f.element, f.softplus()));
  });
}

LogicalResult importSoftsign(NodeImporter &n) {
  return importFormula(
      n, [](Formula &f) { return f.div(f.x, f.add(f.number(1), f.abs(f.x))); });
}

LogicalResult importThresholdedRelu(NodeImporter &n) {
  double alpha = n.getFloat("alpha", 1);
  return importFormula(n, [=](Formula &f) {
    return f.choose<onnx::GreaterOp>(alpha, f.x, f.number(0));
  });
}

LogicalResult importShrink(NodeImporter &n) {
  double lambda = n.getFloat("lambd", 0.5), bias = n.getFloat("bias", 0);
  return importFormula(n, [=](Formula &f) {
    Value above = f.choose<onnx::GreaterOp>(lambda, f.sub(f.x, f.number(bias)),
                                            f.number(0));
    return f.choose<onnx::LessOp>(-lambda, f.add(f.x, f.number(bias)), above);
  });
}

} // namespace ockham::importer
