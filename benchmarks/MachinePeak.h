//===- MachinePeak.h - Peak of arithmetic and of reading memory -*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops that do one thing only, to be run beside what is measured: the clock of
// a shared machine is not the same from second to second.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_BENCHMARKS_MACHINEPEAK_H
#define OCKHAM_BENCHMARKS_MACHINEPEAK_H

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <sys/mman.h>
#include <thread>
#include <time.h>
#include <vector>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace ockham::bench {
/// Time is what the process has computed, not what has passed: for one thread
/// on a machine that others use.
inline bool useCPUTime = false;

/// Seconds.
inline double now() {
  if (useCPUTime) {
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * time.tv_nsec;
  }
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

inline double getMedian(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

inline volatile float sink;

namespace detail {
constexpr long kSteps = 500000;

#ifdef __x86_64__
// Twelve and more sums in flight hide the latency of the instruction.
__attribute__((target("avx512f"))) inline double multiply512() {
  __m512 sums[16], x = _mm512_set1_ps(1.0f), y = _mm512_set1_ps(1e-9f);
  for (__m512 &sum : sums)
    sum = x;
  for (long i = 0; i < kSteps; ++i)
    for (__m512 &sum : sums) {
      sum = _mm512_fmadd_ps(sum, x, y);
      asm volatile("" : "+v"(sum)); // not to be seen through
    }
  __m512 total = sums[0];
  for (__m512 sum : sums)
    total = _mm512_add_ps(total, sum);
  sink = _mm512_reduce_add_ps(total);
  return 16.0 * 16 * 2 * kSteps;
}

// Pairs of bfloat16: two products and two sums a lane.
__attribute__((target("avx512f,avx512bf16"))) inline double multiplyPairs512() {
  __m512 sums[16];
  for (__m512 &sum : sums)
    sum = _mm512_set1_ps(1.0f);
  auto x = (__m512bh)_mm512_set1_epi32(0x30003000); // 2^-31
  for (long i = 0; i < kSteps; ++i)
    for (__m512 &sum : sums) {
      sum = _mm512_dpbf16_ps(sum, x, x);
      asm volatile("" : "+v"(sum)); // not to be seen through
    }
  __m512 total = sums[0];
  for (__m512 sum : sums)
    total = _mm512_add_ps(total, sum);
  sink = _mm512_reduce_add_ps(total);
  return 16.0 * 16 * 4 * kSteps;
}

__attribute__((target("avx2,fma"))) inline double multiply256() {
  __m256 sums[12], x = _mm256_set1_ps(1.0f), y = _mm256_set1_ps(1e-9f);
  for (__m256 &sum : sums)
    sum = x;
  for (long i = 0; i < kSteps; ++i)
    for (__m256 &sum : sums) {
      sum = _mm256_fmadd_ps(sum, x, y);
      asm volatile("" : "+x"(sum)); // not to be seen through
    }
  __m256 total = sums[0];
  for (__m256 sum : sums)
    total = _mm256_add_ps(total, sum);
  sink = _mm256_cvtss_f32(total);
  return 12.0 * 8 * 2 * kSteps;
}
#endif

/// Multiply-adds of one thread; returns how many operations that were. `pairs`:
/// those of pairs of bfloat16, where the processor has an instruction for them.
inline double multiply(bool pairs = false) {
#ifdef __x86_64__
  if (pairs && __builtin_cpu_supports("avx512bf16"))
    return multiplyPairs512();
  if (__builtin_cpu_supports("avx512f"))
    return multiply512();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return multiply256();
#endif
  float sums[16] = {};
  for (long i = 0; i < kSteps; ++i)
    for (float &sum : sums)
      sum = sum * 1.0f + 1e-9f;
  sink = sums[0];
  return 16.0 * 2 * kSteps;
}

#ifdef __x86_64__
// Loads alone, without arithmetic between them to wait for.
__attribute__((target("avx512f"))) inline double
readFloats512(const float *from, size_t count) {
  __m512 sums[8];
  for (__m512 &sum : sums)
    sum = _mm512_setzero_ps();
  for (size_t i = 0; i + 128 <= count; i += 128)
    for (size_t j = 0; j < 8; ++j)
      sums[j] = _mm512_add_ps(sums[j], _mm512_loadu_ps(from + i + 16 * j));
  for (size_t j = 1; j < 8; ++j)
    sums[0] = _mm512_add_ps(sums[0], sums[j]);
  sink = _mm512_reduce_add_ps(sums[0]);
  return 4.0 * static_cast<double>(count);
}

__attribute__((target("avx2"))) inline double readFloats256(const float *from,
                                                            size_t count) {
  __m256 sums[8];
  for (__m256 &sum : sums)
    sum = _mm256_setzero_ps();
  for (size_t i = 0; i + 64 <= count; i += 64)
    for (size_t j = 0; j < 8; ++j)
      sums[j] = _mm256_add_ps(sums[j], _mm256_loadu_ps(from + i + 8 * j));
  for (size_t j = 1; j < 8; ++j)
    sums[0] = _mm256_add_ps(sums[0], sums[j]);
  sink = _mm256_cvtss_f32(sums[0]);
  return 4.0 * static_cast<double>(count);
}
#endif

/// Sums `count` floats up; returns the bytes.
inline double readFloats(const float *from, size_t count) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f"))
    return readFloats512(from, count);
  if (__builtin_cpu_supports("avx2"))
    return readFloats256(from, count);
#endif
  float sums[32] = {};
  for (size_t i = 0; i + 32 <= count; i += 32)
    for (size_t j = 0; j < 32; ++j)
      sums[j] += from[i + j];
  sink = sums[0] + sums[31];
  return 4.0 * static_cast<double>(count);
}

/// Runs `work(thread)` on that many threads; returns units per second.
template <typename Fn>
double measureRate(int threads, Fn work) {
  std::vector<double> units(threads);
  double start = now();
  std::vector<std::thread> team;
  for (int t = 1; t < threads; ++t)
    team.emplace_back([&, t] { units[t] = work(t); });
  units[0] = work(0);
  for (std::thread &thread : team)
    thread.join();
  double elapsed = now() - start, sum = 0;
  for (double u : units)
    sum += u;
  return sum / elapsed;
}
} // namespace detail

/// What is read to measure bandwidth: for each thread 256 MiB, more than the
/// caches hold of them, in huge pages where the system has them.
struct Streams {
  static constexpr size_t kFloats = size_t(64) << 20;
  static constexpr size_t kHugePage = size_t(2) << 20;

  explicit Streams(int threads) {
    for (int t = 0; t < threads; ++t) {
      data.emplace_back(static_cast<float *>(
          std::aligned_alloc(kHugePage, kFloats * sizeof(float))));
      if (!data.back())
        throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
      madvise(data.back().get(), kFloats * sizeof(float), MADV_HUGEPAGE);
#endif
      std::fill_n(data.back().get(), kFloats, 1.0f);
    }
  }

  struct Free {
    void operator()(float *memory) const { std::free(memory); }
  };
  std::vector<std::unique_ptr<float, Free>> data;
};

/// Operations per second of float32 multiply-adds, or of those of pairs of
/// bfloat16 where the processor has an instruction for them.
inline double measurePeak(int threads, bool pairs = false) {
  return detail::measureRate(threads,
                             [=](int) { return detail::multiply(pairs); });
}

/// Bytes per second that loads bring from memory.
inline double measureBandwidth(const Streams &streams) {
  return detail::measureRate(static_cast<int>(streams.data.size()), [&](int t) {
    return detail::readFloats(streams.data[t].get(), Streams::kFloats);
  });
}
} // namespace ockham::bench

#endif // OCKHAM_BENCHMARKS_MACHINEPEAK_H
