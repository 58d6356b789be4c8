//===- Functions.h - Functions that a model defines -------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_FUNCTIONS_H
#define OCKHAM_LIB_IMPORT_ONNX_FUNCTIONS_H

#include "NodeOrder.h"
#include "Opsets.h"

#include <memory>
#include <optional>
#include <vector>

namespace ockham::importer {

/// A function of the model; its calls are replaced by its nodes.
struct Function {
  pb::FunctionProto *proto;
  /// "function 'pkg::name'".
  std::string description;
  /// What it imports itself, else what the model does.
  Opsets opsets;
  /// Attributes that a call may leave out, with their values then.
  std::vector<pb::AttributeProto> defaults;
  /// Positions of its nodes, from its first call on.
  std::optional<llvm::SmallVector<int64_t>> order;

  enum class State { Unchecked, BeingChecked, Checked };
  State state = State::Unchecked;
  /// How many nodes a call becomes, and how deep calls are nested in it.
  uint64_t expandedNodes = 0;
  unsigned height = 0;
};

/// All functions of a model.
class FunctionLibrary {
public:
  explicit FunctionLibrary(Messages &messages) : messages(messages) {}

  mlir::LogicalResult read(pb::ModelProto &model);

  /// Checks the functions that a graph calls, directly or not: none may call
  /// itself, and all calls together must become a bearable number of nodes.
  mlir::LogicalResult check(const pb::GraphProto &graph, const Opsets &opsets);

  /// The function that a node calls; null if it is an operator. What the model
  /// itself defines goes before operators of the same name: its definition is
  /// what the writer of the file meant.
  Function *find(const pb::NodeProto &node) const;

private:
  /// Checks what the nodes at `depth` calls call. Adds the nodes that come out
  /// of functions to `expandedNodes`.
  mlir::LogicalResult checkNodes(const Nodes &nodes, unsigned depth,
                                 uint64_t &expandedNodes, unsigned &height);
  mlir::LogicalResult checkFunction(Function &function, unsigned depth);

  Messages &messages;
  const Opsets *modelOpsets = nullptr;
  llvm::StringMap<std::unique_ptr<Function>> functions;
};

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_FUNCTIONS_H
