//===- CalibrateCommand.cpp - ockham calibrate ----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles the model with what each live norm divides by as additional outputs
// (--tfm-observe-norms), runs it over the data and writes the means.
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "ModelSession.h"
#include "ockham/Calibration/Calibration.h"
#include "ockham/Driver/Compile.h"
#include "ockham/Support/OutputFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <unistd.h>

using namespace ockham;
using namespace ockham::tool;

namespace {

struct CalibrateOptions {
  std::string model, output, entry;
  std::vector<std::pair<std::string, std::string>> data;
  int64_t sequence = 128, batch = 1, samples = 0, positions = 2;
  int64_t threads = 0;
  bool allowExternalPaths = false, quiet = false;
};

/// A file that goes when this does.
struct TemporaryFile {
  llvm::SmallString<128> path;
  ~TemporaryFile() {
    if (!path.empty())
      llvm::sys::fs::remove(path);
  }
};

/// The statistics of one norm, added up over calls.
struct Sums {
  std::string name, kind;
  int64_t width = 0;
  int32_t output = 0;
  std::vector<double> sum, least, most;
  std::vector<int64_t> rows;

  void add(size_t index, double std) {
    sum[index] += std;
    least[index] = std::min(least[index], std);
    most[index] = std::max(most[index], std);
    ++rows[index];
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

/// Text as token ids, one per byte.
static std::string readBytes(const std::string &path, NpyArray &array) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)),
                   std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad())
    return "cannot read '" + path + "': " + std::strerror(errno);
  array.dtype = OCKHAM_U8;
  array.shape = {static_cast<int64_t>(text.size())};
  array.data.assign(text.begin(), text.end());
  return "";
}

static int64_t readInteger(const NpyArray &array, uint64_t index) {
  auto get = [&](auto value) {
    std::memcpy(&value, &array.data[index * sizeof(value)], sizeof(value));
    return static_cast<int64_t>(value);
  };
  switch (array.dtype) {
  case OCKHAM_BOOL:
  case OCKHAM_U8:
    return get(uint8_t());
  case OCKHAM_I8:
    return get(int8_t());
  case OCKHAM_I16:
    return get(int16_t());
  case OCKHAM_U16:
    return get(uint16_t());
  case OCKHAM_I32:
    return get(int32_t());
  case OCKHAM_U32:
    return get(uint32_t());
  default:
    return get(int64_t());
  }
}

static bool isFloat(int32_t dtype) {
  return dtype >= OCKHAM_F16 && dtype <= OCKHAM_F64;
}

/// Integers in the width that the model takes: token ids are often stored in
/// fewer bits.
static void convertIntegers(NpyArray &array, ockham_dtype to) {
  if (array.dtype == to || (to != OCKHAM_I64 && to != OCKHAM_I32))
    return;
  NpyArray result;
  result.dtype = to;
  result.shape = array.shape;
  uint64_t count = countElements(array.shape);
  unsigned bytes = ockham_dtype_bytes(to);
  result.data.resize(count * bytes);
  for (uint64_t i = 0; i < count; ++i) {
    int64_t value = readInteger(array, i);
    std::memcpy(&result.data[i * bytes], &value, bytes);
  }
  array = std::move(result);
}

/// Reads one input: an array of samples, or a stream of tokens that is cut into
/// samples.
static std::string readInput(const ockham_tensor_spec &spec,
                             const std::string &path,
                             const CalibrateOptions &options, NpyArray &array) {
  std::string problem;
  std::string what = "--data " + std::string(spec.name) + "=" + path + ": ";
  if (llvm::sys::path::extension(path) == ".npy") {
    if (!readNpy(path, array, problem))
      return problem;
  } else {
    problem = readBytes(path, array);
    if (!problem.empty())
      return problem;
    if (isFloat(spec.dtype))
      return what + "expected a .npy file, because the input is " +
             formatSpec(spec) + ", no token ids";
  }
  if (isFloat(array.dtype) != isFloat(spec.dtype))
    return what + "expected " + ockham_dtype_name(ockham_dtype(spec.dtype)) +
           ", got " + ockham_dtype_name(array.dtype);
  if (!isFloat(spec.dtype))
    convertIntegers(array, ockham_dtype(spec.dtype));
  if (array.shape.size() == 1 && spec.rank == 2) {
    int64_t count = array.shape[0] / options.sequence;
    if (count == 0)
      return what + "expected at least " + std::to_string(options.sequence) +
             " tokens (--sequence), got " + std::to_string(array.shape[0]);
    array.shape = {count, options.sequence};
    array.data.resize(countElements(array.shape) *
                      ockham_dtype_bytes(array.dtype));
  }
  if (static_cast<int32_t>(array.shape.size()) != spec.rank || spec.rank == 0)
    return what + "expected " + formatSpec(spec) + ", got rank " +
           std::to_string(array.shape.size());
  return "";
}

