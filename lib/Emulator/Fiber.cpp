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

#if LLVM_ADDRESS_SANITIZER_BUILD
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

using namespace ockham::emulator;

#if !defined(__x86_64__)
#error "The emulator switches fibers on x86-64 only"
#endif

extern "C" {
/// Stores where the running fiber stands to `*from` and continues at `to`.
void ockham_emulator_switch(void **from, void *to);
}

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

// AddressSanitizer must be told which stack is the current one, and that what
// it knows of a stack no longer holds when another fiber gets it.
#if LLVM_ADDRESS_SANITIZER_BUILD
void ockham::emulator::switchFiber(Fiber &from, const Fiber &to) {
  __sanitizer_start_switch_fiber(&from.fakeStack, to.bottom, to.bytes);
  ockham_emulator_switch(&from.top, to.top);
  __sanitizer_finish_switch_fiber(from.fakeStack, nullptr, nullptr);
}

void ockham::emulator::beginFiber() {
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
}

Fiber ockham::emulator::getThreadFiber() {
  Fiber fiber;
  pthread_attr_t attributes;
  void *bottom;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    pthread_attr_getstack(&attributes, &bottom, &fiber.bytes);
    fiber.bottom = bottom;
    pthread_attr_destroy(&attributes);
  }
  return fiber;
}

static void forgetVariables(const char *stacks, size_t bytes) {
  __asan_unpoison_memory_region(stacks, bytes);
}
#else
void ockham::emulator::switchFiber(Fiber &from, const Fiber &to) {
  ockham_emulator_switch(&from.top, to.top);
}

void ockham::emulator::beginFiber() {}

Fiber ockham::emulator::getThreadFiber() { return {}; }

static void forgetVariables(const char *, size_t) {}
#endif

StackPool::StackPool(size_t bytes, unsigned count) {
  // A warp's lanes take turns at the same depth of their stacks. At a distance
  // of pages, all of them would compete for the same few sets of the cache; at
  // an odd number of lines, each has its own.
  this->bytes = (bytes + 4095) / 4096 * 4096 + 5 * 64;
  slabBytes = this->bytes * count;
}

StackPool::~StackPool() {
  for (char *slab : all) {
    forgetVariables(slab, slabBytes);
    munmap(slab, slabBytes);
  }
}

char *StackPool::acquire() {
  if (!free.empty()) {
    char *slab = free.back();
    free.pop_back();
    forgetVariables(slab, slabBytes);
    return slab;
  }
  void *memory = mmap(nullptr, slabBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return nullptr;
  all.push_back(static_cast<char *>(memory));
  return all.back();
}

Fiber StackPool::prepare(char *slab, unsigned i, void (*entry)()) const {
  // As if `entry` had been called: its return address, which is never used,
  // lies where the ABI wants it, 8 bytes below a multiple of 16.
  auto *top = reinterpret_cast<uint64_t *>(slab + (i + 1) * bytes);
  *--top = 0;
  *--top = reinterpret_cast<uint64_t>(entry);
  for (int reg = 0; reg < 6; ++reg)
    *--top = 0;
  Fiber fiber;
  fiber.top = top;
#if LLVM_ADDRESS_SANITIZER_BUILD
  fiber.bottom = slab + i * bytes;
  fiber.bytes = bytes;
#endif
  return fiber;
}
