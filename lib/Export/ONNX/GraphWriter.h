//===- GraphWriter.h - A function becomes a graph ---------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EXPORT_ONNX_GRAPHWRITER_H
#define OCKHAM_LIB_EXPORT_ONNX_GRAPHWRITER_H

#include "GraphExtents.h"
#include "ockham/Support/ONNXProtobuf.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OpDefinition.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace ockham::exporter {

/// ONNX's number for an element type; UNDEFINED if it has none.
pb::TensorProto::DataType getDataType(mlir::Type element);

/// Writes one function as the graph of a model. The bytes of weights are not
/// copied into the graph, and their tensors are no part of it: `getWeights`
/// lists them.
class GraphWriter {
public:
  GraphWriter(mlir::func::FuncOp function, pb::GraphProto &graph,
              int64_t opset);

  llvm::Error run();

  struct Weight {
    pb::TensorProto header; ///< Name, element type and extents.
    ConstantData data;
  };
  std::vector<Weight> &getWeights() { return weights; }
  /// Checks of inputs for which ONNX has no operator.
  unsigned getDroppedChecks() const { return droppedChecks; }

  //===--------------------------------------------------------------------===//
  // For the operators
  //===--------------------------------------------------------------------===//

  int64_t getOpset() const { return opset; }

  /// The name of a value that has been written.
  std::string getName(mlir::Value value);
  /// A node without inputs, whose outputs are the op's results.
  pb::NodeProto &addOutputs(mlir::Operation *op, llvm::StringRef type);
  /// A node whose inputs are the op's tensor operands and whose outputs are its
  /// results.
  pb::NodeProto &addNode(mlir::Operation *op, llvm::StringRef type);
  /// A node with the given inputs; its output gets a new name. Equal ones
  /// without attributes are not shared: the module was rid of those.
  std::string
  addNode(llvm::StringRef type, llvm::ArrayRef<std::string> inputs,
          llvm::function_ref<void(pb::NodeProto &)> attributes = nullptr);
  /// A vector of integers as an initializer; equal ones are shared.
  std::string addInts(llvm::ArrayRef<int64_t> values);
  /// One integer without dimensions.
  std::string addScalar(int64_t value);
  /// A list of integers and `index` values as a vector.
  std::string addSizes(llvm::ArrayRef<int64_t> staticSizes,
                       mlir::ValueRange sizes);
  /// The same for extents of a new shape, where `kept[i]` (0 for Reshape, 1 for
  /// Expand) stands for extent i of the operand as it is. `canBeOpen`: one of
  /// the others may be -1.
  std::string addShape(mlir::Value operand, llvm::ArrayRef<int64_t> staticSizes,
                       mlir::ValueRange sizes, int64_t kept, bool canBeOpen);
  /// An `index` value, or an integer, as a vector with one element.
  std::string addIndex(mlir::Value index);
  /// A tensor of one value; equal ones are shared.
  std::string addFilled(mlir::RankedTensorType type, double value);

  static void setInt(pb::NodeProto &node, llvm::StringRef name, int64_t value);
  static void setFloat(pb::NodeProto &node, llvm::StringRef name, double value);
  static void setInts(pb::NodeProto &node, llvm::StringRef name,
                      llvm::ArrayRef<int64_t> values);
  static void setString(pb::NodeProto &node, llvm::StringRef name,
                        llvm::StringRef value);
  /// Element type, extents and elements of a small constant.
  static void setTensor(pb::TensorProto &tensor, const ConstantData &data);

  /// Remembers what cannot be written; the first one is reported.
  void refuse(const llvm::Twine &text);

private:
  llvm::Error reserveNames();
  llvm::Error writeInputs();
  llvm::Error writeOutputs(mlir::func::ReturnOp ret);
  llvm::Error writeOp(mlir::Operation *op);
  /// Arithmetic on extents and what makes tensors of them; false if it is none.
  bool writeIndexOp(mlir::Operation *op);
  llvm::Error writeConstant(mlir::Value value, llvm::StringRef name);
  std::string addIndexOp(mlir::Operation *op);
  std::string addElement(mlir::Operation *op);
  std::string addConcat(llvm::ArrayRef<std::string> parts);
  /// Fills name, element type and extents.
  llvm::Error describe(pb::ValueInfoProto &info, llvm::StringRef name,
                       mlir::RankedTensorType type, mlir::ArrayAttr dims);
  void define(mlir::Value value, llvm::StringRef wanted);
  std::string makeUnique(llvm::StringRef wanted);
  std::string nameNode(mlir::Operation *op, llvm::StringRef type);

  mlir::func::FuncOp function;
  pb::GraphProto &graph;
  int64_t opset;
  GraphExtents extents;
  llvm::DenseMap<mlir::Value, std::string> names;
  /// `index` values as vectors with one element.
  llvm::DenseMap<mlir::Value, std::string> indices;
  /// How often a name was wanted.
  llvm::StringMap<unsigned> taken;
  /// The names in the file of weights, by symbol.
  llvm::DenseMap<mlir::StringAttr, std::string> weightNames;
  llvm::DenseSet<mlir::StringAttr> writtenWeights;
  /// Names of small constants and joined extents that were written, by content.
  llvm::StringMap<std::string> shared;
  /// What results of the function must be called.
  llvm::DenseMap<mlir::Value, std::string> outputNames;
  std::vector<Weight> weights;
  std::string problem;
  unsigned droppedChecks = 0;
};

/// Writes one onnx op, or a tfm op that the opset has an operator for; fails
/// for others.
llvm::Error writeOperator(GraphWriter &writer, mlir::Operation *op);

/// Operators that move elements: writeOperator's second half. False if the op
/// is none of them.
bool writeDataMovement(GraphWriter &writer, mlir::Operation *op);

/// The tfm ops that `--convert-tfm-to-onnx=opset=N` leaves. False if the op is
/// none of them.
bool writeTransformerOp(GraphWriter &writer, mlir::Operation *op);

} // namespace ockham::exporter

#endif // OCKHAM_LIB_EXPORT_ONNX_GRAPHWRITER_H
