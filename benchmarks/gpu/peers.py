"""What a GPU check measures Ockham beside: PyTorch, on the same inputs."""

import math
import statistics

import numpy as np

try:
    import torch
except ImportError:
    torch = None


class Unavailable(Exception):
    """What is missing here, which is no failure."""


def need_torch():
    if torch is None:
        raise Unavailable("PyTorch is not installed")
    if not torch.cuda.is_available():
        raise Unavailable("PyTorch sees no GPU")


def to_bf16(array):
    """Numbers of bfloat16, as a session takes them, and what they are."""
    bits = array.astype(np.float32).view(np.uint32).astype(np.uint64)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    exact = (bits.astype(np.uint32) << 16).view(np.float32)
    if torch is not None:
        return torch.from_numpy(exact).to(torch.bfloat16), exact.astype(np.float64)
    try:
        import ml_dtypes
    except ImportError:
        raise Unavailable("bfloat16 needs PyTorch or ml_dtypes") from None
    return exact.astype(ml_dtypes.bfloat16), exact.astype(np.float64)


# Time


def measure(call, seconds=0.25):
    """Median time of a call and how far the quarters around it are apart, by
    events on the default stream, with which a session's stream is ordered."""
    for _ in range(5):  # graphs are captured in the second call
        call()
    torch.cuda.synchronize()

    def time_batch(count):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(count):
            call()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) * 1e-3 / count

    count = max(1, min(1000, int(seconds / 15 / max(time_batch(3), 1e-6))))
    times = sorted(time_batch(count) for _ in range(15))
    median = statistics.median(times)
    return median, (times[11] - times[3]) / median


def measure_copy():
    need_torch()
    source = torch.empty(1 << 30, dtype=torch.uint8, device="cuda").random_()
    target = torch.empty_like(source)
    seconds, spread = measure(lambda: target.copy_(source))
    properties = torch.cuda.get_device_properties(0)
    return {
        "state": "timed",
        "times": {"copy of 1 GiB": seconds},
        "spread": spread,
        "bandwidth": 2 * source.numel() / seconds,
        "machine": {
            "gpu": properties.name,
            "memory": properties.total_memory,
            "multiprocessors": properties.multi_processor_count,
            "pytorch": torch.__version__,
            "cuda": torch.version.cuda,
        },
    }


def bench(case, shape, session, given):
    """Times by side. What does not run on this machine says why in its place."""
    need_torch()
    torch.manual_seed(0)
    inputs = {}
    for name, array in given.items():
        tensor = array if isinstance(array, torch.Tensor) else torch.from_numpy(array)
        inputs[name] = tensor.cuda()
    # The same buffer each time, so that calls are one graph.
    first = torch.from_dlpack(session.run(inputs)["y"])
    output = torch.empty_like(first)

    def own():
        session.run(inputs, outputs={"y": output})

    own()
    session.wait()
    seconds, spread = measure(own)
    session.wait()
    result = {"times": {"ockham": seconds}, "spread": spread}
    if case.peer:
        peers = {
            "linear": linear_peers,
            "attention": attention_peers,
            "layer norm": norm_peers,
            "gpt2": gpt2_peers,
        }[case.peer]
        # Matrices of a language model: what a user who wants float32 gets.
        torch.backends.cuda.matmul.allow_tf32 = False
        with torch.no_grad():
            for side, make in peers(case, session, inputs):
                try:
                    call = make()
                    answer = call()
                    error = (answer.double() - first.double()).norm()
                    error = float(error / answer.double().norm())
                    if not error < 10 * case.tolerance:
                        result["times"][side] = f"differs by {error:.1e}"
                        continue
                    result["times"][side] = measure(call)[0]
                except Exception as problem:  # noqa: BLE001 -- of this side alone
                    text = " ".join(str(problem).split())[:120]
                    result["times"][side] = f"{type(problem).__name__}: {text}"
    return result


