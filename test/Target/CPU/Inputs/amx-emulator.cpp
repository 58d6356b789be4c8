//===- amx-emulator.cpp - AMX on machines without it ----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Preloaded into a program (LD_PRELOAD), carries out the AMX instructions that
// its processor does not have: each is a SIGILL, and the handler decodes it,
// does what Intel's manual says, with a state per thread, and goes on behind
// it. What the manual has as a fault ends the program with a message: tiles
// that are not configured, or of shapes that do not fit. So compiled kernels
// run as they are, with the tile configuration and the registers that the code
// generator chose.
//
// At the end a line on standard error says how many of each there were.
//
//===----------------------------------------------------------------------===//

#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <ucontext.h>
#include <unistd.h>

namespace {

constexpr int kTiles = 8, kRows = 16, kRowBytes = 64;

struct State {
  bool isConfigured;
  uint8_t rows[kTiles];
  uint16_t rowBytes[kTiles];
  uint8_t data[kTiles][kRows][kRowBytes];
};
thread_local State state;

enum Kind { Config, Release, Zero, Load, Store, Product, KindCount };
const char *const kNames[KindCount] = {"ldtilecfg", "tilerelease", "tilezero",
                                       "tileloadd", "tilestored",  "tdpbf16ps"};
std::atomic<uint64_t> counts[KindCount];

[[noreturn]] void fault(const uint8_t *code, const char *what) {
  char text[256];
  int length =
      snprintf(text, sizeof text, "AMX: %s, at %02x %02x %02x %02x %02x\n",
               what, code[0], code[1], code[2], code[3], code[4]);
  if (write(2, text, length) < 0)
    _exit(98);
  _exit(99);
}

struct Instruction {
  const uint8_t *code;
  int prefix; ///< 0, 1: 66, 2: F3, 3: F2.
  int opcode, mod, reg, rm, vvvv;
  uint64_t base;  ///< Address without the index.
  uint64_t index; ///< Scaled.
  int length;
};

/// Registers as instructions number them.
uint64_t readRegister(const ucontext_t *context, int number) {
  static const int order[] = {
      REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
      REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return context->uc_mcontext.gregs[order[number]];
}

/// False for what is no AMX instruction: a VEX prefix of three bytes, map 0F38,
/// W0, 128 bits.
bool decode(const ucontext_t *context, Instruction &to) {
  const uint8_t *p =
      reinterpret_cast<const uint8_t *>(context->uc_mcontext.gregs[REG_RIP]);
  if (p[0] != 0xc4 || (p[1] & 0x1f) != 2 || (p[2] & 0x84) != 0)
    return false;
  to.code = p;
  to.prefix = p[2] & 3;
  to.vvvv = (~p[2] >> 3) & 15;
  to.opcode = p[3];
  if (to.opcode != 0x49 && to.opcode != 0x4b && to.opcode != 0x5c)
    return false;
  bool extendIndex = !(p[1] & 0x40), extendBase = !(p[1] & 0x20);
  to.mod = p[4] >> 6;
  to.reg = ((p[4] >> 3) & 7) | (p[1] & 0x80 ? 0 : 8);
  to.rm = p[4] & 7;
  const uint8_t *next = p + 5;
  to.base = to.index = 0;
  if (to.mod != 3) {
    bool noBase = false;
    if (to.rm == 4) {
      uint8_t sib = *next++;
      int index = ((sib >> 3) & 7) | (extendIndex ? 8 : 0);
      if (index != 4)
        to.index = readRegister(context, index) << (sib >> 6);
      noBase = to.mod == 0 && (sib & 7) == 5;
      if (!noBase)
        to.base = readRegister(context, (sib & 7) | (extendBase ? 8 : 0));
    } else if (to.mod == 0 && to.rm == 5) {
      noBase = true;
      // From the end of the instruction, which has nothing behind the address.
      to.base = reinterpret_cast<uint64_t>(next) + 4;
    } else {
      to.base = readRegister(context, to.rm | (extendBase ? 8 : 0));
    }
    if (to.mod == 1) {
      to.base += static_cast<int8_t>(*next++);
    } else if (to.mod == 2 || noBase) {
      int32_t offset;
      memcpy(&offset, next, 4);
      to.base += static_cast<int64_t>(offset);
      next += 4;
    }
  }
  to.length = next - p;
  return true;
}

void configure(const Instruction &at) {
  uint8_t from[64];
  memcpy(from, reinterpret_cast<const void *>(at.base + at.index), 64);
  memset(&state, 0, sizeof state);
  if (from[0] == 0)
    return;
  if (from[0] != 1)
    fault(at.code, "a palette other than 1");
  if (from[1] != 0)
    fault(at.code, "a start row other than 0");
  for (int i = 2; i < 16; ++i)
    if (from[i] != 0)
      fault(at.code, "a reserved byte of the configuration is not 0");
  for (int i = 0; i < 16; ++i) {
    uint16_t bytes;
    memcpy(&bytes, from + 16 + 2 * i, 2);
    uint8_t rows = from[48 + i];
    if (i >= kTiles) {
      if (bytes != 0 || rows != 0)
        fault(at.code, "a tile beyond the eighth is configured");
      continue;
    }
    if (bytes > kRowBytes || rows > kRows || (bytes == 0) != (rows == 0))
      fault(at.code, "a tile of more than 16 rows or 64 bytes, or half empty");
    state.rowBytes[i] = bytes;
    state.rows[i] = rows;
  }
  state.isConfigured = true;
}

int checkTile(const Instruction &at, int tile) {
  if (!state.isConfigured)
    fault(at.code, "no tiles are configured");
  if (tile >= kTiles)
    fault(at.code, "there is no such tile");
  if (state.rows[tile] == 0)
    fault(at.code, "the tile is not configured");
  return tile;
}

float flush(float value) {
  return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0f, value)
                                                : value;
}

float readHalf(const uint8_t *from) {
  uint32_t bits = (uint32_t(from[0]) << 16) | (uint32_t(from[1]) << 24);
  float value;
  memcpy(&value, &bits, 4);
  return flush(value);
}

void multiply(const Instruction &at) {
  int sums = checkTile(at, at.reg), lhs = checkTile(at, at.rm),
      rhs = checkTile(at, at.vvvv);
  if (sums == lhs || sums == rhs || lhs == rhs)
    fault(at.code, "a tile is used twice");
  if (state.rowBytes[sums] % 4 || state.rowBytes[lhs] % 4 ||
      state.rowBytes[sums] != state.rowBytes[rhs] ||
      state.rows[sums] != state.rows[lhs] ||
      state.rowBytes[lhs] / 4 != state.rows[rhs])
    fault(at.code, "tiles whose shapes do not fit");
  int cols = state.rowBytes[sums] / 4, depth = state.rowBytes[lhs] / 4;
  for (int row = 0; row < state.rows[sums]; ++row) {
    // First and second numbers of pairs are summed up apart.
    float parts[kRowBytes / 4][2] = {};
    for (int k = 0; k < depth; ++k)
      for (int col = 0; col < cols; ++col)
        for (int half = 0; half < 2; ++half)
          parts[col][half] =
              flush(std::fma(readHalf(&state.data[lhs][row][4 * k + 2 * half]),
                             readHalf(&state.data[rhs][k][4 * col + 2 * half]),
                             parts[col][half]));
    for (int col = 0; col < cols; ++col) {
      float sum;
      memcpy(&sum, &state.data[sums][row][4 * col], 4);
      sum = flush(flush(sum) + flush(parts[col][0] + parts[col][1]));
      memcpy(&state.data[sums][row][4 * col], &sum, 4);
    }
    memset(&state.data[sums][row][4 * cols], 0, kRowBytes - 4 * cols);
  }
  for (int row = state.rows[sums]; row < kRows; ++row)
    memset(state.data[sums][row], 0, kRowBytes);
}

void load(const Instruction &at) {
  int tile = checkTile(at, at.reg);
  memset(state.data[tile], 0, sizeof state.data[tile]);
  for (int row = 0; row < state.rows[tile]; ++row)
    memcpy(state.data[tile][row],
           reinterpret_cast<const void *>(at.base + row * at.index),
           state.rowBytes[tile]);
}

void store(const Instruction &at) {
  int tile = checkTile(at, at.reg);
  for (int row = 0; row < state.rows[tile]; ++row)
    memcpy(reinterpret_cast<void *>(at.base + row * at.index),
           state.data[tile][row], state.rowBytes[tile]);
}

/// False for instructions that are not modelled.
bool carryOut(const Instruction &at) {
  Kind kind = KindCount;
  if (at.opcode == 0x49 && at.prefix == 0 && at.mod != 3 && at.reg == 0) {
    configure(at);
    kind = Config;
  } else if (at.opcode == 0x49 && at.prefix == 0 && at.mod == 3 &&
             at.reg == 0 && at.rm == 0) {
    memset(&state, 0, sizeof state);
    kind = Release;
  } else if (at.opcode == 0x49 && at.prefix == 3 && at.mod == 3) {
    int tile = checkTile(at, at.reg);
    memset(state.data[tile], 0, sizeof state.data[tile]);
    kind = Zero;
  } else if (at.opcode == 0x4b && at.mod != 3 && at.rm == 4 &&
             (at.prefix == 3 || at.prefix == 1)) {
    load(at);
    kind = Load;
  } else if (at.opcode == 0x4b && at.mod != 3 && at.rm == 4 && at.prefix == 2) {
    store(at);
    kind = Store;
  } else if (at.opcode == 0x5c && at.mod == 3 && at.prefix == 2) {
    multiply(at);
    kind = Product;
  } else {
    return false;
  }
  counts[kind].fetch_add(1, std::memory_order_relaxed);
  return true;
}

using Install = int (*)(int, const struct sigaction *, struct sigaction *);
Install findSigaction() {
  return reinterpret_cast<Install>(dlsym(RTLD_NEXT, "sigaction"));
}

void handle(int, siginfo_t *, void *opaque) {
  auto *context = static_cast<ucontext_t *>(opaque);
  Instruction at;
  if (decode(context, at) && carryOut(at)) {
    context->uc_mcontext.gregs[REG_RIP] += at.length;
    return;
  }
  fault(reinterpret_cast<const uint8_t *>(context->uc_mcontext.gregs[REG_RIP]),
        "an instruction that neither the machine has nor the emulator");
}

struct Setup {
  Setup() {
    struct sigaction action = {};
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO;
    findSigaction()(SIGILL, &action, nullptr);
  }
  ~Setup() {
    fprintf(stderr, "AMX:");
    for (int kind = 0; kind < KindCount; ++kind)
      fprintf(stderr, " %llu %s", (unsigned long long)counts[kind].load(),
              kNames[kind]);
    fprintf(stderr, "\n");
  }
} setup;

} // namespace

/// The program would like to print a stack trace when an instruction is not
/// there.
extern "C" int sigaction(int number, const struct sigaction *action,
                         struct sigaction *old) {
  if (number != SIGILL)
    return findSigaction()(number, action, old);
  if (old)
    memset(old, 0, sizeof *old);
  return 0;
}

/// A blocked SIGILL would end the program: threads that leave signals to others
/// leave all but that one.
extern "C" int pthread_sigmask(int how, const sigset_t *set, sigset_t *old) {
  using Mask = int (*)(int, const sigset_t *, sigset_t *);
  auto mask = reinterpret_cast<Mask>(dlsym(RTLD_NEXT, "pthread_sigmask"));
  if (!set || how == SIG_UNBLOCK)
    return mask(how, set, old);
  sigset_t without = *set;
  sigdelset(&without, SIGILL);
  return mask(how, &without, old);
}
