//===- TensorMap.cpp - Boxes of tensors in shared memory ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorMap.h"
#include "NumberFormats.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>
#include <cstring>
#include <limits>

using namespace ockham::emulator;

/// 256 elements of 8 bytes.
static constexpr uint64_t kMaxRowBytes = 2048;

unsigned TensorMap::getElementBytes() const {
  switch (type) {
  case Type::U8:
    return 1;
  case Type::U16:
  case Type::F16:
  case Type::BF16:
    return 2;
  case Type::U64:
  case Type::I64:
  case Type::F64:
    return 8;
  default:
    return 4;
  }
}

llvm::Error ockham::emulator::encodeTensorMap(
    TensorMap &map, void *base, TensorMap::Type type,
    llvm::ArrayRef<uint64_t> extents, llvm::ArrayRef<uint64_t> strides,
    llvm::ArrayRef<uint32_t> box, TensorMap::Swizzle swizzle, bool fillNaN) {
  auto refuse = [](const llvm::Twine &message) {
    return llvm::createStringError("tensor map: " + message);
  };
  if (type > TensorMap::Type::TF32Flushed)
    return refuse("expected a data type from 0 to 12, got " +
                  llvm::Twine(unsigned(type)));
  if (swizzle > TensorMap::Swizzle::Bytes128)
    return refuse("expected a swizzle from 0 to 3, got " +
                  llvm::Twine(unsigned(swizzle)));
  if (extents.empty() || extents.size() > 5)
    return refuse("expected rank 1 to 5, got " + llvm::Twine(extents.size()));
  if (strides.size() + 1 != extents.size() || box.size() != extents.size())
    return refuse("expected " + llvm::Twine(extents.size() - 1) +
                  " strides and " + llvm::Twine(extents.size()) +
                  " box sizes, got " + llvm::Twine(strides.size()) + " and " +
                  llvm::Twine(box.size()));
  map = TensorMap();
  map.base = reinterpret_cast<uint64_t>(base);
  map.rank = extents.size();
  map.type = type;
  map.swizzle = swizzle;
  map.fillNaN = fillNaN;
  map.magic = TensorMap::kMagic;
  if (!base || map.base % 16)
    return refuse("the base must be aligned to 16 bytes");
  for (unsigned i = 0; i < extents.size(); ++i) {
    if (!extents[i] || extents[i] > uint64_t(1) << 32)
      return refuse("expected extents from 1 to 2^32, got " +
                    llvm::Twine(extents[i]));
    if (!box[i] || box[i] > 256)
      return refuse("expected box sizes from 1 to 256, got " +
                    llvm::Twine(box[i]));
    if (i && (strides[i - 1] % 16 || strides[i - 1] >= uint64_t(1) << 40))
      return refuse("expected strides that are multiples of 16 bytes below "
                    "2^40, got " +
                    llvm::Twine(strides[i - 1]));
    map.extents[i] = extents[i];
    map.box[i] = box[i];
    if (i)
      map.strides[i - 1] = strides[i - 1];
  }
  uint64_t inner = uint64_t(box[0]) * map.getElementBytes();
  if (inner % 16)
    return refuse("expected an inner box of a multiple of 16 bytes, got " +
                  llvm::Twine(inner));
  uint64_t span = uint64_t(16) << unsigned(swizzle);
  if (swizzle != TensorMap::Swizzle::None && inner > span)
    return refuse("expected an inner box of at most the " + llvm::Twine(span) +
                  " bytes of the swizzle, got " + llvm::Twine(inner));
  return llvm::Error::success();
}

uint64_t ockham::emulator::getBoxBytes(const TensorMap &map) {
  uint64_t bytes = map.getElementBytes();
  for (unsigned i = 0; i < map.rank; ++i)
    bytes *= map.box[i];
  return bytes;
}

void ockham::emulator::forEachRow(
    const TensorMap &map, const std::array<int32_t, 5> &coordinates,
    llvm::function_ref<void(const BoxRow &)> function) {
  int64_t elementBytes = map.getElementBytes();
  int64_t begin = std::max<int64_t>(0, -int64_t(coordinates[0]));
  int64_t end =
      std::min<int64_t>(map.box[0], int64_t(map.extents[0]) - coordinates[0]);
  bool empty = begin >= end;
  uint64_t rowBytes = map.box[0] * elementBytes;
  uint64_t rows = getBoxBytes(map) / rowBytes;
  std::array<uint32_t, 5> index = {};
  for (uint64_t row = 0; row < rows; ++row) {
    bool inside = !empty;
    int64_t offset = coordinates[0] * elementBytes;
    for (unsigned i = 1; i < map.rank; ++i) {
      int64_t position = int64_t(coordinates[i]) + index[i];
      inside &= position >= 0 && position < int64_t(map.extents[i]);
      offset += position * int64_t(map.strides[i - 1]);
    }
    BoxRow described{row * rowBytes, rowBytes, nullptr, 0, 0};
    if (inside) {
      described.validBegin = begin * elementBytes;
      described.validBytes = (end - begin) * elementBytes;
      described.global =
          reinterpret_cast<uint8_t *>(map.base) + offset + described.validBegin;
    }
    function(described);
    for (unsigned i = 1; i < map.rank && ++index[i] == map.box[i]; ++i)
      index[i] = 0;
  }
}

