//===- Scope.h - The names of a graph, branch or function -------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_SCOPE_H
#define OCKHAM_LIB_IMPORT_ONNX_SCOPE_H

#include "Opsets.h"
#include "ockham/Support/ONNXProtobuf.h"

#include "mlir/IR/Value.h"
#include "llvm/ADT/StringMap.h"

#include <optional>

namespace ockham::importer {

/// What names mean in a graph, in the branch of an If, or in one call of a
/// function. All of them are imported into the body of one function, so a scope
/// is no more than names.
///
/// A branch sees the names around it; a function only its inputs.
class Scope {
public:
  /// A model's graph.
  explicit Scope(const Opsets &opsets) : opsets(opsets) {}
  /// The branch of the node `owner`, e.g. "/if/then_branch".
  Scope(Scope &outer, const llvm::Twine &owner);
  /// A call by the node `call`.
  Scope(const Scope &caller, const Opsets &opsets, const llvm::Twine &call);

  Scope(const Scope &) = delete;
  Scope &operator=(const Scope &) = delete;

  Scope *getOuter() const { return outer; }
  const Opsets &getOpsets() const { return opsets; }
  bool isInFunction() const;
  /// How many branches and calls this is inside of.
  unsigned getDepth() const { return depth; }

  //===--------------------------------------------------------------------===//
  // Values
  //===--------------------------------------------------------------------===//

  /// False if the name has a value already.
  bool define(llvm::StringRef name, mlir::Value value);
  /// A value of this scope itself. Null is one that a caller left out.
  std::optional<mlir::Value> find(llvm::StringRef name) const;

  /// An initializer that becomes a value when it is first asked for. False if
  /// the name is taken.
  bool addInitializer(pb::TensorProto &tensor);
  /// Null if there is none, or no longer.
  pb::TensorProto *takeInitializer(llvm::StringRef name);

  /// Notes that something reads the value: a node of the scope itself
  /// (`directly`), one of its outputs, or a node of a branch within.
  void addUse(llvm::StringRef name, bool directly);
  bool isUsed(llvm::StringRef name) const { return uses.contains(name); }
  bool isUsedDirectly(llvm::StringRef name) const { return uses.lookup(name); }

  //===--------------------------------------------------------------------===//
  // Attributes of a function
  //===--------------------------------------------------------------------===//

  /// Gives attribute `name` of a function a value for this call; the first one
  /// counts.
  void bindAttribute(llvm::StringRef name, const pb::AttributeProto &attribute);
  /// What `attribute` of a node stands for: itself, or the attribute of the
  /// call that it refers to; null if the call has none.
  const pb::AttributeProto *resolve(const pb::AttributeProto &attribute) const;

  //===--------------------------------------------------------------------===//
  // Names of nodes
  //===--------------------------------------------------------------------===//

  /// The node's name or what can stand for it, behind the nodes whose calls led
  /// here: "/layer/norm/Sqrt".
  std::string getPath(const pb::NodeProto &node, int64_t index) const;
  /// "node '/h.0/Add' (Add)", "node #3 (Add)".
  std::string describe(const pb::NodeProto &node, int64_t index) const;
  /// "'/h.0/Add'", "#3".
  std::string quoteNode(const pb::NodeProto &node, int64_t index) const;
  /// The name of a value, behind the nodes whose calls led here.
  std::string qualify(llvm::StringRef name) const;

private:
  Scope *outer = nullptr;
  const Opsets &opsets;
  unsigned depth = 0;
  /// In front of names, and of the positions of nodes without one. The names of
  /// branches are the file's own and need nothing in front.
  std::string prefix, place;
  llvm::StringMap<mlir::Value> values;
  llvm::StringMap<pb::TensorProto *> initializers;
  llvm::StringMap<bool> uses;
  llvm::StringMap<const pb::AttributeProto *> attributes;
};

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_SCOPE_H
