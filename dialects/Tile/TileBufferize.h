//===- TileBufferize.h - Kernels on buffers ---------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_DIALECTS_TILE_TILEBUFFERIZE_H
#define OCKHAM_DIALECTS_TILE_TILEBUFFERIZE_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace ockham::tile {

/// Teaches one-shot bufferization about `tile.launch`. The tensors inside of
/// kernels are blocks and stay.
void registerBufferizableOpInterfaceExternalModels(
    mlir::DialectRegistry &registry);

} // namespace ockham::tile

#endif // OCKHAM_DIALECTS_TILE_TILEBUFFERIZE_H
