#!/usr/bin/env python3
"""Train a small byte-level language model on Python source code.

The corpus is the Python standard library of the interpreter that runs this
script (about 8 MB), or any folder given with --corpus.  One file in sixteen is
held out: the held-out loss is the mean cross-entropy, in nats per byte, on
files that the model never trains on.
"""

import argparse
import dataclasses
import hashlib
import math
import os
import sysconfig
import time
from pathlib import Path

import torch
from model import ACTIVATIONS, BLOCKS, NORMS, Config, LanguageModel, generate
from torch.nn import functional

# Folders that hold little prose-like code: tests, character tables, help texts
# and other people's packages.
SKIPPED = {
    "__pycache__",
    "dist-packages",
    "encodings",
    "idlelib",
    "pydoc_data",
    "site-packages",
    "test",
    "tests",
    "turtledemo",
}

# What the sample at the end goes on from.
PROMPT = b'''class Reader:
    """Read lines from a file."""

    def __init__(self, name):
        self.name = name
        self.lines = []

    def read(self, size=-1):
'''


def read_corpus(folder):
    """The .py files below ``folder`` as (training, held out) byte tensors.

    Files are joined by a zero byte.  A file is held out when a hash of its
    relative path says so: the split depends on neither order nor machine.
    """
    parts = {"training": [], "held out": []}
    for directory, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - SKIPPED)
        for name in sorted(files):
            if not name.endswith(".py"):
                continue
            path = Path(directory, name)
            key = path.relative_to(folder).as_posix().encode()
            held_out = hashlib.sha256(key).digest()[0] % 16 == 0
            parts["held out" if held_out else "training"].append(path.read_bytes())
    for name, texts in parts.items():
        if not texts:
            raise SystemExit(f"error: no {name} .py files below '{folder}'")
    return [
        torch.frombuffer(bytearray(b"\0".join(texts) + b"\0"), dtype=torch.uint8)
        for texts in parts.values()
    ]


def sample_batch(data, batch, context, generator):
    """Random windows: (inputs, targets), both int64 [batch, context]."""
    starts = torch.randint(len(data) - context, (batch,), generator=generator)
    windows = torch.stack([data[s : s + context + 1] for s in starts.tolist()]).long()
    return windows[:, :-1], windows[:, 1:]


def cross_entropy(model, inputs, targets):
    """Mean loss in nats per token."""
    logits = model(inputs)
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


@torch.no_grad()
def evaluate(model, data, context, windows=None):
    """Loss (nats per byte) over non-overlapping windows spread evenly over ``data``.

    ``windows`` limits how many are used; None uses all of them.
    """
    available = (len(data) - 1) // context
    count = min(windows or available, available)
    starts = [i * available // count * context for i in range(count)]
    total = 0.0
    for i in range(0, count, 16):
        chunk = torch.stack([data[s : s + context + 1] for s in starts[i : i + 16]])
        chunk = chunk.long()
        total += cross_entropy(model, chunk[:, :-1], chunk[:, 1:]).item() * len(chunk)
    return total / count


def make_optimizer(model, args):
    """AdamW; weight decay on matrices only, never on gains, norms and biases ([SAS])."""
    matrices, others = [], []
    for name, parameter in model.named_parameters():
        is_gain = name.endswith((".alpha", ".beta", ".gamma"))
        decayed = parameter.dim() >= 2 and not is_gain
        (matrices if decayed else others).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": args.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=args.learning_rate,
        betas=(0.9, args.beta2),
        eps=1e-8,
    )


def learning_rate(args, progress):
    """The rate at ``progress`` (0 to 1 of the budget): warm-up, then decay to zero."""
    if progress < args.warmup:
        return args.learning_rate * (progress + 1e-3) / (args.warmup + 1e-3)
    rest = min(1.0, (progress - args.warmup) / (1 - args.warmup))
    if args.schedule == "linear":
        return args.learning_rate * (1 - rest)
    return args.learning_rate * 0.5 * (1 + math.cos(math.pi * rest))


