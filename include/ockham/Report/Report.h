//===- Report.h - What a model is, before and after ------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `ockham report` shows: the blocks of a model, its parameters and costs,
// before and after simplification, and what the passes did. What is counted and
// how stands in docs/report.md.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_REPORT_REPORT_H
#define OCKHAM_REPORT_REPORT_H

#include "ockham/Support/Polynomial.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ockham {

struct CompileLog;

namespace report {

/// Floating-point operations and traffic of one forward pass.
struct Cost {
  /// Of linears: a multiplication and an addition are two operations.
  Polynomial linear;
  /// Of the two products with the matrix of scores, visible pairs only.
  Polynomial attention;
  /// Of everything else: norms, softmax, activations, gains, sums.
  Polynomial pointwise;
  /// Bytes of activations that the ops read and write, each once.
  Polynomial activationBytes;

  Polynomial flops() const { return linear + attention + pointwise; }
  Cost &operator+=(const Cost &other);
};

/// An operand of a node: the result of another node, or (node < 0) the value
/// number -1 - node that comes from outside.
struct Edge {
  int node = -1;
  unsigned result = 0;
  bool operator==(const Edge &other) const {
    return node == other.node && result == other.result;
  }
};

/// One op on the activations, without names. `attributes` say what it is:
/// docs/report.md lists them.
struct Node {
  std::string op; ///< e.g. "norm", or "onnx.Add" where nothing was recognised.
  llvm::json::Object attributes;
  std::vector<Edge> inputs;
  /// Elements of the parameters that it reads.
  uint64_t parameters = 0;

  bool operator==(const Node &other) const {
    return op == other.op && attributes == other.attributes &&
           inputs == other.inputs && parameters == other.parameters;
  }
};

/// The ops behind some results, inputs first, in an order that depends on the
/// data flow alone.
struct Graph {
  std::vector<Node> nodes;
  std::vector<Edge> outputs;
  unsigned inputs = 0; ///< Values from outside.

  bool operator==(const Graph &other) const {
    return nodes == other.nodes && outputs == other.outputs &&
           inputs == other.inputs;
  }
};

struct Block {
  std::string kind; ///< As the dialect calls it, e.g. "pre_norm".
  int64_t index = 0;
  std::string name;
  Graph graph;
  Cost cost;
};

/// Operators that stay onnx, with their number.
using OperatorCounts = std::map<std::string, unsigned>;

/// The model at one time.
struct Snapshot {
  uint64_t parameters = 0;
  /// Of the parameters as they are stored.
  uint64_t parameterBytes = 0;
  /// Buffers that are no parameters: tables of angles, masks.
  uint64_t bufferBytes = 0;
  /// Operations of the transformer, by its recognised parts.
  Cost cost;
  /// The same, of operators that stay onnx.
  Cost operatorCost;
  /// Operators whose cost is not known, with their number.
  OperatorCounts uncounted;
  /// Operators that stay onnx: on the way of the activations, and those that
  /// only make masks, positions or ids.
  OperatorCounts unrecognised, maskOperators;
  /// Number of tfm ops by name.
  std::map<std::string, unsigned> ops;
  std::vector<Block> blocks;
  /// What is around the blocks, which are its nodes "block".
  Graph model;

  Polynomial flops() const { return cost.flops() + operatorCost.flops(); }
};

/// One kind of remark of one pass.
struct RewriteGroup {
  std::string pass;  ///< e.g. "tfm-fold-norms"; empty for recognition.
  bool done = false; ///< Something was removed, or else kept.
  std::string text;  ///< Without the names of nodes and weights.
  /// The first of them as a reader wants it: with a name, in the text or in
  /// front of it.
  std::string example;
  unsigned count = 0;
  /// The remarks as they were given, in their order.
  std::vector<std::string> messages;
};

struct Report {
  std::string file;
  std::string entry; ///< The function.
  Snapshot before, after;
  std::vector<RewriteGroup> rewrites;
  /// The extents of the formulas, and what they are evaluated at.
  std::map<std::string, int64_t> dims;
};

struct ReportOptions {
  std::string input; ///< .onnx, or .mlir with onnx or tfm functions.
  std::string entry; ///< Empty for the first.
  /// What formulas are evaluated at; others get a default.
  std::vector<std::pair<std::string, int64_t>> dims;
  /// Passes in place of `ockham-simplify`.
  std::optional<std::string> passes;
  bool allowExternalPaths = false;
};

/// Reads, raises and simplifies a model and says what it was and became.
llvm::Expected<Report> makeReport(const ReportOptions &options,
                                  const CompileLog &log);

/// Consecutive blocks that are alike, before and after.
struct BlockGroup {
  unsigned first = 0, last = 0; ///< Positions in Snapshot::blocks.
};
/// Groups blocks of both snapshots if they correspond; else those of `before`.
std::vector<BlockGroup> groupBlocks(const Report &report);
/// Groups the blocks of one snapshot.
std::vector<BlockGroup> groupBlocks(const Snapshot &snapshot);

/// The writers.
void writeJSON(const Report &report, llvm::raw_ostream &os);
void writeText(const Report &report, llvm::raw_ostream &os);
void writeHTML(const Report &report, llvm::raw_ostream &os);
/// The picture of one block alone, as an SVG file.
llvm::Error writeBlockSVG(const Report &report, unsigned number,
                          llvm::raw_ostream &os);

} // namespace report
} // namespace ockham

#endif // OCKHAM_REPORT_REPORT_H
