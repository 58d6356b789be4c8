//===- CUDAOps.td - Kernels of thread blocks --------------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TARGET_CUDA_CUDAOPS
#define OCKHAM_TARGET_CUDA_CUDAOPS

include "dialects/Tile/TileInterfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "ockham/Target/CUDA/CUDATypes.td"

class CUDA_Op<string mnemonic, list<Trait> traits = []>
    : Op<CUDA_Dialect, mnemonic, traits>;

// Types of the tile dialect, whose enums must not be generated again.
def CUDA_View : Type<CPred<"::llvm::isa<::ockham::tile::ViewType>($_self)">,
    "view", "::ockham::tile::ViewType">;
def CUDA_Slice : Type<CPred<"::llvm::isa<::ockham::tile::SliceType>($_self)">,
    "slice", "::ockham::tile::SliceType">;
def CUDA_Block : Type<
    And<[RankedTensorOf<[F16, BF16, F32, F64, I1, I32, I64]>.predicate,
         HasAnyRankOfPred<[2]>, HasStaticShapePred]>,
    "block, a static tensor of rank 2", "::mlir::RankedTensorType">;

//===----------------------------------------------------------------------===//
// Strategy
//===----------------------------------------------------------------------===//

def CUDA_DotKind : I32EnumAttr<"DotKind", "what computes products", [
    I32EnumAttrCase<"None", 0, "none">,
    I32EnumAttrCase<"FMA", 1, "fma">,
    I32EnumAttrCase<"MMA", 2, "mma">,
    I32EnumAttrCase<"TF32", 3, "tf32">]> {
  let cppNamespace = "::ockham::cuda";
  let genSpecializedAttr = 0;
}
def CUDA_DotKindAttr : EnumAttr<CUDA_Dialect, CUDA_DotKind, "dot_kind"> {
  let assemblyFormat = "$value";
}

def CUDA_StrategyAttr : AttrDef<CUDA_Dialect, "Strategy",
    [DeclareAttrInterfaceMethods<Tile_StrategyInterface>]> {
  let mnemonic = "strategy";
  let summary = "How a thread block runs a point of the grid";
  let description = [{
    - `arch`: the compute capability that the kernel needs, 80 for sm_80.
    - `dot`: what computes products: `mma` (mma.sync on 16-bit factors), `tf32`
      (mma.sync on f32 that is rounded to 11 bits), `fma` (scalar multiply-adds),
      or `none` where there are no products.
    - `warps`, `lanes`: rows x columns of the threads on a block. A warp has 32
      lanes. Each warp has a contiguous part of a block's rows and columns; in
      it, a thread has each `lanes`-th row, and of the columns `vector`
      neighbours in each `lanes * vector` of them. The accumulators of mma.sync
      are lanes = [8, 4] with vector = 2. A block of one row is in all threads
      that hold its columns, one of one column in all that hold its rows.
    - `stages`: windows of a loop's streams that are in shared memory at a time.
    - `fastest`: the dimension of the grid along which neighbouring thread
      blocks go.
    - `slices`: into how many parts the depth of products is cut. Each part has
      as many warps as `warps` says; their sums are added up behind the loop.
      The products are running sums of loops, from zero on, of windows whose
      depth is a multiple of 16 (mma), 8 (tf32) or 4 (fma) for each slice.
    - `shared`: the bytes of shared memory that a block may have, if there are
      GPUs to run the kernel that have less of it than `arch`; 0 if not.

    ```mlir
    #ockham_cuda.strategy<arch = 80, dot = mma, warps = [2, 2], lanes = [8, 4], vector = 2, stages = 4>
    ```
  }];
  let parameters = (ins "int64_t":$arch, "DotKind":$dot,
                        ArrayRefParameter<"int64_t">:$warps,
                        ArrayRefParameter<"int64_t">:$lanes,
                        "int64_t":$vector,
                        DefaultValuedParameter<"int64_t", "1">:$stages,
                        DefaultValuedParameter<"int64_t", "0">:$fastest,
                        DefaultValuedParameter<"int64_t", "0">:$shared,
                        DefaultValuedParameter<"int64_t", "1">:$slices);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    /// Threads of a block.
    int64_t getThreads() const {
      return 32 * getWarps()[0] * getWarps()[1] * getSlices();
    }
    bool usesTensorCores() const {
      return getDot() == DotKind::MMA || getDot() == DotKind::TF32;
    }
    /// How many products for each element one instruction, or one load of
    /// factors, is for.
    int64_t getDotDepth() const {
      return getDot() == DotKind::MMA ? 16 : getDot() == DotKind::TF32 ? 8 : 4;
    }
    /// Bytes of shared memory that a block may have.
    int64_t getMostShared() const;
  }];
}

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

