"""attention_sm90.py FOLDER HEADS T: causal attention forward, head width 64.

A producer warp group loads queries, keys and values with TMA; two warp groups of
64 queries multiply them with wgmma. The softmax of a step runs while the product
of the last step's weights, which are A from registers, is in flight; results go
out by stmatrix and a TMA store. Q, K, V, O [heads * T, 64] in bf16. Grid: T / 128,
heads; 384 threads; 49152 bytes.
"""

import sys

from attention_sm80 import (
    LOWEST,
    invert_totals,
    pack_rows,
    update_softmax,
    write_data,
)
from gemm_sm90 import (
    STRUCT,
    describe_matrix,
    expect,
    initialize,
    load_box,
    multiply_registers,
    multiply_shared,
    pack_struct,
    unpack,
    wait,
)
from kernel_builder import Builder, swizzled

TILE_BYTES = 8192
STAGES = 2
CONSUMERS = 256
THREADS = 384


class Stages:
    """Where the tiles are, and the mbarriers that hand them over."""

    def __init__(self, b):
        self.b = b

    def barrier(self, kind, stage):
        """Full keys, full values, empty keys, empty values."""
        return self.b.pointer("%barriers", self.b.add(stage, kind * STAGES + 1), "i64")

    def tile(self, kind, stage):
        offset = self.b.mul(stage, 2 * TILE_BYTES)
        return self.b.add(offset, (2 + kind) * TILE_BYTES)

    def parity(self, step):
        return self.b.rem(self.b.div(step, STAGES), 2)


def split(step, b):
    return b.rem(step, STAGES), b.div(step, STAGES)


def produce(b, stages, query0, head_row, steps):
    expect(b, "%barriers", 2 * TILE_BYTES)
    row = b.add(head_row, query0)
    zero = b.constant(0)
    for half in range(2):
        place = b.constant(half * TILE_BYTES)
        load_box(b, place, "%Q", "%barriers", zero, b.add(row, 64 * half))
    b.loop("%load", steps)
    stage, turn = split("%load", b)
    for kind, name in ((0, "%Keys"), (1, "%V")):
        b.when(b.compare("uge", "%load", STAGES))
        wait(b, stages.barrier(2 + kind, stage), b.rem(b.add(turn, 1), 2))
        b.close()
        full = stages.barrier(kind, stage)
        expect(b, full, TILE_BYTES)
        place = b.add(head_row, b.mul("%load", 64))
        load_box(b, stages.tile(kind, stage), name, full, zero, place)
    b.end_loop()


def release(b, barrier):
    """One lane of each warp, when the warp has waited for the products."""
    b.when(b.op("nvvm.elect.sync -> i1"))
    b.op(f"nvvm.mbarrier.arrive {barrier} : !llvm.ptr<3> -> i64")
    b.close()


def advance(b, descriptor, units):
    """A matrix descriptor counts in 16 bytes."""
    return b.binary("addi", descriptor, b.constant(units, "i64"), "i64")


