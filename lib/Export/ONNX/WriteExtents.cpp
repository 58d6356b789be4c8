//===- WriteExtents.cpp - Sizes that are computed -------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX computes with extents as tensors: every `index` value becomes a vector
// of one element, because lists of sizes are joined from such.
//
//===----------------------------------------------------------------------===//

#include "GraphWriter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace ockham::exporter {

std::string GraphWriter::addConcat(ArrayRef<std::string> parts) {
  if (parts.size() == 1)
    return parts.front();
  // Many Reshapes want the same sizes.
  std::string &name = shared["joined," + llvm::join(parts, ",")];
  if (name.empty())
    name = addNode("Concat", parts,
                   [](pb::NodeProto &node) { setInt(node, "axis", 0); });
  return name;
}

std::string GraphWriter::addSizes(ArrayRef<int64_t> staticSizes,
                                  ValueRange sizes) {
  if (sizes.empty())
    return addInts(staticSizes);
  SmallVector<std::string> parts;
  unsigned position = 0;
  for (int64_t size : staticSizes)
    parts.push_back(ShapedType::isDynamic(size) ? addIndex(sizes[position++])
                                                : addInts({size}));
  return addConcat(parts);
}

std::string GraphWriter::addShape(Value operand, ArrayRef<int64_t> staticSizes,
                                  ValueRange sizes, int64_t kept,
                                  bool canBeOpen) {
  if (sizes.empty() || llvm::is_contained(staticSizes, 0))
    return addSizes(staticSizes, sizes);
  int64_t rank = cast<RankedTensorType>(operand.getType()).getRank();
  int64_t offset =
      kept == 1 ? rank - static_cast<int64_t>(staticSizes.size()) : 0;
  SmallVector<int64_t> known(staticSizes);
  SmallVector<Value> open;
  unsigned position = 0;
  bool hasKept = false;
  for (auto [i, size] : llvm::enumerate(staticSizes)) {
    if (!ShapedType::isDynamic(size))
      continue;
    Value value = sizes[position++];
    // Expand aligns shapes at their ends.
    int64_t there = static_cast<int64_t>(i) + offset;
    if (there >= 0 && there < rank &&
        extents.getDim(operand, there) == extents.getScalar(value)) {
      known[i] = kept;
      hasKept = true;
    } else {
      open.push_back(value);
    }
  }
  // Beside an empty extent, -1 would say nothing.
  if (canBeOpen && open.size() == 1 && !hasKept &&
      !llvm::is_contained(staticSizes, -1)) {
    llvm::replace(known, ShapedType::kDynamic, int64_t(-1));
    open.clear();
  }
  return addSizes(known, open);
}

/// The operator for arithmetic on two indices, with ONNX's rounding towards
/// zero.
static StringRef getArithmetic(Operation *op) {
  if (isa<arith::AddIOp>(op))
    return "Add";
  if (isa<arith::SubIOp>(op))
    return "Sub";
  if (isa<arith::MulIOp>(op))
    return "Mul";
  if (isa<arith::DivSIOp>(op))
    return "Div";
  if (isa<arith::MaxSIOp>(op))
    return "Max";
  if (isa<arith::MinSIOp>(op))
    return "Min";
  if (isa<arith::AndIOp>(op) && op->getResult(0).getType().isInteger(1))
    return "And";
  if (isa<arith::OrIOp>(op) && op->getResult(0).getType().isInteger(1))
    return "Or";
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    switch (compare.getPredicate()) {
    case arith::CmpIPredicate::eq:
      return "Equal";
    case arith::CmpIPredicate::slt:
      return "Less";
    case arith::CmpIPredicate::sle:
      return "LessOrEqual";
    case arith::CmpIPredicate::sgt:
      return "Greater";
    case arith::CmpIPredicate::sge:
      return "GreaterOrEqual";
    default:
      return "";
    }
  return "";
}

