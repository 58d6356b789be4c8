#!/usr/bin/env python3
"""Write the models that the benchmarks compare, with random weights, as ONNX.

The language models are of GPT-2 small's size (12 blocks, width 768, 12 heads, an
MLP of 4 times the width, 50257 tokens, 1024 positions, tied head):

    preln     GPT-2: LayerNorms, tanh GELU
    noln      the same with norms of a fixed std, as checkpoints without LayerNorm
              are published: LayerNorms with eps 1e12 and weights near 1e6
    parallel  attention and MLP side by side behind one LayerNorm (GPT-J's block)
    sas       the block of "Simplifying Transformer Blocks" with shaped attention,
              no values, no output projection; RMSNorms, ReLU
    sasp      the same with attention and MLP in parallel and no skips at all
    bert      an encoder of MiniLM's size: 6 post-LN blocks, width 384, 12 heads,
              30522 tokens, 512 positions, erf GELU, a padding mask

Batch and sequence are dynamic. The graphs have the spelling that runtimes find
the most in: a product on three dimensions and a bias behind it, LayerNormalization
as one operator, a mask that is added (made once for all blocks), opset 17. Weights
are far from values that a compiler may find trivial. A tied head is a Transpose
of the embedding.

    models.py DIR [--models NAME ...] [--mask where] [--opset 23] [--shape matrix]

writes DIR/NAME.onnx and its weights beside it in DIR/NAME.onnx.data; needs numpy
and onnx. All models together take 2.6 GB on disk.
"""

import argparse
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

LOWEST = float(np.finfo(np.float32).min)


@dataclass(frozen=True)
class Size:
    """What a model is made of; widths and lengths in elements."""

    layers: int = 12
    width: int = 768
    heads: int = 12
    hidden: int = 4  # the MLP's width, in multiples of `width`
    vocabulary: int = 50257
    context: int = 1024


GPT2_SMALL = Size()
MINILM = Size(layers=6, width=384, vocabulary=30522, context=512)
MODELS = ("preln", "noln", "parallel", "sas", "sasp", "bert")


def full_size(name):
    """The size of a model when none is asked for."""
    return MINILM if name == "bert" else GPT2_SMALL


@dataclass(frozen=True)
class Spelling:
    """How the same function is written down.

    opset: 17; 20 has Gelu as one operator, 23 attention, too.
    mask: `add` a mask of 0 and the lowest number, or choose with `where`.
    shape: shaped attention as `parts` (alpha V + beta A V - gamma mean(V), the mean
        by CumSum), or as one `matrix` (alpha I + beta A - gamma C) V, as the
        paper's code has it.
    """

    opset: int = 17
    mask: str = "add"
    shape: str = "parts"


