//===- kernel-bench.cpp - A compiled kernel beside the machine's peak -----===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// kernel-bench [--cpu-time] [--peer NAME=FILE.so]...
//              MODEL.so THREADS SECONDS FLOPS BYTES DIM=N...
//
// Runs the first entry point of a model on random inputs of the given extents
// (of named dimensions), alternating with loops of nothing but fused
// multiply-adds in registers and nothing but loads, and prints one line of
// JSON: the medians of GFLOP/s and GB/s (FLOPS and BYTES are those of one
// call), what the loops reached, and the ratios. Interleaved, because the clock
// of a shared machine is not the same from second to second. Where inputs are
// bfloat16, the multiply-adds are those of pairs, if the processor has them.
//
// With --peer the model must be one product with its only weight, which the
// libraries get, too. They (PeerGemm.h) multiply the same inputs in turns with
// it, their results are compared with the model's first, and a ratio is the
// library's time over the model's, of the same turn. A call whose BYTES are
// given starts with what it reads in memory, not in a cache.
//
//===----------------------------------------------------------------------===//

#include "MachinePeak.h"
#include "PeerGemm.h"
#include "ockham-c/Runtime.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using namespace ockham::bench;

namespace {
int fail(const std::string &message) {
  std::fprintf(stderr, "kernel-bench: %s\n", message.c_str());
  return 1;
}

/// A turn lasts at least this long, in seconds.
constexpr double kTurn = 2e-3;

/// What inputs and outputs are made of: float32 or bfloat16.
struct Numbers {
  bool narrow = false;
  std::vector<float> wide;
  std::vector<uint16_t> halves;

  void resize(size_t count) {
    if (narrow)
      halves.resize(count);
    else
      wide.resize(count);
  }
  size_t size() const { return narrow ? halves.size() : wide.size(); }
  void *data() {
    return narrow ? static_cast<void *>(halves.data()) : wide.data();
  }
  ockham_dtype type() const { return narrow ? OCKHAM_BF16 : OCKHAM_F32; }
  float get(size_t i) const {
    if (!narrow)
      return wide[i];
    uint32_t bits = uint32_t(halves[i]) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  /// Cuts digits off where there is no room for them.
  void set(size_t i, float value) {
    if (!narrow) {
      wide[i] = value;
      return;
    }
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    halves[i] = static_cast<uint16_t>(bits >> 16);
  }
};

/// A library's product beside the model's.
struct Peer {
  std::string name;
  ockham_peer_gemm *gemm = nullptr;
  decltype(&ockham_peer_describe) describe = nullptr;
  decltype(&ockham_peer_create) create = nullptr;
  decltype(&ockham_peer_run) run = nullptr;
  decltype(&ockham_peer_destroy) destroy = nullptr;
  Numbers output;
  std::vector<double> rates, ratios;

