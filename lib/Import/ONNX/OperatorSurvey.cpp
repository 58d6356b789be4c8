//===- OperatorSurvey.cpp - Which operators are missing -------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OperatorSurvey.h"

#include "OperatorTable.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace ockham::importer {

/// What the user can do about an operator that will not come.
static StringRef getHint(StringRef domain, StringRef op) {
  if (!domain.empty())
    return "";
  return llvm::StringSwitch<StringRef>(op)
      .Cases({"Loop", "Scan"}, "loops have to be unrolled by the exporter")
      .Default("");
}

LogicalResult OperatorSurvey::run(const pb::GraphProto &graph, Scope &scope) {
  visitGraph(graph, scope, /*outer=*/nullptr);
  if (missing.empty())
    return success();
  uint64_t operators = 0;
  std::string list;
  for (const auto &[key, entry] : missing) {
    operators += entry.operators.size();
    constexpr size_t longest = 8;
    list += list.empty() ? "" : "; ";
    list += llvm::join(
        llvm::map_range(llvm::ArrayRef(entry.operators).take_front(longest),
                        escape),
        ", ");
    if (entry.operators.size() > longest)
      list +=
          " and " + std::to_string(entry.operators.size() - longest) + " more";
    list += " (" + entry.domain + "): " + count(entry.nodes, "node") +
            ", first " + entry.node;
    if (!entry.hint.empty())
      list += " (" + entry.hint.str() + ")";
  }
  return messages.error(count(operators, "operator") +
                        (operators == 1 ? " is" : " are") +
                        " not supported: " + list);
}

void OperatorSurvey::add(const pb::NodeProto &node, int64_t index,
                         const Scope &scope) {
  StringRef domain = normalizeDomain(node.domain()), name = node.op_type();
  int64_t opset = scope.getOpsets().get(domain);
  // All that is wanted from a domain that nothing is known of comes together.
  bool isKnown = llvm::any_of(getOperators(), [&](const OperatorEntry &entry) {
    return entry.domain == domain;
  });
  std::string key = (isKnown ? name : "").str() + '\0' + domain.str() + '\0' +
                    std::to_string(opset);
  Missing &entry = missing[key];
  if (entry.names.insert(name).second)
    entry.operators.push_back(name.str());
  if (entry.nodes++ > 0)
    return;
  entry.domain =
      (isKnown ? "" : "unknown domain ") +
      (domain.empty() ? "ai.onnx" : escape(domain)) +
      (opset ? " opset " + std::to_string(opset) : ", no opset stated");
  entry.node = scope.quoteNode(node, index);
  entry.hint = getHint(domain, name);
}

void OperatorSurvey::visitGraph(const pb::GraphProto &graph, Scope &scope,
                                const Literals *outer) {
  Literals literals{outer, {}};
  for (const pb::TensorProto &tensor : graph.initializer())
    literals.add(tensor.name(), tensor);
  visitNodes(graph.node(), scope, literals);
}

void OperatorSurvey::visitNodes(const Nodes &nodes, Scope &scope,
                                Literals &literals) {
  for (const pb::NodeProto &node : nodes)
    if (node.op_type() == "Constant" && node.output_size() == 1)
      for (const pb::AttributeProto &attribute : node.attribute())
        if (attribute.name() == "value" && attribute.has_t())
          literals.add(node.output(0), attribute.t());
  for (auto [index, node] : llvm::enumerate(nodes)) {
    if (const Function *function = functions.find(node)) {
      if (!visited.insert(function).second)
        continue;
      Scope body(scope, function->opsets, scope.getPath(node, index));
      Literals own{nullptr, {}};
      visitNodes(function->proto->node(), body, own);
      continue;
    }
    StringRef domain = normalizeDomain(node.domain());
    if (!findOperator(domain, node.op_type(), scope.getOpsets().get(domain)))
      add(node, index, scope);
    else if (domain.empty() && node.op_type() == "If")
      visitIf(node, index, scope, literals);
  }
}

void OperatorSurvey::visitIf(const pb::NodeProto &node, int64_t index,
                             Scope &scope, const Literals &literals) {
  std::optional<bool> condition;
  if (node.input_size() > 0)
    condition = literals.find(node.input(0));
  if (!condition)
    return;
  StringRef name = *condition ? "then_branch" : "else_branch";
  for (const pb::AttributeProto &attribute : node.attribute())
    if (attribute.name() == name && attribute.has_g()) {
      Scope branch(scope, scope.getPath(node, index) + "/" + name);
      visitGraph(attribute.g(), branch, &literals);
    }
}

//===----------------------------------------------------------------------===//
// Literals
//===----------------------------------------------------------------------===//

void OperatorSurvey::Literals::add(StringRef name,
                                   const pb::TensorProto &tensor) {
  if (tensor.data_type() != pb::TensorProto::BOOL)
    return;
  if (tensor.raw_data().size() == 1)
    values.try_emplace(name, tensor.raw_data()[0] != 0);
  else if (tensor.int32_data_size() == 1)
    values.try_emplace(name, tensor.int32_data(0) != 0);
}

std::optional<bool> OperatorSurvey::Literals::find(StringRef name) const {
  for (const Literals *level = this; level; level = level->outer)
    if (auto it = level->values.find(name); it != level->values.end())
      return it->second;
  return std::nullopt;
}

} // namespace ockham::importer
