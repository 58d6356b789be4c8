"""The cases of fused_operators.py: one node each, with inputs and reference.

Inputs come from NumPy's frozen generator, so that outputs of ONNX Runtime can be
stored without them.
"""

import fused_reference as reference
import numpy as np


class Input:
    """An array; its dimensions with names for those that a model may leave open,
    and whether the model holds it as a weight."""

    def __init__(self, array, dims=None, is_weight=False):
        self.array, self.is_weight = array, is_weight
        self.dims = list(array.shape) if dims is None else list(dims)
        self.type = array.dtype


class Case:
    """One node. `results` says which results it has; the reference gives all."""

    def __init__(self, name, op, inputs, compute, domain, opset, results, **options):
        self.name, self.op, self.domain, self.opset = name, op, domain, opset
        self.inputs = [
            x if x is None or isinstance(x, Input) else Input(x) for x in inputs
        ]
        self.results = results
        self.attributes = options.pop("attributes")
        # What the reference calls an attribute that it names otherwise.
        self.arguments = options.pop("arguments", self.attributes)
        self.tolerance = options.pop("tolerance", 2e-5)
        # Whether ONNX Runtime's CPU provider has it.
        self.in_ort = options.pop("in_ort", True)
        self.compute = compute
        assert not options, options

    def expected(self):
        """The results that the node has, in float64 where they are floats."""
        arrays = [
            None
            if x is None
            else x.array.astype(np.float64)
            if x.array.dtype.kind == "f"
            else x.array
            for x in self.inputs
        ]
        values = self.compute(*arrays, **self.arguments)
        if not isinstance(values, list):
            values = [values]
        return [value for value, has in zip(values, self.results) if has]


def make_cases():
    random = np.random.RandomState(3)
    cases = []
    batch, length = 2, 5

    def f(*shape):
        return random.standard_normal(shape).astype(np.float32)

    def ints(low, high, *shape, dtype=np.int64):
        return random.randint(low, high, shape).astype(dtype)

    def rows(width, n=length, name="s"):
        return Input(f(batch, n, width), ["b", name, width])

    def heads(count, width, n=length, name="s"):
        return Input(f(batch, count, n, width), ["b", count, name, width])

    def weight(*shape):
        return Input(f(*shape), is_weight=True)

    def add(op, inputs, compute, results=(1,), domain="", opset=24, **attributes):
        options = {
            key: attributes.pop(key)
            for key in ("arguments", "tolerance", "in_ort")
            if key in attributes
        }
        cases.append(
            Case(
                f"{op.lower()}{len(cases)}",
                op,
                inputs,
                compute,
                domain,
                opset,
                results,
                attributes=attributes,
                **options,
            )
        )

    def microsoft(op, inputs, compute, results=(1,), **attributes):
        add(op, inputs, compute, results, "com.microsoft", **attributes)

    add_activations(f, rows, weight, add, microsoft)
    add_norms(f, rows, weight, add, microsoft)
    add_losses(f, ints, add)
    add_attention(f, random, rows, heads, add)
    add_rotary(f, rows, heads, ints, add, microsoft)
    add_microsoft_norms(f, ints, rows, weight, microsoft)
    add_microsoft_attention(f, ints, rows, heads, weight, microsoft)
    add_group_query_attention(f, rows, heads, weight, microsoft)
    return cases


def add_activations(f, rows, weight, add, microsoft):
    add("Gelu", [rows(8)], reference.gelu)
    add("Gelu", [rows(8)], reference.gelu, approximate="tanh")
    add("Swish", [rows(8)], reference.swish)
    add("Swish", [rows(8)], reference.swish, alpha=0.5)
    microsoft("Gelu", [rows(8)], reference.gelu)
    microsoft("BiasGelu", [rows(8), weight(8)], reference.gelu)
    for inputs in [rows(8)], [rows(8), weight(8)]:
        microsoft("FastGelu", inputs, reference.gelu, arguments={"approximate": "tanh"})
    microsoft("QuickGelu", [rows(8)], reference.swish, arguments={"alpha": 1.702})
    microsoft("QuickGelu", [rows(8)], reference.swish, alpha=1.25)

    def product(a, b, alpha=1.0, **flags):
        for key, x in ("A", a), ("B", b):
            order = list(range(x.ndim))
            if flags.get("transBatch" + key):
                order = order[1:-1] + [0, order[-1]]
            if flags.get("trans" + key):
                order[-2:] = order[:-3:-1]
            if key == "A":
                a = x.transpose(order)
            else:
                b = x.transpose(order)
        return alpha * (a @ b)

    microsoft("FusedMatMul", [f(3, 4), f(4, 5)], product, alpha=0.5)
    microsoft("FusedMatMul", [f(2, 4, 3), f(2, 5, 4)], product, transA=1, transB=1)
    microsoft("FusedMatMul", [f(3, 2, 6, 4), f(2, 6, 4, 5)], product, transBatchA=1)
    microsoft(
        "FusedMatMul",
        [f(4, 2, 6, 3), f(5, 2, 6, 4)],
        product,
        transBatchA=1,
        transBatchB=1,
        transA=1,
        transB=1,
    )