static std::string readInputs(const ockham_entry &entry,
                              const CalibrateOptions &options,
                              NamedArrays &inputs, int64_t &samples) {
  std::string names;
  for (int32_t i = 0; i < entry.input_count; ++i)
    names += (i ? ", '" : "'") + std::string(entry.inputs[i].name) + "'";
  for (const auto &[name, path] : options.data) {
    bool found = name.empty() && entry.input_count == 1;
    for (int32_t i = 0; i < entry.input_count; ++i)
      found |= name == entry.inputs[i].name;
    if (!found)
      return name.empty()
                 ? "--data " + path +
                       ": the model has several inputs; give --data "
                       "NAME=FILE for each of " +
                       names
                 : "--data: '" + std::string(entry.name) + "' has no input '" +
                       name + "'; it has " + names;
  }
  samples = -1;
  for (int32_t i = 0; i < entry.input_count; ++i) {
    const ockham_tensor_spec &spec = entry.inputs[i];
    const std::string *path = nullptr;
    for (const auto &[name, file] : options.data)
      if (name.empty() || name == spec.name) {
        if (path)
          return "--data: input '" + std::string(spec.name) +
                 "' is given twice";
        path = &file;
      }
    if (!path)
      return "input '" + std::string(spec.name) + "' is missing: expected " +
             formatSpec(spec) + "; give --data " + spec.name + "=FILE.npy";
    NpyArray array;
    std::string problem = readInput(spec, *path, options, array);
    if (!problem.empty())
      return problem;
    if (samples >= 0 && array.shape[0] != samples)
      return "--data: input '" + std::string(spec.name) + "' has " +
             std::to_string(array.shape[0]) + " samples, '" +
             entry.inputs[0].name + "' has " + std::to_string(samples);
    samples = array.shape[0];
    inputs.push_back({spec.name, std::move(array)});
  }
  if (samples <= 0)
    return "--data: expected at least one sample, got 0";
  if (options.samples)
    samples = std::min(samples, options.samples);
  return "";
}

/// Samples [begin, begin + count) of all inputs.
static NamedArrays takeSamples(const NamedArrays &inputs, int64_t begin,
                               int64_t count) {
  NamedArrays taken;
  for (const auto &[name, array] : inputs) {
    NpyArray part;
    part.dtype = array.dtype;
    part.shape = array.shape;
    part.shape[0] = count;
    uint64_t bytes = array.data.size() / array.shape[0];
    part.data.assign(array.data.begin() + begin * bytes,
                     array.data.begin() + (begin + count) * bytes);
    taken.push_back({name, std::move(part)});
  }
  return taken;
}

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

static std::string addOutput(const NpyArray &array, Sums &sums) {
  if (array.dtype != OCKHAM_F32 && array.dtype != OCKHAM_F64)
    return "norm '" + sums.name + "' is " + ockham_dtype_name(array.dtype) +
           "; expected a model in float32 or float64";
  uint64_t count = countElements(array.shape);
  // [batch, sequence] has positions; anything else is one class.
  uint64_t length = array.shape.size() == 2 ? array.shape[1] : 1;
  size_t classes = array.shape.size() == 2 ? sums.sum.size() : 1;
  for (uint64_t i = 0; i < count; ++i) {
    double std;
    if (array.dtype == OCKHAM_F32) {
      float value;
      std::memcpy(&value, &array.data[i * 4], 4);
      std = value;
    } else {
      std::memcpy(&std, &array.data[i * 8], 8);
    }
    if (!std::isfinite(std) || std <= 0) {
      std::string text;
      llvm::raw_string_ostream(text) << std;
      return "norm '" + sums.name + "' divides row " + std::to_string(i) +
             " by " + text + "; expected a positive number";
    }
    sums.add(std::min<size_t>(i % length, classes - 1), std);
  }
  return "";
}

