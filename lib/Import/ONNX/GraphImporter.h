//===- GraphImporter.h - A graph becomes a function -------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_GRAPHIMPORTER_H
#define OCKHAM_LIB_IMPORT_ONNX_GRAPHIMPORTER_H

#include "Messages.h"
#include "OperatorTable.h"
#include "Protobuf.h"
#include "TensorReader.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "ockham/Import/ImportONNX.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace ockham::importer {

/// Text of a type or attribute.
template <typename T>
std::string print(T printable) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << printable;
  return text;
}

/// Imports the graph of a model as `@forward`.
class GraphImporter {
public:
  GraphImporter(pb::ModelProto &model, mlir::ModuleOp module,
                const ImportOptions &options, Messages &messages);

  mlir::LogicalResult run();

  //===--------------------------------------------------------------------===//
  // For NodeImporter
  //===--------------------------------------------------------------------===//

  mlir::OpBuilder &getBuilder() { return builder; }
  Messages &getMessages() { return messages; }
  TensorReader &getReader() { return reader; }
  mlir::Location getLocation(const pb::NodeProto &node, int64_t index);
  static std::string describe(const pb::NodeProto &node, int64_t index);

  /// Whether a node or the graph's outputs read the value.
  bool isUsed(llvm::StringRef name) const { return used.contains(name); }
  /// Gives a value its name.
  mlir::LogicalResult define(llvm::StringRef name, mlir::Value value,
                             const llvm::Twine &definedBy);
  /// A tensor of the file as an `onnx.Constant` or a weight that is loaded.
  mlir::Value importTensor(pb::TensorProto &tensor, llvm::StringRef name,
                           mlir::Location loc, const llvm::Twine &what,
                           bool isInitializer);
  /// The text of the last error that a verifier or shape inference emitted.
  std::string takeDiagnostic();

private:
  mlir::LogicalResult readOpsets();
  mlir::LogicalResult checkFeatures();
  void collectUses();
  mlir::LogicalResult checkOperators();
  mlir::LogicalResult sortNodes();
  mlir::LogicalResult importInputs();
  mlir::LogicalResult importInitializers();
  mlir::LogicalResult importNode(pb::NodeProto &node, int64_t index);
  mlir::LogicalResult importOutputs();

  /// The version of a domain's opset, 0 if the model imports none.
  int64_t getOpset(llvm::StringRef domain) const;
  /// The type of a graph input, with the names of its dimensions.
  mlir::FailureOr<mlir::RankedTensorType>
  getInputType(const pb::ValueInfoProto &info,
               llvm::SmallVectorImpl<mlir::Attribute> &dims);

  pb::ModelProto &model;
  pb::GraphProto &graph;
  mlir::ModuleOp module;
  const ImportOptions &options;
  Messages &messages;
  TensorReader reader;
  mlir::OpBuilder builder;
  mlir::func::FuncOp function;

  llvm::StringMap<int64_t> opsets;
  llvm::StringSet<> used;
  llvm::StringMap<mlir::Value> values;
  /// Names of dimensions of inputs, in order, and the extents they are bound
  /// to.
  llvm::SmallVector<std::string> dimNames;
  llvm::StringMap<int64_t> boundDims;
  /// Positions of the nodes in an order in which they can run.
  llvm::SmallVector<int64_t> order;

  std::string lastDiagnostic;
  mlir::ScopedDiagnosticHandler diagnostics;
};

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_GRAPHIMPORTER_H
