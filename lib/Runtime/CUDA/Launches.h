//===- Launches.h - What was launched, and how often ------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CUDA_LAUNCHES_H
#define OCKHAM_RUNTIME_CUDA_LAUNCHES_H

#include "ockham-c/Runtime.h"
#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

namespace ockham::runtime::cuda {

/// Counts launches of the same kernel with the same grid. Shapes that change
/// with every call bring ever new grids: beyond a number of them, those of a
/// kernel are counted together, with a grid of zeros.
class LaunchCounts {
public:
  void add(ockham_launch launch) {
    auto found = places.find(keyOf(launch));
    if (found == places.end() && records.size() >= mostGrids) {
      std::fill_n(launch.grid, 3, 0);
      found = places.find(keyOf(launch));
    }
    if (found != places.end()) {
      records[found->second].count += launch.count;
      return;
    }
    places[keyOf(launch)] = records.size();
    records.push_back(launch);
  }
  void clear() {
    places.clear();
    records.clear();
  }
  /// In the order in which they came first.
  const std::vector<ockham_launch> &all() const { return records; }

private:
  static constexpr size_t mostGrids = 1024;
  /// Kernels are told apart by their names in the model's table.
  using Key = std::tuple<const char *, uint32_t, uint32_t, uint32_t, uint32_t>;
  static Key keyOf(const ockham_launch &launch) {
    return {launch.kernel, launch.grid[0], launch.grid[1], launch.grid[2],
            launch.shared_bytes};
  }
  std::map<Key, size_t> places;
  std::vector<ockham_launch> records;
};

} // namespace ockham::runtime::cuda

#endif // OCKHAM_RUNTIME_CUDA_LAUNCHES_H
