"""tensor_maps.py FOLDER: bulk copies of tensors of all ranks, in all swizzles.

The kernel `load` prefetches and loads a box of each of the tensors a1 to a5, of rank
1 to 5 and partly outside, and writes shared memory as it is to out. `store` copies
image to shared memory, as `load` would leave it there, and stores, adds, or takes
the smaller or larger with the targets t1 to t8. The options of ockham-emulate go to
load.txt and store.txt.
"""

import sys

import numpy as np
from kernel_builder import Builder, from_bf16, round_to_bf16

# shape, box, where the box begins, type, bytes of the swizzle
LOADS = [
    ((100,), (32,), (84,), "f32", 0),
    ((20, 40), (8, 32), (-3, 16), "f16", 64),
    ((5, 6, 64), (2, 4, 64), (4, -1, 0), "bf16", 128),
    ((3, 4, 5, 16), (2, 2, 3, 8), (-1, 2, 3, 12), "f32", 32),
    ((2, 3, 2, 3, 16), (2, 2, 2, 2, 4), (1, 1, -1, 2, -2), "i32", 0),
]
# and what is done with the elements that are there
STORES = [
    ((100,), (32,), (84,), "f32", 0, "add"),
    ((20, 40), (8, 8), (17, 36), "i32", 32, "min"),
    ((5, 6, 64), (2, 4, 32), (-1, 3, 40), "f16", 64, "max"),
    ((2, 3, 4, 64), (1, 2, 2, 64), (1, 2, 1, 8), "bf16", 128, "add"),
    ((2, 3, 2, 3, 16), (2, 2, 2, 2, 4), (1, 1, -1, 2, -2), "f32", 0, None),
    ((9, 16), (4, 16), (3, -5), "i64", 128, "min"),
    ((7, 24), (4, 16), (0, 8), "u32", 64, "max"),
    ((30,), (16,), (-7,), "bf16", 0, "min"),
]
WORDS = {"bf16": np.uint16, "f16": np.float16, "f32": np.float32, "i32": np.int32}
WORDS |= {"u32": np.uint32, "i64": np.int64}
SHARED = 16384


