//===- property-runner.cpp - Many variants of models in one process -------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What property.py asks about a model, without a new process for each.
//
// Each line of standard input is a task, in fields between tabs: a verb, a
// model, and what belongs to the verb. Each gets one line of standard output:
// "ok ANSWER" or "error MESSAGE".
//
//   report MODEL              the JSON of `ockham report`, in one line
//   interpret MODEL PASSES FOLDER NAME=FILE.npy...
//                             runs it in float64 behind the passes and writes
//                             FOLDER/I.npy for output I
//
//===----------------------------------------------------------------------===//

#include "../../tools/ockham/Interpret.h"

#include "ockham/Driver/Compile.h"
#include "ockham/Report/Report.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

#include <iostream>
#include <string>

using namespace ockham;
using namespace ockham::tool;

/// Both of the following return an error message, or "".
static std::string makeReportOf(llvm::StringRef model, std::string &answer) {
  report::ReportOptions options;
  options.input = model.str();
  llvm::Expected<report::Report> made =
      report::makeReport(options, CompileLog());
  if (!made)
    return llvm::toString(made.takeError());
  llvm::raw_string_ostream os(answer);
  report::writeJSON(*made, os);
  return "";
}

static std::string interpret(llvm::ArrayRef<llvm::StringRef> fields) {
  if (fields.size() < 4)
    return "expected a model, passes and a folder";
  InterpretSettings settings;
  settings.path = fields[1].str();
  settings.float64 = true;
  if (!fields[2].empty())
    settings.passes = fields[2].str();
  NamedArrays inputs, outputs;
  for (llvm::StringRef field : fields.drop_front(4)) {
    auto [name, path] = field.rsplit('=');
    NpyArray array;
    std::string error;
    if (!readNpy(path.str(), array, error))
      return error;
    inputs.push_back({name.str(), std::move(array)});
  }
  std::string signature;
  std::string error = interpretModel(settings, inputs, outputs, signature);
  if (!error.empty() || !signature.empty())
    return error.empty() ? "inputs are missing: " + signature : error;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!writeNpy(fields[3].str() + "/" + std::to_string(i) + ".npy",
                  outputs[i].second, error))
      return error;
  return "";
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  for (std::string line; std::getline(std::cin, line);) {
    llvm::SmallVector<llvm::StringRef> fields;
    llvm::StringRef(line).split(fields, '\t');
    std::string answer, error = "unknown verb '" + fields[0].str() + "'";
    if (fields[0] == "report" && fields.size() == 2)
      error = makeReportOf(fields[1], answer);
    else if (fields[0] == "interpret")
      error = interpret(fields);
    // One line, whatever is quoted; JSON has line breaks between values only.
    std::string &text = error.empty() ? answer : error;
    for (char &c : text)
      if (c == '\n' || c == '\r')
        c = ' ';
    std::cout << (error.empty() ? "ok " : "error ") << text << std::endl;
  }
  return 0;
}
