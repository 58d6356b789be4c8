//===- kernel-bench.cpp - A compiled kernel beside the machine's peak -----===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// kernel-bench [--cpu-time] MODEL.so THREADS SECONDS FLOPS BYTES DIM=N...
//
// Runs the first entry point of a model on random inputs of the given extents
// (of named dimensions), alternating with loops of nothing but fused
// multiply-adds in registers and nothing but loads, and prints one line of
// JSON: the medians of GFLOP/s and GB/s (FLOPS and BYTES are those of one
// call), what the loops reached, and the ratios. Interleaved, because the clock
// of a shared machine is not the same from second to second.
//
//===----------------------------------------------------------------------===//

#include "ockham-c/Runtime.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <time.h>
#include <vector>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace {
/// Time is what the process has computed, not what has passed: for one thread
/// on a machine that others use.
bool useCPUTime = false;

double now() {
  if (useCPUTime) {
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * time.tv_nsec;
  }
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

double getMedian(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

constexpr long kSteps = 2000000;
volatile float sink;

#ifdef __x86_64__
// Twelve and more sums in flight hide the latency of the instruction.
__attribute__((target("avx512f"))) double multiply512() {
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
__attribute__((target("avx2,fma"))) double multiply256() {
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
double multiply() {
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

/// Sums in `count` floats; returns the bytes.
#ifdef __x86_64__
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
double readFloats(const float *from, size_t count) {
  float sums[64] = {};
  for (size_t i = 0; i + 64 <= count; i += 64)
    for (size_t j = 0; j < 64; ++j)
      sums[j] += from[i + j];
  sink = sums[0] + sums[63];
  return 4.0 * static_cast<double>(count);
}

/// Runs `work(thread)` on that many threads; returns units per second.
template <typename Fn>
double measure(int threads, Fn work) {
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

int fail(const std::string &message) {
  std::fprintf(stderr, "kernel-bench: %s\n", message.c_str());
  return 1;
}
} // namespace

int main(int argc, char **argv) {
  if (argc > 1 && std::strcmp(argv[1], "--cpu-time") == 0) {
    useCPUTime = true;
    --argc;
    ++argv;
  }
  if (argc < 6)
    return fail(
        "usage: kernel-bench [--cpu-time] MODEL.so THREADS SECONDS FLOPS BYTES "
        "[DIM=N...]");
  int threads = std::max(1, std::atoi(argv[2]));
  double seconds = std::atof(argv[3]), flops = std::atof(argv[4]),
         bytes = std::atof(argv[5]);
  std::map<std::string, int64_t> dims;
  for (int i = 6; i < argc; ++i) {
    const char *equals = std::strchr(argv[i], '=');
    if (!equals)
      return fail(std::string("expected DIM=N, got '") + argv[i] + "'");
    dims[std::string(argv[i], equals - argv[i])] = std::atoll(equals + 1);
  }

  ockham_library *library = nullptr;
  ockham_session *session = nullptr;
  ockham_session_options options = {};
  options.struct_bytes = sizeof(options);
  options.threads = threads;
  if (ockham_library_load(argv[1], nullptr, &library) ||
      ockham_session_create(library, &options, &session))
    return fail(ockham_last_error());
  const ockham_entry &entry = ockham_library_model(library)->entries[0];

  std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<std::vector<float>> data(entry.input_count);
  std::vector<std::vector<int64_t>> shapes(entry.input_count);
  std::vector<ockham_tensor> tensors(entry.input_count);
  std::vector<ockham_argument> inputs(entry.input_count);
  for (int32_t i = 0; i < entry.input_count; ++i) {
    const ockham_tensor_spec &spec = entry.inputs[i];
    size_t count = 1;
    for (int32_t d = 0; d < spec.rank; ++d) {
      int64_t extent = spec.dims[d].extent;
      if (extent < 0) {
        auto it = dims.find(spec.dims[d].symbol ? spec.dims[d].symbol : "");
        if (it == dims.end())
          return fail(std::string("input '") + spec.name +
                      "' has an extent that is not given");
        extent = it->second;
      }
      shapes[i].push_back(extent);
      count *= extent;
    }
    if (spec.dtype != OCKHAM_F32)
      return fail(std::string("input '") + spec.name + "' is no float32");
    data[i].resize(count);
    for (float &value : data[i])
      value = uniform(generator);
    tensors[i] = {data[i].data(), shapes[i].data(), OCKHAM_F32, spec.rank};
    inputs[i].name = spec.name;
    inputs[i].tensor = &tensors[i];
  }

  // Twice the last-level cache of what one meets, per thread.
  std::vector<std::vector<float>> streams(threads);
  if (bytes > 0)
    for (auto &stream : streams)
      stream.assign(size_t(64) << 20, 1.0f);
  std::vector<double> compute, rate, peak, bandwidth;
  std::vector<ockham_argument> outputs(entry.output_count);
  double begin = now();
  for (int run = -2; run < 5 || now() - begin < seconds; ++run) {
    for (int32_t i = 0; i < entry.output_count; ++i) {
      outputs[i] = {};
      outputs[i].name = entry.outputs[i].name;
    }
    double start = now();
    if (ockham_session_run(session, entry.name, inputs.data(),
                           entry.input_count, outputs.data(),
                           entry.output_count))
      return fail(ockham_last_error());
    double elapsed = now() - start;
    for (ockham_argument &output : outputs)
      ockham_argument_release(&output);
    if (run < 0)
      continue;
    compute.push_back(flops / elapsed);
    rate.push_back(bytes / elapsed);
    if (run % 4 == 0) {
      peak.push_back(measure(threads, [](int) { return multiply(); }));
      if (bytes > 0)
        bandwidth.push_back(measure(threads, [&](int t) {
          return readFloats(streams[t].data(), streams[t].size());
        }));
    }
  }
  double gflops = getMedian(compute) / 1e9, most = getMedian(peak) / 1e9;
  double gbytes = getMedian(rate) / 1e9, read = getMedian(bandwidth) / 1e9;
  std::printf("{\"gflops\": %.1f, \"peak_gflops\": %.1f, \"of_peak\": %.3f",
              gflops, most, gflops / most);
  if (bytes > 0)
    std::printf(", \"gbytes\": %.1f, \"read_gbytes\": %.1f, "
                "\"of_bandwidth\": %.3f",
                gbytes, read, gbytes / read);
  std::printf(", \"runs\": %zu, \"threads\": %d}\n", compute.size(), threads);
  ockham_session_destroy(session);
  ockham_library_close(library);
  return 0;
}
