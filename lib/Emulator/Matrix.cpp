//===- Matrix.cpp - ldmatrix, stmatrix and mma.sync -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In a fragment, lane l holds row l / 4 (and that plus 8) and the columns from
// 2 * (l % 4) on; PTX's figures of the register layouts say the same at length.
//
//===----------------------------------------------------------------------===//

#include "Handlers.h"
#include "Machine.h"
#include "NumberFormats.h"
#include "llvm/ADT/bit.h"

#include <cstring>

using namespace ockham::emulator;

//===----------------------------------------------------------------------===//
// ldmatrix and stmatrix: 8 x 8 matrices of 16-bit elements, whose rows lie
// where eight lanes say.
//===----------------------------------------------------------------------===//

namespace {
struct MatrixMove {
  uint8_t *address;
  uint32_t words[4];
};
} // namespace

/// The row's address, which the lane gave, after all checks.
static uint8_t *getRow(Warp &warp, const Meeting &meeting, unsigned lane,
                       uint8_t flags) {
  if (meeting.mask != ~0u)
    fail(llvm::Twine(meeting.name) + " needs all lanes of the warp, got 0x" +
         llvm::utohexstr(meeting.mask));
  uint8_t *row = meeting.get<MatrixMove>(lane).address;
  if (reinterpret_cast<uint64_t>(row) % 16)
    fail(llvm::Twine(meeting.name) + ": the row of lane " + llvm::Twine(lane) +
         " must be aligned to 16 bytes, got " +
         describeAddress(reinterpret_cast<uint64_t>(row)));
  SharedPlace place = locateShared(row, 16, meeting.name);
  if (detectsRaces()) {
    Actor actor = getActor(*warp.threads[lane]);
    accessSharedAs(actor, place, 16, flags);
    profileAccess(*warp.threads[lane], row, 16);
  }
  return row;
}

template <int count, bool transposed>
static void loadInMeeting(Warp &warp, Meeting &meeting) {
  for (int matrix = 0; matrix < count; ++matrix) {
    uint16_t elements[8][8];
    for (int row = 0; row < 8; ++row)
      std::memcpy(elements[row], getRow(warp, meeting, matrix * 8 + row, kRead),
                  16);
    for (int lane = 0; lane < 32; ++lane) {
      int row = lane / 4, column = lane % 4 * 2;
      uint32_t low, high;
      if (transposed) {
        low = elements[column][row];
        high = elements[column + 1][row];
      } else {
        low = elements[row][column];
        high = elements[row][column + 1];
      }
      meeting.get<MatrixMove>(lane).words[matrix] = low | high << 16;
    }
  }
}

template <int count, bool transposed>
static void storeInMeeting(Warp &warp, Meeting &meeting) {
  for (int matrix = 0; matrix < count; ++matrix) {
    uint16_t elements[8][8];
    for (int lane = 0; lane < 32; ++lane) {
      int row = lane / 4, column = lane % 4 * 2;
      uint32_t word = meeting.get<MatrixMove>(lane).words[matrix];
      (transposed ? elements[column][row] : elements[row][column]) = word;
      (transposed ? elements[column + 1][row] : elements[row][column + 1]) =
          word >> 16;
    }
    for (int row = 0; row < 8; ++row)
      std::memcpy(getRow(warp, meeting, matrix * 8 + row, kWrite),
                  elements[row], 16);
  }
}

