//===- OckhamDialect.td - What belongs to the module ------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_OCKHAMDIALECT
#define OCKHAM_OCKHAMDIALECT

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Ockham_Dialect : Dialect {
  let name = "ockham";
  let cppNamespace = "::ockham";
  let summary = "Weights, checks and the host table of a model";
  let description = [{
    What every level of a model shares, whatever language its functions are
    written in at the moment:

    - **weights** are module symbols with memory-mapped bytes
      (`ockham.weight`, `ockham.load_weight`); they are never SSA or LLVM
      constants;
    - **checks** (`ockham.check`) refuse input values at run time with a
      message instead of undefined behaviour;
    - **the host table** (`include/ockham-c/ModelABI.h`) is reached through
      `ockham.parallel_for`, `ockham.allocate`, `ockham.release` and
      `ockham.output`, which exist between bufferization and LLVM only;
    - **the arena** (`ockham.workspace`, `ockham.byte_count`) holds the buffers
      whose sizes follow from the shapes of the inputs.

    Discardable attributes on an entry point and its arguments and results:

    - `ockham.entry = "forward"` on a function makes it an entry point of the
      compiled model, of that kind;
    - `ockham.workspace = @forward_workspace` on an entry point names the
      function that counts the bytes of its arena: of the same arguments, whose
      extents alone it reads, with one result of type index;
    - `ockham.name = "input_ids"` on an argument or result is its name in the
      model's signature;
    - `ockham.dims = ["batch", "sequence", ""]` names its dimensions, one string
      per dimension, empty where it has no name. Equal names in one function
      have equal extents.
  }];
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let useDefaultAttributePrinterParser = 1;
}

#endif // OCKHAM_OCKHAMDIALECT
