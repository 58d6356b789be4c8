"""Emulates kernels of tfm ops and compares them with the interpreter.

usage: kernel_sweep.py FOLDER GROUP[:TYPE] [PART/PARTS] [NAME...] [-v]

With a type, bf16 or f16, activations and weights are of that type; with tf32, they
are f32, and factors of products are rounded.

The cases are those of the CPU's tests: GROUP is products, fused, rows or
attention. Each is lowered once, with all extents open, and run on several of
them, in the emulator with the race detector; the interpreter runs the tfm ops in
float64. Of kernels that a launch chooses between, each runs on all extents.
With names, only cases whose names contain one of them; each of them must be in
one.
"""

import sys
from pathlib import Path

import numpy as np
from emulated_host import Module, get_error, get_folder, interpret

sys.path.append(str(Path(__file__).parent.parent.parent / "CPU" / "Inputs"))
import attention_numbers
import fused_numbers
import kernel_numbers
import row_kernel_numbers
from narrow_text import TOLERANCE, narrow_text, round_to

# What has no kernel, casts of a mask, goes through linalg.
PASSES = "ockham-to-tile{target=cuda},tile-pack-weights,convert-tfm-to-linalg"
F32_TOLERANCE = 1e-5
TF32_TOLERANCE = TOLERANCE["f16"]  # Factors have as many bits.


def make_fused():
    yield from fused_numbers.make_cases()
    # Panels are wider here: two of each half make one kernel with two sums.
    yield fused_numbers.gated(128, "silu", True, True)


CASES = {
    "products": kernel_numbers.make_cases,
    "fused": make_fused,
    "rows": row_kernel_numbers.make_cases,
}
rng = np.random.default_rng(3)


def draw_rows(case, extents):
    """Inputs of a case of products or rows, by name."""
    arrays = dict(case.make_integers(extents))
    for i, width in enumerate(case.widths):
        length = extents[2] if case.keys and i > 0 else extents[1]
        shape = [extents[0], length] + ([width] if width else [])
        arrays[f"x{i}"] = rng.standard_normal(shape).astype(np.float32)
    return arrays


def make_runs(group):
    """Name, text, names of results, and inputs by name for some extents."""
    if group == "attention":
        # Tensor cores multiply 16 numbers of a row at once: here the last 8 of
        # them are not there.
        uneven = attention_numbers.Case(
            "heads of 136", attention_numbers.FEW, d=136, heads=1, causal=True
        )
        for case in [*attention_numbers.make_cases(), uneven]:
            text = case.make_text()
            # The least, and what is more than a block.
            shapes = [
                case.shapes[0],
                case.shapes[len(case.shapes) // 2],
                case.shapes[-1],
            ]
            yield case.name, text, case.results, [case.draw(*s) for s in shapes], shapes
        return
    for case in CASES[group]():
        # One row, few, and more than a block.
        extents = case.extents
        if len(extents) > 4:
            extents = [extents[0], extents[len(extents) // 2], extents[-1]]
        yield (
            case.name,
            case.text,
            ["y"],
            [draw_rows(case, e) for e in extents],
            extents,
        )


def main():
    folder = get_folder()
    part, parts = 0, 1
    group, _, kind = sys.argv[2].partition(":")
    tolerance = TOLERANCE.get(kind, F32_TOLERANCE)
    tf32 = kind == "tf32"
    if tf32:
        kind, tolerance = "", TF32_TOLERANCE
    words = [word for word in sys.argv[3:] if word != "-v"]
    if words and "/" in words[0]:
        part, parts = map(int, words.pop(0).split("/"))
    missing = set(words)
    count, launches, worst = 0, 0, 0.0
    for number, (name, text, results, runs, extents) in enumerate(make_runs(group)):
        missing -= {word for word in words if word in name}
        if number % parts != part or (words and not any(w in name for w in words)):
            continue
        source = folder / "case.mlir"
        source.write_text(narrow_text(text, kind) if kind else text)
        module = Module(source, folder, PASSES, tf32=tf32)
        for inputs, shape in zip(runs, extents):
            for key, array in inputs.items():
                if kind and array.dtype == np.float32:
                    inputs[key] = round_to(array, kind)
            want = interpret(source, inputs, results, folder)
            for choice in range(module.count_choices()):
                module.choice = choice
                completion = ("eager", "lazy", "random")[(count + choice) % 3]
                modes = ["--completion", completion]
                have = module(inputs.values(), modes)
                for result, a, b in zip(results, have, want):
                    error = get_error(a, b)
                    if not error < tolerance:
                        sys.exit(
                            f"{name}, {shape}, choice {choice}: {result} is "
                            f"off by {error}"
                        )
                    worst = max(worst, error)
            count += 1
            if "-v" in sys.argv:
                print(name, shape, f"{worst:.1e}", flush=True)
        launches += module.launches
    if missing:
        sys.exit(f"no case of {group} is named {', '.join(sorted(missing))}")
    print(f"{count} runs with {launches} launches agree, the worst to {worst:.1e}")


if __name__ == "__main__":
    main()
