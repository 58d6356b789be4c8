//===- BlockGroups.cpp - Consecutive blocks that are alike ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Report/Report.h"

namespace ockham::report {

static bool areAlike(const Block &a, const Block &b) {
  return a.kind == b.kind && a.graph == b.graph;
}

static std::vector<BlockGroup>
group(unsigned count, llvm::function_ref<bool(unsigned, unsigned)> alike) {
  std::vector<BlockGroup> groups;
  for (unsigned i = 0; i < count; ++i) {
    if (!groups.empty() && alike(groups.back().first, i))
      groups.back().last = i;
    else
      groups.push_back({i, i});
  }
  return groups;
}

std::vector<BlockGroup> groupBlocks(const Snapshot &snapshot) {
  return group(snapshot.blocks.size(), [&](unsigned a, unsigned b) {
    return areAlike(snapshot.blocks[a], snapshot.blocks[b]);
  });
}

std::vector<BlockGroup> groupBlocks(const Report &report) {
  const std::vector<Block> &before = report.before.blocks;
  const std::vector<Block> &after = report.after.blocks;
  if (before.size() != after.size())
    return groupBlocks(report.before);
  return group(before.size(), [&](unsigned a, unsigned b) {
    return areAlike(before[a], before[b]) && areAlike(after[a], after[b]);
  });
}

} // namespace ockham::report
