//===- Registration.h - All dialects, passes and pipelines ------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_SUPPORT_REGISTRATION_H
#define OCKHAM_SUPPORT_REGISTRATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace ockham {

/// Ockham's dialects, the upstream ones that its pipelines use, and the
/// external models and translations that they need.
void registerDialects(mlir::DialectRegistry &registry);

/// Ockham's passes and pipelines, and all upstream passes, under their names on
/// the command line. May be called again.
void registerPasses();

/// All of the above.
void registerEverything(mlir::DialectRegistry &registry);

} // namespace ockham

#endif // OCKHAM_SUPPORT_REGISTRATION_H