def CUDA_SharedOp : CUDA_Op<"shared", [Pure]> {
  let summary = "A place in shared memory";
  let description = [{
    The windows from byte `offset` of a block's shared memory on. Buffers that
    are not used at the same time may overlap.

    ```mlir
    %a = ockham_cuda.shared at 0 : !ockham_cuda.buffer<128x32xbf16, stages = 4>
    ```
  }];
  let arguments = (ins I64Attr:$offset);
  let results = (outs CUDA_BufferType:$buffer);
  let assemblyFormat = "`at` $offset attr-dict `:` type($buffer)";
  let hasVerifier = 1;
}

def CUDA_CopyOp : CUDA_Op<"copy"> {
  let summary = "Copies a window of a view into shared memory";
  let description = [{
    The window at `[row, col]` of the view becomes number `number + ahead` of
    the buffer, by all threads together. Elements outside the view are zero. The
    copy is made of pieces of `bytes` bytes (16, 8 or 4), asynchronous ones
    (cp.async), or, where rows of the view do not begin at a multiple of 4 bytes
    (`bytes = 0`), element by element through registers. With `when`, only if
    that holds.

    ```mlir
    ockham_cuda.copy %v[%i, %k] to %a[%n + 3] bytes 16 when %more
        : !tile.view<?x768xbf16> -> !ockham_cuda.buffer<128x32xbf16, stages = 4>
    ```
  }];
  let arguments = (ins CUDA_View:$view, Index:$row, Index:$col,
                       CUDA_BufferType:$buffer, Index:$number, I64Attr:$ahead,
                       I64Attr:$bytes, Optional<I1>:$condition);
  let assemblyFormat = [{
    $view `[` $row `,` $col `]` `to` $buffer `[` $number `+` $ahead `]`
    `bytes` $bytes (`when` $condition^)? attr-dict
    `:` type($view) `->` type($buffer)
  }];
  let hasVerifier = 1;
}

def CUDA_AcquireOp : CUDA_Op<"acquire"> {
  let summary = "A window in shared memory, from here on read";
  let description = [{
    Number `number` of a buffer as an operand of products. Reads of the window
    lie behind this op: what wrote it must be synchronised before.

    ```mlir
    %x = ockham_cuda.acquire %a[%n]
        : !ockham_cuda.buffer<128x32xbf16, stages = 4> -> !tile.slice<128x32xbf16>
    ```
  }];
  let arguments = (ins CUDA_BufferType:$buffer, Index:$number);
  let results = (outs CUDA_Slice:$window);
  let assemblyFormat = [{
    $buffer `[` $number `]` attr-dict `:` type($buffer) `->` type($window)
  }];
  let hasVerifier = 1;
}

def CUDA_PutOp : CUDA_Op<"put"> {
  let summary = "Writes a block to shared memory";
  let description = [{
    ```mlir
    ockham_cuda.put %p to %s : tensor<64x64xf32> -> !ockham_cuda.buffer<64x64xf32>
    ```
  }];
  let arguments = (ins CUDA_Block:$value, CUDA_BufferType:$buffer);
  let assemblyFormat =
      "$value `to` $buffer attr-dict `:` type($value) `->` type($buffer)";
  let hasVerifier = 1;
}

def CUDA_GetKind : I32EnumAttr<"GetKind", "how a block is read", [
    I32EnumAttrCase<"Transpose", 0, "transpose">,
    I32EnumAttrCase<"Even", 1, "even">,
    I32EnumAttrCase<"Odd", 2, "odd">,
    I32EnumAttrCase<"Scan", 3, "scan">]> {
  let cppNamespace = "::ockham::cuda";
  let genSpecializedAttr = 0;
}
def CUDA_GetKindAttr : EnumAttr<CUDA_Dialect, CUDA_GetKind, "get_kind">;

def CUDA_GetOp : CUDA_Op<"get"> {
  let summary = "Reads a block from shared memory, in another order";
  let description = [{
    What a thread gets was other threads': the transpose, the even or the odd
    columns, or running sums down the columns (`scan`).

    ```mlir
    %t = ockham_cuda.get transpose %s
        : !ockham_cuda.buffer<64x16xf32> -> tensor<16x64xf32>
    ```
  }];
  let arguments = (ins CUDA_GetKindAttr:$kind, CUDA_BufferType:$buffer);
  let results = (outs CUDA_Block:$result);
  let assemblyFormat =
      "$kind $buffer attr-dict `:` type($buffer) `->` type($result)";
  let hasVerifier = 1;
}

