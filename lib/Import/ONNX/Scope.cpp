//===- Scope.cpp - The names of a graph, branch or function ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Scope.h"

using namespace mlir;

namespace ockham::importer {

/// Paths of calls and branches are written down for every node in them. They
/// must not make gigabytes of a file with a few long names.
static std::string shorten(std::string path) {
  constexpr size_t longest = 256, part = 126;
  if (path.size() <= longest)
    return path;
  return path.substr(0, part) + "..." + path.substr(path.size() - part);
}

Scope::Scope(Scope &outer, const llvm::Twine &owner)
    : outer(&outer), opsets(outer.opsets), depth(outer.depth + 1),
      prefix(outer.prefix), place(shorten((owner + "/").str())) {}

Scope::Scope(const Scope &caller, const Opsets &opsets, const llvm::Twine &call)
    : opsets(opsets), depth(caller.depth + 1),
      prefix(shorten((call + "/").str())), place(prefix) {}

bool Scope::isInFunction() const { return !prefix.empty(); }

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

bool Scope::define(StringRef name, Value value) {
  return !initializers.contains(name) && values.try_emplace(name, value).second;
}

std::optional<Value> Scope::find(StringRef name) const {
  auto it = values.find(name);
  return it == values.end() ? std::nullopt : std::optional(it->second);
}

bool Scope::addInitializer(pb::TensorProto &tensor) {
  return !values.contains(tensor.name()) &&
         initializers.try_emplace(tensor.name(), &tensor).second;
}

pb::TensorProto *Scope::takeInitializer(StringRef name) {
  auto it = initializers.find(name);
  if (it == initializers.end())
    return nullptr;
  pb::TensorProto *tensor = it->second;
  initializers.erase(it);
  return tensor;
}

void Scope::addUse(StringRef name, bool directly) {
  if (!name.empty())
    uses[name] |= directly;
}

//===----------------------------------------------------------------------===//
// Attributes of a function
//===----------------------------------------------------------------------===//

void Scope::bindAttribute(StringRef name, const pb::AttributeProto &attribute) {
  attributes.try_emplace(name, &attribute);
}

const pb::AttributeProto *
Scope::resolve(const pb::AttributeProto &attribute) const {
  if (attribute.ref_attr_name().empty())
    return &attribute;
  const Scope *function = this;
  while (function->outer)
    function = function->outer;
  return function->attributes.lookup(attribute.ref_attr_name());
}

//===----------------------------------------------------------------------===//
// Names of nodes
//===----------------------------------------------------------------------===//

std::string Scope::getPath(const pb::NodeProto &node, int64_t index) const {
  if (!node.name().empty())
    return qualify(node.name());
  if (node.output_size() > 0 && !node.output(0).empty())
    return qualify(node.output(0));
  return place + node.op_type() + "#" + std::to_string(index);
}

std::string Scope::quoteNode(const pb::NodeProto &node, int64_t index) const {
  if (!node.name().empty())
    return quote(qualify(node.name()));
  std::string position = "#" + std::to_string(index);
  return place.empty() ? position : quote(place + position);
}

std::string Scope::describe(const pb::NodeProto &node, int64_t index) const {
  return "node " + quoteNode(node, index) + " (" + escape(node.op_type()) + ")";
}

std::string Scope::qualify(StringRef name) const {
  return isInFunction() ? shorten(prefix + name.str()) : name.str();
}

} // namespace ockham::importer
