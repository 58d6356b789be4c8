"""gemm_sm80.py FOLDER M N K [SPLITS]: C[M,N] = A[M,K] B[K,N], bf16 and f32 sums.

A ring of cp.async stages, ldmatrix and mma.sync; 64 x 64 x 64 tiles, four warps
of 32 x 32. With more than one split of K, blocks add to C with atomics. Grid:
N / 64, M / 64, splits; 128 threads; 16384 bytes per stage.
"""

import sys

from kernel_builder import GLOBAL, Builder, swizzled, write_gemm_data

STAGES = 3
STAGE_BYTES = 16384
THREADS = 128
MMA = (
    "{layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, "
    "multiplicandAPtxType = #nvvm.mma_type<bf16>, "
    "multiplicandBPtxType = #nvvm.mma_type<bf16>, shape = #nvvm.shape<m = 16, n = 8, k = 16>}"
)


def load_tile(b, source, row0, column0, width, base, tid):
    """64 rows of 64 elements: four chunks of 16 bytes per thread."""
    for i in range(64 * 8 // THREADS):
        chunk = b.add(tid, i * THREADS)
        row, column = b.div(chunk, 8), b.rem(chunk, 8)
        place = b.add(b.mul(b.add(row0, row), width), b.add(column0, b.mul(column, 8)))
        target = b.pointer("%shared", swizzled(b, base, row, column))
        b.emit(
            f"nvvm.cp.async.shared.global {target}, {b.pointer(source, place, 'bf16', GLOBAL)}, 16, "
            "cache = cg : !llvm.ptr<3>, !llvm.ptr<1>"
        )


def load_fragments(b, base, row, chunk, layout):
    pointer = b.pointer("%shared", swizzled(b, base, row, chunk))
    struct = "!llvm.struct<(i32, i32, i32, i32)>"
    loaded = b.op(
        f"nvvm.ldmatrix {pointer} {{eltType = #nvvm.ld_st_matrix_elt_type<b16>, "
        f"layout = #nvvm.mma_layout<{layout}>, num = 4 : i32, "
        f"shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>}} : (!llvm.ptr<3>) -> {struct}"
    )
    return [b.op(f"llvm.extractvalue {loaded}[{i}] : {struct}") for i in range(4)]


def multiply(b, left, right, sums):
    struct = "!llvm.struct<(f32, f32, f32, f32)>"
    product = b.op(
        f"nvvm.mma.sync A[{', '.join(left)}] B[{', '.join(right)}] C[{', '.join(sums)}] "
        f"{MMA} : (i32, i32, f32) -> {struct}"
    )
    return [b.op(f"llvm.extractvalue {product}[{i}] : {struct}") for i in range(4)]


class Tile:
    """64 x 64 elements of a product, computed by a block."""

    def __init__(self, b):
        self.b = b
        self.tid = b.register("tid.x")
        self.lane, warp = b.rem(self.tid, 32), b.div(self.tid, 32)
        self.warp_m = b.mul(b.div(warp, 2), 32)
        self.warp_n = b.mul(b.rem(warp, 2), 32)

    def multiply(self, left, right, m0, n0, first, steps, n, k):
        """The sums over `steps` times 64 columns of `left` [., k] from column
        `first` on, and as many rows of `right` [., n]."""
        b = self.b

        def fetch(step, stage):
            base = b.mul(stage, STAGE_BYTES)
            k0 = b.add(first, b.mul(step, 64))
            load_tile(b, left, m0, k0, k, base, self.tid)
            base = b.add(base, STAGE_BYTES // 2)
            load_tile(b, right, k0, n0, n, base, self.tid)

        for stage in range(STAGES - 1):
            fetch(b.constant(stage), b.constant(stage))
            b.emit("nvvm.cp.async.commit.group")
        zero = b.constant("0.0", "f32")
        sums, results = b.loop("%step", steps, [zero] * 32)
        b.emit(f"nvvm.cp.async.wait.group {STAGES - 2}")
        # The stage is complete for all, and all have read the one before.
        b.emit("nvvm.barrier0")
        base = b.mul(b.rem("%step", STAGES), STAGE_BYTES)
        ahead = b.add("%step", STAGES - 1)
        b.when(b.compare("ult", ahead, steps))
        fetch(ahead, b.rem(ahead, STAGES))
        b.close()
        b.emit("nvvm.cp.async.commit.group")
        self.multiply_stage(base, sums)
        b.end_loop(sums)
        return results

    def multiply_stage(self, base, sums):
        b = self.b
        base_b = b.add(base, STAGE_BYTES // 2)
        row, half = b.rem(self.lane, 16), b.div(self.lane, 16)
        for k in range(4):
            left = []
            for i in range(2):
                place = b.add(b.add(self.warp_m, 16 * i), row)
                left.append(load_fragments(b, base, place, b.add(half, 2 * k), "row"))
            for j in range(2):
                chunk = b.add(b.div(b.add(self.warp_n, 16 * j), 8), half)
                right = load_fragments(b, base_b, b.add(row, 16 * k), chunk, "col")
                for i in range(2):
                    for h in range(2):
                        at = (i * 4 + j * 2 + h) * 4
                        sums[at : at + 4] = multiply(
                            b, left[i], right[2 * h : 2 * h + 2], sums[at : at + 4]
                        )

    def for_each_pair(self, m0, n0, n, store):
        """Calls `store` with the index in [., n] of each pair of neighbours, and
        with the number of its sum."""
        b = self.b
        row0 = b.add(b.add(m0, self.warp_m), b.div(self.lane, 4))
        column0 = b.add(b.add(n0, self.warp_n), b.mul(b.rem(self.lane, 4), 2))
        for i in range(2):
            for j in range(4):
                for h in range(2):
                    row = b.add(row0, 16 * i + 8 * h)
                    place = b.add(b.mul(row, n), b.add(column0, 8 * j))
                    store(place, (i * 4 + j) * 4 + 2 * h)


def gemm(splits):
    b = Builder()
    b.emit("%shared = llvm.mlir.addressof @dynamic : !llvm.ptr<3>")
    tile = Tile(b)
    m0 = b.mul(b.register("ctaid.y"), 64)
    n0 = b.mul(b.register("ctaid.x"), 64)
    steps = b.div("%K", 64 * splits)
    first = b.mul(b.mul(b.register("ctaid.z"), steps), 64)
    sums = tile.multiply("%A", "%B", m0, n0, first, steps, "%N", "%K")

    def store(place, at):
        if splits == 1:
            pointer = b.pointer("%C", place, "f32", GLOBAL)
            b.store_pair(pointer, sums[at], sums[at + 1])
            return
        for e in range(2):
            pointer = b.pointer("%C", b.add(place, e), "f32", GLOBAL)
            b.op(
                f'llvm.atomicrmw fadd {pointer}, {sums[at + e]} syncscope("device") '
                f"monotonic : {GLOBAL}, f32"
            )

    tile.for_each_pair(m0, n0, "%N", store)
    return b.kernel(
        "gemm", f"%A: {GLOBAL}, %B: {GLOBAL}, %C: {GLOBAL}, %N: i32, %K: i32", THREADS
    )


if __name__ == "__main__":
    folder, m, n, k = sys.argv[1], *map(int, sys.argv[2:5])
    with open(f"{folder}/kernel.mlir", "w") as file:
        file.write(gemm(int(sys.argv[5]) if len(sys.argv) > 5 else 1))
    write_gemm_data(folder, m, n, k, transposed=False)
