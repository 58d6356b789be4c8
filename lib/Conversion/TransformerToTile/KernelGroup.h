//===- KernelGroup.h - Ops that become one kernel ---------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_KERNELGROUP_H
#define OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_KERNELGROUP_H

#include "dialects/Transformer/TransformerDialect.h"

namespace ockham::tfm_to_tile {

/// An op alone, or the members of a tfm.fused.
class KernelGroup {
public:
  explicit KernelGroup(mlir::Operation *op);

  /// The op with a kernel of its own, and what follows in registers, in order.
  mlir::Operation *getRoot() const { return root; }
  llvm::ArrayRef<mlir::Operation *> getSteps() const { return steps; }
  /// Where the kernel is launched: nothing that it reads comes later.
  mlir::Operation *getOp() const { return op; }

  /// A result of a member, seen from outside, becomes another value.
  void replace(mlir::Value member, mlir::Value with) const;
  /// True if something outside reads a member's result.
  bool isResult(mlir::Value member) const;
  void erase();

private:
  mlir::Operation *op, *root;
  llvm::SmallVector<mlir::Operation *> steps;
};

} // namespace ockham::tfm_to_tile

#endif // OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_KERNELGROUP_H