  /// An empty string, or what is wrong. `text` is NAME=FILE.so.
  std::string load(const std::string &text) {
    size_t equals = text.find('=');
    if (equals == std::string::npos)
      return "expected --peer NAME=FILE.so, got '" + text + "'";
    name = text.substr(0, equals);
    void *library = dlopen(text.c_str() + equals + 1, RTLD_NOW | RTLD_LOCAL);
    if (!library)
      return dlerror();
    auto find = [&](auto &function, const char *symbol) {
      function = reinterpret_cast<std::decay_t<decltype(function)>>(
          dlsym(library, symbol));
      return function != nullptr;
    };
    if (!find(describe, "ockham_peer_describe") ||
        !find(create, "ockham_peer_create") || !find(run, "ockham_peer_run") ||
        !find(destroy, "ockham_peer_destroy"))
      return name + " lacks a function of PeerGemm.h: " + dlerror();
    return "";
  }
};

/// Where two results differ by more than rounding, as a message. Rounding is
/// measured by the size of the results: a sum of `depth` products errs with
/// those, whatever it comes to itself. Results of bfloat16 may be neighbours: one
/// unit in the last place, which is up to 2^-7 of the number.
std::string compare(const Numbers &ours, const Peer &peer, int64_t depth) {
  double squares = 0;
  for (size_t i = 0; i < ours.size(); ++i)
    squares += double(ours.get(i)) * ours.get(i);
  double limit = 1e-6 * std::sqrt(static_cast<double>(depth)) *
                 std::sqrt(squares / std::max<size_t>(1, ours.size()));
  for (size_t i = 0; i < peer.output.size(); ++i) {
    float value = ours.get(i), other = peer.output.get(i);
    double digit = ours.narrow ? std::ldexp(std::fabs(other), -7) : 0;
    if (std::fabs(value - other) <= limit + digit)
      continue;
    char text[160];
    std::snprintf(text, sizeof(text),
                  "element %zu is %.7g, but %s has %.7g there", i, value,
                  peer.name.c_str(), other);
    return text;
  }
  return "";
}
} // namespace

int main(int argc, char **argv) {
  std::vector<Peer> peers;
  while (argc > 1 && argv[1][0] == '-') {
    bool hasValue = argc > 2 && std::strcmp(argv[1], "--cpu-time") != 0;
    if (std::strcmp(argv[1], "--cpu-time") == 0) {
      useCPUTime = true;
    } else if (std::strcmp(argv[1], "--peer") == 0 && hasValue) {
      std::string problem = peers.emplace_back().load(argv[2]);
      if (!problem.empty())
        return fail(problem);
    } else {
      return fail(std::string("unknown option '") + argv[1] + "'");
    }
    argc -= 1 + hasValue;
    argv += 1 + hasValue;
  }
  if (argc < 6)
    return fail("usage: kernel-bench [--cpu-time] [--peer NAME=FILE.so]... "
                "MODEL.so THREADS SECONDS FLOPS BYTES [DIM=N...]");
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
  std::vector<double> compute, rate, peak, bandwidth;
  std::vector<Numbers> data(entry.input_count);
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
    if (spec.dtype != OCKHAM_F32 && spec.dtype != OCKHAM_BF16)
      return fail(std::string("input '") + spec.name +
                  "' is neither float32 nor bfloat16");
    data[i].narrow = spec.dtype == OCKHAM_BF16;
    data[i].resize(count);
    for (size_t n = 0; n < count; ++n)
      data[i].set(n, uniform(generator));
    tensors[i] = {data[i].data(), shapes[i].data(), data[i].type(), spec.rank};
    inputs[i].name = spec.name;
    inputs[i].tensor = &tensors[i];
  }

  bool narrow = !data.empty() && data[0].narrow;
  int64_t depth = 0, columns = 0, rows = 1;
  if (!peers.empty()) {
    const ockham_tensor_spec &out = entry.outputs[0];
    columns = out.rank ? out.dims[out.rank - 1].extent : -1;
    if (entry.input_count != 1 || entry.output_count != 1 || columns < 0 ||
        shapes[0].empty() || out.dtype != data[0].type())
      return fail("--peer: expected a model of one product, whose number of "
                  "columns is known, and whose result has its input's type");
    depth = shapes[0].back();
    rows = static_cast<int64_t>(data[0].size()) / depth;
    const ockham_model *model = ockham_library_model(library);
    Numbers stored;
    stored.narrow =
        model->weight_count == 1 && model->weights[0].dtype == OCKHAM_BF16;
    stored.resize(depth * columns);
    int64_t weightShape[] = {depth, columns};
    ockham_tensor into = {stored.data(), weightShape, stored.type(), 2};
    ockham_argument read = {};
    read.tensor = &into;
    read.name = model->weight_count == 1 ? model->weights[0].name : "";
    if (ockham_session_read_weight(session, &read))
      return fail(std::string("--peer: expected a model of one product with "
                              "one weight: ") +
                  ockham_last_error());
    std::vector<float> weights(stored.size());
    for (size_t i = 0; i < weights.size(); ++i)
      weights[i] = stored.get(i);
    for (Peer &peer : peers) {
      peer.output.narrow = narrow;
      peer.output.resize(rows * columns);
      peer.gemm =
          peer.create(rows, columns, depth, weights.data(),
                      narrow ? OCKHAM_PEER_BF16 : OCKHAM_PEER_F32, threads);
      if (!peer.gemm)
        return fail(peer.name + " cannot multiply these shapes and types");
    }
  }

