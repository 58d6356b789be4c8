//===- Graphs.h - Calls that are launched at once ---------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CUDA_GRAPHS_H
#define OCKHAM_RUNTIME_CUDA_GRAPHS_H

#include "../Core/Types.h"
#include "Device.h"
#include "Launches.h"
#include <list>

namespace ockham::runtime::cuda {

/// What an entry point has launched for inputs of some shape and place.
struct Graph {
  struct Output {
    int32_t index;
    Shape shape;
    void *memory;
  };
  std::vector<uint64_t> key;
  CUgraphExec executable = nullptr; ///< Null until it is captured.
  std::vector<Output> outputs;
  LaunchCounts launches;
  int misses = 0; ///< Calls that could not use it.
};

/// The graphs of a session, few: those that were used last.
class GraphCache {
public:
  explicit GraphCache(const Device &device) : device(device) {}
  ~GraphCache();
  GraphCache(const GraphCache &) = delete;
  GraphCache &operator=(const GraphCache &) = delete;

  /// The graph of that key, which may not be captured yet; null, and one to be
  /// captured next time, where there is none.
  Graph *find(const std::vector<uint64_t> &key);
  void drop(Graph &graph);

private:
  static constexpr size_t most = 8;
  const Device &device;
  std::list<Graph> graphs; ///< The one that was used last first.
};

} // namespace ockham::runtime::cuda

#endif // OCKHAM_RUNTIME_CUDA_GRAPHS_H