namespace {
template <int count, bool transposed>
void loadMatrix(ResultSlot *slot, uint8_t *address) {
  MatrixMove move{address, {}};
  meetInWarp(transposed ? "ldmatrix.trans" : "ldmatrix", ~0u, &move,
             loadInMeeting<count, transposed>);
  std::memcpy(slot, move.words, count * 4);
}

template <bool transposed>
uint32_t loadOneMatrix(uint8_t *address) {
  uint32_t word;
  loadMatrix<1, transposed>(reinterpret_cast<ResultSlot *>(&word), address);
  return word;
}

template <int count, bool transposed>
void storeMatrix(uint8_t *address, uint32_t a, uint32_t b, uint32_t c,
                 uint32_t d) {
  MatrixMove move{address, {a, b, c, d}};
  meetInWarp(transposed ? "stmatrix.trans" : "stmatrix", ~0u, &move,
             storeInMeeting<count, transposed>);
}
template <bool transposed>
void storeMatrix1(uint8_t *address, uint32_t a) {
  storeMatrix<1, transposed>(address, a, 0, 0, 0);
}
template <bool transposed>
void storeMatrix2(uint8_t *address, uint32_t a, uint32_t b) {
  storeMatrix<2, transposed>(address, a, b, 0, 0);
}
} // namespace

template <bool transposed>
static void addMatrixMoves(HandlerTable &table) {
  std::string trans = transposed ? ".trans" : "";
  std::string load = "llvm.nvvm.ldmatrix.sync.aligned.m8n8.";
  table.add(load + "x1" + trans + ".b16", loadOneMatrix<transposed>);
  table.add(load + "x2" + trans + ".b16", loadMatrix<2, transposed>);
  table.add(load + "x4" + trans + ".b16", loadMatrix<4, transposed>);
  std::string store = "llvm.nvvm.stmatrix.sync.aligned.m8n8.";
  table.add(store + "x1" + trans + ".b16", storeMatrix1<transposed>);
  table.add(store + "x2" + trans + ".b16", storeMatrix2<transposed>);
  table.add(store + "x4" + trans + ".b16", storeMatrix<4, transposed>);
}

//===----------------------------------------------------------------------===//
// mma.sync
//===----------------------------------------------------------------------===//

namespace {
struct Multiplication {
  uint32_t a[4], b[2];
  float c[4], d[4];
};
} // namespace

using Row = float __attribute__((vector_size(32)));

/// C[16][8] += A[16][k] * B[k][8], accumulated in f32 in the order of k. The
/// hardware sums several products at once and may truncate.
__attribute__((target_clones("arch=skylake-avx512", "arch=haswell",
                             "default"))) static void
multiply(const float *a, const float *b, float *c, int k) {
  // So many rows stay in registers.
  constexpr int rows = 8;
  for (int row = 0; row < 16; row += rows) {
    Row sums[rows];
    std::memcpy(sums, c + row * 8, sizeof(sums));
    for (int i = 0; i < k; ++i) {
      Row right;
      std::memcpy(&right, b + i * 8, sizeof(right));
      for (int r = 0; r < rows; ++r)
        sums[r] += a[(row + r) * k + i] * right;
    }
    std::memcpy(c + row * 8, sums, sizeof(sums));
  }
}

/// `Format` says how registers hold elements: how many per register, and what
/// they are worth.
template <typename Format, int k>
static void multiplyInMeeting(Warp &, Meeting &meeting) {
  if (meeting.mask != ~0u)
    fail("mma.sync needs all lanes of the warp, got 0x" +
         llvm::utohexstr(meeting.mask));
  constexpr int perRegister = Format::kPerRegister;
  // Registers of A alternate between the upper and the lower eight rows, and
  // then go on by this many columns.
  constexpr int step = 4 * perRegister;
  float a[16 * k], b[k * 8], c[16 * 8];
  for (int lane = 0; lane < 32; ++lane) {
    const Multiplication &part = meeting.get<Multiplication>(lane);
    int group = lane / 4, within = lane % 4;
    for (int i = 0; i < 2 * k / step; ++i)
      for (int e = 0; e < perRegister; ++e)
        a[(group + i % 2 * 8) * k + within * perRegister + e + i / 2 * step] =
            Format::get(part.a[i], e);
    for (int i = 0; i < k / step; ++i)
      for (int e = 0; e < perRegister; ++e)
        b[(within * perRegister + e + i * step) * 8 + group] =
            Format::get(part.b[i], e);
    for (int i = 0; i < 4; ++i)
      c[(group + i / 2 * 8) * 8 + within * 2 + i % 2] = part.c[i];
  }
  multiply(a, b, c, k);
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i)
      meeting.get<Multiplication>(lane).d[i] =
          c[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2];
}

