//===- conformance-runner.cpp - Many small models in one process ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Interprets models, and compiles, loads and runs them, as the ockham command
// does, without a new process for each. node_tests.py drives it through pipes.
//
// Each line of standard input is a task, in fields between tabs: a folder to
// write to, a model, and NAME=FILE.npy for every input of the model. Standard
// output says "begin STEP" before each step and after it "ok" or "error
// MESSAGE", so that one knows what was being done when the process dies:
//
//   begin interpret     writes interpreted.I.npy for output I
//   begin compile       writes model.so
//   begin run           writes compiled.I.npy; not after an error of compile
//   end
//
//===----------------------------------------------------------------------===//

#include "../../tools/ockham/Interpret.h"
#include "../../tools/ockham/ModelSession.h"

#include "ockham/Driver/Compile.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/InitLLVM.h"

#include <cstdio>
#include <iostream>
#include <string>

using namespace ockham;
using namespace ockham::tool;

namespace {
struct Task {
  std::string folder, model;
  NamedArrays inputs;
};
} // namespace

/// Each of the following returns an error message, or "".
static std::string parseTask(llvm::StringRef line, Task &task) {
  llvm::SmallVector<llvm::StringRef> fields;
  line.split(fields, '\t');
  if (fields.size() < 2)
    return "expected a folder and a model, got '" + line.str() + "'";
  task.folder = fields[0].str();
  task.model = fields[1].str();
  for (llvm::StringRef field : llvm::drop_begin(fields, 2)) {
    auto [name, path] = field.rsplit('=');
    NpyArray array;
    std::string error;
    if (!readNpy(path.str(), array, error))
      return error;
    task.inputs.push_back({name.str(), std::move(array)});
  }
  return "";
}

static std::string writeOutputs(const Task &task, const char *kind,
                                const NamedArrays &outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    std::string error,
        path = task.folder + "/" + kind + "." + std::to_string(i) + ".npy";
    if (!writeNpy(path, outputs[i].second, error))
      return error;
  }
  return "";
}

static std::string interpretTask(const Task &task) {
  InterpretSettings settings;
  settings.path = task.model;
  NamedArrays outputs;
  std::string signature;
  std::string error = interpretModel(settings, task.inputs, outputs, signature);
  if (!error.empty())
    return error;
  if (!signature.empty())
    return "inputs are missing: " + signature;
  return writeOutputs(task, "interpreted", outputs);
}

static std::string compileTask(const Task &task) {
  CompileOptions options;
  options.input = task.model;
  options.output = task.folder + "/model.so";
  llvm::Expected<CompileSummary> summary = compileModel(options, CompileLog());
  return summary ? "" : llvm::toString(summary.takeError());
}

static std::string runTask(Task &task) {
  ModelSession session;
  SessionSettings settings;
  // Threads cost more than these models gain by them.
  settings.threads = 1;
  std::string error = session.open(task.folder + "/model.so", settings);
  if (!error.empty())
    return error;
  const ockham_entry *entry;
  error = session.findEntry("", entry);
  if (!error.empty())
    return error;
  NamedArrays outputs;
  error = session.run(*entry, task.inputs, outputs);
  if (!error.empty())
    return error;
  return writeOutputs(task, "compiled", outputs);
}

/// Reports one step and returns whether it worked.
template <typename Step>
static bool perform(const char *name, Step step) {
  std::cout << "begin " << name << std::endl;
  std::string error = step();
  // One line, whatever the message quotes.
  llvm::replace(error, '\n', ' ');
  std::cout << (error.empty() ? "ok" : "error " + error) << std::endl;
  return error.empty();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  for (std::string line; std::getline(std::cin, line);) {
    Task task;
    std::string error = parseTask(line, task);
    if (!error.empty()) {
      std::fprintf(stderr, "%s\n", error.c_str());
      return 1;
    }
    perform("interpret", [&] { return interpretTask(task); });
    if (perform("compile", [&] { return compileTask(task); }))
      perform("run", [&] { return runTask(task); });
    std::cout << "end" << std::endl;
  }
  return 0;
}
