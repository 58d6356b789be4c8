//===- WriteHTML.cpp - The report as a page -------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One file, without scripts and without anything from elsewhere. It is
// well-formed XML, too.
//
//===----------------------------------------------------------------------===//

#include "Describe.h"
#include "PageWords.h"
#include "Picture.h"

#include "llvm/ADT/StringExtras.h"

using llvm::StringRef;

namespace ockham::report {

/// Before and after, or one picture where nothing changed.
static std::vector<TitledPicture>
makePair(const Graph &before, const Graph *after, StringRef in, StringRef out) {
  std::vector<TitledPicture> pictures;
  if (!after || before == *after) {
    pictures.push_back(
        {after ? "before and after" : "before", makePicture(before, in, out)});
    return pictures;
  }
  pictures.push_back({"before", makePicture(before, in, out)});
  pictures.push_back({"after", makeChangePicture(before, *after, in, out)});
  return pictures;
}

static std::vector<TitledPicture> makeBlockPictures(const Report &report,
                                                    unsigned number) {
  bool hasAfter = report.after.blocks.size() == report.before.blocks.size();
  return makePair(report.before.blocks[number].graph,
                  hasAfter ? &report.after.blocks[number].graph : nullptr,
                  "from below", "to the next block");
}

static bool canBeDrawn(llvm::ArrayRef<TitledPicture> pictures) {
  return llvm::all_of(pictures, [](const TitledPicture &titled) {
    return titled.picture.shapes.size() <= kMostShapes;
  });
}

static void writeFigure(llvm::ArrayRef<TitledPicture> pictures,
                        const std::string &description, llvm::raw_ostream &os) {
  if (!canBeDrawn(pictures)) {
    os << "<p class=\"soft\">" << pictures.front().picture.shapes.size() - 2
       << " ops: too many to be drawn.</p>\n";
    return;
  }
  os << "<figure>\n";
  drawSVG(pictures, description, /*standalone=*/false, os);
  os << "</figure>\n";
}

/// "2 of LayerNorm, 4 of gain".
static std::string describeRemoved(const Graph &before, const Graph &after) {
  Snapshot was, is;
  was.model = before;
  is.model = after;
  std::map<std::string, unsigned> left = countKinds(is);
  std::string text;
  for (const auto &[kind, count] : countKinds(was)) {
    unsigned now = left.count(kind) ? left[kind] : 0;
    if (now < count)
      text += (text.empty() ? "" : ", ") + kind + " " + std::to_string(count) +
              " → " + std::to_string(now);
  }
  return text;
}

static void writeBlockSections(const Report &report, llvm::raw_ostream &os) {
  const std::vector<Block> &before = report.before.blocks;
  const std::vector<Block> &after = report.after.blocks;
  for (const BlockGroup &group : groupBlocks(report)) {
    const Block &block = before[group.first];
    std::string kind = describeBlockKind(block.kind);
    std::string range = describeRange(group);
    range.front() = llvm::toUpper(range.front());
    os << "<section>\n<h2>" << range << ": " << kind << "</h2>\n<p>"
       << explainBlockKind(block.kind) << "</p>\n<p class=\"soft\">"
       << escapeXML(describeBlock(block.graph)) << ".</p>\n";
    writeFigure(makeBlockPictures(report, group.first),
                kind + " block before and after simplification", os);
    if (after.size() == before.size()) {
      std::string removed =
          describeRemoved(block.graph, after[group.first].graph);
      if (!removed.empty())
        os << "<p class=\"done\">Fewer: " << escapeXML(removed) << ".</p>\n";
    }
    os << "</section>\n";
  }
}

static void writeNumbers(const Report &report, llvm::raw_ostream &os) {
  const Snapshot &before = report.before, &after = report.after;
  std::map<std::string, std::string> letters = chooseLetters(report);
  Cost was = before.cost, is = after.cost;
  was += before.operatorCost;
  is += after.operatorCost;
  os << "<table>\n<tr><th></th><th class=\"number\">before</th><th "
        "class=\"number\">after</th><th class=\"number\">change</th><th>as a "
        "formula, after</th></tr>\n";
  auto row = [&](StringRef label, bool isPart, const std::string &a,
                 const std::string &b, const std::string &change,
                 const std::string &formula) {
    os << "<tr><td" << (isPart ? " class=\"part\"" : "") << '>' << label
       << "</td><td class=\"number\">" << a << "</td><td class=\"number\">" << b
       << "</td><td class=\"number\">" << change << "</td><td><code>"
       << escapeXML(formula) << "</code></td></tr>\n";
  };
  row("parameters", false, formatExact(before.parameters),
      formatExact(after.parameters),
      formatChange(before.parameters, after.parameters), "");
  row("stored", true, formatBytes(before.parameterBytes),
      formatBytes(after.parameterBytes),
      formatChange(before.parameterBytes, after.parameterBytes), "");
  auto cost = [&](StringRef label, bool isPart, const Polynomial &a,
                  const Polynomial &b, bool bytes) {
    double x = a.evaluate(report.dims), y = b.evaluate(report.dims);
    row(label, isPart, bytes ? formatBytes(x) : formatShort(x),
        bytes ? formatBytes(y) : formatShort(y), formatChange(x, y),
        formatFormula(b, letters));
  };
  cost("operations", false, was.flops(), is.flops(), false);
  cost("linears", true, was.linear, is.linear, false);
  cost("attention", true, was.attention, is.attention, false);
  cost("point-wise", true, was.pointwise, is.pointwise, false);
  cost("bytes moved", false, was.activationBytes, is.activationBytes, true);
  os << "</table>\n<p class=\"soft\">One forward pass";
  if (!report.dims.empty())
    os << " at " << escapeXML(describeDims(report));
  if (std::string legend = describeLetters(letters); !legend.empty())
    os << "; " << escapeXML(legend);
  os << ". " << getCountingNote() << "</p>\n";
}

static void writeRewrites(const Report &report, bool done,
                          llvm::raw_ostream &os) {
  bool isFirst = true;
  for (const RewriteGroup &group : report.rewrites) {
    if (group.done != done || isOperatorCount(group))
      continue;
    if (isFirst)
      os << "<h2>" << (done ? "What was done" : "What was kept, and why")
         << "</h2>\n<table>\n<tr><th>pass</th><th class=\"number\">times</th>"
            "<th>what</th></tr>\n";
    isFirst = false;
    os << "<tr><td><code>" << escapeXML(group.pass)
       << "</code></td><td class=\"number\">" << group.count << "</td><td>"
       << escapeXML(group.text) << "<details><summary class=\"soft\">where"
       << "</summary>";
    for (const std::string &message : group.messages)
      os << "<code>" << escapeXML(message) << "</code><br/>";
    os << "</details></td></tr>\n";
  }
  if (!isFirst)
    os << "</table>\n";
}

static void writeOperatorCounts(const Report &report, llvm::raw_ostream &os) {
  const Snapshot &after = report.after;
  if (after.unrecognised.empty() && after.maskOperators.empty() &&
      after.uncounted.empty())
    return;
  os << "<h2>Operators that stay as they are</h2>\n<table>\n";
  auto row = [&](StringRef label, const OperatorCounts &counts) {
    if (!counts.empty())
      os << "<tr><td>" << label << "</td><td>"
         << escapeXML(describeCounts(counts)) << "</td></tr>\n";
  };
  row("on the way of the activations, not recognised", after.unrecognised);
  row("for masks, positions and angles", after.maskOperators);
  row("not counted", after.uncounted);
  os << "</table>\n";
}

void writeHTML(const Report &report, llvm::raw_ostream &os) {
  std::string file = escapeXML(report.file);
  const Snapshot &before = report.before, &after = report.after;
  os << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta "
        "charset=\"utf-8\"/>\n<meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\"/>\n<title>"
     << file << "</title>\n<style>" << getPageStyle() << getPictureStyle()
     << "</style>\n</head>\n<body>\n<h1>" << file << "</h1>\n<p class=\"lead\">"
     << before.blocks.size()
     << (before.blocks.size() == 1 ? " transformer block, "
                                   : " transformer blocks, ")
     << formatShort(before.parameters) << " parameters";
  if (before.parameters != after.parameters)
    os << ", " << formatShort(after.parameters) << " after simplification";
  os << ".</p>\n";
  writeNumbers(report, os);

  Graph was = collapseBlocks(report, before),
        is = collapseBlocks(report, after);
  os << "<section>\n<h2>The whole model</h2>\n";
  writeFigure(makePair(was, &is, "in", "out"),
              "the model before and after simplification", os);
  os << "</section>\n<h2>How to read the pictures</h2>\n<p>They grow from the "
        "bottom to the top, as in the papers, and are drawn from what the "
        "compiler found in the file.</p>\n"
     << getLegend();
  writeBlockSections(report, os);
  writeRewrites(report, /*done=*/true, os);
  writeRewrites(report, /*done=*/false, os);
  writeOperatorCounts(report, os);
  os << "</body>\n</html>\n";
}

llvm::Error writeBlockSVG(const Report &report, unsigned number,
                          llvm::raw_ostream &os) {
  if (number >= report.before.blocks.size())
    return llvm::createStringError("--block: expected less than " +
                                   std::to_string(report.before.blocks.size()) +
                                   ", the number of blocks, got " +
                                   std::to_string(number));
  std::vector<TitledPicture> pictures = makeBlockPictures(report, number);
  if (!canBeDrawn(pictures))
    return llvm::createStringError(
        "--svg: block " + std::to_string(number) + " has " +
        std::to_string(pictures.front().picture.shapes.size() - 2) +
        " ops, expected at most " + std::to_string(kMostShapes - 2));
  drawSVG(pictures,
          describeBlockKind(report.before.blocks[number].kind) +
              " block before and after simplification",
          /*standalone=*/true, os);
  return llvm::Error::success();
}

} // namespace ockham::report
