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

/// Multiply-adds of one thread; returns how many operations that were.
inline double multiply() {
#ifdef __x86_64__
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

/// Sums `count` floats up; returns the bytes.
#ifdef __x86_64__
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
inline double readFloats(const float *from, size_t count) {
  float sums[128] = {};
  for (size_t i = 0; i + 128 <= count; i += 128)
    for (size_t j = 0; j < 128; ++j)
      sums[j] += from[i + j];
  sink = sums[0] + sums[127];
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
/// caches hold of them.
struct Streams {
  explicit Streams(int threads)
      : data(threads, std::vector<float>(size_t(64) << 20, 1.0f)) {}
  std::vector<std::vector<float>> data;
};

/// Operations per second of float32 multiply-adds.
inline double measurePeak(int threads) {
  return detail::measureRate(threads, [](int) { return detail::multiply(); });
}

/// Bytes per second that loads bring from memory.
inline double measureBandwidth(const Streams &streams) {
  return detail::measureRate(static_cast<int>(streams.data.size()), [&](int t) {
    return detail::readFloats(streams.data[t].data(), streams.data[t].size());
  });
}
} // namespace ockham::bench

#endif // OCKHAM_BENCHMARKS_MACHINEPEAK_H
