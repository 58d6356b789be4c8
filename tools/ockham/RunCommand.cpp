//===- RunCommand.cpp - ockham run ----------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "Interpret.h"
#include "ModelSession.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

using namespace ockham;
using namespace ockham::tool;

/// One line about a result that is not written to a file.
static void describe(const std::string &name, const NpyArray &array) {
  std::printf("%s: %s [", name.c_str(), ockham_dtype_name(array.dtype));
  for (size_t i = 0; i < array.shape.size(); ++i)
    std::printf("%s%lld", i ? ", " : "",
                static_cast<long long>(array.shape[i]));
  std::printf("]");
  uint64_t count = countElements(array.shape);
  auto at = [&](uint64_t i) {
    if (array.dtype == OCKHAM_F32) {
      float value;
      std::memcpy(&value, &array.data[i * 4], 4);
      return static_cast<double>(value);
    }
    double value;
    std::memcpy(&value, &array.data[i * 8], 8);
    return value;
  };
  if (count > 0 && (array.dtype == OCKHAM_F32 || array.dtype == OCKHAM_F64)) {
    double least = at(0), most = at(0), sum = 0;
    for (uint64_t i = 0; i < count; ++i) {
      least = std::min(least, at(i));
      most = std::max(most, at(i));
      sum += at(i);
    }
    std::printf(", from %g to %g, mean %g", least, most, sum / count);
  }
  std::printf("\n");
}

int ockham::tool::runRun(int argc, char **argv) {
  std::string path, entryName, passes;
  std::vector<std::pair<std::string, std::string>> inputFiles, outputFiles,
      dims;
  SessionSettings settings;
  bool interpret = false, hasPasses = false;
  InterpretSettings interpretation;

  CommandLine line(
      "run MODEL.so [--input NAME=X.npy ...] [--output NAME=Y.npy ...]",
      "Runs a compiled model once. Without inputs it prints the model's\n"
      "signature. With --interpret it runs an ONNX file on the reference\n"
      "interpreter instead: slow, exact, for comparison.");
  line.positional("MODEL", path);
  line.pairs("--input", "NAME=FILE.npy", inputFiles,
             "An input, as NumPy saves it.");
  line.pairs("--output", "NAME=FILE.npy", outputFiles,
             "Write an output. Others are described in one line.");
  line.text("--entry", "NAME", entryName,
            "The entry point to run; the first by default.");
  line.number("--threads", "N", settings.threads, 1,
              "Threads to use; all cores by default.");
  line.text("--device", "NAME", settings.device,
            "Of models compiled with --target cuda: cuda (default), cuda:1 and "
            "so on, or emulated, which needs no GPU, checks that the "
            "kernels synchronise, and prints what they were.");
  line.text("--weights", "FILE", settings.weightFile,
            "A safetensors file in place of the model's own.");
  line.pairs("--dim", "NAME=N", dims,
             "Extent of a dimension of the session's state, e.g. the length "
             "of the cache.");
  line.flag("--interpret", interpret,
            "MODEL is an .onnx or .mlir file: run it on the interpreter.");
  line.flag("--f64", interpretation.float64,
            "With --interpret: compute in float64.");
  line.option("--passes", "PIPELINE",
              "With --interpret: passes to run on the module before.",
              [&](const std::string &given) {
                passes = given;
                hasPasses = true;
                return std::string();
              });
  line.flag("--allow-external-paths", interpretation.allowExternalPaths,
            "With --interpret: read external data from outside the model's "
            "folder as well.");
  line.epilogue("Examples:\n"
                "  ockham run gpt2.so\n"
                "  ockham run gpt2.so --input input_ids=ids.npy --output "
                "logits=logits.npy\n"
                "  ockham run --interpret gpt2.onnx --input input_ids=ids.npy");
  int code = line.parse(argc, argv);
  if (code >= 0)
    return code;
  // An option that would do nothing is a misunderstanding.
  const std::pair<const char *, bool> ofInterpreter[] = {
      {"--passes", hasPasses},
      {"--f64", interpretation.float64},
      {"--allow-external-paths", interpretation.allowExternalPaths}};
  const std::pair<const char *, bool> ofSessions[] = {
      {"--device", !settings.device.empty()},
      {"--weights", !settings.weightFile.empty()},
      {"--threads", settings.threads > 0},
      {"--dim", !dims.empty()}};
  for (auto [name, given] : ofInterpreter)
    if (given && !interpret)
      return fail(std::string(name) +
                  " belongs to --interpret; a compiled model is what it is");
  for (auto [name, given] : ofSessions)
    if (given && interpret)
      return fail(std::string(name) +
                  " belongs to compiled models, not to --interpret");
  std::string problem = parseDims(dims, settings.dims);
  if (!problem.empty())
    return fail(problem);

  NamedArrays inputs, outputs;
  for (const auto &[name, file] : inputFiles) {
    NpyArray array;
    if (!readNpy(file, array, problem))
      return fail(problem);
    inputs.push_back({name, std::move(array)});
  }

  if (interpret) {
    interpretation.path = path;
    interpretation.entry = entryName;
    if (hasPasses)
      interpretation.passes = passes;
    std::string signature;
    problem = interpretModel(interpretation, inputs, outputs, signature);
    if (!problem.empty())
      return fail(problem);
    if (!signature.empty()) {
      std::fputs(signature.c_str(), stdout);
      return 0;
    }
  } else {
    ModelSession session;
    problem = session.open(path, settings);
    const ockham_entry *entry = nullptr;
    if (problem.empty())
      problem = session.findEntry(entryName, entry);
    if (!problem.empty())
      return fail(problem);
    // A model for a GPU can be looked at where there is none; what was said
    // about a session is checked.
    bool hasOptions =
        std::any_of(std::begin(ofSessions), std::end(ofSessions),
                    [](const auto &option) { return option.second; });
    if (hasOptions || std::strcmp(session.model().target, "cpu") == 0)
      problem = session.start();
    if (!problem.empty())
      return fail(problem);
    if (inputs.empty() && entry->input_count > 0) {
      std::fputs(session.formatSignature().c_str(), stdout);
      return 0;
    }
    problem = session.run(*entry, inputs, outputs);
    if (!problem.empty())
      return fail(problem);
    // Whatever it was called by: the default may be an emulator, too.
    if (std::strcmp(ockham_session_device(session.get()), "emulated") == 0)
      std::fputs(session.formatLaunches().c_str(), stdout);
  }

  // All names are checked before anything is written.
  for (const auto &[name, file] : outputFiles) {
    bool found = std::any_of(outputs.begin(), outputs.end(),
                             [&, wanted = name](const auto &output) {
                               return output.first == wanted;
                             });
    std::string names;
    for (const auto &[other, array] : outputs)
      names += (names.empty() ? "'" : ", '") + other + "'";
    if (!found)
      return fail("unknown output '" + name + "'; there is " + names);
  }
  for (const auto &[name, array] : outputs) {
    bool written = false;
    for (const auto &[wanted, file] : outputFiles) {
      if (wanted != name)
        continue;
      if (!writeNpy(file, array, problem))
        return fail(problem);
      written = true;
    }
    if (!written)
      describe(name, array);
  }
  return 0;
}
