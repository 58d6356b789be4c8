//===- OckhamDeviceOps.td - The host table and kernels ----*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_OCKHAMDEVICEOPS
#define OCKHAM_OCKHAMDEVICEOPS

include "dialects/Ockham/OckhamOps.td"

def Ockham_CheckRecordOp : Ockham_Op<"check_record",
                                     [MemoryEffects<[MemAlloc]>]> {
  let summary = "Gives the record on the device of a check that a kernel makes";
  let description = [{
    A kernel that finds the check to fail, and the first element 0, sets those
    behind it to the values of the message and the first one to 1. The call then
    fails with OCKHAM_INVALID_ARGUMENT and the message, though not before the
    kernels that it launches have run. Lowered to the host table's
    `device_check`.

    ```mlir
    %record = ockham.check_record "id {} is outside the table of {} rows" values 2 : memref<8xi64>
    ```
  }];
  let arguments = (ins StrAttr:$message, I32Attr:$values);
  let results = (outs MemRefOf<[I64]>:$record);
  let assemblyFormat =
      "$message `values` $values attr-dict `:` type($record)";
  let hasVerifier = 1;
}

def Ockham_BranchesOp : Ockham_Op<"branches", [NoTerminator, SingleBlock]> {
  let summary = "What a device may do side by side";
  let description = [{
    Each region enqueues work for the device that does not depend on that of the
    others: nothing that one of them writes is read or written by another one.
    What stands behind the op comes after all of them. All regions are one step
    of the program, so that a memory plan gives no byte to two of them.

    ```mlir
    ockham.branches {
      memref.copy %q, %a : memref<?x64xf32> to memref<?x64xf32>
    }, {
      memref.copy %f, %g : memref<?x256xf32> to memref<?x256xf32>
    }
    ```
  }];
  let regions = (region VariadicRegion<SizedRegion<1>>:$branches);
  let assemblyFormat = "$branches attr-dict";
  let hasVerifier = 1;
}

def Ockham_DeviceBranchOp : Ockham_Op<"device_branch"> {
  let summary = "Says to which branch what follows belongs";
  let description = [{
    With a number, what is enqueued from here on does not depend on what other
    branches enqueue, up to the next op without a number, behind which everything
    comes after all branches. Lowered to the host table's `device_branch`.

    ```mlir
    ockham.device_branch 0
    memref.copy %q, %a : memref<?x64xf32> to memref<?x64xf32>
    ockham.device_branch 1
    memref.copy %f, %g : memref<?x256xf32> to memref<?x256xf32>
    ockham.device_branch
    ```
  }];
  let arguments = (ins OptionalAttr<ConfinedAttr<I32Attr, [IntNonNegative]>>:$number);
  let assemblyFormat = "($number^)? attr-dict";
}

#endif // OCKHAM_OCKHAMDEVICEOPS