/// Without the classes that no row fell into.
static NormCalibration finish(const Sums &sums) {
  NormCalibration norm;
  norm.name = sums.name;
  norm.kind = sums.kind;
  norm.width = sums.width;
  for (size_t i = 0; i < sums.sum.size() && sums.rows[i]; ++i) {
    StdStatistics &statistics = norm.classes.emplace_back();
    statistics.mean = sums.sum[i] / static_cast<double>(sums.rows[i]);
    statistics.least = sums.least[i];
    statistics.most = sums.most[i];
    statistics.rows = sums.rows[i];
  }
  return norm;
}

/// Runs the model over all samples.
static std::string observe(ModelSession &session, const ockham_entry &entry,
                           const CalibrateOptions &options,
                           std::vector<Sums> &norms) {
  NamedArrays inputs;
  int64_t samples = 0;
  std::string problem = readInputs(entry, options, inputs, samples);
  if (!problem.empty())
    return problem;
  bool progress = !options.quiet && isatty(STDERR_FILENO);
  for (int64_t begin = 0; begin < samples; begin += options.batch) {
    int64_t count = std::min(options.batch, samples - begin);
    NamedArrays batch = takeSamples(inputs, begin, count), outputs;
    problem = session.run(entry, batch, outputs);
    for (Sums &sums : norms) {
      if (!problem.empty())
        break;
      problem = addOutput(outputs[sums.output].second, sums);
    }
    if (progress)
      llvm::errs() << "\r\033[K[" << begin + count << "/" << samples
                   << " samples]";
    if (!problem.empty())
      break;
  }
  if (progress)
    llvm::errs() << "\r\033[K";
  return problem;
}

//===----------------------------------------------------------------------===//
// The command
//===----------------------------------------------------------------------===//

/// Compiles the model with its statistics as outputs.
static std::string compile(const CalibrateOptions &options,
                           const std::string &library) {
  CompileOptions compilation;
  compilation.input = options.model;
  compilation.output = library;
  compilation.passes = "ockham-raise,tfm-inline-blocks,tfm-observe-norms";
  compilation.allowExternalPaths = options.allowExternalPaths;
  auto onWarning = [&](llvm::StringRef text) {
    if (!options.quiet)
      llvm::errs() << "ockham: warning: " << text << "\n";
  };
  CompileLog log;
  log.warning = onWarning;
  llvm::Expected<CompileSummary> summary = compileModel(compilation, log);
  return summary ? "" : llvm::toString(summary.takeError());
}

/// The outputs that are statistics: "std:KIND:WIDTH:NAME".
static std::vector<Sums> findStatistics(const ockham_entry &entry,
                                        int64_t positions) {
  std::vector<Sums> norms;
  for (int32_t i = 0; i < entry.output_count; ++i) {
    llvm::StringRef name = entry.outputs[i].name;
    if (!name.consume_front("std:"))
      continue;
    Sums &sums = norms.emplace_back();
    auto [kind, rest] = name.split(':');
    auto [width, node] = rest.split(':');
    sums.name = node.str();
    sums.kind = kind.str();
    if (width.getAsInteger(10, sums.width)) {
      norms.pop_back();
      continue;
    }
    sums.output = i;
    sums.sum.resize(positions);
    sums.least.resize(positions, std::numeric_limits<double>::infinity());
    sums.most.resize(positions);
    sums.rows.resize(positions);
  }
  return norms;
}

static void printSummary(const Calibration &calibration,
                         const std::string &output) {
  llvm::raw_ostream &os = llvm::errs();
  os << output << ": " << calibration.norms.size()
     << (calibration.norms.size() == 1 ? " norm" : " norms") << "\n";
  for (const NormCalibration &norm : calibration.norms) {
    os << "  " << norm.name << ":";
    for (const StdStatistics &statistics : norm.classes)
      os << llvm::format("  std %.4g (%.4g to %.4g in ", statistics.mean,
                         statistics.least, statistics.most)
         << statistics.rows << (statistics.rows == 1 ? " row)" : " rows)");
    os << "\n";
  }
}