def add_norms(f, rows, weight, add, microsoft):
    layer, rms = reference.layer_norm, reference.rms_norm
    add("LayerNormalization", [rows(8), weight(8), weight(8)], layer, (1, 1, 1))
    add("LayerNormalization", [f(2, 3, 4), f(3, 4)], layer, (1, 0, 1), axis=-2)
    add("LayerNormalization", [f(2, 3, 4), f(4), f(3, 1)], layer, axis=0)
    add("LayerNormalization", [rows(8), weight(8)], layer, epsilon=0.5)
    add("SimplifiedLayerNormalization", [rows(8), weight(8)], rms, (1, 1))
    add("RMSNormalization", [rows(8), weight(8)], rms, epsilon=0.25)
    add("RMSNormalization", [f(2, 3, 4), f(3, 4)], rms, axis=1)
    add("RMSNormalization", [f(2, 3, 4), f(3, 1)], rms, axis=-3)
    group = reference.group_norm
    image = Input(f(2, 6, 3, 2), ["b", 6, "h", 2])
    add(
        "GroupNormalization",
        [image, f(6), f(6)],
        group,
        num_groups=3,
        arguments={"groups": 3},
    )
    add(
        "GroupNormalization",
        [image, f(2), f(2)],
        group,
        opset=18,
        num_groups=2,
        arguments={"groups": 2, "per_group": True},
    )
    add(
        "InstanceNormalization",
        [image, f(6), f(6)],
        group,
        epsilon=0.125,
        arguments={"groups": 6, "epsilon": 0.125},
    )
    variance = np.abs(f(6))
    add(
        "BatchNormalization",
        [image, f(6), f(6), f(6), variance],
        reference.batch_norm,
        epsilon=0.01,
    )
    add("BatchNormalization", [f(3, 6), *(f(6),) * 3, variance], reference.batch_norm)
    sparse = f(3, 4)
    sparse[1] = 0
    add("LpNormalization", [sparse], reference.lp_norm)
    add("LpNormalization", [sparse], reference.lp_norm, axis=0, p=1)
    add("MeanVarianceNormalization", [image], reference.mean_variance_norm)
    add("MeanVarianceNormalization", [f(3, 4)], reference.mean_variance_norm, axes=[1])


def add_losses(f, ints, add):
    scores = Input(f(4, 3), ["n", 3])
    labels = Input(ints(0, 3, 4), ["n"])
    some = labels.array.copy()
    some[1] = -100
    loss, nll = reference.cross_entropy, reference.nll_loss
    for reduction in "none", "sum", "mean":
        add(
            "SoftmaxCrossEntropyLoss",
            [scores, labels, f(3)],
            loss,
            (1, 1),
            reduction=reduction,
        )
        add(
            "SoftmaxCrossEntropyLoss",
            [scores, Input(some, ["n"])],
            loss,
            reduction=reduction,
            ignore_index=-100,
        )
        add(
            "NegativeLogLikelihoodLoss",
            [f(2, 3, 2, 2), ints(0, 3, 2, 2, 2), f(3)],
            nll,
            reduction=reduction,
            ignore_index=1,
        )
    add("SoftmaxCrossEntropyLoss", [scores, labels], loss)
    add(
        "SoftmaxCrossEntropyLoss",
        [f(2, 3, 4), ints(0, 3, 2, 4, dtype=np.int32), f(3)],
        loss,
        (1, 1),
    )
    add("NegativeLogLikelihoodLoss", [f(2, 3), ints(0, 3, 2)], nll)


