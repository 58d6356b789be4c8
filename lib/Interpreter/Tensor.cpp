//===- Tensor.cpp - Values of the reference interpreter -------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Interpreter/Tensor.h"

#include "mlir/IR/BuiltinTypes.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace mlir;

namespace ockham::interpreter {

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

std::optional<ockham_dtype> getDType(Type elementType) {
  if (elementType.isIndex())
    return OCKHAM_I64;
  if (elementType.isF32())
    return OCKHAM_F32;
  if (elementType.isF64())
    return OCKHAM_F64;
  if (elementType.isF16())
    return OCKHAM_F16;
  if (elementType.isBF16())
    return OCKHAM_BF16;
  auto integer = dyn_cast<IntegerType>(elementType);
  if (!integer)
    return std::nullopt;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return OCKHAM_BOOL;
  case 8:
    return isUnsigned ? OCKHAM_U8 : OCKHAM_I8;
  case 16:
    return isUnsigned ? OCKHAM_U16 : OCKHAM_I16;
  case 32:
    return isUnsigned ? OCKHAM_U32 : OCKHAM_I32;
  case 64:
    return isUnsigned ? OCKHAM_U64 : OCKHAM_I64;
  }
  return std::nullopt;
}

StringRef getDTypeName(ockham_dtype dtype) {
  switch (dtype) {
  case OCKHAM_BOOL:
    return "bool";
  case OCKHAM_U8:
    return "uint8";
  case OCKHAM_I8:
    return "int8";
  case OCKHAM_I16:
    return "int16";
  case OCKHAM_I32:
    return "int32";
  case OCKHAM_I64:
    return "int64";
  case OCKHAM_F16:
    return "float16";
  case OCKHAM_BF16:
    return "bfloat16";
  case OCKHAM_F32:
    return "float32";
  case OCKHAM_F64:
    return "float64";
  case OCKHAM_U16:
    return "uint16";
  case OCKHAM_U32:
    return "uint32";
  case OCKHAM_U64:
    return "uint64";
  }
  return "unknown type";
}

unsigned getDTypeBytes(ockham_dtype dtype) {
  switch (dtype) {
  case OCKHAM_BOOL:
  case OCKHAM_U8:
  case OCKHAM_I8:
    return 1;
  case OCKHAM_I16:
  case OCKHAM_U16:
  case OCKHAM_F16:
  case OCKHAM_BF16:
    return 2;
  case OCKHAM_I32:
  case OCKHAM_U32:
  case OCKHAM_F32:
    return 4;
  case OCKHAM_I64:
  case OCKHAM_U64:
  case OCKHAM_F64:
    return 8;
  }
  return 0;
}

std::string formatShape(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (auto [i, extent] : llvm::enumerate(shape))
    text += (i ? ", " : "") + std::to_string(extent);
  return text + "]";
}

