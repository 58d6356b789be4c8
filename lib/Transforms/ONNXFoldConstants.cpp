//===- ONNXFoldConstants.cpp - Operators on constants and weights ---------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ONNXNormalize.h"

#include "dialects/ONNX/ConstantFolding.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;

/// Results of more bytes become weights: attributes are hashed, compared and
/// printed as a whole.
static constexpr size_t kMaxAttributeBytes = 256;

ConstantFolder::ConstantFolder(ModuleOp module, WeightTable &weights,
                               uint64_t maxBytes, bool foldsInverses)
    : module(module), weights(weights), maxBytes(maxBytes),
      foldsInverses(foldsInverses) {
  for (WeightOp weight : module.getOps<WeightOp>())
    if (weight.getSource())
      sources.insert(*weight.getSource());
}

Value ConstantFolder::makeConstant(Operation *user, RankedTensorType type,
                                   std::string bytes, StringRef of) {
  OpBuilder builder(user);
  // What is made of a parameter is one, however small: a gain that was reshaped
  // is no constant of the program.
  bool isParameter = !of.empty() && isa<FloatType>(type.getElementType());
  if (bytes.size() <= kMaxAttributeBytes && !isParameter)
    return ConstantOp::create(
        builder, user->getLoc(), type,
        makeElements(type, ArrayRef<char>(bytes.data(), bytes.size())));

  // "mask.Cast": where it came from, and a key that no other weight has.
  std::string name =
      ((of.empty() ? "constant" : of) + "." + user->getName().stripDialect())
          .str();
  std::string source = name;
  for (unsigned i = 1; !sources.insert(source).second; ++i)
    source = name + "." + std::to_string(i);
  WeightOp weight = createWeight(
      module, user->getLoc(), source, type,
      makeStringBlob(std::make_unique<std::string>(std::move(bytes))), source);
  weights.add(weight);
  return LoadWeightOp::create(builder, user->getLoc(), type,
                              FlatSymbolRefAttr::get(weight.getSymNameAttr()));
}

SmallVector<Value> ConstantFolder::fold(Operation *op) {
  if (!isEvaluable(op) || isa<IdentityOp>(op))
    return {};
  // What multiplies by the inverse of a parameter divides by the parameter, if
  // it is given the time to see it.
  if (isa<ReciprocalOp>(op) && !foldsInverses &&
      op->getOperand(0).getDefiningOp<LoadWeightOp>())
    return {};
  SmallVector<ConstantData, 3> data;
  StringRef of;
  for (Value operand : op->getOperands()) {
    std::optional<ConstantData> constant;
    if (isa<RankedTensorType>(operand.getType()))
      constant = weights.getConstant(operand);
    if (!constant)
      return {};
    data.push_back(std::move(*constant));
    if (auto load = operand.getDefiningOp<LoadWeightOp>(); load && of.empty())
      if (WeightOp weight = weights.lookup(load); weight.getSource())
        of = *weight.getSource();
  }
  SmallVector<std::string> results;
  for (unsigned i = 0, e = op->getNumResults(); i < e; ++i) {
    std::optional<std::string> bytes = evaluate(op, i, data, maxBytes);
    if (!bytes)
      return {};
    results.push_back(std::move(*bytes));
  }
  SmallVector<Value> values;
  for (auto [result, bytes] : llvm::zip_equal(op->getResults(), results))
    values.push_back(makeConstant(op, cast<RankedTensorType>(result.getType()),
                                  std::move(bytes), of));
  return values;
}

Value ConstantFolder::foldAs(Operation *op, RankedTensorType type,
                             ArrayRef<Value> operands) {
  OpBuilder builder(op);
  Operation *whole = builder.clone(*op);
  whole->setOperands(operands);
  whole->getResult(0).setType(type);
  SmallVector<Value> folded = fold(whole);
  whole->erase();
  return folded.empty() ? Value() : folded.front();
}
