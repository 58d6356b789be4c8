//===- MutateONNX.h - Changes within the structure of a model ---*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TEST_FUZZ_MUTATEONNX_H
#define OCKHAM_TEST_FUZZ_MUTATEONNX_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace ockham {

/// Changes a few fields of a model: numbers become others, names are exchanged,
/// members of lists are dropped, doubled or swapped, texts and bytes go through
/// `mutateBytes`. Nearly every result can be parsed, which few changes to the
/// bytes of a file leave true. Empty if `bytes` are no model.
std::string mutateModel(llvm::StringRef bytes, unsigned seed,
                        llvm::function_ref<void(std::string &)> mutateBytes);

} // namespace ockham

#endif // OCKHAM_TEST_FUZZ_MUTATEONNX_H
