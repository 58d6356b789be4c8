//===- BufferLifetimes.h - From the first to the last use -------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TRANSFORMS_BUFFERLIFETIMES_H
#define OCKHAM_LIB_TRANSFORMS_BUFFERLIFETIMES_H

#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ockham {

/// The steps of a function at which a buffer's memory may be touched.
struct Lifetime {
  int64_t first = 0, last = -1; ///< Inclusive; last < first: never.
  mlir::Operation *firstUser = nullptr;
  /// Why the buffer cannot share memory by its lifetime; empty if it can.
  std::string obstacle;

  bool isEmpty() const { return last < first; }
  bool overlaps(const Lifetime &other) const {
    return first <= other.last && other.first <= last;
  }
};

/// Numbers the ops of a function that may touch memory in the order in which
/// they run, and finds lifetimes through views, branches and loops.
class BufferLifetimes {
public:
  explicit BufferLifetimes(mlir::func::FuncOp function);

  /// Of the result of an op that allocates.
  Lifetime get(mlir::Value buffer);
  int64_t getStepCount() const { return next; }

private:
  struct Steps {
    int64_t first, last;
  };
  void number(mlir::Block &block);
  Steps getSteps(mlir::Operation *op) const;
  /// Adds the steps of a use to the lifetime.
  void addUse(Lifetime &lifetime, mlir::Operation *user,
              mlir::Operation *alloc) const;

  mlir::func::FuncOp function;
  mlir::BufferViewFlowAnalysis views;
  llvm::DenseMap<mlir::Operation *, Steps> steps;
  int64_t next = 0;
};

} // namespace ockham

#endif // OCKHAM_LIB_TRANSFORMS_BUFFERLIFETIMES_H
