"""Compares compiled attention with the interpreter, over odd shapes.

usage: attention_numbers.py FOLDER [--type TYPE] CPU...

Each case is one tfm.attention with all extents but widths open, compiled once
per processor through kernels and run on several extents; the interpreter runs
the same op in float64. Infinities and NaNs must be in the same places.

--type TYPE: with activations of that type, as kernel_numbers.py has it.
"""

import itertools
import sys
from pathlib import Path

import numpy as np
from kernel_numbers import choose_levels, run
from narrow_text import TOLERANCE, narrow_text, round_to

PASSES = "convert-tfm-to-tile{pairs-of-rows=true},canonicalize,cse"
rng = np.random.default_rng(11)


class Case:
    """What one attention has; see `make_text` and `draw` for the options."""

    def __init__(self, name, shapes, heads=2, kv=None, d=8, dv=None, **options):
        self.name, self.shapes = name, shapes
        self.heads, self.kv = heads, kv or heads
        self.d, self.dv = d, dv or d
        self.options = options

    def get(self, key):
        return self.options.get(key)

    def operands(self):
        """Name, type and named extents of each input, in the op's order."""
        d, dv = self.d, self.dv

        def rows(name, sequence, width):
            return name, f"tensor<?x?x{width}xf32>", ["batch", sequence, ""]

        keys = "keys" if self.get("cross") else "queries"
        yield rows("q", "queries", self.heads * d)
        yield rows("k", keys, self.kv * d)
        yield rows("v", keys, self.kv * dv)
        integer = self.get("integer") or "i64"
        for name in ("past", "lengths"):
            if self.get(name):
                yield name, f"tensor<?x{integer}>", ["batch"]
        if self.get("mask"):
            element = "i1" if self.get("mask") == "bool" else "f32"
            names = ["batch", "", "queries", keys]
            full = ["?", str(self.heads), "?", "?"]
            sizes = [
                "1" if axis in (self.get("repeats") or "") else extent
                for axis, extent in zip("bhqk", full)
            ]
            dims = [n if s == "?" else "" for n, s in zip(names, sizes)]
            yield "mask", f"tensor<{'x'.join(sizes)}x{element}>", dims
        for letter, name in (("a", "alpha"), ("b", "beta"), ("g", "gamma")):
            if letter in (self.get("shape") or ""):
                yield name, f"tensor<{self.heads}xf32>", [""]
        for name in ("query_scale", "key_scale"):
            if self.get(name):
                yield name, f"tensor<{d}xf32>", [""]
        if self.get("rotary"):
            for name in ("cos", "sin"):
                yield name, f"tensor<300x{self.get('rotary')}xf32>", ["", ""]

    def make_text(self):
        types = {name: kind for name, kind, _ in self.operands()}

        def clauses(give):
            text = ""
            for word, name in (
                ("past", "past"),
                ("key_lengths", "lengths"),
                ("mask", "mask"),
            ):
                if name in types:
                    text += f"@{word} {give(name)}"
            if self.get("shape"):
                gains = [
                    give(n) if n in types else "none"
                    for n in ("alpha", "beta", "gamma")
                ]
                text += f"@shape({', '.join(gains)})"
            for name in ("query_scale", "key_scale"):
                if name in types:
                    text += f"@{name} {give(name)}"
            if self.get("rotary"):
                text += f"@rotary({give('cos')}, {give('sin')})"
            return text

        arguments = []
        for name, kind, dims in self.operands():
            named = ", ".join(f'"{dim}"' for dim in dims)
            arguments.append(
                f'%{name}: {kind} {{ockham.name = "{name}", ockham.dims = [{named}]}}'
            )
        flags = f" scale {self.get('scale') or 0.3}"
        flags += " causal" if self.get("causal") else ""
        if self.get("cap"):
            flags += f" soft_cap {self.get('cap')}"
        flags += " centre visible" if self.get("visible") else ""
        if self.get("norm"):
            flags += f" qk_norm {self.get('norm')} eps {self.get('eps') or 1e-5:.6f}"
            flags += " outside" if self.get("outside") else ""
        flags += " interleaved" if self.get("interleaved") else ""
        results = [
            ("y", f"tensor<?x?x{self.heads * self.dv}xf32>", '"batch", "queries", ""')
        ]
        arrow = results[0][1]
        if self.get("logsumexp"):
            results.append(
                ("l", f"tensor<?x{self.heads}x?xf32>", '"batch", "", "queries"')
            )
            arrow += f" logsumexp {results[-1][1]}"
        if self.get("entropy"):
            results.append(("e", f"tensor<?x{self.heads}xf32>", '"batch", ""'))
            arrow += f" entropy {results[-1][1]}"
        self.results = [name for name, _, _ in results]
        outs = ", ".join(
            f'{kind} {{ockham.name = "{name}", ockham.dims = [{dims}]}}'
            for name, kind, dims in results
        )
        count = len(results)
        names = ["%r"] if count == 1 else [f"%r#{i}" for i in range(count)]
        heads = f" heads {self.heads}" + (
            f" kv_heads {self.kv}" if self.kv != self.heads else ""
        )
        return (
            f"func.func @forward({', '.join(arguments)}) -> ({outs})"
            ' attributes {ockham.entry = "forward"} {\n'
            f"  %r{f':{count}' if count > 1 else ''} = tfm.attention %q, %k, %v"
            + clauses(lambda n: f"%{n}").replace("@", " ")
            + heads
            + flags
            + f" : {types['q']}, {types['k']}, {types['v']}"
            + clauses(lambda n: types[n]).replace("@", ", ")
            + f" -> {arrow}\n"
            + f"  return {', '.join(names)} : {', '.join(k for _, k, _ in results)}\n}}\n"
        )

    def draw(self, batch, queries, keys):
        extents = {"batch": batch, "queries": queries, "keys": keys}
        arrays = {}
        for name, kind, dims in self.operands():
            sizes = kind[len("tensor<") : -1].split("x")[:-1]
            shape = [extents[d] if s == "?" else int(s) for s, d in zip(sizes, dims)]
            values = rng.standard_normal(shape).astype(np.float32)
            integer = np.int32 if self.get("integer") == "i32" else np.int64
            if name == "past":
                most = max(keys - queries, 0)
                values = rng.integers(0, most + 1, shape).astype(integer)
            elif name == "lengths":
                values = rng.integers(-1, keys + 2, shape).astype(integer)
                if batch > 1:
                    values[0] = 0
            elif kind.endswith("xi1>"):
                values = values > 0.3
                values[..., :1, : keys // 2] = False
                if self.get("none"):
                    values[..., :1, :] = False
            elif name == "mask" and self.get("mask") == "inf":
                values[values < 0] = -np.inf
                values[..., 0] = 0
            arrays[name] = values
        spoil = self.get("spoil")
        if spoil:
            spoil(arrays)
        return arrays


def spoil_keys(value, column=3):
    """One component of one key of the first sequence."""

    def spoil(arrays):
        k = arrays["k"]
        k[0, k.shape[1] // 2, column] = value

    return spoil


def spoil_rest(arrays):
    """Values and keys behind the length are anything."""
    for b, length in enumerate(arrays["lengths"]):
        arrays["k"][b, max(length, 0) :] = np.nan
        arrays["v"][b, max(length, 0) :] = np.nan


def hide_row(arrays):
    """A row of which a float mask leaves nothing has no softmax."""
    arrays["mask"][..., -1, :] = -np.inf


EQUAL = [(2, t, t) for t in (1, 2, 3, 7, 8, 9)] + [(1, t, t) for t in (63, 64, 65, 200)]
FEW = [(2, 1, 1), (1, 2, 2), (2, 9, 9), (1, 70, 70)]
CROSS = [(2, 1, 9), (1, 2, 64), (2, 3, 17), (1, 9, 100), (1, 65, 16), (2, 1, 200)]
STEP = [
    (2, 1, 1),
    (2, 1, 7),
    (1, 1, 64),
    (2, 2, 65),
    (2, 1, 200),
    (2, 5, 70),
    (1, 64, 65),
]


def make_cases():
    """Each feature alone or with those that it meets in the kernel's code."""
    for d, heads, causal in [
        (8, 1, True),
        (16, 2, False),
        (20, 3, True),
        (64, 4, True),
        (80, 1, False),
    ]:
        yield Case(f"{heads} of {d}", EQUAL, heads=heads, d=d, causal=causal)
    yield Case("width 1", FEW, d=1, dv=5, causal=True)
    yield Case("wide values", FEW, d=16, dv=40, causal=True)
    yield Case("narrow values", CROSS, d=33, dv=2, cross=True)
    yield Case("large heads", FEW, d=192, heads=1, causal=True)
    yield Case("grouped, cap", FEW, heads=4, kv=2, causal=True, cap=2.0)
    yield Case("one kv head", CROSS, heads=3, kv=1, cross=True, d=20)
    yield Case("past", STEP, past=True, cross=True, causal=True)
    yield Case(
        "past i32, not causal",
        STEP,
        past=True,
        cross=True,
        integer="i32",
        heads=4,
        kv=2,
    )
    yield Case(
        "lengths, rest unknown", STEP, lengths=True, cross=True, spoil=spoil_rest
    )
    yield Case("lengths, past", STEP, lengths=True, past=True, cross=True, causal=True)
    for mask, repeats in zip(
        itertools.cycle(("bool", "float")),
        ("", "b", "q", "h", "bh", "bq", "bhq", "hq"),
    ):
        yield Case(
            f"{mask} mask {repeats}",
            FEW + CROSS[:4],
            mask=mask,
            repeats=repeats,
            cross=True,
        )
    yield Case(
        "mask, none seen", CROSS, mask="bool", none=True, cross=True, repeats="h"
    )
    yield Case(
        "inf mask of a row", CROSS, mask="inf", cross=True, repeats="h", spoil=hide_row
    )
    yield Case(
        "mask, lengths, causal",
        FEW,
        mask="bool",
        repeats="bh",
        causal=True,
        lengths=True,
    )
    yield Case(
        "layer", CROSS, norm="layer", query_scale=True, key_scale=True, d=20, cross=True
    )
    yield Case(
        "rms outside",
        FEW,
        norm="rms",
        eps=1e-3,
        outside=True,
        key_scale=True,
        causal=True,
        d=16,
    )
    yield Case("rotary of a part", CROSS, rotary=5, d=20, cross=True)
    yield Case("rotary of 64", FEW, rotary=32, d=64, causal=True)
    yield Case("interleaved", FEW, rotary=8, d=16, interleaved=True, causal=True)
    yield Case("interleaved part", CROSS, rotary=9, d=20, interleaved=True, cross=True)
    yield Case("norm and rotary", STEP, rotary=3, norm="rms", query_scale=True, past=True, cross=True,
               causal=True, heads=4, kv=2)  # fmt: skip
    for shape, causal in (("a", True), ("b", False), ("g", True), ("g", False)):
        yield Case(f"shape {shape}, causal {causal}", FEW, shape=shape, causal=causal)
    yield Case("shape with past", STEP, shape="abg", past=True, cross=True, causal=True)
    yield Case(
        "centre beyond the keys",
        [(1, 9, 5), (2, 2, 1)],
        shape="bg",
        cross=True,
        causal=True,
    )
    for visible in (False, True):
        yield Case(
            f"shape, lengths, {visible}",
            FEW,
            shape="bg",
            lengths=True,
            visible=visible,
            causal=True,
        )
        yield Case(
            f"shape, mask, {visible}",
            FEW,
            shape="abg",
            mask="bool",
            visible=visible,
            none=True,
        )
    yield Case(
        "shape, lengths, all keys",
        CROSS,
        shape="g",
        lengths=True,
        visible=True,
        cross=True,
    )
    yield Case("shape, bias", FEW, shape="bg", mask="float", visible=True, causal=True)
    yield Case("statistics", EQUAL, logsumexp=True, entropy=True, causal=True)
    yield Case("logsumexp", CROSS, logsumexp=True, cross=True, cap=3.0)
    yield Case("entropy", CROSS, entropy=True, cross=True, mask="inf", repeats="h")
    yield Case(
        "statistics of none",
        CROSS,
        entropy=True,
        logsumexp=True,
        cross=True,
        lengths=True,
    )
    yield Case("NaN", FEW, spoil=spoil_keys(np.nan))
    yield Case("infinity", FEW, spoil=spoil_keys(np.inf), causal=True)
    # Scores reach thousands, where a float32 is a multiple of 2^-12.
    yield Case("large", FEW, scale=300.0, causal=True, logsumexp=True, tolerance=1e-4)
    yield Case("everything", STEP, heads=4, kv=2, d=20, dv=6, past=True, lengths=True, mask="float", repeats="h",
               shape="abg", norm="layer", query_scale=True, key_scale=True, rotary=7, cap=5.0, cross=True,
               causal=True, visible=True, logsumexp=True, entropy=True)  # fmt: skip
    yield Case("empty", [(1, 0, 3), (2, 3, 0), (0, 2, 2)], cross=True)


def compare(have, want):
    """The largest difference, relative to the largest number; inf if they are
    not of the same kind somewhere."""
    if have.shape != want.shape:
        return np.inf
    if have.size == 0:
        return 0.0
    finite = np.isfinite(want)
    same = (np.isnan(have) == np.isnan(want)) & (np.isinf(have) == np.isinf(want))
    if not same.all() or (np.sign(have) != np.sign(want))[np.isinf(want)].any():
        return np.inf
    most = max(1.0, np.abs(want[finite]).max(initial=0))
    return np.abs(have[finite] - want[finite]).max(initial=0) / most


def main():
    folder, cpus = Path(sys.argv[1]), sys.argv[2:]
    folder.mkdir(parents=True, exist_ok=True)
    only = kind = None
    if cpus[0] == "--type":
        kind, cpus = cpus[1], cpus[2:]
    if cpus and cpus[-1].startswith("only="):
        only = cpus.pop()[5:]
    count, worst = 0, 0.0
    for number, case in enumerate(make_cases()):
        if only and only not in case.name:
            continue
        # In f16 little is another way, so a third of the cases do. Products of
        # pairs of bf16 are instructions of their own.
        if kind == "f16" and number % 3 != 1 and case.options.get("shape") != "abg":
            continue
        model = folder / f"case{number}.mlir"
        text = case.make_text()
        model.write_text(narrow_text(text, kind) if kind else text)
        lowered = run("ockham-opt", f"--pass-pipeline=builtin.module({PASSES})", model)
        if "tfm.attention %" in lowered:
            sys.exit(f"{case.name}: no kernel\n{lowered}")
        # What differs between processors are lanes and registers: every sixth
        # case, and that of all features, covers these for all but the first.
        everywhere = number % 6 == 3 or case.name == "everything"
        mine = cpus if everywhere else cpus[:1]
        libraries = []
        for cpu in mine:
            library = folder / f"case{number}.{cpu}.so"
            run(
                "ockham",
                "compile",
                "--passes",
                PASSES,
                "--cpu",
                cpu,
                model,
                "-o",
                library,
            )
            libraries += [(library, level) for level in choose_levels(library, cpu)]
        for extents in case.shapes:
            inputs, outputs = [], []
            for name, array in case.draw(*extents).items():
                if kind and array.dtype == np.float32:
                    array = round_to(array, kind)
                np.save(folder / f"{name}.npy", array)
                inputs += ["--input", f"{name}={folder / name}.npy"]
            for name in case.results:
                outputs += ["--output", f"{name}={folder / name}.npy"]
            run(
                "ockham", "run", "--interpret", "--f64", "--passes", "canonicalize",
                model, *inputs, *outputs,
            )  # fmt: skip
            want = [
                np.load(folder / f"{n}.npy").astype(np.float64) for n in case.results
            ]
            for library, level in libraries:
                run("ockham", "run", library, *inputs, *outputs, level=level)
                for name, expected in zip(case.results, want):
                    have = np.load(folder / f"{name}.npy").astype(np.float64)
                    error = compare(have, expected)
                    limit = case.get("tolerance") or 5e-6
                    if not error < max(limit, TOLERANCE[kind] if kind else 0):
                        sys.exit(
                            f"{case.name}, {extents}, {library} {level}, {name}: off by {error}"
                        )
                    worst = max(worst, error)
                count += 1
    print(f"{count} runs agree, the worst to {worst:.1e}")


if __name__ == "__main__":
    main()
