"""mma.py FOLDER KIND K [wide]: one mma.sync of a warp, 16 x 8 x K, in LLVM IR.

KIND is bf16, f16, f16-f16 (which also accumulates in f16) or tf32. Each lane
loads its registers: a [32, .], b [32, .], c and d [16, 8] in f32, or c [32, 2] in
f16 pairs. With `wide`, elements have many magnitudes, for accumulation.py.
"""

import sys

import accumulation
import numpy as np
from kernel_builder import from_bf16, round_to_bf16

TID = "llvm.nvvm.read.ptx.sreg.tid.x"


def load(lines, name, type_, base, stride):
    """The registers of one operand, in memory side by side."""
    lines.append(f"  %{name}o = mul i32 %t, {stride}")
    names = []
    for i in range(stride):
        lines += [
            f"  %{name}i{i} = add i32 %{name}o, {i}",
            f"  %{name}p{i} = getelementptr i32, ptr addrspace(1) %{base}, i32 %{name}i{i}",
            f"  %{name}{i} = load {type_}, ptr addrspace(1) %{name}p{i}, align 4",
        ]
        names.append(f"{type_} %{name}{i}")
    return names


def kernel(kind, k):
    per = 1 if kind == "tf32" else 2
    halves = kind == "f16-f16"
    operand = "<2 x half>" if kind.startswith("f16") else "i32"
    sum_type, sums = ("<2 x half>", 2) if halves else ("float", 4)
    suffix = {"f16": "f32.f32", "f16-f16": "f16.f16"}.get(kind, kind)
    intrinsic = f"llvm.nvvm.mma.m16n8k{k}.row.col.{suffix}"
    lines = []
    arguments = load(lines, "a", operand, "pa", k // (2 * per))
    arguments += load(lines, "b", operand, "pb", k // (4 * per))
    arguments += load(lines, "c", sum_type, "pc", sums)
    struct = "{" + ", ".join([sum_type] * sums) + "}"
    types = ", ".join(x.rsplit(" ", 1)[0] for x in arguments)
    lines.append(f"  %d = call {struct} @{intrinsic}({', '.join(arguments)})")
    for i in range(sums):
        lines += [
            f"  %d{i} = extractvalue {struct} %d, {i}",
            f"  %dp{i} = getelementptr i32, ptr addrspace(1) %pd, i32 %ci{i}",
            f"  store {sum_type} %d{i}, ptr addrspace(1) %dp{i}, align 4",
        ]
    pointers = ", ".join(f"ptr addrspace(1) %p{x}" for x in "abcd")
    return "\n".join(
        [
            'target triple = "nvptx64-nvidia-cuda"',
            f"declare i32 @{TID}()",
            f"declare {struct} @{intrinsic}({types})",
            f"define ptx_kernel void @mma({pointers}) {{",
            f"  %t = call i32 @{TID}()",
            *lines,
            "  ret void",
            "}",
            "",
        ]
    )


def encode(kind, x):
    """Bits, and what they are worth."""
    if kind == "bf16":
        bits = round_to_bf16(x)
        return bits, from_bf16(bits)
    if kind == "tf32":
        bits = x.view(np.uint32)
        # The lowest bits count for nothing.
        return bits, (bits & 0xFFFFE000).view(np.float32)
    half = x.astype(np.float16)
    return half.view(np.uint16), half.astype(np.float32)


def words(elements):
    """Neighbours as registers of 32 bits."""
    return np.ascontiguousarray(elements).view(np.int32)


if __name__ == "__main__":
    folder, kind, k = sys.argv[1], sys.argv[2], int(sys.argv[3])
    per = 1 if kind == "tf32" else 2
    generator = np.random.default_rng(k)
    wide = "wide" in sys.argv[4:]

    def random(*shape):
        values = generator.uniform(-1, 1, shape).astype(np.float32)
        return accumulation.widen(generator, values) if wide else values

    a_bits, a = encode(kind, random(16, k))
    b_bits, b = encode(kind, random(k, 8))
    c = random(16, 8)
    halves = kind == "f16-f16"
    if halves:
        c = c.astype(np.float16)
    d = c.astype(np.float64) + a.astype(np.float64) @ b.astype(np.float64)
    d = d.astype(c.dtype)
    lane = np.arange(32)
    group, within = lane // 4, lane % 4
    a_registers = [
        a_bits[
            (group + i % 2 * 8)[:, None],
            (within * per + i // 2 * 4 * per)[:, None] + np.arange(per),
        ]
        for i in range(k // (2 * per))
    ]
    b_registers = [
        b_bits[(within * per + i * 4 * per)[:, None] + np.arange(per), group[:, None]]
        for i in range(k // (4 * per))
    ]

    def spread(sums):
        rows = np.stack([group, group + 8], 1)[:, :, None]
        columns = (within * 2)[:, None, None] + np.arange(2)
        return np.ascontiguousarray(sums[rows, columns]).reshape(32, 4)

    if wide:
        accumulation.save(folder, a, b, c, spread)
    np.save(f"{folder}/a.npy", words(np.concatenate(a_registers, 1)))
    np.save(f"{folder}/b.npy", words(np.concatenate(b_registers, 1)))
    np.save(f"{folder}/c.npy", spread(c))
    np.save(f"{folder}/d.npy", spread(d))
    with open(f"{folder}/kernel.ll", "w") as file:
        file.write(kernel(kind, k))
