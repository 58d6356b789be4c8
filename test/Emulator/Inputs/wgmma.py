"""wgmma.py FOLDER TYPE SWIZZLE [transposed] [wide]: one wgmma.mma_async m64n32.

The operands lie in shared memory as the hardware wants them: NumPy makes the
image, the kernel copies it, multiplies and stores D. SWIZZLE is 0, 32, 64 or 128
bytes; `transposed` has rows contiguous instead of k. With `wide`, elements have many
magnitudes, for accumulation.py.
"""

import sys

import accumulation
import numpy as np
from kernel_builder import GLOBAL, Builder, from_bf16, round_to_bf16

N = 32
B_OFFSET = 16384


def from_e4m3(bits):
    sign = np.where(bits & 0x80, -1.0, 1.0)
    exponent, fraction = (bits >> 3 & 15).astype(int), bits & 7
    normal = (1 + fraction / 8) * 2.0 ** (exponent - 7)
    return sign * np.where(exponent == 0, fraction / 512, normal)


def from_e5m2(bits):
    return (bits.astype(np.uint16) << 8).view(np.float16).astype(np.float64)


def make_operand(kind, rows, generator, wide):
    """Raw elements [rows, k] and their values."""
    if kind in ("e4m3", "e5m2"):
        # Small enough that sums are exact to a few digits, whatever their order.
        largest = 0x60 if kind == "e4m3" else 0x48
        raw = generator.integers(0, largest, (rows, 32)).astype(np.uint8)
        raw |= (generator.integers(0, 2, raw.shape) << 7).astype(np.uint8)
        return raw, from_e4m3(raw) if kind == "e4m3" else from_e5m2(raw)
    values = generator.uniform(-1, 1, (rows, 8 if kind == "tf32" else 16)).astype(
        np.float32
    )
    if wide:
        values = accumulation.widen(generator, values)
    if kind == "bf16":
        raw = round_to_bf16(values)
        return raw, from_bf16(raw)
    if kind == "f16":
        raw = values.astype(np.float16)
        return raw.view(np.uint16), raw.astype(np.float64)
    raw = values.view(np.uint32)
    return raw, (raw & 0xFFFFE000).view(np.float32)


def place(row, byte, swizzle):
    """K contiguous: the offset of a byte of a row."""
    if not swizzle:
        return row // 8 * 256 + byte // 16 * 128 + row % 8 * 16 + byte % 16
    return mix(row * swizzle + byte, swizzle)


def place_transposed(row, k, size, swizzle):
    """Rows contiguous: 128 bytes of rows per k, eight k in 1024 bytes."""
    return mix(k * 128 + row * size, swizzle)


def mix(offset, swizzle):
    bits = {32: 1, 64: 3, 128: 7}[swizzle]
    return offset ^ (offset >> 7 & bits) << 4


def write_image(image, base, raw, swizzle, transposed):
    size = raw.dtype.itemsize
    data = raw.view(np.uint8).reshape(raw.shape[0], raw.shape[1], size)
    for row in range(raw.shape[0]):
        for k in range(raw.shape[1]):
            for byte in range(size):
                offset = (
                    place_transposed(row, k, size, swizzle)
                    if transposed
                    else place(row, k * size, swizzle)
                )
                image[base + offset + byte] = data[row, k, byte]


def describe(base, swizzle, transposed):
    leading, stride = (
        (1, 1024) if transposed else (128, 256 if not swizzle else 8 * swizzle)
    )
    mode = {0: 0, 128: 1, 64: 2, 32: 3}[swizzle]
    return mode << 62 | stride >> 4 << 32 | max(1, leading >> 4) << 16 | base >> 4


