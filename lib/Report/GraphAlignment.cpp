//===- GraphAlignment.cpp - What became of each node ----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Both graphs are walked from their results at once. Where an op of the one has
// no counterpart in the other, it was removed (or added), and its operand is
// compared in its place. Passes leave no trace that could be asked instead, and
// what counts for the reader is the shape.
//
//===----------------------------------------------------------------------===//

#include "GraphAlignment.h"

#include "llvm/ADT/STLExtras.h"

namespace ockham::report {

Graph expandGains(const Graph &graph) {
  Graph result;
  result.inputs = graph.inputs;
  std::vector<int> places;
  auto map = [&](Edge edge) {
    if (edge.node >= 0)
      edge.node = places[edge.node];
    return edge;
  };
  for (Node node : graph.nodes) {
    for (Edge &input : node.inputs)
      input = map(input);
    if (node.op == "add") {
      if (const llvm::json::Array *gains = node.attributes.getArray("gains"))
        for (size_t i = 0; i < gains->size() && i < node.inputs.size(); ++i) {
          llvm::json::Value gain = (*gains)[i];
          if (gain.getAsString() == llvm::StringRef("none"))
            continue;
          Node scale;
          scale.op = "scale";
          scale.attributes["gain"] = std::move(gain);
          scale.inputs.push_back(node.inputs[i]);
          node.inputs[i] = {static_cast<int>(result.nodes.size()), 0};
          result.nodes.push_back(std::move(scale));
        }
      node.attributes.erase("gains");
    }
    // A product that accumulates is still a sum to the reader.
    std::optional<Node> sum;
    if (node.attributes.get("accumulates") && node.inputs.size() == 2) {
      sum.emplace();
      sum->op = "add";
      sum->inputs = {node.inputs.back(),
                     {static_cast<int>(result.nodes.size()), 0}};
      node.inputs.pop_back();
    }
    result.nodes.push_back(std::move(node));
    if (sum)
      result.nodes.push_back(std::move(*sum));
    places.push_back(static_cast<int>(result.nodes.size()) - 1);
  }
  for (const Edge &output : graph.outputs)
    result.outputs.push_back(map(output));
  return result;
}

namespace {
class Aligner {
public:
  Aligner(const Graph &before, const Graph &after)
      : before(before), after(after), partners(before.nodes.size(), -1),
        matched(after.nodes.size(), false), changed(after.nodes.size(), false),
        partnerCounts(after.nodes.size(), 0), notes(after.nodes.size()) {}

  AlignedGraph run();

private:
  /// A place where a value is read, in the graph after.
  using Place = std::pair<int, unsigned>; ///< Reader (-1: a result), operand.

  void match(Edge was, Edge is, Place place);
  void matchInputs(unsigned was, unsigned is);
  unsigned countLikeness(const Edge &was, const Edge &is, unsigned depth) const;
  bool correspond(const Node &was, const Node &is) const;
  void noteGains(AlignedGraph &result) const;
  void remove(int was, Place place) { removed[place].push_back(was); }

