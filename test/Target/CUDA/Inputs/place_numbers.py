"""place_numbers.py FOLDER: kernels whose blocks lie where those of models do not.

Each kernel is written here, and NumPy computes what it means: elements outside
of a view are zero, whichever side of it they lie on.
"""

import numpy as np
from emulated_host import Module, get_error, get_folder, to_bf16, to_double

rng = np.random.default_rng(11)


def make_module(kernel, types, result, grid):
    """One launch of @kernel over `grid`; the last argument is the result."""
    names = [f"%a{i}" for i in range(len(types))]
    arguments = ", ".join(f"{n}: {t}" for n, t in zip(names, types))
    extents = "".join(
        f"  %n{i} = arith.constant {g} : index\n" for i, g in enumerate(grid)
    )
    over = ", ".join(f"%n{i}" for i in range(len(grid)))
    return f"""{kernel}
func.func @forward({arguments}) -> {result} {{
{extents}  %r = tile.launch @kernel grid[{over}]
      ins({", ".join(names[:-1])} : {", ".join(types[:-1])})
      outs({names[-1]} : {result}) -> {result}
  return %r : {result}
}}
"""


def cross_panels():
    """Panels of 12 columns, and registers of 8: bf16 at columns 0, 8, 16, ..."""
    text = make_module(
        """tile.kernel @kernel(%x: !tile.view<5x36xbf16, panels<12>>, %y: !tile.view<5x36xbf16>)
    grid(%i to %m step 1, %t to %n step 1) {
  %c8 = arith.constant 8 : index
  %j = arith.muli %t, %c8 : index
  %0 = tile.load %x[%i, %j] : !tile.view<5x36xbf16, panels<12>> -> tensor<1x8xbf16>
  tile.store %0, %y[%i, %j] : tensor<1x8xbf16>, !tile.view<5x36xbf16>
}""",
        ["tensor<3x5x12xbf16>", "tensor<5x36xbf16>"],
        "tensor<5x36xbf16>",
        [5, 5],
    )
    x = to_bf16(rng.standard_normal((5, 36)))
    packed = np.ascontiguousarray(x.reshape(5, 3, 12).transpose(1, 0, 2))
    return text, [packed, to_bf16(np.zeros((5, 36)))], to_double(x)


def in_front():
    """Rows and columns in front of a view: from row i - 3 and column -4 on."""
    text = make_module(
        """tile.kernel @kernel(%x: !tile.view<10x16xf32>, %y: !tile.view<10x16xf32>)
    grid(%i to %m step 2) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %left = arith.constant -4 : index
  %up = arith.subi %i, %c3 : index
  %0 = tile.load %x[%up, %left] : !tile.view<10x16xf32> -> tensor<2x16xf32>
  tile.store %0, %y[%i, %c0] : tensor<2x16xf32>, !tile.view<10x16xf32>
}""",
        ["tensor<10x16xf32>"] * 2,
        "tensor<10x16xf32>",
        [10],
    )
    x = rng.standard_normal((10, 16)).astype(np.float32)
    want = np.zeros((10, 16))
    want[3:, 4:] = x[:-3, :-4]
    return text, [x, np.zeros_like(x)], want


def store_in_front():
    """What is stored in front of a view is not stored."""
    text = make_module(
        """tile.kernel @kernel(%x: !tile.view<10x16xf32>, %y: !tile.view<10x16xf32>)
    grid(%i to %m step 2) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %left = arith.constant -3 : index
  %up = arith.subi %i, %c3 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<10x16xf32> -> tensor<2x16xf32>
  tile.store %0, %y[%up, %left] : tensor<2x16xf32>, !tile.view<10x16xf32>
}""",
        ["tensor<10x16xf32>"] * 2,
        "tensor<10x16xf32>",
        [10],
    )
    x = rng.standard_normal((10, 16)).astype(np.float32)
    want = np.full((10, 16), 7.0)
    want[:-3, :-3] = x[3:, 3:]
    return text, [x, np.full((10, 16), 7, np.float32)], want


def far_away():
    """Places whose distance is more than 32 bits hold."""
    text = make_module(
        """tile.kernel @kernel(%x: !tile.view<4x8xf32>, %y: !tile.view<4x8xf32>)
    grid(%i to %m step 4) {
  %c0 = arith.constant 0 : index
  %below = arith.constant 6442450944 : index
  %above = arith.constant -6442450944 : index
  %0 = tile.load %x[%below, %c0] : !tile.view<4x8xf32> -> tensor<4x8xf32>
  %1 = tile.load %x[%above, %c0] : !tile.view<4x8xf32> -> tensor<4x8xf32>
  %2 = tile.load %x[%i, %c0] : !tile.view<4x8xf32> -> tensor<4x8xf32>
  %3 = arith.addf %0, %1 : tensor<4x8xf32>
  %4 = arith.addf %3, %2 : tensor<4x8xf32>
  tile.store %4, %y[%i, %c0] : tensor<4x8xf32>, !tile.view<4x8xf32>
}""",
        ["tensor<4x8xf32>"] * 2,
        "tensor<4x8xf32>",
        [4],
    )
    x = rng.standard_normal((4, 8)).astype(np.float32)
    return text, [x, np.zeros_like(x)], x


