//===- TileInterfaces.td - What kernels ask of targets ----*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TILEINTERFACES
#define OCKHAM_TILEINTERFACES

include "mlir/IR/OpBase.td"

def Tile_StrategyInterface : AttrInterface<"StrategyInterface"> {
  let cppNamespace = "::ockham::tile";
  let description = [{
    How one target runs a kernel. Each target has an attribute of its own; the
    kernel's verifier asks it whether the target can run the kernel that way.
  }];
  let methods = [
    InterfaceMethod<[{
        Emits an error, with both numbers, if the target cannot run the kernel
        so: a block that needs more registers than there are, a step that does
        not divide a panel, an element type without an instruction.
      }],
      "::llvm::LogicalResult", "verifyKernel",
      (ins "::mlir::Operation *":$kernel)>
  ];
}

#endif // OCKHAM_TILEINTERFACES
