//===- CompileCommand.cpp - ockham compile --------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "ockham/Driver/Compile.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <map>
#include <unistd.h>

using namespace ockham;
using namespace ockham::tool;

static double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

static std::string formatCount(uint64_t count) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (count >= 10000000)
    os << llvm::format("%.1f M", count / 1e6);
  else if (count >= 10000)
    os << llvm::format("%.1f K", count / 1e3);
  else
    os << count;
  return text;
}

static void printSummary(const CompileSummary &summary,
                         const std::string &output, double seconds) {
  llvm::raw_ostream &os = llvm::errs();
  os << output << ": ";
  if (summary.outputBytes)
    os << llvm::format("%.1f MB, ", summary.outputBytes / 1e6);
  os << formatCount(summary.parameters) << " parameters; ";
  if (summary.blocks.empty())
    os << "no transformer block recognised";
  for (size_t i = 0; i < summary.blocks.size(); ++i)
    os << (i ? ", " : "blocks: ") << summary.blocks[i].second << " "
       << summary.blocks[i].first;
  if (!summary.unraised.empty()) {
    unsigned count = 0;
    for (const auto &[name, number] : summary.unraised)
      count += number;
    os << "; " << count << (count == 1 ? " operator" : " operators")
       << " lowered as they are (";
    for (size_t i = 0; i < summary.unraised.size() && i < 4; ++i)
      os << (i ? ", " : "") << summary.unraised[i].second << " "
         << summary.unraised[i].first;
    os << (summary.unraised.size() > 4 ? ", ...)" : ")");
  }
  os << llvm::format("; %.1f s\n", seconds);
}

int ockham::tool::runCompile(int argc, char **argv) {
  CompileOptions options;
  std::vector<std::pair<std::string, std::string>> dims;
  std::string weights = "embed", passes;
  bool quiet = false, remarks = false, hasPasses = false;

  CommandLine line(
      "compile MODEL.onnx -o OUTPUT [options]",
      "Compiles an ONNX model to a shared library that 'ockham run', the\n"
      "runtime and Python load. A .mlir file of onnx or tfm functions works,\n"
      "too.");
  line.positional("MODEL.onnx", options.input);
  line.text("-o", "FILE", options.output,
            "The file to write; '-' for standard output where --emit gives "
            "text.");
  line.pairs("--dim", "NAME=N", dims,
             "Fix a dimension that the file names, e.g. --dim batch=1. May be "
             "given several times; all other dimensions stay dynamic.");
  line.option("--passes", "PIPELINE",
              "Passes to run on the imported module in place of the default "
              "ones ('ockham-raise'), as ockham-opt takes them. What they "
              "leave is lowered as usual.",
              [&](const std::string &given) {
                passes = given;
                hasPasses = true;
                return std::string();
              });
  line.option(
      "--emit", "KIND",
      "What to write: onnx (as imported), tfm, linalg, llvm (all text), object "
      "or lib (default).",
      [&](const std::string &given) {
        static const std::map<std::string, EmitKind> kinds = {
            {"onnx", EmitKind::ONNX},     {"tfm", EmitKind::Tfm},
            {"linalg", EmitKind::Linalg}, {"llvm", EmitKind::LLVM},
            {"object", EmitKind::Object}, {"lib", EmitKind::Library}};
        auto found = kinds.find(given);
        if (found == kinds.end())
          return "'" + given +
                 "' is unknown; expected onnx, tfm, linalg, llvm, object or "
                 "lib";
        options.emit = found->second;
        return std::string();
      });
  line.text("--weights", "embed|FILE", weights,
            "Embed the weights in the library (default), or write them to "
            "FILE.safetensors in the same folder.");
  line.text("--cpu", "NAME", options.cpu,
            "Processor to generate code for: native (default), baseline, "
            "x86-64-v3 (AVX2), x86-64-v4 (AVX-512) or another of LLVM's "
            "names.");
  line.flag("--allow-external-paths", options.allowExternalPaths,
            "Read external data from outside the model's folder as well.");
  line.flag("--print-weights", options.printWeights,
            "Write the bytes of large weights into text output, so that it "
            "can be read again.");
  line.flag("--verify-rewrites", options.verifyRewrites,
            "Interpret the model on random inputs before and after each pass "
            "on onnx and tfm, and fail where results change.");
  line.flag("--remarks", remarks, "Say what was not recognised, and why.");
  line.flag("--quiet", quiet, "Print nothing but errors.");
  line.epilogue(
      "Examples:\n"
      "  ockham compile gpt2.onnx -o gpt2.so\n"
      "  ockham compile gpt2.onnx -o gpt2.so --weights gpt2.safetensors\n"
      "  ockham compile gpt2.onnx --emit tfm -o -");
  int code = line.parse(argc, argv);
  if (code >= 0)
    return code;
  if (options.output.empty())
    return fail("-o is missing: where shall the result go? (see 'ockham "
                "compile --help')");
  bool isText =
      options.emit != EmitKind::Object && options.emit != EmitKind::Library;
  if (options.output == "-" && !isText)
    return fail("-o -: only text can go to standard output; give a file name, "
                "or --emit onnx, tfm, linalg or llvm");
  // An option that would do nothing is a misunderstanding.
  if (weights != "embed" && options.emit != EmitKind::Library)
    return fail("--weights belongs to --emit lib; no other kind has weights");
  if (hasPasses && options.emit == EmitKind::ONNX)
    return fail("--passes: --emit onnx writes the module as imported, before "
                "any pass; --emit tfm writes what the passes leave");
  if (options.printWeights && !isText)
    return fail("--print-weights belongs to --emit onnx, tfm, linalg or llvm");
  std::string problem = parseDims(dims, options.dims);
  if (!problem.empty())
    return fail(problem);
  if (weights != "embed")
    options.weightFile = weights;
  if (hasPasses)
    options.passes = passes;
  for (int i = 1; i < argc; ++i)
    options.commandLine += (i > 1 ? " " : "") + std::string(argv[i]);

  auto start = std::chrono::steady_clock::now();
  bool progress = !quiet && isatty(STDERR_FILENO);
  auto onStage = [&](llvm::StringRef stage) {
    if (progress)
      llvm::errs() << llvm::format("\r\033[K[%5.1f s] ", secondsSince(start))
                   << stage;
  };
  auto onMessage = [&](llvm::StringRef message) {
    if (!remarks)
      return;
    if (progress)
      llvm::errs() << "\r\033[K";
    llvm::errs() << message << "\n";
  };
  auto onWarning = [&](llvm::StringRef text) {
    if (quiet)
      return;
    if (progress)
      llvm::errs() << "\r\033[K";
    llvm::errs() << "ockham: warning: " << text << "\n";
  };
  CompileLog log{onStage, onMessage, onWarning};
  llvm::Expected<CompileSummary> summary = compileModel(options, log);
  if (progress)
    llvm::errs() << "\r\033[K";
  if (!summary)
    return fail(llvm::toString(summary.takeError()));
  if (!quiet && !isText)
    printSummary(*summary, options.output, secondsSince(start));
  return 0;
}
