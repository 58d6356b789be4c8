#!/usr/bin/env python3
"""Times what --tfm-form-kernels fuses: each kind with the pass and without it.

    benchmarks/fusion.py FOLDER [--rows 1,128,512] [--cases gate,...] [--threads N]

One layer of GPT-2 small's width per case, as tfm ops, is compiled with every op
a kernel of its own and with ops that share kernels, and both are called in
turns. Libraries that are in FOLDER are not compiled again; --compile-only stops
there. Needs NumPy and the built runtime, as compare_models.py does.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import interleaved
import ockham

LOWER = "convert-tfm-to-tile,tile-pack-weights,canonicalize,cse"
WIDTH, HIDDEN = 768, 3072


def act(width):
    return f"tensor<?x?x{width}xf32>"


class Module:
    """A function of activations `[batch, sequence, WIDTH]`."""

    def __init__(self):
        self.weights = ""
        self.ops = ""

    def weight(self, name, *shape):
        kind = f"tensor<{'x'.join(map(str, shape))}xf32>"
        self.weights += f"ockham.weight @{name} : {kind} = dense<0.01> : {kind}\n"
        self.ops += f"  %{name} = ockham.load_weight @{name} : {kind}\n"
        return kind

    def linear(self, result, source, depth, columns, init=None):
        weight = self.weight(f"w_{result}", depth, columns)
        bias = self.weight(f"b_{result}", columns)
        self.ops += (
            f"  %{result} = tfm.linear %{source}, %w_{result} bias %b_{result}"
            + (f" init %{init}" if init else "")
            + f" : {act(depth)}, {weight}, {bias}"
            + (f" init {act(columns)}" if init else "")
            + f" -> {act(columns)}\n"
        )

    def add(self, line):
        self.ops += f"  {line}\n"

    def text(self, inputs, result, width):
        arguments = ", ".join(
            f'%x{i}: {act(WIDTH)} {{ockham.name = "x{i}", '
            'ockham.dims = ["batch", "sequence", ""]}'
            for i in range(inputs)
        )
        return (
            f"{self.weights}func.func @forward({arguments}) -> ({act(width)} "
            '{ockham.name = "y", ockham.dims = ["batch", "sequence", ""]}) '
            'attributes {ockham.entry = "forward"} {\n'
            f"{self.ops}  return %{result} : {act(width)}\n}}\n"
        )


def activation(kind):
    m = Module()
    m.linear("h", "x0", WIDTH, HIDDEN)
    m.add(f"%a = tfm.activation {kind} %h : {act(HIDDEN)}")
    m.linear("y", "a", HIDDEN, WIDTH)
    return m.text(1, "y", WIDTH)


def residual():
    m = Module()
    gain = m.weight("g", 1)
    m.linear("p", "x0", WIDTH, WIDTH)
    m.add(f"%y = tfm.add_scaled %x1 gain %g, %p : {act(WIDTH)}, gain {gain}")
    return m.text(2, "y", WIDTH)


def skip_gain():
    m = Module()
    gain = m.weight("g", 1)
    m.add(f"%s = tfm.scale %x1, %g : {act(WIDTH)}, {gain}")
    m.linear("y", "x0", WIDTH, WIDTH, init="s")
    return m.text(2, "y", WIDTH)


def columns():
    """The projections and the MLP of a parallel block."""
    m = Module()
    total = 3 * WIDTH + HIDDEN
    m.linear("p", "x0", WIDTH, total)
    m.add(
        f"%s:4 = tfm.split %p : {act(total)} -> {act(WIDTH)}, {act(WIDTH)}, "
        f"{act(WIDTH)}, {act(HIDDEN)}"
    )
    m.add(f"%a = tfm.activation relu %s#3 : {act(HIDDEN)}")
    m.linear("y", "a", HIDDEN, WIDTH, init="x1")
    return m.text(2, "y", WIDTH)


def gate(fused=""):
    """A gated MLP; `fused` says which ops are one kernel besides the linears:
    none, "rows" behind the product, or the "product" with all of them."""
    m = Module()
    half = 2048
    begin, end = "%h = tfm.fused {", f"tfm.yield %m : {act(half)}\n  }} : {act(half)}"
    inner = "m" if fused else "h"
    if fused == "product":
        m.add(begin)
    m.linear("p", "x0", WIDTH, 2 * half)
    m.add(f"%s:2 = tfm.split %p : {act(2 * half)} -> {act(half)}, {act(half)}")
    if fused == "rows":
        m.add(begin)
    m.add(f"%a = tfm.activation silu %s#0 : {act(half)}")
    m.add(f"%{inner} = tfm.gate %a, %s#1 : {act(half)}")
    if fused:
        m.add(end)
    m.linear("y", "h", half, WIDTH)
    text = m.text(1, "y", WIDTH)
    # Weights come from outside of a group.
    loads = [line for line in text.splitlines() if "load_weight" in line]
    lines = [line for line in text.splitlines() if line not in loads]
    place = next(i for i, line in enumerate(lines) if "func.func" in line) + 1
    return "\n".join(lines[:place] + loads + lines[place:]) + "\n"


def norm(live):
    """A norm in front of a product, and the product alone."""
    m = Module()
    source = "x0"
    if live:
        scale = m.weight("g", WIDTH)
        shift = m.weight("b", WIDTH)
        m.add(
            f"%n = tfm.norm layer %x0 scale %g shift %b {{eps = 1.0e-5 : f64}} : "
            f"{act(WIDTH)}, scale {scale}, shift {shift}"
        )
        source = "n"
    m.linear("y", source, WIDTH, 3 * WIDTH)
    return m.text(1, "y", 3 * WIDTH)


FORM = "tfm-form-kernels," + LOWER
# Name: the slower side as expected, then the faster one, each a text and passes.
CASES = {
    "relu": ((activation("relu"), LOWER), (activation("relu"), FORM)),
    "gelu_tanh": ((activation("gelu_tanh"), LOWER), (activation("gelu_tanh"), FORM)),
    "residual": ((residual(), LOWER), (residual(), FORM)),
    "skip gain": ((skip_gain(), LOWER), (skip_gain(), FORM)),
    "columns": ((columns(), LOWER), (columns(), FORM)),
    "gate, rows": ((gate(), LOWER), (gate("rows"), LOWER)),
    "gate, product": ((gate("rows"), LOWER), (gate("product"), LOWER)),
    "norm, against none": ((norm(True), FORM), (norm(False), FORM)),
}


def build(folder, name, side, text, passes):
    library = folder / f"{name.replace(' ', '_').replace(',', '')}.{side}.so"
    if not library.exists():
        source = library.with_suffix(".mlir")
        source.write_text(text)
        subprocess.run(
            ["ockham", "compile", "--quiet", "--passes", passes, str(source),
             "-o", str(library)], check=True,
        )  # fmt: skip
    return library


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", default="1,128,512")
    parser.add_argument("--cases", default=",".join(CASES), help="parts of names")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--calls", type=int, default=21)
    parser.add_argument("--compile-only", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    chosen = [
        case
        for case in CASES
        if any(part in case for part in options.cases.split(",") if part)
    ]
    libraries = {
        case: [
            build(options.folder, case, side, *CASES[case][i])
            for i, side in enumerate(["apart", "fused"])
        ]
        for case in chosen
    }
    if options.compile_only:
        return
    interleaved.show_machine(f"NumPy {np.__version__}")
    print("| case | rows | apart | fused | apart / fused |\n|---|---|---|---|---|")
    for case in chosen:
        sessions = [
            ockham.load(path).session(threads=options.threads)
            for path in libraries[case]
        ]
        for rows in map(int, options.rows.split(",")):
            generator = np.random.default_rng(1)
            inputs = {
                f"x{i}": generator.standard_normal((1, rows, WIDTH)).astype(np.float32)
                for i in range(2 if "%x1:" in CASES[case][0][0] else 1)
            }
            calls = {
                side: lambda s=session, i=inputs: s.run(i)
                for side, session in zip(["apart", "fused"], sessions)
            }
            times = interleaved.measure(calls, options.calls)
            left, right = (np.asarray(times[s]) * 1e3 for s in ["apart", "fused"])
            ratio = np.median(left / right)
            low, high = np.percentile(left / right, [10, 90])
            print(
                f"| {case} | {rows} | {np.median(left):.3f} ms | "
                f"{np.median(right):.3f} ms | {ratio:.3f} ({low:.3f}..{high:.3f}) |",
                flush=True,
            )


if __name__ == "__main__":
    main()
