//===- RemarkNames.cpp - What remarks call an op --------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RemarkNames.h"

#include "WeightMath.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/Format.h"

#include <algorithm>

using namespace mlir;

namespace ockham {

std::string getOriginalWeightName(Value value) {
  std::string name = getWeightName(value);
  return name.substr(0, name.find(".folded"));
}

/// What the file calls a weight, or the symbol's name if it is in no file.
static std::string getSourceName(Value value) {
  auto load = value.getDefiningOp<LoadWeightOp>();
  auto weight = load ? SymbolTable::lookupNearestSymbolFrom<WeightOp>(
                           load, load.getWeightAttr())
                     : WeightOp();
  if (weight && weight.getSource() && !weight.getSource()->empty())
    return weight.getSource()->str();
  return getOriginalWeightName(value);
}

/// "h.0.ln_1" of "h.0.ln_1.weight"; empty if the name has one component, as
/// exporters make them up for what they computed.
static std::string getOwner(Value parameter) {
  if (!parameter)
    return "";
  std::string name = getSourceName(parameter);
  size_t dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

/// "h.0.attn.c_attn" of the node "/h.0/attn/c_attn/MatMul"; the node's own name
/// if it is no path.
static std::string getNodeOwner(Operation *op) {
  std::string name;
  op->getLoc()->walk([&](Location loc) {
    auto named = dyn_cast<NameLoc>(loc);
    if (!named)
      return WalkResult::advance();
    name = named.getName().str();
    return WalkResult::interrupt();
  });
  if (name.empty() || name.front() != '/')
    return name;
  size_t slash = name.rfind('/');
  if (slash == 0)
    return name.substr(1);
  name = name.substr(1, slash - 1);
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

/// A tied head has its parameter from the embedding.
static bool isTied(tfm::LinearOp linear) {
  auto load = linear.getWeight().getDefiningOp<LoadWeightOp>();
  bool isTied = false;
  if (load && linear.getTransposed())
    load->getParentOfType<ModuleOp>().walk([&](tfm::EmbeddingOp embedding) {
      auto table = embedding.getTable().getDefiningOp<LoadWeightOp>();
      isTied |= table && table.getWeightAttr() == load.getWeightAttr();
    });
  return isTied;
}

std::string getNameForRemark(Operation *op) {
  // Parameters that equal others may carry their names (a std or an alpha that
  // all norms share); scale and shift are the norm's own.
  SmallVector<Value, 2> parameters;
  if (auto norm = dyn_cast<tfm::NormOp>(op))
    parameters = {norm.getScale(), norm.getShift()};
  else if (auto linear = dyn_cast<tfm::LinearOp>(op)) {
    if (isTied(linear)) {
      std::string node = getNodeOwner(op);
      return (node.empty() ? "head" : node) + " (tied to " +
             getSourceName(linear.getWeight()) + ")";
    }
    parameters = {linear.getWeight(), linear.getBias()};
  }
  for (Value parameter : parameters)
    if (std::string owner = getOwner(parameter); !owner.empty())
      return owner;
  if (std::string node = getNodeOwner(op); !node.empty())
    return node;
  for (Value parameter : parameters)
    if (parameter && parameter.getDefiningOp<LoadWeightOp>())
      return getSourceName(parameter);
  return op->getName().getStringRef().str();
}

std::string getGainForRemark(Value gain) {
  std::optional<std::vector<double>> elements = readFloats(gain);
  if (!elements && !gain.getDefiningOp<LoadWeightOp>())
    return "computed by the model";
  if (gain.getDefiningOp<LoadWeightOp>() || elements->size() != 1)
    return getSourceName(gain);
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", elements->front());
  return text;
}

} // namespace ockham
