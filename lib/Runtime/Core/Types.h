//===- Types.h - Element types and shapes -----------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_TYPES_H
#define OCKHAM_RUNTIME_CORE_TYPES_H

#include "ockham-c/DLPack.h"
#include "ockham-c/ModelABI.h"
#include <optional>
#include <string>
#include <vector>

namespace ockham::runtime {

using Shape = std::vector<int64_t>;

/// Largest rank that the runtime accepts, of a model and of its arguments.
constexpr int32_t maxRank = 32;

/// e.g. "float32"; "unknown type" for other values.
const char *dtypeName(int32_t dtype);

/// Bytes of one element; 0 for unknown types.
uint32_t dtypeBytes(int32_t dtype);

/// Number of bytes of a dense tensor; none when an extent is negative, the type
/// is unknown, or the size exceeds 63 bits.
std::optional<uint64_t> denseBytes(int32_t dtype, const int64_t *shape,
                                   int32_t rank);

/// e.g. "[2, 8]".
std::string formatShape(const int64_t *shape, int32_t rank);

/// e.g. "float32 [2, 8]".
std::string formatType(int32_t dtype, const int64_t *shape, int32_t rank);

/// e.g. "int64 [batch, 8]"; '?' for dynamic extents without a name.
std::string formatSpec(const ockham_tensor_spec &spec);

/// The type that DLPack describes; 0 where Ockham has none.
int32_t dtypeFromDLPack(DLDataType type);
DLDataType dtypeToDLPack(int32_t dtype);

/// e.g. "complex64", also for types that Ockham does not have.
std::string formatDLPackType(DLDataType type);

/// e.g. "CUDA device 1".
std::string formatDLPackDevice(DLDevice device);

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_TYPES_H
