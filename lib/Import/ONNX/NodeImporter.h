//===- NodeImporter.h - One node on its way into a module -------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_NODEIMPORTER_H
#define OCKHAM_LIB_IMPORT_ONNX_NODEIMPORTER_H

#include "Messages.h"
#include "ockham/Support/ONNXProtobuf.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

#include <optional>

namespace ockham::importer {

class GraphImporter;

/// What an operator's importer works with: the node's operands and attributes
/// as the file has them, and `create` for the ops that replace it.
///
/// Every method that can fail reports its error with the node's name and gives
/// a null value, `failure()` or `nullopt`; `create` with a null operand gives
/// null again, so that compositions need to look at their last value only.
class NodeImporter {
public:
  NodeImporter(GraphImporter &graph, pb::NodeProto &node, int64_t index,
               int64_t opset, llvm::ArrayRef<mlir::Value> operands);

  //===--------------------------------------------------------------------===//
  // The node
  //===--------------------------------------------------------------------===//

  /// The version of the opset of the node's domain.
  int64_t getOpset() const { return opset; }

  /// Operands behind the last one that is present do not count.
  unsigned getNumOperands() const { return operands.size(); }
  /// Whether operand `i` is given; ONNX may leave out any in the middle.
  bool hasOperand(unsigned i) const {
    return i < operands.size() && operands[i];
  }
  /// Operand `i`, null if it is left out.
  mlir::Value getOperand(unsigned i) const {
    return hasOperand(i) ? operands[i] : mlir::Value();
  }
  llvm::ArrayRef<mlir::Value> getOperands() const { return operands; }
  unsigned getNumResults() const { return node.output_size(); }
  llvm::StringRef getOperandName(unsigned i) const { return node.input(i); }
  llvm::StringRef getResultName(unsigned i) const { return node.output(i); }
  /// Whether anything reads result `i`.
  bool isResultUsed(unsigned i) const;

  bool hasAttribute(llvm::StringRef name) const;
  int64_t getInt(llvm::StringRef name, int64_t defaultValue);
  double getFloat(llvm::StringRef name, double defaultValue);
  llvm::StringRef getString(llvm::StringRef name, llvm::StringRef defaultValue);
  std::optional<llvm::SmallVector<int64_t>> getInts(llvm::StringRef name);
  std::optional<llvm::SmallVector<float>> getFloats(llvm::StringRef name);
  /// Null if it is absent or no tensor.
  pb::TensorProto *getTensor(llvm::StringRef name);

  /// Replaces the node by the graph that its attribute holds, e.g. a branch.
  llvm::LogicalResult importBranch(llvm::StringRef name);

  //===--------------------------------------------------------------------===//
  // Operands that ONNX once had as attributes
  //===--------------------------------------------------------------------===//

  /// The elements of a constant integer tensor. `what` is its name in messages.
  mlir::FailureOr<llvm::SmallVector<int64_t>>
  getConstantInts(mlir::Value value, llvm::StringRef what);

  /// Reports that an operand is known only at run time; always fails.
  llvm::LogicalResult failComputed(mlir::Value value, llvm::StringRef what);

  /// Attribute `name`, or the constant operand `i`; nothing if both are absent.
  mlir::FailureOr<std::optional<llvm::SmallVector<int64_t>>>
  getIntsOrOperand(llvm::StringRef name, unsigned i);

  /// Fails if the elements are not floats: where a formula with other numbers
  /// would be wrong without a word.
  llvm::LogicalResult requireFloat(mlir::Value value);

  /// An axis counted from the front. `rank` may be one more than a type's.
  mlir::FailureOr<int64_t> normalizeAxis(int64_t axis, int64_t rank);
  /// Axes counted from the front, ascending, without duplicates.
  mlir::FailureOr<llvm::SmallVector<int64_t>>
  normalizeAxes(llvm::ArrayRef<int64_t> axes, int64_t rank);

