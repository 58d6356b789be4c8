//===- Package.h - From LLVM IR to a shared library -------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TARGET_PACKAGE_PACKAGE_H
#define OCKHAM_TARGET_PACKAGE_PACKAGE_H

#include "ockham/Target/Package/ModelDescription.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace llvm {
class Module;
class raw_pwrite_stream;
} // namespace llvm

namespace ockham {

/// Adds the model's tables and `ockham_model_query` to LLVM IR that has a
/// function `i32 (ptr, ptr)` per entry point, under the entry's name. Nothing
/// else stays visible from outside.
///
/// A model for several processors is linked from `count` modules, each with its
/// table, from the least demanding processor on: table `number` points at the
/// next, and the first is the one that is returned.
void addModelTable(llvm::Module &module, const ModelDescription &description,
                   unsigned number = 0, unsigned count = 1);

/// Writes an ELF object for the machine of `triple` whose one section holds the
/// weights' bytes under the symbol that the tables refer to. Streams: takes no
/// memory worth mentioning for weights of any size.
llvm::Error writeWeightObject(llvm::raw_ostream &os, llvm::StringRef triple,
                              const ModelDescription &description);

/// Writes the weights as a safetensors file.
llvm::Error writeSafetensors(llvm::raw_ostream &os,
                             const ModelDescription &description);

/// Links objects into the shared library `output` with lld in this process.
llvm::Error linkSharedLibrary(llvm::ArrayRef<std::string> objects,
                              llvm::StringRef output);

} // namespace ockham

#endif // OCKHAM_TARGET_PACKAGE_PACKAGE_H