# The other sides


def read_weight(session, name, kind=None):
    array = session.read_weight(name)
    if array.dtype == np.uint16:
        array = (array.astype(np.uint32) << 16).view(np.float32)
    array = np.array(array, dtype=np.float32)
    types = {"bf16": torch.bfloat16, "f16": torch.float16, "f32": torch.float32}
    return torch.from_numpy(array).cuda().to(types[kind or "f32"])


def linear_peers(case, session, inputs):
    weight = read_weight(session, "w", case.kind)
    yield "cuBLAS (torch.matmul)", lambda: lambda: torch.matmul(inputs["x"], weight)


def attention_peers(case, session, inputs):
    from torch.nn.attention import SDPBackend, sdpa_kernel

    heads = int(case.name.split()[1].split("x")[0])

    def split(x):
        return x.view(*x.shape[:2], heads, -1).transpose(1, 2)

    q, k, v = (split(inputs[name]) for name in ("q", "k", "v"))

    def make(backend):
        def call():
            with sdpa_kernel(backend):
                y = torch.nn.functional.scaled_dot_product_attention(
                    q, k, v, is_causal=True
                )
            return y.transpose(1, 2).reshape(inputs["q"].shape)

        return call

    for name in (
        "FLASH_ATTENTION",
        "CUDNN_ATTENTION",
        "EFFICIENT_ATTENTION",
        "MATH",
    ):
        backend = getattr(SDPBackend, name, None)
        if backend is not None:
            yield f"SDPA {name.lower()}", lambda backend=backend: make(backend)


def norm_peers(case, session, inputs):
    x = inputs["x"]
    width = x.shape[-1]
    gain, shift = (read_weight(session, name, case.kind) for name in ("g", "b"))

    def call():
        return torch.nn.functional.layer_norm(x, (width,), gain, shift, 1e-5)

    yield "torch eager", lambda: call
    yield "torch.compile", lambda: torch.compile(call)


def gpt2_peers(case, session, inputs):
    w = {
        weight.name: read_weight(session, weight.name, case.kind)
        for weight in session.model.weights
    }
    layers = sum(name.endswith("_attn_w") for name in w)
    functional = torch.nn.functional

    def forward(ids):
        width = w["wte"].shape[1]
        heads = width // 64
        x = w["wte"][ids] + w["wpe"][: ids.shape[1]]
        for i in range(layers):
            p = f"h{i}_"

            def norm(x, label, p=p):
                gain, shift = w[f"{p}{label}_g"], w[f"{p}{label}_b"]
                return functional.layer_norm(x, (width,), gain, shift, 1e-5)

            def linear(x, label, p=p):
                flat = x.reshape(-1, x.shape[-1])
                y = torch.addmm(w[f"{p}{label}_b"], flat, w[f"{p}{label}_w"])
                return y.view(*x.shape[:2], -1)

            def split(x):
                return x.view(*x.shape[:2], heads, 64).transpose(1, 2)

            q, k, v = linear(norm(x, "ln1"), "attn").split(width, -1)
            a = functional.scaled_dot_product_attention(
                split(q), split(k), split(v), is_causal=True, scale=1 / math.sqrt(64)
            )
            x = x + linear(a.transpose(1, 2).reshape(x.shape), "proj")
            hidden = functional.gelu(linear(norm(x, "ln2"), "fc"), approximate="tanh")
            x = x + linear(hidden, "out")
        x = functional.layer_norm(x, (width,), w["lnf_g"], w["lnf_b"], 1e-5)
        return x @ w["wte"].T

    ids = inputs["ids"]
    yield "torch eager", lambda: lambda: forward(ids)

    def compiled(mode):
        call = torch.compile(forward, mode=mode)
        return lambda: call(ids)

    yield "torch.compile", lambda: compiled("default")
    if ids.numel() == 1:
        yield "torch.compile, graphs", lambda: compiled("reduce-overhead")
