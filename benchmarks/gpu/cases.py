"""What scripts/gpu-check.sh compiles, and what should come out.

A case is a function of tfm ops, whose weights are made from a recipe where it
runs, and the same in NumPy's float64. Both halves of the check read this file:
`prepare` writes the functions, `run` draws inputs and computes the references.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

# Normwise: of float32 sums in another order; of operands rounded to 16 bits,
# and of what a kernel stores in 16 bits for the next one.
TOLERANCE = {"f32": 1e-5, "f16": 4e-3, "bf16": 2e-2}


@dataclass
class Case:
    """`shapes` are those that are checked, `quick` those in emulation, both as
    extents of the inputs by name of their dimension. `bench` has those that are
    timed, and `work` counts (operations, bytes) of one of them."""

    name: str
    group: str
    kind: str
    text: str
    inputs: Callable
    reference: Callable
    shapes: list
    quick: list
    bench: list = field(default_factory=list)
    work: Callable = None
    peer: str = ""
    options: tuple = ()

    @property
    def tolerance(self):
        return TOLERANCE[self.kind]


class Function:
    """Writes a module of one function."""

    def __init__(self, kind):
        self.kind = kind
        self.weights, self.arguments, self.body = [], [], []
        self.seed = 1

    def weight(self, name, *shape, mean=0.0, std=0.02, kind=None):
        type = tensor(shape, kind or self.kind)
        self.weights.append(
            f'ockham.weight @{name} : {type} from "{name}" '
            f"init #ockham.normal<mean = {mean} : f64, "
            f"std = {std} : f64, seed = {self.seed}>"
        )
        self.seed += 1
        self.body.append(f"%{name} = ockham.load_weight @{name} : {type}")
        return f"%{name}"

    def argument(self, name, *dims, kind=None):
        """Dimensions are numbers, or names of those that are open."""
        type = tensor(dims, kind or self.kind)
        names = ", ".join(f'"{d}"' if isinstance(d, str) else '""' for d in dims)
        self.arguments.append(
            f'%{name}: {type} {{ockham.name = "{name}", ockham.dims = [{names}]}}'
        )
        return f"%{name}"

    def add(self, line):
        self.body.append(line)

    def finish(self, result, *dims, kind=None):
        type = tensor(dims, kind or self.kind)
        names = ", ".join(f'"{d}"' if isinstance(d, str) else '""' for d in dims)
        head = (
            f"func.func @forward({', '.join(self.arguments)}) -> ({type} "
            f'{{ockham.name = "y", ockham.dims = [{names}]}}) '
            'attributes {ockham.entry = "forward"} {'
        )
        lines = [
            *self.weights,
            head,
            *(f"  {line}" for line in self.body),
            f"  return {result} : {type}",
            "}",
        ]
        return "\n".join(lines) + "\n"


def tensor(dims, kind):
    parts = ["?" if isinstance(d, str) else str(d) for d in dims]
    return f"tensor<{'x'.join([*parts, kind])}>"


def act(width, kind):
    return tensor(("batch", "sequence", width), kind)


def draw(rng, shape, width):
    return rng.standard_normal((shape["batch"], shape["sequence"], width))


BYTES = {"f32": 4, "f16": 2, "bf16": 2}


# Products


def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def product(depth, columns, kind, *, bias=False, activation=False, residual=False):
    f = Function(kind)
    x = f.argument("x", "batch", "sequence", depth)
    w = f.weight("w", depth, columns)
    clauses, types = "", f"{act(depth, kind)}, {tensor((depth, columns), kind)}"
    name = f"linear {depth}x{columns}"
    if bias:
        f.weight("b", columns, std=1.0, kind="f32" if kind == "bf16" else kind)
        clauses += " bias %b"
        types += ", " + tensor((columns,), "f32" if kind == "bf16" else kind)
        name += " bias"
    if residual:
        f.argument("r", "batch", "sequence", columns)
        clauses += " init %r"
        types += f" init {act(columns, kind)}"
        name += " residual"
    f.add(f"%y = tfm.linear {x}, {w}{clauses} : {types} -> {act(columns, kind)}")
    result = "%y"
    if activation:
        f.add(f"%z = tfm.activation gelu_tanh %y : {act(columns, kind)}")
        result, name = "%z", name + " gelu"

    def inputs(shape, rng):
        arrays = {"x": draw(rng, shape, depth)}
        if residual:
            arrays["r"] = draw(rng, shape, columns)
        return arrays

    def reference(inputs, weights):
        y = inputs["x"] @ weights["w"]
        if bias:
            y = y + weights["b"]
        if residual:
            y = y + inputs["r"]
        return gelu(y) if activation else y

    def work(shape):
        rows = shape["batch"] * shape["sequence"]
        elements = rows * (depth + columns * (2 if residual else 1)) + depth * columns
        return 2 * rows * depth * columns, elements * BYTES[kind]

    plain = not (bias or residual or activation)
    rows = [4096, 16384] if kind != "f32" else [4096]
    return Case(
        f"{name} {kind}",
        "product",
        kind,
        f.finish(result, "batch", "sequence", columns),
        inputs,
        reference,
        shapes=[{"batch": 1, "sequence": m} for m in (1, 5, 64, 200, 1000)],
        quick=[{"batch": 1, "sequence": m} for m in (1, 17)],
        # A single row takes less than its launch: GPT-2 shows those.
        bench=[{"batch": 1, "sequence": m} for m in (rows if plain else [])],
        work=work,
        peer="linear" if plain else "",
    )


# Attention


def softmax(scores):
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    return scores / scores.sum(-1, keepdims=True)


def attend(q, k, v, heads, scale, *, causal=True, kv=None, shape=None):
    def split(x, n):
        return x.reshape(*x.shape[:2], n, -1).transpose(0, 2, 1, 3)

    kv = kv or heads
    q, k, v = split(q, heads), split(k, kv), split(v, kv)
    k, v = (np.repeat(t, heads // kv, 1) for t in (k, v))
    rows, keys = q.shape[2], k.shape[2]
    seen = np.tril(np.ones((rows, keys))) if causal else np.ones((rows, keys))
    scores = scale * q @ k.transpose(0, 1, 3, 2)
    weights = softmax(np.where(seen > 0, scores, -np.inf))
    if shape:
        alpha, beta, gamma = (g[None, :, None, None] for g in shape)
        mean = seen / seen.sum(-1, keepdims=True)
        weights = alpha * np.eye(rows, keys) + beta * weights - gamma * mean
    y = (weights @ v).transpose(0, 2, 1, 3)
    return y.reshape(*y.shape[:2], -1)


def attention(heads, width, kind, *, kv=None, causal=True, shaped=False):
    f = Function(kind)
    kv = kv or heads
    scale = 1 / math.sqrt(width)
    for name, count in (("q", heads), ("k", kv), ("v", kv)):
        f.argument(name, "batch", "sequence", count * width)
    narrow = act(kv * width, kind)
    clauses, types = "", f"{act(heads * width, kind)}, {narrow}, {narrow}"
    if shaped:
        gain = tensor((heads,), "f32")
        for name, mean in (("alpha", 1.0), ("beta", 0.5), ("gamma", 0.5)):
            f.weight(name, heads, mean=mean, std=0.1, kind="f32")
        clauses += " shape(%alpha, %beta, %gamma)"
        types += f", shape({gain}, {gain}, {gain})"
    clauses += f" heads {heads}" + (f" kv_heads {kv}" if kv != heads else "")
    f.add(
        f"%y = tfm.attention %q, %k, %v{clauses} scale {scale}"
        f"{' causal' if causal else ''} : {types} -> {act(heads * width, kind)}"
    )

    def inputs(shape, rng):
        counts = (("q", heads), ("k", kv), ("v", kv))
        return {name: draw(rng, shape, count * width) for name, count in counts}

    def reference(i, w):
        shape = [w[n] for n in ("alpha", "beta", "gamma")] if shaped else None
        return attend(
            i["q"], i["k"], i["v"], heads, scale, causal=causal, kv=kv, shape=shape
        )

    def work(shape):
        batch, length = shape["batch"], shape["sequence"]
        pairs = length * (length + 1) / 2 if causal else length**2
        elements = 2 * batch * length * (heads + kv) * width
        return 4 * batch * pairs * heads * width, elements * BYTES[kind]

    words = ["shaped attention" if shaped else "attention", f"{heads}x{width}"]
    words += [f"kv {kv}"] * (kv != heads) + ["causal"] * causal + [kind]
    timed = kind != "f32" and kv == heads and width == 64 and causal
    return Case(
        " ".join(words),
        "attention",
        kind,
        f.finish("%y", "batch", "sequence", heads * width),
        inputs,
        reference,
        shapes=[{"batch": b, "sequence": t} for b, t in ((1, 1), (2, 37), (1, 300))],
        quick=[{"batch": 1, "sequence": 19}],
        bench=[{"batch": 8, "sequence": 1024}, {"batch": 2, "sequence": 4096}]
        if timed
        else [],
        work=work,
        peer="" if shaped else "attention",
    )


# Rows


def normalize(x, eps, *, center):
    mean = x.mean(-1, keepdims=True) if center else 0
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + eps)


def rows(name, width, kind, make, reference, *, inputs=1, passes=2, peer=""):
    """`make` adds the ops that give %y; `passes` counts what must be read and
    written, in activations."""
    f = Function(kind)
    names = ["x", "z"][:inputs]
    for each in names:
        f.argument(each, "batch", "sequence", width)
    make(f)

    def work(shape):
        elements = shape["batch"] * shape["sequence"] * width
        return 8 * elements, passes * elements * BYTES[kind]

    return Case(
        f"{name} {width} {kind}",
        "rows",
        kind,
        f.finish("%y", "batch", "sequence", width),
        lambda shape, rng: {each: draw(rng, shape, width) for each in names},
        reference,
        shapes=[{"batch": b, "sequence": t} for b, t in ((1, 1), (3, 5), (2, 700))],
        quick=[{"batch": 2, "sequence": 3}],
        bench=[{"batch": 64, "sequence": 2048}] if kind == "bf16" else [],
        work=work,
        peer=peer,
    )


def make_rows(width, kind):
    a, gain = act(width, kind), tensor((width,), "f32" if kind == "bf16" else kind)
    wide = "f32" if kind == "bf16" else kind

    def layer(f):
        f.weight("g", width, mean=1.0, std=0.1, kind=wide)
        f.weight("b", width, std=0.1, kind=wide)
        f.add(
            f"%y = tfm.norm layer %x scale %g shift %b {{eps = 1.0e-5 : f64}} : {a}, "
            f"scale {gain}, shift {gain}"
        )

    yield rows(
        "layer norm", width, kind, layer,
        lambda i, w: normalize(i["x"], 1e-5, center=True) * w["g"] + w["b"],
        peer="layer norm",
    )  # fmt: skip
    yield rows(
        "rms norm", width, kind,
        lambda f: f.add(f"%y = tfm.norm rms %x {{eps = 1.0e-6 : f64}} : {a}"),
        lambda i, w: normalize(i["x"], 1e-6, center=False),
    )  # fmt: skip
    yield rows(
        "gelu", width, kind,
        lambda f: f.add(f"%y = tfm.activation gelu_tanh %x : {a}"),
        lambda i, w: gelu(i["x"]),
    )  # fmt: skip
    yield rows(
        "sum", width, kind,
        lambda f: f.add(f"%y = tfm.add_scaled %x, %z : {a}"),
        lambda i, w: i["x"] + i["z"], inputs=2, passes=3,
    )  # fmt: skip


def embedding(width, tokens, kind):
    f = Function(kind)
    f.argument("ids", "batch", "sequence", kind="i64")
    f.weight("wte", tokens, width)
    f.weight("wpe", 1024, width)
    f.add(
        "%y = tfm.embedding %ids, %wte positions %wpe : tensor<?x?xi64>, "
        f"{tensor((tokens, width), kind)}, {tensor((1024, width), kind)} -> "
        f"{act(width, kind)}"
    )

    def inputs(shape, rng):
        extents = (shape["batch"], shape["sequence"])
        return {"ids": rng.integers(0, tokens, extents)}

    def reference(i, w):
        return w["wte"][i["ids"]] + w["wpe"][: i["ids"].shape[1]]

    return Case(
        f"embedding {tokens}x{width} {kind}",
        "rows",
        kind,
        f.finish("%y", "batch", "sequence", width),
        inputs,
        reference,
        shapes=[{"batch": 1, "sequence": 1}, {"batch": 2, "sequence": 700}],
        quick=[{"batch": 2, "sequence": 3}],
    )


# Whole models


@dataclass(frozen=True)
class Size:
    layers: int
    width: int
    heads: int
    tokens: int
    positions: int


GPT2_SMALL = Size(12, 768, 12, 50257, 1024)
TINY = Size(2, 64, 4, 101, 32)


def gpt2(size, kind, name):
    """GPT-2: 16 bits are the compiler's own, by --precision."""
    f = Function("f32")
    c, a = size.width, act(size.width, "f32")
    vector, hidden = tensor((c,), "f32"), act(4 * c, "f32")
    f.argument("ids", "batch", "sequence", kind="i64")
    f.weight("wte", size.tokens, c)
    f.weight("wpe", size.positions, c)
    f.add(
        "%x0 = tfm.embedding %ids, %wte positions %wpe : tensor<?x?xi64>, "
        f"{tensor((size.tokens, c), 'f32')}, {tensor((size.positions, c), 'f32')} -> {a}"
    )

    def norm(to, x, label):
        f.weight(label + "_g", c, mean=1.0)
        f.weight(label + "_b", c)
        f.add(
            f"{to} = tfm.norm layer {x} scale %{label}_g shift %{label}_b "
            f"{{eps = 1.0e-5 : f64}} : {a}, scale {vector}, shift {vector}"
        )

    def linear(to, x, label, depth, columns):
        f.weight(label + "_w", depth, columns)
        f.weight(label + "_b", columns)
        f.add(
            f"{to} = tfm.linear {x}, %{label}_w bias %{label}_b : {act(depth, 'f32')}, "
            f"{tensor((depth, columns), 'f32')}, {tensor((columns,), 'f32')} -> "
            f"{act(columns, 'f32')}"
        )

    x = "%x0"
    scale = 1 / math.sqrt(c // size.heads)
    for i in range(size.layers):
        p = f"h{i}_"
        norm(f"%{p}n", x, p + "ln1")
        linear(f"%{p}qkv", f"%{p}n", p + "attn", c, 3 * c)
        f.add(f"%{p}s:3 = tfm.split %{p}qkv : {act(3 * c, 'f32')} -> {a}, {a}, {a}")
        f.add(
            f"%{p}a = tfm.attention %{p}s#0, %{p}s#1, %{p}s#2 heads {size.heads} "
            f"scale {scale} causal : {a}, {a}, {a} -> {a}"
        )
        linear(f"%{p}o", f"%{p}a", p + "proj", c, c)
        f.add(f"%{p}r = tfm.add_scaled {x}, %{p}o : {a}")
        norm(f"%{p}m", f"%{p}r", p + "ln2")
        linear(f"%{p}f", f"%{p}m", p + "fc", c, 4 * c)
        f.add(f"%{p}g = tfm.activation gelu_tanh %{p}f : {hidden}")
        linear(f"%{p}p", f"%{p}g", p + "out", 4 * c, c)
        f.add(f"%{p}x = tfm.add_scaled %{p}r, %{p}p : {a}")
        x = f"%{p}x"
    norm("%n", x, "lnf")
    logits = act(size.tokens, "f32")
    f.add(
        f"%y = tfm.linear %n, %wte : {a}, {tensor((size.tokens, c), 'f32')} -> "
        f"{logits} {{transposed}}"
    )

    def inputs(shape, rng):
        extents = (shape["batch"], shape["sequence"])
        return {"ids": rng.integers(0, size.tokens, extents)}

    def reference(i, w):
        return gpt2_reference(size, i["ids"], w)

    def work(shape):
        rows = shape["batch"] * shape["sequence"]
        parameters = 12 * size.layers * c * c + size.tokens * c
        pairs = shape["batch"] * shape["sequence"] * (shape["sequence"] + 1) / 2
        operations = 2 * rows * parameters + 4 * pairs * c * size.layers
        return operations, parameters * BYTES[kind]

    full = size == GPT2_SMALL
    return Case(
        f"{name} {kind}",
        "model",
        kind,
        f.finish("%y", "batch", "sequence", size.tokens, kind="f32"),
        inputs,
        reference,
        shapes=[{"batch": 1, "sequence": 1}, {"batch": 2, "sequence": 30}],
        quick=[] if full else [{"batch": 2, "sequence": 5}],
        bench=[
            {"batch": b, "sequence": t}
            for b, t in ((1, 1), (1, 128), (1, 1024), (8, 1024))
        ]
        if full
        else [],
        work=work,
        peer="gpt2" if full else "",
        options=() if kind == "f32" else ("--precision", kind),
    )


def gpt2_reference(size, ids, w):
    x = w["wte"][ids] + w["wpe"][: ids.shape[1]]
    for i in range(size.layers):
        p = f"h{i}_"

        def norm(x, label, p=p):
            y = normalize(x, 1e-5, center=True)
            return y * w[f"{p}{label}_g"] + w[f"{p}{label}_b"]

        def linear(x, label, p=p):
            return x @ w[f"{p}{label}_w"] + w[f"{p}{label}_b"]

        q, k, v = np.split(linear(norm(x, "ln1"), "attn"), 3, -1)
        scale = 1 / math.sqrt(size.width // size.heads)
        x = x + linear(attend(q, k, v, size.heads, scale), "proj")
        x = x + linear(gelu(linear(norm(x, "ln2"), "fc")), "out")
    x = normalize(x, 1e-5, center=True) * w["lnf_g"] + w["lnf_b"]
    return x @ w["wte"].T


def make_cases():
    """All cases, the most important ones of each group first."""
    kinds = ("bf16", "f32", "f16")
    for kind in kinds:
        for depth, columns in ((768, 2304), (768, 768), (768, 3072), (3072, 768)):
            if kind != "f16":
                yield product(depth, columns, kind)
        yield product(768, 3072, kind, bias=True, activation=True)
        yield product(3072, 768, kind, bias=True, residual=True)
        yield product(100, 72, kind)
    for kind in kinds:
        yield attention(12, 64, kind)
        yield attention(12, 64, kind, shaped=True)
        yield attention(8, 128, kind, kv=2)
        yield attention(4, 32, kind, causal=False)
    for kind in kinds:
        yield from make_rows(768, kind)
        yield embedding(768, 5000, kind)
    yield from make_rows(4096, "bf16")
    for kind in ("bf16", "f32"):
        yield gpt2(GPT2_SMALL, kind, "GPT-2 small")
        yield gpt2(TINY, kind, "GPT-2 tiny")
    # Made of what is above.
    from special_cases import make_special_cases

    yield from make_special_cases()


# One of each group, and small enough for the emulator.
QUICK = (
    "linear 100x72 bf16",
    "attention 4x32 f32",
    "rms norm 768 f32",
    "embedding 5000x768 f32",
    "gated 96x80 f32",
    "attention 2x32 key lengths f32",
    "attention 2x32 cached f32",
    "cross-entropy 5000 f32",
    "GPT-2 tiny f32",
    "GPT-2 tiny bf16",
)
