//===- OckhamOps.td - Weights, checks, the host table -----*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_OCKHAMOPS
#define OCKHAM_OCKHAMOPS

include "dialects/Ockham/OckhamDialect.td"
include "dialects/Ockham/OckhamAttrs.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Ockham_Op<string mnemonic, list<Trait> traits = []>
    : Op<Ockham_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

def Ockham_WeightOp : Ockham_Op<"weight", [Symbol]> {
  let summary = "A weight of the model";
  let description = [{
    A named tensor of the model: `type` is its logical type, `layout` says how
    its bytes lie (row-major unless stated), `source` is its name in the file
    that it came from and its key in a safetensors file.

    The layout `panels<W, interleave = I>` is that of `tile.pack`: of a matrix
    `[R, C]` the panels `[C/W, R/I, W * I]`, filled up with zeros; `panels<W>` if
    I is 1. `panels<W, transposed>` are those of the transpose. Value and loaded
    tensor then have the panels' shape; a recipe counts the elements of the
    tensor row by row in any layout.

    Its content is either `value` (for anything but tests a `dense_resource`,
    whose blob is a mapped file or a buffer handed over by the importer, never a
    copy) or an initialisation recipe. A weight with neither is declared only:
    its bytes come from a file when the model is loaded.

    Passes that change a weight create a new symbol and erase the old one when
    nothing loads it any more, which frees its blob.

    ```mlir
    ockham.weight @wte : tensor<50257x768xf32> from "wte.weight"
        = dense_resource<wte> : tensor<50257x768xf32>
    ockham.weight @big : tensor<4096x4096xf32>
        init #ockham.normal<mean = 0.0 : f64, std = 0.02 : f64, seed = 7>
    ```
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    TypeAttrOf<AnyStaticShapeTensor>:$type,
    OptionalAttr<StrAttr>:$source,
    DefaultValuedStrAttr<StrAttr, "row-major">:$layout,
    OptionalAttr<ElementsAttr>:$value,
    OptionalAttr<Ockham_NormalInitAttr>:$init);
  let assemblyFormat = [{
    $sym_name `:` $type (`from` $source^)?
    (`layout` $layout^)? (`=` $value^)? (`init` $init^)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getTensorType() {
      return ::llvm::cast<::mlir::RankedTensorType>(getType());
    }
    /// The type of the value and of what is loaded: that of the panels of a
    /// packed weight, else the logical type.
    ::mlir::RankedTensorType getStoredType();
    /// True if `layout` is row-major or one of panels that fit the type.
    bool isLayoutKnown();
    /// The bytes of the weight in its layout, row-major elements of the type's
    /// size (one byte per i1), or an empty array when it has none here.
    /// A splat or a dense attribute of another encoding is not expanded: use
    /// WeightData (lib/Support) for those.
    ::mlir::ArrayRef<char> getMappedBytes();
  }];
}

def Ockham_LoadWeightOp
    : Ockham_Op<"load_weight", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The value of a weight";
  let description = [{
    Gives the tensor that the weight symbol names; after bufferization the
    buffer, which must not be written, in the weight's layout. A weight of unsigned integers may be
    loaded as signless ones.

    ```mlir
    ockham.weight @wte : tensor<50257x768xf32>
    %w = ockham.load_weight @wte : tensor<50257x768xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs AnyTypeOf<[AnyStaticShapeTensor, AnyStaticShapeMemRef]>:$result);
  let assemblyFormat = "$weight `:` type($result) attr-dict";
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

// The write stands for the state of the call: a check is neither removed nor
// moved before another one.
def Ockham_CheckOp : Ockham_Op<"check", [MemoryEffects<[MemWrite]>]> {
  let summary = "Ends the call with a message unless the condition holds";
  let description = [{
    When the condition is false, the entry point returns
    OCKHAM_INVALID_ARGUMENT and the message; nothing after it runs. The message
    may contain one `{}` per value, which the value replaces.

    ```mlir
    ockham.check %ok, "input_ids: largest value is {}, must be below 50257"(%max) : index
    ```
  }];
  let arguments = (ins I1:$condition, StrAttr:$message,
                       Variadic<AnyTypeOf<[Index, I64]>>:$values);
  let assemblyFormat = [{
    $condition `,` $message (`(` $values^ `)` `:` type($values))? attr-dict
  }];
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}

//===----------------------------------------------------------------------===//
// The host table (between bufferization and LLVM)
//===----------------------------------------------------------------------===//

def Ockham_ParallelForOp : Ockham_Op<"parallel_for",
    [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Runs a function over a range on the host's threads";
  let description = [{
    Calls `body(begin, end, captures...)` for pieces of at least `grain`
    iterations that together are [0, count). Pieces run at the same time and in
    any order. Lowered to the host table's `parallel_for`; the captures travel
    through a struct on the caller's stack.

    ```mlir
    func.func private @body(index, index, memref<?xf32>, index)
    ockham.parallel_for @body count %n grain %g (%a, %b : memref<?xf32>, index)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$body, Index:$count, Index:$grain,
                       Variadic<AnyType>:$captures);
  let assemblyFormat = [{
    $body `count` $count `grain` $grain
    (`(` $captures^ `:` type($captures) `)`)? attr-dict
  }];
}

def Ockham_AllocateOp : Ockham_Op<"allocate",
    [MemoryEffects<[MemAlloc]>]> {
  let summary = "Memory from the host's allocate";
  let description = [{
    A buffer of OCKHAM_ALIGNMENT bytes alignment. When the host has none, the
    entry point returns OCKHAM_OUT_OF_MEMORY.

    ```mlir
    %buffer = ockham.allocate(%n) : memref<?x768xf32>
    ```
  }];
  let arguments = (ins Variadic<Index>:$dynamicSizes);
  let results = (outs Res<AnyMemRef, "", [MemAlloc<DefaultResource>]>:$memref);
  let assemblyFormat = [{
    `(` $dynamicSizes `)` `:` type($memref) attr-dict
  }];
  let hasVerifier = 1;
}

def Ockham_ReleaseOp : Ockham_Op<"release"> {
  let summary = "Gives memory back to the host";
  let description = [{
    The buffer comes from `ockham.allocate` and is not used afterwards. What is
    not released goes back when the call ends.

    ```mlir
    ockham.release %buffer : memref<?x768xf32>
    ```
  }];
  let arguments = (ins Arg<AnyMemRef, "", [MemFree]>:$memref);
  let assemblyFormat = "$memref `:` type($memref) attr-dict";
}

def Ockham_OutputOp : Ockham_Op<"output", [MemoryEffects<[MemAlloc]>]> {
  let summary = "The buffer of an output, now that its shape is known";
  let description = [{
    Asks the host for the memory of output `index`. When the caller gave a
    buffer that does not fit, the entry point returns OCKHAM_INVALID_ARGUMENT.

    ```mlir
    %logits = ockham.output 0 (%batch, %sequence) : memref<?x?x50257xf32>
    ```
  }];
  let arguments = (ins I32Attr:$index, Variadic<Index>:$dynamicSizes);
  let results = (outs Res<AnyMemRef, "", [MemAlloc<DefaultResource>]>:$memref);
  let assemblyFormat = [{
    $index `(` $dynamicSizes `)` `:` type($memref) attr-dict
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// The planned arena (docs/memory.md)
//===----------------------------------------------------------------------===//

def Ockham_ByteCountOp : Ockham_Op<"byte_count", [Pure]> {
  let summary = "Bytes that a dense buffer takes in the arena";
  let description = [{
    The size of a dense buffer of `type`, one operand per dynamic dimension,
    rounded up to OCKHAM_ALIGNMENT; a boolean takes a byte. An extent below 0
    counts as 0. 2^47 bytes or more, which no process can address, count as
    2^47, so that sums of these numbers do not overflow.

    ```mlir
    %bytes = ockham.byte_count(%n) : memref<?x768xf32>
    ```
  }];
  let arguments = (ins Variadic<Index>:$dynamicSizes, TypeAttrOf<AnyMemRef>:$type);
  let results = (outs Index:$bytes);
  let assemblyFormat = "`(` $dynamicSizes `)` `:` $type attr-dict";
  let hasVerifier = 1;
}

def Ockham_WorkspaceOp : Ockham_Op<"workspace", [MemoryEffects<[MemAlloc]>]> {
  let summary = "The arena of this call";
  let description = [{
    The call's workspace, of `bytes` bytes or more. The host was told how many
    by the entry point's `workspace_bytes`, the function that the attribute
    `ockham.workspace` names; where it brought fewer, the entry point returns
    OCKHAM_INVALID_ARGUMENT with both numbers.

    ```mlir
    %arena = ockham.workspace(%bytes) : memref<?xi8>
    %buffer = memref.view %arena[%offset][%n] : memref<?xi8> to memref<?x768xf32>
    ```
  }];
  let arguments = (ins Index:$bytes);
  let results = (outs
      Res<MemRefRankOf<[I8], [1]>, "", [MemAlloc<DefaultResource>]>:$arena);
  let assemblyFormat = "`(` $bytes `)` `:` type($arena) attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Devices
//===----------------------------------------------------------------------===//

def Ockham_LaunchOp : Ockham_Op<"launch",
    [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Launches a kernel of the model's device code";
  let description = [{
    Enqueues a kernel over a grid of `blocks`. A grid with an extent of 0 does
    nothing; a negative one counts as 0. Operands are what the kernel's
    parameters are: addresses of the device's memory (`!llvm.ptr`) and scalars
    (`index` has 64 bits). `number`, `threads` and `shared` are what the table of
    kernels says; they are added when all kernels are there
    (`--ockham-cuda-number-kernels`). Lowered to the host table's `launch`.

    ```mlir
    gpu.module @kernels {
      llvm.func @relu(!llvm.ptr, i64)
    }
    ockham.launch @kernels::@relu blocks(%n, %one, %one) (%x, %count)
        : !llvm.ptr, index
    ```
  }];
  let arguments = (ins SymbolRefAttr:$kernel, Index:$x, Index:$y, Index:$z,
                       Variadic<AnyType>:$parameters,
                       OptionalAttr<I32Attr>:$number,
                       OptionalAttr<DenseI32ArrayAttr>:$threads,
                       OptionalAttr<I32Attr>:$shared);
  let assemblyFormat = [{
    $kernel `blocks` `(` $x `,` $y `,` $z `)` `(` $parameters `)` attr-dict
    (`:` type($parameters)^)?
  }];
}

def Ockham_DeviceCopyOp : Ockham_Op<"device_copy"> {
  let summary = "Copies a dense buffer within the memory of the device";
  let description = [{
    Both buffers have the same shape, lie row by row without gaps, and do not
    overlap. Lowered to the host table's `device_copy`.

    ```mlir
    ockham.device_copy %from to %to : memref<?x768xf32> to memref<?x768xf32>
    ```
  }];
  let arguments = (ins Arg<AnyMemRef, "", [MemRead]>:$from,
                       Arg<AnyMemRef, "", [MemWrite]>:$to);
  let assemblyFormat =
      "$from `to` $to attr-dict `:` type($from) `to` type($to)";
}

def Ockham_DeviceLoadOp : Ockham_Op<"device_load"> {
  let summary = "Reads an element of the device's memory on the host";
  let description = [{
    Waits until all that was enqueued is done. Lowered to the host table's
    `device_read`.

    ```mlir
    %largest = ockham.device_load %m[%c0] : memref<1xi64> -> i64
    ```
  }];
  let arguments = (ins Arg<AnyMemRef, "", [MemRead]>:$memref,
                       Variadic<Index>:$indices);
  let results = (outs AnyType:$value);
  let assemblyFormat =
      "$memref `[` $indices `]` attr-dict `:` type($memref) `->` type($value)";
}

#endif // OCKHAM_OCKHAMOPS
