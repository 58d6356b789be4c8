"""Cases of scripts/gpu-check.sh beside those of a plain language model: a loss,
attention on a part of the keys, and a gated product."""

import math

import numpy as np
from cases import BYTES, Case, Function, act, draw, softmax, tensor


def split_heads(x, heads):
    return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)


def cross_entropy(classes):
    f = Function("f32")
    f.argument("x", "batch", "sequence", classes)
    f.argument("labels", "batch", "sequence", kind="i64")
    f.add(
        f"%y = tfm.cross_entropy %x, %labels : {act(classes, 'f32')}, "
        "tensor<?x?xi64> -> tensor<?x?xf32>"
    )

    def inputs(shape, rng):
        extents = (shape["batch"], shape["sequence"])
        return {
            "x": 3 * draw(rng, shape, classes),
            "labels": rng.integers(0, classes, extents),
        }

    def reference(i, w):
        chosen = np.take_along_axis(i["x"], i["labels"][..., None], -1)[..., 0]
        top = i["x"].max(-1)
        return top + np.log(np.exp(i["x"] - top[..., None]).sum(-1)) - chosen

    return Case(
        f"cross-entropy {classes} f32",
        "rows",
        "f32",
        f.finish("%y", "batch", "sequence", kind="f32"),
        inputs,
        reference,
        shapes=[{"batch": b, "sequence": t} for b, t in ((1, 1), (3, 5), (2, 200))],
        quick=[{"batch": 2, "sequence": 3}],
    )


def partial_attention(heads, width, kind, *, past):
    """Of sequences that are shorter than the tensor, or that go on behind what is
    in a cache: then queries begin at a position of their own in each, and keys
    end behind the last one."""
    f = Function(kind)
    wide = heads * width
    a, counts = act(wide, kind), tensor(("batch",), "i64")
    f.argument("q", "batch", "sequence", wide)
    f.argument("k", "batch", "keys", wide)
    f.argument("v", "batch", "keys", wide)
    clauses, types = "", f"{a}, {a}, {a}"
    if past:
        f.argument("past", "batch", kind="i64")
        clauses += " past %past"
        types += f", past {counts}"
    f.argument("lengths", "batch", kind="i64")
    scale = 1 / math.sqrt(width)
    f.add(
        f"%y = tfm.attention %q, %k, %v{clauses} key_lengths %lengths heads {heads} "
        f"scale {scale}{' causal' if past else ''} : {types}, key_lengths {counts} "
        f"-> {a}"
    )

    def inputs(shape, rng):
        batch, sequence = shape["batch"], shape["sequence"]
        keys = sequence + (150 if past else 0)
        drawn = {"q": draw(rng, shape, wide)}
        for name in ("k", "v"):
            drawn[name] = rng.standard_normal((batch, keys, wide))
        if past:
            drawn["past"] = rng.integers(0, keys - sequence + 1, batch)
            drawn["lengths"] = drawn["past"] + sequence
        else:
            drawn["lengths"] = rng.integers(1, keys + 1, batch)
        return drawn

    def reference(i, w):
        q, k, v = (split_heads(i[name], heads) for name in "qkv")
        j = np.arange(k.shape[2])
        seen = j < i["lengths"][:, None, None]
        if past:
            row = i["past"][:, None, None] + np.arange(q.shape[2])[:, None]
            seen = seen & (j <= row)
        scores = scale * q @ k.transpose(0, 1, 3, 2)
        weights = softmax(np.where(seen[:, None], scores, -np.inf))
        y = (weights @ v).transpose(0, 2, 1, 3)
        return y.reshape(*y.shape[:2], -1)

    name = "cached" if past else "key lengths"
    return Case(
        f"attention {heads}x{width} {name} {kind}",
        "attention",
        kind,
        f.finish("%y", "batch", "sequence", wide),
        inputs,
        reference,
        shapes=[{"batch": b, "sequence": t} for b, t in ((1, 1), (4, 1), (3, 70))],
        quick=[{"batch": 2, "sequence": 3}],
    )


def gated(depth, columns, kind):
    f = Function(kind)
    x = f.argument("x", "batch", "sequence", depth)
    w = f.weight("w", depth, 2 * columns)
    half = act(columns, kind)
    f.add(
        f"%h = tfm.linear {x}, {w} : {act(depth, kind)}, "
        f"{tensor((depth, 2 * columns), kind)} -> {act(2 * columns, kind)}"
    )
    f.add(f"%s:2 = tfm.split %h : {act(2 * columns, kind)} -> {half}, {half}")
    f.add(f"%a = tfm.activation silu %s#0 : {half}")
    f.add(f"%y = tfm.gate %a, %s#1 : {half}")

    def reference(i, w):
        gate, up = np.split(i["x"] @ w["w"], 2, -1)
        return gate / (1 + np.exp(-gate)) * up

    def work(shape):
        rows = shape["batch"] * shape["sequence"]
        elements = rows * (depth + columns) + 2 * depth * columns
        return 4 * rows * depth * columns, elements * BYTES[kind]

    return Case(
        f"gated {depth}x{columns} {kind}",
        "product",
        kind,
        f.finish("%y", "batch", "sequence", columns),
        lambda shape, rng: {"x": draw(rng, shape, depth)},
        reference,
        shapes=[{"batch": 1, "sequence": m} for m in (1, 5, 64, 200, 1000)],
        quick=[{"batch": 1, "sequence": m} for m in (1, 17)],
        work=work,
    )


def make_special_cases():
    for kind in ("bf16", "f32"):
        yield gated(768, 2048, kind)
        yield partial_attention(12, 64, kind, past=False)
        yield partial_attention(12, 64, kind, past=True)
    yield cross_entropy(5000)
    # For the emulator.
    yield gated(96, 80, "f32")
    yield partial_attention(2, 32, "f32", past=False)
    yield partial_attention(2, 32, "f32", past=True)
