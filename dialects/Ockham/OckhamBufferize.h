//===- OckhamBufferize.h - Weights as buffers -------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_DIALECTS_OCKHAM_OCKHAMBUFFERIZE_H
#define OCKHAM_DIALECTS_OCKHAM_OCKHAMBUFFERIZE_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace ockham {

/// Teaches one-shot bufferization about `ockham.load_weight`. The other ops of
/// the dialect have no tensor operands or results.
void registerBufferizableOpInterfaceExternalModels(
    mlir::DialectRegistry &registry);

} // namespace ockham

#endif // OCKHAM_DIALECTS_OCKHAM_OCKHAMBUFFERIZE_H