def CUDA_PartKind : I32EnumAttr<"PartKind", "what a reduction computes", [
    I32EnumAttrCase<"Max", 0, "max">,
    I32EnumAttrCase<"Sum", 1, "sum">,
    I32EnumAttrCase<"MaxNum", 2, "maxnum">,
    I32EnumAttrCase<"Slices", 3, "slices">]> {
  let cppNamespace = "::ockham::cuda";
  let genSpecializedAttr = 0;
}
def CUDA_PartKindAttr : EnumAttr<CUDA_Dialect, CUDA_PartKind, "part_kind">;

def CUDA_PutPartOp : CUDA_Op<"put_part"> {
  let summary = "Each warp's part of a reduction, to shared memory";
  let description = [{
    Reduces the columns that each warp has of a row. The buffer has a row per
    warp beside others, and a column per row of the block.

    With `slices`, each slice of a product's depth puts its sums, one block below
    the other.

    ```mlir
    ockham_cuda.put_part sum %x to %s
        : tensor<4x1024xf32> -> !ockham_cuda.buffer<4x4xf32>
    ```
  }];
  let arguments = (ins CUDA_PartKindAttr:$kind, CUDA_Block:$value,
                       CUDA_BufferType:$buffer);
  let assemblyFormat = [{
    $kind $value `to` $buffer attr-dict `:` type($value) `->` type($buffer)
  }];
  let hasVerifier = 1;
}

def CUDA_GetWholeOp : CUDA_Op<"get_whole"> {
  let summary = "A reduction from what all warps have put";
  let description = [{
    One number per row of the block, the same in all warps that have the row;
    with `slices`, the sum of the blocks that lie below each other.

    ```mlir
    %r = ockham_cuda.get_whole sum %s
        : !ockham_cuda.buffer<4x4xf32> -> tensor<4x1xf32>
    ```
  }];
  let arguments = (ins CUDA_PartKindAttr:$kind, CUDA_BufferType:$buffer);
  let results = (outs CUDA_Block:$result);
  let assemblyFormat =
      "$kind $buffer attr-dict `:` type($buffer) `->` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Synchronisation
//===----------------------------------------------------------------------===//

def CUDA_BarrierOp : CUDA_Op<"barrier"> {
  let summary = "All threads of a block meet";
  let description = [{
    ```mlir
    ockham_cuda.barrier
    ```
  }];
  let assemblyFormat = "attr-dict";
}

def CUDA_CommitOp : CUDA_Op<"commit"> {
  let summary = "Ends a group of asynchronous copies";
  let description = [{
    ```mlir
    ockham_cuda.commit
    ```
  }];
  let assemblyFormat = "attr-dict";
}

def CUDA_WaitOp : CUDA_Op<"wait"> {
  let summary = "Waits for a thread's own copies";
  let description = [{
    Until at most `groups` groups of this thread are under way, the latest ones.

    ```mlir
    ockham_cuda.wait 2
    ```
  }];
  let arguments = (ins I64Attr:$groups);
  let assemblyFormat = "$groups attr-dict";
}

//===----------------------------------------------------------------------===//
// Host code
//===----------------------------------------------------------------------===//

def CUDA_LaunchOp : CUDA_Op<"launch", [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Launches a kernel of the module's device code";
  let description = [{
    `blocks` are the extents of the grid in thread blocks. A launch of nothing
    (an extent of 0) does nothing. Arguments are device pointers, as
    `!llvm.ptr`, and scalars, in the order and of the types of the kernel's
    parameters (`index` is 64 bits there). How many threads a block has and how
    much dynamic shared memory is written on the kernel (docs/cuda.md).

    ```mlir
    ockham_cuda.launch @kernels::@relu blocks(%n, %one, %one) (%x, %y, %m)
        : !llvm.ptr, !llvm.ptr, index
    ```
  }];
  let arguments = (ins SymbolRefAttr:$kernel, Index:$x, Index:$y, Index:$z,
                       Variadic<AnyType>:$arguments);
  let assemblyFormat = [{
    $kernel `blocks` `(` $x `,` $y `,` $z `)` `(` $arguments `)` attr-dict
    (`:` type($arguments)^)?
  }];
}

#endif // OCKHAM_TARGET_CUDA_CUDAOPS
