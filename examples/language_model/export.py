#!/usr/bin/env python3
"""Export a checkpoint of train.py to ONNX, with reference outputs from PyTorch.

Writes NAME.onnx (opset 17; input input_ids, int64 [batch, sequence]; output
logits, float32 [batch, sequence, vocabulary]; batch and sequence are dynamic)
and NAME.npz with case0.input_ids, case0.logits, case1.input_ids, ... as
PyTorch computes them in float32.
"""

import argparse
import inspect
from pathlib import Path

import numpy as np
import torch
from train import load_model

TEXT = b"def read(self, size=-1):\n    "


def export_onnx(model, file):
    """Write ``model`` to ``file`` (a path or a binary stream) at opset 17.

    One graph serves every batch and sequence up to the context; the shape of the
    example below is only what is traced.
    """
    options = {}
    # From torch 2.9 on, the exporter that traces has to be asked for.
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        options["dynamo"] = False
    example = torch.zeros(2, 8, dtype=torch.int64)
    torch.onnx.export(
        model,
        (example,),
        str(file) if isinstance(file, Path) else file,
        opset_version=17,
        input_names=["input_ids"],
        output_names=["logits"],
        dynamic_axes={
            "input_ids": {0: "batch", 1: "sequence"},
            "logits": {0: "batch", 1: "sequence"},
        },
        **options,
    )


@torch.no_grad()
def reference_cases(model, shapes, seed=0):
    """{caseK.input_ids, caseK.logits}: numpy arrays for each (batch, sequence).

    Row 0 of a case is the beginning of a Python method as far as it fits, the
    rest are random tokens.
    """
    generator = torch.Generator().manual_seed(seed)
    cases = {}
    for i, shape in enumerate(shapes):
        ids = torch.randint(model.config.vocabulary, shape, generator=generator)
        text = torch.tensor(list(TEXT[: shape[1]]))
        ids[0, : len(text)] = text
        cases[f"case{i}.input_ids"] = ids.numpy()
        cases[f"case{i}.logits"] = model(ids).numpy()
    return cases


def parse_shape(text):
    """The pair (2, 8) for the text 2x8."""
    batch, separator, sequence = text.partition("x")
    if not separator or not batch.isdigit() or not sequence.isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is not BATCHxSEQUENCE, as in 2x8")
    return int(batch), int(sequence)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path, help="file written by train.py")
    parser.add_argument(
        "output", type=Path, help="NAME.onnx to write; NAME.npz goes beside it"
    )
    parser.add_argument(
        "--cases",
        type=parse_shape,
        nargs="+",
        metavar="BATCHxSEQUENCE",
        default=[(1, 1), (2, 8), (1, 33), (3, 17)],
        help="shapes of the reference cases [1x1 2x8 1x33 3x17]",
    )
    args = parser.parse_args()
    if args.output.suffix != ".onnx":
        parser.error(f"output '{args.output}' does not end in .onnx")
    try:
        model, checkpoint = load_model(args.checkpoint)
    except OSError as error:
        parser.error(f"cannot read the checkpoint: {error}")
    for shape in args.cases:
        if not 1 <= shape[1] <= model.config.context or shape[0] < 1:
            parser.error(
                f"case {shape[0]}x{shape[1]}: batch must be at least 1, sequence"
                f" between 1 and the context, {model.config.context}"
            )
    model.materialize_attention()
    export_onnx(model, args.output)
    cases = args.output.with_suffix(".npz")
    np.savez_compressed(cases, **reference_cases(model, args.cases))
    print(
        f"{args.output}: {args.output.stat().st_size:,} bytes,"
        f" {model.parameter_count():,} parameters,"
        f" trained on {checkpoint['tokens']:,} tokens"
    )
    print(f"{cases}: {cases.stat().st_size:,} bytes, {len(args.cases)} cases")


if __name__ == "__main__":
    main()
