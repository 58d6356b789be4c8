"""Compares compiled kernels with the interpreter, over odd shapes.

usage: kernel_numbers.py FOLDER [--weights TYPE | --type TYPE [--amx EMULATOR]] CPU...

Each case is a function of tfm ops. It is compiled once per processor, through
kernels, and run on several extents; the interpreter runs the tfm ops in float64.
Code for several processors (portable) is run as each of them in turn.

--weights TYPE: with weights of that type, also in the interpreter; what rounding
them does to the results must be seen, and lie within what it can do.

--type TYPE: with activations of that type (narrow_text.py), against the
interpreter without rounding.

--amx EMULATOR: products whose code multiplies in tiles; machines without AMX run
them with the emulator (amx-emulator.cpp), and must not be asked whether they have
it. It is checked that tiles are used from as many rows on as they should be.
"""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from narrow_text import TOLERANCE, narrow_text, round_to

PASSES = (
    "tfm-form-kernels,convert-tfm-to-tile{pairs-of-rows=true},tile-pack-weights,"
    "canonicalize,cse"
)
rng = np.random.default_rng(7)


def weight(name, *shape):
    values = rng.standard_normal(shape).astype(np.float32)
    kind = f"tensor<{'x'.join([*map(str, shape), 'f32'])}>"
    text = f'"0x{values.tobytes().hex().upper()}"'
    return f"ockham.weight @{name} : {kind} = dense<{text}> : {kind}\n"


def load(name, *shape):
    kind = f"tensor<{'x'.join([*map(str, shape), 'f32'])}>"
    return f"  %{name} = ockham.load_weight @{name} : {kind}\n"


class Case:
    """A function of activations `[batch, sequence, width]`; those of width None
    are numbers per row, `[batch, sequence]`."""

    def __init__(self, name, widths, out, parameters, ops, extents, keys=False):
        self.name = name
        self.widths = widths
        self.extents = extents
        self.keys = keys
        arguments = []
        for i, width in enumerate(widths):
            length = "keys" if keys and i > 0 else "sequence"
            shape, dims = f"?x?x{width}", f'["batch", "{length}", ""]'
            if width is None:
                shape, dims = "?x?", f'["batch", "{length}"]'
            arguments.append(
                f'%x{i}: tensor<{shape}xf32> {{ockham.name = "x{i}", '
                f"ockham.dims = {dims}}}"
            )
        self.text = (
            "".join(weight(n, *s) for n, s in parameters.items())
            + f"func.func @forward({', '.join(arguments)}) -> "
            + f'(tensor<?x?x{out}xf32> {{ockham.name = "y", '
            + 'ockham.dims = ["batch", "sequence", ""]})'
            + ' attributes {ockham.entry = "forward"} {\n'
            + "".join(load(n, *s) for n, s in parameters.items())
            + ops
            + f"  return %y : tensor<?x?x{out}xf32>\n}}\n"
        )

    def make_integers(self, extents):
        return {}


def linear(name, depth, columns, clauses, types, parameters, tail="", extra=()):
    weights = {"w": (depth, columns), **parameters}
    act = f"tensor<?x?x{columns}xf32>"
    result = "%y" if not tail else "%p"
    ops = (
        f"  {result} = tfm.linear %x0, %w {clauses} : tensor<?x?x{depth}xf32>, "
        f"tensor<{depth}x{columns}xf32>{types} -> {act}\n{tail}"
    )
    extents = [(1, m) for m in (1, 2, 3, 5, 7, 8, 9, 13, 16, 17, 64, 131)]
    return Case(name, [depth, *extra], columns, weights, ops, extents)


