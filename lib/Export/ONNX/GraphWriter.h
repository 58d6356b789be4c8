//===- GraphWriter.h - A function becomes a graph ---------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EXPORT_ONNX_GRAPHWRITER_H
#define OCKHAM_LIB_EXPORT_ONNX_GRAPHWRITER_H

#include "Protobuf.h"

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
/// copied into the graph: `getWeights` lists which initializer needs which.
class GraphWriter {
public:
  GraphWriter(mlir::func::FuncOp function, pb::GraphProto &graph, int64_t opset)
      : function(function), graph(graph), opset(opset) {}

  llvm::Error run();

  struct PendingWeight {
    int initializer; ///< Its position in the graph.
    ConstantData data;
  };
  const std::vector<PendingWeight> &getWeights() const { return weights; }

  //===--------------------------------------------------------------------===//
  // For the operators
  //===--------------------------------------------------------------------===//

  int64_t getOpset() const { return opset; }

  /// The name of a value that has been written.
  std::string getName(mlir::Value value) const { return names.lookup(value); }
  /// A node whose inputs are the op's tensor operands and whose outputs are its
  /// results.
  pb::NodeProto &addNode(mlir::Operation *op, llvm::StringRef type);
  /// A node with the given inputs; its output gets a new name.
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
  /// An `index` value as a vector with one element.
  std::string addIndex(mlir::Value index);
  /// One filled tensor of the given shape.
  std::string addFilled(mlir::RankedTensorType type, double value);

  static void setInt(pb::NodeProto &node, llvm::StringRef name, int64_t value);
  static void setFloat(pb::NodeProto &node, llvm::StringRef name, double value);
  static void setInts(pb::NodeProto &node, llvm::StringRef name,
                      llvm::ArrayRef<int64_t> values);
  static void setString(pb::NodeProto &node, llvm::StringRef name,
                        llvm::StringRef value);
  /// The elements of a small constant.
  static void setTensor(pb::TensorProto &tensor, const ConstantData &data);

private:
  llvm::Error writeInputs();
  llvm::Error writeOutputs(mlir::func::ReturnOp ret);
  llvm::Error writeOp(mlir::Operation *op);
  /// Arithmetic on extents and what makes tensors of them; false if it is none.
  bool writeIndexOp(mlir::Operation *op);
  llvm::Error writeConstant(mlir::Value value, llvm::StringRef name);
  std::string addIndexOp(mlir::Operation *op);
  /// Fills name, element type and extents.
  llvm::Error describe(pb::ValueInfoProto &info, llvm::StringRef name,
                       mlir::RankedTensorType type, mlir::ArrayAttr dims);
  void define(mlir::Value value, llvm::StringRef wanted);
  std::string makeUnique(llvm::StringRef wanted);

  mlir::func::FuncOp function;
  pb::GraphProto &graph;
  int64_t opset;
  llvm::DenseMap<mlir::Value, std::string> names;
  /// `index` values as vectors with one element.
  llvm::DenseMap<mlir::Value, std::string> indices;
  llvm::StringMap<unsigned> taken;
  /// Names of weights and integer vectors that were written.
  llvm::StringMap<std::string> initializers;
  /// What results of the function must be called.
  llvm::DenseMap<mlir::Value, std::string> outputNames;
  std::vector<PendingWeight> weights;
};

/// Writes one onnx op; fails for one that the opset has no operator for.
llvm::Error writeOperator(GraphWriter &writer, mlir::Operation *op);

} // namespace ockham::exporter

#endif // OCKHAM_LIB_EXPORT_ONNX_GRAPHWRITER_H
