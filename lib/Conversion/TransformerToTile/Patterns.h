//===- Patterns.h - tfm ops that have kernels -------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_PATTERNS_H
#define OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_PATTERNS_H

#include "dialects/Tile/TileDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace ockham::tfm_to_tile {

/// The kernels of a module, by what they are: layers share them.
class KernelCache {
public:
  explicit KernelCache(mlir::ModuleOp module) : module(module) {}

  /// The kernel that `name` and `numbers` describe; `build` makes it if it is
  /// not there yet, under a symbol that begins with the name and is free.
  tile::KernelOp
  get(llvm::StringRef name, llvm::ArrayRef<double> numbers,
      llvm::function_ref<tile::KernelOp(mlir::OpBuilder &, llvm::StringRef)>
          build);

private:
  mlir::ModuleOp module;
  llvm::StringMap<tile::KernelOp> kernels;
};

/// Replaces the op, and an activation that is its only reader. Returns why
/// there is no kernel for it; empty if it is replaced.
std::string convertLinear(tfm::LinearOp op, KernelCache &kernels,
                          int64_t panel);

std::string convertAttention(tfm::AttentionOp op, KernelCache &kernels);
std::string convertNorm(tfm::NormOp op, KernelCache &kernels);

/// Rows of an activation `[..., width]`: the product of all other extents.
mlir::Value countRows(mlir::OpBuilder &b, mlir::Location loc,
                      mlir::Value activation);
/// An empty tensor of `like`'s shape, its last extent replaced.
mlir::Value createEmpty(mlir::OpBuilder &b, mlir::Location loc,
                        mlir::Value like, int64_t width);

} // namespace ockham::tfm_to_tile

#endif // OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_PATTERNS_H
