"""Small language models whose transformer block can be chosen.

The blocks are those of He & Hofmann, "Simplifying Transformer Blocks"
(arXiv 2311.01906), cited below as [SAS].  With N the norm, A the causal
attention matrix softmax(Q K^T / sqrt(dh)) and C the same matrix at zero logits
(C[i, j] = 1 / (i + 1) for j <= i):

``preln``
    X' = X + MHA(N(X));  out = X' + MLP(N(X'))
``sas``
    X' = bS concat_h[(alpha_h I + beta_h A_h - gamma_h C) N(X)_h];
    out = bM X' + bF MLP(N(X'))
``sasp``
    out = bF MLP(N(X)) + bS concat_h[(alpha_h I + beta_h A_h - gamma_h C) N(X)_h]

Tensors are [batch, sequence, width] unless a comment says otherwise.
"""

import math
from dataclasses import asdict, dataclass

import torch
from torch import nn

BLOCKS = ("preln", "sas", "sasp")
NORMS = ("layer", "rms", "none")
ACTIVATIONS = ("relu", "leaky", "gelu")
PROJECTIONS = ("linear", "conv1d")


@dataclass
class Config:
    """Everything that decides a model's parameters and equations.

    Attributes:
        block: one of ``BLOCKS``.
        norm: ``layer``, ``rms`` or ``none``.  ``none`` is [SAS]'s "no norm"
            variant: the first block keeps a LayerNorm on its input and a
            LayerNorm stays before the head; every other norm is absent.
        activation: ``relu``, ``leaky`` (slope ``leaky_slope``) or ``gelu``
            (the tanh form of GPT-2).
        layers, width, heads: depth, model width d, number of heads (dh = d / heads).
        hidden: width of the MLP, in multiples of ``width``.
        context: the longest sequence, in tokens.
        vocabulary: number of tokens; 256 for bytes.
        projection: ``linear`` (nn.Linear) or ``conv1d`` (GPT-2's transposed
            weight, applied with addmm to flattened rows).
        mlp_gain: initial value of bF in ``sas`` and ``sasp``; 0 stands for
            0.1 sqrt(18 / layers), which is [SAS]'s 0.1 at its 18 layers.
        layer_eps: epsilon of LayerNorm, inside the square root.
        leaky_slope: slope of ``leaky`` for negative inputs.
    """

    block: str = "sasp"
    norm: str = "none"
    activation: str = "relu"
    layers: int = 6
    width: int = 160
    heads: int = 5
    hidden: int = 4
    context: int = 256
    vocabulary: int = 256
    projection: str = "linear"
    mlp_gain: float = 0.0
    layer_eps: float = 1e-5
    leaky_slope: float = 0.01

    def __post_init__(self):
        for name, value, choices in (
            ("block", self.block, BLOCKS),
            ("norm", self.norm, NORMS),
            ("activation", self.activation, ACTIVATIONS),
            ("projection", self.projection, PROJECTIONS),
        ):
            if value not in choices:
                raise ValueError(f"{name} is '{value}', expected one of {choices}")
        if self.width % self.heads:
            raise ValueError(
                f"width {self.width} is not a multiple of heads {self.heads}"
            )
        if not self.mlp_gain:
            self.mlp_gain = 0.1 * math.sqrt(18 / self.layers)

    def as_dict(self):
        """The configuration as plain values, for checkpoints."""
        return asdict(self)


class Conv1D(nn.Module):
    """GPT-2's linear: weight [inputs, outputs], applied to flattened rows."""

    def __init__(self, inputs, outputs, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, x):
        rows = x.view(-1, x.size(-1))
        if self.bias is None:
            y = torch.mm(rows, self.weight)
        else:
            y = torch.addmm(self.bias, rows, self.weight)
        return y.view(x.size(0), x.size(1), self.weight.size(1))


def make_projection(config, inputs, outputs, bias, std):
    """A linear map of the configured kind, weights normal with ``std``, bias zero."""
    if config.projection == "conv1d":
        linear = Conv1D(inputs, outputs, bias)
    else:
        linear = nn.Linear(inputs, outputs, bias)
    if std:
        nn.init.normal_(linear.weight, std=std)
    else:
        nn.init.zeros_(linear.weight)
    if bias:
        nn.init.zeros_(linear.bias)
    return linear


class RMSNorm(nn.Module):
    """weight * x / (rms(x) + eps), eps outside the square root as in [SAS]'s code."""

    def __init__(self, width, eps=1e-8):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.scale = width**-0.5
        self.eps = eps

    def forward(self, x):
        rms = x.norm(dim=-1, keepdim=True) * self.scale
        return x / (rms + self.eps) * self.weight


def make_norm(config, first=False):
    """The norm in front of a sub-block; ``first``: it reads the model's input."""
    if config.norm == "rms":
        return RMSNorm(config.width)
    if config.norm == "layer" or first:
        return nn.LayerNorm(config.width, eps=config.layer_eps)
    return nn.Identity()


