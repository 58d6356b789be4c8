//===- Steps.cpp - Point-wise work beside a kernel's own ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Steps.h"

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
  inputs.push_back(vector);
  name += (isScalar(vector) ? "_scalar_" : "_") + what.str();
}

void StepList::addRowScale(Value scale) {
  steps.push_back({EpilogueStep::RowScale});
  inputs.push_back(scale);
  name += "_row_scale";
}

void StepList::addMatrix(Value matrix) {
  if (!matrix)
    return;
  steps.push_back({EpilogueStep::Add});
  inputs.push_back(matrix);
  name += "_add";
}

void StepList::addScaled(Value gain, Value matrix) {
  if (!gain)
    return addMatrix(matrix);
  steps.push_back({EpilogueStep::AddScaled});
  steps.back().isScalar = isScalar(gain);
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
  inputs.push_back(slope);
}