  /// The elements of an integer tensor of static length, each an integer where
  /// it is known and an `index` value otherwise.
  mlir::FailureOr<llvm::SmallVector<mlir::OpFoldResult>>
  getIndexList(mlir::Value value, llvm::StringRef what);
  /// The extent of a dimension: an integer or an `index` value.
  mlir::OpFoldResult getDim(mlir::Value value, int64_t dim);
  /// The product of the extents of dimensions [begin, end).
  mlir::OpFoldResult getDimProduct(mlir::Value value, int64_t begin,
                                   int64_t end);

  //===--------------------------------------------------------------------===//
  // What replaces it
  //===--------------------------------------------------------------------===//

  mlir::OpBuilder &getBuilder();
  mlir::Location getLoc() const { return loc; }

  static mlir::RankedTensorType getType(mlir::Value value) {
    return llvm::cast<mlir::RankedTensorType>(value.getType());
  }
  static mlir::Type getElement(mlir::Value value) {
    return getType(value).getElementType();
  }

  /// Creates an op with one result of the given element type; its shape is
  /// inferred and the op verified.
  template <typename OpT, typename... Args>
  mlir::Value create(mlir::Type element, const Args &...args) {
    if (!element || (isNull(args) || ...))
      return mlir::Value();
    return createWithOptional<OpT>(element, args...);
  }
  /// The same with operands that may be null because they are optional.
  template <typename OpT, typename... Args>
  mlir::Value createWithOptional(mlir::Type element, const Args &...args) {
    auto op = OpT::create(getBuilder(), loc,
                          mlir::UnrankedTensorType::get(element), args...);
    return succeeded(finish(op, element)) ? op->getResult(0) : mlir::Value();
  }
  /// Infers the results of a new op and verifies it.
  mlir::LogicalResult finish(mlir::Operation *op, mlir::Type element);

  /// A scalar or splat constant of the type `element`, converted from `value`.
  mlir::Value createScalar(mlir::Type element, double value);
  /// The same value everywhere, in the shape of `like`.
  mlir::Value createFilled(mlir::Type element, mlir::Value like, double value);
  mlir::Value createReshape(mlir::Value value,
                            llvm::ArrayRef<mlir::OpFoldResult> shape);
  /// Turns a tensor of the file into a constant or a weight.
  mlir::Value createConstant(pb::TensorProto &tensor, llvm::StringRef name);

  /// The elements of a small tensor.
  mlir::FailureOr<mlir::DenseElementsAttr>
  readConstant(pb::TensorProto &tensor);

  /// Says what result `i` is; null passes a failure on.
  mlir::LogicalResult setResult(unsigned i, mlir::Value value);
  mlir::LogicalResult setResult(mlir::Value value) {
    return setResult(0, value);
  }

  /// PyTorch writes scalar constants in the precision of Python's floats, and
  /// ONNX does not allow it. Where the element types of two floats differ and
  /// one is a scalar constant, it is cast to the other's type, as PyTorch
  /// would, with a warning.
  void unifyScalars(mlir::Value &lhs, mlir::Value &rhs);

  //===--------------------------------------------------------------------===//
  // Messages
  //===--------------------------------------------------------------------===//

  /// Ends a call of the model with a message about the node unless the
  /// condition holds. The message has `{}` for each value.
  void createCheck(mlir::Value condition, llvm::StringRef message,
                   mlir::ValueRange values = {});

  /// Reports an error about the node; always fails.
  mlir::LogicalResult fail(const llvm::Twine &text);
  /// "node '/h.0/Add' (Add)".
  std::string describe() const;

private:
  static bool isNull(mlir::Value value) { return !value; }
  template <typename T>
  static bool isNull(const T &) {
    return false;
  }
  /// Looks through what refers to attributes of a function.
  const pb::AttributeProto *findAttribute(llvm::StringRef name) const;
  const pb::AttributeProto *
  findAttribute(llvm::StringRef name, pb::AttributeProto::AttributeType type);

  GraphImporter &graph;
  pb::NodeProto &node;
  int64_t index;
  int64_t opset;
  mlir::Location loc;
  llvm::SmallVector<mlir::Value> operands;
};

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_NODEIMPORTER_H
