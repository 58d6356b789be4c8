"""What the fused operators of ONNX and of ONNX Runtime compute, in NumPy.

Plain formulas in float64, written from the operators' documentation. Arrays that
an operator may lack are None.
"""

import math

import numpy as np

# Activations.


def erf(x):
    return np.vectorize(math.erf, otypes=[float])(x)


def gelu(x, bias=None, approximate="none"):
    x = x if bias is None else x + bias
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def swish(x, alpha=1.0):
    return x / (1 + np.exp(-alpha * x))


# Norms.


def layer_norm(x, scale=None, bias=None, axis=-1, epsilon=1e-5):
    """The norm, the mean and the inverse of the standard deviation."""
    axes = tuple(range(axis % x.ndim, x.ndim))
    mean = x.mean(axes, keepdims=True)
    inverse = 1 / np.sqrt(((x - mean) ** 2).mean(axes, keepdims=True) + epsilon)
    y = (x - mean) * inverse
    y = y if scale is None else y * scale
    return [y if bias is None else y + bias, mean, inverse]


def rms_norm(x, scale, axis=-1, epsilon=1e-5):
    """The norm and the inverse of the root."""
    axes = tuple(range(axis % x.ndim, x.ndim))
    inverse = 1 / np.sqrt((x**2).mean(axes, keepdims=True) + epsilon)
    return [x * inverse * scale, inverse]


def along_channels(vector, x):
    return vector.reshape((-1,) + (1,) * (x.ndim - 2))


def group_norm(x, scale, bias, groups, epsilon=1e-5, per_group=False):
    parts = x.reshape((x.shape[0], groups, -1))
    y = layer_norm(parts, epsilon=epsilon)[0].reshape(x.shape)
    if per_group:
        scale, bias = (np.repeat(v, x.shape[1] // groups) for v in (scale, bias))
    return y * along_channels(scale, x) + along_channels(bias, x)


def batch_norm(x, scale, bias, mean, variance, epsilon=1e-5):
    scale, bias, mean, variance = (
        along_channels(v, x) for v in (scale, bias, mean, variance)
    )
    return (x - mean) / np.sqrt(variance + epsilon) * scale + bias


def lp_norm(x, axis=-1, p=2):
    norm = (np.abs(x) ** p).sum(axis, keepdims=True) ** (1 / p)
    return np.where(norm == 0, 0, x / np.where(norm == 0, 1, norm))


def mean_variance_norm(x, axes=(0, 2, 3)):
    axes = tuple(axes)
    centred = x - x.mean(axes, keepdims=True)
    return centred / (np.sqrt((centred**2).mean(axes, keepdims=True)) + 1e-9)


# Losses.


def softmax(x, axis=-1):
    with np.errstate(invalid="ignore"):  # Rows of -inf are NaN.
        y = np.exp(x - x.max(axis, keepdims=True))
        return y / y.sum(axis, keepdims=True)


def log_softmax(x, axis):
    shifted = x - x.max(axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))


def nll_loss(log_prob, labels, weights=None, reduction="mean", ignore_index=None):
    loss = np.zeros(labels.shape)
    counts = np.zeros(labels.shape)
    for at, label in np.ndenumerate(labels):
        if label == ignore_index:
            continue
        counts[at] = 1 if weights is None else weights[label]
        loss[at] = -log_prob[(at[0], label, *at[1:])] * counts[at]
    if reduction == "none":
        return loss
    return loss.sum() / (counts.sum() if reduction == "mean" else 1)


def cross_entropy(scores, labels, weights=None, **attributes):
    log_prob = log_softmax(scores, 1)
    return [nll_loss(log_prob, labels, weights, **attributes), log_prob]


# Attention.


def split_heads(rows, heads):
    batch, length, width = rows.shape
    return rows.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)


def merge_heads(heads):
    batch, _, length, _ = heads.shape
    return heads.transpose(0, 2, 1, 3).reshape(batch, length, -1)


def causal(queries, keys, past=0):
    """Which keys a query may see."""
    return np.arange(keys) <= np.arange(queries)[:, None] + past