def add_attention(f, random, rows, heads, add):
    def attention(*inputs, results=(1,), **attributes):
        add("Attention", list(inputs), reference.attention, results, **attributes)

    flat = {"q_num_heads": 4, "kv_num_heads": 4}
    grouped = {"q_num_heads": 4, "kv_num_heads": 2}
    q, k, v = rows(32), rows(32, 6, "t"), rows(24, 6, "t")
    attention(q, k, v, **flat)
    attention(q, k, v, is_causal=1, scale=0.7, **flat)
    attention(q, rows(16, 6, "t"), rows(12, 6, "t"), is_causal=1, **grouped)
    q, k, v = heads(4, 8), heads(4, 8, 6, "t"), heads(4, 6, 6, "t")
    attention(q, k, v)
    attention(q, heads(2, 8, 6, "t"), heads(2, 6, 6, "t"))
    attention(q, k, v, softcap=2.0)
    mask = random.randint(0, 4, (5, 6)) > 0
    mask[:, 0] = True
    attention(q, k, v, Input(mask, ["s", "t"]))
    attention(q, k, v, Input(f(2, 1, 5, 6), ["b", 1, "s", "t"]), is_causal=1)
    attention(q, k, v, Input(f(4, 5, 6), [4, "s", "t"]), opset=23, softcap=1.5)
    attention(q, k, v, Input(f(1, 6), [1, "t"]), in_ort=False)
    past = heads(4, 8, 3, "p"), heads(4, 6, 3, "p")
    every = (1, 1, 1, 1)
    attention(q, k, v, None, *past, results=every, is_causal=1)
    for mode in range(4):
        attention(
            q,
            k,
            v,
            Input(f(5, 9), ["s", "u"]),
            *past,
            results=every,
            softcap=3.0,
            qk_matmul_output_mode=mode,
        )
    attention(
        rows(32), rows(16, 6, "t"), rows(12, 6, "t"), None,
        heads(2, 8, 3, "p"), heads(2, 6, 3, "p"),
        results=(1, 1, 1), is_causal=1, **grouped,
    )  # fmt: skip
    # Keys that are padding, and a mask that is shorter than the keys.
    lengths = Input(np.array([4, 2]), ["b"])
    attention(q, k, v, None, None, None, lengths)
    attention(q, k, v, f(5, 4), None, None, lengths, in_ort=False)
    attention(q, k, v, mask[:, :5], is_causal=1, in_ort=False)
    # A query that sees nothing: its softmax is of nothing, and ONNX Runtime's is 0.
    blind = mask.copy()
    blind[2] = False
    attention(q, k, v, blind, in_ort=False)


def add_rotary(f, rows, heads, ints, add, microsoft):
    def tables(width):
        return Input(f(10, width), is_weight=True), Input(f(10, width), is_weight=True)

    def given(width):
        return [Input(f(2, 5, width), ["b", "s", width]) for _ in range(2)]

    rotary, names = reference.rotary, ["b", "s"]
    ids = Input(ints(0, 10, 2, 5), names)
    for interleaved in 0, 1:
        add(
            "RotaryEmbedding",
            [heads(3, 8), *tables(4), ids],
            rotary,
            interleaved=interleaved,
        )
        add(
            "RotaryEmbedding",
            [rows(24), *given(2)],
            rotary,
            interleaved=interleaved,
            num_heads=3,
            rotary_embedding_dim=4,
        )
        cos, sin = tables(4)
        microsoft(
            "RotaryEmbedding",
            [rows(24), ids, cos, sin],
            reference.microsoft_rotary,
            interleaved=interleaved,
        )
        microsoft(
            "RotaryEmbedding",
            [heads(3, 8), np.array([2]), cos, sin],
            reference.microsoft_rotary,
            interleaved=interleaved,
        )
    cos, sin = tables(2)
    microsoft(
        "RotaryEmbedding",
        [rows(24), ids, cos, sin],
        reference.microsoft_rotary,
        num_heads=3,
        rotary_embedding_dim=4,
    )


