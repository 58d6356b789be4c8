//===- OckhamOps.cpp - Verifiers of weights and host ops ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Ockham/OckhamDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace ockham;

#define GET_OP_CLASSES
#include "dialects/Ockham/OckhamOps.cpp.inc"

//===----------------------------------------------------------------------===//
// WeightOp
//===----------------------------------------------------------------------===//

namespace {
struct Panels {
  int64_t width, interleave = 1;
  bool transposed = false;
};
} // namespace

/// A layout `panels<W, interleave = I, transposed>` of a matrix; the last two
/// may be missing.
static std::optional<Panels> getPanels(WeightOp op) {
  StringRef layout = op.getLayout();
  Panels panels;
  if (op.getTensorType().getRank() != 2 || !layout.consume_front("panels<") ||
      layout.consumeInteger(10, panels.width) || panels.width < 1)
    return std::nullopt;
  if (layout.consume_front(", interleave = ") &&
      (layout.consumeInteger(10, panels.interleave) || panels.interleave < 1))
    return std::nullopt;
  panels.transposed = layout.consume_front(", transposed");
  if (layout != ">")
    return std::nullopt;
  return panels;
}

bool WeightOp::isLayoutKnown() {
  return getLayout() == "row-major" || getPanels(*this);
}

RankedTensorType WeightOp::getStoredType() {
  RankedTensorType type = getTensorType();
  std::optional<Panels> panels = getPanels(*this);
  if (!panels)
    return type;
  int64_t rows = type.getDimSize(panels->transposed),
          cols = type.getDimSize(!panels->transposed);
  return type.clone({llvm::divideCeilSigned(cols, panels->width),
                     llvm::divideCeilSigned(rows, panels->interleave),
                     panels->width * panels->interleave});
}

LogicalResult WeightOp::verify() {
  if (getValue() && getInit())
    return emitOpError("has both a value and an initialisation recipe");
  if (std::optional<ElementsAttr> value = getValue()) {
    if (value->getShapedType() != getStoredType()) {
      InFlightDiagnostic diag = emitOpError() << "has type " << getTensorType()
                                              << " but its value has type "
                                              << value->getShapedType();
      if (getStoredType() != getTensorType())
        diag << ", expected " << getStoredType() << " in layout '"
             << getLayout() << "'";
      return diag;
    }
    auto resource = dyn_cast<DenseResourceElementsAttr>(*value);
    if (resource && resource.getRawHandle().getBlob()) {
      uint64_t have = resource.getRawHandle().getBlob()->getData().size();
      uint64_t elementBits = getTensorType().getElementTypeBitWidth();
      uint64_t want = getStoredType().getNumElements() *
                      std::max<uint64_t>(1, elementBits / 8);
      if (have != want)
        return emitOpError()
               << "of type " << getStoredType() << " needs " << want
               << " bytes but its resource '"
               << resource.getRawHandle().getKey() << "' has " << have;
    }
  }
  if (getInit() && !isa<FloatType>(getTensorType().getElementType()))
    return emitOpError() << "has a normal recipe but element type "
                         << getTensorType().getElementType()
                         << ", expected a float type";
  return success();
}

ArrayRef<char> WeightOp::getMappedBytes() {
  if (!getValue())
    return {};
  auto resource = dyn_cast<DenseResourceElementsAttr>(*getValue());
  if (!resource || !resource.getRawHandle().getBlob())
    return {};
  return resource.getRawHandle().getBlob()->getData();
}

