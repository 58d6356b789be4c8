//===- TileDialect.td - Kernels on blocks -----------------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TILEDIALECT
#define OCKHAM_TILEDIALECT

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::ockham::tile";
  let summary = "Kernels, written once for all targets";
  let description = [{
    A kernel computes one block of its output, from matrices that fit into
    registers or a cache. It runs over a grid of blocks. Its body is `arith`,
    `math` and `scf` on blocks, and the ops of this dialect, which move blocks
    between memory and registers and multiply them.

    Values of a kernel:

    - `tensor<MxNxT>`, always static and of rank 2, is a **block**. A statistic
      per row is `Mx1`, a vector over the columns `1xN`.
    - `!tile.view` is a matrix in memory, `!tile.slice` a window of one that has
      the size of a block but is not in registers.

    Activations are contiguous, so a tensor of any rank is a matrix: its last
    dimension are the columns, all others together the rows. A head is a window
    of columns, a sequence a window of rows.

    A body says nothing about a machine. How large blocks are, where windows lie
    while they are used and which instructions compute is what a target's
    strategy decides, an attribute of the kernel.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::scf::SCFDialect"];
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
  private:
    void registerTypes();
  public:
  }];
  let useDefaultAttributePrinterParser = 1;
}

class Tile_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tile_Dialect, mnemonic, traits>;

def Tile_ReduceKind : I32EnumAttr<"ReduceKind", "what a reduction computes", [
    I32EnumAttrCase<"Max", 0, "max">,
    I32EnumAttrCase<"Sum", 1, "sum">,
    I32EnumAttrCase<"MaxNum", 2, "maxnum">]> {
  let cppNamespace = "::ockham::tile";
  let genSpecializedAttr = 0;
}
def Tile_ReduceKindAttr : EnumAttr<Tile_Dialect, Tile_ReduceKind, "reduce_kind">;

#endif // OCKHAM_TILEDIALECT
