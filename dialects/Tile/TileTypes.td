//===- TileTypes.td - Matrices in memory ------------------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TILETYPES
#define OCKHAM_TILETYPES

include "dialects/Tile/TileDialect.td"
include "mlir/IR/AttrTypeBase.td"

class Tile_MatrixType<string name, string typeMnemonic>
    : TypeDef<Tile_Dialect, name> {
  let mnemonic = typeMnemonic;
  let parameters = (ins "int64_t":$rows, "int64_t":$cols,
      "::mlir::Type":$elementType,
      "int64_t":$panel, "int64_t":$interleave);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    TypeBuilder<(ins "int64_t":$rows, "int64_t":$cols,
                     "::mlir::Type":$elementType,
                     CArg<"int64_t", "0">:$panel,
                     CArg<"int64_t", "1">:$interleave), [{
      return $_get($_ctxt, rows, cols, elementType, panel, interleave);
    }]>
  ];
  code shared = [{
    bool isPacked() const { return getPanel() != 0; }
  }];
}

def Tile_ViewType : Tile_MatrixType<"View", "view"> {
  let summary = "A matrix in memory";
  let description = [{
    Rows and columns may be `?`, known at run time. Without a layout the rows
    lie one after the other. `panels<W>` is the layout of packed weights:
    `[C/W][R][W]`, the last panel filled up with zeros. With
    `panels<W, interleave = I>` groups of I rows are interleaved inside a panel,
    `[C/W][R/I][W][I]`, and R is filled up as well: what dot instructions of 16
    and 8 bits want.

    ```mlir
    func.func private @types(!tile.view<?x768xf32>,
        !tile.view<768x2304xf32, panels<48>>,
        !tile.view<768x2304xbf16, panels<32, interleave = 2>>)
    ```
  }];
  let extraClassDeclaration = shared # [{
    /// The shape of the tensor or buffer that holds a packed matrix:
    /// [panels, rows / interleave, panel * interleave]; -1 where open.
    ::llvm::SmallVector<int64_t, 3> getPackedShape() const;
  }];
}

def Tile_SliceType : Tile_MatrixType<"Slice", "slice"> {
  let summary = "A window of a view, as large as a block";
  let description = [{
    Where it lies while it is used (in the matrix itself, or in a copy in shared
    memory) is the target's decision. Elements outside the view are zero.

    ```mlir
    func.func private @types(!tile.slice<8x2xf32>,
                             !tile.slice<2x48xf32, panels<48>>)
    ```
  }];
  let extraClassDeclaration = shared;
}

def Tile_Block : Type<
    And<[RankedTensorOf<[F16, BF16, F32, F64, I1, I32, I64]>.predicate,
         HasAnyRankOfPred<[2]>, HasStaticShapePred]>,
    "block, a static tensor of rank 2", "::mlir::RankedTensorType">;
def Tile_FloatBlock : Type<
    And<[RankedTensorOf<[F16, BF16, F32, F64]>.predicate,
         HasAnyRankOfPred<[2]>, HasStaticShapePred]>,
    "block of floats, a static tensor of rank 2", "::mlir::RankedTensorType">;
def Tile_IntBlock : Type<
    And<[RankedTensorOf<[I32, I64]>.predicate,
         HasAnyRankOfPred<[2]>, HasStaticShapePred]>,
    "block of integers, a static tensor of rank 2", "::mlir::RankedTensorType">;

#endif // OCKHAM_TILETYPES