def attention(
    query,
    key,
    value,
    mask=None,
    past_key=None,
    past_value=None,
    lengths=None,
    q_num_heads=None,
    kv_num_heads=None,
    scale=None,
    is_causal=0,
    softcap=0.0,
    qk_matmul_output_mode=0,
):
    """Attention of ai.onnx: output, present key and value, scores."""
    is_flat = query.ndim == 3
    if is_flat:
        query = split_heads(query, q_num_heads)
        key, value = (split_heads(x, kv_num_heads) for x in (key, value))
    past = 0
    if past_key is not None:
        past = past_key.shape[2]
        key = np.concatenate([past_key, key], 2)
        value = np.concatenate([past_value, value], 2)
    group = query.shape[1] // key.shape[1]
    scale = query.shape[3] ** -0.5 if scale is None else scale
    scores = scale * query @ np.repeat(key, group, 1).transpose(0, 1, 3, 2)
    stages = [scores]
    if softcap:
        scores = softcap * np.tanh(scores / softcap)
    stages.append(scores)
    keys = scores.shape[-1]
    if mask is not None:
        if mask.dtype == bool:
            mask = np.where(mask, 0, -np.inf)
        missing = [(0, 0)] * (mask.ndim - 1) + [(0, keys - mask.shape[-1])]
        scores = scores + np.pad(mask, missing, constant_values=-np.inf)
    if is_causal:
        scores = np.where(causal(scores.shape[2], keys, past), scores, -np.inf)
    if lengths is not None:
        shown = np.arange(keys) < lengths.reshape(-1, 1, 1, 1)
        scores = np.where(shown, scores, -np.inf)
    weights = softmax(scores)
    stages += [scores, weights]
    output = weights @ np.repeat(value, group, 1)
    output = merge_heads(output) if is_flat else output
    return [output, key, value, stages[qk_matmul_output_mode]]


def rotate(x, cos, sin, interleaved):
    """Turns all channels; cos and sin broadcast to half of them."""
    half = x.shape[-1] // 2
    first, second = (
        (x[..., ::2], x[..., 1::2]) if interleaved else (x[..., :half], x[..., half:])
    )
    y = np.empty_like(x)
    turned = first * cos - second * sin, second * cos + first * sin
    if interleaved:
        y[..., ::2], y[..., 1::2] = turned
    else:
        y[..., :half], y[..., half:] = turned
    return y


def rotary(x, cos, sin, ids=None, num_heads=0, rotary_embedding_dim=0, interleaved=0):
    if ids is not None:
        cos, sin = cos[ids], sin[ids]
    heads = split_heads(x, num_heads) if x.ndim == 3 else x
    width = rotary_embedding_dim or heads.shape[-1]
    y = np.array(heads)
    y[..., :width] = rotate(heads[..., :width], cos[:, None], sin[:, None], interleaved)
    return merge_heads(y) if x.ndim == 3 else y


def microsoft_rotary(x, ids, cos, sin, num_heads=0, **attributes):
    if x.ndim == 3 and not num_heads:
        num_heads = x.shape[2] // (2 * cos.shape[1])
    if ids.ndim == 1:
        length = x.shape[2] if x.ndim == 4 else x.shape[1]
        ids = np.broadcast_to(ids[0] + np.arange(length), (x.shape[0], length))
    return rotary(x, cos, sin, ids, num_heads, **attributes)


def dot_product(query, key, value, mask, bias, past, attributes):
    """Attention of com.microsoft on heads: rows, and what the softmax is of."""
    scale = attributes.get("scale") or query.shape[3] ** -0.5
    scores = scale * query @ key.transpose(0, 1, 3, 2)
    queries, keys = scores.shape[2:]
    if bias is not None:
        scores = scores + bias
    if mask is not None:
        if mask.ndim == 1:
            batch = len(query)
            shown = np.arange(keys) < mask[:batch, None]
            if len(mask) == 2 * batch:
                shown &= np.arange(keys) >= mask[batch:, None]
            shown = shown[:, None, None]
        elif mask.ndim == 4:
            shown = mask[:, :, past : past + queries, :keys] > 0
        else:
            shown = (mask[:, None, None] if mask.ndim == 2 else mask[:, None]) > 0
        fill = attributes.get("mask_filter_value", -10000.0)
        scores = scores + np.where(shown, 0, fill)
    if attributes.get("unidirectional"):
        scores = np.where(causal(queries, keys, past), scores, -np.inf)
    return merge_heads(softmax(scores) @ value), scores


def microsoft_attention(
    x, weights, bias=None, mask=None, past=None, scores_bias=None, **attributes
):
    """Output and present."""
    rows = x @ weights
    rows = rows if bias is None else rows + bias
    width = weights.shape[1] // 3
    widths = attributes.get("qkv_hidden_sizes", [width] * 3)
    parts = np.split(rows, np.cumsum(widths)[:2], 2)
    query, key, value = (split_heads(part, attributes["num_heads"]) for part in parts)
    length = 0
    if past is not None:
        length = past.shape[3]
        key, value = (np.concatenate([p, x], 2) for p, x in zip(past, (key, value)))
    y, _ = dot_product(query, key, value, mask, scores_bias, length, attributes)
    return [y] + ([np.stack([key, value])] if key.shape == value.shape else [])


