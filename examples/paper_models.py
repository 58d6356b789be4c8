#!/usr/bin/env python3
"""Build the models of "Simplifying Transformer Blocks" with random weights, as ONNX.

``preln`` is the paper's baseline, ``sasp`` its simplest block (figure 1): no skips,
no value and output matrices, attention and MLP in parallel; ``sas`` lies between.
At the default size they are the 18-layer models of the paper's section 4, with
167 and 146 million parameters: width 768, 12 heads, an MLP of 4 times the width
with ReLU, 50,000 tokens, a tied head, and GPT-2's 1024 positions, of which the
paper trains the first 128. The graph is what an export of the reference code
looks like: Conv1D linears, a mask sliced from a bool buffer, shaped attention as
a matrix, RMSNorm with epsilon outside the root.

Weights are random, as far as the paper trains them: W_Q, dW and the gains start
at values that a compiler would find trivial, so noise moves them. The baseline's
value, output and MLP linears have biases, as GPT-2's do (0.1 million parameters).

Writes DIR/NAME.onnx (opset 17; input input_ids, int64 [batch, sequence]; output
logits, float32 [batch, sequence, vocabulary]) and its weights beside it in
DIR/NAME.onnx.data. Then

    ockham report DIR/sasp_18.onnx

Needs the packages torch, numpy and onnx; at full size 4 GB of memory, and half
a minute and 0.8 GB on disk for each model.
"""

import argparse
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent / "language_model"))

from gpt2_small import save_onnx
from model import Config, LanguageModel

BLOCKS = ("preln", "sas", "sasp")


def build_model(block, args):
    """A LanguageModel with the paper's block and noise on what would be trivial."""
    torch.manual_seed(args.seed)
    model = LanguageModel(
        Config(
            block=block,
            norm=args.norm,
            activation="relu",
            projection="conv1d",
            layers=args.layers,
            width=args.width,
            heads=args.heads,
            hidden=args.hidden,
            vocabulary=args.vocabulary,
            context=args.context,
        )
    ).eval()
    model.materialize_attention()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            # Gains, biases and the scales of norms; also W_Q and dW, which are 0.
            if parameter.dim() != 2 or name.endswith(("c_attn.weight", "delta")):
                parameter.add_(0.02 * torch.randn_like(parameter))
    return model


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, value, text in (
        ("layers", 18, "number of blocks"),
        ("width", 768, "width of the residual stream"),
        ("heads", 12, "attention heads; must divide the width"),
        ("hidden", 4, "width of the MLP, in multiples of the width"),
        ("vocabulary", 50000, "number of tokens"),
        ("context", 1024, "rows of the table of positions, in tokens"),
        ("seed", 0, "of the weights"),
    ):
        parser.add_argument(
            f"--{name}", type=int, default=value, metavar="N", help=f"{text} [{value}]"
        )
    parser.add_argument(
        "--blocks",
        nargs="+",
        choices=BLOCKS,
        default=["preln", "sasp"],
        help="which models to write [preln sasp]",
    )
    parser.add_argument(
        "--norm",
        choices=("layer", "rms", "none"),
        default="rms",
        help="norm of the blocks; none keeps that of the first block and the final"
        " one, as the paper does [rms]",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("paper_models"),
        metavar="DIR",
        help="folder to write to; made if it does not exist [paper_models]",
    )
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    for block in args.blocks:
        try:
            model = build_model(block, args)
        except ValueError as error:
            parser.error(str(error))
        path = args.output / f"{block}_{args.layers}.onnx"
        data = save_onnx(model, path)
        print(
            f"{path}: {model.parameter_count():,} parameters,"
            f" {data.stat().st_size:,} bytes of weights"
        )


if __name__ == "__main__":
    main()
