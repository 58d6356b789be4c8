//===- NormParts.cpp - What the matchers of norms share -------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NormParts.h"

#include "Constants.h"

using namespace mlir;

namespace ockham::raising {

int64_t getWidth(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape().back();
}

LogicalResult checkRows(Operation *reduce, ArrayRef<int64_t> axes,
                        bool keepdims, Attempt &attempt) {
  auto type = cast<RankedTensorType>(reduce->getOperand(0).getType());
  int64_t last = type.getRank() - 1;
  if (axes != ArrayRef<int64_t>{last}) {
    std::string list;
    llvm::raw_string_ostream stream(list);
    llvm::interleaveComma(axes, stream);
    return attempt.fail(reduce, "reduces axes [" + list + "], expected [" +
                                    Twine(last) + "], the last");
  }
  if (!keepdims)
    return attempt.fail(reduce, "drops the reduced dimension");
  if (type.isDynamicDim(last))
    return attempt.fail(reduce, "the width is not known");
  return success();
}

Value matchRowMean(Value value) {
  auto mean = value.getDefiningOp<onnx::ReduceMeanOp>();
  Attempt scratch("", 0);
  return mean && succeeded(checkRows(mean, scratch)) ? mean.getInput()
                                                     : Value();
}

bool isPerChannel(Value value, Value input) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 0 && type.hasStaticShape() &&
         type.getShape().back() == getWidth(input) &&
         type.getNumElements() == getWidth(input) &&
         isParameterOrConstant(value);
}

/// A parameter vector as wide as the rows, or null. Of one element that is not
/// enough: a vector would untie what is trained as one.
static LogicalResult makeVector(OpBuilder &builder, Value &value, Value input) {
  if (value)
    value = getVector(builder, value, getWidth(input));
  return success(value != nullptr);
}

LogicalResult replaceByNorm(Raiser &raiser, const NormParts &parts,
                            Value replaced) {
  OpBuilder &builder = raiser.at(replaced.getDefiningOp());
  MLIRContext *context = builder.getContext();
  Value scale = parts.scale, shift = parts.shift;
  if ((scale && failed(makeVector(builder, scale, parts.input))) ||
      (shift && failed(makeVector(builder, shift, parts.input))))
    return failure();
  Value norm = tfm::NormOp::create(
      builder, replaced.getLoc(), parts.input.getType(),
      tfm::NormKindAttr::get(context, parts.kind), parts.input, scale, shift,
      parts.std, parts.alpha, parts.offset, /*past=*/Value(),
      builder.getF64FloatAttr(parts.eps),
      parts.epsOutside ? builder.getUnitAttr() : UnitAttr(),
      parts.uncentred ? builder.getUnitAttr() : UnitAttr(),
      tfm::StdAxisAttr::get(context, parts.stdAxis));
  return raiser.replace(replaced, norm);
}

} // namespace ockham::raising
