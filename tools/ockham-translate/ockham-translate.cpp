//===- ockham-translate.cpp - Other formats into MLIR ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shows what the importer makes of an ONNX file, before any pass:
//
//   ockham-translate --import-onnx model.onnx
//
// writes a module of onnx ops as an ONNX file:
//
//   ockham-translate --export-onnx module.mlir -o model.onnx
//
// and which operators it knows:
//
//   ockham-translate --list-onnx-operators
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "ockham/Export/ExportONNX.h"
#include "ockham/Import/ImportONNX.h"
#include "ockham/Support/Registration.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/ToolOutputFile.h"

namespace cl = llvm::cl;

static llvm::raw_ostream &error() {
  return llvm::errs() << "ockham-translate: error: ";
}

/// Writes to a file, or to standard output for "-". Returns the exit code.
static int write(const std::string &path,
                 llvm::function_ref<void(llvm::raw_ostream &)> print) {
  std::error_code code;
  llvm::ToolOutputFile file(path, code, llvm::sys::fs::OF_Text);
  if (!code) {
    print(file.os());
    file.os().flush();
    code = file.os().error();
    // A stream that is destroyed with an error ends the program.
    file.os().clear_error();
  }
  if (code) {
    error() << path << ": " << code.message() << "\n";
    return 1;
  }
  file.keep();
  return 0;
}

/// Domain, name and the opsets from which a form of the operator holds.
static void printOperators(llvm::raw_ostream &os) {
  std::vector<ockham::ONNXOperator> operators = ockham::listONNXOperators();
  for (size_t i = 0; i < operators.size(); ++i) {
    const ockham::ONNXOperator &op = operators[i];
    if (i && op.domain == operators[i - 1].domain &&
        op.name == operators[i - 1].name)
      os << ", " << op.sinceVersion;
    else
      os << (i ? "\n" : "") << (op.domain.empty() ? "ai.onnx" : op.domain)
         << " " << op.name << " " << op.sinceVersion;
  }
  os << "\n";
}

/// Returns the exit code.
static int exportModule(const std::string &input, const std::string &output,
                        const ockham::ExportOptions &options) {
  if (input.empty() || output == "-") {
    error() << "--export-onnx: expected an input file and -o with an output "
               "file\n";
    return 1;
  }
  mlir::DialectRegistry registry;
  ockham::registerDialects(registry);
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(input, &context);
  if (!module)
    return 1;
  auto summary = ockham::exportONNX(*module, output, options);
  if (!summary) {
    error() << llvm::toString(summary.takeError()) << "\n";
    return 1;
  }
  return 0;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::OptionCategory category("Options of ockham-translate");
  cl::opt<std::string> input(cl::Positional, cl::desc("<input file>"),
                             cl::cat(category));
  cl::opt<std::string> output("o", cl::desc("Where to write the module"),
                              cl::value_desc("file"), cl::init("-"),
                              cl::cat(category));
  cl::opt<bool> importONNX("import-onnx",
                           cl::desc("Import an ONNX model into the onnx "
                                    "dialect"),
                           cl::cat(category));
  cl::opt<bool> listOperators(
      "list-onnx-operators",
      cl::desc("Print the operators that the importer knows: domain, name and "
               "the opsets from which each of its forms holds"),
      cl::cat(category));
  cl::list<std::string> dims(
      "dim", cl::desc("Bind a named dimension to an extent (repeatable)"),
      cl::value_desc("name=extent"), cl::cat(category));
  cl::opt<bool> allowExternalPaths(
      "allow-external-paths",
      cl::desc("Read external data from outside the model's folder as well"),
      cl::cat(category));
  cl::opt<bool> exportONNX("export-onnx",
                           cl::desc("Write a module of onnx ops as ONNX"),
                           cl::cat(category));
  cl::opt<int64_t> opset("opset", cl::desc("With --export-onnx: the opset"),
                         cl::init(ockham::ExportOptions().opset),
                         cl::cat(category));
  cl::opt<uint64_t> maxEmbedded(
      "max-embedded-bytes",
      cl::desc("With --export-onnx: weights of more bytes in all go to a file "
               "beside the model"),
      cl::init(ockham::ExportOptions().maxEmbeddedBytes), cl::cat(category));
  mlir::registerAsmPrinterCLOptions();
  cl::ParseCommandLineOptions(argc, argv, "Ockham: other formats into MLIR\n");

  if (listOperators)
    return write(output, printOperators);
  if (exportONNX) {
    ockham::ExportOptions options;
    options.opset = opset;
    options.maxEmbeddedBytes = maxEmbedded;
    return exportModule(input, output, options);
  }
  if (!importONNX) {
    error() << "nothing to do: expected --import-onnx, --export-onnx or "
               "--list-onnx-operators\n";
    return 1;
  }
  if (input.empty()) {
    error() << "--import-onnx: the input file is missing\n";
    return 1;
  }
  ockham::ImportOptions options;
  options.allowExternalPaths = allowExternalPaths;
  for (llvm::StringRef dim : dims) {
    auto [name, extent] = dim.rsplit('=');
    int64_t value;
    if (name.empty() || extent.getAsInteger(10, value)) {
      error() << "--dim is '" << dim << "', expected name=extent\n";
      return 1;
    }
    options.dims.push_back({name.str(), value});
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module = ockham::importONNX(
      input, context, options,
      [](const llvm::Twine &message) { error() << message << "\n"; },
      [](const llvm::Twine &message) {
        llvm::errs() << "ockham-translate: warning: " << message << "\n";
      });
  if (!module)
    return 1;
  return write(output, [&](llvm::raw_ostream &os) {
    module->print(os);
    os << "\n";
  });
}
