//===- CPUOps.td - How a CPU runs kernels -----------------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TARGET_CPU_CPUOPS
#define OCKHAM_TARGET_CPU_CPUOPS

include "dialects/Tile/TileInterfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def CPU_Dialect : Dialect {
  let name = "ockham_cpu";
  let cppNamespace = "::ockham::cpu";
  let summary = "What belongs to kernels on the CPU";
  let description = [{
    The strategy of the CPU target, an attribute of `tile.kernel`.
  }];
  let useDefaultAttributePrinterParser = 1;
}

def CPU_StrategyAttr : AttrDef<CPU_Dialect, "Strategy",
    [DeclareAttrInterfaceMethods<Tile_StrategyInterface>]> {
  let mnemonic = "strategy";
  let summary = "How the CPU runs a kernel";
  let description = [{
    - `vector_bytes`: width of a vector register. There are 32 registers of 64
      bytes and 16 of any other width; the accumulators of a product and its
      operands of one step must fit, unless it has a single row.
    - `loop`: the dimension of the grid that a thread goes through itself. The
      points of the others, one block of this one each, are what threads share
      among themselves; the first dimension changes slowest.
    - `block`: the most elements of that dimension in a block, a multiple of its
      step; 0 is all of them. Blocks are about equally large. What a block reads
      of the left-hand side of a product should stay in the cache while panels
      of the right-hand side come and go.
    - `prefetch`: cache lines of the next panel that are fetched in each step of
      a loop over a packed matrix.
    - `depth`: the most of a product's depth that all rows of a block go through
      before any of them goes on, a multiple of its loop's step; 0 is all of it.
      That part of a panel should stay in the cache until the last row has read
      it. Sums of a part wait for the next one in memory, and what follows the
      product comes behind the last one. For a kernel whose products end before
      anything else is done with their rows.
    - `bf16_pairs`: products of bf16 by panels whose rows lie in pairs go through
      an instruction that multiplies pairs (AVX512-BF16). Sums are f32; numbers
      below the normal ones count as zero. Without it, pairs are taken apart.
    - `amx`: the fewest rows whose products of bf16, by panels whose rows lie in
      pairs, go through the matrix unit (AMX-BF16), in tiles of up to 16 x 16
      sums, six of them at most; 0: it is not used. Fewer rows go through
      vectors. Sums are f32, over the whole depth, and pass through memory to
      what follows. They start from zero; numbers below the normal ones count as
      zero, too.

    ```mlir
    #ockham_cpu.strategy<vector_bytes = 64, loop = 0, block = 128, prefetch = 1, depth = 768>
    ```
  }];
  let parameters = (ins "int64_t":$vector_bytes, "int64_t":$loop,
                        DefaultValuedParameter<"int64_t", "0">:$block,
                        DefaultValuedParameter<"int64_t", "0">:$prefetch,
                        DefaultValuedParameter<"int64_t", "0">:$depth,
                        DefaultValuedParameter<"bool", "false">:$bf16_pairs,
                        DefaultValuedParameter<"int64_t", "0">:$amx);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif // OCKHAM_TARGET_CPU_CPUOPS