  std::unique_ptr<Streams> streams;
  if (bytes > 0)
    streams = std::make_unique<Streams>(threads);
  // What other libraries' threads still do behind a call must not be measured,
  // nor what is left in the caches if that is not what is asked for.
  auto settle = [&] {
    if (!peers.empty())
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    if (streams)
      bandwidth.push_back(measureBandwidth(*streams));
  };
  // Seconds of a call; negative if one failed. Threads that slept are awake
  // behind a first call, and a short call is repeated. Where memory is to be
  // read, there is one call only: the next would find everything in a cache.
  auto time = [&](auto call) {
    settle();
    if (bytes == 0 && !call())
      return -1.0;
    int calls = 0;
    double start = now(), elapsed = 0;
    do {
      if (!call())
        return -1.0;
      ++calls;
      elapsed = now() - start;
    } while (bytes == 0 && elapsed < kTurn);
    return elapsed / calls;
  };

  std::vector<ockham_argument> outputs(entry.output_count);
  Numbers buffer;
  buffer.narrow = narrow;
  buffer.resize(rows * columns);
  std::vector<int64_t> shape =
      shapes.empty() ? std::vector<int64_t>() : shapes[0];
  if (!shape.empty())
    shape.back() = columns;
  ockham_tensor result = {buffer.data(), shape.data(), buffer.type(),
                          static_cast<int32_t>(shape.size())};
  auto runModel = [&] {
    for (int32_t i = 0; i < entry.output_count; ++i) {
      ockham_argument_release(&outputs[i]);
      outputs[i] = {};
      outputs[i].name = entry.outputs[i].name;
      if (!peers.empty()) // as the peers have it
        outputs[i].tensor = &result;
    }
    return ockham_session_run(session, entry.name, inputs.data(),
                              entry.input_count, outputs.data(),
                              entry.output_count) == 0;
  };
  double begin = now();
  for (int run = -1; run < 5 || now() - begin < seconds; ++run) {
    double elapsed = time(runModel);
    if (elapsed < 0)
      return fail(ockham_last_error());
    for (Peer &peer : peers) {
      double theirs = time([&] {
        return peer.run(peer.gemm, data[0].data(), peer.output.data()) == 0;
      });
      if (theirs < 0)
        return fail(peer.name + " failed");
      if (run >= 0) {
        peer.rates.push_back(flops / theirs);
        peer.ratios.push_back(theirs / elapsed);
        continue;
      }
      std::string problem = compare(buffer, peer, depth);
      if (!problem.empty())
        return fail(problem);
    }
    if (run < 0)
      continue;
    compute.push_back(flops / elapsed);
    rate.push_back(bytes / elapsed);
    if (run % 4 == 0)
      peak.push_back(measurePeak(threads, narrow));
  }
  for (ockham_argument &output : outputs)
    ockham_argument_release(&output);
  double gflops = getMedian(compute) / 1e9, most = getMedian(peak) / 1e9;
  double gbytes = getMedian(rate) / 1e9, read = getMedian(bandwidth) / 1e9;
  std::printf("{\"gflops\": %.1f, \"peak_gflops\": %.1f, \"of_peak\": %.3f",
              gflops, most, gflops / most);
  if (bytes > 0)
    std::printf(", \"gbytes\": %.1f, \"read_gbytes\": %.1f, "
                "\"of_bandwidth\": %.3f",
                gbytes, read, gbytes / read);
  std::printf(", \"peers\": {");
  for (Peer &peer : peers) {
    std::sort(peer.ratios.begin(), peer.ratios.end());
    auto quantile = [&](double q) {
      return peer.ratios[static_cast<size_t>(q * (peer.ratios.size() - 1))];
    };
    std::printf("%s\"%s\": {\"gflops\": %.1f, \"ratio\": %.3f, "
                "\"ratio_10_90\": [%.3f, %.3f], \"version\": \"%s\"}",
                &peer == peers.data() ? "" : ", ", peer.name.c_str(),
                getMedian(peer.rates) / 1e9, quantile(0.5), quantile(0.1),
                quantile(0.9), peer.describe());
    peer.destroy(peer.gemm);
  }
  std::printf("}, \"runs\": %zu, \"threads\": %d}\n", compute.size(), threads);
  ockham_session_destroy(session);
  ockham_library_close(library);
  return 0;
}
