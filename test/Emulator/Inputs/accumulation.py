"""accumulation.py FOLDER [DIGITS]: are sums of tensor cores within their bound?

docs/emulator.md says how far sums of k products may be from the exact ones, on a GPU
or here. FOLDER has exact.npy and bound.npy, which mma.py and wgmma.py write for
operands of very different sizes, and what the emulator has saved, sums.npy. With
DIGITS, sums are cut off to so many binary digits first.
"""

import sys

import numpy as np


def widen(generator, values):
    """Numbers of many magnitudes, so that sums round and cancel."""
    scale = 2.0 ** generator.integers(-10, 11, values.shape)
    return (values * scale).astype(values.dtype)


def save(folder, a, b, c, arrange):
    """The exact c + a b and its bound, arranged as registers are."""
    a, b, c = (x.astype(np.float64) for x in (a, b, c))
    size = np.abs(c) + np.abs(a) @ np.abs(b)
    np.save(f"{folder}/exact.npy", arrange(c + a @ b))
    np.save(f"{folder}/bound.npy", arrange((a.shape[1] + 1) * 2.0**-22 * size))


if __name__ == "__main__":
    folder = sys.argv[1]
    exact, bound, sums = (
        np.load(f"{folder}/{x}.npy").astype(np.float64)
        for x in ("exact", "bound", "sums")
    )
    if len(sys.argv) > 2:
        mantissa, exponent = np.frexp(sums)
        scale = 2.0 ** int(sys.argv[2])
        sums = np.ldexp(np.trunc(mantissa * scale) / scale, exponent)
    share = np.abs(sums - exact) / bound
    print(
        f"largest error: {share.max():.3f} of the bound; {np.mean(share > 0):.0%} rounded"
    )
    sys.exit(0 if share.max() <= 1 else 1)
