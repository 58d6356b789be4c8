"""Compares compiled onnx operators with the interpreter for all element types.

    onnx_types.py [SEED] [COMPILE_OPTION ...]

One entry point per element type, with everything that may be done to it: the
numbers contain the smallest and largest ones, infinities and NaN. Then comes
what must be refused.
"""

import numpy as np
from onnx_operators import Case, main

TYPES = {
    "i1": np.bool_,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "ui8": np.uint8,
    "ui16": np.uint16,
    "ui32": np.uint32,
    "ui64": np.uint64,
    "f16": np.float16,
    # Files of arrays have no name for it: these come and go as f32.
    "bf16": np.float32,
    "f32": np.float32,
    "f64": np.float64,
}
TOLERANCE = {"f16": 2e-3, "bf16": 2e-2, "f32": 1e-5, "f64": 1e-5}
COMPARISONS = ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
COLUMNS = 6


def is_float(type):
    return "f" in type


def is_unsigned(type):
    return type.startswith("u")


class Body:
    """The operators of one entry point; each has a result of its own."""

    def __init__(self, type):
        self.type, self.lines, self.results = type, [], []
        self.full, self.row = f"tensor<?x{COLUMNS}x{type}>", f"tensor<{COLUMNS}x{type}>"

    def write(self, line):
        self.lines.append("  " + line)

    def add(self, op, operands, types, result):
        """A result of the given type, bfloat16 as f32."""
        name = f"%r{len(self.results)}"
        if "bf16" not in result:
            self.write(
                f"{name} = onnx.{op} : ({types}) -> {result}".replace("#", operands)
            )
        else:
            wide = result.replace("bf16", "f32")
            self.write(
                f"{name}n = onnx.{op} : ({types}) -> {result}".replace("#", operands)
            )
            self.write(f"{name} = onnx.Cast {name}n : ({result}) -> {wide}")
            result = wide
        self.results.append(result)

    def binary(self, op, element=None):
        result = f"tensor<?x{COLUMNS}x{element or self.type}>"
        self.add(op, "%a, %b", f"{self.full}, {self.row}", result)

    def unary(self, op, element=None, operand="%a"):
        result = f"tensor<?x{COLUMNS}x{element or self.type}>"
        self.add(op, operand, self.full, result)

    def reduce(self, op, element=None, operand="%a"):
        result = f"tensor<?x{element or self.type}>"
        self.add(op, operand, self.full, result)