LogicalResult
LoadWeightOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto weight =
      symbolTable.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight)
    return emitOpError() << "names '@" << getWeight()
                         << "', which is not an ockham.weight";
  auto have = cast<ShapedType>(getResult().getType());
  RankedTensorType want = weight.getStoredType();
  // Below the operators, unsigned integers are loaded as what they are made of.
  auto isSame = [](Type have, Type want) {
    return have == want ||
           (have.isSignlessInteger() && want.isUnsignedInteger() &&
            have.getIntOrFloatBitWidth() == want.getIntOrFloatBitWidth());
  };
  if (have.getShape() != want.getShape() ||
      !isSame(have.getElementType(), want.getElementType())) {
    InFlightDiagnostic diag = emitOpError()
                              << "has type " << have
                              << " but the weight has type " << want;
    diag.attachNote(weight.getLoc()) << "the weight is declared here";
    return diag;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// CheckOp
//===----------------------------------------------------------------------===//

LogicalResult CheckOp::verify() {
  size_t holes = getMessage().count("{}");
  if (holes != getValues().size())
    return emitOpError() << "message has " << holes
                         << " places for values but there are "
                         << getValues().size() << " values";
  return success();
}

LogicalResult CheckOp::canonicalize(CheckOp op, PatternRewriter &rewriter) {
  if (!matchPattern(op.getCondition(), m_One()))
    return rewriter.notifyMatchFailure(op, "the condition is not always true");
  rewriter.eraseOp(op);
  return success();
}

//===----------------------------------------------------------------------===//
// ParallelForOp
//===----------------------------------------------------------------------===//

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto kernel = symbolTable.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getKernelAttr());
  if (!kernel)
    return emitOpError() << "names '" << getKernelAttr()
                         << "', which is not a function";
  if (kernel.getNumArguments() != getParameters().size())
    return emitOpError() << "passes " << getParameters().size()
                         << " arguments but '" << getKernelAttr() << "' takes "
                         << kernel.getNumArguments();
  return success();
}

LogicalResult
ParallelForOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto body = symbolTable.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getBodyAttr());
  if (!body)
    return emitOpError() << "names '@" << getBody()
                         << "', which is not a function";
  // Two indices, then the captures.
  ArrayRef<Type> have = body.getArgumentTypes();
  if (have.size() != getCaptures().size() + 2)
    return emitOpError() << "passes " << getCaptures().size()
                         << " captures and two indices but '@" << getBody()
                         << "' takes " << have.size() << " arguments";
  for (Type type : have.take_front(2))
    if (!type.isIndex())
      return emitOpError() << "passes two indices but '@" << getBody()
                           << "' takes " << type;
  for (auto [index, type] : llvm::enumerate(getCaptures().getTypes()))
    if (have[index + 2] != type)
      return emitOpError() << "capture #" << index << " has type " << type
                           << " but '@" << getBody() << "' takes "
                           << have[index + 2];
  if (!body.getResultTypes().empty())
    return emitOpError() << "expects a function without results but '@"
                         << getBody() << "' has "
                         << body.getResultTypes().size();
  return success();
}

//===----------------------------------------------------------------------===//
// AllocateOp, OutputOp
//===----------------------------------------------------------------------===//

/// One size per extent that the type leaves open.
static LogicalResult verifySizes(Operation *op, ValueRange sizes,
                                 MemRefType type) {
  if (sizes.size() == type.getNumDynamicDims())
    return success();
  return op->emitOpError() << "has " << sizes.size() << " sizes but " << type
                           << " has " << type.getNumDynamicDims()
                           << " dynamic dimensions";
}

LogicalResult AllocateOp::verify() {
  return verifySizes(*this, getDynamicSizes(),
                     cast<MemRefType>(getMemref().getType()));
}

LogicalResult OutputOp::verify() {
  if (static_cast<int32_t>(getIndex()) < 0)
    return emitOpError() << "has index " << static_cast<int32_t>(getIndex())
                         << ", expected 0 or more";
  return verifySizes(*this, getDynamicSizes(),
                     cast<MemRefType>(getMemref().getType()));
}

//===----------------------------------------------------------------------===//
// ByteCountOp, WorkspaceOp
//===----------------------------------------------------------------------===//

LogicalResult ByteCountOp::verify() {
  auto type = cast<MemRefType>(getType());
  if (!type.getLayout().isIdentity())
    return emitOpError() << "counts the bytes of " << type
                         << ", expected a dense row-major type";
  return verifySizes(*this, getDynamicSizes(), type);
}

LogicalResult WorkspaceOp::verify() {
  auto type = cast<MemRefType>(getArena().getType());
  if (type.isDynamicDim(0) && type.getLayout().isIdentity())
    return success();
  return emitOpError() << "has type " << type << ", expected memref<?xi8>";
}
