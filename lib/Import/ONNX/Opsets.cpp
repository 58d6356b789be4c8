//===- Opsets.cpp - Which versions of operators are meant -----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Opsets.h"

#include "OperatorTable.h"

using namespace mlir;

namespace ockham::importer {

LogicalResult Opsets::read(const Imports &imports, const llvm::Twine &what,
                           Messages &messages) {
  for (const pb::OperatorSetIdProto &opset : imports) {
    StringRef domain = normalizeDomain(opset.domain());
    auto [entry, isNew] = versions.try_emplace(domain, opset.version());
    if (isNew || entry->second == opset.version())
      continue;
    return messages.error(what + " imports two versions of opset " +
                          (domain.empty() ? "ai.onnx" : quote(domain)) + ", " +
                          llvm::Twine(entry->second) + " and " +
                          llvm::Twine(opset.version()));
  }
  auto own = versions.find("");
  // Without it all can still consist of other operators.
  if (own == versions.end())
    return success();
  int64_t version = own->second;
  if (version < oldestOpset)
    return messages.error(what + " uses opset " + llvm::Twine(version) +
                          ", expected " + llvm::Twine(oldestOpset) +
                          " or newer");
  if (version > newestOpset)
    messages.warning(what + " uses opset " + llvm::Twine(version) +
                     ", newer than " + llvm::Twine(newestOpset) +
                     ", the newest that is known; operators are taken to mean "
                     "what they meant then");
  return success();
}

void Opsets::inherit(const Opsets &outer) {
  for (const auto &entry : outer.versions)
    versions.try_emplace(entry.getKey(), entry.second);
}

int64_t Opsets::get(StringRef domain) const {
  return versions.lookup(normalizeDomain(domain));
}

} // namespace ockham::importer
