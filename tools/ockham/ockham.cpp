//===- ockham.cpp - The command line tool ---------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

static const char help[] =
    "Usage: ockham COMMAND ...\n\n"
    "Simplifies transformers, compiles them to shared libraries and runs "
    "them.\n\n"
    "Commands:\n"
    "  compile   an ONNX file to a shared library\n"
    "  simplify  an ONNX file to a simpler ONNX file\n"
    "  run       a compiled model, or an ONNX file on the interpreter\n"
    "  bench     a compiled model: latency and tokens per second\n"
    "  report    what a model is, and what simplification makes of it\n"
    "  calibrate by how much a model's norms divide, on data\n\n"
    "'ockham COMMAND --help' explains a command. For example:\n"
    "  ockham compile model.onnx -o model.so\n"
    "  ockham run model.so\n"
    "  ockham run model.so --input input_ids=ids.npy --output logits=out.npy\n";

static int runCommand(int argc, char **argv) {
  std::string command = argc > 1 ? argv[1] : "";
  if (command == "compile")
    return ockham::tool::runCompile(argc - 1, argv + 1);
  if (command == "simplify")
    return ockham::tool::runSimplify(argc - 1, argv + 1);
  if (command == "run")
    return ockham::tool::runRun(argc - 1, argv + 1);
  if (command == "bench")
    return ockham::tool::runBench(argc - 1, argv + 1);
  if (command == "report")
    return ockham::tool::runReport(argc - 1, argv + 1);
  if (command == "calibrate")
    return ockham::tool::runCalibrate(argc - 1, argv + 1);
  if (command == "--help" || command == "-h") {
    std::fputs(help, stdout);
    return 0;
  }
  if (command == "--version") {
    std::puts("ockham 0.1.0");
    return 0;
  }
  return ockham::tool::fail((command.empty()
                                 ? "a command is missing"
                                 : "unknown command '" + command + "'") +
                            "; expected compile, simplify, run, bench, report "
                            "or calibrate (see 'ockham --help')");
}

int main(int argc, char **argv) {
  int code = runCommand(argc, argv);
  // What was printed has arrived, or the call has failed.
  if ((std::fflush(stdout) != 0 || std::ferror(stdout)) && code == 0)
    return ockham::tool::fail("cannot write to standard output: " +
                              std::string(std::strerror(errno)));
  return code;
}
