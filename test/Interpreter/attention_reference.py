"""tfm.attention on the interpreter against an independent NumPy formulation.

Usage: attention_reference.py FOLDER

Works on whole arrays (broadcast masks, einsum) where the interpreter loops, and
follows the op's description, not the interpreter. Every case runs in float64,
compared to 1e-11, and in float32, compared to 1e-6 of the largest element.
Files go into FOLDER; ockham-interpret is found in PATH.
"""

import os
import subprocess
import sys

import numpy as np

CASES = [
    {},
    {"causal": True},
    {"heads": 4, "kv": 2, "causal": True},
    {"heads": 4, "kv": 1},
    {"heads": 6, "kv": 3, "dv": 5, "causal": True},
    {"dv": 1},
    {"dynamic": True, "causal": True},
    {"past": [0, 3], "tk": 8, "tq": 4, "causal": True},
    {"past": [5, 2], "tk": 9, "tq": 1, "causal": True},
    {"past": [1, 4], "tk": 6, "tq": 2},
    {"lengths": [3, 5], "causal": True},
    {"lengths": [0, 2]},
    {"lengths": [4, 9], "past": [2, 5], "tq": 2, "tk": 7, "causal": True},
    {"mask": "bool"},
    {"mask": "bool", "mask_shape": (2, 1, 1, 5), "causal": True},
    {"mask": "float"},
    {"mask": "float", "mask_shape": (1, 2, 5, 5)},
    {"mask": "inf", "mask_shape": (1, 1, 5, 5), "causal": True},
    {"cap": 2.0, "causal": True},
    {"cap": 0.5, "mask": "float"},
    {"norm": "rms", "norm_eps": 1e-3},
    {"norm": "layer", "norm_eps": 1e-5, "norm_scale": True, "causal": True},
    {"norm": "rms", "norm_scale": True, "rotary": 2, "causal": True},
    {"rotary": 2},
    {"rotary": 2, "interleaved": True, "causal": True},
    {"rotary": 1, "past": [3, 0], "tq": 3, "tk": 6, "causal": True},
    {"rotary": 1, "interleaved": True, "heads": 4, "kv": 2},
    {"shape": "abg", "causal": True},
    {"shape": "abg"},
    {"shape": "b", "causal": True},
    {"shape": "a", "causal": True},
    {"shape": "g"},
    {"shape": "abg", "visible": True, "lengths": [2, 4], "causal": True},
    {"shape": "bg", "visible": True, "mask": "bool"},
    {"shape": "ag", "lengths": [2, 4], "causal": True},
    {"shape": "abg", "past": [4, 2], "tq": 2, "tk": 6, "causal": True},
    {"shape": "bg", "past": [6, 2], "tq": 2, "tk": 5, "causal": True},
    {
        "shape": "abg",
        "visible": True,
        "past": [3, 1],
        "tq": 3,
        "tk": 6,
        "causal": True,
        "norm": "rms",
        "rotary": 2,
        "cap": 3.0,
        "heads": 4,
        "kv": 2,
        "dv": 3,
        "dynamic": True,
    },
    {"tq": 0, "tk": 3},
    {"ids": "i32", "past": [1, 1], "tq": 2, "tk": 4, "causal": True},
]


