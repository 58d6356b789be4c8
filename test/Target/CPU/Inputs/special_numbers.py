"""Compares compiled code with the interpreter on numbers that are special.

usage: special_numbers.py FOLDER CPU

NaNs, infinities, the largest numbers and denormal ones, in inputs of products,
attention, norms, cross-entropies and activations, through kernels and through
linalg. The interpreter runs the tfm ops in float32: NaNs and infinities must be
in the same places, and the other numbers near, denormal ones to their own size.
"""

import sys
from pathlib import Path

import attention_numbers
import numpy as np
from kernel_numbers import PASSES, linear, norm, run
from row_kernel_numbers import cross_entropy, rows

rng = np.random.default_rng(5)
SPECIAL = {
    "nan": [np.nan],
    "infinite": [np.inf],
    "negative infinite": [-np.inf],
    "both infinite": [np.inf, -np.inf],
    # Whose squares can be added up: the interpreter sums in float64.
    "large": [1e18, -1e18],
}
KINDS = ["relu", "gelu_erf", "gelu_tanh", "gelu_sigmoid", "silu", "tanh", "sigmoid"]


def sprinkle(values, name):
    """Some rows with a special number, one that has nothing else."""
    flat = values.reshape(-1, values.shape[-1])
    for place, number in enumerate(SPECIAL[name]):
        flat[1::3, (3 * place) % flat.shape[1]] = number
    flat[-1] = SPECIAL[name][0]
    return values


def make_denormal(values):
    return values * np.float32(1e-39)


def compare(have, want):
    """What is wrong with `have`; empty if nothing is."""
    if have.shape != want.shape:
        return f"shape {have.shape}, expected {want.shape}"
    for what, test in ("NaN", np.isnan), ("+inf", np.isposinf), ("-inf", np.isneginf):
        here = test(have)
        if not (here == test(want)).all():
            place = tuple(int(i) for i in np.argwhere(here != test(want))[0])
            return f"{place} is {have[place]}, expected {want[place]} ({what})"
    finite = np.isfinite(want)
    if not finite.any():
        return ""
    have, want = have[finite].astype(np.float64), want[finite].astype(np.float64)
    largest = np.abs(want).max()
    # Denormal numbers are 1.4e-45 apart.
    limit = 2e-5 * largest + 64 * 1.4e-45
    error = np.abs(have - want).max()
    return "" if error <= limit else f"off by {error} where numbers are {largest}"


def plain_cases():
    """Functions of activations: name, text, inputs."""
    vector = "tensor<50xf32>"
    cases = [
        linear("linear", 40, 50, "", "", {}),
        linear("linear with a bias", 40, 50, "bias %b", f", {vector}", {"b": (50,)}),
        linear("deep linear", 1100, 50, "", "", {}),
        norm("layer", "layer", 70, "", "{eps = 1.0e-5 : f64}"),
        norm("rms", "rms", 70, "", "{eps = 1.0e-5 : f64}"),
        norm("rms with eps behind the root", "rms", 70, "",
             "{eps = 1.0e-30 : f64, eps_outside}"),
        norm("fixed", "fixed", 70, "std %s", "", ", std tensor<1xf32>", {"s": (1,)}),
        norm("tanh", "tanh", 70, "alpha %a", "", ", alpha tensor<1xf32>", {"a": (1,)}),
        cross_entropy(100, "i64"),
    ]  # fmt: skip
    for kind in KINDS:
        cases.append(rows(kind, 50, f"  %y = tfm.activation {kind} %x0 : ACT\n"))
    for case in cases:
        inputs = {}
        for i, width in enumerate(case.widths):
            inputs[f"x{i}"] = rng.standard_normal((2, 11, width)).astype(np.float32)
        inputs.update(case.make_integers((2, 11)))
        yield case.name, case.text, inputs, PASSES


def attention_cases():
    Case = attention_numbers.Case
    for case in [
        Case("attention", []),
        Case("causal", [], causal=True),
        Case("added mask", [], mask="inf", spoil=attention_numbers.hide_row),
        Case("mask", [], mask="bool", none=True),
        Case("lengths", [], lengths=True, causal=True),
    ]:
        for tokens in (2, 19):
            text, arrays = case.make_text(), case.draw(2, tokens, tokens)
            yield f"{case.name} of {tokens}", text, arrays, attention_numbers.PASSES


def main():
    folder, cpu = Path(sys.argv[1]), sys.argv[2]
    folder.mkdir(parents=True, exist_ok=True)
    model, library, output = folder / "m.mlir", folder / "m.so", folder / "y.npy"
    count, wrong = 0, []
    for name, text, inputs, kernels in [*plain_cases(), *attention_cases()]:
        model.write_text(text)
        libraries = []
        for way, passes in ("kernels", kernels), ("linalg", "canonicalize"):
            library = folder / f"{way}.so"
            run("ockham", "compile", "--passes", passes, "--cpu", cpu, str(model),
                "-o", str(library))  # fmt: skip
            libraries.append((way, library))
        first = next(iter(inputs))
        turns = {kind: {first} for kind in SPECIAL}
        # The value of a hidden key has the weight 0, which a NaN survives.
        if name.startswith("attention"):
            turns["nan"].add("v")
        for kind in [*turns, "denormal", "as they are"]:
            arguments = []
            for key, values in inputs.items():
                values = values.copy()
                if values.dtype == np.float32 and kind == "denormal" and key != "mask":
                    values = make_denormal(values)
                elif kind in turns and key in turns[kind]:
                    values = sprinkle(values, kind)
                np.save(folder / f"{key}.npy", values)
                arguments += ["--input", f"{key}={folder / key}.npy"]
            arguments += ["--output", f"y={output}"]
            run("ockham", "run", "--interpret", "--passes", "canonicalize",
                str(model), *arguments)  # fmt: skip
            want = np.load(output)
            for way, library in libraries:
                run("ockham", "run", str(library), *arguments)
                problem = compare(np.load(output), want)
                if problem:
                    wrong.append(f"{name}, {kind}, {way}: {problem}")
                count += 1
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{count} runs agree")


if __name__ == "__main__":
    main()
