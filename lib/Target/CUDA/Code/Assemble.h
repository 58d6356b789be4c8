//===- Assemble.h - Machine code of PTX -------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CUDA_ASSEMBLE_H
#define OCKHAM_LIB_TARGET_CUDA_ASSEMBLE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace ockham {

/// Runs ptxas. Returns a cubin, or "" where this ptxas does not know the
/// architecture, after a warning. With `strict`, that, spilled registers and
/// what ptxas says it could not do well are errors; else they are warnings.
llvm::Expected<std::string>
assemble(llvm::StringRef ptxas, llvm::StringRef ptx, llvm::StringRef arch,
         bool strict, llvm::function_ref<void(llvm::StringRef)> warn);

/// What a log of `ptxas -v` has to say about kernels: spills and warnings, one
/// line each.
std::vector<std::string> findComplaints(llvm::StringRef log);

} // namespace ockham

#endif // OCKHAM_LIB_TARGET_CUDA_ASSEMBLE_H