class Case:
    """Operands of one case, as float32 numbers held in float64."""

    def __init__(self, options, seed):
        get = options.get
        self.random = np.random.default_rng(seed)
        self.batch, self.tq, self.tk = 2, get("tq", 5), get("tk", 5)
        self.heads = get("heads", 2)
        self.kv = get("kv", self.heads)
        self.dh, self.dv = 4, get("dv", 4)
        self.scale = 0.5
        self.options = options
        self.operands = {}  # name -> (array, MLIR type)
        self.add("q", (self.batch, self.tq, self.heads * self.dh))
        self.add("k", (self.batch, self.tk, self.kv * self.dh))
        self.add("v", (self.batch, self.tk, self.kv * self.dv))
        integer = np.int32 if get("ids") == "i32" else np.int64
        for name in ("past", "lengths"):
            if name in options:
                self.put(name, np.array(options[name], dtype=integer))
        if "mask" in options:
            shape = get("mask_shape", (self.batch, self.heads, self.tq, self.tk))
            if options["mask"] == "bool":
                self.put("mask", self.random.random(shape) < 0.6)
            else:
                self.add("mask", shape)
            if options["mask"] == "inf":
                # Keys 1 and 3 are hidden; key 0 stays, so no row is empty.
                self.operands["mask"][0][..., [1, 3]] = -np.inf
        for gain in get("shape", ""):
            self.add({"a": "alpha", "b": "beta", "g": "gamma"}[gain], (self.heads,))
        if get("norm_scale"):
            self.add("qs", (self.dh,))
            self.add("ks", (self.dh,))
        if "rotary" in options:
            angle = self.random.random((12, options["rotary"])) * 6
            self.put("cos", np.cos(angle).astype(np.float32))
            self.put("sin", np.sin(angle).astype(np.float32))

    def add(self, name, shape):
        self.put(name, self.random.standard_normal(shape).astype(np.float32))

    def put(self, name, array):
        self.operands[name] = array, self.type_of(array)

    def type_of(self, array, dynamic=None):
        element = {"float32": "f32", "bool": "i1", "int32": "i32", "int64": "i64"}
        extents = [str(extent) for extent in array.shape]
        if self.options.get("dynamic") and array.ndim == 3:
            extents[:2] = "?", "?"
        return f"tensor<{'x'.join(extents + [element[str(array.dtype)]])}>"

    def value(self, name):
        array = self.operands[name][0]
        return array.astype(np.float64) if array.dtype == np.float32 else array

    def has(self, name):
        return name in self.operands

    # The function that runs on the interpreter.

    def function(self, name):
        get = self.options.get
        arguments = ", ".join(
            f'%{operand}: {type} {{ockham.name = "{operand}"}}'
            for operand, (_, type) in self.operands.items()
        )

        def clause(keyword, names, show):
            if not any(self.has(n) for n in names):
                return ""
            items = [show(n) if self.has(n) else "none" for n in names]
            return (
                f"{keyword} {items[0]}"
                if len(names) == 1
                else (f"{keyword}({', '.join(items)})")
            )

        clauses = [
            ("past", ["past"]),
            ("key_lengths", ["lengths"]),
            ("mask", ["mask"]),
            ("shape", ["alpha", "beta", "gamma"]),
            ("query_scale", ["qs"]),
            ("key_scale", ["ks"]),
            ("rotary", ["cos", "sin"]),
        ]
        values = [clause(k, n, lambda x: "%" + x) for k, n in clauses]
        types = [clause(k, n, lambda x: self.operands[x][1]) for k, n in clauses]
        extents = ("?", "?") if get("dynamic") else (self.batch, self.tq)
        b, t = extents
        out = f"tensor<{b}x{t}x{self.heads * self.dv}xf32>"
        lse = f"tensor<{b}x{self.heads}x{t}xf32>"
        entropy = f"tensor<{b}x{self.heads}xf32>"
        return f"""
func.func @{name}({arguments})
    -> ({out} {{ockham.name = "out"}}, {lse} {{ockham.name = "lse"}},
        {entropy} {{ockham.name = "entropy"}}) {{
  %o, %l, %e = tfm.attention %q, %k, %v {" ".join(values)}
      heads {self.heads} kv_heads {self.kv} scale {self.scale}
      {"causal" if get("causal") else ""}
      {f"soft_cap {get('cap')}" if get("cap") else ""}
      {"centre visible" if get("visible") else ""}
      {f"qk_norm {get('norm')} eps {get('norm_eps', 0.0):.1e}" if get("norm") else ""}
      {"interleaved" if get("interleaved") else ""}
      : {", ".join([self.operands[x][1] for x in "qkv"] + [t for t in types if t])}
      -> {out} logsumexp {lse} entropy {entropy}
  return %o, %l, %e : {out}, {lse}, {entropy}
}}
"""

    # The reference.

    def normed(self, x, scale):
        kind = self.options.get("norm")
        if not kind:
            return x
        if kind == "layer":
            x = x - x.mean(-1, keepdims=True)
        power = np.square(x).mean(-1, keepdims=True)
        x = x / np.sqrt(power + self.options.get("norm_eps", 0.0))
        return x * self.value(scale) if self.has(scale) else x

    def rotated(self, x, positions):
        """x is [B, H, T, dh], positions [B, T]: a complex rotation of pairs."""
        if not self.has("cos"):
            return x
        turn = (self.value("cos") + 1j * self.value("sin"))[positions][:, None]
        n = turn.shape[-1]
        result = x.copy()
        if self.options.get("interleaved"):
            real, imaginary = slice(0, 2 * n, 2), slice(1, 2 * n, 2)
        else:
            real, imaginary = slice(0, n), slice(n, 2 * n)
        z = (x[..., real] + 1j * x[..., imaginary]) * turn
        result[..., real], result[..., imaginary] = z.real, z.imag
        return result

    def reference(self):
        get = self.options.get

        def heads_of(name, count):
            x = self.value(name)
            return x.reshape(*x.shape[:2], count, x.shape[2] // count).transpose(
                0, 2, 1, 3
            )

        past = self.value("past") if self.has("past") else np.zeros(2, np.int64)
        i = past[:, None] + np.arange(self.tq)  # [B, Tq]
        j = np.arange(self.tk)
        share = np.arange(self.heads) * self.kv // self.heads
        q = self.rotated(self.normed(heads_of("q", self.heads), "qs"), i)
        k = self.rotated(
            self.normed(heads_of("k", self.kv), "ks"),
            np.broadcast_to(j, (self.batch, self.tk)),
        )[:, share]
        v = heads_of("v", self.kv)[:, share]

        s = self.scale * np.einsum("bhtc,bhjc->bhtj", q, k)
        if get("cap"):
            s = get("cap") * np.tanh(s / get("cap"))
        visible = np.ones(s.shape, bool)
        reach = np.ones(s.shape, bool)
        if get("causal"):
            reach &= (j <= i[..., None])[:, None]
        visible &= reach
        if self.has("lengths"):
            visible &= (j < self.value("lengths")[:, None])[:, None, None]
        if self.has("mask"):
            mask = self.value("mask")
            if mask.dtype == bool:
                visible &= mask
            else:
                s = s + mask
        with np.errstate(divide="ignore"):
            p = np.where(visible, np.exp(s), 0.0)
            total = p.sum(-1, keepdims=True)
            lse = np.log(total[..., 0])
            a = p / np.where(total == 0, 1, total)
            logs = np.log(np.where(a > 0, a, 1))
        entropy = -(a * logs).sum(-1)
        if self.tq:
            entropy = entropy.mean(-1)
        else:
            entropy = np.full(entropy.shape[:2], np.nan)

        gain = {
            name: self.value(name)[:, None, None] if self.has(name) else default
            for name, default in (("alpha", 0.0), ("beta", 1.0), ("gamma", 0.0))
        }
        averaged = (visible if get("visible") else reach).astype(np.float64)
        averaged /= np.maximum(averaged.sum(-1, keepdims=True), 1)
        matrix = gain["beta"] * a - gain["gamma"] * averaged
        out = np.einsum("bhtj,bhjc->bhtc", matrix, v)
        if self.has("alpha"):
            own = np.stack([v[b][:, i[b]] for b in range(self.batch)])
            out = out + gain["alpha"] * own
        out = out.transpose(0, 2, 1, 3).reshape(
            self.batch, self.tq, self.heads * self.dv
        )
        return {"out": out, "lse": lse, "entropy": entropy}