def windows_in_front():
    """A stream that begins in front of its view: copies of 16 bytes."""
    text = make_module(
        """tile.kernel @kernel(%x: !tile.view<16x32xbf16>, %w: !tile.view<32x16xbf16>,
                    %y: !tile.view<16x16xf32>) grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = mma, warps = [1, 1], lanes = [8, 4], vector = 2, stages = 2> {
  %c0 = arith.constant 0 : index
  %first = arith.constant -16 : index
  %last = arith.constant 32 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %sum = tile.for %k = %first to %last step 16
      streams(%a = %x[%i, %k] : !tile.view<16x32xbf16> -> !tile.slice<16x16xbf16>,
              %b = %w[%k, %c0] : !tile.view<32x16xbf16> -> !tile.slice<16x16xbf16>)
      iter_args(%acc = %zero : tensor<16x16xf32>) {
    %0 = tile.dot %acc, %a, %b : tensor<16x16xf32>, !tile.slice<16x16xbf16>, !tile.slice<16x16xbf16>
    tile.yield %0 : tensor<16x16xf32>
  }
  tile.store %sum, %y[%i, %c0] : tensor<16x16xf32>, !tile.view<16x16xf32>
}""",
        ["tensor<16x32xbf16>", "tensor<32x16xbf16>", "tensor<16x16xf32>"],
        "tensor<16x16xf32>",
        [16],
    )
    x, w = (
        to_bf16(rng.standard_normal((16, 32))),
        to_bf16(rng.standard_normal((32, 16))),
    )
    return text, [x, w, np.zeros((16, 16), np.float32)], to_double(x) @ to_double(w)


def columns_by_number():
    """Columns of a table in panels, one of which does not exist."""
    text = make_module(
        """tile.kernel @kernel(%x: !tile.view<40x100xbf16, panels<64>>, %ids: !tile.view<6x1xi64>,
                    %y: !tile.view<6x40xbf16>) grid(%i to %m step 4) {
  %c0 = arith.constant 0 : index
  %rows = tile.load %ids[%i, %c0] : !tile.view<6x1xi64> -> tensor<4x1xi64>
  %0 = tile.gather %x[%rows, %c0] transposed
      : !tile.view<40x100xbf16, panels<64>>, tensor<4x1xi64> -> tensor<4x40xbf16>
  tile.store %0, %y[%i, %c0] : tensor<4x40xbf16>, !tile.view<6x40xbf16>
}""",
        ["tensor<2x40x64xbf16>", "tensor<6x1xi64>", "tensor<6x40xbf16>"],
        "tensor<6x40xbf16>",
        [6],
    )
    x = np.zeros((40, 128))
    x[:, :100] = rng.standard_normal((40, 100))
    x = to_bf16(x)
    ids = np.array([[99], [0], [-1], [64], [63], [3]])
    want = to_double(x).T[ids[:, 0]]
    want[2] = 0
    packed = np.ascontiguousarray(x.reshape(40, 2, 64).transpose(1, 0, 2))
    return text, [packed, ids, to_bf16(np.zeros((6, 40)))], want


def square():
    """A block times its own transpose, on tensor cores."""
    text = make_module(
        """tile.kernel @kernel(%x: !tile.view<16x32xbf16>, %y: !tile.view<16x16xf32>)
    grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = mma, warps = [1, 1], lanes = [8, 4], vector = 2> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %0 = tile.load %x[%i, %c0] : !tile.view<16x32xbf16> -> tensor<16x32xbf16>
  %1 = tile.dot %zero, %0, %0 transposed : tensor<16x16xf32>, tensor<16x32xbf16>, tensor<16x32xbf16>
  tile.store %1, %y[%i, %c0] : tensor<16x16xf32>, !tile.view<16x16xf32>
}""",
        ["tensor<16x32xbf16>", "tensor<16x16xf32>"],
        "tensor<16x16xf32>",
        [16],
    )
    x = to_bf16(rng.standard_normal((16, 32)))
    return text, [x, np.zeros((16, 16), np.float32)], to_double(x) @ to_double(x).T


