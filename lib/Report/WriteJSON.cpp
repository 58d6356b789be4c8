//===- WriteJSON.cpp - The report as JSON ---------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// docs/report.md describes the schema. `structure` has nothing in it that
// depends on how a model was written down: no names, no order of nodes, nothing
// about operators that only make masks.
//
//===----------------------------------------------------------------------===//

#include "ockham/Report/Report.h"

#include <cmath>

using llvm::json::Array;
using llvm::json::Object;

namespace ockham::report {

static const int64_t kVersion = 1;

/// A whole number as one, where it fits.
static llvm::json::Value toNumber(double value) {
  if (std::fabs(value) < 9e15 && value == std::floor(value))
    return static_cast<int64_t>(value);
  return value;
}

static llvm::json::Value toJSON(const Polynomial &polynomial,
                                const Report &report) {
  Array terms;
  for (const auto &[monomial, coefficient] : polynomial.getTerms()) {
    Object powers;
    for (const auto &[name, power] : monomial)
      if (power > 0)
        powers[name] = static_cast<int64_t>(power);
    terms.push_back(Object{{"coefficient", toNumber(coefficient)},
                           {"extents", std::move(powers)}});
  }
  return Object{{"formula", polynomial.format([](llvm::StringRef name) {
                   return name.str();
                 })},
                {"terms", std::move(terms)},
                {"value", toNumber(polynomial.evaluate(report.dims))}};
}

static llvm::json::Value toJSON(const Cost &cost, const Report &report) {
  return Object{{"flops", toJSON(cost.flops(), report)},
                {"linear_flops", toJSON(cost.linear, report)},
                {"attention_flops", toJSON(cost.attention, report)},
                {"pointwise_flops", toJSON(cost.pointwise, report)},
                {"activation_bytes", toJSON(cost.activationBytes, report)}};
}

/// "in", "in1", ... from outside; "3" a node; "3.1" another result of it.
static std::string formatEdge(const Edge &edge) {
  if (edge.node < 0)
    return edge.node == -1 ? "in" : "in" + std::to_string(-1 - edge.node);
  std::string text = std::to_string(edge.node);
  if (edge.result > 0)
    text += "." + std::to_string(edge.result);
  return text;
}

static llvm::json::Value toJSON(const Graph &graph) {
  Array nodes;
  for (const Node &node : graph.nodes) {
    Object object = node.attributes;
    object["op"] = node.op;
    if (node.parameters > 0)
      object["parameters"] = static_cast<int64_t>(node.parameters);
    Array inputs;
    for (const Edge &input : node.inputs)
      inputs.push_back(formatEdge(input));
    object["inputs"] = std::move(inputs);
    nodes.push_back(std::move(object));
  }
  Array outputs;
  for (const Edge &output : graph.outputs)
    outputs.push_back(formatEdge(output));
  return Object{{"nodes", std::move(nodes)}, {"outputs", std::move(outputs)}};
}

static llvm::json::Value toJSON(const std::map<std::string, unsigned> &counts) {
  Object object;
  for (const auto &[name, count] : counts)
    object[name] = static_cast<int64_t>(count);
  return object;
}

static llvm::json::Value describeStructure(const Snapshot &snapshot,
                                           const Report &report) {
  Array blocks;
  for (const BlockGroup &group : groupBlocks(snapshot)) {
    const Block &block = snapshot.blocks[group.first];
    blocks.push_back(Object{{"first", static_cast<int64_t>(group.first)},
                            {"last", static_cast<int64_t>(group.last)},
                            {"kind", block.kind},
                            {"graph", toJSON(block.graph)},
                            {"cost", toJSON(block.cost, report)}});
  }
  return Object{
      {"parameters", static_cast<int64_t>(snapshot.parameters)},
      {"parameter_bytes", static_cast<int64_t>(snapshot.parameterBytes)},
      {"cost", toJSON(snapshot.cost, report)},
      {"ops", toJSON(snapshot.ops)},
      {"unrecognised", toJSON(snapshot.unrecognised)},
      {"blocks", std::move(blocks)},
      {"model", toJSON(snapshot.model)}};
}

static llvm::json::Value describeOperators(const Snapshot &snapshot,
                                           const Report &report) {
  return Object{{"unrecognised", toJSON(snapshot.unrecognised)},
                {"of_masks_and_positions", toJSON(snapshot.maskOperators)},
                {"uncounted", toJSON(snapshot.uncounted)},
                {"cost", toJSON(snapshot.operatorCost, report)},
                {"buffer_bytes", static_cast<int64_t>(snapshot.bufferBytes)}};
}

static llvm::json::Value listBlockNames(const Snapshot &snapshot) {
  Array names;
  for (const Block &block : snapshot.blocks)
    names.push_back(block.name);
  return names;
}

void writeJSON(const Report &report, llvm::raw_ostream &os) {
  Array rewrites, messages;
  for (const RewriteGroup &group : report.rewrites) {
    Object rewrite{{"pass", group.pass},
                   {"outcome", group.done ? "done" : "kept"},
                   {"text", group.text},
                   {"count", static_cast<int64_t>(group.count)}};
    Array ofGroup;
    for (const std::string &message : group.messages)
      ofGroup.push_back(message);
    rewrite["messages"] = std::move(ofGroup);
    rewrites.push_back(std::move(rewrite));
  }
  Object dims;
  for (const auto &[name, value] : report.dims)
    dims[name] = value;
  Object whole{
      {"version", kVersion},
      {"file", report.file},
      {"entry", report.entry},
      {"dims", std::move(dims)},
      {"structure", Object{{"before", describeStructure(report.before, report)},
                           {"after", describeStructure(report.after, report)}}},
      {"operators", Object{{"before", describeOperators(report.before, report)},
                           {"after", describeOperators(report.after, report)}}},
      {"rewrites", std::move(rewrites)},
      {"names", Object{{"blocks", listBlockNames(report.before)}}}};
  llvm::json::OStream(os, /*IndentSize=*/2)
      .value(llvm::json::Value(std::move(whole)));
  os << '\n';
}

} // namespace ockham::report
