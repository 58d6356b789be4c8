//===- GraphAlignment.h - What became of each node --------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_REPORT_GRAPHALIGNMENT_H
#define OCKHAM_LIB_REPORT_GRAPHALIGNMENT_H

#include "Picture.h"

namespace ockham::report {

/// The graph after simplification, with removed nodes where they were.
struct AlignedGraph {
  Graph graph; ///< Inputs first.
  std::vector<ShapeState> states;
  /// What a node has taken in, in words.
  std::vector<std::vector<std::string>> notes;
};

/// The graph in which the gains of sums are nodes "scale".
Graph expandGains(const Graph &graph);

AlignedGraph alignGraphs(const Graph &before, const Graph &after);

} // namespace ockham::report

#endif // OCKHAM_LIB_REPORT_GRAPHALIGNMENT_H
