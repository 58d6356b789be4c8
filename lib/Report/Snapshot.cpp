//===- Snapshot.cpp - A module at one time --------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Snapshot.h"

#include "Counting.h"
#include "GraphBuilder.h"
#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace ockham::report {

/// Whether the op reads the operand as a parameter of the model. What operators
/// read that were not recognised is one if it is floats.
static bool isParameterUse(OpOperand &use) {
  if (auto op = dyn_cast<tfm::TransformerOpInterface>(use.getOwner()))
    return llvm::is_contained(op.getParameterOperands(), &use);
  return isa<FloatType>(getElementTypeOrSelf(use.get()));
}

static void countWeights(ModuleOp module, func::FuncOp function,
                         Snapshot &snapshot) {
  SymbolTable symbols(module);
  // Weights that are loaded several times count once.
  llvm::StringMap<bool> isParameter;
  function.walk([&](LoadWeightOp load) {
    bool &known = isParameter[load.getWeight()];
    for (OpOperand &use : load.getResult().getUses())
      known |= isParameterUse(use);
  });
  for (const auto &entry : isParameter) {
    auto weight = symbols.lookup<WeightOp>(entry.getKey());
    if (!weight)
      continue;
    RankedTensorType type = weight.getTensorType();
    if (!entry.getValue()) {
      snapshot.bufferBytes += getStorageBytes(type);
      continue;
    }
    snapshot.parameters += type.getNumElements();
    snapshot.parameterBytes += getStorageBytes(type);
  }
}

static bool isONNX(Operation *op) {
  return isa_and_nonnull<onnx::ONNXDialect>(op->getDialect()) &&
         !isa<onnx::ConstantOp>(op);
}

static void countOps(func::FuncOp function, Snapshot &snapshot,
                     const llvm::DenseSet<Operation *> &stream) {
  SymbolicExtents extents(function.getContext());
  // A list first: counting creates ops.
  SmallVector<Operation *> ops;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
  llvm::DenseMap<Operation *, Block *> blocks;
  for (Operation *op : ops) {
    bool isTfm = isa_and_nonnull<tfm::TfmDialect>(op->getDialect());
    if (isTfm && !op->hasTrait<OpTrait::IsTerminator>())
      ++snapshot.ops[op->getName().stripDialect().str()];
    if (auto block = dyn_cast<tfm::BlockOp>(op)) {
      snapshot.blocks.push_back(
          {tfm::stringifyBlockKind(block.getKind()).str(),
           static_cast<int64_t>(block.getIndex()), block.getName().str(),
           buildGraph(block.getBody(),
                      block.getBody().front().getTerminator()->getOperands(),
                      stream),
           Cost()});
      continue;
    }
    if (isONNX(op)) {
      std::string name = op->getName().stripDialect().str();
      ++(stream.contains(op) ? snapshot.unrecognised
                             : snapshot.maskOperators)[name];
    }
    if (!isONNX(op) && !isa<tfm::TransformerOpInterface>(op))
      continue;
    std::optional<Cost> cost = countOp(op, extents);
    if (!cost) {
      ++snapshot.uncounted[op->getName().getStringRef().str()];
      continue;
    }
    (isTfm ? snapshot.cost : snapshot.operatorCost) += *cost;
    if (isTfm && op->getParentOfType<tfm::BlockOp>())
      snapshot.blocks.back().cost += *cost;
  }
}

Snapshot takeSnapshot(ModuleOp module, StringRef name) {
  Snapshot snapshot;
  // Counting extents creates ops; the copy shares the weights' bytes.
  OwningOpRef<ModuleOp> copy(cast<ModuleOp>(module->clone()));
  auto function = copy->lookupSymbol<func::FuncOp>(name);
  countWeights(*copy, function, snapshot);
  llvm::DenseSet<Operation *> stream = findStream(function);
  Operation *terminator = function.getBody().front().getTerminator();
  snapshot.model =
      buildGraph(function.getBody(), terminator->getOperands(), stream);
  countOps(function, snapshot, stream);
  return snapshot;
}

} // namespace ockham::report
