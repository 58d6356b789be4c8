"""Compares compiled kernels of rows with the interpreter, over odd widths.

usage: row_kernel_numbers.py FOLDER CPU...

Norms in all of their modes, embeddings, point-wise chains, cross-entropies; as
kernel_numbers.py does it.
"""

import numpy as np
from kernel_numbers import ROWS, Case, main, norm, rng


def rows(name, width, ops, inputs=1, **parameters):
    """Point-wise ops of activations, which write ACT for their type."""
    ops = ops.replace("ACT", f"tensor<?x?x{width}xf32>")
    return Case(name, [width] * inputs, width, parameters, ops, ROWS)


class Indexed(Case):
    """A function of integers `[batch, sequence]`, `limits` of them each, and of
    activations."""

    def __init__(self, name, limits, out, parameters, ops, widths=(), past=None):
        super().__init__(name, widths, out, parameters, ops, ROWS)
        self.limits = limits
        self.past = past
        arguments = [
            f'%i{i}: tensor<?x?x{kind}> {{ockham.name = "i{i}", '
            'ockham.dims = ["batch", "sequence"]}'
            for i, (_, kind) in enumerate(limits)
        ]
        if past:
            arguments.append(
                f'%past: tensor<?x{past[1]}> {{ockham.name = "past", '
                'ockham.dims = ["batch"]}'
            )
        separator = ", " if widths else ""
        self.text = self.text.replace(
            "@forward(", f"@forward({', '.join(arguments)}{separator}"
        )
        if out is None:
            self.text = self.text.replace(
                '"sequence", ""]}) attr', '"sequence"]}) attr'
            )
            self.text = self.text.replace("?x?xNonexf32", "?x?xf32")

    def make_integers(self, extents):
        kinds = {"i32": np.int32, "i64": np.int64}
        arrays = {}
        for i, (limit, kind) in enumerate(self.limits):
            arrays[f"i{i}"] = rng.integers(0, limit, extents[:2]).astype(kinds[kind])
        if self.past:
            limit, kind = self.past
            arrays["past"] = rng.integers(0, limit, extents[:1]).astype(kinds[kind])
        return arrays


def embedding(name, width, kind="i64", positions=None, past=None, types=False):
    ids = f"tensor<?x?x{kind}>"
    act = f"tensor<?x?x{width}xf32>"
    parameters = {"t": (50, width)}
    clauses, operands = "", f"{ids}, tensor<50x{width}xf32>"
    if positions:
        parameters["p"] = (positions, width)
        clauses += " positions %p"
        operands += f", tensor<{positions}x{width}xf32>"
    if past:
        clauses += " past %past"
        operands += f" past tensor<?x{past}>"
    limits = [(50, kind)]
    ops = f"  %y = tfm.embedding %i0, %t{clauses} : {operands} -> {act}\n"
    if types:
        parameters["s"] = (2, width)
        limits.append((2, kind))
        ops = ops.replace("%y", "%e") + (
            f"  %f = tfm.embedding %i1, %s : {ids}, tensor<2x{width}xf32> -> {act}\n"
            f"  %y = tfm.add_scaled %e, %f : {act}\n"
        )
    return Indexed(
        name, limits, width, parameters, ops, past=(9, past) if past else None
    )


def tied(width, rows, kind):
    """A table that a head multiplies with, too: it is in panels."""
    act, out = f"tensor<?x?x{width}xf32>", f"tensor<?x?x{rows}xf32>"
    table = f"tensor<{rows}x{width}xf32>"
    ops = (
        f"  %e = tfm.embedding %i0, %t positions %p : tensor<?x?x{kind}>, {table}, "
        f"tensor<9x{width}xf32> -> {act}\n"
        f"  %y = tfm.linear %e, %t : {act}, {table} -> {out} {{transposed}}\n"
    )
    parameters = {"t": (rows, width), "p": (9, width)}
    return Indexed(f"tied {rows}x{width}", [(rows, kind)], rows, parameters, ops)


def cross_entropy(classes, kind):
    act = f"tensor<?x?x{classes}xf32>"
    ops = (
        f"  %y = tfm.cross_entropy %x0, %i0 : {act}, tensor<?x?x{kind}> "
        "-> tensor<?x?xf32>\n"
    )
    name = f"cross-entropy of {classes}"
    return Indexed(name, [(classes, kind)], None, {}, ops, widths=[classes])


