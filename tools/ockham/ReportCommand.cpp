//===- ReportCommand.cpp - ockham report ----------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "ockham/Driver/Compile.h"
#include "ockham/Report/Report.h"

#include "llvm/Support/raw_ostream.h"

using namespace ockham;
using namespace ockham::tool;

int ockham::tool::runReport(int argc, char **argv) {
  report::ReportOptions options;
  std::vector<std::pair<std::string, std::string>> dims;
  bool json = false;
  CommandLine line("report MODEL.onnx [options]",
                   "Says what a model is made of, what simplification takes "
                   "away and why\nthe rest stays, with parameters, bytes and "
                   "operations before and after.\nA .mlir file of onnx or tfm "
                   "functions works, too.");
  line.positional("MODEL.onnx", options.input);
  line.flag("--json", json, "Print everything as JSON (docs/report.md).");
  line.pairs("--dim", "NAME=N", dims,
             "Evaluate the formulas at this extent, e.g. --dim sequence=128. "
             "May be given several times. Others are 1, a sequence as long as "
             "the table of positions.");
  line.text("--entry", "NAME", options.entry,
            "The entry point; the first by default.");
  line.option("--passes", "PIPELINE",
              "Passes in place of the default ones ('ockham-simplify').",
              [&](const std::string &given) {
                options.passes = given;
                return std::string();
              });
  line.flag("--allow-external-paths", options.allowExternalPaths,
            "Read external data from outside the model's folder as well.");
  line.epilogue("Examples:\n"
                "  ockham report gpt2.onnx\n"
                "  ockham report gpt2.onnx --dim batch=8 --dim sequence=1024\n"
                "  ockham report gpt2.onnx --json");
  int code = line.parse(argc, argv);
  if (code >= 0)
    return code;
  std::string problem = parseDims(dims, options.dims);
  if (!problem.empty())
    return fail(problem);
  auto onWarning = [](llvm::StringRef text) {
    llvm::errs() << "ockham: warning: " << text << "\n";
  };
  CompileLog log;
  log.warning = onWarning;
  llvm::Expected<report::Report> made = report::makeReport(options, log);
  if (!made)
    return fail(llvm::toString(made.takeError()));
  if (json)
    report::writeJSON(*made, llvm::outs());
  else
    report::writeText(*made, llvm::outs());
  return 0;
}
