//===- ModelTable.h - Checking a model's table ------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_MODELTABLE_H
#define OCKHAM_RUNTIME_CORE_MODELTABLE_H

#include "Status.h"

namespace ockham::runtime {

/// The layout of weights whose bytes are the logical tensor.
inline constexpr char rowMajorLayout[] = "row-major";

/// Checks that a model's table does not contradict itself, so that the rest of
/// the runtime can rely on it. Names in `table` are never null afterwards.
Status checkModelTable(const ockham_model &table);

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_MODELTABLE_H
