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

#endif // OCKHAM_OCKHAMDEVICEOPS