/// One element of a tensor.
std::string GraphWriter::addElement(Operation *op) {
  auto extract = cast<tensor::ExtractOp>(op);
  auto type = cast<RankedTensorType>(extract.getTensor().getType());
  int64_t position = 0;
  for (auto [dim, index] : llvm::enumerate(extract.getIndices())) {
    std::optional<int64_t> known = getConstantIntValue(index);
    // The first extent does not matter for the row-major position.
    if (!known || (dim > 0 && type.isDynamicDim(dim))) {
      refuse("'tensor.extract' at a position that the model computes has no "
             "ONNX operator");
      return "";
    }
    position = position * (dim > 0 ? type.getDimSize(dim) : 1) + *known;
  }
  std::string flat =
      addNode("Reshape", {getName(extract.getTensor()), addInts({-1})});
  if (!type.getElementType().isInteger(64) &&
      !type.getElementType().isInteger(1))
    flat = addNode("Cast", {flat}, [](pb::NodeProto &node) {
      setInt(node, "to", pb::TensorProto::INT64);
    });
  return addNode("Slice", {flat, addInts({position}), addInts({position + 1})});
}

std::string GraphWriter::addIndexOp(Operation *op) {
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> position = dim.getConstantIndex();
    if (!position) {
      refuse("'tensor.dim' of a dimension that the model computes has no ONNX "
             "operator");
      return "";
    }
    return addNode("Shape", {getName(dim.getSource())},
                   [&](pb::NodeProto &node) {
                     setInt(node, "start", *position);
                     setInt(node, "end", *position + 1);
                   });
  }
  if (isa<tensor::ExtractOp>(op))
    return addElement(op);
  // Indices and 64 bits are the same here; others were cast when they were
  // extracted, and are cast when they become elements.
  if (isa<arith::IndexCastOp, arith::ExtSIOp>(op))
    return addIndex(op->getOperand(0));
  if (isa<arith::SelectOp>(op))
    return addNode("Where",
                   {addIndex(op->getOperand(0)), addIndex(op->getOperand(1)),
                    addIndex(op->getOperand(2))});
  if (isa<arith::FloorDivSIOp, arith::CeilDivSIOp>(op)) {
    // ONNX's Mod has the divisor's sign, so that what is left divides exactly
    // and rounding does not matter; ceil(a / b) is -floor(-a / b).
    bool isCeil = isa<arith::CeilDivSIOp>(op);
    std::string divisor = addIndex(op->getOperand(1));
    std::string dividend = addIndex(op->getOperand(0));
    if (isCeil)
      dividend = addNode("Neg", {dividend});
    std::string rest = addNode("Mod", {dividend, divisor});
    std::string quotient =
        addNode("Div", {addNode("Sub", {dividend, rest}), divisor});
    return isCeil ? addNode("Neg", {quotient}) : quotient;
  }
  StringRef arithmetic = getArithmetic(op);
  if (arithmetic.empty()) {
    refuse("'" + op->getName().getStringRef() + "' has no ONNX operator");
    return "";
  }
  return addNode(arithmetic,
                 {addIndex(op->getOperand(0)), addIndex(op->getOperand(1))});
}

std::string GraphWriter::addIndex(Value index) {
  if (std::optional<int64_t> known = getConstantIntValue(index);
      known && !index.getType().isInteger(1))
    return addInts({*known});
  auto it = indices.find(index);
  if (it != indices.end())
    return it->second;
  std::string added;
  if (Operation *op = index.getDefiningOp())
    added = addIndexOp(op);
  else
    refuse("an argument that is no tensor has no place in ONNX");
  return indices[index] = added;
}

bool GraphWriter::writeIndexOp(Operation *op) {
  if (auto elements = dyn_cast<tensor::FromElementsOp>(op)) {
    auto type = cast<RankedTensorType>(elements.getType());
    if (!type.getElementType().isInteger()) {
      refuse("'tensor.from_elements' of numbers that are no integers has no "
             "ONNX operator");
      return true;
    }
    SmallVector<std::string> parts;
    for (Value element : elements.getElements())
      parts.push_back(addIndex(element));
    std::string vector = addConcat(parts);
    if (!type.getElementType().isInteger(64))
      vector = addNode("Cast", {vector}, [&](pb::NodeProto &node) {
        setInt(node, "to", getDataType(type.getElementType()));
      });
    if (type.getRank() == 0)
      vector = addNode("Squeeze", {vector, addInts({0})});
    else if (type.getRank() > 1)
      vector = addNode("Reshape", {vector, addInts(type.getShape())});
    names[elements] = vector;
    return true;
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    names[cast] = getName(cast.getSource());
    return true;
  }
  if (isa<CheckOp>(op)) {
    ++droppedChecks;
    return true;
  }
  // Written where something reads them.
  return isa<tensor::DimOp, tensor::ExtractOp>(op) ||
         isa<arith::ArithDialect>(op->getDialect());
}

} // namespace ockham::exporter