  const Graph &before, &after;
  std::vector<int> partners; ///< Of before's nodes in after.
  std::vector<bool> matched, changed;
  std::vector<unsigned> partnerCounts;
  std::vector<std::vector<std::string>> notes;
  /// Removed nodes on the way to a place, the one next to it first.
  std::map<Place, std::vector<int>> removed;
};
} // namespace

bool Aligner::correspond(const Node &was, const Node &is) const {
  if (was.op != is.op)
    return false;
  // Columns come and go when matrices are merged.
  if (was.op == "linear")
    return was.attributes.getInteger("in") == is.attributes.getInteger("in");
  return true;
}

/// How many ops down to `depth` correspond.
unsigned Aligner::countLikeness(const Edge &was, const Edge &is,
                                unsigned depth) const {
  if (was.node < 0 && is.node < 0)
    return was.node == is.node ? 2 : 1;
  if (was.node < 0 || is.node < 0 || depth == 0)
    return 0;
  const Node &a = before.nodes[was.node], &b = after.nodes[is.node];
  unsigned count = 0;
  if (correspond(a, b)) {
    count = 1;
    for (size_t i = 0; i < a.inputs.size() && i < b.inputs.size(); ++i)
      count += countLikeness(a.inputs[i], b.inputs[i], depth - 1);
    return count;
  }
  for (const Edge &input : a.inputs)
    count = std::max(count, countLikeness(input, is, depth - 1));
  return count;
}

void Aligner::matchInputs(unsigned was, unsigned is) {
  const std::vector<Edge> &a = before.nodes[was].inputs;
  const std::vector<Edge> &b = after.nodes[is].inputs;
  if (before.nodes[was].op == "add" && a.size() == 2 && b.size() == 2 &&
      countLikeness(a[0], b[0], 6) + countLikeness(a[1], b[1], 6) <
          countLikeness(a[0], b[1], 6) + countLikeness(a[1], b[0], 6)) {
    match(a[0], b[1], {static_cast<int>(is), 1});
    match(a[1], b[0], {static_cast<int>(is), 0});
    return;
  }
  for (unsigned i = 0; i < a.size() && i < b.size(); ++i)
    match(a[i], b[i], {static_cast<int>(is), i});
}

void Aligner::match(Edge was, Edge is, Place place) {
  while (was.node >= 0) {
    const Node &a = before.nodes[was.node];
    if (partners[was.node] >= 0)
      return;
    if (is.node >= 0) {
      const Node &b = after.nodes[is.node];
      // Several matrices that became one are read through a split.
      if (a.op == "linear" && b.op == "split" && !b.inputs.empty() &&
          b.inputs.front().node >= 0 &&
          after.nodes[b.inputs.front().node].op == "linear") {
        matched[is.node] = true;
        changed[is.node] = true;
        place = {is.node, 0};
        is = b.inputs.front();
        continue;
      }
      // Parts of which only one is left need no split.
      if (a.op == "split" && b.op != "split" && !a.inputs.empty()) {
        was = a.inputs.front();
        continue;
      }
      if (correspond(a, b)) {
        partners[was.node] = is.node;
        ++partnerCounts[is.node];
        if (matched[is.node]) {
          changed[is.node] = true;
        } else {
          matched[is.node] = true;
          if (a.attributes != b.attributes && a.op != "add")
            changed[is.node] = true;
          // Scale and shift of a point-wise norm go forward.
          if (a.op == "norm" &&
              (a.attributes.get("scale") || a.attributes.get("shift")) &&
              !b.attributes.get("scale") && !b.attributes.get("shift"))
            notes[is.node].push_back("g, b now in the next matrix");
        }
        matchInputs(was.node, is.node);
        return;
      }
      // What is new in the graph after: look behind it, if that is alike.
      bool isNew = !b.inputs.empty() &&
                   (b.op == "scale" || b.op == "norm" || b.op == "split") &&
                   a.op != "scale" && a.op != "norm" && a.op != "split";
      if (isNew) {
        place = {is.node, 0};
        is = b.inputs.front();
        continue;
      }
    }
    // Removed. Its operand takes its place.
    if (a.inputs.empty() || a.inputs.size() > 2)
      return;
    remove(was.node, place);
    was = a.inputs.front();
  }
}

/// The gain of a branch goes into what made the branch: a matrix, or the gains
/// of a shaped attention.
void Aligner::noteGains(AlignedGraph &result) const {
  Graph &graph = result.graph;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (result.states[i] != ShapeState::Removed || graph.nodes[i].op != "scale")
      continue;
    int maker = graph.nodes[i].inputs.front().node;
    while (maker >= 0 && result.states[maker] == ShapeState::Removed)
      maker = graph.nodes[maker].inputs.front().node;
    if (maker < 0)
      continue;
    const Node &node = graph.nodes[maker];
    bool isShaped = node.op == "attention" && node.attributes.get("shape");
    if (node.op != "linear" && !isShaped)
      continue;
    std::string note =
        isShaped ? "α, β, γ now hold the gain" : "now holds the gain";
    if (!llvm::is_contained(result.notes[maker], note))
      result.notes[maker].push_back(note);
    if (result.states[maker] == ShapeState::Same)
      result.states[maker] = ShapeState::Changed;
  }
}

AlignedGraph Aligner::run() {
  for (unsigned i = 0; i < before.outputs.size() && i < after.outputs.size();
       ++i)
    match(before.outputs[i], after.outputs[i], {-1, i});

  AlignedGraph result;
  result.graph.inputs = after.inputs;
  std::vector<int> places;
  // A ghost that several readers had is one.
  std::map<std::pair<int, std::pair<int, unsigned>>, int> ghosts;
  auto follow = [&](Edge edge, Place place) {
    Edge from = edge;
    if (edge.node >= 0)
      from.node = places[edge.node];
    auto found = removed.find(place);
    if (found == removed.end())
      return from;
    for (int was : llvm::reverse(found->second)) {
      auto key = std::pair(was, std::pair(from.node, from.result));
      auto ghost = ghosts.find(key);
      if (ghost == ghosts.end()) {
        Node node = before.nodes[was];
        node.inputs = {from};
        ghost = ghosts.emplace(key, result.graph.nodes.size()).first;
        result.graph.nodes.push_back(std::move(node));
        result.states.push_back(ShapeState::Removed);
        result.notes.emplace_back();
      }
      from = {ghost->second, 0};
    }
    return from;
  };
  for (unsigned i = 0; i < after.nodes.size(); ++i) {
    Node node = after.nodes[i];
    std::vector<std::string> taken = notes[i];
    if (partnerCounts[i] > 1)
      taken.push_back(std::to_string(partnerCounts[i]) + " products in one");
    for (unsigned operand = 0; operand < node.inputs.size(); ++operand) {
      node.inputs[operand] =
          follow(node.inputs[operand], {static_cast<int>(i), operand});
      auto found = removed.find({static_cast<int>(i), operand});
      if (node.op == "linear" && found != removed.end())
        for (int was : found->second)
          if (before.nodes[was].op == "norm")
            taken.push_back("now holds the norm");
    }
    places.push_back(result.graph.nodes.size());
    ShapeState state = !matched[i]  ? ShapeState::Added
                       : changed[i] ? ShapeState::Changed
                                    : ShapeState::Same;
    if (!taken.empty() && state == ShapeState::Same)
      state = ShapeState::Changed;
    result.graph.nodes.push_back(std::move(node));
    result.states.push_back(state);
    result.notes.push_back(std::move(taken));
  }
  for (unsigned i = 0; i < after.outputs.size(); ++i)
    result.graph.outputs.push_back(follow(after.outputs[i], {-1, i}));
  noteGains(result);
  return result;
}

AlignedGraph alignGraphs(const Graph &before, const Graph &after) {
  return Aligner(before, after).run();
}

} // namespace ockham::report
