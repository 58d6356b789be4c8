//===- NodeOrder.cpp - In which order nodes can run -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NodeOrder.h"

#include "Scope.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <queue>

using namespace mlir;

namespace ockham::importer {

using Use = llvm::function_ref<void(StringRef, bool)>;

/// What a graph within a node reads from outside.
static void forEachCapture(const pb::GraphProto &graph, Use use) {
  llvm::StringSet<> own;
  for (const pb::ValueInfoProto &input : graph.input())
    own.insert(input.name());
  for (const pb::TensorProto &tensor : graph.initializer())
    own.insert(tensor.name());
  for (const pb::NodeProto &node : graph.node())
    for (const std::string &output : node.output())
      own.insert(output);
  auto useCaptured = [&](StringRef name, bool) {
    if (!own.contains(name))
      use(name, /*directly=*/false);
  };
  for (const pb::NodeProto &node : graph.node())
    forEachRead(node, useCaptured);
  for (const pb::ValueInfoProto &output : graph.output())
    useCaptured(output.name(), false);
}

void forEachRead(const pb::NodeProto &node, Use use) {
  for (const std::string &input : node.input())
    if (!input.empty())
      use(input, /*directly=*/true);
  for (const pb::AttributeProto &attribute : node.attribute()) {
    if (attribute.has_g())
      forEachCapture(attribute.g(), use);
    for (const pb::GraphProto &graph : attribute.graphs())
      forEachCapture(graph, use);
  }
}

FailureOr<SmallVector<int64_t>> orderNodes(const Nodes &nodes,
                                           const Scope &scope,
                                           const llvm::Twine &where,
                                           Messages &messages) {
  int64_t size = nodes.size();
  llvm::StringMap<int64_t> producers;
  for (int64_t i = 0; i < size; ++i)
    for (const std::string &output : nodes[i].output())
      if (!output.empty())
        producers.try_emplace(output, i);
  // The first node in the file that can run comes next, so that a sorted file
  // keeps its order.
  SmallVector<int64_t> order, waitsFor(size, 0);
  SmallVector<SmallVector<int64_t, 2>> readers(size);
  for (int64_t i = 0; i < size; ++i)
    forEachRead(nodes[i], [&](StringRef name, bool) {
      if (auto it = producers.find(name); it != producers.end()) {
        ++waitsFor[i];
        readers[it->second].push_back(i);
      }
    });
  std::priority_queue<int64_t, std::vector<int64_t>, std::greater<>> ready;
  for (int64_t i = 0; i < size; ++i)
    if (waitsFor[i] == 0)
      ready.push(i);
  while (!ready.empty()) {
    int64_t next = ready.top();
    ready.pop();
    order.push_back(next);
    for (int64_t reader : readers[next])
      if (--waitsFor[reader] == 0)
        ready.push(reader);
  }
  if (static_cast<int64_t>(order.size()) != size) {
    int64_t stuck = llvm::find_if(waitsFor, [](int64_t n) { return n > 0; }) -
                    waitsFor.begin();
    return messages.error(where + " has a cycle through or before " +
                          scope.describe(nodes[stuck], stuck));
  }
  if (!llvm::is_sorted(order))
    messages.warning("the nodes of " + where +
                     " are not in an order in which they can run; they were "
                     "sorted");
  return order;
}

} // namespace ockham::importer
