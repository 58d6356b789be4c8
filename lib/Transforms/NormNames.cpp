//===- NormNames.cpp - Norms by the names of their nodes ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NormNames.h"

#include "mlir/IR/Location.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace ockham;

/// The first name in a location; "norm" if there is none.
static std::string getNormName(Location location) {
  std::string name;
  location->walk([&](Location part) {
    auto named = dyn_cast<NameLoc>(part);
    if (!named || named.getName().empty())
      return WalkResult::advance();
    name = named.getName().str();
    return WalkResult::interrupt();
  });
  return name.empty() ? "norm" : name;
}

SmallVector<NamedNorm> ockham::getLiveNorms(ModuleOp module) {
  SmallVector<NamedNorm> norms;
  llvm::StringSet<> taken;
  module.walk([&](tfm::NormOp norm) {
    if (norm.getKind() != tfm::NormKind::Layer &&
        norm.getKind() != tfm::NormKind::RMS)
      return;
    // They are written into JSON.
    std::string base = llvm::json::fixUTF8(getNormName(norm.getLoc()));
    std::string name = base;
    for (unsigned number = 2; !taken.insert(name).second; ++number)
      name = base + "#" + std::to_string(number);
    norms.push_back({norm, name});
  });
  return norms;
}
