//===- ockham-opt.cpp - Run passes over modules ---------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "ockham/Support/Registration.h"
#include "ockham/Verify/VerifyRewrites.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"

namespace cl = llvm::cl;

namespace {
enum class Verify { None, Errors, All };

struct Options {
  cl::opt<Verify> verify{
      "verify-rewrites", cl::ValueOptional, cl::init(Verify::None),
      cl::desc(
          "Interpret the module before and after each pass, and fail where "
          "it computes something else"),
      cl::values(clEnumValN(Verify::All, "", ""),
                 clEnumValN(Verify::All, "all",
                            "with remarks on what was not verified"),
                 clEnumValN(Verify::Errors, "errors", "without them"))};
  cl::opt<uint64_t> seed{"verify-rewrites-seed", cl::init(0),
                         cl::desc("Seed of the random inputs")};
};
} // namespace

/// As MlirOptMain, with the verification in every pass manager.
static mlir::LogicalResult runVerified(llvm::StringRef input,
                                       llvm::StringRef output,
                                       const Options &options,
                                       mlir::DialectRegistry &registry) {
  std::string problem;
  std::unique_ptr<llvm::MemoryBuffer> buffer =
      mlir::openInputFile(input, &problem);
  std::unique_ptr<llvm::ToolOutputFile> file;
  if (buffer)
    file = mlir::openOutputFile(output, &problem);
  if (!file) {
    llvm::errs() << problem << "\n";
    return mlir::failure();
  }
  auto config = mlir::MlirOptMainConfig::createFromCLOptions();
  ockham::VerifyRewritesOptions verify;
  verify.seed = options.seed;
  verify.remarks = options.verify == Verify::All;
  ockham::VerifyRewritesResult result;
  config.setPassPipelineSetupFn(
      [verify, result, parse = config](mlir::PassManager &pm) {
        ockham::verifyRewrites(pm, verify, result);
        return parse.setupPassPipeline(pm);
      });
  mlir::LogicalResult ran =
      mlir::MlirOptMain(file->os(), std::move(buffer), registry, config);
  // Expected diagnostics are what such a test is about.
  if (mlir::failed(ran) ||
      (result.hasFailed() && !config.shouldVerifyDiagnostics()))
    return mlir::failure();
  file->keep();
  return mlir::success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  mlir::DialectRegistry registry;
  ockham::registerEverything(registry);
  Options options;
  auto [input, output] = mlir::registerAndParseCLIOptions(
      argc, argv, "Ockham: passes over onnx, tfm and upstream dialects\n",
      registry);
  if (options.verify != Verify::None)
    return mlir::asMainReturnCode(
        runVerified(input, output, options, registry));
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, input, output, registry));
}