def make_cases():
    for width in (1, 2, 17, 63, 65, 129, 768):
        yield norm(f"layer of {width}", "layer", width, "shift %b", "{eps = 1.0e-5 : f64}",
                   f", shift tensor<{width}xf32>", {"b": (width,)})  # fmt: skip
        yield norm(f"rms of {width}", "rms", width, "", "{eps = 1.0e-6 : f64}")
    for width in (33, 96):
        vector = f"tensor<{width}xf32>"
        both = {"g": (width,), "b": (width,)}
        types = f", scale {vector}, shift {vector}"
        yield norm(f"fixed of {width}", "fixed", width, "scale %g shift %b std %s", "",
                   f"{types}, std tensor<1xf32>", {**both, "s": (1,)})  # fmt: skip
        yield norm("fixed, uncentred", "fixed", width, "std %s", "{uncentred}",
                   ", std tensor<f32>", {"s": ()})  # fmt: skip
        yield norm("per channel", "fixed", width, "shift %b std %s",
                   "{std_axis = #tfm<std_axis channel>}",
                   f", shift {vector}, std {vector}", {"b": (width,), "s": (width,)})  # fmt: skip
        for clause in "", ", uncentred":
            yield norm("per position" + clause, "fixed", width, "scale %g std %s",
                       f"{{std_axis = #tfm<std_axis position>{clause}}}",
                       f", scale {vector}, std tensor<4xf32>", {"g": (width,), "s": (4,)})  # fmt: skip
        yield norm("tanh", "tanh", width, "scale %g shift %b alpha %a", "",
                   f"{types}, alpha tensor<1xf32>", {**both, "a": (1,)})  # fmt: skip
        yield norm("erf", "erf", width, "scale %g alpha %a offset %o", "",
                   f", scale {vector}, alpha {vector}, offset tensor<1xf32>",
                   {"g": (width,), "a": (width,), "o": (1,)})  # fmt: skip
    for kind in "i32", "i64":
        ops = (
            "  %y = tfm.norm fixed %x0 std %s past %past "
            "{std_axis = #tfm<std_axis position>} : tensor<?x?x40xf32>, "
            f"std tensor<7xf32>, past tensor<?x{kind}>\n"
        )
        yield Indexed("per position after others", [], 40, {"s": (7,)}, ops, [40], (9, kind))  # fmt: skip
    for width in (1, 31, 64, 200):
        gain = f"tensor<{width}xf32>"
        yield rows("gelu", width, "  %y = tfm.activation gelu_tanh %x0 : ACT\n")
        yield rows("leaky", width, "  %y = tfm.activation leaky_relu %x0 slope %s : ACT, tensor<f32>\n",
                   s=())  # fmt: skip
        yield rows(
            "scale", width, f"  %y = tfm.scale %x0, %g : ACT, {gain}\n", g=(width,)
        )
        yield rows("sum", width, "  %y = tfm.add_scaled %x0, %x1 : ACT\n", inputs=2)
        yield rows("weighted sum", width,
                   f"  %y = tfm.add_scaled %x0 gain %g, %x1 gain %h : ACT, gain {gain}, gain tensor<1xf32>\n",
                   inputs=2, g=(width,), h=(1,))  # fmt: skip
        yield rows("chain", width,
                   "  %a = tfm.activation silu %x1 : ACT\n"
                   f"  %b = tfm.scale %a, %g : ACT, {gain}\n"
                   "  %c = tfm.add_scaled %x0 gain %h, %b : ACT, gain tensor<1xf32>\n"
                   "  %y = tfm.activation relu %c : ACT\n",
                   inputs=2, g=(width,), h=(1,))  # fmt: skip
    yield embedding("tokens", 33)
    yield embedding("positions", 64, "i32", positions=13)
    yield embedding("positions after others", 70, positions=30, past="i64")
    yield embedding("positions after others", 20, "i32", positions=30, past="i32")
    yield embedding("token types", 48, positions=20, types=True)
    for width, count, kind in [(1, 5, "i64"), (20, 48, "i32"), (33, 50, "i64"),
                               (129, 97, "i64"), (256, 200, "i32")]:  # fmt: skip
        yield tied(width, count, kind)
    for classes in (1, 2, 100, 129, 1000):
        yield cross_entropy(classes, "i32" if classes == 129 else "i64")


if __name__ == "__main__":
    main(make_cases())