def attention(
    name, heads, width, kv=None, value=None, clauses="", shaped=(), keys=False
):
    kv = kv or heads
    value = value or width
    q, k, v, o = heads * width, kv * width, kv * value, heads * value
    gains = {g: (heads,) for g in shaped}
    shape = f"shape({', '.join(f'%{g}' for g in shaped)}) " if shaped else ""
    count = f"heads {heads}" + (f" kv_heads {kv}" if kv != heads else "")
    ops = (
        f"  %y = tfm.attention %x0, %x1, %x2 {shape}{count} scale 0.3 {clauses}"
        f": tensor<?x?x{q}xf32>, tensor<?x?x{k}xf32>, tensor<?x?x{v}xf32>"
        + (
            f", shape({', '.join([f'tensor<{heads}xf32>'] * len(shaped))})"
            if shaped
            else ""
        )
        + f" -> tensor<?x?x{o}xf32>\n"
    )
    extents = [(1, 1, 1), (2, 5, 5), (1, 8, 8), (2, 33, 33), (1, 70, 70)]
    if keys:
        extents += [(2, 3, 40), (1, 1, 31), (1, 9, 100)]
    return Case(name, [q, k, v], o, gains, ops, extents, keys=True)


ROWS = [(1, 1), (1, 2), (1, 4), (1, 7), (3, 5)]


def norm(name, kind, width, clauses, attributes="", types="", parameters=()):
    act = f"tensor<?x?x{width}xf32>"
    ops = f"  %y = tfm.norm {kind} %x0 {clauses} {attributes} : {act}{types}\n"
    return Case(name, [width], width, dict(parameters), ops, ROWS)


def make_cases():
    for depth, columns in [(1, 2), (3, 48), (33, 100), (48, 47), (50, 49), (96, 200)]:
        yield linear(f"linear {depth}x{columns}", depth, columns, "", "", {})
    # Deep products are summed up in parts, the last of which may be shorter, or
    # odd.
    for depth, columns in [(1090, 50), (2051, 97), (3072, 47)]:
        case = linear(
            f"linear {depth}x{columns}", depth, columns, "bias %b init %x1",
            f", tensor<{columns}xf32> init tensor<?x?x{columns}xf32>",
            {"b": (columns,)}, extra=[columns],
        )  # fmt: skip
        case.extents = [(1, m) for m in (1, 3, 8, 9, 50, 131)]
        yield case
    yield linear(
        "deep, with an activation", 1300, 70, "bias %b", ", tensor<70xf32>",
        {"b": (70,)}, "  %y = tfm.activation gelu_tanh %p : tensor<?x?x70xf32>\n",
    )  # fmt: skip
    vector = "tensor<70xf32>"
    yield linear("bias", 20, 70, "bias %b", f", {vector}", {"b": (70,)})
    for kind in (
        "relu",
        "gelu_erf",
        "gelu_tanh",
        "gelu_sigmoid",
        "silu",
        "tanh",
        "sigmoid",
    ):
        yield linear(
            kind, 20, 70, "bias %b", f", {vector}", {"b": (70,)},
            f"  %y = tfm.activation {kind} %p : tensor<?x?x70xf32>\n",
        )  # fmt: skip
    yield linear(
        "gains", 70, 70, "bias %b skip %s resid %r", f", {vector} skip {vector} resid tensor<1xf32>",
        {"b": (70,), "s": (70,), "r": (1,)},
    )  # fmt: skip
    yield linear("init", 20, 70, "init %x1", " init tensor<?x?x70xf32>", {}, extra=[70])
    case = linear(
        "row scale", 70, 70, "bias %b skip %s row_scale %x1 init %x2",
        f", {vector} skip tensor<1xf32> row_scale tensor<?x?xf32> init tensor<?x?x70xf32>",
        {"b": (70,), "s": (1,)}, extra=[None, 70],
    )  # fmt: skip
    case.extents = [(2, 3), (3, 1), (1, 17)]
    yield case
    # Parts of one product go to kernels without a copy.
    weights = {"w": (20, 100), "u": (60, 30)}
    ops = """  %p = tfm.linear %x0, %w : tensor<?x?x20xf32>, tensor<20x100xf32> -> tensor<?x?x100xf32>
  %s:2 = tfm.split %p : tensor<?x?x100xf32> -> tensor<?x?x40xf32>, tensor<?x?x60xf32>
  %y = tfm.linear %s#1, %u : tensor<?x?x60xf32>, tensor<60x30xf32> -> tensor<?x?x30xf32>
"""
    yield Case("split", [20], 30, weights, ops, [(2, 3), (3, 1), (1, 17)])
    yield attention("attention", 2, 8, keys=True)
    yield attention("causal", 3, 16, clauses="causal ")
    yield attention("wide values", 2, 16, value=40, clauses="causal ")
    yield attention("head of 64", 2, 64, clauses="causal ")
    yield attention("grouped", 4, 8, kv=2, clauses="causal ")
    yield attention("soft cap", 2, 8, clauses="causal soft_cap 2.0 ")
    yield attention(
        "shaped", 2, 8, clauses="causal ", shaped=("alpha", "beta", "gamma")
    )
    yield norm("layer", "layer", 64, "", "{eps = 1.0e-5 : f64}", "", {})
    yield norm("layer with a tail", "layer", 150, "scale %g shift %b", "{eps = 1.0e-5 : f64}",
               ", scale tensor<150xf32>, shift tensor<150xf32>", {"g": (150,), "b": (150,)})  # fmt: skip
    yield norm("rms", "rms", 40, "scale %g", "{eps = 1.0e-3 : f64, eps_outside}",
               ", scale tensor<40xf32>", {"g": (40,)})  # fmt: skip