class Activation(nn.Module):
    """The MLP's nonlinearity."""

    def __init__(self, config):
        super().__init__()
        self.kind = config.activation
        self.slope = config.leaky_slope

    def forward(self, x):
        if self.kind == "relu":
            return torch.relu(x)
        if self.kind == "leaky":
            return torch.where(x >= 0, x, self.slope * x)
        inner = math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))
        return 0.5 * x * (1.0 + torch.tanh(inner))


class MLP(nn.Module):
    """act(X W1) W2, without biases in [SAS], with biases in GPT-2's block."""

    def __init__(self, config, bias, std_in, std_out):
        super().__init__()
        hidden = config.hidden * config.width
        self.c_fc = make_projection(config, config.width, hidden, bias, std_in)
        self.act = Activation(config)
        self.c_proj = make_projection(config, hidden, config.width, bias, std_out)

    def forward(self, x):
        return self.c_proj(self.act(self.c_fc(x)))


def causal_mask(context):
    """Which keys a query sees: bool [1, 1, context, context]."""
    return torch.ones(context, context).tril().bool().view(1, 1, context, context)


def split_heads(x, heads):
    """[batch, sequence, width] -> [batch, heads, sequence, width / heads]."""
    return x.view(x.size(0), x.size(1), heads, x.size(2) // heads).permute(0, 2, 1, 3)


def merge_heads(x):
    """[batch, heads, sequence, dh] -> [batch, sequence, heads * dh]."""
    x = x.permute(0, 2, 1, 3).contiguous()
    return x.view(x.size(0), x.size(1), x.size(2) * x.size(3))


def attention_matrix(query, key, mask, head_width):
    """A = softmax(Q K^T / sqrt(dh) + mask): [batch, heads, sequence, sequence].

    ``query`` and ``key`` are [batch, heads, sequence, dh = head_width]; ``mask``
    is a bool buffer [1, 1, context, context] of which the leading square is used.
    """
    queries, keys = query.size(-2), key.size(-2)
    visible = mask[:, :, keys - queries : keys, :keys]
    scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(head_width)
    lowest = torch.finfo(scores.dtype).min
    lowest = torch.full([], lowest, dtype=scores.dtype, device=scores.device)
    return torch.softmax(torch.where(visible, scores, lowest), dim=-1)


class Attention(nn.Module):
    """Multi-head attention with values and output projection (``preln``)."""

    def __init__(self, config, std_out):
        super().__init__()
        self.heads = config.heads
        self.head_width = config.width // config.heads
        self.c_attn = make_projection(
            config, config.width, 3 * config.width, True, 0.02
        )
        self.c_proj = make_projection(config, config.width, config.width, True, std_out)
        self.register_buffer("bias", causal_mask(config.context))

    def forward(self, x):
        query, key, value = self.c_attn(x).split(x.size(2), dim=2)
        query = split_heads(query, self.heads)
        key = split_heads(key, self.heads)
        value = split_heads(value, self.heads)
        weights = attention_matrix(query, key, self.bias, self.head_width)
        return self.c_proj(merge_heads(torch.matmul(weights, value)))


class SkipLinear(nn.Module):
    """W = skip * I + resid * dW with trainable gains, dW = 0 at the start ([SAS] eq. 6)."""

    def __init__(self, width):
        super().__init__()
        self.skip_gain = nn.Parameter(torch.ones(1))
        self.resid_gain = nn.Parameter(torch.ones(1))
        self.delta = nn.Parameter(torch.zeros(width, width))
        self.register_buffer("identity", torch.eye(width))

    def forward(self, x):
        weight = self.skip_gain * self.identity + self.resid_gain * self.delta
        return torch.matmul(x, weight)


class ShapedAttention(nn.Module):
    """concat_h[(alpha_h I + beta_h A_h - gamma_h C) V_h]  ([SAS] section 4.2, appendix B).

    alpha, beta, gamma are per head, trainable, 1 at the start.  W_Q is 0 at the
    start, so A = C and the whole sub-block begins as the identity.  V_h is the
    head's slice of the input, except in the first layer, which keeps one value
    matrix.  There is no output projection anywhere.

    ``materialize`` chooses between two ways to compute the same function:
    False adds alpha X + beta (A X) - gamma prefixmean(X), which is faster;
    True forms the matrix in brackets, as [SAS]'s own code does, and so gives
    exported graphs the shape that graphs of that code have.
    """

    def __init__(self, config, first):
        super().__init__()
        width, context = config.width, config.context
        self.heads = config.heads
        self.head_width = config.width // config.heads
        self.materialize = False
        self.c_attn = make_projection(config, width, 2 * width, True, width**-0.5)
        # nn.Linear keeps [outputs, inputs], Conv1D [inputs, outputs].
        weight = self.c_attn.weight.data
        (weight[:width] if config.projection == "linear" else weight[:, :width]).zero_()
        self.value = SkipLinear(width) if first else None
        for gain in ("alpha", "beta", "gamma"):
            setattr(self, gain, nn.Parameter(torch.ones(1, config.heads, 1, 1)))
        mask = causal_mask(context)
        uniform = mask.float() / mask.float().sum(dim=-1, keepdim=True)
        diagonal = torch.eye(context).view(1, 1, context, context)
        self.register_buffer("bias", mask)
        self.register_buffer("uniform", uniform)
        self.register_buffer("diagonal", diagonal)

    def forward(self, x):
        query, key = self.c_attn(x).split(x.size(2), dim=2)
        query = split_heads(query, self.heads)
        key = split_heads(key, self.heads)
        value = split_heads(x if self.value is None else self.value(x), self.heads)
        weights = attention_matrix(query, key, self.bias, self.head_width)
        if self.materialize:
            queries, keys = query.size(-2), key.size(-2)
            diagonal = self.diagonal[:, :, keys - queries : keys, :keys]
            uniform = self.uniform[:, :, keys - queries : keys, :keys]
            shaped = self.beta * weights
            shaped = shaped + (self.alpha * diagonal - self.gamma * uniform)
            return merge_heads(torch.matmul(shaped, value))
        count = torch.arange(1, x.size(1) + 1, device=x.device, dtype=x.dtype)
        mean = value.cumsum(dim=2) / count.view(1, 1, -1, 1)
        y = self.alpha * value - self.gamma * mean
        return merge_heads(y + self.beta * torch.matmul(weights, value))


class PreLNBlock(nn.Module):
    """X' = X + MHA(N(X)); out = X' + MLP(N(X'))."""

    def __init__(self, config, index):
        super().__init__()
        # GPT-2: weights 0.02, what writes into the residual stream less with depth.
        std_out = 0.02 / math.sqrt(2 * config.layers)
        self.ln_1 = make_norm(config, first=index == 0)
        self.attn = Attention(config, std_out)
        self.ln_2 = make_norm(config)
        self.mlp = MLP(config, True, 0.02, std_out)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class SimplifiedBlock(nn.Module):
    """What ``sas`` and ``sasp`` have in common: sub-blocks and gains."""

    def __init__(self, config, index):
        super().__init__()
        hidden = config.hidden * config.width
        self.ln_1 = make_norm(config, first=index == 0)
        self.attn = ShapedAttention(config, first=index == 0)
        # He initialisation: without a norm the MLP itself must keep the scale.
        self.mlp = MLP(config, False, config.width**-0.5, (2.0 / hidden) ** 0.5)
        self.attn_gain = nn.Parameter(torch.ones(1))
        self.mlp_gain = nn.Parameter(torch.full((1,), config.mlp_gain))


class SASBlock(SimplifiedBlock):
    """X' = bS SAS(N(X)); out = bM X' + bF MLP(N(X'))."""

    def __init__(self, config, index):
        super().__init__(config, index)
        self.ln_2 = make_norm(config)
        self.skip_gain = nn.Parameter(torch.ones(1))

    def forward(self, x):
        x = self.attn_gain * self.attn(self.ln_1(x))
        return self.skip_gain * x + self.mlp_gain * self.mlp(self.ln_2(x))


class SASPBlock(SimplifiedBlock):
    """out = bF MLP(N(X)) + bS SAS(N(X)): parallel, without any skip."""

    def forward(self, x):
        x = self.ln_1(x)
        return self.mlp_gain * self.mlp(x) + self.attn_gain * self.attn(x)


class LanguageModel(nn.Module):
    """Token ids [batch, sequence] (int64) -> logits [batch, sequence, vocabulary]."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocabulary, config.width)
        self.wpe = nn.Embedding(config.context, config.width)
        nn.init.normal_(self.wte.weight, std=0.02)
        nn.init.normal_(self.wpe.weight, std=0.02)
        block = {"preln": PreLNBlock, "sas": SASBlock, "sasp": SASPBlock}[config.block]
        self.h = nn.ModuleList(block(config, i) for i in range(config.layers))
        if config.norm == "rms":
            self.ln_f = RMSNorm(config.width)
        else:
            self.ln_f = nn.LayerNorm(config.width, eps=config.layer_eps)
        self.lm_head = nn.Linear(config.width, config.vocabulary, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, input_ids):
        positions = torch.arange(input_ids.size(1), device=input_ids.device)
        x = self.wte(input_ids) + self.wpe(positions)
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))

    def materialize_attention(self, on=True):
        """Form shaped attention matrices explicitly; see ``ShapedAttention``."""
        for module in self.modules():
            if isinstance(module, ShapedAttention):
                module.materialize = on
        return self

    def parameter_count(self):
        """Trainable numbers; the tied head counts once."""
        return sum(p.numel() for p in self.parameters())


@torch.no_grad()
def generate(model, tokens, count, temperature=0.0, generator=None):
    """Continue ``tokens`` (a list of ids) by ``count`` tokens; returns the whole list.

    Temperature 0 takes the likeliest token; otherwise tokens are drawn from
    softmax(logits / temperature).  The model sees at most ``context`` tokens.
    """
    tokens = list(tokens)
    for _ in range(count):
        window = torch.tensor([tokens[-model.config.context :]])
        logits = model(window)[0, -1]
        if temperature > 0:
            chances = torch.softmax(logits / temperature, dim=-1)
            token = torch.multinomial(chances, 1, generator=generator).item()
        else:
            token = logits.argmax().item()
        tokens.append(token)
    return tokens
