//===- Graphs.cpp - Calls that are launched at once -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Graphs.h"

namespace ockham::runtime::cuda {

GraphCache::~GraphCache() {
  for (Graph &graph : graphs)
    drop(graph);
}

Graph *GraphCache::find(const std::vector<uint64_t> &key) {
  for (auto it = graphs.begin(); it != graphs.end(); ++it) {
    if (it->key != key)
      continue;
    graphs.splice(graphs.begin(), graphs, it);
    return &graphs.front();
  }
  if (graphs.size() == most) {
    drop(graphs.back());
    graphs.pop_back();
  }
  graphs.emplace_front();
  graphs.front().key = key;
  return nullptr;
}

void GraphCache::drop(Graph &graph) {
  if (!graph.executable)
    return;
  ContextScope scope(device.driver, device.context());
  device.driver.cuGraphExecDestroy(graph.executable);
  graph.executable = nullptr;
}

} // namespace ockham::runtime::cuda