def add_microsoft_norms(f, ints, rows, weight, microsoft):
    def skip(x, other, scale, shift=None, bias=None, epsilon=1e-12):
        total = x + other + (0 if bias is None else bias)
        return reference.layer_norm(total, scale, shift, epsilon=epsilon) + [total]

    def simplified(x, other, scale, bias=None, epsilon=1e-12):
        total = x + other + (0 if bias is None else bias)
        norm, inverse = reference.rms_norm(total, scale, epsilon=epsilon)
        return [norm, None, inverse, total]

    x, y = rows(8), rows(8)
    op = "SkipLayerNormalization"
    microsoft(op, [x, y, weight(8)], skip, epsilon=0.25)
    microsoft(
        op, [x, y, weight(8), weight(8), weight(8)], skip, (1, 0, 0, 1), epsilon=0.5
    )
    microsoft(op, [f(2, 5, 8), f(5, 8), f(8), f(8)], skip, epsilon=1e-5)
    microsoft(op, [x, y, weight(8)], skip, (1, 1, 1, 1), epsilon=0.25)
    op = "SkipSimplifiedLayerNormalization"
    microsoft(op, [x, y, weight(8)], simplified, epsilon=0.25)
    microsoft(op, [x, y, weight(8), weight(8)], simplified, (1, 0, 0, 1), epsilon=1e-5)
    tables = [weight(11, 8), weight(7, 8), weight(2, 8), weight(8), weight(8)]
    ids = Input(ints(0, 11, 2, 5, dtype=np.int32), ["b", "s"])
    segments = Input(ints(0, 2, 2, 5, dtype=np.int32), ["b", "s"])
    mask = Input(np.array([[1, 1, 2, 0, 0], [1, 0, 1, 1, 0]], np.int32), ["b", "s"])
    positions = Input(ints(0, 7, 2, 5, dtype=np.int32), ["b", "s"])
    embed, op = reference.embed_layer_norm, "EmbedLayerNormalization"
    microsoft(op, [ids, segments, *tables], embed, (1, 1), epsilon=1e-5)
    microsoft(op, [ids, segments, *tables, mask], embed, (1, 1, 1), epsilon=0.5)
    words, places, _, scale, shift = tables
    microsoft(
        op,
        [ids, None, words, places, None, scale, shift, None, positions],
        embed,
        (1, 1),
        epsilon=1e-5,
    )
    microsoft(
        op,
        [ids, segments, *tables, mask, positions.array[:1]],
        embed,
        (1, 0, 1),
        epsilon=1e-5,
    )