namespace {
template <typename Format, int k>
void multiplyLarge(ResultSlot *slot, uint32_t a0, uint32_t a1, uint32_t a2,
                   uint32_t a3, uint32_t b0, uint32_t b1, float c0, float c1,
                   float c2, float c3) {
  Multiplication part{{a0, a1, a2, a3}, {b0, b1}, {c0, c1, c2, c3}, {}};
  meetInWarp("mma.sync", ~0u, &part, multiplyInMeeting<Format, k>);
  std::memcpy(slot, part.d, sizeof(part.d));
}

/// Half the depth, half the registers.
template <typename Format, int k>
void multiplySmall(ResultSlot *slot, uint32_t a0, uint32_t a1, uint32_t b0,
                   float c0, float c1, float c2, float c3) {
  Multiplication part{{a0, a1, 0, 0}, {b0, 0}, {c0, c1, c2, c3}, {}};
  meetInWarp("mma.sync", ~0u, &part, multiplyInMeeting<Format, k>);
  std::memcpy(slot, part.d, sizeof(part.d));
}

Multiplication withHalfAccumulators(uint32_t c0, uint32_t c1) {
  Multiplication part{};
  for (int i = 0; i < 2; ++i) {
    part.c[i] = HalfFormat::get(c0, i);
    part.c[2 + i] = HalfFormat::get(c1, i);
  }
  return part;
}

void storeHalfAccumulators(ResultSlot *slot, const Multiplication &part) {
  uint32_t words[2];
  for (int i = 0; i < 2; ++i)
    words[i] = packHalves(part.d[2 * i], part.d[2 * i + 1]);
  std::memcpy(slot, words, sizeof(words));
}

void multiplyLargeToHalf(ResultSlot *slot, uint32_t a0, uint32_t a1,
                         uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1,
                         uint32_t c0, uint32_t c1) {
  Multiplication part = withHalfAccumulators(c0, c1);
  uint32_t a[] = {a0, a1, a2, a3}, b[] = {b0, b1};
  std::memcpy(part.a, a, sizeof(a));
  std::memcpy(part.b, b, sizeof(b));
  meetInWarp("mma.sync", ~0u, &part, multiplyInMeeting<HalfFormat, 16>);
  storeHalfAccumulators(slot, part);
}

void multiplySmallToHalf(ResultSlot *slot, uint32_t a0, uint32_t a1,
                         uint32_t b0, uint32_t c0, uint32_t c1) {
  Multiplication part = withHalfAccumulators(c0, c1);
  part.a[0] = a0;
  part.a[1] = a1;
  part.b[0] = b0;
  meetInWarp("mma.sync", ~0u, &part, multiplyInMeeting<HalfFormat, 8>);
  storeHalfAccumulators(slot, part);
}
} // namespace

void ockham::emulator::addMatrixHandlers(HandlerTable &table) {
  addMatrixMoves<false>(table);
  addMatrixMoves<true>(table);
  const std::string prefix = "llvm.nvvm.mma.";
  table.add(prefix + "m16n8k16.row.col.bf16",
            multiplyLarge<BFloat16Format, 16>);
  table.add(prefix + "m16n8k8.row.col.bf16", multiplySmall<BFloat16Format, 8>);
  table.add(prefix + "m16n8k16.row.col.f32.f32", multiplyLarge<HalfFormat, 16>);
  table.add(prefix + "m16n8k8.row.col.f32.f32", multiplySmall<HalfFormat, 8>);
  table.add(prefix + "m16n8k16.row.col.f16.f16", multiplyLargeToHalf);
  table.add(prefix + "m16n8k8.row.col.f16.f16", multiplySmallToHalf);
  table.add(prefix + "m16n8k8.row.col.tf32", multiplyLarge<TF32Format, 8>);
  table.add(prefix + "m16n8k4.row.col.tf32", multiplySmall<TF32Format, 4>);
}
