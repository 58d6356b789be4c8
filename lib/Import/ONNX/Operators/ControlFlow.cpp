//===- ControlFlow.cpp - Branches -----------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "../IndexValues.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ockham/Support/ConstantData.h"
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

/// Follows the operands of `value` to the inputs of the function.
static Origins findOrigins(Value value) {
  Origins origins;
  // A value can matter by its elements, or by its shape alone.
  llvm::SmallSetVector<llvm::PointerIntPair<Value, 1, bool>, 16> queue;
  queue.insert({value, /*byShape=*/false});
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

/// What a value is computed from, and what can be done about it.
static std::string explainOrigins(Value value) {
  Origins origins = findOrigins(value);
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

LogicalResult importIf(NodeImporter &n) {
  Value condition = n.getOperand(0);
  RankedTensorType type = n.getType(condition);
  if (!type.getElementType().isInteger(1))
    return n.fail("its condition has element type " +
                  print(type.getElementType()) + ", expected i1");
  ElementsAttr elements = evaluateConstant(condition);
  if (!elements)
    return n.fail("its condition " + quote(n.getOperandName(0)) +
                  " is not constant: it is computed from " +
                  explainOrigins(condition));
  std::optional<ConstantData> data = ConstantData::get(elements);
  if (!data || data->size() != 1)
    return n.fail("its condition has shape " + formatShape(type.getShape()) +
                  ", expected one element");
  return n.importBranch(data->getInt(0) ? "then_branch" : "else_branch");
}

} // namespace ockham::importer
