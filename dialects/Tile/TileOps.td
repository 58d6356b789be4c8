//===- TileOps.td - Kernels, windows, products ------------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TILEOPS
#define OCKHAM_TILEOPS

include "dialects/Tile/TileDialect.td"
include "dialects/Tile/TileInterfaces.td"
include "dialects/Tile/TileTypes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

def Tile_KernelOp : Tile_Op<"kernel", [
    IsolatedFromAbove, Symbol, RecursiveMemoryEffects,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>,
    SingleBlockImplicitTerminator<"ReturnOp">]> {
  let summary = "A kernel: what one point of a grid computes";
  let description = [{
    The body runs for every point of the grid, in any order and side by side.
    It has no results and stores what it computes; different points store to
    different places.

    `grid(%i to %m step 8)` names one dimension of the grid: %i is 0, 8, 16, ...
    while it is less than %m, which is given at the launch. Arguments are views
    and scalars.

    `strategy` is how a target runs the kernel. It changes nothing in what the
    kernel means.

    ```mlir
    tile.kernel @relu(%x: !tile.view<?x64xf32>, %y: !tile.view<?x64xf32>)
        grid(%i to %m step 8) {
      %c0 = arith.constant 0 : index
      %zero = arith.constant dense<0.0> : tensor<8x64xf32>
      %0 = tile.load %x[%i, %c0] : !tile.view<?x64xf32> -> tensor<8x64xf32>
      %1 = arith.maximumf %0, %zero : tensor<8x64xf32>
      tile.store %1, %y[%i, %c0] : tensor<8x64xf32>, !tile.view<?x64xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       DenseI64ArrayAttr:$steps,
                       OptionalAttr<AnyAttr>:$strategy);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    /// A kernel whose body is empty but for its terminator.
    OpBuilder<(ins "::llvm::StringRef":$name,
                   "::mlir::TypeRange":$argumentTypes,
                   "::llvm::ArrayRef<int64_t>":$steps)>
  ];
  let extraClassDeclaration = [{
    ::mlir::Block &getBlock() { return getBody().front(); }
    unsigned getGridRank() { return getSteps().size(); }
    unsigned getNumKernelArguments() {
      return getBlock().getNumArguments() - 2 * getGridRank();
    }
    /// Views and scalars, without the grid.
    ::llvm::ArrayRef<::mlir::BlockArgument> getKernelArguments() {
      return getBlock().getArguments().take_front(getNumKernelArguments());
    }
    /// The point of the grid, one index per dimension.
    ::llvm::ArrayRef<::mlir::BlockArgument> getGridIndices() {
      return getBlock().getArguments().slice(getNumKernelArguments(),
                                             getGridRank());
    }
    /// How far the grid goes.
    ::llvm::ArrayRef<::mlir::BlockArgument> getGridExtents() {
      return getBlock().getArguments().take_back(getGridRank());
    }
  }];
}

def Tile_ReturnOp : Tile_Op<"return", [Pure, Terminator,
    HasParent<"KernelOp">]> {
  let summary = "Ends a kernel";
  let description = [{
    A kernel stores its results, so there is nothing to give.

    ```mlir
    tile.kernel @nothing(%x: !tile.view<?x64xf32>) grid(%i to %m step 8) {
      tile.return
    }
    ```
  }];
  let assemblyFormat = "attr-dict";
}

def Tile_LaunchOp : Tile_Op<"launch", [
    AttrSizedOperandSegments, DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Runs a kernel on tensors";
  let description = [{
    Runs the kernel over the grid that `grid` gives in elements. The kernel's
    arguments are `ins`, then `outs`. It reads and writes the tensors of `outs`;
    the results are what they are afterwards. After bufferization the operands
    are buffers and there are no results.

    A tensor stands for a view as a matrix: its last dimension are the columns,
    all others together the rows; a vector is one row, a scalar tensor one
    element. A packed view takes `[panels, rows / I, panel * I]`.

    ```mlir
    tile.kernel @relu(%x: !tile.view<?x64xf32>, %y: !tile.view<?x64xf32>)
        grid(%i to %m step 8) {
      %c0 = arith.constant 0 : index
      %0 = tile.load %x[%i, %c0] : !tile.view<?x64xf32> -> tensor<8x64xf32>
      tile.store %0, %y[%i, %c0] : tensor<8x64xf32>, !tile.view<?x64xf32>
    }
    func.func @f(%x: tensor<2x?x64xf32>, %y: tensor<2x?x64xf32>, %m: index)
        -> tensor<2x?x64xf32> {
      %r = tile.launch @relu grid[%m] ins(%x : tensor<2x?x64xf32>)
          outs(%y : tensor<2x?x64xf32>) -> tensor<2x?x64xf32>
      return %r : tensor<2x?x64xf32>
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<Index>:$grid,
                       Variadic<AnyType>:$inputs, Variadic<AnyShaped>:$outputs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $kernel `grid` `[` $grid `]` (`ins` `(` $inputs^ `:` type($inputs) `)`)?
    (`outs` `(` $outputs^ `:` type($outputs) `)`)? attr-dict
    (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return getOutputsMutable();
    }
  }];
}

def Tile_PackOp : Tile_Op<"pack", [Pure]> {
  let summary = "A matrix in panels";
  let description = [{
    The matrix `[R, C]`, or its transpose when `transposed`, in the layout of
    `!tile.view<RxCxT, panels<W, interleave = I>>`: `[C/W, R/I, W * I]`, filled up
    with zeros. Stands around kernels, not in them; packing a weight is done when
    compiling (`--tile-pack-weights`). Floats may become narrower on the way,
    rounded to the nearest, ties to even.

    ```mlir
    %p = tile.pack %w panels 48 : tensor<768x2304xf32> -> tensor<48x768x48xf32>
    %h = tile.pack %wte panels 48 transposed
        : tensor<50257x768xf32> -> tensor<1048x768x48xf32>
    %n = tile.pack %w panels 48 interleave 2
        : tensor<768x2304xf32> -> tensor<48x384x96xbf16>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$matrix, I64Attr:$panel,
                       UnitAttr:$transposed,
                       DefaultValuedAttr<I64Attr, "1">:$interleave);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $matrix `panels` $panel (`interleave` $interleave^)?
    (`transposed` $transposed^)? attr-dict
    `:` type($matrix) `->` type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

def Tile_SubviewOp : Tile_Op<"subview", [Pure]> {
  let summary = "A smaller view";
  let description = [{
    The window of `rows` x `cols` elements at `[row, col]`, as a view whose
    extents are its own: what lies outside of it is not read, though it may
    exist. The window lies inside the view. In a packed view `col` is a multiple
    of the panel, and the rows are all rows.

    ```mlir
    %head = tile.subview %q[%first, %col] [%t, %d]
        : !tile.view<?x768xf32> -> !tile.view<?x64xf32>
    ```
  }];
  let arguments = (ins Tile_ViewType:$view, Index:$row, Index:$col,
                       Index:$rows, Index:$cols);
  let results = (outs Tile_ViewType:$result);
  let assemblyFormat = [{
    $view `[` $row `,` $col `]` `[` $rows `,` $cols `]` attr-dict
    `:` type($view) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_LoadOp : Tile_Op<"load", [MemoryEffects<[MemRead]>]> {
  let summary = "A block of a view";
  let description = [{
    The block at `[row, col]`. Elements outside the view are zero.

    ```mlir
    %x = tile.load %v[%i, %j] : !tile.view<?x768xf32> -> tensor<8x48xf32>
    ```
  }];
  let arguments = (ins Tile_ViewType:$view, Index:$row, Index:$col);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = [{
    $view `[` $row `,` $col `]` attr-dict `:` type($view) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_GatherOp : Tile_Op<"gather", [MemoryEffects<[MemRead]>]> {
  let summary = "A block whose rows are rows of a view, by index";
  let description = [{
    Row r of the block is row `rows[r]` of the view, from column `col` on: rows
    of an embedding, pages of a cache. When `transposed` it is column `rows[r]`,
    from row `col` on: a row of a table that a product has in panels. Elements
    outside the view are zero.

    ```mlir
    %x = tile.gather %table[%ids, %j]
        : !tile.view<50257x768xf32>, tensor<8x1xi32> -> tensor<8x48xf32>
    %y = tile.gather %packed[%ids, %j] transposed
        : !tile.view<768x50257xf32, panels<48>>, tensor<8x1xi32> -> tensor<8x48xf32>
    ```
  }];
  let arguments = (ins Tile_ViewType:$view, Tile_IntBlock:$rows, Index:$col,
                       UnitAttr:$transposed);
  let results = (outs Tile_Block:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$view,
      "::mlir::Value":$rows, "::mlir::Value":$col), [{
    build($_builder, $_state, result, view, rows, col, /*transposed=*/false);
  }]>];
  let assemblyFormat = [{
    $view `[` $rows `,` $col `]` (`transposed` $transposed^)? attr-dict
    `:` type($view) `,` type($rows) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_StoreOp : Tile_Op<"store", [MemoryEffects<[MemWrite]>]> {
  let summary = "Writes a block to a view";
  let description = [{
    Elements outside the view are not written.

    ```mlir
    tile.store %x, %v[%i, %j] : tensor<8x48xf32>, !tile.view<?x768xf32>
    ```
  }];
  let arguments = (ins Tile_Block:$value, Tile_ViewType:$view, Index:$row,
                       Index:$col);
  let assemblyFormat = [{
    $value `,` $view `[` $row `,` $col `]` attr-dict
    `:` type($value) `,` type($view)
  }];
  let hasVerifier = 1;
}

def Tile_SliceOp : Tile_Op<"slice", [Pure]> {
  let summary = "A window of a view, not in registers";
  let description = [{
    The window at `[row, col]`, an operand of `tile.dot`. What it reads is
    written by no point of the grid.

    ```mlir
    %q = tile.slice %v[%i, %c0] : !tile.view<?x64xf32> -> !tile.slice<8x64xf32>
    ```
  }];
  let arguments = (ins Tile_ViewType:$view, Index:$row, Index:$col);
  let results = (outs Tile_SliceType:$result);
  let assemblyFormat = [{
    $view `[` $row `,` $col `]` attr-dict `:` type($view) `->` type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

def Tile_DotOp : Tile_Op<"dot", [
    AllTypesMatch<["acc", "result"]>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "A product of blocks, added to an accumulator";
  let description = [{
    `acc + lhs rhs`, or `acc + lhs rhs^T` when `transposed`, with sums in the
    accumulator's type. Operands are windows or blocks. A contracted position
    that lies outside of an operand's view adds nothing.

    ```mlir
    %1 = tile.dot %acc, %a, %b
        : tensor<8x48xf32>, !tile.slice<8x2xf32>, !tile.slice<2x48xf32, panels<48>>
    %2 = tile.dot %scores, %q, %k transposed
        : tensor<8x64xf32>, !tile.slice<8x64xf32>, !tile.slice<64x64xf32>
    ```
  }];
  let arguments = (ins Tile_FloatBlock:$acc,
                       AnyTypeOf<[Tile_SliceType, Tile_FloatBlock]>:$lhs,
                       AnyTypeOf<[Tile_SliceType, Tile_FloatBlock]>:$rhs,
                       UnitAttr:$transposed);
  let results = (outs Tile_FloatBlock:$result);
  let assemblyFormat = [{
    $acc `,` $lhs `,` $rhs (`transposed` $transposed^)? attr-dict
    `:` type($acc) `,` type($lhs) `,` type($rhs)
  }];
  let hasVerifier = 1;
}

def Tile_ReduceOp : Tile_Op<"reduce", [Pure]> {
  let summary = "The maximum or the sum of each row";
  let description = [{
    `Mx1` from `MxN`. `max` of a row with a NaN is a NaN; `maxnum` leaves NaNs
    out, and is minus infinity where there is nothing else.

    ```mlir
    %m = tile.reduce max %x : tensor<8x64xf32> -> tensor<8x1xf32>
    ```
  }];
  let arguments = (ins Tile_ReduceKindAttr:$kind, Tile_FloatBlock:$input);
  let results = (outs Tile_FloatBlock:$result);
  let assemblyFormat = [{
    `` $kind $input attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_ScanOp : Tile_Op<"scan", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Running sums down the columns";
  let description = [{
    Row i of the result is the sum of the rows 0 to i.

    ```mlir
    %s = tile.scan %x : tensor<8x64xf32>
    ```
  }];
  let arguments = (ins Tile_FloatBlock:$input);
  let results = (outs Tile_FloatBlock:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Tile_TransposeOp : Tile_Op<"transpose", [Pure]> {
  let summary = "Rows as columns";
  let description = [{
    `NxM` from `MxN`.

    ```mlir
    %t = tile.transpose %x : tensor<16x8xf32> -> tensor<8x16xf32>
    ```
  }];
  let arguments = (ins Tile_Block:$input);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_DeinterleaveOp : Tile_Op<"deinterleave", [Pure,
    AllTypesMatch<["even", "odd"]>]> {
  let summary = "The even and the odd columns";
  let description = [{
    Two blocks of `MxN` from one of `Mx2N`: neighbours that a rotary embedding
    turns together.

    ```mlir
    %a, %b = tile.deinterleave %x : tensor<8x16xf32> -> tensor<8x8xf32>
    ```
  }];
  let arguments = (ins Tile_Block:$input);
  let results = (outs Tile_Block:$even, Tile_Block:$odd);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($even)";
  let hasVerifier = 1;
}

def Tile_ScalarOp : Tile_Op<"scalar", [Pure]> {
  let summary = "The element of a block that has one";
  let description = [{
    What bounds of loops and places of windows are computed from.

    ```mlir
    %n = tile.scalar %x : tensor<1x1xi64> -> i64
    ```
  }];
  let arguments = (ins Tile_Block:$input);
  let results = (outs AnyTypeOf<[AnyFloat, I1, I32, I64]>:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_BroadcastOp : Tile_Op<"broadcast", [Pure]> {
  let summary = "A scalar, a row or a column, repeated";
  let description = [{
    To the result's shape, along the extents of the operand that are 1.

    ```mlir
    %0 = tile.broadcast %s : f32 -> tensor<8x48xf32>
    %1 = tile.broadcast %bias : tensor<1x48xf32> -> tensor<8x48xf32>
    ```
  }];
  let arguments = (ins AnyTypeOf<[Tile_Block, AnyFloat, I1, I32, I64]>:$input);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_IotaOp : Tile_Op<"iota", [Pure]> {
  let summary = "Positions in a column or a row";
  let description = [{
    `Mx1` with the number of each row, or `1xN` with the number of each column.
    With `arith.cmpi` and `arith.select` it makes masks.

    ```mlir
    %rows = tile.iota : tensor<8x1xi32>
    %cols = tile.iota : tensor<1x64xi32>
    ```
  }];
  let results = (outs Tile_IntBlock:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

def Tile_ForOp : Tile_Op<"for", [
    AttrSizedOperandSegments, RecursiveMemoryEffects,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>,
    SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "A loop over windows";
  let description = [{
    Runs its body for the positions from `lower` to `upper` (not included) in
    steps, carries the values of `iter_args`, and says which windows it reads in
    which order: the window of each stream is at the position in one coordinate
    and at a place that does not change in the other. The body gets them as
    slices. Where they lie and how many are fetched ahead is what a target
    decides, which therefore sees all of a loop's traffic.

    ```mlir
    %sum = tile.for %k = %lower to %upper step 2
        streams(%x = %a[%i, %k] : !tile.view<?x768xf32> -> !tile.slice<8x2xf32>,
                %y = %w[%k, %j] : !tile.view<768x2304xf32, panels<48>>
                                  -> !tile.slice<2x48xf32, panels<48>>)
        iter_args(%acc = %zero : tensor<8x48xf32>) {
      %0 = tile.dot %acc, %x, %y
          : tensor<8x48xf32>, !tile.slice<8x2xf32>, !tile.slice<2x48xf32, panels<48>>
      tile.yield %0 : tensor<8x48xf32>
    }
    ```
  }];
  let arguments = (ins Index:$lower, Index:$upper, I64Attr:$step,
                       Variadic<Tile_ViewType>:$views, Variadic<Index>:$places,
                       Variadic<AnyType>:$inits,
                       DenseBoolArrayAttr:$alongRows);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    /// A loop with an empty body, whose block has its arguments but no
    /// terminator. `slices` are the types of the windows.
    OpBuilder<(ins "::mlir::Value":$lower, "::mlir::Value":$upper,
                   "int64_t":$step, "::mlir::ValueRange":$views,
                   "::mlir::ValueRange":$places,
                   "::llvm::ArrayRef<bool>":$alongRows,
                   "::mlir::TypeRange":$slices, "::mlir::ValueRange":$inits)>
  ];
  let extraClassDeclaration = [{
    ::mlir::Block &getBlock() { return getBody().front(); }
    ::mlir::BlockArgument getPosition() { return getBlock().getArgument(0); }
    /// The windows, as the body sees them.
    ::llvm::ArrayRef<::mlir::BlockArgument> getWindows() {
      return getBlock().getArguments().slice(1, getViews().size());
    }
    /// The carried values, as the body sees them.
    ::llvm::ArrayRef<::mlir::BlockArgument> getCarried() {
      return getBlock().getArguments().drop_front(1 + getViews().size());
    }
    /// True if stream i goes down the rows of its view, false along columns.
    bool goesAlongRows(unsigned i) { return getAlongRows()[i]; }
  }];
}

def Tile_YieldOp : Tile_Op<"yield", [Pure, Terminator, ReturnLike,
    HasParent<"ForOp">]> {
  let summary = "Ends the body of a loop with the carried values";
  let description = [{
    ```mlir
    %n = tile.for %k = %lower to %upper step 2 iter_args(%s = %zero : f32) {
      %1 = arith.addf %s, %one : f32
      tile.yield %1 : f32
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ /* nothing is carried */ }]>];
}

#endif // OCKHAM_TILEOPS
