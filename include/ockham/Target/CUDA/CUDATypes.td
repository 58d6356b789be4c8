//===- CUDATypes.td - Windows in shared memory ------------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TARGET_CUDA_CUDATYPES
#define OCKHAM_TARGET_CUDA_CUDATYPES

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def CUDA_Dialect : Dialect {
  let name = "ockham_cuda";
  let cppNamespace = "::ockham::cuda";
  let summary = "Kernels of thread blocks, from strategy to launch";
  let description = [{
    The strategy of the CUDA target, an attribute of `tile.kernel`; what a
    kernel's body has once it is staged (`--ockham-cuda-stage`): windows in
    shared memory, copies into them, and the synchronisation that
    `--ockham-cuda-synchronize` makes of what these ops read and write; and the
    launch that is left in host code.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

def CUDA_BufferType : TypeDef<CUDA_Dialect, "Buffer"> {
  let mnemonic = "buffer";
  let summary = "Windows in shared memory";
  let description = [{
    Room for `stages` windows of one size. A window's columns lie in groups of
    at most 128 bytes, and in a group row after row. The pieces of 16 bytes of
    a row change places, so that rows below each other lie in different banks:
    the swizzles of 128, 64 and 32 bytes that copies of tensors know as well.

    ```mlir
    func.func private @types(!ockham_cuda.buffer<128x32xbf16, stages = 4>,
                             !ockham_cuda.buffer<64x64xf32>)
    ```
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$cols,
                        "::mlir::Type":$elementType, "int64_t":$stages);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t getElementBytes() const;
    /// Columns of a group, a power of two and a multiple of 16 bytes.
    int64_t getGroupCols() const;
    /// Rows and columns with those that fill up a group, and 16 of each.
    int64_t getPaddedRows() const;
    int64_t getPaddedCols() const;
    /// Bytes of one window, and of all.
    int64_t getWindowBytes() const;
    int64_t getBytes() const { return getStages() * getWindowBytes(); }
  }];
}

#endif // OCKHAM_TARGET_CUDA_CUDATYPES