def add_microsoft_attention(f, ints, rows, heads, weight, microsoft):
    def attention(*inputs, results=(1,), **attributes):
        microsoft(
            "Attention",
            list(inputs),
            reference.microsoft_attention,
            results,
            num_heads=2,
            **attributes,
        )

    i32 = np.int32
    x, w, bias = rows(12), weight(12, 48), weight(48)
    right, left = np.array([3, 5], i32), np.array([4, 5, 0, 2], i32)
    padding = Input(np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1]], i32), ["b", "s"])
    past = Input(f(2, 2, 2, 3, 8), [2, "b", 2, "p", 8])
    attention(x, w, bias)
    attention(x, w, in_ort=False)  # It ends with a segmentation fault.
    attention(x, w, bias, unidirectional=1, scale=0.3)
    attention(x, w, bias, Input(right, ["b"]))
    attention(Input(x.array), w, bias, left)
    attention(x, w, bias, padding, mask_filter_value=-2.0)
    attention(x, w, bias, Input(ints(0, 2, 2, 5, 5, dtype=i32), ["b", "s", "s"]))
    large = ints(0, 2, 2, 1, 12, 12, dtype=i32)
    # One query sees no key at all: all its scores are near -10000, where a float32
    # is a multiple of 2^-10.
    attention(x, w, bias, large, in_ort=False, tolerance=1e-3)
    attention(x, w, bias, large, past, unidirectional=1, in_ort=False)
    attention(x, w, bias, None, past, results=(1, 1))
    attention(x, w, bias, None, past, results=(1, 1), unidirectional=1)
    attention(
        x,
        w,
        bias,
        Input(ints(0, 2, 2, 8, dtype=i32), ["b", "u"]),
        past,
        results=(1, 1),
    )
    scores_bias = Input(f(1, 2, 5, 8), [1, 2, "s", "u"])
    attention(x, w, bias, None, past, scores_bias, results=(1, 1), in_ort=False)
    attention(x, w, bias, None, None, Input(f(2, 1, 5, 5), ["b", 1, "s", "s"]))
    attention(x, weight(12, 40), weight(40), qkv_hidden_sizes=[12, 12, 16])

    def multi(*inputs, results=(1,), **attributes):
        microsoft(
            "MultiHeadAttention",
            list(inputs),
            reference.multi_head_attention,
            results,
            num_heads=2,
            **attributes,
        )

    q, k, v = rows(16), rows(16, 6, "t"), rows(16, 6, "t")
    scores_bias = Input(f(1, 2, 5, 6), [1, 2, "s", "t"])
    multi(q, k, v)
    multi(q, k, v, weight(48), scale=0.2)
    multi(q, k, rows(24, 6, "t"), weight(56))
    multi(q, k, v, None, None, scores_bias)
    multi(q, k, v, None, Input(np.array([4, 6], i32), ["b"]))
    multi(q, k, v, None, Input(ints(0, 2, 2, 6, dtype=i32), ["b", "t"]), scores_bias)
    multi(q, k, v, None, Input(ints(0, 2, 2, 5, 6, dtype=i32), ["b", "s", "t"]))
    packed = Input(f(2, 5, 2, 3, 8), ["b", "s", 2, 3, 8])
    multi(packed, in_ort=False)
    multi(q, Input(f(2, 6, 2, 2, 8), ["b", "t", 2, 2, 8]), in_ort=False)
    multi(q, heads(2, 8, 6, "t"), heads(2, 8, 6, "t"))
    past = heads(2, 8, 3, "p"), heads(2, 8, 3, "p")
    same = rows(16), rows(16)
    multi(q, *same, unidirectional=1)
    multi(q, *same, None, None, None, *past, results=(1, 1, 1))
    multi(q, *same, weight(48), None, None, *past, results=(1, 1, 1), unidirectional=1)
    multi(q, k, v, None, None, scores_bias, results=(1, 0, 0, 1))


def add_group_query_attention(f, rows, heads, weight, microsoft):
    def group(*inputs, results=(1, 1, 1), lengths, total, **attributes):
        operands = list(inputs[:5]) + [None] * (5 - len(inputs[:5]))
        operands += [
            Input(np.array(lengths, np.int32), ["b"]),
            np.array(total, np.int32),
            *inputs[5:],
        ]
        microsoft(
            "GroupQueryAttention",
            operands,
            reference.group_query_attention,
            results,
            num_heads=4,
            kv_num_heads=2,
            **attributes,
        )

    prompt = rows(64), rows(32), rows(32)
    tables = weight(16, 8), weight(16, 8)
    nothing = None, None
    first = {"lengths": [4, 4], "total": 5}
    group(*prompt, results=(1,), **first)
    group(*prompt, *nothing, *tables, do_rotary=1, **first)
    group(*prompt, lengths=[4, 2], total=5)
    group(*prompt, local_window_size=2, softcap=2.0, scale=0.5, **first)
    group(*prompt, causal=0, **first)
    group(rows(128), **first)
    bias = Input(f(1, 1, 5, 5), [1, 1, "s", "s"])
    group(*prompt, *nothing, *nothing, None, bias, **first)
    token = rows(64, 1), rows(32, 1), rows(32, 1)
    past = heads(2, 16, 6, "p"), heads(2, 16, 6, "p")
    narrow = weight(16, 4), weight(16, 4)
    group(*token, *past, *tables, lengths=[6, 6], total=7, do_rotary=1)
    some = {"lengths": [6, 3], "total": 7}
    group(*token, *past, *narrow, do_rotary=1, in_ort=False, **some)
    group(*token, *past, local_window_size=3, **some)
    group(*token, *(heads(2, 16, 9, "p") for _ in "kv"), **some)
    more = [Input(f(1, 3, width), [1, "s", width]) for width in (64, 32, 32)]
    past = [Input(f(1, 2, 6, 16), [1, 2, "p", 16]) for _ in "kv"]
    group(
        *more, *past, *tables,
        lengths=[8], total=9, do_rotary=1, rotary_interleaved=1,
    )  # fmt: skip
    group(*prompt, *(heads(2, 16, 7, "p") for _ in "kv"), **first)
