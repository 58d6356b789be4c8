//===- machine-peak.cpp - What the machine can do right now ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// machine-peak [--cpu-time] [--bf16] [THREADS]
//
// Prints one line of JSON: the floating-point operations per second of loops of
// nothing but fused multiply-adds on float32 in registers, and the bytes per
// second of loops of nothing but loads from memory. Medians of nine short runs
// each, taken in turns. --bf16: of multiply-adds of pairs of bfloat16, where
// the processor has an instruction for them. --cpu-time counts the time that
// the process has computed, for one thread on a machine that others use.
//
//===----------------------------------------------------------------------===//

#include "MachinePeak.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace ockham::bench;

int main(int argc, char **argv) {
  bool pairs = false;
  for (; argc > 1 && argv[1][0] == '-'; --argc, ++argv) {
    if (std::strcmp(argv[1], "--cpu-time") == 0)
      useCPUTime = true;
    else if (std::strcmp(argv[1], "--bf16") == 0)
      pairs = true;
    else
      break;
  }
  int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  if (argc > 2 || threads < 1) {
    std::fprintf(stderr,
                 "usage: machine-peak [--cpu-time] [--bf16] [THREADS]\n");
    return 1;
  }
  Streams streams(threads);
  std::vector<double> peak, bandwidth;
  for (int run = 0; run < 9; ++run) {
    peak.push_back(measurePeak(threads, pairs));
    bandwidth.push_back(measureBandwidth(streams));
  }
  std::printf("{\"flops\": %.4g, \"bandwidth\": %.4g, \"threads\": %d}\n",
              getMedian(peak), getMedian(bandwidth), threads);
  return 0;
}
