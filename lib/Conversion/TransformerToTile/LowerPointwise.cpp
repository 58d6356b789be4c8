//===- LowerPointwise.cpp - Activations, residuals, gains as kernels ------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A chain of ops is one kernel: rows are read once and written once.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "RowLaunch.h"
#include "Steps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;
using namespace ockham::tfm_to_tile;

bool tfm_to_tile::isPointwise(Operation *op) {
  if (auto norm = dyn_cast_or_null<tfm::NormOp>(op))
    return norm.getKind() == tfm::NormKind::Tanh ||
           norm.getKind() == tfm::NormKind::Erf;
  return isa_and_nonnull<tfm::ActivationOp, tfm::ScaleOp, tfm::AddScaledOp,
                         tfm::GateOp, tfm::CastOp>(op);
}

std::string
tfm_to_tile::convertPointwise(KernelGroup group, KernelCache &kernels,
                              const tfm_to_tile::Preferences &preferences) {
  Operation *root = group.getRoot();
  std::string problem = checkRows(root, root->getResult(0));
  for (Operation *op : group.getSteps())
    if (problem.empty())
      problem = checkRows(op, op->getResult(0));
  if (!problem.empty())
    return problem;

  OpBuilder b(group.getOp());
  Location loc = root->getLoc();
  auto type = cast<RankedTensorType>(root->getResult(0).getType());
  RowMapOptions options;
  options.columns = type.getShape().back();
  options.blockRows = preferences.getRowBlock(options.columns);
  options.blockColumns = preferences.rowColumns;
  StepList list(options.columns);
  Value input = root->getOperand(0);
  list.addOp(b, root, input);
  Value current = list.addChain(b, group.getSteps(), root->getResult(0));
  options.steps = list.steps;
  options.element = getElementTypeOrSelf(input);
  options.result = getElementTypeOrSelf(current);
  Value rows = toMatrix(b, loc, input);
  SmallVector<Value> inputs{rows};
  llvm::append_range(inputs, list.inputs);
  tile::KernelOp kernel = kernels.get(
      "rows_" + std::to_string(options.columns) + list.name,
      /*numbers=*/{}, options.element, options.result, getElementTypes(inputs),
      [&](OpBuilder &builder, StringRef name) {
        return buildRowMap(builder, loc, name, options);
      });
  Value result = launchRows(
      b, loc, kernel, b.createOrFold<tensor::DimOp>(loc, rows, 0), inputs,
      tensor::getMixedSize(b, loc, rows, 0), options.columns, options.result);
  group.replace(current, fromMatrix(b, loc, result, input,
                                    cast<RankedTensorType>(current.getType())));
  group.erase();
  return "";
}
