//===- Steps.cpp - What happens to a block before it is stored ------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Steps.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;

void kernels::appendStepTypes(SmallVectorImpl<Type> &types,
                              ArrayRef<EpilogueStep> steps, int64_t columns,
                              Type element) {
  auto view = [&](int64_t rows, int64_t cols) {
    types.push_back(
        tile::ViewType::get(element.getContext(), rows, cols, element));
  };
  constexpr int64_t any = ShapedType::kDynamic;
  for (const EpilogueStep &step : steps) {
    switch (step.kind) {
    case EpilogueStep::Bias:
    case EpilogueStep::Gain:
    case EpilogueStep::Divide:
      view(1, step.isScalar ? 1 : columns);
      break;
    case EpilogueStep::RowScale:
      view(any, 1);
      break;
    case EpilogueStep::Add:
      view(any, columns);
      break;
    case EpilogueStep::AddScaled:
      view(1, step.isScalar ? 1 : columns);
      view(any, columns);
      break;
    case EpilogueStep::Activate:
      if (step.hasSlope)
        view(1, 1);
      break;
    case EpilogueStep::Erf:
      break;
    }
  }
}

Value kernels::applySteps(KernelBuilder &b, Value block,
                          ArrayRef<EpilogueStep> steps, ValueRange arguments,
                          Value row, Value col) {
  auto type = cast<RankedTensorType>(block.getType());
  int64_t m = type.getDimSize(0), n = type.getDimSize(1);
  Value zero = b.index(0);
  auto take = [&] {
    Value argument = arguments.front();
    arguments = arguments.drop_front();
    return argument;
  };
  auto loadVector = [&](const EpilogueStep &step) {
    return step.isScalar ? b.load(take(), zero, zero, 1, 1)
                         : b.load(take(), zero, col, 1, n);
  };
  for (const EpilogueStep &step : steps) {
    switch (step.kind) {
    case EpilogueStep::Bias:
      block = b.add(block, loadVector(step));
      break;
    case EpilogueStep::Gain:
      block = b.mul(block, loadVector(step));
      break;
    case EpilogueStep::Divide:
      block = b.div(block, loadVector(step));
      break;
    case EpilogueStep::RowScale:
      block = b.mul(block, b.load(take(), row, zero, m, 1));
      break;
    case EpilogueStep::Add:
      block = b.add(block, b.load(take(), row, col, m, n));
      break;
    case EpilogueStep::AddScaled: {
      Value gain = loadVector(step);
      block = b.add(block, b.mul(gain, b.load(take(), row, col, m, n)));
      break;
    }
    case EpilogueStep::Activate: {
      Value slope;
      if (step.hasSlope)
        slope = b.load(take(), zero, zero, 1, 1);
      block = b.activate(step.activation, block, slope);
      break;
    }
    case EpilogueStep::Erf:
      block = math::ErfOp::create(b, block);
      break;
    }
  }
  return block;
}
