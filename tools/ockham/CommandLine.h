//===- CommandLine.h - Options of one command -------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TOOLS_OCKHAM_COMMANDLINE_H
#define OCKHAM_TOOLS_OCKHAM_COMMANDLINE_H

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace ockham::tool {

/// The options and the one positional argument of a command, with its help.
class CommandLine {
public:
  /// `usage` is what stands behind "ockham ", e.g. "compile MODEL.onnx -o OUT".
  CommandLine(std::string usage, std::string summary);

  void flag(const std::string &name, bool &value, const std::string &help);
  /// An option with a value; `handle` returns what is wrong with it, or "".
  void option(const std::string &name, const std::string &valueName,
              const std::string &help,
              std::function<std::string(const std::string &)> handle);
  void text(const std::string &name, const std::string &valueName,
            std::string &value, const std::string &help);
  void number(const std::string &name, const std::string &valueName,
              int64_t &value, int64_t least, const std::string &help);
  /// NAME=VALUE, any number of times.
  void pairs(const std::string &name, const std::string &valueName,
             std::vector<std::pair<std::string, std::string>> &values,
             const std::string &help);
  void positional(const std::string &name, std::string &value);
  /// Text behind the options, e.g. examples.
  void epilogue(std::string text);

  /// Reads the arguments. Returns -1 to go on, else the exit code: 0 after
  /// --help, 1 after an error, which has been printed.
  int parse(int argc, char **argv);

private:
  struct Option {
    std::string name, valueName, help;
    std::function<std::string(const std::string &)> handle;
    bool *flag = nullptr;
  };
  void printHelp() const;
  const Option *find(const std::string &name) const;

  std::string usage, summary, after, positionalName;
  std::string *positionalValue = nullptr;
  std::vector<Option> options;
};

/// Prints "ockham: error: ..." and returns 1.
int fail(const std::string &message);

/// The NAME=NUMBER pairs of --dim; returns what is wrong with them, or "".
std::string
parseDims(const std::vector<std::pair<std::string, std::string>> &pairs,
          std::vector<std::pair<std::string, int64_t>> &dims);

/// The commands. argv[0] is the command's name.
int runCalibrate(int argc, char **argv);
int runCompile(int argc, char **argv);
int runSimplify(int argc, char **argv);
int runRun(int argc, char **argv);
int runBench(int argc, char **argv);
int runReport(int argc, char **argv);

} // namespace ockham::tool

#endif // OCKHAM_TOOLS_OCKHAM_COMMANDLINE_H
