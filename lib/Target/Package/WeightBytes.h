//===- WeightBytes.h - The bytes of all weights ----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_PACKAGE_WEIGHTBYTES_H
#define OCKHAM_LIB_TARGET_PACKAGE_WEIGHTBYTES_H

#include "ockham/Target/Package/ModelDescription.h"
#include "llvm/Support/raw_ostream.h"

namespace ockham {

/// Writes the bytes of one weight in its layout.
void writeStoredBytes(llvm::raw_ostream &os, const WeightDescription &weight);

/// Writes all stored weights at their offsets, from zero on.
void writeAllWeights(llvm::raw_ostream &os,
                     const ModelDescription &description);

/// Writes a struct of a file format as it lies in memory.
template <typename T>
void writeStruct(llvm::raw_ostream &os, const T &value) {
  os.write(reinterpret_cast<const char *>(&value), sizeof(T));
}

} // namespace ockham

#endif // OCKHAM_LIB_TARGET_PACKAGE_WEIGHTBYTES_H
