"""gemm_sm90.py FOLDER M N K [registers]: C[M,N] = A[M,K] B^T[N,K] in bf16.

A producer thread loads stages with TMA, a warp group multiplies them with wgmma;
full and empty mbarriers hand the stages over. With `registers`, A goes through
ldmatrix into registers. Grid: N / 64, M / 64; 160 threads; 16384 bytes per stage.
"""

import sys

from kernel_builder import CLUSTER, GLOBAL, Builder, swizzled, write_gemm_data

STAGES = 3
STAGE_BYTES = 16384
CONSUMERS = 128
COUNT = 32  # accumulators of a thread
STRUCT = "!llvm.struct<(" + ", ".join(["f32"] * COUNT) + ")>"
TICKS = 1000000


def wait(b, barrier, parity):
    b.emit(
        f"nvvm.mbarrier.try_wait.parity {barrier}, {parity}, {b.constant(TICKS)} : !llvm.ptr<3>, i32, i32"
    )


def expect(b, barrier, count):
    b.emit(
        f"nvvm.mbarrier.arrive.expect_tx {barrier}, {b.constant(count)} : !llvm.ptr<3>, i32"
    )


def load_box(b, offset, name, barrier, column, row):
    target = b.op(
        f"llvm.addrspacecast {b.pointer('%shared', offset)} : !llvm.ptr<3> to {CLUSTER}"
    )
    b.emit(
        f"nvvm.cp.async.bulk.tensor.shared.cluster.global {target}, {name}, {barrier}, "
        f"box[{column}, {row}] : {CLUSTER}, !llvm.ptr"
    )


def initialize(b, barrier, arrivals):
    b.emit(f"nvvm.mbarrier.init {barrier}, {b.constant(arrivals)} : !llvm.ptr<3>, i32")


