//===- use-compiler.cpp - An installed compiler ---------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Parses a module with one operator.
#include "dialects/ONNX/ONNXDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

int main() {
  mlir::MLIRContext context;
  context.loadDialect<mlir::func::FuncDialect, ockham::onnx::ONNXDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(R"(
    func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
      %y = onnx.Exp %x : (tensor<?xf32>) -> tensor<?xf32>
      return %y : tensor<?xf32>
    })",
                                                        &context);
  return module ? 0 : 1;
}