def save_checkpoint(path, model, optimizer, state):
    """Write a checkpoint; an interrupted write leaves the old one in place."""
    temporary = path.with_suffix(".tmp")
    torch.save(
        {
            "config": model.config.as_dict(),
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            **state,
        },
        temporary,
    )
    os.replace(temporary, path)


def load_model(path):
    """The model in a checkpoint, in evaluation mode, and the checkpoint itself."""
    checkpoint = torch.load(path, map_location="cpu")
    model = LanguageModel(Config(**checkpoint["config"]))
    model.load_state_dict(checkpoint["model"])
    return model.eval(), checkpoint


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(
            prog, max_help_position=32
        ),
        epilog="example: train.py --minutes 60 --checkpoint python.pt",
    )
    default = Config()
    group = parser.add_argument_group("model")
    group.add_argument(
        "--block",
        choices=BLOCKS,
        default=default.block,
        help="transformer block: preln (GPT-2's), sas or sasp (simplified: shaped"
        " attention, no values or projections; sasp: sub-blocks side by side) [sasp]",
    )
    group.add_argument(
        "--norm",
        choices=NORMS,
        default=default.norm,
        help="norm in front of sub-blocks; none keeps only the first and the last"
        " LayerNorm of the model [none]",
    )
    group.add_argument(
        "--activation",
        choices=ACTIVATIONS,
        default=default.activation,
        help="the MLP's nonlinearity [relu]",
    )
    for name, text in (
        ("layers", "number of blocks"),
        ("width", "width of the residual stream"),
        ("heads", "attention heads; must divide the width"),
        ("context", "longest sequence, in tokens (bytes)"),
    ):
        value = getattr(default, name)
        group.add_argument(
            f"--{name}", type=int, default=value, metavar="N", help=f"{text} [{value}]"
        )

    group = parser.add_argument_group("training")
    budget = group.add_mutually_exclusive_group()
    budget.add_argument(
        "--minutes",
        type=float,
        default=30.0,
        metavar="N",
        help="train for this long by the clock; the learning rate reaches zero at"
        " the end, however slow the machine is [30]",
    )
    budget.add_argument(
        "--steps",
        type=int,
        metavar="N",
        help="train for this many steps instead (reproducible)",
    )
    group.add_argument(
        "--batch", type=int, default=8, metavar="N", help="sequences per step [8]"
    )
    group.add_argument(
        "--learning-rate",
        type=float,
        default=1.5e-3,
        metavar="RATE",
        help="highest learning rate of AdamW [0.0015]",
    )
    group.add_argument(
        "--schedule",
        choices=("linear", "cosine"),
        default="linear",
        help="how the rate decays to zero after the warm-up [linear]",
    )
    group.add_argument(
        "--warmup",
        type=float,
        default=0.05,
        metavar="PART",
        help="part of the budget during which the rate rises [0.05]",
    )
    group.add_argument(
        "--weight-decay",
        type=float,
        default=0.1,
        metavar="RATE",
        help="of matrices; gains, norms and biases have none [0.1]",
    )
    group.add_argument(
        "--beta2",
        type=float,
        default=0.99,
        metavar="RATE",
        help="AdamW's decay of the second moment [0.99]",
    )
    group.add_argument(
        "--clip",
        type=float,
        default=1.0,
        metavar="NORM",
        help="largest norm of the gradient [1]",
    )
    group.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="of initial weights and batches [0]",
    )

    group = parser.add_argument_group("files and machine")
    group.add_argument(
        "--corpus",
        default=sysconfig.get_path("stdlib"),
        metavar="DIR",
        help="folder whose .py files are the corpus [the standard library]",
    )
    group.add_argument(
        "--checkpoint",
        type=Path,
        default=Path("language_model.pt"),
        metavar="FILE",
        help="written every minute and at the end [language_model.pt]",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on from the checkpoint (with its model; the options about the model"
        " are ignored)",
    )
    group.add_argument(
        "--report",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="time between progress lines and checkpoints [60]",
    )
    group.add_argument(
        "--threads", type=int, default=1, metavar="N", help="CPU threads [1]"
    )
    args = parser.parse_args()
    if args.minutes <= 0 or (args.steps is not None and args.steps <= 0):
        parser.error("the budget must be positive")
    if not 0 <= args.warmup < 1:
        parser.error(f"--warmup {args.warmup} is not in [0, 1)")
    if args.width % args.heads:
        parser.error(f"--width {args.width} is not a multiple of --heads {args.heads}")
    if args.resume and not args.checkpoint.exists():
        parser.error(f"--resume: no checkpoint '{args.checkpoint}'")
    return args


def main():
    args = parse_arguments()
    torch.set_num_threads(args.threads)
    # Tiny gradients of gated ReLUs otherwise cost more than the arithmetic.
    torch.set_flush_denormal(True)
    torch.manual_seed(args.seed)
    training, held_out = read_corpus(args.corpus)
    print(
        f"corpus {args.corpus}: {len(training):,} bytes to train on,"
        f" {len(held_out):,} held out"
    )

    step, tokens, before = 0, 0, 0.0
    if args.resume:
        model, checkpoint = load_model(args.checkpoint)
        step, tokens = checkpoint["step"], checkpoint["tokens"]
        before = checkpoint["seconds"]
    else:
        names = {field.name for field in dataclasses.fields(Config)} & set(vars(args))
        model = LanguageModel(Config(**{name: getattr(args, name) for name in names}))
    config = model.config
    if min(len(training), len(held_out)) <= config.context:
        raise SystemExit(
            f"error: the corpus is too small: {len(training)} and {len(held_out)}"
            f" bytes, expected more than the context, {config.context}"
        )
    optimizer = make_optimizer(model, args)
    if args.resume:
        optimizer.load_state_dict(checkpoint["optimizer"])
    # Without --resume, batches depend on the seed alone; with it, new ones are drawn.
    generator = torch.Generator().manual_seed(args.seed + step)
    print(
        f"model {config.block}, norm {config.norm}, {config.activation}:"
        f" {config.layers} layers, width {config.width}, {config.heads} heads,"
        f" context {config.context}, {model.parameter_count():,} parameters",
        flush=True,
    )

    start = time.monotonic() - before
    reported, losses, tokens_reported = start + before, [], tokens

    def checkpoint_now():
        seconds = time.monotonic() - start
        state = {"step": step, "tokens": tokens, "seconds": seconds}
        save_checkpoint(args.checkpoint, model, optimizer, state)

    while True:
        now = time.monotonic()
        progress = (
            step / args.steps if args.steps else (now - start) / (60 * args.minutes)
        )
        if progress >= 1:
            break
        rate = learning_rate(args, progress)
        for group in optimizer.param_groups:
            group["lr"] = rate
        inputs, targets = sample_batch(training, args.batch, config.context, generator)
        loss = cross_entropy(model, inputs, targets)
        if not torch.isfinite(loss):
            raise SystemExit(
                f"error: the loss is {loss.item()} at step {step};"
                " try a lower --learning-rate"
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        optimizer.step()
        step += 1
        tokens += inputs.numel()
        losses.append(loss.item())
        if now - reported >= args.report:
            speed = (tokens - tokens_reported) / (time.monotonic() - reported)
            loss_now = evaluate(model, held_out, config.context, 64)
            print(
                f"{(now - start) / 60:6.1f} min  step {step:6d}  {tokens / 1e6:6.2f} M"
                f" tokens  rate {rate:.2e}  training loss"
                f" {sum(losses) / len(losses):.4f}  held-out loss {loss_now:.4f}"
                f"  {speed:,.0f} tokens/s",
                flush=True,
            )
            checkpoint_now()
            reported, losses, tokens_reported = time.monotonic(), [], tokens

    checkpoint_now()
    loss = evaluate(model.eval(), held_out, config.context)
    print(
        f"done: {step} steps, {tokens:,} tokens, {(time.monotonic() - start) / 60:.1f}"
        f" minutes; held-out loss {loss:.4f} nats/byte"
        f" ({loss / math.log(2):.4f} bits/byte)"
    )
    text = bytes(generate(model, PROMPT, 200, temperature=0.7))
    print(text.decode(errors="replace"))


if __name__ == "__main__":
    main()