def power():
    """A block that a loop carries is a factor, and a window the other."""
    text = make_module(
        """tile.kernel @kernel(%x: !tile.view<16x16xf32>, %w: !tile.view<48x16xf32>,
                    %y: !tile.view<16x16xf32>) grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = fma, warps = [2, 1], lanes = [4, 8], vector = 2, stages = 2> {
  %c0 = arith.constant 0 : index
  %c48 = arith.constant 48 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %first = tile.load %x[%i, %c0] : !tile.view<16x16xf32> -> tensor<16x16xf32>
  %last = tile.for %k = %c0 to %c48 step 16
      streams(%b = %w[%k, %c0] : !tile.view<48x16xf32> -> !tile.slice<16x16xf32>)
      iter_args(%a = %first : tensor<16x16xf32>) {
    %0 = tile.dot %zero, %a, %b : tensor<16x16xf32>, tensor<16x16xf32>, !tile.slice<16x16xf32>
    tile.yield %0 : tensor<16x16xf32>
  }
  tile.store %last, %y[%i, %c0] : tensor<16x16xf32>, !tile.view<16x16xf32>
}""",
        ["tensor<16x16xf32>", "tensor<48x16xf32>", "tensor<16x16xf32>"],
        "tensor<16x16xf32>",
        [16],
    )
    x = rng.standard_normal((16, 16)).astype(np.float32)
    w = rng.standard_normal((48, 16)).astype(np.float32) / 4
    want = to_double(x)
    for part in to_double(w).reshape(3, 16, 16):
        want = want @ part
    return text, [x, w, np.zeros((16, 16), np.float32)], want


def slices():
    """Two sums over one depth in four slices, of multiply-adds; what else the
    loop carries is no sum."""
    text = make_module(
        """tile.kernel @kernel(%x: !tile.view<5x96xf32>, %w: !tile.view<96x24xf32>,
                    %y: !tile.view<5x24xf32>) grid(%i to %m step 6)
    strategy #ockham_cuda.strategy<arch = 80, dot = fma, warps = [1, 1], lanes = [4, 8], vector = 4, stages = 2, slices = 4> {
  %c0 = arith.constant 0 : index
  %c96 = arith.constant 96 : index
  %zero = arith.constant dense<0.0> : tensor<6x24xf32>
  %one = arith.constant dense<1.0> : tensor<6x24xf32>
  %p:3 = tile.for %k = %c0 to %c96 step 32
      streams(%a = %x[%i, %k] : !tile.view<5x96xf32> -> !tile.slice<6x32xf32>,
              %b = %w[%k, %c0] : !tile.view<96x24xf32> -> !tile.slice<32x24xf32>)
      iter_args(%s = %zero : tensor<6x24xf32>, %t = %zero : tensor<6x24xf32>, %u = %zero : tensor<6x24xf32>) {
    %0 = tile.dot %s, %a, %b : tensor<6x24xf32>, !tile.slice<6x32xf32>, !tile.slice<32x24xf32>
    %1 = tile.dot %t, %a, %b : tensor<6x24xf32>, !tile.slice<6x32xf32>, !tile.slice<32x24xf32>
    %2 = arith.addf %u, %one : tensor<6x24xf32>
    tile.yield %0, %1, %2 : tensor<6x24xf32>, tensor<6x24xf32>, tensor<6x24xf32>
  }
  %3 = arith.addf %p#0, %p#1 : tensor<6x24xf32>
  %4 = arith.addf %3, %p#2 : tensor<6x24xf32>
  tile.store %4, %y[%i, %c0] : tensor<6x24xf32>, !tile.view<5x24xf32>
}""",
        ["tensor<5x96xf32>", "tensor<96x24xf32>", "tensor<5x24xf32>"],
        "tensor<5x24xf32>",
        [5],
    )
    x = rng.standard_normal((5, 96)).astype(np.float32)
    w = rng.standard_normal((96, 24)).astype(np.float32)
    want = 2 * (to_double(x) @ to_double(w)) + 3
    return text, [x, w, np.zeros((5, 24), np.float32)], want


CASES = (
    cross_panels,
    in_front,
    store_in_front,
    far_away,
    windows_in_front,
    columns_by_number,
    square,
    power,
    slices,
)


def main():
    folder = get_folder()
    for case in CASES:
        text, inputs, want = case()
        source = folder / f"{case.__name__}.mlir"
        source.write_text(text)
        (have,) = Module(source, folder)(inputs, ["--all-modes"])
        error = get_error(have, want)
        if not error < 1e-6:
            raise SystemExit(f"{case.__name__}: off by {error}\n{have}\n{want}")
    print(f"{len(CASES)} kernels agree")


if __name__ == "__main__":
    main()
