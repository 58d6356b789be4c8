//===- BlockSizes.h - Which extents of a kernel go together -----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The extents of blocks and windows in a kernel fall into classes: the rows of
// an accumulator are those of the left operand of its products, of what is
// added to it, of what is stored. A target that gives all extents of one class
// another size gets the same kernel for smaller or larger blocks; this is how
// it instantiates a body for the last rows of a matrix.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_DIALECTS_TILE_BLOCKSIZES_H
#define OCKHAM_DIALECTS_TILE_BLOCKSIZES_H

#include "dialects/Tile/TileDialect.h"
#include "llvm/ADT/DenseMap.h"

#include <optional>

namespace ockham::tile {

class BlockSizes {
public:
  explicit BlockSizes(KernelOp kernel);

  /// The class of an extent of a block or slice (0: rows, 1: columns).
  unsigned getClass(mlir::Value value, unsigned axis) const;
  /// The class of the extents that advance with a dimension of the grid, or
  /// with a loop. An extent that is not as long as the step is not of it.
  unsigned getGridClass(unsigned dim) const;
  unsigned getLoopClass(ForOp loop) const;

  /// The size of all extents of a class.
  int64_t getSize(unsigned cls) const { return sizes[find(cls)]; }
  bool isSame(unsigned a, unsigned b) const { return find(a) == find(b); }
  /// False if something else than extents depends on the size: elements of a
  /// constant, say.
  bool canResize(unsigned cls) const { return !pinned[find(cls)]; }

private:
  unsigned find(unsigned node) const;
  unsigned makeNode(int64_t size);
  unsigned getNode(mlir::Value value, unsigned axis);
  void unite(unsigned a, unsigned b);
  void uniteValues(mlir::Value a, mlir::Value b);
  void visit(mlir::Operation *op);
  void visitWindow(mlir::Value window, mlir::Value row, mlir::Value col);
  void visitPlace(mlir::Value window, unsigned axis, mlir::Value place);

  llvm::SmallVector<unsigned> parents;
  llvm::SmallVector<int64_t> sizes;
  llvm::SmallVector<bool> pinned;
  llvm::DenseMap<std::pair<mlir::Value, unsigned>, unsigned> nodes;
  /// By grid index or loop position.
  llvm::DenseMap<mlir::Value, unsigned> steps;
  KernelOp kernel;
};

/// Gives all extents of a class another size, and the steps of the grid and of
/// loops that go with them. The class can be resized.
void resizeBlocks(KernelOp kernel, const BlockSizes &sizes, unsigned cls,
                  int64_t size);

} // namespace ockham::tile

#endif // OCKHAM_DIALECTS_TILE_BLOCKSIZES_H
