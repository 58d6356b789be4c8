"""gemm_numbers.py FOLDER: products, in all modes of the emulator.

A product with a bias and a ReLU, as lib/Kernels makes it, of a weight in panels
or, as a tied head, in rows that are transposed; over odd extents. Each of the kernels
that the launch chooses between (few rows, some, many) runs on all of them.
"""

import numpy as np
from emulated_host import (
    Module,
    from_bf16,
    get_error,
    get_folder,
    to_bf16,
    to_double,
)

rng = np.random.default_rng(5)


def make_text(k, n, kind, out, transposed):
    """x [m, k] times w, plus b, at least 0."""
    panels = -(-n // 64)
    w = f"{n}x{k}x{kind}" if transposed else f"{panels}x{k}x64x{kind}"
    wv = f"!tile.view<{n}x{k}x{kind}>" if transposed else f"!tile.view<{k}x{n}x{kind}, panels<64>>"  # fmt: skip
    ws = f"!tile.slice<64x2x{kind}>" if transposed else f"!tile.slice<2x64x{kind}, panels<64>>"  # fmt: skip
    at = "%j, %k" if transposed else "%k, %j"
    flag = " transposed" if transposed else ""
    narrow = out != "f32"
    return f"""
tile.kernel @linear(%a: !tile.view<?x{k}x{kind}>, %w: {wv},
                    %b: !tile.view<1x{n}xf32>, %c: !tile.view<?x{n}x{out}>)
    grid(%i to %m step 8, %j to %n step 64) {{
  %c0 = arith.constant 0 : index
  %depth = arith.constant {k} : index
  %zero = arith.constant dense<0.0> : tensor<8x64xf32>
  %sum = tile.for %k = %c0 to %depth step 2
      streams(%x = %a[%i, %k] : !tile.view<?x{k}x{kind}> -> !tile.slice<8x2x{kind}>,
              %y = %w[{at}] : {wv} -> {ws})
      iter_args(%acc = %zero : tensor<8x64xf32>) {{
    %0 = tile.dot %acc, %x, %y{flag} : tensor<8x64xf32>, !tile.slice<8x2x{kind}>, {ws}
    tile.yield %0 : tensor<8x64xf32>
  }}
  %1 = tile.load %b[%c0, %j] : !tile.view<1x{n}xf32> -> tensor<1x64xf32>
  %2 = tile.broadcast %1 : tensor<1x64xf32> -> tensor<8x64xf32>
  %3 = arith.addf %sum, %2 : tensor<8x64xf32>
  %4 = arith.maximumf %3, %zero : tensor<8x64xf32>
  {f"%5 = arith.truncf %4 : tensor<8x64xf32> to tensor<8x64x{out}>" if narrow else ""}
  tile.store {"%5" if narrow else "%4"}, %c[%i, %j] : tensor<8x64x{out}>, !tile.view<?x{n}x{out}>
}}
func.func @forward(%a: tensor<?x{k}x{kind}>, %w: tensor<{w}>, %b: tensor<{n}xf32>,
                   %c: tensor<?x{n}x{out}>) -> tensor<?x{n}x{out}> {{
  %c0 = arith.constant 0 : index
  %n = arith.constant {n} : index
  %m = tensor.dim %a, %c0 : tensor<?x{k}x{kind}>
  %r = tile.launch @linear grid[%m, %n]
      ins(%a, %w, %b : tensor<?x{k}x{kind}>, tensor<{w}>, tensor<{n}xf32>)
      outs(%c : tensor<?x{n}x{out}>) -> tensor<?x{n}x{out}>
  return %r : tensor<?x{n}x{out}>
}}
"""


def convert(x, kind):
    return to_bf16(x) if kind == "bf16" else x.astype(np.float16 if kind == "f16" else np.float32)  # fmt: skip


def round_to_tf32(x):
    """To 11 bits, to nearest, and in the middle away from zero."""
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x1000) & 0xFFFFE000).view(np.float32).astype(np.float64)


def main():
    folder = get_folder()
    count = 0
    for k, n, kind, out, transposed, rows in (
        (96, 200, "bf16", "f32", False, (1, 129)),
        (64, 128, "f16", "f16", False, (5,)),
        (33, 65, "bf16", "bf16", False, (17,)),
        (300, 70, "bf16", "f32", True, (130,)),
        (40, 129, "f32", "f32", True, (3, 66)),
        # Few rows in slices of several windows, the last of which is shorter.
        (300, 70, "f32", "f32", False, (1, 9)),
        (550, 40, "f16", "f32", False, (9,)),
        # On tensor cores: weights in panels, in rows, and in slices.
        (96, 200, "tf32", "f32", False, (1, 130)),
        (33, 65, "tf32", "f32", True, (17,)),
        (550, 40, "tf32", "f32", True, (9,)),
    ):
        source = folder / "linear.mlir"
        tf32 = kind == "tf32"
        if tf32:
            kind = "f32"
        source.write_text(make_text(k, n, kind, out, transposed))
        module = Module(source, folder, tf32=tf32)
        for m in rows:
            a = convert(rng.standard_normal((m, k)), kind)
            w = convert(rng.standard_normal((k, n)), kind)
            b = rng.standard_normal(n).astype(np.float32)
            if tf32:
                want = round_to_tf32(a) @ round_to_tf32(w)
            else:
                want = to_double(a) @ to_double(w)
            want = np.maximum(want + b, 0)
            if transposed:
                stored = np.ascontiguousarray(w.T)
            else:
                width = -(-n // 64) * 64
                stored = np.zeros((k, width), w.dtype)
                stored[:, :n] = w
                stored = stored.reshape(k, -1, 64).transpose(1, 0, 2)
            # One rounding of the result at most, beside f32's sums.
            tolerance = {"f32": 1e-6, "f16": 2**-11, "bf16": 2**-8}[out]
            for choice in range(module.count_choices()):
                module.choice = choice
                c = convert(np.full((m, n), np.nan), out)
                inputs = [a, np.ascontiguousarray(stored), b, c]
                (have,) = module(inputs, ["--all-modes"])
                error = get_error(have, want)
                if not error < tolerance:
                    raise SystemExit(
                        f"{k} x {n} of {kind}, {m} rows, choice {choice}: "
                        f"off by {error}"
                    )
                count += 1
        # Few rows, some and many; multiply-adds have no blocks for some.
        names = {"linear", "linear_few"} | (
            {"linear_some"} if kind != "f32" or tf32 else set()
        )
        if module.launched != names:
            raise SystemExit(f"{k} x {n} of {kind}: ran {module.launched}")
    print(f"{count} products agree")


assert from_bf16(to_bf16(np.float32([1.5])))[0] == 1.5

if __name__ == "__main__":
    main()
