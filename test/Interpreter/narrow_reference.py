"""tfm ops on tensors of 16 bits against NumPy and PyTorch.

Usage: narrow_reference.py FOLDER

NumPy computes in float64 from the rounded operands, and the result is rounded
once: the interpreter must give the same bits, but where a sum in another order
lies at the other side of a tie. PyTorch rounds in between, so it agrees to a few
units in the last place of the largest number.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

rng = np.random.default_rng(5)
BITS = {"bf16": 8, "f16": 11}
DTYPES = {"bf16": torch.bfloat16, "f16": torch.float16}


def round_to(values, kind):
    """Round to the nearest number of so many bits, ties to even."""
    values = np.asarray(values, np.float64)
    if kind == "f16":
        return values.astype(np.float16).astype(np.float64)
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.round(np.ldexp(mantissa, BITS[kind])), exponent - BITS[kind])


def draw(*shape, scale=1.0):
    return rng.standard_normal(shape) * scale


def softmax(x):
    exp = np.exp(x - x.max(-1, keepdims=True))
    return exp / exp.sum(-1, keepdims=True)


def erf(x):
    return torch.erf(torch.from_numpy(x)).numpy()


def attend(q, k, v, heads, scale):
    q, k, v = (x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2) for x in (q, k, v))
    scores = q @ k.swapaxes(-1, -2) * scale
    scores[..., np.triu_indices(scores.shape[-1], 1)[0], np.triu_indices(scores.shape[-1], 1)[1]] = -np.inf  # fmt: skip
    out = (softmax(scores) @ v).swapaxes(1, 2)
    return out.reshape(*out.shape[:2], -1)


def torch_attend(q, k, v, heads, scale):
    q, k, v = (x.reshape(*x.shape[:2], heads, -1).transpose(1, 2) for x in (q, k, v))
    # Without kernels for f16 on the CPU, PyTorch multiplies in f32 and rounds.
    dtype = q.dtype
    scores = (q.float() @ k.float().transpose(-1, -2) * scale).to(dtype)
    hidden = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    weights = scores.float().masked_fill(hidden, -torch.inf).softmax(-1).to(dtype)
    out = (weights.float() @ v.float()).to(dtype).transpose(1, 2)
    return out.reshape(*out.shape[:2], -1)


def norm(x, scale, shift):
    mean = x.mean(-1, keepdims=True)
    var = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(var + 1e-5) * scale + shift


# Name, operands, op with A for activations of [2, 3, 8] and T for the type,
# NumPy's formula, PyTorch's in the type (or None).
CASES = [
    ("linear", [("x", (2, 3, 8)), ("w", (8, 5)), ("b", (5,))],
     "%y = tfm.linear %x, %w bias %b : A, tensor<8x5xT>, tensor<5xT> -> tensor<2x3x5xT>",
     lambda x, w, b: x @ w + b,
     lambda x, w, b: (x.float() @ w.float() + b.float()).to(x.dtype)),
    ("linear on a sum", [("x", (2, 3, 8)), ("w", (8, 8)), ("z", (2, 3, 8))],
     "%y = tfm.linear %x, %w init %z : A, tensor<8x8xT> init A -> A",
     lambda x, w, z: x @ w + z,
     lambda x, w, z: (x.float() @ w.float()).to(x.dtype) + z),
    ("layer norm", [("x", (2, 3, 8)), ("g", (8,)), ("b", (8,))],
     "%y = tfm.norm layer %x scale %g shift %b {eps = 1.0e-5 : f64} : A, scale tensor<8xT>, shift tensor<8xT>",
     norm,
     lambda x, g, b: F.layer_norm(x.float(), (8,), g.float(), b.float(), 1e-5).to(x.dtype)),
    ("rms norm", [("x", (2, 3, 8)), ("g", (8,))],
     "%y = tfm.norm rms %x scale %g {eps = 1.0e-3 : f64} : A, scale tensor<8xT>",
     lambda x, g: x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-3) * g,
     lambda x, g: (x.float() * torch.rsqrt((x.float() ** 2).mean(-1, keepdim=True) + 1e-3)).to(x.dtype) * g),
    ("gelu", [("x", (2, 3, 8))],
     "%y = tfm.activation gelu_erf %x : A",
     lambda x: x / 2 * (1 + erf(x / np.sqrt(2.0))),
     lambda x: F.gelu(x.float()).to(x.dtype)),
    ("silu", [("x", (2, 3, 8))],
     "%y = tfm.activation silu %x : A",
     lambda x: x / (1 + np.exp(-x)),
     lambda x: F.silu(x.float()).to(x.dtype)),
    ("sum", [("x", (2, 3, 8)), ("z", (2, 3, 8)), ("g", (8,))],
     "%y = tfm.add_scaled %x, %z gain %g : A, gain tensor<8xT>",
     lambda x, z, g: x + z * g,
     lambda x, z, g: x + z * g),
    ("gate", [("x", (2, 3, 8)), ("z", (2, 3, 8))],
     "%y = tfm.gate %x, %z : A",
     lambda x, z: x * z,
     lambda x, z: x * z),
    ("gain", [("x", (2, 3, 8)), ("g", (1,))],
     "%y = tfm.scale %x, %g : A, tensor<1xT>",
     lambda x, g: x * g,
     lambda x, g: x * g),
    ("attention", [("x", (2, 3, 8)), ("k", (2, 3, 8)), ("v", (2, 3, 8))],
     "%y = tfm.attention %x, %k, %v heads 2 scale 0.5 causal : A, A, A -> A",
     lambda x, k, v: attend(x, k, v, 2, 0.5),
     lambda x, k, v: torch_attend(x, k, v, 2, 0.5)),
    ("cross-entropy", [("x", (2, 3, 8))],
     "%i = onnx.Constant dense<[[1, 7, 0], [3, 3, 5]]> : tensor<2x3xi64>\n  %y = tfm.cross_entropy %x, %i : A, tensor<2x3xi64> -> tensor<2x3xT>",
     lambda x: -np.log(np.take_along_axis(softmax(x), np.array([[1, 7, 0], [3, 3, 5]])[..., None], -1))[..., 0],
     lambda x: F.cross_entropy(x.float().reshape(6, 8), torch.tensor([1, 7, 0, 3, 3, 5]), reduction="none").reshape(2, 3).to(x.dtype)),
    # Beyond the largest f16, below the smallest normal number, ties.
    ("cast", [("x", (2, 3, 8))],
     "%w = onnx.Constant dense<[65519.0, 65520.0, -1.0e-7, 3.0e-8, 1.001953125, 1.005859375, 1.0029296875, 2.0e38]> : tensor<8xf32>\n  %y = tfm.cast %w : tensor<8xf32> to tensor<8xT>",
     lambda x: np.array([65519.0, 65520.0, np.float32(-1e-7), np.float32(3e-8), 1.001953125, 1.005859375, 1.0029296875, np.float32(2e38)]),
     None),
]  # fmt: skip


def make_module(case, kind):
    _, operands, op, _, _ = case
    shapes = {name: "x".join(map(str, shape)) for name, shape in operands}
    arguments = ", ".join(f"%{n}_: tensor<{s}xf32>" for n, s in shapes.items())
    lines = [
        f"  %{n} = tfm.cast %{n}_ : tensor<{s}xf32> to tensor<{s}x{kind}>"
        for n, s in shapes.items()
    ]
    op = op.replace("A", "tensor<2x3x8xT>").replace("xT>", f"x{kind}>")
    narrow = op.split("->" if "->" in op else " : ")[-1].split(" to ")[-1]
    narrow = narrow.split(">")[0].strip() + ">"
    wide = narrow.replace(kind, "f32")
    return (
        f'func.func @forward({arguments}) -> (tensor<{wide[7:-1]}> {{ockham.name = "y"}}) {{\n'
        + "\n".join(lines)
        + f"\n  {op}\n  %r = tfm.cast %y : {narrow} to {wide}\n"
        + f"  return %r : {wide}\n}}\n"
    )


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    exact = near = 0
    for kind, bits in BITS.items():
        for case in CASES:
            name, operands, _, formula, in_torch = case
            module = folder / "op.mlir"
            module.write_text(make_module(case, kind))
            command = ["ockham-interpret", module]
            values = []
            for i, (operand, shape) in enumerate(operands):
                values.append(round_to(draw(*shape), kind))
                path = folder / f"{operand}.npy"
                np.save(path, values[-1].astype(np.float32))
                command.append(f"--input=arg{i}={path}")
            output = folder / "y.npy"
            run = subprocess.run(
                [*command, f"--output=y={output}"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if run.returncode:
                sys.exit(f"{name} of {kind}: {run.stderr}{module.read_text()}")
            have = np.load(output).astype(np.float64)
            with np.errstate(over="ignore"):
                want = round_to(formula(*values), kind)
            if have.shape != want.shape:
                sys.exit(f"{name} of {kind}: {have.shape}, expected {want.shape}")
            if not np.array_equal(have, want):
                wrong = np.argwhere(have != want)[0]
                sys.exit(
                    f"{name} of {kind}: at {wrong} {have[tuple(wrong)]}, "
                    f"expected {want[tuple(wrong)]}"
                )
            exact += 1
            if not in_torch:
                continue
            narrow = [torch.from_numpy(v).to(DTYPES[kind]) for v in values]
            theirs = in_torch(*narrow).double().numpy()
            error = np.abs(have - theirs).max() / np.abs(theirs).max()
            if not error <= 4 * 2.0**-bits:
                sys.exit(f"{name} of {kind}: off PyTorch by {error}")
            near += 1
    print(
        f"{exact} results are those of NumPy, rounded once; {near} agree with PyTorch"
    )


if __name__ == "__main__":
    main()
