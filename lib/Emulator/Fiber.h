//===- Fiber.h - Stacks that take turns -------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EMULATOR_FIBER_H
#define OCKHAM_LIB_EMULATOR_FIBER_H

#include "llvm/Support/Compiler.h"

#include <cstddef>
#include <vector>

namespace ockham::emulator {

/// A stack that is not running, or that of an OS thread.
struct Fiber {
  /// Where to go on.
  void *top = nullptr;
#if LLVM_ADDRESS_SANITIZER_BUILD
  const void *bottom = nullptr;
  size_t bytes = 0;
  /// Where the sanitizer keeps variables, in place of the stack.
  void *fakeStack = nullptr;
#endif
};

/// Stores where the running fiber stands to `from` and continues at `to`.
void switchFiber(Fiber &from, const Fiber &to);
/// What a fiber's entry does first.
void beginFiber();
/// The stack of the OS thread, to come back to.
Fiber getThreadFiber();

/// Memory for the stacks of a grid, reused by one block after another.
class StackPool {
public:
  /// Stacks of at least `bytes`, `count` at a time.
  StackPool(size_t bytes, unsigned count);
  ~StackPool();
  StackPool(const StackPool &) = delete;
  StackPool &operator=(const StackPool &) = delete;

  /// A slab of `count` stacks, or null when there is no memory.
  char *acquire();
  void release(char *slab) { free.push_back(slab); }

  /// Makes the i-th stack of a slab start in `entry`, which calls `beginFiber`
  /// and must not return.
  Fiber prepare(char *slab, unsigned i, void (*entry)()) const;

  size_t getSlabBytes() const { return slabBytes; }

private:
  size_t bytes, slabBytes;
  std::vector<char *> all, free;
};

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_FIBER_H