def compare(what, got, want, tolerance):
    if got.shape != want.shape:
        return f"{what}: shape {got.shape}, expected {want.shape}"
    finite = np.isfinite(want)
    if not np.array_equal(got[~finite], want[~finite], equal_nan=True):
        return f"{what}: infinities or NaNs differ"
    if not finite.any():
        return None
    error = np.abs(got[finite] - want[finite]).max()
    limit = tolerance * max(1.0, np.abs(want[finite]).max())
    return None if error <= limit else f"{what}: error {error}, limit {limit}"


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    cases = [Case(options, seed) for seed, options in enumerate(CASES)]
    module = os.path.join(folder, "cases.mlir")
    with open(module, "w", encoding="utf-8") as file:
        file.writelines(
            case.function(f"case{index}") for index, case in enumerate(cases)
        )
    failures = []
    for index, case in enumerate(cases):
        want = case.reference()
        command = ["ockham-interpret", module, f"--entry=case{index}"]
        for name, (array, _) in case.operands.items():
            path = os.path.join(folder, f"{name}.npy")
            np.save(path, array)
            command.append(f"--input={name}={path}")
        paths = {name: os.path.join(folder, f"{name}.npy") for name in want}
        command += [f"--output={name}={path}" for name, path in paths.items()]
        for flags, tolerance in ((["--f64"], 1e-11), ([], 1e-6)):
            run = subprocess.run(
                command + flags, capture_output=True, text=True, check=False
            )
            if run.returncode != 0:
                failures.append(f"case {index} {case.options}: {run.stderr}")
                break
            for name, path in paths.items():
                message = compare(name, np.load(path), want[name], tolerance)
                if message:
                    failures.append(f"case {index} {case.options} {flags}: {message}")
    print("\n".join(failures) or f"{len(cases)} cases agree")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
