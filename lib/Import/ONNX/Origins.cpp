//===- Origins.cpp - What is known only at run time, and why --------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Origins.h"

#include "Messages.h"
#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/PointerIntPair.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace ockham::importer {

namespace {
/// What a value is computed from.
struct Origins {
  /// Inputs whose elements decide, and inputs whose extents do.
  llvm::SmallSetVector<BlockArgument, 4> data, shapes;
  bool hasWeights = false;
};
} // namespace

/// Follows the operands of a value to the inputs of the function, from its
/// elements or from its shape.
static Origins findOrigins(Value start, bool startByShape) {
  Origins origins;
  // A value can matter by its elements, or by its shape alone.
  llvm::SmallSetVector<llvm::PointerIntPair<Value, 1, bool>, 16> queue;
  queue.insert({start, startByShape});
  constexpr size_t longest = 10000;
  for (size_t i = 0; i < queue.size() && i < longest; ++i) {
    Value value = queue[i].getPointer();
    bool byShape = queue[i].getInt();
    if (auto type = dyn_cast<RankedTensorType>(value.getType());
        byShape && type && type.hasStaticShape())
      continue;
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      (byShape ? origins.shapes : origins.data).insert(argument);
      continue;
    }
    Operation *op = value.getDefiningOp();
    origins.hasWeights |= isa<LoadWeightOp>(op);
    bool asksShape = isa<onnx::ShapeOp, tensor::DimOp>(op);
    for (Value operand : op->getOperands())
      // Extents in lists are elements, whatever they are extents of.
      queue.insert({operand, isa<TensorType>(operand.getType()) &&
                                 (byShape || asksShape)});
  }
  return origins;
}

static ArrayAttr getDimNames(BlockArgument input) {
  auto function = cast<func::FuncOp>(input.getOwner()->getParentOp());
  return function.getArgAttrOfType<ArrayAttr>(input.getArgNumber(),
                                              kDimsAttrName);
}

static std::string nameInput(BlockArgument input) {
  return quote(cast<NameLoc>(input.getLoc()).getName().strref());
}

/// The shape of an input with the names of its dimensions, "[batch, 4]".
static std::string formatNamedShape(BlockArgument input) {
  auto function = cast<func::FuncOp>(input.getOwner()->getParentOp());
  auto names =
      function.getArgAttrOfType<ArrayAttr>(input.getArgNumber(), kDimsAttrName);
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<std::string> extents;
  for (auto [extent, name] :
       llvm::zip(type.getShape(), names.getAsValueRange<StringAttr>()))
    extents.push_back(!ShapedType::isDynamic(extent) ? std::to_string(extent)
                      : name.empty()                 ? "?"
                                                     : escape(name));
  return "[" + llvm::join(extents, ", ") + "]";
}

std::string explainOrigins(Value value) {
  Origins origins = findOrigins(value, /*startByShape=*/false);
  if (!origins.data.empty())
    return "the elements of input " + nameInput(origins.data.front()) +
           "; export one model for each choice";
  if (!origins.shapes.empty())
    return "the shape of input " + nameInput(origins.shapes.front()) + " " +
           formatNamedShape(origins.shapes.front()) +
           "; --dim binds names of dimensions";
  if (origins.hasWeights)
    return "weights; export one model for each choice";
  return "constants, but in more steps than are followed";
}

std::string suggestDims(Value value) {
  Origins origins = findOrigins(value, /*startByShape=*/true);
  llvm::SmallSetVector<StringRef, 4> open;
  for (BlockArgument input : origins.shapes)
    for (auto [extent, name] :
         llvm::zip(cast<RankedTensorType>(input.getType()).getShape(),
                   getDimNames(input).getAsValueRange<StringAttr>()))
      if (ShapedType::isDynamic(extent) && !name.empty())
        open.insert(name);
  if (open.empty())
    return "";
  return "; --dim can bind " + llvm::join(llvm::map_range(open, quote), ", ");
}

} // namespace ockham::importer
