//===- ConstantData.cpp - Elements of constants and weights -===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Support/ConstantData.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstring>

using namespace mlir;

namespace ockham {

unsigned getStorageBytes(Type elementType) {
  return std::max(1u, elementType.getIntOrFloatBitWidth() / 8);
}

uint64_t getStorageBytes(RankedTensorType type) {
  return static_cast<uint64_t>(type.getNumElements()) *
         getStorageBytes(type.getElementType());
}

std::optional<ConstantData> ConstantData::get(ElementsAttr attribute) {
  auto type = dyn_cast<RankedTensorType>(attribute.getShapedType());
  if (!type || !type.hasStaticShape() || !type.getElementType().isIntOrFloat())
    return std::nullopt;
  ConstantData data;
  data.type = type;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || blob->getData().size() != getStorageBytes(type))
      return std::nullopt;
    data.bytes = blob->getData();
    return data;
  }
  auto dense = dyn_cast<DenseElementsAttr>(attribute);
  if (!dense)
    return std::nullopt;
  data.splat = dense.isSplat();
  if (type.getElementType().isInteger(1)) {
    // MLIR may pack booleans; we keep one byte each.
    data.owned = std::make_shared<std::vector<char>>();
    if (data.splat)
      data.owned->push_back(dense.getSplatValue<bool>());
    else
      for (bool value : dense.getValues<bool>())
        data.owned->push_back(value);
    data.bytes = *data.owned;
    return data;
  }
  data.bytes = dense.getRawData();
  return data;
}

std::optional<ConstantData> ConstantData::get(WeightOp weight) {
  if (!weight.getValue())
    return std::nullopt;
  return get(*weight.getValue());
}

std::optional<ConstantData> ConstantData::get(Value value) {
  if (auto load = value.getDefiningOp<LoadWeightOp>()) {
    auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(
        load, load.getWeightAttr());
    return weight ? get(weight) : std::nullopt;
  }
  Attribute attribute;
  if (matchPattern(value, m_Constant(&attribute)))
    if (auto elements = dyn_cast<ElementsAttr>(attribute))
      return get(elements);
  return std::nullopt;
}

