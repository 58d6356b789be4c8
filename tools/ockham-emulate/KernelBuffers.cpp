//===- KernelBuffers.cpp - Buffers and arguments of emulated kernels ------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuffers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"
#include "llvm/ADT/bit.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace ockham;
using emulator::TensorMap;

static llvm::Error makeError(const llvm::Twine &message) {
  return llvm::createStringError(message);
}

static std::optional<ockham_dtype> parseType(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<ockham_dtype>>(name)
      .Case("i8", OCKHAM_I8)
      .Case("i16", OCKHAM_I16)
      .Case("i32", OCKHAM_I32)
      .Case("i64", OCKHAM_I64)
      .Case("u8", OCKHAM_U8)
      .Case("u16", OCKHAM_U16)
      .Case("u32", OCKHAM_U32)
      .Case("u64", OCKHAM_U64)
      .Case("f16", OCKHAM_F16)
      .Case("bf16", OCKHAM_BF16)
      .Case("f32", OCKHAM_F32)
      .Case("f64", OCKHAM_F64)
      .Default(std::nullopt);
}

static unsigned getTypeBytes(ockham_dtype type) {
  switch (type) {
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
  default:
    return 1;
  }
}

static std::optional<TensorMap::Type> getMapType(ockham_dtype type) {
  using Type = TensorMap::Type;
  switch (type) {
  case OCKHAM_U8:
  case OCKHAM_I8:
    return Type::U8;
  case OCKHAM_U16:
  case OCKHAM_I16:
    return Type::U16;
  case OCKHAM_U32:
    return Type::U32;
  case OCKHAM_I32:
    return Type::I32;
  case OCKHAM_U64:
    return Type::U64;
  case OCKHAM_I64:
    return Type::I64;
  case OCKHAM_F16:
    return Type::F16;
  case OCKHAM_BF16:
    return Type::BF16;
  case OCKHAM_F32:
    return Type::F32;
  case OCKHAM_F64:
    return Type::F64;
  default:
    return std::nullopt;
  }
}

/// One element from a number, with the type's rounding.
static void storeNumber(double value, ockham_dtype type, char *bytes) {
  auto store = [&](auto number) {
    std::memcpy(bytes, &number, sizeof(number));
  };
  switch (type) {
  case OCKHAM_F64:
    return store(value);
  case OCKHAM_F32:
    return store(float(value));
  case OCKHAM_F16:
    return store(_Float16(value));
  case OCKHAM_BF16: {
    uint32_t bits = llvm::bit_cast<uint32_t>(float(value));
    return store(uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16));
  }
  case OCKHAM_I64:
  case OCKHAM_U64:
    return store(int64_t(value));
  case OCKHAM_I32:
  case OCKHAM_U32:
    return store(int32_t(int64_t(value)));
  case OCKHAM_I16:
  case OCKHAM_U16:
    return store(int16_t(int64_t(value)));
  default:
    return store(int8_t(int64_t(value)));
  }
}

static double loadNumber(ockham_dtype type, const char *bytes) {
  auto load = [&](auto number) {
    std::memcpy(&number, bytes, sizeof(number));
    return number;
  };
  switch (type) {
  case OCKHAM_F64:
    return load(double());
  case OCKHAM_F32:
    return load(float());
  case OCKHAM_F16:
    return double(load(_Float16()));
  case OCKHAM_BF16:
    return llvm::bit_cast<float>(uint32_t(load(uint16_t())) << 16);
  case OCKHAM_I64:
    return load(int64_t());
  case OCKHAM_U64:
    return load(uint64_t());
  case OCKHAM_I32:
    return load(int32_t());
  case OCKHAM_U32:
    return load(uint32_t());
  case OCKHAM_I16:
    return load(int16_t());
  case OCKHAM_U16:
    return load(uint16_t());
  case OCKHAM_I8:
    return load(int8_t());
  default:
    return load(uint8_t());
  }
}

/// `8x16` as numbers.
static llvm::Error parseExtents(llvm::StringRef text,
                                llvm::SmallVectorImpl<int64_t> &extents) {
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, 'x');
  for (llvm::StringRef part : parts) {
    int64_t extent;
    if (part.getAsInteger(10, extent) || extent < 1)
      return makeError("expected extents like 8x16, got '" + text + "'");
    extents.push_back(extent);
  }
  return llvm::Error::success();
}

uint64_t KernelBuffer::getBytes() const { return initial.data.size(); }

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

