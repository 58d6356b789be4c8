//===- Compile.h - A model file to a shared library -------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_DRIVER_COMPILE_H
#define OCKHAM_DRIVER_COMPILE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlir {
class Diagnostic;
class MLIRContext;
class DialectRegistry;
} // namespace mlir

namespace ockham {

/// How far a compilation goes, and so what it writes.
enum class EmitKind {
  ONNX,   ///< The imported module, as text.
  Tfm,    ///< After the transformer passes, as text.
  Linalg, ///< linalg on tensors, as text.
  LLVM,   ///< The LLVM dialect, as text.
  Object, ///< An object file without the weights.
  Library ///< The model: a shared library.
};

/// Types of floats in memory. Sums are f32 in all of them.
enum class Precision {
  F32, ///< As the model says.
  BF16,
  F16
};

/// What a model is compiled for.
enum class TargetKind { CPU, CUDA };

/// How a model file is read.
struct ReadOptions {
  /// Extents for dimensions that the file names.
  std::vector<std::pair<std::string, int64_t>> dims;
  bool allowExternalPaths = false;
  /// What will be written: a file that holds the model's weights is refused.
  std::vector<std::string> outputs;
};

struct CompileOptions : ReadOptions {
  std::string input;  ///< .onnx, or .mlir with onnx or tfm functions.
  std::string output; ///< "-" for standard output (text kinds only).
  EmitKind emit = EmitKind::Library;
  /// Whether `ockham-simplify` runs behind `ockham-raise`.
  bool simplify = true;
  /// Passes that run on the imported module in place of both; what they leave
  /// is lowered as usual.
  std::optional<std::string> passes;
  /// Empty to embed, else the safetensors file to write them to.
  std::string weightFile;
  TargetKind target = TargetKind::CPU;
  /// Of the target CUDA: architectures, e.g. "sm_80,sm_90a".
  std::string arch = "sm_80";
  /// Of the target CUDA: spilled registers and warnings of ptxas's about what
  /// it could not do well are errors.
  bool strictKernels = false;
  /// Of the target CPU. A host program for CUDA runs on any machine.
  std::string cpu = "native";
  /// Of the weights of linears.
  Precision precision = Precision::F32;
  /// For CUDA: factors of f32 products are rounded to tf32, for tensor cores.
  bool tf32 = false;
  /// Of activations; without it what the target is fastest with.
  std::optional<Precision> activations;
  /// Prints text kinds with the bytes of the weights, so that the file can be
  /// read again.
  bool printWeights = false;
  /// Interprets the module before and after each pass on onnx and tfm, and
  /// fails where it computes something else (docs/verification.md).
  bool verifyRewrites = false;
  /// Puts the tables of --ockham-plan-memory into the summary.
  bool printMemoryPlan = false;
  /// The command line, for the model's own record.
  std::string commandLine;
};

/// Receives what the compiler has to say while it works.
struct CompileLog {
  /// A stage begins, e.g. "importing".
  llvm::function_ref<void(llvm::StringRef)> stage;
  /// A remark, one line: what was not recognised, and why.
  llvm::function_ref<void(llvm::StringRef)> message;
  /// A warning, one line: what in the model may not be as its user thinks.
  llvm::function_ref<void(llvm::StringRef)> warning;
  /// Receives remarks as they are, before `message` does: for tools that ask
  /// who spoke.
  llvm::function_ref<void(mlir::Diagnostic &)> remark = {};
};

/// What a simplification pass did, and what it had to leave.
struct RewriteCount {
  std::string pass; ///< Its argument, e.g. "tfm-fold-norms".
  unsigned done = 0, kept = 0;
};

/// What became of a model until code is generated, or it is exported.
struct ModelSummary {
  /// After simplification, and before.
  uint64_t parameters = 0, weightBytes = 0;
  uint64_t parametersBefore = 0, weightBytesBefore = 0;
  /// What heads that were tied to the embedding take for themselves.
  uint64_t untiedBytes = 0;
  /// Block kinds in order of appearance with their numbers, e.g. 12 pre_norm.
  std::vector<std::pair<std::string, unsigned>> blocks;
  /// Operators that stayed onnx, with their numbers.
  std::vector<std::pair<std::string, unsigned>> unraised;
  /// By pass, in the order in which they spoke.
  std::vector<RewriteCount> rewrites;
};

struct CompileSummary : ModelSummary {
  uint64_t outputBytes = 0;
  std::string memoryPlan; ///< Tables, one per entry point.
};

/// Compiles a model. On an error nothing is left at `output`, and a file that
/// stood there before is untouched.
llvm::Expected<CompileSummary> compileModel(const CompileOptions &options,
                                            const CompileLog &log);

/// Reads an .onnx file, or an .mlir file, into a verified module.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
readModel(llvm::StringRef path, mlir::MLIRContext &context,
          const ReadOptions &options, const CompileLog &log);

/// Runs a textual pass pipeline on the module.
llvm::Error runPasses(mlir::ModuleOp module, llvm::StringRef pipeline,
                      const CompileLog &log, bool verifyRewrites = false);

} // namespace ockham

#endif // OCKHAM_DRIVER_COMPILE_H
