//===- ockham-interpret.cpp - Run a module on the reference interpreter ---===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For tests of dialects and passes. Users run `ockham run --interpret`.
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Tile/TileDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "ockham/Interpreter/Interpreter.h"
#include "ockham/Support/Npy.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using ockham::interpreter::Tensor;
namespace cl = llvm::cl;

namespace {
struct Options {
  cl::OptionCategory category{"ockham-interpret options"};
  cl::opt<std::string> path{cl::Positional, cl::desc("<module.mlir>"),
                            cl::init("-"), cl::cat(category)};
  cl::opt<std::string> entry{"entry", cl::init("forward"),
                             cl::desc("The function to run"),
                             cl::cat(category)};
  cl::opt<bool> f64{"f64", cl::desc("Compute in float64 and round nothing"),
                    cl::cat(category)};
  cl::list<std::string> inputs{"input", cl::value_desc("name=x.npy"),
                               cl::desc("An input of the function"),
                               cl::cat(category)};
  cl::list<std::string> outputs{"output", cl::value_desc("name=y.npy"),
                                cl::desc("Write a result instead of printing "
                                         "it"),
                                cl::cat(category)};
  cl::opt<unsigned> digits{"digits", cl::init(6),
                           cl::desc("Significant digits of printed floats"),
                           cl::cat(category)};
  cl::opt<bool> trace{"trace", cl::desc("Print the results of every op"),
                      cl::cat(category)};
};
} // namespace

static int fail(const llvm::Twine &message) {
  llvm::errs() << "error: " << message << "\n";
  return 1;
}

/// Splits "name=path" arguments.
static std::optional<std::pair<StringRef, StringRef>>
splitArgument(StringRef argument) {
  auto [name, path] = argument.split('=');
  if (name.empty() || path.empty())
    return std::nullopt;
  return std::make_pair(name, path);
}

/// Reads the inputs in the order of the function's arguments. An error message,
/// or an empty string.
static std::string readInputs(func::FuncOp function,
                              ArrayRef<std::string> arguments,
                              std::vector<Tensor> &inputs) {
  std::vector<std::optional<Tensor>> given(function.getNumArguments());
  for (const std::string &argument : arguments) {
    auto parts = splitArgument(argument);
    if (!parts)
      return "--input=" + argument + ": expected name=x.npy";
    unsigned index = 0;
    while (index < given.size() &&
           ockham::interpreter::getInputName(function, index) != parts->first)
      ++index;
    if (index == given.size())
      return "there is no input '" + parts->first.str() + "'";
    ockham::NpyArray array;
    std::string error;
    if (!ockham::readNpy(parts->second.str(), array, error))
      return error;
    llvm::Expected<Tensor> tensor =
        Tensor::fromBytes(array.dtype, array.shape, array.data);
    if (!tensor)
      return llvm::toString(tensor.takeError());
    given[index] = std::move(*tensor);
  }
  for (auto [index, tensor] : llvm::enumerate(given)) {
    if (!tensor)
      return "input '" + ockham::interpreter::getInputName(function, index) +
             "' is missing";
    inputs.push_back(*tensor);
  }
  return "";
}

static int run(const Options &options) {
  DialectRegistry registry;
  registry.insert<ockham::OckhamDialect, ockham::onnx::ONNXDialect,
                  ockham::tfm::TfmDialect, ockham::tile::TileDialect,
                  func::FuncDialect, arith::ArithDialect, tensor::TensorDialect,
                  scf::SCFDialect, math::MathDialect>();
  MLIRContext context(registry);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler diagnostics(sources, &context);
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(options.path, sources, &context);
  if (!module)
    return 1;
  auto function = module->lookupSymbol<func::FuncOp>(options.entry);

  std::vector<Tensor> inputs;
  if (function)
    if (std::string error = readInputs(function, options.inputs, inputs);
        !error.empty())
      return fail(error);

  ockham::interpreter::InterpreterOptions interpreterOptions;
  if (options.f64)
    interpreterOptions.precision = ockham::interpreter::Precision::F64;
  if (options.trace)
    interpreterOptions.observer = [&](Operation *op, ArrayRef<Tensor> results) {
      for (const Tensor &result : results) {
        llvm::outs() << op->getName() << " = ";
        result.print(llvm::outs(), options.digits);
        llvm::outs() << "\n";
      }
    };
  llvm::Expected<std::vector<Tensor>> results = ockham::interpreter::interpret(
      *module, options.entry, inputs, interpreterOptions);
  if (!results)
    return fail(llvm::toString(results.takeError()));

  llvm::StringMap<StringRef> paths;
  for (const std::string &argument : options.outputs) {
    auto parts = splitArgument(argument);
    if (!parts)
      return fail("--output=" + argument + ": expected name=y.npy");
    paths[parts->first] = parts->second;
  }
  for (auto [index, tensor] : llvm::enumerate(*results)) {
    std::string name = ockham::interpreter::getOutputName(function, index);
    auto path = paths.find(name);
    if (path == paths.end()) {
      llvm::outs() << name << ": "
                   << ockham::interpreter::getDTypeName(tensor.getDType())
                   << " " << ockham::interpreter::formatShape(tensor.getShape())
                   << " = ";
      tensor.print(llvm::outs(), options.digits);
      llvm::outs() << "\n";
      continue;
    }
    ockham::NpyArray array;
    bool widen = options.f64 && tensor.isFloat();
    array.dtype = widen ? OCKHAM_F64 : tensor.getDType();
    array.shape.assign(tensor.getShape().begin(), tensor.getShape().end());
    array.data = tensor.toBytes(widen);
    std::string error;
    if (!ockham::writeNpy(path->second.str(), array, error))
      return fail(error);
    paths.erase(path);
  }
  for (const auto &left : paths)
    return fail("there is no output '" + left.first() + "'");
  return 0;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  Options options;
  cl::HideUnrelatedOptions(options.category);
  cl::ParseCommandLineOptions(argc, argv,
                              "Runs a function on the reference interpreter\n");
  return run(options);
}