def kernel(kind, swizzle, transposed):
    b = Builder()
    b.emit("%shared = llvm.mlir.addressof @dynamic : !llvm.ptr<3>")
    tid = b.register("tid.x")
    b.loop("%i", 2 * B_OFFSET // 4 // 128)
    at = b.add(b.mul("%i", 128), tid)
    word = b.op(f"llvm.load {b.pointer('%image', at, 'i32', GLOBAL)} : {GLOBAL} -> i32")
    b.emit(f"llvm.store {word}, {b.pointer('%shared', at, 'i32')} : i32, !llvm.ptr<3>")
    b.end_loop()
    b.emit(
        "nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, "
        "space = #nvvm.shared_space<cta>}"
    )
    b.emit("nvvm.barrier0")
    count = N // 2
    # Constants would go into registers behind the fence, where ptxas needs another.
    initial = [
        b.op(
            'llvm.inline_asm has_side_effects asm_dialect = att "mov.f32 $0, $1;", "=f,f" '
            f"{b.constant(float(i), 'f32')} : (f32) -> f32"
        )
        for i in range(count)
    ]
    b.emit("nvvm.wgmma.fence.aligned")
    k = {"tf32": 8, "e4m3": 32, "e5m2": 32}.get(kind, 16)
    registers = ", ".join(f"${i}" for i in range(count))
    # Only 16-bit types can be transposed.
    flags = f", {int(transposed)}, {int(transposed)}" if k == 16 else ""
    text = (
        f"wgmma.mma_async.sync.aligned.m64n{N}k{k}.f32.{kind}.{kind} "
        f"{{{registers}}}, ${2 * count}, ${2 * count + 1}, 1, 1, 1{flags};"
    )
    constraints = ",".join(["=f"] * count + [str(i) for i in range(count)] + ["l", "l"])
    struct = "!llvm.struct<(" + ", ".join(["f32"] * count) + ")>"
    base = b.op("llvm.ptrtoint %shared : !llvm.ptr<3> to i64")
    low = b.binary("andi", base, b.constant(0x3FFFF, "i64"), "i64")
    low = b.binary("shrui", low, b.constant(4, "i64"), "i64")
    operands = []
    for offset in (0, B_OFFSET):
        bits = describe(offset, swizzle, transposed)
        bits -= 1 << 64 if bits >> 63 else 0
        operands.append(b.binary("addi", low, b.constant(bits, "i64"), "i64"))
    types = ", ".join(["f32"] * count + ["i64"] * 2)
    result = b.op(
        f'llvm.inline_asm has_side_effects asm_dialect = att "{text}", "{constraints}" '
        f"{', '.join(initial + operands)} : ({types}) -> {struct}"
    )
    b.emit("nvvm.wgmma.commit.group.sync.aligned")
    b.emit("nvvm.wgmma.wait.group.sync.aligned 0")
    lane = b.rem(tid, 32)
    row0 = b.add(b.mul(b.div(tid, 32), 16), b.div(lane, 4))
    for i in range(0, count, 2):
        row = b.add(row0, 8 * (i // 2 % 2))
        at = b.add(b.mul(row, N), b.add(b.mul(b.rem(lane, 4), 2), 8 * (i // 4)))
        pair = [
            b.op(f"llvm.extractvalue {result}[{i + e}] : {struct}") for e in range(2)
        ]
        b.store_pair(b.pointer("%d", at, "f32", GLOBAL), *pair)
    return b.kernel("wgmma", f"%image: {GLOBAL}, %d: {GLOBAL}", 128)


def initial_sums():
    """Accumulator i of each thread begins with i."""
    sums = np.zeros((64, N))
    for row in range(64):
        for column in range(N):
            sums[row, column] = column % 2 + row // 8 % 2 * 2 + column // 8 * 4
    return sums


if __name__ == "__main__":
    folder, kind, swizzle = sys.argv[1], sys.argv[2], int(sys.argv[3])
    transposed, wide = "transposed" in sys.argv[4:], "wide" in sys.argv[4:]
    generator = np.random.default_rng(0)
    image = np.zeros(2 * B_OFFSET, np.uint8)
    raw_a, a = make_operand(kind, 64, generator, wide)
    raw_b, right = make_operand(kind, N, generator, wide)
    write_image(image, 0, raw_a, swizzle, transposed)
    write_image(image, B_OFFSET, raw_b, swizzle, transposed)
    np.save(f"{folder}/image.npy", image.view(np.int32))
    d = initial_sums() + a.astype(np.float64) @ right.astype(np.float64).T
    np.save(f"{folder}/d.npy", d.astype(np.float32))
    if wide:
        accumulation.save(folder, a, right.T, initial_sums(), lambda sums: sums)
    with open(f"{folder}/kernel.mlir", "w") as file:
        file.write(kernel(kind, swizzle, transposed))
