//===- Describe.cpp - Nodes and numbers in words --------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Describe.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Format.h"

#include <cmath>

using llvm::StringRef;

namespace ockham::report {

static StringRef getText(const Node &node, StringRef key) {
  return node.attributes.getString(key).value_or("");
}

static int64_t getNumber(const Node &node, StringRef key) {
  return node.attributes.getInteger(key).value_or(0);
}

static bool has(const Node &node, StringRef key) {
  return node.attributes.get(key) != nullptr;
}

std::string describeKind(const Node &node) {
  if (node.op == "norm") {
    StringRef kind = getText(node, "kind");
    if (kind == "fixed")
      return getText(node, "std") == "position" ? "fixed norm per position"
                                                : "fixed norm";
    return llvm::StringSwitch<std::string>(kind)
        .Case("layer", "LayerNorm")
        .Case("rms", "RMSNorm")
        .Case("tanh", "tanh norm (DyT)")
        .Case("erf", "erf norm (Derf)")
        .Default(kind.str() + " norm");
  }
  if (node.op == "linear") {
    if (has(node, "skip_gain") || has(node, "resid_gain"))
      return "reparametrised linear";
    return has(node, "row_scale") ? "linear with row scale" : "linear";
  }
  if (node.op == "attention")
    return has(node, "shape") ? "shaped attention" : "attention";
  if (node.op == "activation")
    return getText(node, "kind").str();
  if (node.op == "scale")
    return "gain";
  if (node.op == "add")
    return "separate sum";
  StringRef name = node.op;
  if (name.consume_front("onnx."))
    return name.str() + " (not recognised)";
  return node.op;
}

static std::string plural(int64_t count, StringRef word) {
  return std::to_string(count) + " " + word.str() + (count == 1 ? "" : "s");
}

static std::vector<std::string> describeAttention(const Node &node) {
  std::vector<std::string> details;
  std::string heads = plural(getNumber(node, "heads"), "head");
  if (has(node, "head_width"))
    heads += " of " + std::to_string(getNumber(node, "head_width"));
  if (has(node, "kv_heads"))
    heads += " on " + std::to_string(getNumber(node, "kv_heads")) +
             " of keys and values";
  details.push_back(heads);
  if (has(node, "causal"))
    details.push_back("causal");
  if (has(node, "rotary") && !node.attributes.getInteger("rotary"))
    details.push_back("rotary");
  else if (has(node, "rotary"))
    details.push_back("rotary " + std::to_string(getNumber(node, "rotary")) +
                      " of " + std::to_string(getNumber(node, "head_width")));
  if (has(node, "qk_norm"))
    details.push_back("QK-norm (" + getText(node, "qk_norm").str() + ")");
  if (std::optional<double> cap = node.attributes.getNumber("soft_cap")) {
    std::string text;
    llvm::raw_string_ostream(text) << "soft cap " << llvm::format("%g", *cap);
    details.push_back(text);
  }
  if (has(node, "mask"))
    details.push_back(getText(node, "mask").str() + " mask");
  if (has(node, "key_lengths"))
    details.push_back("padding");
  if (has(node, "past"))
    details.push_back("cached keys");
  return details;
}

std::vector<std::string> describeDetails(const Node &node) {
  std::vector<std::string> details;
  if (node.op == "attention")
    return describeAttention(node);
  if (node.op == "norm") {
    if (has(node, "width"))
      details.push_back("width " + std::to_string(getNumber(node, "width")));
    if (getText(node, "std") == "channel")
      details.push_back("per channel");
  } else if (node.op == "linear") {
    if (has(node, "in") && has(node, "out"))
      details.push_back(std::to_string(getNumber(node, "in")) + " to " +
                        std::to_string(getNumber(node, "out")));
    if (has(node, "bias"))
      details.push_back("bias");
    if (has(node, "tied"))
      details.push_back("tied");
  } else if (node.op == "activation") {
    if (node.attributes.getString("slope"))
      details.push_back("learned slope");
  } else if (node.op == "embedding") {
    if (has(node, "vocabulary"))
      details.push_back(plural(getNumber(node, "vocabulary"), "token"));
    if (has(node, "width"))
      details.push_back("width " + std::to_string(getNumber(node, "width")));
    if (has(node, "positions"))
      details.push_back(
          plural(getNumber(node, "positions"), "learned position"));
  }
  return details;
}

/// Whether a linear lies between the edge and what comes from outside, behind
/// splits.
static bool isProjected(const Graph &graph, const Edge &edge) {
  int node = edge.node;
  while (node >= 0) {
    const Node &current = graph.nodes[node];
    if (current.op == "linear")
      return true;
    if ((current.op != "split" && current.op != "scale") ||
        current.inputs.empty())
      return false;
    node = current.inputs.front().node;
  }
  return false;
}

/// Whether a linear reads the attention's output, through gains.
static bool isOutputProjected(const Graph &graph, int attention) {
  int current = attention;
  for (int i = attention + 1; i < static_cast<int>(graph.nodes.size()); ++i) {
    const Node &node = graph.nodes[i];
    bool reads = llvm::any_of(
        node.inputs, [&](const Edge &edge) { return edge.node == current; });
    if (!reads)
      continue;
    // A first matrix of an MLP makes the rows wider.
    if (node.op == "linear")
      return getNumber(node, "in") == getNumber(node, "out");
    if (node.op != "scale")
      return false;
    current = i;
  }
  return false;
}

std::string describeBlock(const Graph &graph) {
  std::vector<std::string> parts;
  std::vector<std::pair<std::string, unsigned>> norms;
  for (const Node &node : graph.nodes) {
    if (node.op != "norm")
      continue;
    std::string kind = describeKind(node);
    auto same = llvm::find_if(
        norms, [&](const auto &entry) { return entry.first == kind; });
    if (same == norms.end())
      norms.push_back({kind, 1});
    else
      ++same->second;
  }
  for (const auto &[kind, count] : norms)
    parts.push_back(count > 1 ? kind + " x" + std::to_string(count) : kind);
  if (norms.empty())
    parts.push_back("no norm");
  std::vector<std::string> mlps;
  unsigned rowScales = 0, reparametrised = 0, unknown = 0;
  for (int i = 0; i < static_cast<int>(graph.nodes.size()); ++i) {
    const Node &node = graph.nodes[i];
    if (node.op == "attention") {
      std::string text = has(node, "shape") ? "shaped attention of " : "";
      text += llvm::join(describeAttention(node), ", ");
      bool values =
          node.inputs.size() < 3 || isProjected(graph, node.inputs[2]);
      bool output = isOutputProjected(graph, i);
      if (!values && !output)
        text += ", no value or output matrix";
      else if (!values)
        text += ", no value matrix";
      else if (!output)
        text += ", no output matrix";
      parts.push_back(text);
    } else if (node.op == "activation") {
      mlps.push_back("MLP " +
                     (has(node, "width")
                          ? std::to_string(getNumber(node, "width")) + " "
                          : "") +
                     describeKind(node));
    }
    rowScales += has(node, "row_scale");
    reparametrised += has(node, "skip_gain");
    unknown += StringRef(node.op).starts_with("onnx.");
  }
  llvm::append_range(parts, mlps);
  if (reparametrised)
    parts.push_back(plural(reparametrised, "reparametrised linear"));
  if (rowScales)
    parts.push_back(plural(rowScales, "row scale"));
  if (unknown)
    parts.push_back(plural(unknown, "operator") + " not recognised");
  return llvm::join(parts, ", ");
}

std::string describeBlockKind(StringRef kind) {
  return llvm::StringSwitch<std::string>(kind)
      .Case("pre_norm", "Pre-LN")
      .Case("post_norm", "Post-LN")
      .Case("parallel", "parallel, one norm")
      .Case("parallel_two_norms", "parallel, two norms")
      .Case("v_skip_init", "V-SkipInit")
      .Case("sas", "SAS")
      .Case("sas_p", "SAS-P")
      .Case("norm_free", "norm-free")
      .Default("other");
}

std::map<std::string, unsigned> countKinds(const Snapshot &snapshot) {
  std::map<std::string, unsigned> counts;
  auto add = [&](const Graph &graph) {
    for (const Node &node : graph.nodes) {
      if (node.op == "block")
        continue;
      ++counts[describeKind(node)];
      // Gains of a sum are gains, too.
      if (const llvm::json::Array *gains = node.attributes.getArray("gains"))
        for (const llvm::json::Value &gain : *gains)
          if (gain.getAsString() != llvm::StringRef("none"))
            ++counts["gain"];
    }
  };
  add(snapshot.model);
  for (const Block &block : snapshot.blocks)
    add(block.graph);
  return counts;
}

std::string describeRange(const BlockGroup &group) {
  if (group.first == group.last)
    return "block " + std::to_string(group.first);
  return "blocks " + std::to_string(group.first) + "-" +
         std::to_string(group.last);
}

std::string describeCounts(const OperatorCounts &counts) {
  std::string text;
  for (const auto &[name, count] : counts)
    text +=
        (text.empty() ? "" : ", ") + name + " (" + std::to_string(count) + ")";
  return text;
}

std::string formatExact(double value) {
  std::string digits = std::to_string(static_cast<int64_t>(std::round(value)));
  for (int64_t i = static_cast<int64_t>(digits.size()) - 3;
       i > (digits.front() == '-' ? 1 : 0); i -= 3)
    digits.insert(i, ",");
  return digits;
}

static std::string formatWithUnits(double value, double step,
                                   llvm::ArrayRef<const char *> units) {
  unsigned unit = 0;
  // 999.6 is 1000 with three digits.
  while (std::fabs(value) >= 999.5 && unit + 1 < units.size()) {
    value /= step;
    ++unit;
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  double size = std::fabs(value);
  if (size == std::floor(size) || size >= 99.95)
    os << llvm::format("%.0f", value);
  else
    os << llvm::format(size >= 9.995 ? "%.1f" : "%.2f", value);
  os << units[unit];
  return text;
}

std::string formatShort(double value) {
  return formatWithUnits(value, 1000.0, {"", "K", "M", "G", "T", "P"});
}

std::string formatBytes(double value) {
  return formatWithUnits(value, 1000.0, {" B", " KB", " MB", " GB", " TB"});
}

std::string formatChange(double before, double after) {
  if (before == after || before == 0.0)
    return "";
  double percent = (after / before - 1.0) * 100.0;
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(
      std::fabs(percent) < 0.095 ? "%+.2g%%" : "%+.1f%%", percent);
  return text;
}

std::map<std::string, std::string> chooseLetters(const Report &report) {
  std::map<std::string, std::string> letters;
  bool batchTaken = false, sequenceTaken = false;
  for (const auto &[name, value] : report.dims) {
    StringRef text = name;
    if (!batchTaken && text.starts_with_insensitive("batch")) {
      batchTaken = true;
      letters[name] = "B";
    } else if (!sequenceTaken && (text.starts_with_insensitive("seq") ||
                                  text == "time" || text == "tokens")) {
      sequenceTaken = true;
      letters[name] = "T";
    } else {
      letters[name] = name;
    }
  }
  return letters;
}

std::string formatFormula(const Polynomial &polynomial,
                          const std::map<std::string, std::string> &letters) {
  return polynomial.format([&](StringRef name) {
    auto found = letters.find(name.str());
    return found == letters.end() ? name.str() : found->second;
  });
}

std::string describeLetters(const std::map<std::string, std::string> &letters) {
  std::string text;
  for (const auto &[name, letter] : letters)
    if (name != letter)
      text += (text.empty() ? "" : ", ") + letter + " = " + name;
  return text;
}

std::string describeDims(const Report &report) {
  std::string text;
  for (const auto &[name, value] : report.dims)
    text += (text.empty() ? "" : ", ") + name + " " + std::to_string(value);
  return text;
}

bool isOperatorCount(const RewriteGroup &group) {
  StringRef text = group.text;
  StringRef rest = text.drop_while(llvm::isDigit);
  return group.pass == "raise" && rest.size() < text.size() &&
         rest.starts_with(" onnx operator");
}

std::string describeRewrite(const RewriteGroup &group) {
  std::string text = group.pass + ": " + group.example;
  if (group.count > 1)
    text += " (" + std::to_string(group.count) + " like this)";
  return text;
}

} // namespace ockham::report
