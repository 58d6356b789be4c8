"""Compares kernels as a GPU wants them with the ops that they are made of.

usage: preference_numbers.py FOLDER

The cases are those of attention_numbers.py and kernel_numbers.py, of each of the
types that memory may hold; each runs once, on extents that no block divides.
The interpreter runs the kernels. It has no linalg, which checks of positions are
made of: cases with those are compiled, in blocks that a CPU can hold.
"""

import sys
from pathlib import Path

import attention_numbers
import kernel_numbers
import numpy as np
from kernel_numbers import run
from narrow_text import narrow_text, round_to

PASSES = (
    "tfm-form-kernels{gate-panel=64 product-rows=64 gate-rows=64},"
    "convert-tfm-to-tile{panel=64 gate-panel=64 product-rows=64 gate-rows=64 "
    "tables-in-rows keys-in-rows narrow-factors query-block=64 key-block=64 "
    "key-rest=64}"
)
ON_CPU = (
    "tfm-form-kernels,"
    "convert-tfm-to-tile{tables-in-rows keys-in-rows narrow-factors},"
    "tile-pack-weights,canonicalize,cse"
)
# Queries, keys and weights of the softmax are rounded as well as the result.
LIMIT = {"f32": 5e-6, "bf16": 1e-2, "f16": 2e-3}
TIED = """ockham.weight @t : tensor<37x24xf32> = dense<"0xBYTES"> : tensor<37x24xf32>
func.func @forward(%x0: tensor<?x?x24xf32> {ockham.name = "x0", ockham.dims = ["batch", "sequence", ""]}) -> (tensor<?x?x37xf32> {ockham.name = "y", ockham.dims = ["batch", "sequence", ""]}) attributes {ockham.entry = "forward"} {
  %t = ockham.load_weight @t : tensor<37x24xf32>
  %y = tfm.linear %x0, %t : tensor<?x?x24xf32>, tensor<37x24xf32> -> tensor<?x?x37xf32> {transposed}
  return %y : tensor<?x?x37xf32>
}
"""


def make_cases(rng):
    """Name, text, inputs by name, names of the results, tolerance."""
    for case in attention_numbers.make_cases():
        extents = case.shapes[min(3, len(case.shapes) - 1)]
        text = case.make_text()
        yield case.name, text, case.draw(*extents), case.results, case.get("tolerance")
    bytes = rng.standard_normal((37, 24)).astype(np.float32).tobytes().hex().upper()
    texts = [("head", TIED.replace("BYTES", bytes), [24])]
    for case in kernel_numbers.make_cases():
        if "tfm.attention" not in case.text:
            texts.append((case.name, case.text, case.widths))
    for name, text, widths in texts:
        inputs = {
            f"x{i}": rng.standard_normal([2, 5] + ([w] if w else [])).astype(np.float32)
            for i, w in enumerate(widths)
        }
        yield name, text, inputs, ["y"], None


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for kind, limit in LIMIT.items():
        count, worst = 0, 0.0
        for number, case in enumerate(make_cases(np.random.default_rng(3))):
            # Types change little in most of them.
            if kind != "f32" and number % 2:
                continue
            name, text, arrays, results, tolerance = case
            model = folder / "case.mlir"
            model.write_text(text if kind == "f32" else narrow_text(text, kind))
            ends = []
            for key, array in arrays.items():
                if kind != "f32" and array.dtype == np.float32:
                    array = round_to(array, kind)
                np.save(folder / f"{key}.npy", array)
                ends += ["--input", f"{key}={folder / key}.npy"]
            for key in results:
                ends += ["--output", f"{key}={folder / key}.npy"]
            lowered = run("ockham-opt", f"--pass-pipeline=builtin.module({PASSES})", model)  # fmt: skip
            for op in ("tfm.linear", "tfm.attention", "tfm.norm", "tfm.activation"):
                if f" {op} " in lowered:
                    sys.exit(f"{name} of {kind}: {op} has no kernel\n{lowered}")
            run("ockham", "run", "--interpret", "--f64", "--passes", "canonicalize",
                model, *ends)  # fmt: skip
            want = [np.load(folder / f"{key}.npy").astype(float) for key in results]
            if "linalg." in lowered:
                library = folder / "case.so"
                run("ockham", "compile", "--passes", ON_CPU, model, "-o", library)
                run("ockham", "run", library, *ends)
            else:
                run("ockham", "run", "--interpret", "--passes", PASSES, model, *ends)
            for key, expected in zip(results, want):
                have = np.load(folder / f"{key}.npy").astype(float)
                error = attention_numbers.compare(have, expected)
                if not error < max(limit, tolerance or 0):
                    sys.exit(f"{name} of {kind}, {key}: off by {error}")
                worst = max(worst, error)
            count += 1
        print(f"{count} cases of {kind} agree, the worst to {worst:.1e}")


if __name__ == "__main__":
    main()
