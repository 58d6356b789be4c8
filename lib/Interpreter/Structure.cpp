//===- Structure.cpp - Calls, blocks, weights, checks ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/SymbolTable.h"
#include "ockham/Runtime/PackPanels.h"
#include "ockham/Runtime/WeightInit.h"
#include "ockham/Support/ConstantData.h"

using namespace mlir;

namespace ockham::interpreter {

static llvm::Expected<Results> evaluateCall(func::CallOp op, Frame &frame) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      op, op.getCalleeAttr());
  if (!callee)
    return makeError("'@" + op.getCallee() + "' is not a function");
  std::vector<Tensor> arguments;
  for (Value operand : op.getOperands())
    arguments.push_back(frame.get(operand));
  return frame.call(callee, arguments);
}

static llvm::Expected<Results> evaluateIf(scf::IfOp op, Frame &frame) {
  Region &region =
      frame.getInt(op.getCondition()) ? op.getThenRegion() : op.getElseRegion();
  if (region.empty())
    return Results();
  return frame.run(region);
}

static llvm::Expected<Results> evaluateFor(scf::ForOp op, Frame &frame) {
  int64_t upper = frame.getInt(op.getUpperBound());
  int64_t step = frame.getInt(op.getStep());
  if (step < 1)
    return makeError("step is " + llvm::Twine(step) + ", expected at least 1");
  Results carried;
  for (Value init : op.getInitArgs())
    carried.push_back(frame.get(init));
  for (int64_t i = frame.getInt(op.getLowerBound()); i < upper; i += step) {
    SmallVector<Tensor> arguments{Tensor::makeInt(OCKHAM_I64, i)};
    llvm::append_range(arguments, carried);
    llvm::Expected<Results> next = frame.run(op.getRegion(), arguments);
    if (!next)
      return next;
    carried = std::move(*next);
  }
  return carried;
}

/// The branches one after the other.
static llvm::Expected<Results> evaluateParallel(tfm::ParallelOp op,
                                                Frame &frame) {
  Results results;
  for (Region &branch : op.getBranches()) {
    llvm::Expected<Results> part = frame.run(branch);
    if (!part)
      return part;
    results.append(part->begin(), part->end());
  }
  return results;
}

static llvm::Expected<Tensor> evaluateLoadWeight(LoadWeightOp op, Frame &) {
  auto weight =
      SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, op.getWeightAttr());
  if (!weight)
    return makeError("'@" + op.getWeight() + "' is not a weight");
  if (!weight.isLayoutKnown())
    return makeError("weight '@" + op.getWeight() + "' has layout '" +
                     weight.getLayout() + "', expected row-major or panels");
  if (std::optional<ConstantData> data = ConstantData::get(weight))
    return Tensor::fromConstant(*data);
  NormalInitAttr init = weight.getInitAttr();
  if (!init)
    return makeError("weight '@" + op.getWeight() +
                     "' has no content: neither a value nor a recipe");
  RankedTensorType type = weight.getTensorType();
  std::optional<ockham_dtype> dtype = getDType(type.getElementType());
  runtime::WeightRecipe recipe = {
      OCKHAM_INIT_NORMAL, init.getMean().getValueAsDouble(),
      init.getStd().getValueAsDouble(), init.getSeed()};
  if (!dtype || !runtime::canInitialize(*dtype, recipe))
    return makeError("the recipe of weight '@" + op.getWeight() +
                     "' does not fit its type");
  // Made as the runtime makes it, so that both see the same weight.
  llvm::Expected<Tensor> empty = Tensor::create(*dtype, type.getShape());
  if (!empty)
    return empty;
  std::vector<char> bytes(empty->size() * getDTypeBytes(*dtype));
  runtime::initializeWeight(bytes.data(), *dtype, recipe, 0, empty->size());
  runtime::PanelLayout panels;
  if (weight.getStoredType() == type ||
      !runtime::parsePanels(weight.getLayout().str().c_str(),
                            type.getShape().data(), type.getRank(),
                            getDTypeBytes(*dtype), panels))
    return Tensor::fromBytes(*dtype, type.getShape(), bytes);
  std::vector<char> packed(panels.countBytes());
  runtime::packPanels(packed.data(), bytes.data(), panels, 0,
                      panels.countPanels());
  return Tensor::fromBytes(*dtype, weight.getStoredType().getShape(), packed);
}

static llvm::Expected<Results> evaluateCheck(CheckOp op, Frame &frame) {
  if (frame.getInt(op.getCondition()))
    return Results();
  std::string message;
  StringRef rest = op.getMessage();
  for (Value value : op.getValues()) {
    auto [head, tail] = rest.split("{}");
    message += head.str() + std::to_string(frame.getInt(value));
    rest = tail;
  }
  return makeError(message + rest);
}

void addStructureOps(OpTable &table) {
  table.add<func::CallOp>(evaluateCall);
  table.add<scf::IfOp>(evaluateIf);
  table.add<scf::ForOp>(evaluateFor);
  table.add<tfm::BlockOp>(
      [](tfm::BlockOp op, Frame &frame) { return frame.run(op.getBody()); });
  table.add<tfm::FusedOp>(
      [](tfm::FusedOp op, Frame &frame) { return frame.run(op.getBody()); });
  table.add<tfm::ParallelOp>(evaluateParallel);
  table.add<LoadWeightOp>(evaluateLoadWeight);
  table.add<CheckOp>(evaluateCheck);
}

} // namespace ockham::interpreter
