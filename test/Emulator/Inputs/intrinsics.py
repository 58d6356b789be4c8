"""intrinsics.py FOLDER: kernels in LLVM IR that call one intrinsic after another.

Each writes [functions, 32] numbers, one row per function, for a warp's operands;
what they must be, from NumPy, goes to FOLDER too.
"""

import itertools
import sys

import numpy as np

HEAD = 'target triple = "nvptx64-nvidia-cuda"\n'
TID = "llvm.nvvm.read.ptx.sreg.tid.x"
APPROXIMATE = {
    "ex2.approx.f": np.exp2,
    "ex2.approx.ftz.f": np.exp2,
    "lg2.approx.f": np.log2,
    "lg2.approx.ftz.f": np.log2,
    "rcp.approx.ftz.f": np.reciprocal,
    "rsqrt.approx.f": lambda x: 1 / np.sqrt(x),
    "rsqrt.approx.ftz.f": lambda x: 1 / np.sqrt(x),
    "sqrt.approx.f": np.sqrt,
    "sqrt.approx.ftz.f": np.sqrt,
    "div.approx.f": lambda x, y: x / y,
    "div.approx.ftz.f": lambda x, y: x / y,
    "div.full": lambda x, y: x / y,
    "div.full.ftz": lambda x, y: x / y,
}
SINES = {
    "sin.approx.f": np.sin,
    "sin.approx.ftz.f": np.sin,
    "cos.approx.f": np.cos,
    "cos.approx.ftz.f": np.cos,
}
TANH = {"tanh.approx.f32": np.tanh}
EXACT = {
    "sqrt.f": np.sqrt,
    "fabs.f32": np.abs,
    "floor.f": np.floor,
    "trunc.ftz.f": np.trunc,
    "ceil.f": np.ceil,
    "round.f": np.rint,
    "saturate.f": lambda x: np.clip(x, 0, 1),
    "fmax.f": np.maximum,
    "fmin.ftz.f": np.minimum,
}
ROUNDED = {
    "add": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "fma": lambda x, y, z: x * y + z,
    "rcp": lambda x: 1 / x,
    "sqrt": np.sqrt,
}


def count_operands(function):
    return getattr(function, "nin", None) or function.__code__.co_argcount


def round_to(exact, mode):
    """f32 neighbours of f64 numbers."""
    nearest = exact.astype(np.float32)
    down = np.where(nearest > exact, np.nextafter(nearest, np.float32(-9e9)), nearest)
    up = np.where(nearest < exact, np.nextafter(nearest, np.float32(9e9)), nearest)
    towards_zero = np.where(exact > 0, down, up)
    return {"rn": nearest, "rm": down, "rp": up, "rz": towards_zero}[mode]


def write_kernel(folder, name, functions, operands):
    """`functions` is a list of (intrinsic, number of operands, results)."""
    lines, declarations = [], set()
    for i in range(3):
        lines += [
            f"  %p{i} = getelementptr float, ptr addrspace(1) %x, i32 %i{i}",
            f"  %x{i} = load float, ptr addrspace(1) %p{i}",
        ]
    for row, (intrinsic, count, _) in enumerate(functions):
        types = ", ".join(["float"] * count)
        declarations.add(f"declare float @llvm.nvvm.{intrinsic}({types})")
        values = ", ".join(f"float %x{i}" for i in range(count))
        lines += [
            f"  %r{row} = call float @llvm.nvvm.{intrinsic}({values})",
            f"  %j{row} = add i32 %t, {32 * row}",
            f"  %q{row} = getelementptr float, ptr addrspace(1) %y, i32 %j{row}",
            f"  store float %r{row}, ptr addrspace(1) %q{row}",
        ]
    indices = [f"  %i{i} = add i32 %t, {32 * i}" for i in range(3)]
    text = [
        HEAD + f"declare i32 @{TID}()",
        *sorted(declarations),
        f"define ptx_kernel void @{name}(ptr addrspace(1) %x, ptr addrspace(1) %y) {{",
        f"  %t = call i32 @{TID}()",
        *indices,
        *lines,
        "  ret void",
        "}",
        "",
    ]
    with open(f"{folder}/{name}.ll", "w") as file:
        file.write("\n".join(text))
    results = [result for _, _, result in functions]
    np.save(f"{folder}/{name}.npy", np.array(results, np.float32))
    np.save(f"{folder}/{name}-x.npy", operands)


def call(function, operands):
    wide = operands.astype(np.float64)
    return function(*wide[: count_operands(function)])


if __name__ == "__main__":
    folder = sys.argv[1]
    generator = np.random.default_rng(0)
    positive = generator.uniform(0.25, 4, (3, 32)).astype(np.float32)
    signed = generator.uniform(-3, 3, (3, 32)).astype(np.float32)
    for name, table, operands in (
        ("approximate", APPROXIMATE, positive),
        ("sines", SINES, signed),
        ("tanh", TANH, signed),
    ):
        functions = [
            (key, count_operands(f), call(f, operands)) for key, f in table.items()
        ]
        write_kernel(folder, name, functions, operands)
    exact = [
        (key, count_operands(f), call(f, positive).astype(np.float32))
        for key, f in EXACT.items()
    ]
    for (key, f), mode in itertools.product(ROUNDED.items(), ("rn", "rm", "rp", "rz")):
        result = round_to(call(f, positive), mode)
        for ftz in ("", ".ftz"):
            exact.append((f"{key}.{mode}{ftz}.f", count_operands(f), result))
    write_kernel(folder, "exact", exact, positive)
