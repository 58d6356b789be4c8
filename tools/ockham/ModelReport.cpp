//===- ModelReport.cpp - What a command says while it works ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelReport.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <unistd.h>

namespace ockham::tool {

Progress::Progress(bool quiet, bool remarks)
    : start(std::chrono::steady_clock::now()), quiet(quiet), remarks(remarks),
      showsStages(!quiet && isatty(STDERR_FILENO)) {
  onStage = [this](llvm::StringRef stage) {
    if (showsStages)
      llvm::errs() << llvm::format("\r\033[K[%5.1f s] ", getSeconds()) << stage;
  };
  onMessage = [this](llvm::StringRef message) {
    if (!this->remarks)
      return;
    clear();
    llvm::errs() << message << "\n";
  };
  onWarning = [this](llvm::StringRef text) {
    if (this->quiet)
      return;
    clear();
    llvm::errs() << "ockham: warning: " << text << "\n";
  };
}

CompileLog Progress::getLog() { return {onStage, onMessage, onWarning}; }

void Progress::clear() {
  if (showsStages)
    llvm::errs() << "\r\033[K";
}

double Progress::getSeconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

std::string formatCount(uint64_t count) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (count >= 10000000)
    os << llvm::format("%.1f M", count / 1e6);
  else if (count >= 10000)
    os << llvm::format("%.1f K", count / 1e3);
  else
    os << count;
  return text;
}

std::string formatBytes(uint64_t bytes) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (bytes >= 1000000)
    os << llvm::format("%.1f MB", bytes / 1e6);
  else
    os << llvm::format("%.1f KB", bytes / 1e3);
  return text;
}

/// "2 Add, 1 Mul, ..."
static std::string formatOperators(
    const std::vector<std::pair<std::string, unsigned>> &operators) {
  constexpr size_t shown = 4;
  std::string text;
  for (size_t i = 0; i < operators.size() && i < shown; ++i)
    text += (i ? ", " : "") + std::to_string(operators[i].second) + " " +
            operators[i].first;
  return text + (operators.size() > shown ? ", ..." : "");
}

std::string formatModel(const ModelSummary &summary) {
  std::string text = formatCount(summary.parameters) + " parameters; ";
  if (summary.blocks.empty())
    text += "no transformer block recognised";
  for (size_t i = 0; i < summary.blocks.size(); ++i)
    text += (i ? ", " : "blocks: ") + std::to_string(summary.blocks[i].second) +
            " " + summary.blocks[i].first;
  if (summary.unraised.empty())
    return text;
  unsigned count = 0;
  for (const auto &[name, number] : summary.unraised)
    count += number;
  return text + "; " + std::to_string(count) +
         (count == 1 ? " operator" : " operators") + " lowered as they are (" +
         formatOperators(summary.unraised) + ")";
}

std::string formatSimplification(const ModelSummary &summary,
                                 bool remarksShown) {
  std::string done, kept;
  for (const RewriteCount &rewrite : summary.rewrites) {
    llvm::StringRef pass = rewrite.pass;
    pass.consume_front("tfm-");
    for (auto [count, text] :
         {std::pair(rewrite.done, &done), std::pair(rewrite.kept, &kept)})
      if (count)
        *text += (text->empty() ? "" : ", ") + pass.str() + " " +
                 std::to_string(count);
  }
  std::string text =
      "simplified: " + (done.empty() ? "nothing to fold or merge" : done);
  if (!kept.empty())
    text += "; kept: " + kept + (remarksShown ? "" : " (--remarks says why)");
  auto addChange = [&](llvm::StringRef what, const std::string &before,
                       const std::string &after) {
    if (before != after)
      text += ("; " + what + " " + before + " -> " + after).str();
  };
  addChange("parameters", formatCount(summary.parametersBefore),
            formatCount(summary.parameters));
  addChange("weights", formatBytes(summary.weightBytesBefore),
            formatBytes(summary.weightBytes));
  if (summary.untiedBytes)
    text += " (a head that was tied to the embedding has " +
            formatBytes(summary.untiedBytes) + " of its own)";
  return text;
}

} // namespace ockham::tool