def run(*command, level="", preload=None):
    environment = {**os.environ, "OCKHAM_CPU": level}
    if preload:
        environment["LD_PRELOAD"] = preload
    result = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment
    )
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    # Remarks quote the ops that they are about.
    return (
        result.stdout if command[0] == "ockham-opt" else result.stdout + result.stderr
    )


# The levels of portable code, with an instruction set that the level above has
# first, and so is not to be seen in what the model says it needs.
LEVELS = [
    ("x86-64", " avx"),
    ("x86-64-v3", " avx512f"),
    ("x86-64-v4", " avx512_bf16"),
    ("x86-64-v4 avx512_bf16", " amx_tile"),
    ("", None),
]


def choose_levels(library, cpu):
    """What OCKHAM_CPU is set to, so that all code of the library runs."""
    if cpu != "portable" or platform.machine() != "x86_64":
        return [""]
    levels, before = [], None
    for level, above in LEVELS:
        needs = run("ockham", "run", str(library), level=level).splitlines()[0]
        if above and above in needs:
            sys.exit(f"{library}: OCKHAM_CPU={level} took code that {needs}")
        # The library or the machine has no code of its own for some of them.
        if needs != before:
            levels.append(level)
        before = needs
    if len(levels) == 1 and " avx2 " in Path("/proc/cpuinfo").read_text():
        sys.exit(f"{library}: all levels took code that {before}")
    return levels


# Of what a model with such products says that it needs, and as many letters that
# every machine of 64 bits has.
AMX_NEEDS = b" amx_tile amx_bf16"
FEWEST_ROWS = 4
# None, parts of a tile, one, two, and all of that.
TILE_ROWS = [3, 4, 16, 29, 32, 33, 131]


def pretend_amx(library):
    """Takes AMX out of what the library asks of a machine. True if it was there."""
    code = library.read_bytes()
    library.write_bytes(code.replace(AMX_NEEDS, b" sse2".ljust(len(AMX_NEEDS))))
    return AMX_NEEDS in code


def check_tiles(name, extents, output):
    """The number of products of tiles, if it can be right for so many rows."""
    products = int(re.search(r"^AMX:.* (\d+) tdpbf16ps$", output, re.MULTILINE)[1])
    rows = extents[0] * extents[1]
    if (products > 0) != (rows >= FEWEST_ROWS):
        sys.exit(f"{name}: {products} products of tiles for {rows} rows")
    return products


def compare_unrounded(model, end, output, rounded):
    """By how much results differ from those of float32 weights, relatively."""
    run("ockham", "run", "--interpret", "--f64", "--passes", "canonicalize",
        str(model), *end)  # fmt: skip
    exact = np.load(output).astype(np.float64)
    return np.abs(exact - rounded).max() / max(1.0, np.abs(exact).max())


