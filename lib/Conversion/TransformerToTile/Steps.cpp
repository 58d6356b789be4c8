//===- Steps.cpp - Point-wise work beside a kernel's own ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Steps.h"

#include "Patterns.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;
using namespace ockham::tfm_to_tile;

bool StepList::isScalar(Value vector) const {
  return cast<RankedTensorType>(vector.getType()).getNumElements() == 1 &&
         columns != 1;
}

void StepList::addVector(EpilogueStep::Kind kind, Value vector,
                         StringRef what) {
  if (!vector)
    return;
  steps.push_back({kind});
  steps.back().isScalar = isScalar(vector);
  steps.back().vector = getElementTypeOrSelf(vector);
  inputs.push_back(vector);
  name += (isScalar(vector) ? "_scalar_" : "_") + what.str();
}

void StepList::addRowScale(Value scale) {
  steps.push_back({EpilogueStep::RowScale});
  steps.back().vector = getElementTypeOrSelf(scale);
  inputs.push_back(scale);
  name += "_row_scale";
}

void StepList::addMatrix(Value matrix) {
  if (!matrix)
    return;
  steps.push_back({EpilogueStep::Add});
  steps.back().matrix = getElementTypeOrSelf(matrix);
  inputs.push_back(matrix);
  name += "_add";
}

void StepList::addScaled(Value gain, Value matrix) {
  if (!gain)
    return addMatrix(matrix);
  steps.push_back({EpilogueStep::AddScaled});
  steps.back().isScalar = isScalar(gain);
  steps.back().vector = getElementTypeOrSelf(gain);
  steps.back().matrix = getElementTypeOrSelf(matrix);
  inputs.append({gain, matrix});
  name += isScalar(gain) ? "_add_scalar_gain" : "_add_gain";
}

void StepList::addErf() {
  steps.push_back({EpilogueStep::Erf});
  name += "_erf";
}

void StepList::activate(tfm::ActivationKind kind, Value slope) {
  steps.push_back({EpilogueStep::Activate});
  steps.back().activation = kind;
  name += ("_" + tfm::stringifyActivationKind(kind)).str();
  if (!slope)
    return;
  steps.back().hasSlope = true;
  steps.back().vector = getElementTypeOrSelf(slope);
  inputs.push_back(slope);
}

void StepList::multiply(Value matrix) {
  steps.push_back({EpilogueStep::Multiply});
  steps.back().matrix = getElementTypeOrSelf(matrix);
  inputs.push_back(matrix);
  name += "_mul";
}

void StepList::addOp(OpBuilder &b, Operation *op, Value current) {
  Location loc = op->getLoc();
  if (auto activation = dyn_cast<tfm::ActivationOp>(op))
    return activate(activation.getKind(), activation.getSlope());
  // Registers hold what it gives.
  if (isa<tfm::CastOp>(op))
    return;
  if (auto scale = dyn_cast<tfm::ScaleOp>(op))
    return addGain(scale.getGain());
  if (auto gate = dyn_cast<tfm::GateOp>(op))
    return multiply(toMatrix(
        b, loc, gate.getLhs() == current ? gate.getRhs() : gate.getLhs()));
  if (auto sum = dyn_cast<tfm::AddScaledOp>(op)) {
    bool isLhs = sum.getLhs() == current;
    addGain(isLhs ? sum.getLhsGain() : sum.getRhsGain());
    return addSummand(b, loc, isLhs ? sum.getRhsGain() : sum.getLhsGain(),
                      isLhs ? sum.getRhs() : sum.getLhs());
  }
  auto norm = cast<tfm::NormOp>(op);
  addGain(norm.getAlpha());
  addBias(norm.getOffset());
  if (norm.getKind() == tfm::NormKind::Erf)
    addErf();
  else
    activate(tfm::ActivationKind::Tanh, Value());
  addGain(norm.getScale());
  addBias(norm.getShift());
}

Value StepList::addChain(OpBuilder &b, ArrayRef<Operation *> members,
                         Value current, Operation *end) {
  for (Operation *member : members) {
    // Gains in front of what others add are part of their steps.
    if (member == end || isa<tfm::SplitOp>(member) ||
        !llvm::is_contained(member->getOperands(), current))
      continue;
    addOp(b, member, current);
    current = member->getResult(0);
  }
  return current;
}

void StepList::addSummand(OpBuilder &b, Location loc, Value gain, Value rows) {
  // A gain in front of it that belongs to the same kernel.
  auto scale = rows.getDefiningOp<tfm::ScaleOp>();
  if (scale && !gain && isa<tfm::FusedOp>(scale->getParentOp())) {
    gain = scale.getGain();
    rows = scale.getInput();
  }
  addScaled(gain, toMatrix(b, loc, rows));
}

void StepList::restrictTo(size_t first, int64_t begin, int64_t end) {
  for (EpilogueStep &step : MutableArrayRef(steps).drop_front(first)) {
    step.begin = begin;
    step.end = end;
  }
  name += "_from_" + std::to_string(begin) + "_to_" + std::to_string(end);
}