class Consumer:
    """The attention of a warp group's 64 queries."""

    def __init__(self, b, stages, group, query0, tid):
        self.b = b
        self.stages = stages
        self.lane = b.rem(tid, 32)
        warp_row = b.add(query0, b.mul(b.div(tid, 32), 16))
        self.row0 = b.add(warp_row, b.div(self.lane, 4))
        wait(b, "%barriers", b.constant(0))
        self.queries = describe_matrix(b, b.mul(group, TILE_BYTES))
        self.none = b.constant("0.0", "f32")

    def multiply_keys(self, step):
        """Issues the scores' product; returns it and the stage's barrier."""
        b, stages = self.b, self.stages
        stage = b.rem(step, STAGES)
        wait(b, stages.barrier(0, stage), stages.parity(step))
        b.emit("nvvm.wgmma.fence.aligned")
        keys = describe_matrix(b, stages.tile(0, stage))
        scores = pack_struct(b, [self.none] * 32)
        for k in range(4):
            left, right = advance(b, self.queries, 2 * k), advance(b, keys, 2 * k)
            scores = multiply_shared(b, scores, left, right, "one" if k else "zero")
        b.emit("nvvm.wgmma.commit.group.sync.aligned")
        return scores, stages.barrier(2, stage)

    def multiply_values(self, step, weights, sums):
        """Adds a product with `weights` from registers; as above."""
        b, stages = self.b, self.stages
        stage = b.rem(step, STAGES)
        wait(b, stages.barrier(1, stage), stages.parity(step))
        b.emit("nvvm.wgmma.fence.aligned")
        values = describe_matrix(b, stages.tile(1, stage))
        for k in range(4):
            # 16 rows of 128 bytes further down.
            right, left = advance(b, values, 128 * k), weights[4 * k : 4 * k + 4]
            sums = multiply_registers(b, sums, left, right, transposed=1)
        b.emit("nvvm.wgmma.commit.group.sync.aligned")
        return sums, stages.barrier(3, stage)

    def update(self, step, scores, maxima, totals):
        """Softmax; the weights as registers of A."""
        b = self.b
        elements = unpack(b, scores)
        parts = [elements[4 * j : 4 * j + 4] for j in range(8)]
        column0 = b.add(b.mul(step, 64), b.mul(b.rem(self.lane, 4), 2))
        statistics = update_softmax(b, parts, maxima, totals, self.row0, column0)
        weights = [x for k in range(4) for x in pack_rows(b, parts[2 * k : 2 * k + 2])]
        return *statistics, weights

    def run(self, steps):
        """Returns the sums and their rows' totals."""
        b, none = self.b, self.none
        zero, lowest = b.constant(0), b.constant(LOWEST, "f32")
        scores, empty = self.multiply_keys(zero)
        b.emit("nvvm.wgmma.wait.group.sync.aligned 0")
        release(b, empty)
        maxima, _, totals, weights = self.update(zero, scores, [lowest] * 2, [none] * 2)
        kinds = ["f32"] * 4 + ["i32"] * 16 + [STRUCT]
        initial = [*maxima, *totals, *weights, pack_struct(b, [none] * 32)]
        carried, results = b.loop("%last", b.add(steps, -1), initial, kinds)
        step = b.add("%last", 1)
        scores, empty_keys = self.multiply_keys(step)
        sums, empty_values = self.multiply_values("%last", carried[4:20], carried[20])
        # The softmax runs beside the second product.
        b.emit("nvvm.wgmma.wait.group.sync.aligned 1")
        release(b, empty_keys)
        maxima, factors, totals, weights = self.update(
            step, scores, carried[:2], carried[2:4]
        )
        b.emit("nvvm.wgmma.wait.group.sync.aligned 0")
        release(b, empty_values)
        scaled = [
            b.binary("mulf", x, factors[i // 2 % 2], "f32")
            for i, x in enumerate(unpack(b, sums))
        ]
        b.end_loop([*maxima, *totals, *weights, pack_struct(b, scaled)], kinds)
        last = b.add(steps, -1)
        sums, _ = self.multiply_values(last, results[4:20], results[20])
        b.emit("nvvm.wgmma.wait.group.sync.aligned 0")
        return unpack(b, sums), results[2:4]


def store(b, outputs, totals, group, row, tid):
    """Through the queries' place, which no product reads any more."""
    inverse = invert_totals(b, totals)
    scaled = [
        b.binary("mulf", x, inverse[i // 2 % 2], "f32") for i, x in enumerate(outputs)
    ]
    base = b.mul(group, TILE_BYTES)
    lane = b.rem(tid, 32)
    inside = b.add(b.mul(b.div(tid, 32), 16), b.rem(lane, 16))
    for c in range(4):
        chunk = b.add(b.div(lane, 16), 2 * c)
        pointer = b.pointer("%shared", swizzled(b, base, inside, chunk))
        parts = [scaled[8 * c : 8 * c + 4], scaled[8 * c + 4 : 8 * c + 8]]
        words = ", ".join(pack_rows(b, parts))
        b.emit(
            f"nvvm.stmatrix {pointer}, {words} {{eltType = #nvvm.ld_st_matrix_elt_type<b16>, "
            "layout = #nvvm.mma_layout<row>, "
            "shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>} : "
            "!llvm.ptr<3>, i32, i32, i32, i32"
        )
    b.emit(
        "nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, "
        "space = #nvvm.shared_space<cta>}"
    )
    number, threads = b.add(group, 1), b.constant(128)
    b.emit(f"nvvm.barrier id = {number} number_of_threads = {threads}")
    b.when(b.compare("eq", tid, 0))
    b.emit(
        "nvvm.cp.async.bulk.tensor.global.shared.cta %O, "
        f"{b.pointer('%shared', base)}, box[{b.constant(0)}, {row}] : "
        "!llvm.ptr, !llvm.ptr<3>"
    )
    b.emit("nvvm.cp.async.bulk.commit.group")
    b.emit("nvvm.cp.async.bulk.wait_group 0")
    b.close()


def attention():
    b = Builder()
    b.emit("%shared = llvm.mlir.addressof @dynamic : !llvm.ptr<3>")
    b.emit("%barriers = llvm.mlir.addressof @barriers : !llvm.ptr<3>")
    tid = b.register("tid.x")
    tile = b.register("ctaid.x")
    query0, head_row = b.mul(tile, 128), b.mul(b.register("ctaid.y"), "%T")
    steps = b.mul(b.add(tile, 1), 2)
    stages = Stages(b)
    b.when(b.compare("eq", tid, 0))
    initialize(b, "%barriers", 1)
    for stage in range(STAGES):
        for kind in range(4):
            count = 1 if kind < 2 else CONSUMERS // 32
            initialize(b, stages.barrier(kind, b.constant(stage)), count)
    b.emit("nvvm.fence.mbarrier.init")
    b.close()
    b.emit("nvvm.barrier0")
    b.when(b.compare("uge", tid, CONSUMERS))
    b.emit("nvvm.setmaxregister decrease 40")
    b.when(b.compare("eq", tid, CONSUMERS))
    produce(b, stages, query0, head_row, steps)
    b.close()
    b.close()
    b.when(b.compare("ult", tid, CONSUMERS))
    b.emit("nvvm.setmaxregister increase 232")
    group, inside = b.div(tid, 128), b.rem(tid, 128)
    first = b.add(query0, b.mul(group, 64))
    outputs, totals = Consumer(b, stages, group, first, inside).run(steps)
    store(b, outputs, totals, group, b.add(head_row, first), inside)
    b.close()
    barriers = (
        "llvm.mlir.global internal @barriers() {addr_space = 3 : i32, alignment = 8 : i64} : "
        f"!llvm.array<{4 * STAGES + 1} x i64>"
    )
    maps = ", ".join(f"%{name}: !llvm.ptr" for name in ("Q", "Keys", "V", "O"))
    return b.kernel("attention", f"{maps}, %T: i32", THREADS, [barriers])


if __name__ == "__main__":
    with open(f"{sys.argv[1]}/kernel.mlir", "w") as file:
        file.write(attention())
    write_data(sys.argv[1], *map(int, sys.argv[2:4]), flat=True)
