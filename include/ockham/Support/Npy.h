//===- Npy.h - NumPy's .npy files -------------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads versions 1 to 3 of the format, either byte order, C and Fortran order;
// writes version 1 (2 where the header is long). Plain C++: the runtime side of
// tools uses it, too.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_SUPPORT_NPY_H
#define OCKHAM_SUPPORT_NPY_H

#include "ockham-c/ModelABI.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ockham {

/// A dense, row-major array as the model ABI lays it out.
struct NpyArray {
  ockham_dtype dtype = OCKHAM_F32;
  std::vector<int64_t> shape;
  std::vector<char> data;
};

/// Reads `path` into `array`. On failure returns false and sets `error` to a
/// message that names the file and, where it is damaged, what was expected and
/// found.
///
/// NumPy has no bfloat16: arrays of ml_dtypes' are stored with the two-byte
/// void type "V2", which is read as bfloat16.
bool readNpy(const std::string &path, NpyArray &array, std::string &error);

/// Writes `array` to `path`. On failure returns false, sets `error` and leaves
/// no new file behind.
bool writeNpy(const std::string &path, const NpyArray &array,
              std::string &error);

/// The same on bytes; `name` stands for them in messages.
bool parseNpy(const char *bytes, uint64_t size, const std::string &name,
              NpyArray &array, std::string &error);

} // namespace ockham

#endif // OCKHAM_SUPPORT_NPY_H
