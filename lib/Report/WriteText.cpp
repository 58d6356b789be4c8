//===- WriteText.cpp - The report on one screen ---------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Describe.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using llvm::StringRef;

namespace ockham::report {

static const unsigned kColumns = 80;
/// Remarks beyond these are counted alone.
static const unsigned kMostRemarks = 10;

/// Writes `text` behind `label`, broken into lines that are indented as far as
/// the text began.
static void writeItem(llvm::raw_ostream &os, StringRef label, StringRef text,
                      unsigned indent) {
  std::string line = "  " + label.str();
  if (line.size() < indent)
    line.resize(indent, ' ');
  else
    line += ' ';
  bool isEmpty = true;
  while (!text.empty()) {
    auto [word, rest] = text.split(' ');
    if (!isEmpty && line.size() + 1 + word.size() > kColumns) {
      os << line << '\n';
      line = std::string(indent, ' ');
      isEmpty = true;
    }
    line += (isEmpty ? "" : " ") + word.str();
    isEmpty = false;
    text = rest;
  }
  os << StringRef(line).rtrim() << '\n';
}

static std::string describeNode(const Node &node) {
  std::vector<std::string> parts = describeDetails(node);
  if (node.op != "embedding" && node.op != "linear")
    parts.insert(parts.begin(), describeKind(node));
  return llvm::join(parts, ", ");
}

namespace {
/// A node around the blocks.
struct Part {
  std::string label, text;
};
} // namespace

/// What stands around the blocks: one part for each node that is no block. The
/// label is unique.
static std::vector<Part> listParts(const Graph &graph, bool afterBlocks) {
  int lastBlock = -1, count = static_cast<int>(graph.nodes.size());
  for (int i = 0; i < count; ++i)
    if (graph.nodes[i].op == "block")
      lastBlock = i;
  std::vector<Part> parts;
  for (int i = 0; i < count; ++i) {
    const Node &node = graph.nodes[i];
    // Operators have a line of their own.
    if (node.op == "block" || (i > lastBlock) != afterBlocks ||
        StringRef(node.op).starts_with("onnx."))
      continue;
    std::string label = node.op;
    if (afterBlocks && node.op == "norm")
      label = "final norm";
    else if (afterBlocks && node.op == "linear" && i + 1 == count)
      label = "head";
    unsigned same = llvm::count_if(parts, [&](const Part &part) {
      return StringRef(part.label).split(" #").first == label;
    });
    if (same)
      label += " #" + std::to_string(same + 1);
    parts.push_back({label, describeNode(node)});
  }
  return parts;
}

static void writeAround(const Report &report, bool afterBlocks,
                        llvm::raw_ostream &os) {
  std::vector<Part> before = listParts(report.before.model, afterBlocks);
  std::vector<Part> after = listParts(report.after.model, afterBlocks);
  auto find = [](const std::vector<Part> &parts, const std::string &label) {
    return llvm::find_if(parts,
                         [&](const Part &part) { return part.label == label; });
  };
  for (const Part &part : before) {
    writeItem(os, part.label, part.text, 16);
    auto now = find(after, part.label);
    if (now == after.end())
      writeItem(os, "  now", "gone", 16);
    else if (now->text != part.text)
      writeItem(os, "  now", now->text, 16);
  }
  for (const Part &part : after)
    if (find(before, part.label) == before.end())
      writeItem(os, part.label, "new: " + part.text, 16);
}

static void writeBlocks(const Report &report, llvm::raw_ostream &os) {
  const std::vector<Block> &before = report.before.blocks;
  const std::vector<Block> &after = report.after.blocks;
  for (const BlockGroup &group : groupBlocks(report)) {
    const Block &block = before[group.first];
    std::string was = describeBlock(block.graph);
    writeItem(os, describeRange(group),
              describeBlockKind(block.kind) + ": " + was, 16);
    if (after.size() != before.size())
      continue;
    std::string is = describeBlock(after[group.first].graph);
    if (is != was)
      writeItem(os, "  now", is, 16);
  }
  if (before.empty())
    writeItem(os, "blocks", "none recognised", 16);
}

static void writeRemarks(const Report &report, bool done,
                         llvm::raw_ostream &os) {
  unsigned shown = 0, more = 0;
  for (const RewriteGroup &group : report.rewrites) {
    if (group.done != done || isOperatorCount(group))
      continue;
    if (shown == kMostRemarks) {
      ++more;
      continue;
    }
    ++shown;
    writeItem(os, "-", describeRewrite(group), 4);
  }
  if (more)
    os << "    and " << more << " more (--json has them all)\n";
}

static bool hasRemarks(const Report &report, bool done) {
  for (const RewriteGroup &group : report.rewrites)
    if (group.done == done && !isOperatorCount(group))
      return true;
  return false;
}

static void writeSimplification(const Report &report, llvm::raw_ostream &os) {
  std::map<std::string, unsigned> before = countKinds(report.before);
  std::map<std::string, unsigned> after = countKinds(report.after);
  std::map<std::string, std::pair<unsigned, unsigned>> counts;
  for (const auto &[kind, count] : before)
    counts[kind].first = count;
  for (const auto &[kind, count] : after)
    counts[kind].second = count;
  std::string changes;
  for (const auto &[kind, count] : counts)
    if (count.first != count.second)
      changes += (changes.empty() ? "" : ", ") + kind + " " +
                 std::to_string(count.first) + " -> " +
                 std::to_string(count.second);
  os << "\nSimplified:\n";
  writeItem(os, "-", changes.empty() ? "no op went away" : changes, 4);
  writeRemarks(report, /*done=*/true, os);
  if (hasRemarks(report, /*done=*/false)) {
    os << "Kept:\n";
    writeRemarks(report, /*done=*/false, os);
  }
}

static void writeOperators(const Report &report, llvm::raw_ostream &os) {
  const Snapshot &after = report.after;
  if (!after.unrecognised.empty())
    writeItem(os, "not recognised", describeCounts(after.unrecognised), 16);
  if (!after.maskOperators.empty())
    writeItem(os, "masks, angles", describeCounts(after.maskOperators), 16);
  if (!after.uncounted.empty())
    writeItem(os, "not counted", describeCounts(after.uncounted), 16);
}

static void writeRow(llvm::raw_ostream &os, StringRef label,
                     const std::string &before, const std::string &after,
                     const std::string &change) {
  os << llvm::left_justify(label, 22) << llvm::right_justify(before, 16)
     << llvm::right_justify(after, 16);
  if (!change.empty())
    os << llvm::right_justify(change, 10);
  os << '\n';
}

static void writeCosts(const Report &report, llvm::raw_ostream &os) {
  const Snapshot &before = report.before, &after = report.after;
  os << '\n';
  writeRow(os, "", "before", "after", "");
  writeRow(os, "parameters", formatExact(before.parameters),
           formatExact(after.parameters),
           formatChange(before.parameters, after.parameters));
  writeRow(os, "  stored", formatBytes(before.parameterBytes),
           formatBytes(after.parameterBytes),
           formatChange(before.parameterBytes, after.parameterBytes));
  auto row = [&](StringRef label, const Polynomial &was, const Polynomial &is,
                 bool bytes) {
    double a = was.evaluate(report.dims), b = is.evaluate(report.dims);
    writeRow(os, label, bytes ? formatBytes(a) : formatShort(a),
             bytes ? formatBytes(b) : formatShort(b), formatChange(a, b));
  };
  Cost was = before.cost, is = after.cost;
  was += before.operatorCost;
  is += after.operatorCost;
  row("FLOPs", was.flops(), is.flops(), false);
  row("  linears", was.linear, is.linear, false);
  row("  attention", was.attention, is.attention, false);
  row("  point-wise", was.pointwise, is.pointwise, false);
  row("activations moved", was.activationBytes, is.activationBytes, true);

  std::map<std::string, std::string> letters = chooseLetters(report);
  os << "\nOne forward pass";
  if (!report.dims.empty())
    os << " at " << describeDims(report);
  os << ".\nAs formulas";
  if (std::string legend = describeLetters(letters); !legend.empty())
    os << " (" << legend << ')';
  os << ":\n";
  auto formula = [&](StringRef label, const Polynomial &was,
                     const Polynomial &is) {
    writeItem(os, label, formatFormula(was, letters), 16);
    if (was != is)
      writeItem(os, "  now", formatFormula(is, letters), 16);
  };
  formula("FLOPs", was.flops(), is.flops());
  formula("bytes moved", was.activationBytes, is.activationBytes);
}

void writeText(const Report &report, llvm::raw_ostream &os) {
  os << report.file << ": " << formatShort(report.before.parameters)
     << " parameters";
  if (report.before.parameters != report.after.parameters)
    os << ", " << formatShort(report.after.parameters) << " simplified";
  os << "\n\n";
  writeAround(report, /*afterBlocks=*/false, os);
  writeBlocks(report, os);
  writeAround(report, /*afterBlocks=*/true, os);
  writeOperators(report, os);
  writeSimplification(report, os);
  writeCosts(report, os);
}

} // namespace ockham::report
