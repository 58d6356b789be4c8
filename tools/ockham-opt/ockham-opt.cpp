//===- ockham-opt.cpp - Run passes over modules ---------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "ockham/Support/Registration.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  ockham::registerEverything(registry);
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "Ockham: passes over onnx, tfm and upstream dialects\n",
      registry));
}
