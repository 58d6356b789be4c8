//===- Patterns.h - tfm ops that have kernels -------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_PATTERNS_H
#define OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_PATTERNS_H

#include "KernelGroup.h"
#include "dialects/Tile/TileDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "ockham/Kernels/Preferences.h"
#include "llvm/ADT/StringMap.h"

namespace ockham::tfm_to_tile {

/// The kernels of a module, by what they are: layers share them.
class KernelCache {
public:
  explicit KernelCache(mlir::ModuleOp module) : module(module) {}

  /// The kernel that `name`, `numbers` and element types describe: those of the
  /// rows that it works on, of its result and of whatever else it reads.
  /// `build` makes it if it is not there yet, under a symbol that begins with
  /// the name and is free; it says the rows' type if that is not f32, and the
  /// result's if that is another one.
  tile::KernelOp
  get(llvm::StringRef name, llvm::ArrayRef<double> numbers, mlir::Type rows,
      mlir::Type result, mlir::TypeRange others,
      llvm::function_ref<tile::KernelOp(mlir::OpBuilder &, llvm::StringRef)>
          build);

private:
  mlir::ModuleOp module;
  llvm::StringMap<tile::KernelOp> kernels;
};

/// What a target wants of kernels.
struct Preferences : kernels::Preferences {
  mlir::Type weights; ///< Element type of packed weights that are wider.
};

/// True if kernels can have such elements in memory.
bool isKernelFloat(mlir::Type element);
/// The element types that the values have.
llvm::SmallVector<mlir::Type> getElementTypes(mlir::ValueRange values);

/// Each replaces a group by a launch. Returns why there is no kernel for it;
/// empty if it is replaced.
std::string convertLinear(KernelGroup group, KernelCache &kernels,
                          const Preferences &preferences);

std::string convertAttention(tfm::AttentionOp op, KernelCache &kernels,
                             const Preferences &preferences);
std::string convertNorm(KernelGroup group, KernelCache &kernels,
                        const Preferences &preferences);

/// An embedding, or a sum of embeddings.
std::string convertEmbedding(KernelGroup group, KernelCache &kernels,
                             const Preferences &preferences);

/// A chain of point-wise ops (isPointwise).
std::string convertPointwise(KernelGroup group, KernelCache &kernels,
                             const Preferences &preferences);
bool isPointwise(mlir::Operation *op);

std::string convertCrossEntropy(tfm::CrossEntropyOp op, KernelCache &kernels,
                                const Preferences &preferences);

/// An activation `[..., width]` as the matrix of its rows, which is what
/// kernels work on. A part of a merged projection is one without a copy.
mlir::Value toMatrix(mlir::OpBuilder &b, mlir::Location loc,
                     mlir::Value activation);
/// A matrix of as many rows as `rows` has, and `width` columns.
mlir::Value createEmptyMatrix(mlir::OpBuilder &b, mlir::Location loc,
                              mlir::Value rows, int64_t width,
                              mlir::Type element);
/// The matrix as a tensor of the extents `sizes`, as a value of `type`.
mlir::Value expandRows(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value matrix,
                       llvm::ArrayRef<mlir::OpFoldResult> sizes,
                       mlir::Type type);
/// The matrix with the leading dimensions of `like`, as a value of `type`.
mlir::Value fromMatrix(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value matrix, mlir::Value like, mlir::Type type);

} // namespace ockham::tfm_to_tile

#endif // OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_PATTERNS_H
