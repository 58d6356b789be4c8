//===- Math.cpp - Functions of one or more numbers ------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "Evaluator.h"

#include <cmath>

using namespace mlir;

namespace ockham::interpreter {

/// A function of the elements of operands of one shape.
template <typename OpTy>
static void addFunction(OpTable &table, double (*fn)(ArrayRef<double>)) {
  table.add<OpTy>([=](OpTy op, Frame &frame) -> llvm::Expected<Tensor> {
    Tensor result = frame.get(op->getOperand(0));
    for (Value operand : op->getOperands())
      if (frame.get(operand).getShape() != result.getShape())
        return makeError("operands of shape " + formatShape(result.getShape()) +
                         " and " + formatShape(frame.get(operand).getShape()));
    SmallVector<double, 3> values(op->getNumOperands());
    for (int64_t i = 0, e = result.size(); i < e; ++i) {
      for (auto [value, operand] : llvm::zip(values, op->getOperands()))
        value = frame.get(operand).getFloat(i);
      result.setFloat(i, fn(values));
    }
    return result;
  });
}

void addMathOps(OpTable &table) {
  using namespace math;
  using Values = ArrayRef<double>;
  addFunction<AbsFOp>(table, [](Values v) { return std::fabs(v[0]); });
  addFunction<CosOp>(table, [](Values v) { return std::cos(v[0]); });
  addFunction<ErfOp>(table, [](Values v) { return std::erf(v[0]); });
  addFunction<ExpOp>(table, [](Values v) { return std::exp(v[0]); });
  addFunction<Exp2Op>(table, [](Values v) { return std::exp2(v[0]); });
  addFunction<FmaOp>(table, [](Values v) { return v[0] * v[1] + v[2]; });
  addFunction<LogOp>(table, [](Values v) { return std::log(v[0]); });
  addFunction<Log2Op>(table, [](Values v) { return std::log2(v[0]); });
  addFunction<PowFOp>(table, [](Values v) { return std::pow(v[0], v[1]); });
  addFunction<RsqrtOp>(table, [](Values v) { return 1 / std::sqrt(v[0]); });
  addFunction<SinOp>(table, [](Values v) { return std::sin(v[0]); });
  addFunction<SqrtOp>(table, [](Values v) { return std::sqrt(v[0]); });
  addFunction<TanhOp>(table, [](Values v) { return std::tanh(v[0]); });
}

} // namespace ockham::interpreter