int64_t truncateToInt(double value) {
  if (std::isnan(value))
    return 0;
  // 2^63 is a double, 2^63 - 1 is not.
  if (value >= 9223372036854775808.0)
    return std::numeric_limits<int64_t>::max();
  if (value < -9223372036854775808.0)
    return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

int64_t wrapToType(ockham_dtype dtype, int64_t value) {
  switch (dtype) {
  case OCKHAM_BOOL:
    return value != 0;
  case OCKHAM_U8:
    return static_cast<uint8_t>(value);
  case OCKHAM_I8:
    return static_cast<int8_t>(value);
  case OCKHAM_I16:
    return static_cast<int16_t>(value);
  case OCKHAM_I32:
    return static_cast<int32_t>(value);
  case OCKHAM_U16:
    return static_cast<uint16_t>(value);
  case OCKHAM_U32:
    return static_cast<uint32_t>(value);
  default:
    return value;
  }
}

static const llvm::fltSemantics &get16BitSemantics(ockham_dtype dtype) {
  return dtype == OCKHAM_F16 ? APFloat::IEEEhalf() : APFloat::BFloat();
}

double roundToType(ockham_dtype dtype, double value) {
  if (dtype == OCKHAM_F64)
    return value;
  if (dtype == OCKHAM_F32)
    return static_cast<float>(value);
  APFloat number(value);
  bool losesInfo;
  number.convert(get16BitSemantics(dtype), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return number.convertToDouble();
}

//===----------------------------------------------------------------------===//
// Construction
//===----------------------------------------------------------------------===//

Tensor::Tensor() : floatData(std::make_shared<std::vector<double>>(1)) {}

llvm::Expected<Tensor> Tensor::create(ockham_dtype dtype,
                                      ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape) {
    if (extent < 0)
      return llvm::createStringError("a tensor of shape " + formatShape(shape) +
                                     " has a negative extent");
    // The running product without zeros bounds the strides, too.
    if (extent > 0 && count > kMaxElements / extent)
      return llvm::createStringError(
          "a tensor of shape " + formatShape(shape) + " has more than " +
          std::to_string(kMaxElements) + " elements");
    count *= std::max<int64_t>(extent, 1);
  }
  Tensor tensor;
  tensor.dtype = dtype;
  tensor.shape.assign(shape.begin(), shape.end());
  tensor.count = llvm::is_contained(shape, 0) ? 0 : count;
  tensor.floatData.reset();
  if (tensor.isFloat())
    tensor.floatData = std::make_shared<std::vector<double>>(tensor.count);
  else
    tensor.intData = std::make_shared<std::vector<int64_t>>(tensor.count);
  return tensor;
}

Tensor Tensor::makeInt(ockham_dtype dtype, int64_t value) {
  Tensor tensor = llvm::cantFail(create(dtype, {}));
  tensor.setInt(0, value);
  return tensor;
}

Tensor Tensor::makeFloat(ockham_dtype dtype, double value) {
  Tensor tensor = llvm::cantFail(create(dtype, {}));
  tensor.setFloat(0, value);
  return tensor;
}

template <typename T>
static T loadUnaligned(const char *from, int64_t index) {
  T value;
  std::memcpy(&value, from + index * sizeof(T), sizeof(T));
  return value;
}

llvm::Expected<Tensor> Tensor::fromBytes(ockham_dtype dtype,
                                         ArrayRef<int64_t> shape,
                                         ArrayRef<char> bytes) {
  llvm::Expected<Tensor> tensor = create(dtype, shape);
  if (!tensor)
    return tensor;
  uint64_t expected = uint64_t(tensor->count) * getDTypeBytes(dtype);
  if (bytes.size() != expected)
    return llvm::createStringError("a tensor of type " + getDTypeName(dtype) +
                                   " " + formatShape(shape) + " has " +
                                   llvm::Twine(expected) + " bytes, got " +
                                   llvm::Twine(bytes.size()));
  const char *from = bytes.data();
  for (int64_t i = 0, e = tensor->count; i < e; ++i) {
    switch (dtype) {
    case OCKHAM_BOOL:
    case OCKHAM_U8:
      tensor->setInt(i, loadUnaligned<uint8_t>(from, i));
      break;
    case OCKHAM_I8:
      tensor->setInt(i, loadUnaligned<int8_t>(from, i));
      break;
    case OCKHAM_I16:
      tensor->setInt(i, loadUnaligned<int16_t>(from, i));
      break;
    case OCKHAM_I32:
      tensor->setInt(i, loadUnaligned<int32_t>(from, i));
      break;
    case OCKHAM_U16:
      tensor->setInt(i, loadUnaligned<uint16_t>(from, i));
      break;
    case OCKHAM_U32:
      tensor->setInt(i, loadUnaligned<uint32_t>(from, i));
      break;
    case OCKHAM_I64:
    case OCKHAM_U64:
      tensor->setInt(i, loadUnaligned<int64_t>(from, i));
      break;
    case OCKHAM_F16:
    case OCKHAM_BF16:
      tensor->setFloat(i, APFloat(get16BitSemantics(dtype),
                                  APInt(16, loadUnaligned<uint16_t>(from, i)))
                              .convertToDouble());
      break;
    case OCKHAM_F32:
      tensor->setFloat(i, loadUnaligned<float>(from, i));
      break;
    case OCKHAM_F64:
      tensor->setFloat(i, loadUnaligned<double>(from, i));
      break;
    }
  }
  return tensor;
}

llvm::Expected<Tensor> Tensor::fromConstant(const ConstantData &data) {
  std::optional<ockham_dtype> dtype =
      interpreter::getDType(data.getElementType());
  if (!dtype) {
    std::string type;
    llvm::raw_string_ostream(type) << data.getElementType();
    return llvm::createStringError("element type " + type +
                                   " is not supported");
  }
  llvm::Expected<Tensor> tensor = create(*dtype, data.getShape());
  if (!tensor)
    return tensor;
  for (int64_t i = 0, e = tensor->count; i < e; ++i) {
    if (tensor->isFloat())
      tensor->setFloat(i, data.getFloat(i));
    else
      tensor->setInt(i, data.getInt(i));
  }
  return tensor;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

double Tensor::getFloat(int64_t index) const {
  if (isFloat())
    return (*floatData)[index];
  int64_t value = (*intData)[index];
  return dtype == OCKHAM_U64 ? static_cast<double>(static_cast<uint64_t>(value))
                             : static_cast<double>(value);
}

int64_t Tensor::getInt(int64_t index) const {
  return isFloat() ? truncateToInt((*floatData)[index]) : (*intData)[index];
}

MutableArrayRef<double> Tensor::mutableFloats() {
  if (floatData.use_count() > 1)
    floatData = std::make_shared<std::vector<double>>(*floatData);
  return *floatData;
}

MutableArrayRef<int64_t> Tensor::mutableInts() {
  if (intData.use_count() > 1)
    intData = std::make_shared<std::vector<int64_t>>(*intData);
  return *intData;
}

void Tensor::setFloat(int64_t index, double value) {
  if (isFloat())
    mutableFloats()[index] = value;
  else if (dtype == OCKHAM_BOOL)
    mutableInts()[index] = value != 0;
  else
    setInt(index, truncateToInt(value));
}

void Tensor::setInt(int64_t index, int64_t value) {
  if (isFloat())
    mutableFloats()[index] = static_cast<double>(value);
  else
    mutableInts()[index] = wrapToType(dtype, value);
}

void Tensor::copyElement(int64_t to, const Tensor &from, int64_t index) {
  if (isFloat())
    mutableFloats()[to] = from.getFloat(index);
  else
    mutableInts()[to] = from.getInt(index);
}

Tensor Tensor::reshaped(ArrayRef<int64_t> newShape) const {
  Tensor result = *this;
  result.shape.assign(newShape.begin(), newShape.end());
  return result;
}

void Tensor::roundToElementType() {
  if (!isFloat() || dtype == OCKHAM_F64)
    return;
  // Values that only moved are rounded already and stay shared.
  bool exact = llvm::all_of(floats(), [&](double value) {
    return roundToType(dtype, value) == value || std::isnan(value);
  });
  if (exact)
    return;
  for (double &value : mutableFloats())
    value = roundToType(dtype, value);
}

template <typename T>
static void storeUnaligned(std::vector<char> &to, T value) {
  const char *from = reinterpret_cast<const char *>(&value);
  to.insert(to.end(), from, from + sizeof(T));
}

std::vector<char> Tensor::toBytes(bool widenFloats) const {
  std::vector<char> bytes;
  bytes.reserve(count * getDTypeBytes(dtype));
  for (int64_t i = 0; i < count; ++i) {
    if (widenFloats && isFloat()) {
      storeUnaligned<double>(bytes, getFloat(i));
      continue;
    }
    switch (dtype) {
    case OCKHAM_BOOL:
    case OCKHAM_U8:
    case OCKHAM_I8:
      storeUnaligned<uint8_t>(bytes, getInt(i));
      break;
    case OCKHAM_I16:
    case OCKHAM_U16:
      storeUnaligned<int16_t>(bytes, getInt(i));
      break;
    case OCKHAM_I32:
    case OCKHAM_U32:
      storeUnaligned<int32_t>(bytes, getInt(i));
      break;
    case OCKHAM_I64:
    case OCKHAM_U64:
      storeUnaligned<int64_t>(bytes, getInt(i));
      break;
    case OCKHAM_F16:
    case OCKHAM_BF16: {
      APFloat number(getFloat(i));
      bool losesInfo;
      number.convert(get16BitSemantics(dtype), APFloat::rmNearestTiesToEven,
                     &losesInfo);
      storeUnaligned<uint16_t>(bytes, number.bitcastToAPInt().getZExtValue());
      break;
    }
    case OCKHAM_F32:
      storeUnaligned<float>(bytes, getFloat(i));
      break;
    case OCKHAM_F64:
      storeUnaligned<double>(bytes, getFloat(i));
      break;
    }
  }
  return bytes;
}

void Tensor::print(raw_ostream &os, unsigned digits) const {
  int64_t position = 0;
  std::function<void(size_t)> printDim = [&](size_t axis) {
    if (axis == shape.size()) {
      if (dtype == OCKHAM_BOOL)
        os << (getInt(position) ? "true" : "false");
      else if (dtype == OCKHAM_U64)
        os << static_cast<uint64_t>(getInt(position));
      else if (!isFloat())
        os << getInt(position);
      else if (std::isnan(getFloat(position)))
        // The sign of a NaN means nothing and differs between machines.
        os << "nan";
      else
        os << llvm::format("%.*g", static_cast<int>(digits),
                           getFloat(position));
      ++position;
      return;
    }
    os << '[';
    for (int64_t i = 0; i < shape[axis]; ++i) {
      os << (i ? ", " : "");
      printDim(axis + 1);
    }
    os << ']';
  };
  if (count == 0)
    os << "[] of shape " << formatShape(shape);
  else
    printDim(0);
}

} // namespace ockham::interpreter
