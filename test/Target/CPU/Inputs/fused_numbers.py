"""Compares what shares a kernel with the interpreter, over odd shapes.

usage: fused_numbers.py FOLDER [--weights TYPE] CPU...

Residual sums with gains, activations on some columns of a merged projection,
gated MLPs, point-wise ops behind a norm; as kernel_numbers.py does it.
"""

from kernel_numbers import Case, main

EXTENTS = [(1, 1), (1, 5), (1, 6), (2, 7), (3, 8), (1, 29)]


def act(width):
    return f"tensor<?x?x{width}xf32>"


def linear(result, source, weight, depth, columns, bias=None, init=None):
    clauses = (f" bias %{bias}" if bias else "") + (f" init %{init}" if init else "")
    types = (f", tensor<{columns}xf32>" if bias else "") + (
        f" init {act(columns)}" if init else ""
    )
    return (
        f"  %{result} = tfm.linear %{source}, %{weight}{clauses} : {act(depth)}, "
        f"tensor<{depth}x{columns}xf32>{types} -> {act(columns)}\n"
    )


def parts(name, widths, activations):
    """A product whose parts go through activations of their own and then, in
    turn, through products that add up."""
    total, out = sum(widths), 9
    weights = {"w": (20, total), "b": (total,), "slope": (1,)}
    ops = linear("p", "x0", "w", 20, total, bias="b")
    count = len(widths)
    ops += f"  %s:{count} = tfm.split %p : {act(total)} -> " + ", ".join(
        map(act, widths)
    )
    ops += "\n"
    before = None
    for i, (width, kind) in enumerate(zip(widths, activations)):
        value = f"s#{i}"
        if kind:
            slope = (
                (" slope %slope", ", tensor<1xf32>") if "leaky" in kind else ("", "")
            )
            ops += (
                f"  %a{i} = tfm.activation {kind} %{value}{slope[0]} : "
                f"{act(width)}{slope[1]}\n"
            )
            value = f"a{i}"
        weights[f"u{i}"] = (width, out)
        result = "y" if i + 1 == count else f"t{i}"
        ops += linear(result, value, f"u{i}", width, out, init=before)
        before = result
    return Case(name, [20], out, weights, ops, EXTENTS)


def gated(width, kind, first, bias):
    """A gated MLP's first half, then a gain and a residual."""
    weights = {"w": (20, 2 * width), "g": (width,)}
    if bias:
        weights["b"] = (2 * width,)
    left, right = ("a", "s#1") if first else ("s#0", "a")
    ops = (
        linear("p", "x0", "w", 20, 2 * width, bias="b" if bias else None)
        + f"  %s:2 = tfm.split %p : {act(2 * width)} -> {act(width)}, {act(width)}\n"
        + f"  %a = tfm.activation {kind} %s#{0 if first else 1} : {act(width)}\n"
        + f"  %h = tfm.gate %{left}, %{right} : {act(width)}\n"
        + f"  %y = tfm.add_scaled %x1, %h gain %g : {act(width)}, "
        + f"gain tensor<{width}xf32>\n"
    )
    return Case(f"gate of {width}", [20, width], width, weights, ops, EXTENTS)


def make_cases():
    ops = (
        linear("p", "x0", "w", 20, 70, bias="b")
        + f"  %c = tfm.scale %x2, %h : {act(70)}, tensor<1xf32>\n"
        + f"  %q = tfm.add_scaled %x1 gain %h, %p gain %g : {act(70)}, "
        + "gain tensor<1xf32>, gain tensor<70xf32>\n"
        + f"  %r = tfm.activation silu %q : {act(70)}\n"
        + f"  %y = tfm.add_scaled %r, %c : {act(70)}\n"
    )
    weights = {"w": (20, 70), "b": (70,), "g": (70,), "h": (1,)}
    yield Case("residual", [20, 70, 70], 70, weights, ops, EXTENTS)
    yield parts("whole panels", [48, 96], [None, "relu"])
    yield parts("parts", [40, 33, 27], [None, "gelu_tanh", "leaky_relu"])
    yield gated(32, "silu", True, False)
    yield gated(96, "gelu_erf", False, True)
    # Not whole panels: two kernels.
    yield gated(40, "silu", True, True)
    ops = (
        "  %n = tfm.norm rms %x0 scale %g {eps = 1.0e-5 : f64} : "
        + f"{act(150)}, scale tensor<150xf32>\n"
        + f"  %y = tfm.add_scaled %x1, %n gain %h : {act(150)}, gain tensor<1xf32>\n"
    )
    yield Case("norm", [150, 150], 150, {"g": (150,), "h": (1,)}, ops, EXTENTS)


if __name__ == "__main__":
    main(make_cases())
