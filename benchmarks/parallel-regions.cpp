//===- parallel-regions.cpp - What it costs to begin and end a loop -------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// parallel-regions THREADS [OPENMP.so]
//
// The time of a parallel region in which nothing is done: of the runtime's
// loop, of its team, in which all threads take part as in an OpenMP region, or
// of the OpenMP library that is named (libgomp.so.1, libomp.so.5). One process
// has one of them. Prints medians in microseconds: of regions that follow each
// other at once, and of those that follow a pause, in which threads fall
// asleep.
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/CPU/ThreadTeam.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <functional>
#include <vector>

/// Median time of a region, in microseconds.
static double measure(const std::function<void()> &region, int pauseMicros,
                      int count) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    // Not a sleep: the caller is awake when it comes to a loop.
    auto until = Clock::now() + std::chrono::microseconds(pauseMicros);
    while (Clock::now() < until)
      ;
    auto start = Clock::now();
    region();
    times.push_back(
        std::chrono::duration<double, std::micro>(Clock::now() - start)
            .count());
  }
  std::nth_element(times.begin(), times.begin() + count / 2, times.end());
  return times[count / 2];
}

static void print(const char *name, const std::function<void()> &region) {
  measure(region, 0, 1000);
  double close = measure(region, 0, 20000);
  double apart = measure(region, 2000, 500);
  std::printf("%-24s %6.2f us at once, %6.2f us after 2 ms\n", name, close,
              apart);
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? std::atoi(argv[1]) : 0;
  if (argc > 3 || threads < 1) {
    std::fprintf(stderr, "usage: parallel-regions THREADS [OPENMP.so]\n");
    return 1;
  }
  if (argc == 3) {
    void *library = dlopen(argv[2], RTLD_NOW);
    // What a compiler calls for `#pragma omp parallel`; both libraries have it.
    using Parallel = void (*)(void (*)(void *), void *, unsigned, unsigned);
    auto parallel =
        library ? reinterpret_cast<Parallel>(dlsym(library, "GOMP_parallel"))
                : nullptr;
    if (!parallel) {
      std::fprintf(stderr, "parallel-regions: %s\n", dlerror());
      return 1;
    }
    print(argv[2], [&] { parallel([](void *) {}, nullptr, threads, 0); });
    return 0;
  }
  ockham::runtime::ThreadTeam team(threads);
  auto nothing = [](void *, int64_t, int64_t, int32_t) {};
  print("loop",
        [&] { team.parallelFor(threads, threads, 1, nothing, nullptr); });
  print("team", [&] { team.runTeam(threads, nothing, nullptr); });
  return 0;
}
