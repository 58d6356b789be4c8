//===- Types.cpp - Element types and shapes -------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Types.h"
#include "Status.h"

namespace ockham::runtime {

namespace {
struct TypeRow {
  const char *name;
  uint32_t bytes;
  uint8_t dlCode;
};
} // namespace

/// Indexed by ockham_dtype.
static const TypeRow typeRows[] = {
    {"unknown type", 0, 0},     {"bool", 1, kDLBool},
    {"uint8", 1, kDLUInt},      {"int8", 1, kDLInt},
    {"int16", 2, kDLInt},       {"int32", 4, kDLInt},
    {"int64", 8, kDLInt},       {"float16", 2, kDLFloat},
    {"bfloat16", 2, kDLBfloat}, {"float32", 4, kDLFloat},
    {"float64", 8, kDLFloat},   {"uint16", 2, kDLUInt},
    {"uint32", 4, kDLUInt},     {"uint64", 8, kDLUInt}};

static const TypeRow &typeRow(int32_t dtype) {
  return typeRows[dtype >= OCKHAM_BOOL && dtype <= OCKHAM_U64 ? dtype : 0];
}

const char *dtypeName(int32_t dtype) { return typeRow(dtype).name; }

uint32_t dtypeBytes(int32_t dtype) { return typeRow(dtype).bytes; }

std::optional<uint64_t> denseBytes(int32_t dtype, const int64_t *shape,
                                   int32_t rank) {
  uint64_t bytes = dtypeBytes(dtype);
  if (bytes == 0 || rank < 0)
    return std::nullopt;
  // A zero extent makes the tensor empty but excuses no overflow or negative
  // extent beside it.
  bool empty = false;
  for (int32_t axis = 0; axis < rank; ++axis) {
    if (shape[axis] < 0)
      return std::nullopt;
    if (shape[axis] == 0) {
      empty = true;
      continue;
    }
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(shape[axis]),
                               &bytes) ||
        bytes > static_cast<uint64_t>(INT64_MAX))
      return std::nullopt;
  }
  return empty ? 0 : bytes;
}

std::string formatShape(const int64_t *shape, int32_t rank) {
  std::string text = "[";
  for (int32_t axis = 0; axis < rank; ++axis)
    text += (axis ? ", " : "") + std::to_string(shape[axis]);
  return text + "]";
}

std::string formatType(int32_t dtype, const int64_t *shape, int32_t rank) {
  return dtypeName(dtype) + std::string(" ") + formatShape(shape, rank);
}

std::string formatSpec(const ockham_tensor_spec &spec) {
  std::string text = dtypeName(spec.dtype) + std::string(" [");
  for (int32_t axis = 0; axis < spec.rank; ++axis) {
    const ockham_dim &dim = spec.dims[axis];
    text += axis ? ", " : "";
    if (dim.extent >= 0)
      text += std::to_string(dim.extent);
    else
      text += dim.symbol ? dim.symbol : "?";
  }
  return text + "]";
}

int32_t dtypeFromDLPack(DLDataType type) {
  if (type.lanes != 1)
    return 0;
  for (int32_t dtype = OCKHAM_BOOL; dtype <= OCKHAM_U64; ++dtype)
    if (typeRows[dtype].dlCode == type.code &&
        typeRows[dtype].bytes * 8 == type.bits)
      return dtype;
  return 0;
}

DLDataType dtypeToDLPack(int32_t dtype) {
  const TypeRow &row = typeRow(dtype);
  return {row.dlCode, static_cast<uint8_t>(row.bytes * 8), 1};
}

std::string formatDLPackType(DLDataType type) {
  if (int32_t dtype = dtypeFromDLPack(type))
    return dtypeName(dtype);
  static const char *const names[] = {"int",    "uint",    "float", "handle",
                                      "bfloat", "complex", "bool"};
  std::string text =
      type.code < 7 ? format("%s%u", names[type.code], type.bits)
                    : format("DLPack type %u of %u bits", type.code, type.bits);
  if (type.lanes != 1)
    text += format(" x %u lanes", type.lanes);
  return text;
}

std::string formatDLPackDevice(DLDevice device) {
  switch (device.device_type) {
  case kDLCPU:
    return "the CPU";
  case kDLCUDA:
    return format("CUDA device %d", device.device_id);
  case kDLCUDAHost:
    return "CUDA host memory";
  case kDLExtDev:
    return "the emulated GPU";
  case kDLROCM:
    return format("ROCm device %d", device.device_id);
  case kDLCUDAManaged:
    return "CUDA managed memory";
  }
  return format("DLPack device type %d, number %d", device.device_type,
                device.device_id);
}

} // namespace ockham::runtime