def swizzle(offsets, span):
    """The bits of a 16-byte chunk's number are mixed with those of its line of 128
    bytes, as many as number the chunks of the span."""
    chunks = max(span // 16, 1)
    return offsets ^ ((offsets >> 7) % chunks) << 4


def places(shape, box, begin):
    """Which elements of the box are in the tensor, and where those are."""
    index = np.meshgrid(*[np.arange(b) + x for b, x in zip(box, begin)], indexing="ij")
    inside = np.ones(box, bool)
    for axis, extent in zip(index, shape):
        inside &= (axis >= 0) & (axis < extent)
    return inside, tuple(axis[inside] for axis in index)


def put(memory, start, tile, span):
    """Writes a tile to shared memory."""
    data = np.frombuffer(tile.tobytes(), np.uint8)
    memory[start + swizzle(np.arange(data.size), span)] = data


def starts(cases):
    """Where each box lies in shared memory."""
    return [1024 * i for i in range(len(cases))]


def random(generator, shape, kind):
    if kind == "bf16":
        return round_to_bf16(generator.uniform(-2, 2, shape))
    if kind.startswith("f"):
        return generator.uniform(-2, 2, shape).astype(WORDS[kind])
    info = np.iinfo(WORDS[kind])
    return generator.integers(info.min, info.max, shape, WORDS[kind])


def combine(old, new, kind, op):
    if op is None:
        return new
    function = {"add": np.add, "min": np.minimum, "max": np.maximum}[op]
    if kind == "bf16":
        return round_to_bf16(function(from_bf16(old), from_bf16(new)))
    return function(old, new)


def box(b, begin):
    """Coordinates begin with the innermost."""
    return "box[" + ", ".join(b.constant(x) for x in reversed(begin)) + "]"


def copy_words(b, source, target, source_space, target_space):
    """All threads of a warp move shared memory from or to an array."""
    [], _ = b.loop("%i", SHARED // 128)
    word = b.add(b.mul("%i", 32), "%tid")
    pointer = b.pointer(source, word, "i32", source_space)
    value = b.op(f"llvm.load {pointer} : {source_space} -> i32")
    pointer = b.pointer(target, word, "i32", target_space)
    b.emit(f"llvm.store {value}, {pointer} : i32, {target_space}")
    b.end_loop()


def begin_kernel():
    b = Builder()
    b.emit("%tid = nvvm.read.ptx.sreg.tid.x : i32")
    b.emit("%tile = llvm.mlir.addressof @dynamic : !llvm.ptr<3>")
    return b


def load_kernel():
    b = begin_kernel()
    leader = b.compare("eq", "%tid", 0)
    bar = b.op("llvm.mlir.addressof @barrier : !llvm.ptr<3>")
    # Fills what is outside of the boxes, which the async proxy writes after that.
    [], _ = b.loop("%i", SHARED // 128)
    word = b.add(b.mul("%i", 32), "%tid")
    zero = b.constant(0)
    b.emit(f"llvm.store {zero}, {b.pointer('%tile', word, 'i32')} : i32, !llvm.ptr<3>")
    b.end_loop()
    b.emit(
        "nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}"
    )
    b.emit("nvvm.barrier0")
    b.when(leader)
    b.emit(f"nvvm.mbarrier.init {bar}, {b.constant(1)} : !llvm.ptr<3>, i32")
    b.emit("nvvm.fence.mbarrier.init")
    total = sum(
        int(np.prod(shape)) * np.dtype(WORDS[kind]).itemsize
        for _, shape, _, kind, _ in LOADS
    )
    b.emit(
        f"nvvm.mbarrier.arrive.expect_tx {bar}, {b.constant(total)} : !llvm.ptr<3>, i32"
    )
    words = b.constant(64)
    b.emit(f"nvvm.cp.async.bulk.prefetch %out, {words} : !llvm.ptr<1>")
    for i, (start, (_, _, begin, _, _)) in enumerate(zip(starts(LOADS), LOADS), 1):
        b.emit(f"nvvm.prefetch tensormap, %a{i} : !llvm.ptr")
        where = box(b, begin)
        b.emit(f"nvvm.cp.async.bulk.tensor.prefetch %a{i}, {where} : !llvm.ptr")
        pointer = b.op(
            f"llvm.addrspacecast {b.pointer('%tile', start)} : !llvm.ptr<3> to !llvm.ptr<7>"
        )
        b.emit(
            f"nvvm.cp.async.bulk.tensor.shared.cluster.global {pointer}, %a{i}, {bar}, "
            f"{where} : !llvm.ptr<7>, !llvm.ptr"
        )
    b.close()
    b.emit("nvvm.barrier0")
    b.emit(
        f"nvvm.mbarrier.try_wait.parity {bar}, {b.constant(0)}, {b.constant(1000)} "
        ": !llvm.ptr<3>, i32, i32"
    )
    copy_words(b, "%tile", "%out", "!llvm.ptr<3>", "!llvm.ptr<1>")
    maps = ", ".join(f"%a{i}: !llvm.ptr" for i in range(1, len(LOADS) + 1))
    barrier = (
        "llvm.mlir.global internal @barrier() {addr_space = 3 : i32, alignment = 8 : i64}"
        " : !llvm.array<1 x i64>"
    )
    return b.kernel("load", f"{maps}, %out: !llvm.ptr<1>", 32, [barrier])


def store_kernel():
    b = begin_kernel()
    copy_words(b, "%image", "%tile", "!llvm.ptr<1>", "!llvm.ptr<3>")
    b.emit(
        "nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}"
    )
    b.emit("nvvm.barrier0")
    b.when(b.compare("eq", "%tid", 0))
    for i, (start, (_, _, begin, _, _, op)) in enumerate(
        zip(starts(STORES), STORES), 1
    ):
        name = "reduce" if op else "global.shared.cta"
        kind = f" {{redKind = #nvvm.tma_redux_kind<{op}>}}" if op else ""
        b.emit(
            f"nvvm.cp.async.bulk.tensor.{name} %t{i}, {b.pointer('%tile', start)}, "
            f"{box(b, begin)}{kind} : !llvm.ptr, !llvm.ptr<3>"
        )
    b.emit("nvvm.cp.async.bulk.commit.group")
    b.emit("nvvm.cp.async.bulk.wait_group 0")
    b.close()
    maps = ", ".join(f"%t{i}: !llvm.ptr" for i in range(1, len(STORES) + 1))
    return b.kernel("store", f"%image: !llvm.ptr<1>, {maps}", 32)


def save(path, array, kind):
    np.save(path, array.view("V2") if kind == "bf16" else array)


def extents(numbers):
    return "x".join(map(str, numbers))


if __name__ == "__main__":
    folder = sys.argv[1]
    generator = np.random.default_rng(0)
    memory = np.zeros(SHARED, np.uint8)
    options = ["--kernel load"]
    for i, (start, case) in enumerate(zip(starts(LOADS), LOADS), 1):
        shape, size, begin, kind, span = case
        tensor = random(generator, shape, kind)
        save(f"{folder}/a{i}.npy", tensor, kind)
        inside, where = places(shape, size, begin)
        tile = np.zeros(size, tensor.dtype)
        tile[inside] = tensor[where]
        put(memory, start, tile, span)
        options += [
            f"--buffer a{i}={kind}[{extents(shape)}]={folder}/a{i}.npy",
            f"--arg map:a{i}:box={extents(size)}:swizzle={span}",
        ]
    np.save(f"{folder}/out.npy", memory.view(np.int32))
    options += [
        f"--buffer out=i32[{SHARED // 4}] --arg out --expect out={folder}/out.npy"
    ]
    with open(f"{folder}/load.txt", "w") as file:
        file.write(" ".join(options))
    with open(f"{folder}/load.mlir", "w") as file:
        file.write(load_kernel())

    memory = np.zeros(SHARED, np.uint8)
    options = [
        f"--kernel store --buffer image=i32[{SHARED // 4}]={folder}/image.npy --arg image"
    ]
    for i, (start, case) in enumerate(zip(starts(STORES), STORES), 1):
        shape, size, begin, kind, span, op = case
        old, tile = random(generator, shape, kind), random(generator, size, kind)
        put(memory, start, tile, span)
        save(f"{folder}/t{i}.npy", old, kind)
        inside, where = places(shape, size, begin)
        old[where] = combine(old[where], tile[inside], kind, op)
        save(f"{folder}/expected{i}.npy", old, kind)
        options += [
            f"--buffer t{i}={kind}[{extents(shape)}]={folder}/t{i}.npy",
            f"--arg map:t{i}:box={extents(size)}:swizzle={span}",
            f"--expect t{i}={folder}/expected{i}.npy",
        ]
    np.save(f"{folder}/image.npy", memory.view(np.int32))
    with open(f"{folder}/store.txt", "w") as file:
        file.write(" ".join(options))
    with open(f"{folder}/store.mlir", "w") as file:
        file.write(store_kernel())