def produce(b, full, empty, m0, n0, steps):
    b.loop("%load", steps)
    stage, turn = b.rem("%load", STAGES), b.div("%load", STAGES)
    b.when(b.compare("uge", "%load", STAGES))
    wait(b, empty(stage), b.rem(b.add(turn, 1), 2))
    b.close()
    expect(b, full(stage), STAGE_BYTES)
    k0 = b.mul("%load", 64)
    base = b.mul(stage, STAGE_BYTES)
    for name, row, offset in (("%A", m0, 0), ("%B", n0, STAGE_BYTES // 2)):
        load_box(b, b.add(base, offset), name, full(stage), k0, row)
    b.end_loop()


def describe_matrix(b, offset):
    """Rows of 128 swizzled bytes, eight of them every 1024."""
    address = b.op(
        f"llvm.ptrtoint {b.pointer('%shared', offset)} : !llvm.ptr<3> to i64"
    )
    mask = b.constant(0x3FFFF, "i64")
    low = b.binary(
        "shrui", b.binary("andi", address, mask, "i64"), b.constant(4, "i64"), "i64"
    )
    return b.binary("ori", low, b.constant(1 << 62 | 64 << 32 | 1 << 16, "i64"), "i64")


def load_a(b, base, tid, k):
    lane = b.rem(tid, 32)
    row = b.add(b.mul(b.div(tid, 32), 16), b.rem(lane, 16))
    pointer = b.pointer(
        "%shared", swizzled(b, base, row, b.add(b.div(lane, 16), 2 * k))
    )
    struct = "!llvm.struct<(i32, i32, i32, i32)>"
    loaded = b.op(
        f"nvvm.ldmatrix {pointer} {{eltType = #nvvm.ld_st_matrix_elt_type<b16>, "
        "layout = #nvvm.mma_layout<row>, num = 4 : i32, "
        f"shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>}} : (!llvm.ptr<3>) -> {struct}"
    )
    return [b.op(f"llvm.extractvalue {loaded}[{i}] : {struct}") for i in range(4)]


def unpack(b, sums):
    return [b.op(f"llvm.extractvalue {sums}[{i}] : {STRUCT}") for i in range(COUNT)]


def pack_struct(b, elements):
    sums = b.op(f"llvm.mlir.undef : {STRUCT}")
    for i, element in enumerate(elements):
        sums = b.op(f"llvm.insertvalue {element}, {sums}[{i}] : {STRUCT}")
    return sums


def multiply_shared(b, sums, left, right, scale="one"):
    return b.op(
        f"nvvm.wgmma.mma_async {left}, {right}, {sums}, <m = 64, n = 64, k = 16>, "
        f"D [<f32>, <{scale}>], A [<bf16>, <one>, <row>], B [<bf16>, <one>, <col>] : "
        f"{STRUCT} -> {STRUCT}"
    )


def multiply_registers(b, sums, left, right, transposed=0):
    """NVVM's op has no form with A in registers."""
    outputs = ", ".join(f"${i}" for i in range(COUNT))
    a = ", ".join(f"${2 * COUNT + i}" for i in range(4))
    text = (
        f"wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{{outputs}}}, {{{a}}}, "
        f"${2 * COUNT + 4}, 1, 1, 1, {transposed};"
    )
    constraints = ",".join(
        ["=f"] * COUNT + [str(i) for i in range(COUNT)] + ["r"] * 4 + ["l"]
    )
    parts = unpack(b, sums)
    types = ", ".join(["f32"] * COUNT + ["i32"] * 4 + ["i64"])
    return b.op(
        f'llvm.inline_asm has_side_effects asm_dialect = att "{text}", "{constraints}" '
        f"{', '.join([*parts, *left, right])} : ({types}) -> {STRUCT}"
    )


def consume(b, full, empty, tid, steps, registers):
    initial = pack_struct(b, [b.constant("0.0", "f32")] * COUNT)
    carried, results = b.loop("%step", steps, [initial], STRUCT)
    stage = b.rem("%step", STAGES)
    wait(b, full(stage), b.rem(b.div("%step", STAGES), 2))
    base = b.mul(stage, STAGE_BYTES)
    left = [load_a(b, base, tid, k) for k in range(4)] if registers else None
    b.emit("nvvm.wgmma.fence.aligned")
    matrix_a = describe_matrix(b, base)
    matrix_b = describe_matrix(b, b.add(base, STAGE_BYTES // 2))
    sums = carried[0]
    for k in range(4):
        # 16 elements further along the row.
        step = b.constant(2 * k, "i64")
        a, right = (b.binary("addi", x, step, "i64") for x in (matrix_a, matrix_b))
        if registers:
            sums = multiply_registers(b, sums, left[k], right)
        else:
            sums = multiply_shared(b, sums, a, right)
    b.emit("nvvm.wgmma.commit.group.sync.aligned")
    b.emit("nvvm.wgmma.wait.group.sync.aligned 0")
    b.op(f"nvvm.mbarrier.arrive {empty(stage)} : !llvm.ptr<3> -> i64")
    b.end_loop([sums], STRUCT)
    return results[0]


def gemm(registers):
    b = Builder()
    b.emit("%shared = llvm.mlir.addressof @dynamic : !llvm.ptr<3>")
    b.emit("%barriers = llvm.mlir.addressof @barriers : !llvm.ptr<3>")
    tid = b.register("tid.x")
    m0 = b.mul(b.register("ctaid.y"), 64)
    n0 = b.mul(b.register("ctaid.x"), 64)
    steps = b.div("%K", 64)

    def full(stage):
        return b.pointer("%barriers", stage, "i64")

    def empty(stage):
        return b.pointer("%barriers", b.add(stage, STAGES), "i64")

    b.when(b.compare("eq", tid, 0))
    for stage in range(STAGES):
        for barrier, arrivals in ((full, 1), (empty, CONSUMERS)):
            initialize(b, barrier(stage), arrivals)
    b.emit("nvvm.fence.mbarrier.init")
    b.close()
    b.emit("nvvm.barrier0")
    b.when(b.compare("eq", tid, CONSUMERS))
    produce(b, full, empty, m0, n0, steps)
    b.close()
    b.when(b.compare("ult", tid, CONSUMERS))
    sums = consume(b, full, empty, tid, steps, registers)
    lane = b.rem(tid, 32)
    row0 = b.add(m0, b.add(b.mul(b.div(tid, 32), 16), b.div(lane, 4)))
    column0 = b.add(n0, b.mul(b.rem(lane, 4), 2))
    elements = unpack(b, sums)
    for i in range(0, COUNT, 2):
        row = b.add(row0, 8 * (i // 2 % 2))
        place = b.add(b.mul(row, "%N"), b.add(column0, 8 * (i // 4)))
        b.store_pair(b.pointer("%C", place, "f32", GLOBAL), *elements[i : i + 2])
    b.close()
    barriers = (
        "llvm.mlir.global internal @barriers() {addr_space = 3 : i32, alignment = 8 : i64} : "
        f"!llvm.array<{2 * STAGES} x i64>"
    )
    return b.kernel(
        "gemm",
        f"%A: !llvm.ptr, %B: !llvm.ptr, %C: {GLOBAL}, %N: i32, %K: i32",
        CONSUMERS + 32,
        [barriers],
    )


if __name__ == "__main__":
    folder, m, n, k = sys.argv[1], *map(int, sys.argv[2:5])
    with open(f"{folder}/kernel.mlir", "w") as file:
        file.write(gemm("registers" in sys.argv[5:]))
    write_gemm_data(folder, m, n, k, transposed=True)
