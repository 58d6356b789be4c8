//===- BenchCommand.cpp - ockham bench ------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "ModelSession.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <random>
#include <unistd.h>

using namespace ockham;
using namespace ockham::tool;

/// An input of the given shape: numbers from N(0, 1), ones for integers (an id
/// or a mask that every model takes), true for booleans.
static std::string makeInput(const ockham_tensor_spec &spec,
                             const std::map<std::string, int64_t> &dims,
                             NpyArray &array) {
  array.dtype = static_cast<ockham_dtype>(spec.dtype);
  for (int32_t i = 0; i < spec.rank; ++i) {
    const ockham_dim &dim = spec.dims[i];
    int64_t extent = dim.extent;
    if (extent < 0) {
      auto found = dims.find(dim.symbol ? dim.symbol : "");
      if (found == dims.end())
        return "input '" + std::string(spec.name) + "' is " + formatSpec(spec) +
               ": give " +
               (dim.symbol ? "--dim " + std::string(dim.symbol) + "=N"
                           : "it with --input, because dimension " +
                                 std::to_string(i) + " has no name");
      extent = found->second;
    }
    array.shape.push_back(extent);
  }
  // An extent with a few digits too many is a message, not the end.
  uint64_t width = ockham_dtype_bytes(array.dtype);
  double bytes = static_cast<double>(width);
  for (int64_t extent : array.shape)
    bytes *= static_cast<double>(extent);
  double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                  static_cast<double>(sysconf(_SC_PAGE_SIZE));
  if (bytes > memory) {
    char text[64];
    std::snprintf(text, sizeof(text), "%.0f GB, but the machine has %.0f GB",
                  bytes / 1e9, memory / 1e9);
    return "input '" + std::string(spec.name) + "' would take " + text +
           "; give smaller extents with --dim";
  }
  uint64_t count = countElements(array.shape);
  array.data.assign(count * width, 0);
  std::mt19937 generator(1);
  std::normal_distribution<double> normal;
  for (uint64_t i = 0; i < count; ++i) {
    char *to = &array.data[i * width];
    if (array.dtype == OCKHAM_F32) {
      float value = static_cast<float>(normal(generator));
      std::memcpy(to, &value, sizeof(value));
    } else if (array.dtype == OCKHAM_F64) {
      double value = normal(generator);
      std::memcpy(to, &value, sizeof(value));
    } else if (array.dtype < OCKHAM_F16 || array.dtype > OCKHAM_F64) {
      *to = 1;
    }
  }
  return "";
}

