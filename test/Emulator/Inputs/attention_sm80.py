"""attention_sm80.py FOLDER HEADS T: causal attention forward, head width 64.

Flash attention: four warps of 16 queries, keys and values in two cp.async
stages of 64, softmax on the fly with row statistics in registers, P fed to the
second product from the registers that it was computed in. Q, K, V [heads, T, 64]
in bf16, O in f32. Grid: T / 64, heads; 128 threads; 40960 bytes.
"""

import sys

import numpy as np
from gemm_sm80 import THREADS, load_fragments, load_tile, multiply
from kernel_builder import GLOBAL, Builder, from_bf16, round_to_bf16, save_bf16

LOG2_E = 1.4426950408889634
# Below all scores.
LOWEST = "-1.0e30"
TILE_BYTES = 8192


def pack(b, x, y):
    pair = b.op(f"vector.from_elements {x}, {y} : vector<2xf32>")
    half = b.op(f"arith.truncf {pair} : vector<2xf32> to vector<2xbf16>")
    return b.op(f"llvm.bitcast {half} : vector<2xbf16> to i32")


def exp2(b, x):
    intrinsic = '"llvm.nvvm.ex2.approx.ftz"'
    return b.op(f"llvm.call_intrinsic {intrinsic}({x}) : (f32) -> f32")


def reduce_quad(b, x, op):
    """Over the four lanes that share a row."""
    for distance in (1, 2):
        other = b.op(
            f"nvvm.shfl.sync bfly {b.constant(-1)}, {x}, {b.constant(distance)}, "
            f"{b.constant(31)} : f32 -> f32"
        )
        x = b.binary(op, x, other, "f32")
    return x


