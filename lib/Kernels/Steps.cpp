//===- Steps.cpp - What happens to a block before it is stored ------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Steps.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;

void kernels::appendStepTypes(SmallVectorImpl<Type> &types,
                              ArrayRef<EpilogueStep> steps, int64_t columns,
                              Type element) {
  auto view = [&](int64_t rows, int64_t cols, Type stored) {
    types.push_back(tile::ViewType::get(element.getContext(), rows, cols,
                                        stored ? stored : element));
  };
  constexpr int64_t any = ShapedType::kDynamic;
  for (const EpilogueStep &step : steps) {
    switch (step.kind) {
    case EpilogueStep::Bias:
    case EpilogueStep::Gain:
    case EpilogueStep::Divide:
      view(1, step.isScalar ? 1 : columns, step.vector);
      break;
    case EpilogueStep::RowScale:
      view(any, 1, step.vector);
      break;
    case EpilogueStep::Add:
    case EpilogueStep::Multiply:
      view(any, columns, step.matrix);
      break;
    case EpilogueStep::AddScaled:
      view(1, step.isScalar ? 1 : columns, step.vector);
      view(any, columns, step.matrix);
      break;
    case EpilogueStep::Activate:
      if (step.hasSlope)
        view(1, 1, step.vector);
      break;
    case EpilogueStep::Erf:
      break;
    }
  }
}

size_t kernels::countArguments(ArrayRef<EpilogueStep> steps) {
  size_t count = 0;
  for (const EpilogueStep &step : steps)
    switch (step.kind) {
    case EpilogueStep::Bias:
    case EpilogueStep::Gain:
    case EpilogueStep::Divide:
    case EpilogueStep::RowScale:
    case EpilogueStep::Add:
    case EpilogueStep::Multiply:
      ++count;
      break;
    case EpilogueStep::AddScaled:
      count += 2;
      break;
    case EpilogueStep::Activate:
      count += step.hasSlope;
      break;
    case EpilogueStep::Erf:
      break;
    }
  return count;
}

/// What `apply` makes of the columns [begin, end) of a block from column `col`
/// on. Blocks without such columns are not touched; a block that has others,
/// too, keeps those.
static Value applyToColumns(KernelBuilder &b, Value block, int64_t begin,
                            int64_t end, Value col,
                            llvm::function_ref<Value(Value)> apply) {
  auto type = cast<RankedTensorType>(block.getType());
  int64_t n = type.getDimSize(1);
  bool whole = begin % n == 0 && end % n == 0;
  // The first column of a block that has some of them. Where blocks do not
  // straddle an end, they may be made smaller, and the bound still holds.
  Value first = b.index(whole ? begin : std::max<int64_t>(begin - n + 1, 0));
  Value inside = arith::AndIOp::create(
      b, arith::CmpIOp::create(b, arith::CmpIPredicate::sge, col, first),
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, col, b.index(end)));
  auto branch = scf::IfOp::create(b, b.getLoc(), TypeRange{type}, inside,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  Value result = apply(block);
  if (!whole) {
    auto positions = b.type(1, n, b.getI32Type());
    Value column = b.addInts(tile::IotaOp::create(b, positions),
                             b.broadcast(b.toI32(col), positions));
    auto bound = [&](int64_t value) {
      return b.broadcast(
          arith::ConstantOp::create(b, b.getI32IntegerAttr(value)), positions);
    };
    Value mask = arith::AndIOp::create(
        b, b.compare(arith::CmpIPredicate::sge, column, bound(begin)),
        b.compare(arith::CmpIPredicate::slt, column, bound(end)));
    result = b.select(mask, result, block);
  }
  scf::YieldOp::create(b, ValueRange{result});
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, ValueRange{block});
  return branch.getResult(0);
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
  auto onColumns = [&](const EpilogueStep &step,
                       llvm::function_ref<Value(Value)> apply) {
    return step.end == 0
               ? apply(block)
               : applyToColumns(b, block, step.begin, step.end, col, apply);
  };
  for (const EpilogueStep &step : steps) {
    Value vector;
    switch (step.kind) {
    case EpilogueStep::Bias:
      vector = loadVector(step);
      block = onColumns(step, [&](Value part) { return b.add(part, vector); });
      break;
    case EpilogueStep::Gain:
      vector = loadVector(step);
      block = onColumns(step, [&](Value part) { return b.mul(part, vector); });
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
    case EpilogueStep::Multiply:
      block = b.mul(block, b.load(take(), row, col, m, n));
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
      block = onColumns(step, [&](Value part) {
        return b.activate(step.activation, part, slope);
      });
      break;
    }
    case EpilogueStep::Erf:
      block = onColumns(step, [&](Value part) -> Value {
        return math::ErfOp::create(b, part);
      });
      break;
    }
  }
  return block;
}