int ockham::tool::runBench(int argc, char **argv) {
  std::string path, entryName;
  std::vector<std::pair<std::string, std::string>> dims, inputFiles;
  SessionSettings settings;
  int64_t runs = 0, warmup = 2;
  double seconds = 3;

  CommandLine line("bench MODEL.so --dim batch=N --dim sequence=N",
                   "Measures a compiled model: latency per call (median and "
                   "spread) and,\nwhere the input has a batch and a sequence, "
                   "tokens per second.");
  line.positional("MODEL.so", path);
  line.pairs("--dim", "NAME=N", dims,
             "Extent of a named dimension of the inputs.");
  line.pairs("--input", "NAME=FILE.npy", inputFiles,
             "An input to use in place of made-up values (N(0, 1) for floats, "
             "1 for integers).");
  line.text("--entry", "NAME", entryName,
            "The entry point to run; the first by default.");
  line.number("--runs", "N", runs, 1,
              "Calls to time; by default as many as fit in 3 seconds, at "
              "least 5.");
  line.number("--warmup", "N", warmup, 0, "Calls before timing; 2.");
  line.number("--threads", "N", settings.threads, 1,
              "Threads to use; all cores by default.");
  line.text("--device", "NAME", settings.device,
            "Of models compiled with --target cuda: cuda (default), cuda:1 and "
            "so on, or emulated, which needs no GPU.");
  line.text("--weights", "FILE", settings.weightFile,
            "A safetensors file in place of the model's own.");
  line.epilogue("Example:\n"
                "  ockham bench gpt2.so --dim batch=1 --dim sequence=128");
  int code = line.parse(argc, argv);
  if (code >= 0)
    return code;
  std::vector<std::pair<std::string, int64_t>> parsed;
  std::string problem = parseDims(dims, parsed);
  if (!problem.empty())
    return fail(problem);
  std::map<std::string, int64_t> extents(parsed.begin(), parsed.end());

  ModelSession session;
  problem = session.open(path, settings);
  const ockham_entry *entry = nullptr;
  if (problem.empty())
    problem = session.findEntry(entryName, entry);
  if (problem.empty())
    problem = session.start();
  if (!problem.empty())
    return fail(problem);

  for (const auto &[name, file] : inputFiles) {
    bool found = false;
    std::string names;
    for (int32_t i = 0; i < entry->input_count; ++i) {
      found |= name == entry->inputs[i].name;
      names += (i ? ", '" : "'") + std::string(entry->inputs[i].name) + "'";
    }
    if (!found)
      return fail("--input: '" + std::string(entry->name) + "' has no input '" +
                  name + "'; it has " + names);
  }

  NamedArrays inputs;
  std::map<std::string, int64_t> symbols;
  for (int32_t i = 0; i < entry->input_count; ++i) {
    const ockham_tensor_spec &spec = entry->inputs[i];
    NpyArray array;
    bool given = false;
    for (const auto &[name, file] : inputFiles) {
      if (name != spec.name)
        continue;
      given = true;
      if (!readNpy(file, array, problem))
        return fail(problem);
    }
    if (!given) {
      problem = makeInput(spec, extents, array);
      if (!problem.empty())
        return fail(problem);
    }
    for (int32_t j = 0;
         j < spec.rank && j < static_cast<int32_t>(array.shape.size()); ++j)
      if (spec.dims[j].symbol)
        symbols[spec.dims[j].symbol] = array.shape[j];
    inputs.push_back({spec.name, std::move(array)});
  }
  for (const auto &[name, extent] : extents) {
    auto found = symbols.find(name);
    std::string given = "--dim " + name + "=" + std::to_string(extent);
    if (found == symbols.end()) {
      std::string names;
      for (const auto &[symbol, value] : symbols)
        names += (names.empty() ? "'" : ", '") + symbol + "'";
      return fail(given + ": no input has a dimension of that name; " +
                  (names.empty() ? "none has a name" : "there is " + names));
    }
    if (found->second != extent)
      return fail(given + ": the given input has " +
                  std::to_string(found->second) + " there");
  }

  std::vector<double> times;
  double total = 0;
  for (int64_t i = -warmup;
       runs ? i < runs : i < 5 || (total < seconds && times.size() < 100000);
       ++i) {
    NamedArrays outputs;
    std::vector<ockham_tensor> tensors;
    auto start = std::chrono::steady_clock::now();
    problem = session.run(*entry, inputs, outputs);
    double elapsed =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count();
    if (!problem.empty())
      return fail(problem);
    if (i < 0)
      continue;
    times.push_back(elapsed);
    total += elapsed;
  }
  std::sort(times.begin(), times.end());
  auto quantile = [&](double q) {
    return times[static_cast<size_t>(q * (times.size() - 1) + 0.5)] * 1e3;
  };
  ockham_memory memory = {};
  memory.struct_bytes = sizeof(memory);
  ockham_session_memory(session.get(), &memory);

  const char *device = ockham_session_device(session.get());
  bool isCPU = std::strcmp(session.model().target, "cpu") == 0;
  std::printf("%s %s on %s, ", session.model().name, entry->name, device);
  if (isCPU)
    std::printf("%d threads, ", ockham_session_threads(session.get()));
  std::printf("%zu calls%s\n", times.size(),
              std::strcmp(device, "emulated") == 0
                  ? " (what emulation takes says nothing about a GPU)"
                  : "");
  std::printf("latency  median %.3f ms, 10%%..90%% %.3f..%.3f, best %.3f\n",
              quantile(0.5), quantile(0.1), quantile(0.9), times.front() * 1e3);
  if (symbols.count("batch") && symbols.count("sequence")) {
    double tokens = static_cast<double>(symbols["batch"] * symbols["sequence"]);
    std::printf("tokens   %.0f per second (batch %lld, sequence %lld)\n",
                tokens / (quantile(0.5) * 1e-3),
                static_cast<long long>(symbols["batch"]),
                static_cast<long long>(symbols["sequence"]));
  }
  std::printf("memory   %.1f MB of workspace at most, %.1f MB of weights\n",
              memory.peak / 1e6, memory.shared_weights / 1e6);
  return 0;
}