template <typename T>
static T readAs(const char *from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

double ConstantData::getFloat(int64_t index) const {
  unsigned size = getStorageBytes(getElementType());
  const char *from = bytes.data() + (splat ? 0 : index * size);
  Type element = getElementType();
  if (element.isF32())
    return readAs<float>(from);
  if (element.isF64())
    return readAs<double>(from);
  if (auto type = dyn_cast<FloatType>(element)) {
    APFloat value(type.getFloatSemantics(), APInt(16, readAs<uint16_t>(from)));
    return value.convertToDouble();
  }
  int64_t value = getInt(index);
  return element.isUnsignedInteger(64)
             ? static_cast<double>(static_cast<uint64_t>(value))
             : static_cast<double>(value);
}

int64_t ConstantData::getInt(int64_t index) const {
  Type element = getElementType();
  if (isa<FloatType>(element))
    return static_cast<int64_t>(getFloat(index));
  unsigned size = getStorageBytes(element);
  const char *from = bytes.data() + (splat ? 0 : index * size);
  bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
  switch (size) {
  case 1:
    return isUnsigned ? int64_t(readAs<uint8_t>(from)) : readAs<int8_t>(from);
  case 2:
    return isUnsigned ? int64_t(readAs<uint16_t>(from)) : readAs<int16_t>(from);
  case 4:
    return isUnsigned ? int64_t(readAs<uint32_t>(from)) : readAs<int32_t>(from);
  default:
    return readAs<int64_t>(from);
  }
}

std::optional<double> ConstantData::getSplatFloat() const {
  if (size() == 0)
    return std::nullopt;
  double first = getFloat(0);
  if (splat)
    return first;
  for (int64_t i = 1, e = size(); i < e; ++i)
    if (getFloat(i) != first)
      return std::nullopt;
  return first;
}

void ConstantData::copyTo(char *to) const {
  if (!splat) {
    std::memcpy(to, bytes.data(), bytes.size());
    return;
  }
  unsigned width = getStorageBytes(getElementType());
  for (int64_t i = 0, e = size(); i < e; ++i)
    std::memcpy(to + i * width, bytes.data(), width);
}

AsmResourceBlob makeBufferBlob(std::shared_ptr<llvm::MemoryBuffer> buffer,
                               uint64_t offset, uint64_t size) {
  ArrayRef<char> data(buffer->getBufferStart() + offset, size);
  return AsmResourceBlob(
      data, /*dataAlignment=*/1,
      [buffer = std::move(buffer)](void *, size_t, size_t) mutable {
        buffer.reset();
      },
      /*dataIsMutable=*/false);
}

AsmResourceBlob makeStringBlob(std::unique_ptr<std::string> bytes) {
  ArrayRef<char> data(bytes->data(), bytes->size());
  std::shared_ptr<std::string> shared = std::move(bytes);
  return AsmResourceBlob(
      data, /*dataAlignment=*/1,
      [shared](void *, size_t, size_t) mutable { shared.reset(); },
      /*dataIsMutable=*/false);
}

WeightBuilder::WeightBuilder(ModuleOp module) : module(module) {
  bool isHead = true;
  for (Operation &op : *module.getBody()) {
    if (auto symbol =
            op.getAttrOfType<StringAttr>(SymbolTable::getSymbolAttrName()))
      taken.insert(symbol.getValue());
    isHead &= isa<WeightOp>(op);
    if (isHead)
      last = &op;
  }
}

WeightOp WeightBuilder::create(Location loc, StringRef name,
                               RankedTensorType type, AsmResourceBlob blob,
                               StringRef source) {
  MLIRContext *context = module.getContext();
  auto &manager = DenseResourceElementsHandle::getManagerInterface(context);
  DenseResourceElementsHandle handle = manager.insert(name, std::move(blob));
  return add(loc, name, type, DenseResourceElementsAttr::get(type, handle),
             NormalInitAttr(), source);
}

WeightOp WeightBuilder::create(Location loc, StringRef name,
                               RankedTensorType type, NormalInitAttr recipe,
                               StringRef source) {
  return add(loc, name, type, ElementsAttr(), recipe, source);
}

WeightOp WeightBuilder::add(Location loc, StringRef name, RankedTensorType type,
                            ElementsAttr value, NormalInitAttr recipe,
                            StringRef source) {
  MLIRContext *context = module.getContext();
  std::string symbol = name.str();
  for (char &c : symbol)
    if (!llvm::isAlnum(c) && c != '_' && c != '.' && c != '$')
      c = '_';
  if (symbol.empty() || llvm::isDigit(symbol.front()))
    symbol.insert(0, "w_");
  std::string unique = symbol;
  while (!taken.insert(unique).second)
    unique = symbol + "_" + std::to_string(suffixes[symbol]++);

  OpBuilder builder(context);
  builder.setInsertionPointToStart(module.getBody());
  if (last)
    builder.setInsertionPointAfter(last);
  auto weight =
      WeightOp::create(builder, loc, builder.getStringAttr(unique),
                       TypeAttr::get(type), builder.getStringAttr(source),
                       builder.getStringAttr("row-major"), value, recipe);
  last = weight;
  return weight;
}

WeightOp createWeight(ModuleOp module, Location loc, StringRef name,
                      RankedTensorType type, AsmResourceBlob blob,
                      StringRef source) {
  return WeightBuilder(module).create(loc, name, type, std::move(blob), source);
}

void eraseUnusedWeights(ModuleOp module) {
  llvm::DenseSet<StringAttr> used;
  module.walk([&](LoadWeightOp load) {
    if (load.use_empty())
      load.erase();
    else
      used.insert(load.getWeightAttr().getAttr());
  });
  // Weights of different shape may refer to the same bytes.
  llvm::DenseSet<AsmResourceBlob *> usedBlobs;
  auto getBlob = [](WeightOp weight) -> AsmResourceBlob * {
    if (!weight.getValue())
      return nullptr;
    auto resource = dyn_cast<DenseResourceElementsAttr>(*weight.getValue());
    return resource ? resource.getRawHandle().getBlob() : nullptr;
  };
  for (WeightOp weight : module.getOps<WeightOp>())
    if (used.contains(weight.getSymNameAttr()))
      if (AsmResourceBlob *blob = getBlob(weight))
        usedBlobs.insert(blob);
  // So may constants.
  module.walk([&](Operation *op) {
    if (isa<WeightOp>(op))
      return;
    for (NamedAttribute attribute : op->getAttrs())
      if (auto resource =
              dyn_cast<DenseResourceElementsAttr>(attribute.getValue()))
        if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
          usedBlobs.insert(blob);
  });
  for (WeightOp weight :
       llvm::make_early_inc_range(module.getOps<WeightOp>())) {
    if (used.contains(weight.getSymNameAttr()))
      continue;
    if (AsmResourceBlob *blob = getBlob(weight))
      if (!usedBlobs.contains(blob))
        *blob = AsmResourceBlob();
    weight.erase();
  }
}

} // namespace ockham
