#!/usr/bin/env python3
"""Times shaped attention in ONNX Runtime: as exported, and as simplified.

    benchmarks/exported_attention.py build/bin/ockham DIR

One shaped attention ([SAS] equation 5) of GPT-2 small's width, with the linear
that makes queries and keys, is exported by PyTorch in two forms,

    exported  (beta A + alpha I - gamma C) V     as [SAS]'s own code forms it
    matrix    beta A V + alpha V - gamma C V     with C as a matrix

and `ockham simplify` writes the first again (gamma's term as a running sum). All
three compute the same, which is checked; ONNX Runtime runs them in turns. Writes
into DIR. Needs torch, and onnx and onnxruntime in the folder that
scripts/install-dependencies.sh --tests makes.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root / "examples" / "language_model"))

import interleaved
from model import (
    Config,
    ShapedAttention,
    attention_matrix,
    merge_heads,
    split_heads,
)


class MatrixCentre(ShapedAttention):
    """The same with three products instead of one sum of matrices."""

    def forward(self, x):
        query, key = self.c_attn(x).split(x.size(2), dim=2)
        query, key = split_heads(query, self.heads), split_heads(key, self.heads)
        value = split_heads(x, self.heads)
        weights = attention_matrix(query, key, self.bias, self.head_width)
        uniform = self.uniform[:, :, : x.size(1), : x.size(1)]
        y = self.alpha * value - self.gamma * torch.matmul(uniform, value)
        return merge_heads(y + self.beta * torch.matmul(weights, value))


def export(kind, path, context):
    """Writes one layer; gains and W_Q are moved from where training starts."""
    torch.manual_seed(0)
    config = Config(
        block="sasp", projection="conv1d", width=768, heads=12, context=context
    )
    module = kind(config, first=False).eval()
    module.materialize = True
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    names = {"x": {0: "batch", 1: "sequence"}, "y": {0: "batch", 1: "sequence"}}
    torch.onnx.export(
        module,
        torch.randn(2, 8, config.width),
        str(path),
        input_names=["x"],
        output_names=["y"],
        dynamic_axes=names,
        opset_version=17,
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ockham", help="the tool that simplifies")
    parser.add_argument("folder", type=Path, help="where models are written")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--sequence", type=int, nargs="+", default=[128, 512, 1024])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15, help="calls of each [15]")
    parser.add_argument(
        "--packages",
        default=str(root / ".cache" / "onnxruntime-1.31"),
        help="folder with onnx and onnxruntime [.cache/onnxruntime-1.31]",
    )
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    paths = {name: args.folder / f"{name}.onnx" for name in ("exported", "matrix")}
    export(ShapedAttention, paths["exported"], max(args.sequence))
    export(MatrixCentre, paths["matrix"], max(args.sequence))
    paths["simplified"] = args.folder / "simplified.onnx"
    command = [args.ockham, "simplify", paths["exported"], "-o", paths["simplified"]]
    subprocess.run([*map(str, command), "--quiet"], check=True)

    sys.path.insert(0, args.packages)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = args.threads
    sessions = {
        name: onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        for name, path in paths.items()
    }
    interleaved.show_machine(
        f"ONNX Runtime {onnxruntime.__version__}", f"PyTorch {torch.__version__}"
    )
    generator = np.random.default_rng(0)
    for sequence in args.sequence:
        shape = (args.batch, sequence, 768)
        x = generator.standard_normal(shape, dtype=np.float32)
        outputs = {name: s.run(None, {"x": x})[0] for name, s in sessions.items()}
        expected = outputs["exported"]
        for name, output in outputs.items():
            error = np.abs(output - expected).max() / expected.std()
            if not error <= 5e-5:
                sys.exit(f"{name} is {error:.1e} standard deviations off")
        feeds = {"x": x}
        calls = {n: lambda s=s, f=feeds: s.run(None, f) for n, s in sessions.items()}
        what = f"batch={args.batch} sequence={sequence} threads={args.threads}"
        interleaved.show(what, interleaved.measure(calls, args.rounds))


if __name__ == "__main__":
    main()