def multi_head_attention(
    query,
    key=None,
    value=None,
    bias=None,
    mask=None,
    scores_bias=None,
    past_key=None,
    past_value=None,
    **attributes,
):
    """Output, present key and value, what the softmax is of."""
    heads = attributes["num_heads"]

    def flat(packed, i):
        return packed[:, :, :, i].reshape(*packed.shape[:2], -1)

    if query.ndim == 5:
        query, key, value = (flat(query, i) for i in range(3))
    elif key.ndim == 5:
        key, value = flat(key, 0), flat(key, 1)
    rows = [query, key, value]
    if bias is not None:
        parts = np.split(bias, np.cumsum([part.shape[2] for part in rows])[:2])
        rows = [x + part for x, part in zip(rows, parts)]
    query, key, value = (split_heads(x, heads) if x.ndim == 3 else x for x in rows)
    length = 0
    if past_key is not None:
        length = past_key.shape[2]
        key = np.concatenate([past_key, key], 2)
        value = np.concatenate([past_value, value], 2)
    y, scores = dot_product(query, key, value, mask, scores_bias, length, attributes)
    return [y, key, value, scores]


def group_query_attention(
    query,
    key,
    value,
    past_key,
    past_value,
    lengths,
    total,
    cos=None,
    sin=None,
    ids=None,
    bias=None,
    **attributes,
):
    """Output, present key and value; `lengths` are the numbers of keys less 1."""
    heads, key_heads = attributes["num_heads"], attributes["kv_num_heads"]
    if key is None:
        width = query.shape[2] // (heads + 2 * key_heads)
        ends = heads * width, (heads + key_heads) * width
        query, key, value = np.split(query, ends, 2)
    query = split_heads(query, heads)
    key, value = split_heads(key, key_heads), split_heads(value, key_heads)
    batch, _, queries, width = query.shape
    capacity = max(int(total), 0 if past_key is None else past_key.shape[2])
    present = np.zeros((2, batch, key_heads, capacity, width))
    output = np.zeros(query.shape)
    scale = attributes.get("scale") or width**-0.5
    for b in range(batch):
        count = lengths[b] + 1
        past = 0 if queries == total else count - queries
        at = past + np.arange(queries)
        q, k = query[b], key[b]
        if attributes.get("do_rotary"):
            turned = 2 * cos.shape[1]
            q, k = (
                np.concatenate(
                    [
                        rotate(
                            x[..., :turned],
                            cos[at],
                            sin[at],
                            attributes.get("rotary_interleaved", 0),
                        ),
                        x[..., turned:],
                    ],
                    -1,
                )
                for x in (q, k)
            )
        if past:
            present[0, b, :, :past] = past_key[b, :, :past]
            present[1, b, :, :past] = past_value[b, :, :past]
        present[0, b, :, past : past + queries] = k
        present[1, b, :, past : past + queries] = value[b]
        k, v = np.repeat(present[:, b], heads // key_heads, 1)
        scores = scale * q @ k.transpose(0, 2, 1)
        if attributes.get("softcap"):
            scores = attributes["softcap"] * np.tanh(scores / attributes["softcap"])
        if bias is not None:
            scores = scores + bias[b % len(bias)]
        keys = np.arange(capacity)
        shown = np.broadcast_to(keys < count, (queries, capacity))
        if attributes.get("causal", 1):
            shown = shown & (keys <= at[:, None])
            window = attributes.get("local_window_size", -1)
            if window > 0:
                shown = shown & (keys > at[:, None] - window)
        output[b] = softmax(np.where(shown, scores, -np.inf)) @ v
    return [merge_heads(output), *present]


def embed_layer_norm(
    ids,
    segments,
    words,
    positions,
    segment_table,
    scale,
    bias,
    mask=None,
    position_ids=None,
    epsilon=1e-12,
):
    """The norm, how many ids the mask shows, and what the norm is of."""
    rows = np.arange(ids.shape[1]) if position_ids is None else position_ids
    total = words[ids] + positions[rows]
    if segments is not None:
        total = total + segment_table[segments]
    shown = np.zeros(len(ids)) if mask is None else (mask == 1).sum(1)
    return [
        layer_norm(total, scale, bias, epsilon=epsilon)[0],
        shown.astype(np.int32),
        total,
    ]
