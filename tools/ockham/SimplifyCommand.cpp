//===- SimplifyCommand.cpp - ockham simplify ------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "ModelReport.h"
#include "ockham/Driver/Simplify.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace ockham;
using namespace ockham::tool;

static void printSummary(const SimplifySummary &summary,
                         const SimplifyOptions &options, bool remarks,
                         double seconds) {
  llvm::raw_ostream &os = llvm::errs();
  os << options.output << ": opset " << options.opset << ", "
     << formatBytes(summary.exported.modelBytes) << ", " << formatModel(summary)
     << llvm::format("; %.1f s\n", seconds);
  if (!summary.exported.dataPath.empty())
    os << "weights are in " << summary.exported.dataPath
       << ", which belongs to "
       << "the model\n";
  os << formatSimplification(summary, remarks) << "\n";
}

int ockham::tool::runSimplify(int argc, char **argv) {
  SimplifyOptions options;
  std::vector<std::pair<std::string, std::string>> dims;
  std::string passes;
  int64_t maxEmbeddedBytes = static_cast<int64_t>(options.maxEmbeddedBytes);
  bool quiet = false, remarks = false, hasPasses = false;

  CommandLine line(
      "simplify MODEL.onnx -o OUTPUT.onnx [options]",
      "Takes away what the blocks of a model do not need, and writes the rest\n"
      "as an ONNX model of standard operators that any runtime can run. It\n"
      "computes the same function; names of inputs, outputs and dimensions "
      "stay.");
  line.positional("MODEL.onnx", options.input);
  line.text("-o", "FILE", options.output,
            "The ONNX file to write. Weights of more than 1.5 GB go to "
            "FILE.data beside it.");
  line.option("--opset", "N",
              "The opset of the result, 17 (default) to 23. From 20 on it may "
              "have Gelu, from 23 on RMSNormalization and Attention.",
              [&](const std::string &given) {
                if (llvm::StringRef(given).getAsInteger(10, options.opset) ||
                    options.opset < kOldestExportedOpset ||
                    options.opset > kNewestExportedOpset)
                  return "'" + given + "', expected " +
                         std::to_string(kOldestExportedOpset) + " to " +
                         std::to_string(kNewestExportedOpset);
                return std::string();
              });
  line.pairs("--dim", "NAME=N", dims,
             "Fix a dimension that the file names, e.g. --dim batch=1. May be "
             "given several times; all other dimensions stay dynamic.");
  line.option("--passes", "PIPELINE",
              "Passes to run on the imported module in place of the default "
              "ones ('ockham-raise,ockham-simplify'), as ockham-opt takes "
              "them.",
              [&](const std::string &given) {
                passes = given;
                hasPasses = true;
                return std::string();
              });
  line.number("--max-embedded-bytes", "N", maxEmbeddedBytes, 0,
              "Write weights of more bytes than this in all to FILE.data "
              "(default 1500000000).");
  line.flag("--allow-external-paths", options.allowExternalPaths,
            "Read external data from outside the model's folder as well.");
  line.flag("--verify-rewrites", options.verifyRewrites,
            "Interpret the model on random inputs before and after each pass, "
            "and fail where results change.");
  line.flag("--remarks", remarks,
            "Say what was folded, and what was not recognised or kept, and "
            "why.");
  line.flag("--quiet", quiet, "Print nothing but errors.");
  line.epilogue("Examples:\n"
                "  ockham simplify gpt2.onnx -o gpt2.simple.onnx\n"
                "  ockham simplify gpt2.onnx -o gpt2.simple.onnx --opset 23 "
                "--remarks");
  int code = line.parse(argc, argv);
  if (code >= 0)
    return code;
  if (options.output.empty())
    return fail("-o is missing: where shall the result go? (see 'ockham "
                "simplify --help')");
  if (options.output == "-")
    return fail("-o -: a model cannot go to standard output; give a file name");
  std::string problem = parseDims(dims, options.dims);
  if (!problem.empty())
    return fail(problem);
  if (hasPasses)
    options.passes = passes;
  options.maxEmbeddedBytes = static_cast<uint64_t>(maxEmbeddedBytes);

  Progress progress(quiet, remarks);
  CompileLog log = progress.getLog();
  llvm::Expected<SimplifySummary> summary = simplifyModel(options, log);
  progress.clear();
  if (!summary)
    return fail(llvm::toString(summary.takeError()));
  if (!quiet)
    printSummary(*summary, options, remarks, progress.getSeconds());
  return 0;
}
