//===- GraphImporter.h - A graph becomes a function -------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_GRAPHIMPORTER_H
#define OCKHAM_LIB_IMPORT_ONNX_GRAPHIMPORTER_H

#include "Messages.h"
#include "OperatorSurvey.h"
#include "Scope.h"
#include "TensorReader.h"
#include "ockham/Support/ONNXProtobuf.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "ockham/Import/ImportONNX.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

namespace ockham::importer {

/// Imports the graph of a model as `@forward`. Calls of functions and the
/// branches that are taken become part of it, each in a scope of its own.
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
  /// Where the names of the nodes that are being imported are looked up.
  Scope &getScope() { return *scope; }

  /// Gives a value its name.
  mlir::LogicalResult define(llvm::StringRef name, mlir::Value value,
                             const llvm::Twine &definedBy);
  /// A tensor of the file as an `onnx.Constant` or a weight that is loaded.
  mlir::Value importTensor(pb::TensorProto &tensor, llvm::StringRef name,
                           mlir::Location loc, const llvm::Twine &what,
                           bool isInitializer);
  /// A tensor of the file as an attribute.
  mlir::FailureOr<mlir::DenseElementsAttr>
  readConstant(pb::TensorProto &tensor, const llvm::Twine &what);
  /// Imports the graph of a node in place. `owner` is its place in names,
  /// `results` are the names that its outputs get outside.
  mlir::FailureOr<llvm::SmallVector<mlir::Value>>
  importBranch(pb::GraphProto &branch, const llvm::Twine &owner,
               llvm::ArrayRef<llvm::StringRef> results);
  /// The text of the last error that a verifier or shape inference emitted.
  std::string takeDiagnostic();

private:
  void checkFeatures();
  mlir::LogicalResult importInputs();
  mlir::LogicalResult importOutputs();

  mlir::LogicalResult importInitializers(pb::GraphProto &graph);
  mlir::Value importInitializer(pb::TensorProto &tensor);
  /// Imports nodes in the given order.
  mlir::LogicalResult importNodes(Nodes &nodes, llvm::ArrayRef<int64_t> order);
  mlir::LogicalResult importNode(pb::NodeProto &node, int64_t index);
  mlir::LogicalResult importOperator(pb::NodeProto &node, int64_t index,
                                     llvm::ArrayRef<mlir::Value> operands);
  mlir::LogicalResult importCall(pb::NodeProto &node, int64_t index,
                                 Function &function,
                                 llvm::ArrayRef<mlir::Value> operands);
  /// The value of a name in this scope or around it, null if a caller left it
  /// out; reports `problem` if there is none.
  mlir::FailureOr<mlir::Value>
  lookup(llvm::StringRef name, llvm::function_ref<std::string()> problem);

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

  Opsets opsets;
  FunctionLibrary functions;
  OperatorSurvey survey;
  Scope mainScope;
  Scope *scope = &mainScope;

  std::optional<WeightBuilder> weights;
  /// Bytes that sparse tensors may get, all together.
  uint64_t sparseBudget = uint64_t(1) << 28;
  /// What became of tensors of the file, a value or the name of a weight: those
  /// of functions are asked for at each call.
  llvm::DenseMap<const pb::TensorProto *, mlir::Attribute> tensors;
  /// Names of dimensions of inputs, in order, and the extents they are bound
  /// to.
  llvm::SetVector<llvm::StringRef> dimNames;
  llvm::StringMap<int64_t> boundDims;

  std::string lastDiagnostic;
  mlir::ScopedDiagnosticHandler diagnostics;
};

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_GRAPHIMPORTER_H
