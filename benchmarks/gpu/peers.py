"""What a GPU check measures Ockham beside: PyTorch, on the same inputs."""

import contextlib
import functools
import gc
import math
import statistics
import time
from dataclasses import dataclass

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


def take_double(array):
    """What lies on the device, a DeviceArray."""
    return torch.from_dlpack(array).cpu().double().numpy()


# Time


@dataclass
class Timing:
    """Seconds of a call on the device, how far the quarters around the median
    are apart, and seconds of a call with what the host does for it. `hidden`
    says that the host was ahead of the device all along: if it could not be,
    `seconds` has its time too."""

    seconds: float
    spread: float
    with_host: float
    hidden: bool


@functools.cache
def cycles_per_second():
    """Of torch.cuda._sleep, which counts cycles of the GPU."""
    cycles = 20_000_000
    torch.cuda._sleep(5 * cycles)  # clocks rise when there is work
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    torch.cuda._sleep(cycles)
    end.record()
    end.synchronize()
    return cycles / (begin.elapsed_time(end) * 1e-3)


def time_batch(call, count, pause=0.0):
    """Seconds of a call by events on the default stream, with which a session's
    stream is ordered, and whether all calls were enqueued when the first one
    began: the device is kept busy for `pause` seconds before them."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    if pause:
        torch.cuda._sleep(int(pause * cycles_per_second()))
    begin.record()
    for _ in range(count):
        call()
    end.record()
    hidden = not begin.query()
    end.synchronize()
    return begin.elapsed_time(end) * 1e-3 / count, hidden


def enqueue_seconds(call, count):
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(count):
        call()
    seconds = (time.perf_counter() - started) / count
    torch.cuda.synchronize()
    return seconds


# What a batch may take on the device, for how long that may be kept busy before
# it, and calls of a batch: more than the launch queue holds would make the host
# wait for the device.
BATCH_SECONDS, MOST_PAUSE, MOST_CALLS, BATCHES = 0.015, 0.06, 300, 15


def measure(call):
    """A kernel takes less than what Python does for its call. So that it is the
    kernel that is timed, the host enqueues a batch while the device is busy
    with something else."""
    for _ in range(5):  # graphs are captured in the second call
        call()
    host = enqueue_seconds(call, 5)
    guess, _ = time_batch(call, 3)
    fitting = int(BATCH_SECONDS / max(guess, 1e-6))
    plain_count = max(1, min(MOST_CALLS, fitting))
    with_host = statistics.median(time_batch(call, plain_count)[0] for _ in range(5))
    # Calls of many launches fill the queue early: then fewer of them.
    count = max(1, min(plain_count, int(MOST_PAUSE / 2 / max(host, 1e-6))))
    while True:
        pause = min(MOST_PAUSE, 2 * count * host + 2e-3)
        _, hidden = time_batch(call, count, pause)
        if hidden or count == 1:
            break
        count = max(1, count // 4)
    batches = [time_batch(call, count, pause) for _ in range(BATCHES)]
    times = sorted(seconds for seconds, _ in batches)
    median = statistics.median(times)
    quarter = BATCHES // 4
    return Timing(
        seconds=median,
        spread=(times[-1 - quarter] - times[quarter]) / median,
        with_host=with_host,
        hidden=all(hidden for _, hidden in batches),
    )


def measure_copy():
    need_torch()
    source = torch.empty(1 << 30, dtype=torch.uint8, device="cuda").random_()
    target = torch.empty_like(source)
    timing = measure(lambda: target.copy_(source))
    properties = torch.cuda.get_device_properties(0)
    return {
        "state": "timed",
        "times": {"copy of 1 GiB": timing.seconds},
        "spread": timing.spread,
        "bandwidth": 2 * source.numel() / timing.seconds,
        "machine": {
            "gpu": properties.name,
            "memory": properties.total_memory,
            "multiprocessors": properties.multi_processor_count,
            "pytorch": torch.__version__,
            "cuda": torch.version.cuda,
        },
    }


def find_error(got, want):
    """Normwise, by parts: logits in float64 would take all memory."""
    difference = norm = 0.0
    parts = (t.reshape(-1).split(1 << 26) for t in (got, want))
    for part, other in zip(*parts, strict=True):
        part = part.double()
        difference += float((part - other.double()).square().sum())
        norm += float(part.square().sum())
    return math.sqrt(difference / norm) if norm else math.inf


def describe(problem, length=160):
    return f"{type(problem).__name__}: {' '.join(str(problem).split())}"[:length]


def bench(case, shape, session, given, compiled, emit):
    """Times by side: the compilers among PyTorch's sides if `compiled`, else the
    others. What does not run on this machine says why in its place. `emit` gets
    what there is so far, which is not lost with the sides behind it."""
    need_torch()
    torch.manual_seed(0)
    # Matrices of a language model: what a user who wants float32 gets.
    torch.backends.cuda.matmul.allow_tf32 = False
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
    timing = measure(own)
    session.wait()
    result = {"times": {}, "with_host": {}, "host_bound": [], "spread": timing.spread}

    def note(side, timing):
        result["times"][side] = timing.seconds
        result["with_host"][side] = timing.with_host
        if not timing.hidden:
            result["host_bound"].append(side)

    note("ockham", timing)
    if not torch.equal(output, first):
        result["note"] = f"calls differ by {find_error(output, first):.1e}"
    emit(result)
    if not case.peer:
        return result
    with torch.no_grad():
        try:
            for side, make, scope in find_peers(case, session, inputs, compiled):
                # If it never returns, this is what is known of it.
                result["times"][side] = "no answer"
                emit(result)
                try:
                    with scope():
                        call = make()
                        answer = call()
                        error = find_error(answer, first)
                        if answer.dtype != first.dtype:
                            result["note"] = (
                                f"results are {name_type(first)} of Ockham, "
                                f"{name_type(answer)} of PyTorch"
                            )
                        del answer
                        if error < 10 * case.tolerance:
                            note(side, measure(call))
                        else:
                            result["times"][side] = f"differs by {error:.1e}"
                except Exception as problem:  # noqa: BLE001 -- of this side alone
                    result["times"][side] = describe(problem)
                emit(result)
        except Exception as problem:  # noqa: BLE001 -- of what all sides need
            result["times"]["PyTorch"] = describe(problem)
    return result


def name_type(tensor):
    return str(tensor.dtype).removeprefix("torch.")


def has_gpu():
    return torch is not None and torch.cuda.is_available()


def clean_up():
    """Before the next job: what PyTorch holds is missing there. Says what a
    side has broken for good, and None otherwise."""
    gc.collect()
    try:
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
    except RuntimeError as problem:
        return describe(problem)
    return None


# The other sides


def read_weight(session, name, kind=None):
    array = session.read_weight(name)
    if array.dtype == np.uint16:
        array = (array.astype(np.uint32) << 16).view(np.float32)
    array = np.array(array, dtype=np.float32)
    types = {"bf16": torch.bfloat16, "f16": torch.float16, "f32": torch.float32}
    return torch.from_numpy(array).cuda().to(types[kind or "f32"])


def find_peers(case, session, inputs, compiled):
    """(side, what makes its call, scope to be in) of each."""
    peers = {
        "linear": linear_peers,
        "attention": attention_peers,
        "layer norm": norm_peers,
        "gpt2": gpt2_peers,
    }[case.peer]
    for side, make, *scope in peers(case, session, inputs, compiled):
        yield side, make, scope[0] if scope else contextlib.nullcontext


def compile_call(call, *arguments, mode="default"):
    """For these arguments alone, as Ockham's call is; nothing that was compiled
    for others before, and nothing that silently is not compiled."""
    torch._dynamo.reset()
    compiled = torch.compile(call, mode=mode, dynamic=False, fullgraph=True)
    return lambda: compiled(*arguments)


def linear_peers(case, session, inputs, compiled):
    weight = read_weight(session, "w", case.kind)
    yield "cuBLAS (torch.matmul)", lambda: lambda: torch.matmul(inputs["x"], weight)


def attention_peers(case, session, inputs, compiled):
    from torch.nn.attention import SDPBackend, sdpa_kernel

    heads = int(case.name.split()[1].split("x")[0])

    def split(x):
        return x.view(*x.shape[:2], heads, -1).transpose(1, 2)

    q, k, v = (split(inputs[name]) for name in ("q", "k", "v"))

    def call():
        y = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return y.transpose(1, 2).reshape(inputs["q"].shape)

    for name in (
        "FLASH_ATTENTION",
        "CUDNN_ATTENTION",
        "EFFICIENT_ATTENTION",
        "MATH",
    ):
        backend = getattr(SDPBackend, name, None)
        if backend is not None:
            # Once for all calls: choosing a backend takes longer than some.
            scope = functools.partial(sdpa_kernel, backend)
            yield f"SDPA {name.lower()}", lambda: call, scope


def norm_peers(case, session, inputs, compiled):
    x = inputs["x"]
    width = x.shape[-1]
    gain, shift = (read_weight(session, name, case.kind) for name in ("g", "b"))

    def call(x, gain, shift):
        return torch.nn.functional.layer_norm(x, (width,), gain, shift, 1e-5)

    if compiled:
        yield "torch.compile", lambda: compile_call(call, x, gain, shift)
    else:
        yield "torch eager", lambda: lambda: call(x, gain, shift)


def make_gpt2(session, kind):
    """A module: what it has as parameters, torch.compile takes to stay where it
    is, and its graphs do not copy it."""
    names = [weight.name for weight in session.model.weights]
    layers = sum(name.endswith("_attn_w") for name in names)
    functional = torch.nn.functional

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            for name in names:
                weight = torch.nn.Parameter(read_weight(session, name, kind), False)
                self.register_parameter(name, weight)

        def norm(self, x, label):
            gain, shift = getattr(self, f"{label}_g"), getattr(self, f"{label}_b")
            return functional.layer_norm(x, (x.shape[-1],), gain, shift, 1e-5)

        def linear(self, x, label):
            weight, bias = getattr(self, f"{label}_w"), getattr(self, f"{label}_b")
            y = torch.addmm(bias, x.reshape(-1, x.shape[-1]), weight)
            return y.view(*x.shape[:2], -1)

        def forward(self, ids):
            width = self.wte.shape[1]

            def split(x):
                return x.view(*x.shape[:2], width // 64, 64).transpose(1, 2)

            x = self.wte[ids] + self.wpe[: ids.shape[1]]
            for i in range(layers):
                p = f"h{i}_"
                qkv = self.linear(self.norm(x, p + "ln1"), p + "attn")
                q, k, v = qkv.split(width, -1)
                a = functional.scaled_dot_product_attention(
                    split(q),
                    split(k),
                    split(v),
                    is_causal=True,
                    scale=1 / math.sqrt(64),
                )
                x = x + self.linear(a.transpose(1, 2).reshape(x.shape), p + "proj")
                hidden = self.linear(self.norm(x, p + "ln2"), p + "fc")
                hidden = functional.gelu(hidden, approximate="tanh")
                x = x + self.linear(hidden, p + "out")
            return self.norm(x, "lnf") @ self.wte.T

    return Model().eval()


def gpt2_peers(case, session, inputs, compiled):
    model, ids = make_gpt2(session, case.kind), inputs["ids"]
    if not compiled:
        yield "torch eager", lambda: lambda: model(ids)
        return
    yield "torch.compile", lambda: compile_call(model, ids)
    if ids.numel() == 1:
        yield (
            "torch.compile, graphs",
            lambda: compile_call(model, ids, mode="reduce-overhead"),
        )
