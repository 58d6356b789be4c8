//===- Mutations.h - Kernels with synchronisation broken --------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_EMULATOR_MUTATIONS_H
#define OCKHAM_EMULATOR_MUTATIONS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBufferRef.h"

#include <string>
#include <vector>

namespace ockham::emulator {

/// All ways to drop or weaken one synchronising instruction of a kernel, or of
/// functions that are no kernels: what
/// tests of the race detector, and of kernels' own tests, are made with. Each
/// is described as "drop barrier.cta.sync (file:line:column)".
llvm::Expected<std::vector<std::string>>
listMutations(llvm::MemoryBufferRef module, llvm::StringRef kernel);

/// The module, as bitcode, with one of them. With `expectEmpty`, the end of a
/// group of cp.async is not dropped, but fails if there are copies in the group.
llvm::Expected<std::string> applyMutation(llvm::MemoryBufferRef module,
                                          llvm::StringRef kernel,
                                          unsigned index,
                                          bool expectEmpty = false);

} // namespace ockham::emulator

#endif // OCKHAM_EMULATOR_MUTATIONS_H
