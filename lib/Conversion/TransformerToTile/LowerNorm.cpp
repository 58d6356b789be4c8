//===- LowerNorm.cpp - Norms of rows as kernels ---------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "RowLaunch.h"
#include "Steps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "ockham/Kernels/Kernels.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;
using namespace ockham::tfm_to_tile;

static Divisor getDivisor(tfm::NormOp op) {
  if (op.getKind() != tfm::NormKind::Fixed)
    return Divisor::Statistic;
  switch (op.getStdAxis()) {
  case tfm::StdAxis::None:
    return Divisor::Scalar;
  case tfm::StdAxis::Channel:
    return Divisor::Channel;
  case tfm::StdAxis::Position:
    return Divisor::Position;
  }
  llvm_unreachable("all axes are listed");
}

/// A name that tells kernels apart but for eps.
static std::string getName(tfm::NormOp op, const NormOptions &options) {
  std::string name;
  llvm::raw_string_ostream os(name);
  os << tfm::stringifyNormKind(op.getKind()) << "_norm_" << options.columns;
  if (options.divisor == Divisor::Channel)
    os << "_channel";
  if (options.divisor == Divisor::Position)
    os << "_position";
  if (options.past)
    os << "_past_" << options.past;
  os << (op.getUncentred() ? "_uncentred" : "")
     << (op.getScale() ? "_scale" : "") << (op.getShift() ? "_shift" : "")
     << (options.epsOutside ? "_eps_outside" : "");
  return name;
}

std::string
tfm_to_tile::convertNorm(KernelGroup group, KernelCache &kernels,
                         const tfm_to_tile::Preferences &preferences) {
  auto op = cast<tfm::NormOp>(group.getRoot());
  std::string problem = checkRows(op, op.getInput());
  for (Operation *step : group.getSteps())
    if (problem.empty())
      problem = checkRows(step, step->getResult(0));
  if (!problem.empty())
    return problem;
  auto type = op.getInput().getType();
  NormOptions options;
  options.element = type.getElementType();
  options.columns = type.getShape().back();
  options.blockRows = preferences.getRowBlock(options.columns);
  options.blockColumns = preferences.rowColumns;
  options.centred =
      op.getKind() == tfm::NormKind::Layer ||
      (op.getKind() == tfm::NormKind::Fixed && !op.getUncentred());
  options.divisor = getDivisor(op);
  options.eps = op.getEps().convertToDouble();
  options.epsOutside = op.getEpsOutside();
  if (op.getPast())
    options.past = op.getPast().getType().getElementType();
  if (op.getStd())
    options.divisorElement = getElementTypeOrSelf(op.getStd());

  OpBuilder b(group.getOp());
  Location loc = op.getLoc();
  StepList list(options.columns);
  list.addGain(op.getScale());
  list.addBias(op.getShift());
  list.name.clear();
  Value current = list.addChain(b, group.getSteps(), op.getResult());
  options.steps = list.steps;
  options.result = getElementTypeOrSelf(current);
  Value input = toMatrix(b, loc, op.getInput());
  SmallVector<Value> inputs{input}, grid;
  if (options.divisor == Divisor::Position) {
    inputs.push_back(toColumn(b, loc, op.getStd()));
    inputs.push_back(b.createOrFold<tensor::DimOp>(loc, op.getStd(), 0));
    if (op.getPast())
      inputs.push_back(toColumn(b, loc, op.getPast()));
    grid = {
        countElements(b, loc, op.getInput(), 2),
        b.createOrFold<tensor::DimOp>(loc, op.getInput(), type.getRank() - 2)};
  } else {
    if (op.getStd())
      inputs.push_back(op.getStd());
    grid = {b.createOrFold<tensor::DimOp>(loc, input, 0)};
  }
  llvm::append_range(inputs, list.inputs);
  tile::KernelOp kernel =
      kernels.get(getName(op, options) + list.name, options.eps,
                  options.element, options.result, getElementTypes(inputs),
                  [&](OpBuilder &builder, StringRef name) {
                    return buildNorm(builder, loc, name, options);
                  });
  Value result = launchRows(b, loc, kernel, grid, inputs,
                            tensor::getMixedSize(b, loc, input, 0),
                            options.columns, options.result);
  group.replace(current, fromMatrix(b, loc, result, op.getInput(),
                                    cast<RankedTensorType>(current.getType())));
  group.erase();
  return "";
}
