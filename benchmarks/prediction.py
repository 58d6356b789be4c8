"""What a model's operations and bytes say about how long it takes.

`ockham report --json` counts; nothing here was measured on a model. A linear of K
inputs and N outputs on M rows takes

    max(2 M K N / peak, 4 K N / bandwidth)

seconds in float32: its multiplications, or the reading of its weights, whichever
is longer. Attention takes the operations on pairs of a query and a key that it
sees, divided by the same peak. That is the time of a machine that does nothing
but products; the ratio of two models' times is what a simplification is worth if
all else is free, or costs both in proportion. The second number adds what else
there is, as if nothing were fused: point-wise operations at half the peak (one
operation each, a multiply-add is two) and activations read and written once by
each operator at the bandwidth of memory. It is an upper bound, since activations
of a few sequences stay in the caches and most of these operators are fused.
"""

import json
from dataclasses import dataclass

from sides import run_command


@dataclass(frozen=True)
class Machine:
    """What one run may use: operations and bytes per second, all threads."""

    flops: float
    bandwidth: float


@dataclass(frozen=True)
class Counts:
    """Of one model at one shape, all blocks included.

    linears: (inputs, outputs) of each.
    rows: batch times sequence.
    flops, linear_flops, attention_flops, pointwise_flops: operations.
    activation_bytes: read and written if every operator did so.
    """

    linears: tuple
    rows: int
    flops: int
    linear_flops: int
    attention_flops: int
    pointwise_flops: int
    activation_bytes: int

    def products(self, machine):
        """Seconds of the products alone."""
        total = self.attention_flops / machine.flops
        for inputs, outputs in self.linears:
            size = inputs * outputs
            compute = 2 * self.rows * size / machine.flops
            total += max(compute, 4 * size / machine.bandwidth)
        return total

    def everything(self, machine):
        """Seconds of products and of all else, nothing fused."""
        return (
            self.products(machine)
            + self.pointwise_flops / (machine.flops / 2)
            + self.activation_bytes / machine.bandwidth
        )


def _linears(graph):
    return [
        (node["in"], node["out"]) for node in graph["nodes"] if node["op"] == "linear"
    ]


def read_counts(structure, dims):
    """`Counts` of one of the report's structures, `before` or `after`."""
    linears = _linears(structure["model"])
    for group in structure["blocks"]:
        count = group["last"] - group["first"] + 1
        linears += count * _linears(group["graph"])
    cost = structure["cost"]
    rows = 1
    for extent in dims.values():
        rows *= extent
    counts = Counts(
        tuple(linears),
        rows,
        *(
            cost[key]["value"]
            for key in (
                "flops",
                "linear_flops",
                "attention_flops",
                "pointwise_flops",
                "activation_bytes",
            )
        ),
    )
    found = sum(2 * rows * inputs * outputs for inputs, outputs in linears)
    if found != counts.linear_flops:
        raise ValueError(
            f"the report's graphs have linears of {found} operations, its sum is"
            f" {counts.linear_flops}"
        )
    return counts


def count_model(case):
    """(before, after) simplification, from `ockham report`."""
    dims = [f"--dim={name}={extent}" for name, extent in case.dims.items()]
    text = run_command(
        "ockham", [case.build / "bin" / "ockham", "report", case.model, "--json", *dims]
    )
    structure = json.loads(text)["structure"]
    return tuple(
        read_counts(structure[when], case.dims) for when in ("before", "after")
    )
