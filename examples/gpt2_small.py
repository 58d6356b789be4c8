#!/usr/bin/env python3
"""Build a model of GPT-2 small's shape with random weights, as ONNX.

The graph is what an export of GPT-2 looks like: 12 Pre-LN blocks, width 768, 12
heads, 50257 tokens, 1024 learned positions, Conv1D linears (Gemm on flattened
rows), tanh GELU with Pow, a causal mask sliced from a bool buffer, a tied head.
Use it where the values do not matter: to compile, to time, to compare targets.

Writes DIR/gpt2_small.onnx (opset 17; input input_ids, int64 [batch, sequence];
output logits, float32 [batch, sequence, vocabulary]) and all weights beside it
in DIR/gpt2_small.onnx.data. With --reference also DIR/input_ids.npy and
DIR/logits.npy, PyTorch's output in float32.

At the default size: 124 million parameters, 0.65 GB on disk (exporters that
trace write the tied head as a second, transposed embedding), 3.5 GB of
memory while exporting, half a minute. Needs the packages torch, numpy and onnx.
"""

import argparse
import io
import sys
from pathlib import Path

import numpy as np
import onnx
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent / "language_model"))

from export import export_onnx, parse_shape
from model import Config, LanguageModel


def build_model(args):
    """A LanguageModel with GPT-2's initialisation and live biases and norms.

    Matrices are normal with std 0.02, those that write into the residual stream
    with 0.02 / sqrt(2 layers). Biases and norm weights, which GPT-2 starts at 0
    and 1, are moved by a little noise: a compiler must not find them trivial.
    """
    torch.manual_seed(args.seed)
    model = LanguageModel(
        Config(
            block="preln",
            norm="layer",
            activation="gelu",
            projection="conv1d",
            layers=args.layers,
            width=args.width,
            heads=args.heads,
            vocabulary=args.vocabulary,
            context=args.context,
        )
    ).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.02 * torch.randn_like(parameter))
    return model


def save_onnx(model, path):
    """Write ``path`` and, beside it, one file with all weights; returns the latter."""
    stream = io.BytesIO()
    export_onnx(model, stream)
    proto = onnx.load_from_string(stream.getvalue())
    stream.close()
    data = path.with_name(path.name + ".data")
    data.unlink(missing_ok=True)  # the onnx package appends to an existing file
    onnx.save_model(
        proto,
        str(path),
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=data.name,
        size_threshold=0,
    )
    return data


def save_reference(model, folder, shape, seed):
    """Write input_ids.npy (int64) and logits.npy (float32) for one random batch."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(model.config.vocabulary, shape, generator=generator)
    with torch.no_grad():
        logits = model(ids)
    np.save(folder / "input_ids.npy", ids.numpy())
    np.save(folder / "logits.npy", logits.numpy())


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, value, text in (
        ("layers", 12, "number of blocks"),
        ("width", 768, "width of the residual stream"),
        ("heads", 12, "attention heads; must divide the width"),
        ("vocabulary", 50257, "number of tokens"),
        ("context", 1024, "longest sequence, in tokens"),
        ("seed", 0, "of weights and reference inputs"),
    ):
        parser.add_argument(
            f"--{name}", type=int, default=value, metavar="N", help=f"{text} [{value}]"
        )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("gpt2_small"),
        metavar="DIR",
        help="folder to write to; made if it does not exist [gpt2_small]",
    )
    parser.add_argument(
        "--reference",
        type=parse_shape,
        metavar="BATCHxSEQUENCE",
        help="also store input ids and PyTorch's logits for this shape, as in 1x512",
    )
    args = parser.parse_args()
    if args.reference and not 1 <= args.reference[1] <= args.context:
        parser.error(
            f"--reference has {args.reference[1]} tokens,"
            f" expected 1 to --context, {args.context}"
        )
    try:
        model = build_model(args)
    except ValueError as error:
        parser.error(str(error))
    args.output.mkdir(parents=True, exist_ok=True)
    path = args.output / "gpt2_small.onnx"
    data = save_onnx(model, path)
    print(f"{path}: {path.stat().st_size:,} bytes")
    print(f"{data}: {data.stat().st_size:,} bytes")
    print(f"{model.parameter_count():,} parameters")
    if args.reference:
        save_reference(model, args.output, args.reference, args.seed)
        print(
            f"{args.output}/input_ids.npy, logits.npy:"
            f" {args.reference[0]}x{args.reference[1]} tokens"
        )


if __name__ == "__main__":
    main()