/// What elements outside of the tensor are.
static void fill(const TensorMap &map, uint8_t *bytes, uint64_t count) {
  std::memset(bytes, 0, count);
  if (!map.fillNaN)
    return;
  auto fillWith = [&](auto pattern) {
    for (uint64_t i = 0; i < count; i += sizeof(pattern))
      std::memcpy(bytes + i, &pattern, sizeof(pattern));
  };
  switch (map.type) {
  case TensorMap::Type::F16:
    return fillWith(uint16_t(0x7e00));
  case TensorMap::Type::BF16:
    return fillWith(uint16_t(0x7fc0));
  case TensorMap::Type::F64:
    return fillWith(std::numeric_limits<double>::quiet_NaN());
  case TensorMap::Type::F32:
  case TensorMap::Type::F32Flushed:
  case TensorMap::Type::TF32:
  case TensorMap::Type::TF32Flushed:
    return fillWith(std::numeric_limits<float>::quiet_NaN());
  default:
    return;
  }
}

void ockham::emulator::loadBox(const TensorMap &map,
                               const std::array<int32_t, 5> &coordinates,
                               uint8_t *shared) {
  uint8_t bytes[kMaxRowBytes];
  forEachRow(map, coordinates, [&](const BoxRow &row) {
    if (row.validBytes != row.bytes)
      fill(map, bytes, row.bytes);
    if (row.validBytes)
      std::memcpy(bytes + row.validBegin, row.global, row.validBytes);
    for (uint64_t chunk = 0; chunk < row.bytes; chunk += 16) {
      uint64_t address =
          reinterpret_cast<uint64_t>(shared) + row.offset + chunk;
      std::memcpy(reinterpret_cast<void *>(swizzle(address, map.swizzle)),
                  bytes + chunk, 16);
    }
  });
}

template <typename T>
static void reduceElement(uint8_t *target, const uint8_t *source,
                          StoreKind kind) {
  T a, b;
  std::memcpy(&a, target, sizeof(T));
  std::memcpy(&b, source, sizeof(T));
  if (kind == StoreKind::Add)
    a = a + b;
  else if (kind == StoreKind::Min)
    a = std::min(a, b);
  else
    a = std::max(a, b);
  std::memcpy(target, &a, sizeof(T));
}

static void reduceBFloat16(uint8_t *target, const uint8_t *source,
                           StoreKind kind) {
  uint16_t bits[2];
  std::memcpy(&bits[0], target, 2);
  std::memcpy(&bits[1], source, 2);
  float a = BFloat16Format::get(bits[0], 0),
        b = BFloat16Format::get(bits[1], 0);
  float result = kind == StoreKind::Add   ? a + b
                 : kind == StoreKind::Min ? std::min(a, b)
                                          : std::max(a, b);
  uint16_t rounded = roundToBFloat16(result);
  std::memcpy(target, &rounded, 2);
}

bool ockham::emulator::canReduce(TensorMap::Type type) {
  using Type = TensorMap::Type;
  return type == Type::U32 || type == Type::I32 || type == Type::U64 ||
         type == Type::I64 || type == Type::F16 || type == Type::F32 ||
         type == Type::F32Flushed || type == Type::BF16;
}

static void reduce(TensorMap::Type type, uint8_t *target, const uint8_t *source,
                   StoreKind kind) {
  switch (type) {
  case TensorMap::Type::U32:
    return reduceElement<uint32_t>(target, source, kind);
  case TensorMap::Type::I32:
    return reduceElement<int32_t>(target, source, kind);
  case TensorMap::Type::U64:
    return reduceElement<uint64_t>(target, source, kind);
  case TensorMap::Type::I64:
    return reduceElement<int64_t>(target, source, kind);
  case TensorMap::Type::F16:
    return reduceElement<_Float16>(target, source, kind);
  case TensorMap::Type::BF16:
    return reduceBFloat16(target, source, kind);
  default:
    return reduceElement<float>(target, source, kind);
  }
}

void ockham::emulator::storeBox(const TensorMap &map,
                                const std::array<int32_t, 5> &coordinates,
                                const uint8_t *shared, StoreKind kind) {
  uint8_t bytes[kMaxRowBytes];
  unsigned elementBytes = map.getElementBytes();
  forEachRow(map, coordinates, [&](const BoxRow &row) {
    if (!row.validBytes)
      return;
    for (uint64_t chunk = 0; chunk < row.bytes; chunk += 16) {
      uint64_t address =
          reinterpret_cast<uint64_t>(shared) + row.offset + chunk;
      std::memcpy(bytes + chunk,
                  reinterpret_cast<void *>(swizzle(address, map.swizzle)), 16);
    }
    if (kind == StoreKind::Copy) {
      std::memcpy(row.global, bytes + row.validBegin, row.validBytes);
      return;
    }
    for (uint64_t i = 0; i < row.validBytes; i += elementBytes)
      reduce(map.type, row.global + i, bytes + row.validBegin + i, kind);
  });
}
