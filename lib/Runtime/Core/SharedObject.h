//===- SharedObject.h - Looking at a file before it is loaded ---*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_SHAREDOBJECT_H
#define OCKHAM_RUNTIME_CORE_SHAREDOBJECT_H

#include "Status.h"

namespace ockham::runtime {

/// Whether `path` is a whole shared library for this machine. The system's
/// loader says little about files that are not, and dies of a bus error when a
/// library was cut off.
Status checkSharedObject(const std::string &path);

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_SHAREDOBJECT_H