static llvm::Error fillBuffer(KernelBuffer &buffer, llvm::StringRef fill) {
  unsigned bytes = getTypeBytes(buffer.initial.dtype);
  uint64_t count = buffer.initial.data.size() / bytes;
  auto set = [&](auto function) {
    for (uint64_t i = 0; i < count; ++i)
      storeNumber(function(i), buffer.initial.dtype,
                  &buffer.initial.data[i * bytes]);
    return llvm::Error::success();
  };
  buffer.initialized = true;
  if (fill == "zeros")
    return set([](uint64_t) { return 0.0; });
  if (fill == "ones")
    return set([](uint64_t) { return 1.0; });
  if (fill == "iota")
    return set([](uint64_t i) { return double(i); });
  if (fill.consume_front("random:")) {
    uint32_t state;
    if (fill.getAsInteger(10, state))
      return makeError("expected a seed after random:, got '" + fill + "'");
    // Multiples of 1/32 between -1 and 1: short sums of products are exact.
    return set([&](uint64_t) {
      state = state * 1664525 + 1013904223;
      return (int(state >> 16 & 63) - 32) / 32.0;
    });
  }
  if (fill.ends_with(".npy")) {
    NpyArray array;
    std::string problem;
    if (!readNpy(fill.str(), array, problem))
      return makeError(problem);
    if (array.dtype != buffer.initial.dtype ||
        array.shape != buffer.initial.shape)
      return makeError("buffer " + buffer.name + ": " + fill +
                       " has another type or shape");
    buffer.initial = std::move(array);
    return llvm::Error::success();
  }
  return makeError("buffer " + buffer.name +
                   ": expected zeros, ones, iota, random:SEED or FILE.npy, "
                   "got '" +
                   fill + "'");
}

llvm::Error KernelArguments::addBuffer(llvm::StringRef text) {
  auto [name, rest] = text.split('=');
  auto [described, fill] = rest.split('=');
  auto [type, extents] = described.split('[');
  std::optional<ockham_dtype> dtype = parseType(type);
  if (name.empty() || !dtype || !extents.consume_back("]"))
    return makeError("expected a buffer like name=f32[4x8]=zeros, got '" +
                     text + "'");
  if (llvm::any_of(buffers, [&, name = name](const auto &buffer) {
        return buffer->name == name;
      }))
    return makeError("there are two buffers named " + name);
  auto buffer = std::make_unique<KernelBuffer>();
  buffer->name = name.str();
  buffer->initial.dtype = *dtype;
  llvm::SmallVector<int64_t> shape;
  if (llvm::Error error = parseExtents(extents, shape))
    return error;
  uint64_t bytes = getTypeBytes(*dtype);
  for (int64_t extent : shape) {
    if (uint64_t(extent) > (uint64_t(1) << 34) / bytes)
      return makeError("buffer " + name + " is larger than 16 GiB");
    bytes *= extent;
  }
  buffer->initial.shape.assign(shape.begin(), shape.end());
  buffer->initial.data.resize(bytes);
  if (!fill.empty())
    if (llvm::Error error = fillBuffer(*buffer, fill))
      return error;
  buffers.push_back(std::move(buffer));
  return llvm::Error::success();
}

llvm::Expected<KernelBuffer *>
KernelArguments::findBuffer(llvm::StringRef name) {
  for (const auto &buffer : buffers)
    if (buffer->name == name)
      return buffer.get();
  return makeError("there is no buffer '" + name + "'");
}

