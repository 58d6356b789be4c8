//===- Describe.h - Nodes and numbers in words ------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The words that the text, the page and the pictures share.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_REPORT_DESCRIBE_H
#define OCKHAM_LIB_REPORT_DESCRIBE_H

#include "ockham/Report/Report.h"

namespace ockham::report {

/// What a node is, e.g. "LayerNorm", "shaped attention", "linear".
std::string describeKind(const Node &node);
/// Its sizes and properties, e.g. "12 heads of 64, causal".
std::vector<std::string> describeDetails(const Node &node);

/// One line about a block: "LayerNorm x2, 12 heads of 64, MLP 3072 gelu_tanh".
std::string describeBlock(const Graph &graph);
/// A block's kind for people: "Pre-LN", "SAS-P", ...
std::string describeBlockKind(llvm::StringRef kind);

/// Numbers of nodes by kind, in all blocks and around them.
std::map<std::string, unsigned> countKinds(const Snapshot &snapshot);

/// "blocks 0-11", "block 3".
std::string describeRange(const BlockGroup &group);
/// "Add (4), Mul (2)".
std::string describeCounts(const OperatorCounts &counts);

/// "166,797,312".
std::string formatExact(double value);
/// Three digits and a unit: "167M", "3.27G", "812".
std::string formatShort(double value);
/// "116 KB", "0.67 GB".
std::string formatBytes(double value);
/// "-12.4%", or "" where nothing changed.
std::string formatChange(double before, double after);

/// The letters of the formulas: B for a batch, T for a sequence, other names as
/// they are.
std::map<std::string, std::string> chooseLetters(const Report &report);
std::string formatFormula(const Polynomial &polynomial,
                          const std::map<std::string, std::string> &letters);
/// "B = batch, T = sequence".
std::string describeLetters(const std::map<std::string, std::string> &letters);
/// "batch 1, sequence 128".
std::string describeDims(const Report &report);

/// Whether a remark counts what stays onnx, which the report does by itself.
bool isOperatorCount(const RewriteGroup &group);

/// One line about a remark: what, and how often.
std::string describeRewrite(const RewriteGroup &group);

} // namespace ockham::report

#endif // OCKHAM_LIB_REPORT_DESCRIBE_H