static std::string calibrate(const CalibrateOptions &options) {
  // A file that cannot be written is told before the work, not after.
  llvm::Expected<OutputFile> output = OutputFile::create(options.output);
  if (!output)
    return llvm::toString(output.takeError());
  TemporaryFile library;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile(
          "ockham-calibrate", "so", library.path))
    return "cannot make a temporary file: " + error.message();
  std::string problem = compile(options, library.path.str().str());
  if (!problem.empty())
    return problem;

  ModelSession session;
  SessionSettings settings;
  settings.threads = options.threads;
  problem = session.open(library.path.str().str(), settings);
  const ockham_entry *entry = nullptr;
  if (problem.empty())
    problem = session.findEntry(options.entry, entry);
  if (!problem.empty())
    return problem;
  std::vector<Sums> norms = findStatistics(*entry, options.positions);
  if (norms.empty())
    return options.model + ": '" + entry->name +
           "' has no live LayerNorm or RMSNorm that was recognised; 'ockham "
           "report' says what there is";
  problem = observe(session, *entry, options, norms);
  if (!problem.empty())
    return problem;

  Calibration calibration;
  calibration.model = llvm::sys::path::filename(options.model).str();
  for (const Sums &sums : norms)
    calibration.norms.push_back(finish(sums));
  writeCalibration(calibration, output->os());
  if (llvm::Error error = output->keep())
    return llvm::toString(std::move(error));
  if (!options.quiet)
    printSummary(calibration, options.output);
  return "";
}

int ockham::tool::runCalibrate(int argc, char **argv) {
  CalibrateOptions options;
  CommandLine line(
      "calibrate MODEL.onnx --data FILE -o OUTPUT.json [options]",
      "Runs a model over data and writes by how much its norms divide, for\n"
      "--tfm-freeze-norms (docs/simplification.md).");
  line.positional("MODEL.onnx", options.model);
  line.option(
      "--data", "[NAME=]FILE",
      "Samples of an input, along the first dimension of a .npy array. A "
      "stream of token ids, one dimension, is cut into samples; any other file "
      "is text whose bytes are token ids. Once for each input.",
      [&](const std::string &given) {
        size_t equals = given.find('=');
        bool isNamed = equals != std::string::npos && equals != 0;
        options.data.push_back({isNamed ? given.substr(0, equals) : "",
                                isNamed ? given.substr(equals + 1) : given});
        return std::string();
      });
  line.text("-o", "FILE", options.output, "The file to write.");
  line.number("--positions", "N", options.positions, 1,
              "Position classes: the first N - 1 positions have a std of their "
              "own, all others one together; 2.");
  line.number("--sequence", "N", options.sequence, 1,
              "Tokens of a sample that a stream is cut into; 128.");
  line.number("--batch", "N", options.batch, 1, "Samples of one call; 1.");
  line.number("--samples", "N", options.samples, 1,
              "Use the first N samples; all by default.");
  line.text("--entry", "NAME", options.entry,
            "The entry point to run; the first by default.");
  line.number("--threads", "N", options.threads, 1,
              "Threads to use; all cores by default.");
  line.flag("--allow-external-paths", options.allowExternalPaths,
            "Read external data from outside the model's folder as well.");
  line.flag("--quiet", options.quiet, "Print nothing but errors.");
  line.epilogue(
      "Example:\n"
      "  ockham calibrate gpt2.onnx --data tokens.npy -o "
      "gpt2.calibration.json\n"
      "  ockham compile gpt2.onnx -o frozen.so --passes 'ockham-raise,\n"
      "    tfm-freeze-norms{calibration=gpt2.calibration.json},"
      "ockham-simplify'");
  int code = line.parse(argc, argv);
  if (code >= 0)
    return code;
  if (options.output.empty())
    return fail("-o is missing: where shall the statistics go? (see 'ockham "
                "calibrate --help')");
  if (options.data.empty())
    return fail("--data is missing: norms are calibrated on data that is like "
                "what the model will see");
  std::string problem = calibrate(options);
  return problem.empty() ? 0 : fail(problem);
}
