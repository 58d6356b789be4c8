//===- WeightMath.cpp - Arithmetic on weights at compile time -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightMath.h"

#include "RemarkNames.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TypeUtilities.h"
#include "ockham/Support/ConstantData.h"

#include <cmath>
#include <cstring>

using namespace mlir;

namespace ockham {

std::optional<std::vector<double>> readFloats(Value value) {
  std::optional<ConstantData> data = ConstantData::get(value);
  if (!data || !isa<FloatType>(data->getElementType()))
    return std::nullopt;
  std::vector<double> elements(data->size());
  ArrayRef<char> bytes = data->getRawBytes();
  // A splat has the bytes of one element. Mapped ones are not aligned.
  if (data->getElementType().isF32() &&
      bytes.size() == elements.size() * sizeof(float)) {
    for (size_t i = 0; i < elements.size(); ++i) {
      float element;
      std::memcpy(&element, bytes.data() + i * sizeof(float), sizeof(float));
      elements[i] = element;
    }
  } else {
    for (size_t i = 0; i < elements.size(); ++i)
      elements[i] = data->getFloat(i);
  }
  return elements;
}

std::optional<std::vector<double>> readGain(Value value, int64_t width,
                                            double absent) {
  if (!value)
    return std::vector<double>(width, absent);
  auto elements = readFloats(value);
  if (elements && elements->size() == 1)
    elements->assign(width, elements->front());
  return elements;
}

bool isKnownOrAbsent(Value value) {
  return !value || ConstantData::get(value).has_value();
}

std::string getWeightName(Value value) {
  auto load = value.getDefiningOp<LoadWeightOp>();
  return load ? load.getWeight().str() : "constant";
}

bool areStorable(ArrayRef<double> elements, Type type) {
  double largest =
      llvm::APFloat::getLargest(cast<FloatType>(type).getFloatSemantics())
          .convertToDouble();
  return llvm::all_of(elements, [&](double value) {
    return std::abs(value) <= largest; // False for a NaN.
  });
}

Type getWiderType(Type a, Type b) {
  return cast<FloatType>(a).getFPMantissaWidth() >=
                 cast<FloatType>(b).getFPMantissaWidth()
             ? a
             : b;
}

unsigned countLoads(Value value) {
  auto load = value.getDefiningOp<LoadWeightOp>();
  if (!load)
    return 0;
  unsigned count = 0;
  load->getParentOfType<ModuleOp>().walk([&](LoadWeightOp other) {
    if (other.getWeightAttr() == load.getWeightAttr())
      for (OpOperand &use : other.getResult().getUses()) {
        (void)use;
        ++count;
      }
  });
  return count;
}

/// One element in the storage of its type.
static void appendRounded(std::string &bytes, FloatType type, double value) {
  APFloat number(value);
  bool losesInfo = false;
  number.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  uint64_t bits = number.bitcastToAPInt().getZExtValue();
  bytes.append(reinterpret_cast<const char *>(&bits), type.getWidth() / 8);
}

Value writeFloats(OpBuilder &builder, Location loc, StringRef name,
                  RankedTensorType type, ArrayRef<double> elements) {
  auto element = cast<FloatType>(type.getElementType());
  auto bytes = std::make_unique<std::string>();
  bytes->reserve(elements.size() * (element.getWidth() / 8));
  if (element.isF32()) {
    bytes->resize(elements.size() * sizeof(float));
    for (size_t i = 0; i < elements.size(); ++i) {
      auto rounded = static_cast<float>(elements[i]);
      std::memcpy(bytes->data() + i * sizeof(float), &rounded, sizeof(float));
    }
  } else {
    for (double value : elements)
      appendRounded(*bytes, element, value);
  }
  auto module =
      builder.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  WeightOp weight = createWeight(module, loc, name, type,
                                 makeStringBlob(std::move(bytes)), "");
  weight.removeSourceAttr();
  return LoadWeightOp::create(builder, loc, type,
                              FlatSymbolRefAttr::get(weight.getSymNameAttr()));
}

std::optional<LinearWeights> LinearWeights::read(tfm::LinearOp linear) {
  LinearWeights weights;
  auto type = cast<RankedTensorType>(linear.getWeight().getType());
  if (!type.hasStaticShape())
    return std::nullopt;
  weights.transposed = linear.getTransposed();
  weights.elementType = cast<FloatType>(type.getElementType());
  weights.in = type.getDimSize(weights.transposed ? 1 : 0);
  weights.out = type.getDimSize(weights.transposed ? 0 : 1);
  auto elements = readFloats(linear.getWeight());
  auto bias = readGain(linear.getBias(), weights.out, 0.0);
  if (!elements || !bias)
    return std::nullopt;
  weights.weight = std::move(*elements);
  weights.bias = std::move(*bias);
  weights.hasBias = linear.getBias() != nullptr;
  weights.biasType = cast<FloatType>(
      weights.hasBias
          ? getElementTypeOrSelf(linear.getBias().getType())
          : getWiderType(weights.elementType,
                         getElementTypeOrSelf(linear.getResult().getType())));
  return weights;
}

bool LinearWeights::isFinite() const {
  return areStorable(weight, elementType) && areStorable(bias, biasType);
}

void LinearWeights::write(OpBuilder &builder, tfm::LinearOp linear,
                          bool keepWeight) const {
  builder.setInsertionPoint(linear);
  auto type = cast<RankedTensorType>(linear.getWeight().getType());
  std::string name = getOriginalWeightName(linear.getWeight());
  if (!keepWeight)
    linear.getWeightMutable().assign(
        writeFloats(builder, linear.getLoc(), name + ".folded", type, weight));
  if (!hasBias)
    return;
  linear.getBiasMutable().assign(
      writeFloats(builder, linear.getLoc(),
                  (linear.getBias() ? getOriginalWeightName(linear.getBias())
                                    : name + ".bias") +
                      ".folded",
                  RankedTensorType::get({out}, biasType), bias));
}

} // namespace ockham