NpyArray KernelArguments::read(const KernelBuffer &buffer) {
  NpyArray array = buffer.initial;
  std::memcpy(array.data.data(), buffer.address, array.data.size());
  return array;
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

struct KernelArguments::Argument {
  KernelBuffer *buffer = nullptr;
  bool isMap = false;
  llvm::SmallVector<uint32_t> box;
  TensorMap::Swizzle swizzle = TensorMap::Swizzle::None;
  bool fillNaN = false;

  /// What the kernel gets: a number, an address, or the address of the map.
  alignas(8) char value[8] = {};
  alignas(64) TensorMap map;
  /// Kernels take maps by value or by address.
  bool byValue = false;
};

KernelArguments::KernelArguments() = default;
KernelArguments::~KernelArguments() = default;

llvm::Error KernelArguments::addArgument(llvm::StringRef text) {
  auto argument = std::make_unique<Argument>();
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ':');
  argument->isMap = parts[0] == "map" || parts[0] == "mapval";
  argument->byValue = parts[0] == "mapval";
  if (argument->isMap) {
    if (parts.size() < 3)
      return makeError("expected map:buffer:box=8x16, got '" + text + "'");
    auto buffer = findBuffer(parts[1]);
    if (!buffer)
      return buffer.takeError();
    argument->buffer = *buffer;
    for (llvm::StringRef part : llvm::ArrayRef(parts).drop_front(2)) {
      unsigned bytes;
      if (part.consume_front("box=")) {
        llvm::SmallVector<int64_t> extents;
        if (llvm::Error error = parseExtents(part, extents))
          return error;
        for (int64_t extent : llvm::reverse(extents))
          argument->box.push_back(std::min<int64_t>(extent, UINT32_MAX));
      } else if (part.consume_front("swizzle=") &&
                 !part.getAsInteger(10, bytes) &&
                 (bytes == 0 || bytes == 32 || bytes == 64 || bytes == 128)) {
        argument->swizzle = bytes == 0    ? TensorMap::Swizzle::None
                            : bytes == 32 ? TensorMap::Swizzle::Bytes32
                            : bytes == 64 ? TensorMap::Swizzle::Bytes64
                                          : TensorMap::Swizzle::Bytes128;
      } else if (part == "nan") {
        argument->fillNaN = true;
      } else {
        return makeError("expected box=, swizzle=0, 32, 64 or 128, or nan, "
                         "got '" +
                         part + "'");
      }
    }
  } else if (parts.size() == 2) {
    std::optional<ockham_dtype> type = parseType(parts[0]);
    double value;
    if (!type || parts[1].getAsDouble(value))
      return makeError("expected an argument like i32:5, got '" + text + "'");
    storeNumber(value, *type, argument->value);
  } else {
    auto buffer = findBuffer(text);
    if (!buffer)
      return buffer.takeError();
    argument->buffer = *buffer;
  }
  pointers.push_back(argument->byValue ? static_cast<void *>(&argument->map)
                                       : static_cast<void *>(argument->value));
  arguments.push_back(std::move(argument));
  return llvm::Error::success();
}

llvm::Expected<MapShape>
KernelArguments::getMapShape(const Argument &argument) {
  const NpyArray &array = argument.buffer->initial;
  std::optional<TensorMap::Type> type = getMapType(array.dtype);
  if (!type)
    return makeError("no tensor map can be made of buffer " +
                     argument.buffer->name);
  MapShape shape{*type,           {}, {}, argument.box, argument.swizzle,
                 argument.fillNaN};
  uint64_t stride = getTypeBytes(array.dtype);
  for (int64_t extent : llvm::reverse(array.shape)) {
    if (!shape.extents.empty())
      shape.strides.push_back(stride);
    shape.extents.push_back(extent);
    stride *= extent;
  }
  return shape;
}

llvm::Expected<std::vector<ArgumentView>> KernelArguments::getViews() const {
  std::vector<ArgumentView> views;
  for (const auto &argument : arguments) {
    ArgumentView &view = views.emplace_back();
    view = {argument->buffer, argument->value, std::nullopt, argument->byValue};
    if (!argument->isMap)
      continue;
    auto shape = getMapShape(*argument);
    if (!shape)
      return shape.takeError();
    view.map = std::move(*shape);
  }
  return views;
}

llvm::Error KernelArguments::reset() {
  memory = std::make_unique<emulator::DeviceMemory>();
  for (const auto &buffer : buffers) {
    buffer->address = memory->allocate(buffer->getBytes());
    if (!buffer->address)
      return makeError("out of memory for buffer " + buffer->name);
    if (!buffer->initialized)
      continue;
    std::memcpy(buffer->address, buffer->initial.data.data(),
                buffer->getBytes());
    memory->markInitialized(buffer->address, buffer->getBytes());
  }
  for (const auto &argument : arguments) {
    void *address = nullptr;
    if (argument->isMap) {
      auto shape = getMapShape(*argument);
      if (!shape)
        return shape.takeError();
      if (llvm::Error error = emulator::encodeTensorMap(
              argument->map, argument->buffer->address, shape->type,
              shape->extents, shape->strides, shape->box, shape->swizzle,
              shape->fillNaN))
        return error;
      address = &argument->map;
    } else if (argument->buffer) {
      address = argument->buffer->address;
    }
    if (address)
      std::memcpy(argument->value, &address, sizeof(address));
  }
  return llvm::Error::success();
}

std::vector<double> ockham::toDoubles(const NpyArray &array) {
  unsigned bytes = getTypeBytes(array.dtype);
  std::vector<double> numbers(array.data.size() / bytes);
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = loadNumber(array.dtype, &array.data[i * bytes]);
  return numbers;
}

double ockham::getLargestError(const NpyArray &got, const NpyArray &expected) {
  std::vector<double> a = toDoubles(got), b = toDoubles(expected);
  if (got.shape != expected.shape)
    return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i]))
      continue;
    double error =
        a[i] == b[i] ? 0 : std::fabs(a[i] - b[i]) / (1 + std::fabs(b[i]));
    if (!(error <= largest))
      largest =
          std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
  }
  return largest;
}
