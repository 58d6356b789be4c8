//===- Functions.cpp - Functions that a model defines ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Functions.h"

#include "OperatorTable.h"
#include "llvm/Support/MathExtras.h"
#include <google/protobuf/unknown_field_set.h>

using namespace mlir;
using google::protobuf::UnknownField;

namespace ockham::importer {

/// A few lines of functions that call each other twice become as many nodes as
/// one likes.
static constexpr uint64_t maxExpandedNodes = uint64_t(1) << 18;
/// Calls are followed by recursion.
static constexpr unsigned maxCalls = 100;

// Fields that are newer than the library's classes.
static constexpr int nodeOverloadField = 8;
static constexpr int functionOverloadField = 13;
static constexpr int functionDefaultsField = 11;

/// The last text in a field that the library does not know.
static StringRef getNewField(const google::protobuf::Message &message,
                             int number) {
  StringRef text;
  const auto &fields = message.GetReflection()->GetUnknownFields(message);
  for (int i = 0; i < fields.field_count(); ++i)
    if (fields.field(i).number() == number &&
        fields.field(i).type() == UnknownField::TYPE_LENGTH_DELIMITED)
      text = fields.field(i).length_delimited();
  return text;
}

static std::string getKey(StringRef domain, StringRef name,
                          StringRef overload) {
  std::string key = normalizeDomain(domain).str();
  key += '\0';
  key += name;
  key += '\0';
  key += overload;
  return key;
}

static std::string describeFunction(const pb::FunctionProto &function,
                                    StringRef overload) {
  std::string name = function.name();
  if (!normalizeDomain(function.domain()).empty())
    name = function.domain() + "::" + name;
  if (!overload.empty())
    name += ":" + overload.str();
  return "function " + quote(name);
}

LogicalResult FunctionLibrary::read(pb::ModelProto &model) {
  for (pb::FunctionProto &proto : *model.mutable_functions()) {
    StringRef overload = getNewField(proto, functionOverloadField);
    auto function = std::make_unique<Function>();
    function->proto = &proto;
    function->description = describeFunction(proto, overload);
    const auto &fields = proto.GetReflection()->GetUnknownFields(proto);
    for (int i = 0; i < fields.field_count(); ++i) {
      const UnknownField &field = fields.field(i);
      if (field.number() != functionDefaultsField ||
          field.type() != UnknownField::TYPE_LENGTH_DELIMITED)
        continue;
      if (!function->defaults.emplace_back().ParseFromString(
              field.length_delimited()))
        return messages.error(function->description +
                              " has a default of an attribute that is not "
                              "valid protobuf");
    }
    std::string description = function->description;
    if (!functions
             .try_emplace(getKey(proto.domain(), proto.name(), overload),
                          std::move(function))
             .second)
      return messages.error(description + " is defined twice");
  }
  return success();
}

Function *FunctionLibrary::find(const pb::NodeProto &node) const {
  if (functions.empty())
    return nullptr;
  auto it = functions.find(getKey(node.domain(), node.op_type(),
                                  getNewField(node, nodeOverloadField)));
  return it == functions.end() ? nullptr : it->second.get();
}

//===----------------------------------------------------------------------===//
// What may be called
//===----------------------------------------------------------------------===//

LogicalResult FunctionLibrary::check(const pb::GraphProto &graph,
                                     const Opsets &opsets) {
  if (functions.empty())
    return success();
  modelOpsets = &opsets;
  uint64_t expandedNodes = 0;
  unsigned height = 0;
  if (failed(checkNodes(graph.node(), /*depth=*/0, expandedNodes, height)))
    return failure();
  if (expandedNodes > maxExpandedNodes)
    return messages.error("the calls of functions become more than " +
                          llvm::Twine(maxExpandedNodes) + " nodes");
  return success();
}

LogicalResult FunctionLibrary::checkNodes(const Nodes &nodes, unsigned depth,
                                          uint64_t &expandedNodes,
                                          unsigned &height) {
  for (const pb::NodeProto &node : nodes) {
    uint64_t added = depth > 0;
    if (Function *function = find(node)) {
      if (failed(checkFunction(*function, depth + 1)))
        return failure();
      added = std::max<uint64_t>(1, function->expandedNodes);
      height = std::max(height, function->height + 1);
      if (depth + height > maxCalls)
        return messages.error("calls of functions are nested deeper than " +
                              llvm::Twine(maxCalls) + ", at a call of " +
                              function->description);
    }
    expandedNodes = llvm::SaturatingAdd(expandedNodes, added);
    for (const pb::AttributeProto &attribute : node.attribute())
      if (attribute.has_g() && failed(checkNodes(attribute.g().node(), depth,
                                                 expandedNodes, height)))
        return failure();
  }
  return success();
}

LogicalResult FunctionLibrary::checkFunction(Function &function,
                                             unsigned depth) {
  if (function.state == Function::State::Checked)
    return success();
  if (function.state == Function::State::BeingChecked)
    return messages.error(function.description +
                          " calls itself, which is not supported");
  if (depth > maxCalls)
    return messages.error("calls of functions are nested deeper than " +
                          llvm::Twine(maxCalls) + ", at a call of " +
                          function.description);
  function.state = Function::State::BeingChecked;
  if (failed(function.opsets.read(function.proto->opset_import(),
                                  function.description, messages)))
    return failure();
  function.opsets.inherit(*modelOpsets);
  if (failed(checkNodes(function.proto->node(), depth, function.expandedNodes,
                        function.height)))
    return failure();
  function.state = Function::State::Checked;
  return success();
}

} // namespace ockham::importer
