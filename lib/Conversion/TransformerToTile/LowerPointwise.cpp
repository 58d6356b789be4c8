//===- LowerPointwise.cpp - Activations, residuals, gains as kernels ------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A chain of ops, each the only reader of the one before, is one kernel: rows
// are read once and written once.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "RowLaunch.h"
#include "Steps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;
using namespace ockham::tfm_to_tile;

bool tfm_to_tile::isPointwise(Operation *op) {
  if (auto norm = dyn_cast_or_null<tfm::NormOp>(op))
    return norm.getKind() == tfm::NormKind::Tanh ||
           norm.getKind() == tfm::NormKind::Erf;
  return isa_and_nonnull<tfm::ActivationOp, tfm::ScaleOp, tfm::AddScaledOp>(op);
}

/// True if the op that gives `value` can be computed together with `user`, its
/// only reader.
static bool joins(Value value, Operation *user) {
  Operation *def = value.getDefiningOp();
  return isPointwise(def) && value.hasOneUse() &&
         def->getBlock() == user->getBlock() && checkRows(def, value).empty();
}

/// The operand of a sum that the chain goes on with.
static bool continuesWithLhs(tfm::AddScaledOp op) {
  return joins(op.getLhs(), op) || !joins(op.getRhs(), op);
}

static Value getChainInput(Operation *op) {
  auto sum = dyn_cast<tfm::AddScaledOp>(op);
  return sum && !continuesWithLhs(sum) ? Value(sum.getRhs())
                                       : op->getOperand(0);
}

/// What the op does to its chain input.
static void addSteps(OpBuilder &b, Operation *op, bool withLhs,
                     StepList &list) {
  if (auto activation = dyn_cast<tfm::ActivationOp>(op))
    return list.activate(activation.getKind(), activation.getSlope());
  if (auto scale = dyn_cast<tfm::ScaleOp>(op))
    return list.addGain(scale.getGain());
  if (auto sum = dyn_cast<tfm::AddScaledOp>(op)) {
    list.addGain(withLhs ? sum.getLhsGain() : sum.getRhsGain());
    return list.addScaled(
        withLhs ? sum.getRhsGain() : sum.getLhsGain(),
        toMatrix(b, op->getLoc(), withLhs ? sum.getRhs() : sum.getLhs()));
  }
  auto norm = cast<tfm::NormOp>(op);
  list.addGain(norm.getAlpha());
  list.addBias(norm.getOffset());
  if (norm.getKind() == tfm::NormKind::Erf)
    list.addErf();
  else
    list.activate(tfm::ActivationKind::Tanh, Value());
  list.addGain(norm.getScale());
  list.addBias(norm.getShift());
}

std::string tfm_to_tile::convertPointwise(Operation *last,
                                          KernelCache &kernels) {
  std::string problem = checkRows(last, last->getResult(0));
  if (!problem.empty())
    return problem;
  // From the last op to the first one.
  SmallVector<Operation *> chain{last};
  SmallVector<bool> withLhs;
  Value input;
  while (true) {
    Operation *op = chain.back();
    auto sum = dyn_cast<tfm::AddScaledOp>(op);
    withLhs.push_back(!sum || continuesWithLhs(sum));
    input = getChainInput(op);
    if (!joins(input, op))
      break;
    chain.push_back(input.getDefiningOp());
  }

  OpBuilder b(last);
  Location loc = last->getLoc();
  auto type = cast<RankedTensorType>(last->getResult(0).getType());
  RowMapOptions options;
  options.element = type.getElementType();
  options.columns = type.getShape().back();
  StepList list(options.columns);
  for (auto [op, lhs] : llvm::zip(llvm::reverse(chain), llvm::reverse(withLhs)))
    addSteps(b, op, lhs, list);
  options.steps = list.steps;
  tile::KernelOp kernel =
      kernels.get("rows_" + std::to_string(options.columns) + list.name,
                  /*numbers=*/{}, [&](OpBuilder &builder, StringRef name) {
                    return buildRowMap(builder, loc, name, options);
                  });
  Value rows = toMatrix(b, loc, input);
  SmallVector<Value> inputs{rows};
  llvm::append_range(inputs, list.inputs);
  Value result = launchRows(
      b, loc, kernel, b.createOrFold<tensor::DimOp>(loc, rows, 0), inputs,
      tensor::getMixedSize(b, loc, rows, 0), options.columns);
  last->getResult(0).replaceAllUsesWith(
      fromMatrix(b, loc, result, input, type));
  last->erase();
  return "";
}
