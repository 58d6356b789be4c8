//===- OperatorSurvey.h - Which operators are missing -----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_OPERATORSURVEY_H
#define OCKHAM_LIB_IMPORT_ONNX_OPERATORSURVEY_H

#include "Functions.h"
#include "Scope.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringSet.h"

namespace ockham::importer {

/// Looks for operators that are not supported before anything is imported, so
/// that the user learns of all of them at once.
///
/// Goes into the functions that are called and into the branch that an If with
/// a literal condition takes. Branches whose condition has to be computed are
/// looked at when they are known to be taken.
class OperatorSurvey {
public:
  OperatorSurvey(const FunctionLibrary &functions, Messages &messages)
      : functions(functions), messages(messages) {}

  /// Reports everything that is missing in one message.
  mlir::LogicalResult run(const pb::GraphProto &graph, Scope &scope);

private:
  /// One operator, or all those of an unknown domain.
  struct Missing {
    std::vector<std::string> operators;
    llvm::StringSet<> names;
    /// "ai.onnx opset 17".
    std::string domain;
    uint64_t nodes = 0;
    /// The first one.
    std::string node;
    llvm::StringRef hint;
  };
  /// Boolean scalars that the file holds.
  struct Literals {
    const Literals *outer;
    llvm::StringMap<bool> values;

    void add(llvm::StringRef name, const pb::TensorProto &tensor);
    std::optional<bool> find(llvm::StringRef name) const;
  };

  void visitGraph(const pb::GraphProto &graph, Scope &scope,
                  const Literals *outer);
  void visitNodes(const Nodes &nodes, Scope &scope, Literals &literals);
  void visitIf(const pb::NodeProto &node, int64_t index, Scope &scope,
               const Literals &literals);
  void add(const pb::NodeProto &node, int64_t index, const Scope &scope);

  const FunctionLibrary &functions;
  Messages &messages;
  llvm::SmallPtrSet<const Function *, 8> visited;
  llvm::MapVector<std::string, Missing, llvm::StringMap<unsigned>> missing;
};

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_OPERATORSURVEY_H
