//===- Fiber.cpp - Stacks that take turns ---------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A switch saves the registers that calls preserve, and nothing else: some
// nanoseconds, where swapcontext makes two system calls.
//
//===----------------------------------------------------------------------===//

#include "Fiber.h"

#include <cstdint>
#include <sys/mman.h>

using namespace ockham::emulator;

#if !defined(__x86_64__)
#error "The emulator switches fibers on x86-64 only"
#endif

asm(R"(
  .text
  .globl ockham_emulator_switch
  .hidden ockham_emulator_switch
  .type ockham_emulator_switch,@function
ockham_emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size ockham_emulator_switch, .-ockham_emulator_switch
)");

StackPool::StackPool(size_t bytes, unsigned count) {
  // A warp's lanes take turns at the same depth of their stacks. At a distance
  // of pages, all of them would compete for the same few sets of the cache; at
  // an odd number of lines, each has its own.
  this->bytes = (bytes + 4095) / 4096 * 4096 + 5 * 64;
  slabBytes = this->bytes * count;
}

StackPool::~StackPool() {
  for (char *slab : all)
    munmap(slab, slabBytes);
}

char *StackPool::acquire() {
  if (!free.empty()) {
    char *slab = free.back();
    free.pop_back();
    return slab;
  }
  void *memory = mmap(nullptr, slabBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return nullptr;
  all.push_back(static_cast<char *>(memory));
  return all.back();
}

void *StackPool::prepare(char *slab, unsigned i, void (*entry)()) const {
  // As if `entry` had been called: its return address, which is never used,
  // lies where the ABI wants it, 8 bytes below a multiple of 16.
  auto *top = reinterpret_cast<uint64_t *>(slab + (i + 1) * bytes);
  *--top = 0;
  *--top = reinterpret_cast<uint64_t>(entry);
  for (int reg = 0; reg < 6; ++reg)
    *--top = 0;
  return top;
}
