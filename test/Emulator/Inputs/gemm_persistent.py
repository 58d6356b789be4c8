"""gemm_persistent.py FOLDER M N: C[M,N] = (A[M,N] B[N,N]) B[N,N] in bf16.

One grid for both products: each block takes every so many-th tile, and between
the products all blocks meet, by a counter in global memory. Any number of blocks
of 128 threads; 49152 bytes.
"""

import sys

import numpy as np
from attention_sm80 import pack
from gemm_sm80 import THREADS, Tile
from kernel_builder import GLOBAL, Builder, from_bf16, round_to_bf16, save_bf16


def meet(b, tile):
    """All that blocks have written so far is seen by all."""
    b.emit("nvvm.barrier0")
    b.when(b.compare("eq", tile.tid, 0))
    b.op(
        f"llvm.atomicrmw add %count, {b.constant(1)} "
        f'syncscope("device") release : {GLOBAL}, i32'
    )
    b.emit("scf.while : () -> () {")
    arrived = b.op(
        'llvm.load %count atomic syncscope("device") acquire {alignment = 4 : i64} '
        f": {GLOBAL} -> i32"
    )
    again = b.compare("ult", arrived, b.register("nctaid.x"))
    b.emit(f"scf.condition({again})")
    b.emit("} do {")
    b.emit("scf.yield")
    b.emit("}")
    b.close()
    b.emit("nvvm.barrier0")


def multiply(b, tile, left, store):
    columns = b.div("%N", 64)
    tiles = b.mul(columns, b.div("%M", 64))
    blocks, block = b.register("nctaid.x"), b.register("ctaid.x")
    rounds = b.div(b.add(tiles, b.binary("subi", b.add(blocks, -1), block)), blocks)
    b.loop("%round", rounds)
    number = b.add(block, b.mul("%round", blocks))
    m0, n0 = b.mul(b.div(number, columns), 64), b.mul(b.rem(number, columns), 64)
    # All have read the last stages of the tile before.
    b.emit("nvvm.barrier0")
    steps = b.div("%N", 64)
    sums = tile.multiply(left, "%B", m0, n0, b.constant(0), steps, "%N", "%N")
    tile.for_each_pair(m0, n0, "%N", lambda place, at: store(place, sums[at : at + 2]))
    b.end_loop()


def products():
    b = Builder()
    b.emit("%shared = llvm.mlir.addressof @dynamic : !llvm.ptr<3>")
    tile = Tile(b)

    def store_halves(place, pair):
        pointer = b.pointer("%T", place, "bf16", GLOBAL)
        b.emit(f"llvm.store {pack(b, *pair)}, {pointer} : i32, {GLOBAL}")

    def store_floats(place, pair):
        b.store_pair(b.pointer("%C", place, "f32", GLOBAL), *pair)

    multiply(b, tile, "%A", store_halves)
    meet(b, tile)
    multiply(b, tile, "%T", store_floats)
    pointers = ", ".join(f"%{name}: {GLOBAL}" for name in ("A", "B", "T", "C", "count"))
    return b.kernel("products", f"{pointers}, %M: i32, %N: i32", THREADS)


def write_data(folder, m, n):
    generator = np.random.default_rng(0)
    a = round_to_bf16(generator.uniform(-1, 1, (m, n)))
    b = round_to_bf16(generator.uniform(-1, 1, (n, n)))
    save_bf16(f"{folder}/a.npy", a)
    save_bf16(f"{folder}/b.npy", b)
    right = from_bf16(b).astype(np.float64)
    between = round_to_bf16(from_bf16(a).astype(np.float64) @ right)
    c = from_bf16(between).astype(np.float64) @ right
    np.save(f"{folder}/c.npy", c.astype(np.float32))


if __name__ == "__main__":
    with open(f"{sys.argv[1]}/kernel.mlir", "w") as file:
        file.write(products())
    write_data(sys.argv[1], *map(int, sys.argv[2:4]))