def update_softmax(b, scores, maxima, totals, row0, column0):
    """One step of the softmax of rows `row0` and `row0` + 8 of a fragment, in
    powers of two: `scores` become weights. Returns the new maxima and totals, and
    what earlier weights are to be multiplied by."""
    scale, lowest = (b.constant(x, "f32") for x in (repr(0.125 * LOG2_E), LOWEST))
    for j in range(8):
        for e in range(4):
            visible = b.compare(
                "ule", b.add(column0, 8 * j + e % 2), b.add(row0, 8 * (e // 2))
            )
            scaled = b.binary("mulf", scores[j][e], scale, "f32")
            scores[j][e] = b.op(f"arith.select {visible}, {scaled}, {lowest} : f32")
    new_maxima, factors, new_totals = [], [], []
    for r in range(2):
        largest = maxima[r]
        for j in range(8):
            for e in range(2):
                largest = b.binary("maximumf", largest, scores[j][2 * r + e], "f32")
        largest = reduce_quad(b, largest, "maximumf")
        new_maxima.append(largest)
        factors.append(exp2(b, b.binary("subf", maxima[r], largest, "f32")))
        total = b.binary("mulf", totals[r], factors[r], "f32")
        for j in range(8):
            for e in range(2 * r, 2 * r + 2):
                shifted = b.binary("subf", scores[j][e], largest, "f32")
                scores[j][e] = exp2(b, shifted)
                total = b.binary("addf", total, scores[j][e], "f32")
        new_totals.append(total)
    return new_maxima, factors, new_totals


def invert_totals(b, totals):
    one = b.constant("1.0", "f32")
    return [b.binary("divf", one, reduce_quad(b, x, "addf"), "f32") for x in totals]


def pack_rows(b, parts):
    """Registers of A's fragment from two parts of an accumulator: the layouts are
    the same."""
    return [pack(b, *parts[i // 2][i % 2 * 2 : i % 2 * 2 + 2]) for i in range(4)]


def attention():
    b = Builder()
    b.emit("%shared = llvm.mlir.addressof @dynamic : !llvm.ptr<3>")
    tid = b.register("tid.x")
    tile = b.register("ctaid.x")
    head_row = b.mul(b.register("ctaid.y"), "%T")
    lane, warp = b.rem(tid, 32), b.div(tid, 32)
    width, zero = b.constant(64), b.constant(0)
    query0 = b.mul(tile, 64)
    load_tile(b, "%Q", b.add(head_row, query0), zero, width, zero, tid)

    def fetch(step, stage):
        base = b.add(b.mul(stage, 2 * TILE_BYTES), TILE_BYTES)
        row = b.add(head_row, b.mul(step, 64))
        load_tile(b, "%Keys", row, zero, width, base, tid)
        load_tile(b, "%V", row, zero, width, b.add(base, TILE_BYTES), tid)

    fetch(zero, zero)
    b.emit("nvvm.cp.async.commit.group")
    lowest, none = b.constant(LOWEST, "f32"), b.constant("0.0", "f32")
    steps = b.add(tile, 1)
    carried, results = b.loop("%step", steps, [lowest] * 2 + [none] * 34)
    maxima, totals, sums = carried[:2], carried[2:4], carried[4:]
    ahead = b.add("%step", 1)
    # All have read the stage that is fetched next.
    b.emit("nvvm.barrier0")
    b.when(b.compare("ult", ahead, steps))
    fetch(ahead, b.rem(ahead, 2))
    b.close()
    b.emit("nvvm.cp.async.commit.group")
    b.emit("nvvm.cp.async.wait.group 1")
    b.emit("nvvm.barrier0")
    keys = b.add(b.mul(b.rem("%step", 2), 2 * TILE_BYTES), TILE_BYTES)
    values = b.add(keys, TILE_BYTES)
    half, row16 = b.div(lane, 16), b.rem(lane, 16)
    query_row = b.add(b.mul(warp, 16), row16)
    scores = [[none] * 4 for _ in range(8)]
    for k in range(4):
        left = load_fragments(b, zero, query_row, b.add(half, 2 * k), "row")
        for j in range(4):
            row = b.add(b.add(b.rem(lane, 8), b.mul(half, 8)), 16 * j)
            chunk = b.add(b.rem(b.div(lane, 8), 2), 2 * k)
            right = load_fragments(b, keys, row, chunk, "row")
            for h in range(2):
                at = 2 * j + h
                scores[at] = multiply(b, left, right[2 * h : 2 * h + 2], scores[at])
    row0 = b.add(b.add(query0, b.mul(warp, 16)), b.div(lane, 4))
    column0 = b.add(b.mul("%step", 64), b.mul(b.rem(lane, 4), 2))
    maxima, factors, totals = update_softmax(b, scores, maxima, totals, row0, column0)
    outputs = [
        [b.binary("mulf", sums[4 * d + e], factors[e // 2], "f32") for e in range(4)]
        for d in range(8)
    ]
    for k in range(4):
        left = pack_rows(b, scores[2 * k : 2 * k + 2])
        for j in range(4):
            right = load_fragments(
                b, values, b.add(row16, 16 * k), b.add(half, 2 * j), "col"
            )
            for h in range(2):
                at = 2 * j + h
                outputs[at] = multiply(b, left, right[2 * h : 2 * h + 2], outputs[at])
    b.end_loop([*maxima, *totals, *(x for part in outputs for x in part)])
    inverse = invert_totals(b, results[2:4])
    for d in range(8):
        for r in range(2):
            row = b.add(b.add(head_row, row0_of(b, tile, warp, lane)), 8 * r)
            place = b.add(b.mul(row, 64), b.add(b.mul(b.rem(lane, 4), 2), 8 * d))
            pair = [
                b.binary("mulf", results[4 + 4 * d + 2 * r + e], inverse[r], "f32")
                for e in range(2)
            ]
            b.store_pair(b.pointer("%O", place, "f32", GLOBAL), *pair)
    arguments = ", ".join(f"%{name}: {GLOBAL}" for name in ("Q", "Keys", "V", "O"))
    return b.kernel("attention", f"{arguments}, %T: i32", THREADS)


def row0_of(b, tile, warp, lane):
    return b.add(b.add(b.mul(tile, 64), b.mul(warp, 16)), b.div(lane, 4))


def write_data(folder, heads, length, flat=False):
    generator = np.random.default_rng(0)
    q, k, v = (
        round_to_bf16(generator.uniform(-s, s, (heads, length, 64))) for s in (2, 2, 1)
    )
    for name, array in (("q", q), ("k", k), ("v", v)):
        save_bf16(f"{folder}/{name}.npy", array.reshape(-1, 64) if flat else array)
    q, k, v = (from_bf16(x).astype(np.float64) for x in (q, k, v))
    scores = q @ k.transpose(0, 2, 1) / 8
    scores[:, np.triu_indices(length, 1)[0], np.triu_indices(length, 1)[1]] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    out = weights @ v / weights.sum(-1, keepdims=True)
    out = out.astype(np.float32)
    np.save(f"{folder}/o.npy", out.reshape(-1, 64) if flat else out)


if __name__ == "__main__":
    with open(f"{sys.argv[1]}/kernel.mlir", "w") as file:
        file.write(attention())
    write_data(sys.argv[1], *map(int, sys.argv[2:4]))