def main(cases):
    folder = Path(sys.argv[1])
    cpus = sys.argv[2:]
    passes, kind = PASSES, None
    emulator, products = None, 0
    if cpus[0] == "--type":
        kind, cpus = cpus[1], cpus[2:]
        if cpus[0] == "--amx":
            emulator, cpus = cpus[1], cpus[2:]
    elif cpus[0] == "--weights":
        passes = PASSES.replace("tile{", f"tile{{weights={cpus[1]} ", 1)
        cpus = cpus[2:]
    folder.mkdir(parents=True, exist_ok=True)
    count, worst, rounding = 0, 0.0, 0.0
    for number, case in enumerate(cases):
        if passes != PASSES and "tfm.linear" not in case.text:
            continue  # Nothing is rounded.
        if emulator and "tfm.linear" not in case.text:
            continue
        if emulator and len(case.extents) > len(TILE_ROWS):
            case.extents = [(1, m) for m in TILE_ROWS]
        model = folder / f"case{number}.mlir"
        model.write_text(narrow_text(case.text, kind) if kind else case.text)
        lowered = run(
            "ockham-opt", f"--pass-pipeline=builtin.module({passes})", str(model)
        )
        for op in (
            "tfm.linear",
            "tfm.split",
            "tfm.activation",
            "tfm.attention",
            "tfm.norm",
            "tfm.embedding",
            "tfm.add_scaled",
            "tfm.scale",
            "tfm.gate",
            "tfm.fused",
            "tfm.cross_entropy",
            "tfm.cast",
            "tile.pack",
        ):
            if f" {op} " in lowered:
                sys.exit(f"{case.name}: {op} has no kernel\n{lowered}")
        libraries = []
        for cpu in cpus:
            library = folder / f"case{number}.{cpu}.so"
            run(
                "ockham",
                "compile",
                "--passes",
                passes,
                "--cpu",
                cpu,
                str(model),
                "-o",
                str(library),
            )
            if emulator and not pretend_amx(library):
                # Rows of odd depth do not lie in pairs.
                continue
            libraries.append((library, choose_levels(library, cpu)))
        if not libraries:
            continue
        # With rounded weights the kernels themselves are interpreted, in float64:
        # so sums differ by their order alone.
        reference = "canonicalize" if passes == PASSES else passes
        for turn, extents in enumerate(case.extents):
            inputs = []
            for key, integers in case.make_integers(extents).items():
                file = folder / f"{key}.npy"
                np.save(file, integers)
                inputs += ["--input", f"{key}={file}"]
            for i, width in enumerate(case.widths):
                length = extents[2] if case.keys and i > 0 else extents[1]
                shape = [extents[0], length] + ([width] if width else [])
                values = rng.standard_normal(shape).astype(np.float32)
                file = folder / f"x{i}.npy"
                np.save(file, round_to(values, kind) if kind else values)
                inputs += ["--input", f"x{i}={file}"]
            output = folder / "y.npy"
            end = [*inputs, "--output", f"y={output}"]
            run(
                "ockham",
                "run",
                "--interpret",
                "--f64",
                "--passes",
                reference,
                str(model),
                *end,
            )
            want = np.load(output).astype(np.float64)
            if reference != "canonicalize":
                rounding = max(rounding, compare_unrounded(model, end, output, want))
            for library, levels in libraries:
                level = levels[turn % len(levels)]
                text = run(
                    "ockham", "run", str(library), *end, level=level, preload=emulator
                )
                if emulator:
                    products += check_tiles(case.name, extents, text)
                have = np.load(output).astype(np.float64)
                error = np.abs(have - want).max() / max(1.0, np.abs(want).max())
                limit = TOLERANCE[kind] if kind else 5e-6
                if have.shape != want.shape or not error < limit:
                    sys.exit(
                        f"{case.name}, {extents}, {library} {level}: {have.shape}, "
                        f"off by {error}"
                    )
                worst = max(worst, error)
                count += 1
    print(f"{count} runs agree, the worst to {worst:.1e}")
    if emulator:
        print(f"{products} products of tiles")
    if passes != PASSES:
        print(f"rounding weights changes results by up to {rounding:.1e}")
        # A weight is off by at most 2**-9 of itself. The sum of 20 products of
        # normal numbers, which a sigmoid's limits then bring to 1, is off by
        # up to about ten times that.
        if not 1e-4 < rounding < 2**-5:
            sys.exit("expected between 1e-4 and 2**-5")


if __name__ == "__main__":
    main(make_cases())