def write_numbers(body, type):
    for op in ("Add", "Sub", "Mul", "Div", "Max", "Min"):
        body.binary(op + " #")
    body.binary("Mod # {fmod}")
    for op in COMPARISONS[1:]:
        body.binary(op + " #", "i1")
    for op in ("Neg", "Abs", "Relu"):
        body.unary(op + " #")
    for op in ("Sum", "Mean", "Max", "Min", "Prod"):
        # The order of a sum of large floats is not the same.
        operand = "%s" if is_float(type) and op not in ("Max", "Min") else "%a"
        body.reduce(f"Reduce{op} # {{axes = array<i64: 1>}}", operand=operand)
    body.reduce("ReduceL2 # {axes = array<i64: 1>}", operand="%s")
    for op in ("ArgMax", "ArgMin"):
        body.reduce(op + " # {axis = 1}", "i64")
        body.reduce(op + " # {axis = 1, selectLast}", "i64")
    # Of small numbers, so that all orders of the sums give the same.
    body.add("MatMul #", "%s, %c", f"{body.full}, {body.row}", f"tensor<?x{type}>")
    body.add(
        "Gemm # {transB}",
        "%s, %s",
        f"{body.full}, {body.full}",
        f"tensor<?x?x{type}>",
    )
    body.add("Pow #", "%s, %two", f"{body.full}, tensor<i64>", body.full)
    if is_float(type):
        for op in ("Floor", "Ceil", "Round", "Sqrt", "Exp", "Tanh", "Sigmoid"):
            body.unary(op + " #")
        for op in ("Erf", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan"):
            body.unary(op + " #", operand="%s")
        for op in ("Sinh", "Cosh", "Asinh", "Acosh", "Atanh"):
            body.unary(op + " #", operand="%s")
        body.unary("Softmax # {axis = 1}", operand="%s")
        return
    body.binary("Mod #")
    for op in ("And", "Or", "Xor"):
        body.binary(f"Bitwise{op} #")
    if is_unsigned(type):
        body.binary("BitShift #")
        body.binary("BitShift # {left}")


def write_body(type):
    body = Body(type)
    boundary = "f32" if type == "bf16" else type
    for name, shape in (("a", "?x6"), ("b", "6"), ("c", "6"), ("s", "?x6")):
        from_type, to_type = f"tensor<{shape}x{boundary}>", f"tensor<{shape}x{type}>"
        body.write(f"%{name} = onnx.Cast %{name}0 : ({from_type}) -> {to_type}")
    body.write("%two = onnx.Constant dense<2> : tensor<i64>")
    for other in TYPES:
        body.unary("Cast #", other)
    body.binary("Equal #", "i1")
    mask, full = f"tensor<?x{COLUMNS}xi1>", body.full
    body.write(f"%mask = onnx.Equal %a, %s : ({full}, {full}) -> {mask}")
    body.add("Where #", "%mask, %a, %b", f"{mask}, {full}, {body.row}", full)
    body.add("Concat # {axis = 0}", "%a, %s", f"{full}, {full}", full)
    body.add("Transpose # {perm = array<i64: 1, 0>}", "%a", full, f"tensor<6x?x{type}>")
    body.add(
        "Gather # {axis = 1}", "%a, %two", f"{full}, tensor<i64>", f"tensor<?x{type}>"
    )
    if type != "i1":
        write_numbers(body, type)
    return body


def make_numbers(random, type, rows):
    """Small ones, none of them zero, and extreme ones."""
    dtype = TYPES[type]
    if type == "i1":
        return [np.array(random.integers(0, 2, (n, COLUMNS)), bool) for n in (rows, 1)]
    if not is_float(type):
        limits = np.iinfo(dtype)
        small = random.integers(1, 5, (rows, COLUMNS))
        if not is_unsigned(type):
            small *= random.choice([-1, 1], small.shape)
        high = [limits.min, limits.min + 1, 0, 1, limits.max - 1, limits.max]
        wide = random.choice(np.array(high, dtype), (rows, COLUMNS))
        return [small.astype(dtype), wide]
    small = random.standard_normal((rows, COLUMNS)) * 0.4
    powers = [2.0**power for power in (7, 8, 15, 16, 31, 32, 63, 64, 100)]
    edges = np.array([*powers, 0.0, 0.5, 1.5, 2.5, np.inf, np.nan, 3e9, 200.7])
    wide = random.choice(edges, (rows, COLUMNS)) * random.choice([-1, 1], small.shape)
    with np.errstate(over="ignore"):
        return [small.astype(dtype), wide.astype(dtype)]


def make_cases(random):
    cases = []
    for type, dtype in TYPES.items():
        rows = int(random.integers(3, 9))
        small, wide = make_numbers(random, type, rows)
        body = write_body(type)
        boundary = "f32" if type == "bf16" else type
        full, row = f"tensor<?x{COLUMNS}x{boundary}>", f"tensor<{COLUMNS}x{boundary}>"
        divisors = small[0] if type == "i1" else np.resize(small[small != 0], COLUMNS)
        arguments = [
            ("a0", full, wide if len(wide) == rows else np.resize(wide, small.shape)),
            ("b0", row, divisors.astype(dtype)),
            ("c0", row, small[-1]),
            ("s0", full, small),
        ]
        arguments = [
            (*argument, ["n", ""] if argument[1] == full else [""])
            for argument in arguments
        ]
        cases.append(
            Case(
                "type_" + type,
                arguments,
                "\n".join(body.lines),
                body.results,
                TOLERANCE.get(type, 0),
            )
        )
    return cases


def make_refused():
    full = "tensor<?x?xf32>"
    return [
        Case(
            "nothing_to_choose",
            [("x", full, np.zeros((2, 0), np.float32))],
            f"%r0 = onnx.ArgMax %x {{axis = 1}} : ({full}) -> tensor<?xi64>",
            ["tensor<?xi64>"],
            message="ArgMax: the axis has 0 elements, expected at least 1",
        )
    ]


if __name__ == "__main__":
    np.seterr(all="ignore")
    main(make_cases, make_refused)