class Writer:
    """Builds one ONNX graph; weights go to a file as they come."""

    def __init__(self, path, seed):
        self.path = path
        data = path.with_name(path.name + ".data")
        self.data = data.open("wb")  # until save
        self.random = np.random.default_rng(seed)
        self.nodes, self.initializers, self.constants = [], [], {}

    def weight(self, name, values):
        """A float32 initializer; returns its name."""
        values = np.ascontiguousarray(values, dtype=np.float32)
        return self._store(name, values, TensorProto.FLOAT)

    def _store(self, name, values, dtype):
        self.data.write(bytes(-self.data.tell() % 4096))
        tensor = TensorProto(name=name, data_type=dtype, dims=values.shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (
            ("location", Path(self.data.name).name),
            ("offset", self.data.tell()),
            ("length", values.nbytes),
        ):
            tensor.external_data.add(key=key, value=str(value))
        self.data.write(values.tobytes())
        self.initializers.append(tensor)
        return name

    def buffer(self, name, values):
        """An initializer of bool or float32, e.g. a mask; returns its name."""
        values = np.ascontiguousarray(values)
        dtype = TensorProto.BOOL if values.dtype == bool else TensorProto.FLOAT
        return self._store(name, values, dtype)

    def normal(self, name, shape, std, mean=0.0):
        """A random weight; returns its name."""
        values = self.random.standard_normal(shape, dtype=np.float32)
        return self.weight(name, mean + std * values)

    def constant(self, values, dtype=np.int64):
        """A small initializer, one for each value; returns its name."""
        values = np.asarray(values, dtype)
        key = (values.dtype.str, values.shape, values.tobytes())
        if key not in self.constants:
            name = f"constant_{len(self.constants)}"
            self.constants[key] = name
            self.initializers.append(numpy_helper.from_array(values, name))
        return self.constants[key]

    def scalar(self, value):
        return self.constant(value, np.float32)

    def op(self, kind, *inputs, name="", outputs=1, **attributes):
        """A node; returns the name of its result, or a list of them."""
        name = name or f"{kind}_{len(self.nodes)}"
        results = [name] if outputs == 1 else [f"{name}.{i}" for i in range(outputs)]
        self.nodes.append(
            helper.make_node(kind, list(inputs), results, name=name, **attributes)
        )
        return results[0] if outputs == 1 else results

    def save(self, inputs, output, opset):
        """Write the model; `inputs` and `output` are value infos."""
        graph = helper.make_graph(
            self.nodes, self.path.stem, inputs, [output], self.initializers
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        model.ir_version = 8 if opset < 21 else 10
        self.data.close()
        self.path.write_bytes(model.SerializeToString())


class ModelWriter:
    """The parts of which the models are made, in the given spelling."""

    def __init__(self, path, size, spelling, seed):
        self.graph = Writer(path, seed)
        self.size, self.spelling = size, spelling
        self.head_width = size.width // size.heads
        self.causal = True
        self.mask = None

    # Tensors are [batch, sequence, width] unless a comment says otherwise.

    def linear(self, x, name, inputs, outputs, std, bias=True):
        graph = self.graph
        weight = graph.normal(f"{name}.weight", (inputs, outputs), std)
        y = graph.op("MatMul", x, weight, name=f"{name}.product")
        if not bias:
            return y
        return graph.op(
            "Add", y, graph.normal(f"{name}.bias", outputs, 0.02), name=name
        )

    def layer_norm(self, x, name, std=None):
        """A LayerNorm; with `std` one that divides by this number alone."""
        graph, width = self.graph, self.size.width
        # sqrt(variance + 1e12) is 1e6 in float32, whatever the variance.
        mean, epsilon = (1.0, 1e-5) if std is None else (1e6 / std, 1e12)
        weight = graph.normal(f"{name}.weight", width, 0.02 * mean, mean)
        bias = graph.normal(f"{name}.bias", width, 0.02)
        return graph.op(
            "LayerNormalization", x, weight, bias, name=name, axis=-1, epsilon=epsilon
        )

    def rms_norm(self, x, name):
        """weight * x / (rms(x) + 1e-8): epsilon outside the root, as in the paper."""
        graph, width = self.graph, self.size.width
        if self.spelling.opset < 18:
            length = graph.op("ReduceL2", x, axes=[-1], keepdims=1)
        else:
            length = graph.op("ReduceL2", x, graph.constant([-1]), keepdims=1)
        rms = graph.op("Mul", length, graph.scalar(width**-0.5))
        y = graph.op("Div", x, graph.op("Add", rms, graph.scalar(1e-8)))
        return graph.op("Mul", y, graph.normal(f"{name}.weight", width, 0.02, 1.0))

    def gelu(self, x, exact):
        graph = self.graph
        if self.spelling.opset >= 20:
            return graph.op("Gelu", x, approximate="none" if exact else "tanh")
        half = graph.op("Mul", x, graph.scalar(0.5))
        if exact:
            inner = graph.op("Erf", graph.op("Div", x, graph.scalar(math.sqrt(2))))
        else:
            cube = graph.op("Pow", x, graph.scalar(3.0))
            inner = graph.op("Add", x, graph.op("Mul", cube, graph.scalar(0.044715)))
            inner = graph.op("Mul", inner, graph.scalar(math.sqrt(2 / math.pi)))
            inner = graph.op("Tanh", inner)
        return graph.op("Mul", half, graph.op("Add", inner, graph.scalar(1.0)))

    def mlp(self, x, name, activation, stds, bias=True):
        width = self.size.width
        hidden = width * self.size.hidden
        x = self.linear(x, f"{name}.c_fc", width, hidden, stds[0], bias)
        if activation == "relu":
            x = self.graph.op("Relu", x)
        else:
            x = self.gelu(x, exact=activation == "gelu")
        return self.linear(x, f"{name}.c_proj", hidden, width, stds[1], bias)

    def split_heads(self, x, order=(0, 2, 1, 3)):
        """[batch, heads, sequence, head width], or another order of these four."""
        graph = self.graph
        shape = graph.constant([0, 0, self.size.heads, self.head_width])
        return graph.op("Transpose", graph.op("Reshape", x, shape), perm=order)

    def merge_heads(self, x):
        graph = self.graph
        x = graph.op("Transpose", x, perm=(0, 2, 1, 3))
        return graph.op("Reshape", x, graph.constant([0, 0, self.size.width]))

    def embed(self, ids):
        graph, size = self.graph, self.size
        table = graph.normal("wte.weight", (size.vocabulary, size.width), 0.02)
        positions = graph.normal("wpe.weight", (size.context, size.width), 0.02)
        self.length = graph.op("Shape", ids, start=1, end=2, name="length")
        rows = graph.op(
            "Slice", positions, graph.constant([0]), self.length, graph.constant([0])
        )
        return graph.op("Add", graph.op("Gather", table, ids), rows)

    def leading_square(self, name, values):
        """The part of a [context, context] buffer that the sequence covers."""
        graph = self.graph
        buffer = graph.buffer(name, values[None, None])
        ends = graph.op("Concat", self.length, self.length, axis=0)
        return graph.op(
            "Slice", buffer, graph.constant([0, 0]), ends, graph.constant([2, 3])
        )

    def prepare_causal(self):
        visible = np.tri(self.size.context, dtype=bool)
        if self.spelling.mask == "where":
            self.mask = self.leading_square("visible", visible)
        else:
            lowest = np.where(visible, 0, LOWEST).astype(np.float32)
            self.mask = self.leading_square("causal", lowest)

    def attention_matrix(self, query, key):
        """softmax(Q K^T / sqrt(dh) + mask): [batch, heads, sequence, sequence]."""
        graph = self.graph
        query = self.split_heads(query)
        key = self.split_heads(key, (0, 2, 3, 1))
        scores = graph.op("MatMul", query, key)
        scores = graph.op("Mul", scores, graph.scalar(self.head_width**-0.5))
        if self.spelling.mask == "where" and self.causal:
            scores = graph.op("Where", self.mask, scores, graph.scalar(LOWEST))
        else:
            scores = graph.op("Add", scores, self.mask)
        return graph.op("Softmax", scores, axis=-1)

    def attend(self, query, key, value):
        """softmax(...) V with heads side by side again."""
        graph = self.graph
        if self.spelling.opset >= 23:
            heads = [self.split_heads(x) for x in (query, key, value)]
            mask = [] if self.causal else [self.mask]
            y = graph.op("Attention", *heads, *mask, is_causal=int(self.causal))
        else:
            y = graph.op(
                "MatMul", self.attention_matrix(query, key), self.split_heads(value)
            )
        return self.merge_heads(y)

    def attention(self, x, name, std_out):
        width = self.size.width
        x = self.linear(x, f"{name}.c_attn", width, 3 * width, 0.02)
        thirds = self.graph.constant([width] * 3)
        query, key, value = self.graph.op("Split", x, thirds, axis=2, outputs=3)
        x = self.attend(query, key, value)
        return self.linear(x, f"{name}.c_proj", width, width, std_out)

    def shaped_attention(self, x, name, first):
        """concat_h[(alpha_h I + beta_h A_h - gamma_h C) V_h]; V is x, or, in the
        first block, x (skip I + resid dW)."""
        graph, size = self.graph, self.size
        width = size.width
        both = self.linear(x, f"{name}.c_attn", width, 2 * width, 0.03)
        halves = graph.constant([width] * 2)
        query, key = graph.op("Split", both, halves, axis=2, outputs=2)
        if first:
            delta = 0.02 * self.graph.random.standard_normal((width, width))
            weight = graph.weight(f"{name}.value", 1.1 * np.eye(width) + delta)
            x = graph.op("MatMul", x, weight)
        alpha, beta, gamma = (
            graph.normal(f"{name}.{gain}", (1, size.heads, 1, 1), 0.05, 1.0)
            for gain in ("alpha", "beta", "gamma")
        )
        value = self.split_heads(x)
        if self.spelling.shape == "matrix":
            shaped = graph.op("Mul", self.attention_matrix(query, key), beta)
            centre = graph.op("Mul", self.uniform, gamma)
            fixed = graph.op("Sub", graph.op("Mul", self.diagonal, alpha), centre)
            y = graph.op("MatMul", graph.op("Add", shaped, fixed), value)
            return self.merge_heads(y)
        if self.spelling.opset >= 23:
            attended = graph.op(
                "Attention", self.split_heads(query), self.split_heads(key), value,
                is_causal=1,
            )  # fmt: skip
        else:
            attended = graph.op("MatMul", self.attention_matrix(query, key), value)
        total = graph.op("CumSum", value, graph.constant(2))
        mean = graph.op("Div", total, self.counts)
        y = graph.op("Sub", graph.op("Mul", value, alpha), graph.op("Mul", mean, gamma))
        return self.merge_heads(graph.op("Add", y, graph.op("Mul", attended, beta)))

    def prepare_shape(self):
        graph, context = self.graph, self.size.context
        if self.spelling.shape == "matrix":
            self.diagonal = self.leading_square(
                "diagonal", np.eye(context, dtype=np.float32)
            )
            uniform = np.tri(context, dtype=np.float32)
            uniform /= uniform.sum(axis=1, keepdims=True)
            self.uniform = self.leading_square("uniform", uniform)
        else:
            # 1, 2, ... of [sequence, 1]: what each query sees.
            last = graph.op("Squeeze", self.length, graph.constant([0]))
            end = graph.op("Add", last, graph.constant(1))
            counts = graph.op("Range", graph.constant(1), end, graph.constant(1))
            counts = graph.op("Unsqueeze", counts, graph.constant([1]))
            self.counts = graph.op("Cast", counts, to=TensorProto.FLOAT)

    def add(self, x, y):
        return self.graph.op("Add", x, y)

    def gain(self, x, name, value):
        gain = self.graph.normal(name, 1, 0.05 * value, value)
        return self.graph.op("Mul", x, gain)

    def head(self, x):
        x = self.graph.op("MatMul", x, self.graph.op(
            "Transpose", "wte.weight", perm=(1, 0), name="head.weight"
        ), name="logits")  # fmt: skip
        return x, self.size.vocabulary

    def save(self, inputs, output, last):
        def tensor(name, dtype, shape):
            return helper.make_tensor_value_info(name, dtype, shape)

        self.graph.save(
            [tensor(name, TensorProto.INT64, ["batch", "sequence"]) for name in inputs],
            tensor(output, TensorProto.FLOAT, ["batch", "sequence", last]),
            self.spelling.opset,
        )


def write_language_model(name, path, size, spelling, seed):
    model = ModelWriter(path, size, spelling, seed)
    width = size.width
    x = model.embed("input_ids")
    model.prepare_causal()
    simplified = name in ("sas", "sasp")
    if simplified:
        model.prepare_shape()
    # GPT-2: what writes into the residual stream less with depth. SAS: He's.
    std_out = 0.02 / math.sqrt(2 * size.layers)
    he = (width**-0.5, math.sqrt(2 / (size.hidden * width)))
    # About what the residual stream's std is at these weights.
    std = 0.1 if name == "noln" else None
    mlp_gain = 0.1 * math.sqrt(18 / size.layers)
    for i in range(size.layers):
        block = f"h.{i}"
        if name in ("preln", "noln"):
            y = model.layer_norm(x, f"{block}.ln_1", std)
            x = model.add(x, model.attention(y, f"{block}.attn", std_out))
            y = model.layer_norm(x, f"{block}.ln_2", std)
            x = model.add(x, model.mlp(y, f"{block}.mlp", "tanh", (0.02, std_out)))
        elif name == "parallel":
            y = model.layer_norm(x, f"{block}.ln_1")
            z = model.attention(y, f"{block}.attn", std_out)
            y = model.mlp(y, f"{block}.mlp", "tanh", (0.02, std_out))
            x = model.add(x, model.add(z, y))
        else:
            x = model.rms_norm(x, f"{block}.ln_1")
            y = model.shaped_attention(x, f"{block}.attn", i == 0)
            y = model.gain(y, f"{block}.attn_gain", 1.0)
            if name == "sas":
                x = model.rms_norm(y, f"{block}.ln_2")
                y = model.gain(y, f"{block}.skip_gain", 1.0)
            z = model.mlp(x, f"{block}.mlp", "relu", he, bias=False)
            x = model.add(model.gain(z, f"{block}.mlp_gain", mlp_gain), y)
    if simplified:
        x = model.rms_norm(x, "ln_f")
    else:
        x = model.layer_norm(x, "ln_f", std)
    output, last = model.head(x)
    model.save(["input_ids"], output, last)


def write_encoder(path, size, spelling, seed):
    model = ModelWriter(path, size, spelling, seed)
    graph = model.graph
    model.causal = False
    ids, padding, types = "input_ids", "attention_mask", "token_type_ids"
    x = model.embed(ids)
    kinds = graph.normal("types.weight", (2, size.width), 0.02)
    x = model.layer_norm(model.add(x, graph.op("Gather", kinds, types)), "ln")
    # 1 for what is seen: (1 - mask) times the lowest number is added to scores.
    seen = graph.op("Unsqueeze", padding, graph.constant([1, 2]))
    hidden = graph.op("Cast", seen, to=TensorProto.FLOAT)
    hidden = graph.op("Sub", graph.scalar(1.0), hidden)
    model.mask = graph.op("Mul", hidden, graph.scalar(LOWEST))
    for i in range(size.layers):
        block = f"layer.{i}"
        y = model.attention(x, f"{block}.attention", 0.02)
        x = model.layer_norm(model.add(x, y), f"{block}.ln_1")
        y = model.mlp(x, f"{block}.mlp", "gelu", (0.02, 0.02))
        name = "last_hidden_state" if i == size.layers - 1 else f"{block}.ln_2"
        x = model.layer_norm(model.add(x, y), name)
    model.save([ids, padding, types], x, size.width)


def write_model(name, path, size=None, spelling=None, seed=0):
    """Write one of `MODELS` to `path`, its weights beside it."""
    size = size or full_size(name)
    if size.width % size.heads:
        raise ValueError(f"width {size.width} is not a multiple of {size.heads} heads")
    spelling = spelling or Spelling()
    if name == "bert":
        write_encoder(path, size, spelling, seed)
    else:
        write_language_model(name, path, size, spelling, seed)


def make_inputs(names, batch, sequence, vocabulary, seed=0):
    """Inputs for a model, by name: int64 arrays [batch, sequence]."""
    random = np.random.default_rng(seed)
    inputs = {}
    for name in names:
        if name == "input_ids":
            values = random.integers(0, vocabulary, (batch, sequence))
        elif name == "attention_mask":
            values = np.ones((batch, sequence))
            if batch > 1:  # one sequence is shorter than the others
                values[-1, sequence - sequence // 8 :] = 0
        else:
            values = np.zeros((batch, sequence))
        inputs[name] = values.astype(np.int64)
    return inputs


def add_size_options(parser):
    for name, text in (
        ("layers", "number of blocks"),
        ("width", "width of the residual stream"),
        ("heads", "attention heads; must divide the width"),
        ("vocabulary", "number of tokens"),
        ("context", "rows of the table of positions, in tokens"),
    ):
        parser.add_argument(
            f"--{name}", type=int, metavar="N", help=f"{text}, instead of the model's"
        )


def chosen_size(name, args):
    """The model's size, as far as the options do not say otherwise."""
    fields = ("layers", "width", "heads", "vocabulary", "context")
    given = {field: getattr(args, field) for field in fields if getattr(args, field)}
    return replace(full_size(name), **given)


def add_spelling_options(parser):
    parser.add_argument("--opset", type=int, choices=(17, 20, 23), default=17)
    parser.add_argument("--mask", choices=("add", "where"), default="add")
    parser.add_argument("--shape", choices=("parts", "matrix"), default="parts")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--seed", type=int, default=0)
    add_size_options(parser)
    add_spelling_options(parser)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for name in args.models:
        path = args.folder / f"{name}.onnx"
        try:
            write_model(
                name,
                path,
                chosen_size(name, args),
                Spelling(args.opset, args.mask, args.shape),
                args.seed,
            )
        except ValueError as error:
            parser.error(str(error))
        size = path.with_name(path.name + ".data").stat().st_size
        print(f"{path}: {size:,} bytes of weights")


if __name__ == "__main__":
    main()
