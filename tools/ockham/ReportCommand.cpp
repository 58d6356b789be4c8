//===- ReportCommand.cpp - ockham report ----------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "ockham/Driver/Compile.h"
#include "ockham/Report/Report.h"
#include "ockham/Support/OutputFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>

using namespace ockham;
using namespace ockham::tool;

int ockham::tool::runReport(int argc, char **argv) {
  report::ReportOptions options;
  std::vector<std::pair<std::string, std::string>> dims;
  std::string html, svg;
  int64_t block = -1;
  bool json = false;
  CommandLine line("report MODEL.onnx [options]",
                   "Says what a model is made of, what simplification takes "
                   "away and why\nthe rest stays, with parameters, bytes and "
                   "operations before and after.\nA .mlir file of onnx or tfm "
                   "functions works, too.");
  line.positional("MODEL.onnx", options.input);
  line.flag("--json", json, "Print everything as JSON (docs/report.md).");
  line.text("--html", "FILE", html,
            "Write a page with a picture of each kind of block, too.");
  line.text("--svg", "FILE", svg, "Write the picture of one block, too.");
  line.number("--block", "N", block, 0,
              "With --svg: which block; the first by default.");
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
                "  ockham report gpt2.onnx --html gpt2.html");
  int code = line.parse(argc, argv);
  if (code >= 0)
    return code;
  if (block >= 0 && svg.empty())
    return fail("--block belongs to --svg; the page has all blocks");
  std::string problem = parseDims(dims, options.dims);
  if (!problem.empty())
    return fail(problem);
  auto onWarning = [](llvm::StringRef text) {
    llvm::errs() << "ockham: warning: " << text << "\n";
  };
  CompileLog log;
  log.warning = onWarning;
  // A file that cannot be written is told before the work, not after.
  std::optional<OutputFile> htmlFile, svgFile;
  for (auto [path, file] :
       {std::pair(&html, &htmlFile), std::pair(&svg, &svgFile)}) {
    if (path->empty())
      continue;
    if (*path == options.input ||
        llvm::sys::fs::equivalent(*path, options.input))
      return fail("'" + *path + "' is the model itself; give another file");
    llvm::Expected<OutputFile> created = OutputFile::create(*path);
    if (!created)
      return fail(llvm::toString(created.takeError()));
    file->emplace(std::move(*created));
  }
  llvm::Expected<report::Report> made = report::makeReport(options, log);
  if (!made)
    return fail(llvm::toString(made.takeError()));
  if (svgFile) {
    unsigned number = block < 0 ? 0 : block;
    if (llvm::Error error = report::writeBlockSVG(*made, number, svgFile->os()))
      return fail(llvm::toString(std::move(error)));
    if (llvm::Error error = svgFile->keep())
      return fail(llvm::toString(std::move(error)));
  }
  if (htmlFile) {
    report::writeHTML(*made, htmlFile->os());
    if (llvm::Error error = htmlFile->keep())
      return fail(llvm::toString(std::move(error)));
  }
  if (json)
    report::writeJSON(*made, llvm::outs());
  else
    report::writeText(*made, llvm::outs());
  llvm::outs().flush();
  if (std::error_code problem = llvm::outs().error()) {
    llvm::outs().clear_error();
    return fail("cannot write to standard output: " + problem.message());
  }
  return 0;
}
