//===- Interpreter.h - The reference interpreter ----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs functions whose ops are `onnx`, `tfm`, `ockham` or the `tensor`,
// `arith`, `scf` and `func` ops around them, in plain loops. It is what every
// pass and every target is tested against, so it shares no code with folders or
// lowerings.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_INTERPRETER_INTERPRETER_H
#define OCKHAM_INTERPRETER_INTERPRETER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "ockham/Interpreter/Tensor.h"

#include <functional>

namespace ockham::interpreter {

enum class Precision {
  /// Every op computes in double from its operands' values and rounds its
  /// results to their element types. For +, -, *, / and sqrt of float32 this is
  /// float32 arithmetic; sums, norms, softmax and attention are as exact as
  /// their results can be.
  F32,
  /// Nothing is rounded: floating-point values of every type are doubles.
  F64
};

struct InterpreterOptions {
  Precision precision = Precision::F32;

  /// Called after every op that ran, also inside blocks and callees, with its
  /// results. May be empty.
  std::function<void(mlir::Operation *, llvm::ArrayRef<Tensor>)> observer;
};

/// Runs function `entry` of a verified module on `inputs`, in the order of its
/// arguments, and returns its results.
///
/// Errors name the input (`ockham.name`) or the op and its location: a wrong
/// number of inputs, a wrong element type, rank or extent, dimensions of one
/// name (`ockham.dims`) with two extents, an op that is not supported, a failed
/// ockham.check, an index outside its tensor, a result whose shape contradicts
/// its type, a weight without content.
llvm::Expected<std::vector<Tensor>>
interpret(mlir::ModuleOp module, llvm::StringRef entry,
          llvm::ArrayRef<Tensor> inputs, const InterpreterOptions &options);

/// The first op under `root` that interpret() cannot run, or null. Functions that
/// are not called count as well.
mlir::Operation *findUnsupportedOp(mlir::Operation *root);

/// Name of an argument or result in messages and on command lines: its
/// `ockham.name`, else "arg0", "result0".
std::string getInputName(mlir::func::FuncOp function, unsigned index);
std::string getOutputName(mlir::func::FuncOp function, unsigned index);

} // namespace ockham::interpreter

#endif // OCKHAM_INTERPRETER_INTERPRETER_H
