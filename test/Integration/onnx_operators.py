"""Compares compiled onnx operators with the reference interpreter.

    onnx_operators.py [SEED] [COMPILE_OPTION ...]

Every case is one entry point: a few operators on tensors with dynamic shapes.
All of them are compiled into one library, without raising, and called with
random inputs; the interpreter runs the same module. Then come inputs that must
be refused with a message. The tools are found in PATH.
"""

import os
import re
import subprocess
import sys
import tempfile

import numpy as np


class Case:
    """Operators as text; (name, type, array[, dimension names]) per argument;
    the types of the results. A case with a message must be refused with it."""

    def __init__(self, name, arguments, body, results, tolerance=1e-5, message=None):
        self.name, self.body, self.results = name, body, results
        self.arguments, self.tolerance = arguments, tolerance
        self.message = message

    def text(self):
        arguments = []
        for name, type, _, *dims in self.arguments:
            text = f'%{name}: {type} {{ockham.name = "{name}"'
            if dims:
                names = ", ".join(f'"{dim}"' for dim in dims[0])
                text += f", ockham.dims = [{names}]"
            arguments.append(text + "}")
        results = ", ".join(
            f'{type} {{ockham.name = "r{i}"}}' for i, type in enumerate(self.results)
        )
        values = ", ".join(f"%r{i}" for i in range(len(self.results)))
        return (
            f"func.func @{self.name}({', '.join(arguments)}) -> ({results})"
            f' attributes {{ockham.entry = "other"}} {{\n{self.body}\n'
            f"  return {values} : {', '.join(self.results)}\n}}\n"
        )


def run(*command):
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    return done.returncode, done.stderr


def call(case, folder, *command):
    """The results, or the message."""
    command = ["ockham", "run", *command, "--entry", case.name]
    for name, _, array, *_ in case.arguments:
        path = os.path.join(folder, name + ".npy")
        np.save(path, array)
        command += ["--input", f"{name}={path}"]
    paths = [os.path.join(folder, f"r{i}.npy") for i in range(len(case.results))]
    for i, path in enumerate(paths):
        command += ["--output", f"r{i}={path}"]
    code, message = run(*command)
    return message.strip() if code else [np.load(path) for path in paths]


def compare(case, got, wanted):
    """What differs, or None."""
    if case.message is not None:
        if isinstance(got, str) and re.search(case.message, got):
            return None
        return f"gave {got}, expected the message {case.message}"
    if isinstance(got, str) or isinstance(wanted, str):
        return f"gave {got}, expected {wanted}"
    for i, (a, b) in enumerate(zip(got, wanted)):
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"result {i} is {a.dtype} {a.shape}, expected {b.dtype} {b.shape}"
        if not np.allclose(
            a, b, rtol=case.tolerance, atol=case.tolerance, equal_nan=True
        ):
            return f"result {i} is\n{a}\nexpected\n{b}"
    return None


def make_cases(random):
    def f(*shape, dtype=np.float32):
        return np.array(random.standard_normal(shape), dtype)

    def ints(low, high, *shape, dtype=np.int64):
        return np.array(random.integers(low, high, shape), dtype)

    def bools(*shape):
        return np.array(random.integers(0, 2, shape), bool)

    cases = []

    def add(name, arguments, body, *results, tolerance=1e-5):
        cases.append(Case(name, arguments, body, list(results), tolerance))

    b, s = int(random.integers(1, 4)), int(random.integers(2, 7))
    X = "tensor<?x?x8xf32>"
    x = ("x", X, f(b, s, 8), ["b", "s", ""])
    y = ("y", X, f(b, s, 8), ["b", "s", ""])

    # Point-wise, in every way that extents can meet.
    for op in ("Add", "Sub", "Mul", "Div"):
        add("same_" + op, [x, y], f"%r0 = onnx.{op} %x, %y : ({X}, {X}) -> {X}", X)
    for extents in ((b, s), (1, s), (b, 1), (1, 1)):
        add(
            f"unknown_{extents[0]}_{extents[1]}_{len(cases)}",
            [x, ("m", X, f(*extents, 8), ["c", "t", ""])],
            f"%r0 = onnx.Sub %x, %m : ({X}, {X}) -> {X}",
            X,
        )
    add(
        "column_row",
        [x, ("m", "tensor<?x1xf32>", f(s, 1), ["s", ""])],
        f"%r0 = onnx.Mul %m, %x : (tensor<?x1xf32>, {X}) -> {X}",
        X,
    )
    add(
        "outer",
        [("v", "tensor<?x1xf32>", f(s, 1)), ("w", "tensor<1x?xf32>", f(1, 5))],
        "%r0 = onnx.Add %v, %w : (tensor<?x1xf32>, tensor<1x?xf32>) -> tensor<?x?xf32>",
        "tensor<?x?xf32>",
    )
    add(
        "dynamic_meets_static",
        [("v", "tensor<?xf32>", f(1)), x],
        f"%r0 = onnx.Add %v, %x : (tensor<?xf32>, {X}) -> {X}",
        X,
    )
    add(
        "scalar_constant",
        [x],
        f"""
        %c = onnx.Constant dense<3.0> : tensor<f32>
        %r0 = onnx.Div %x, %c : ({X}, tensor<f32>) -> {X}""",
        X,
    )
    N = "tensor<?xi64>"
    signed = ("a", N, ints(-9, 9, 12), ["n"])
    divisor = ("d", N, np.array([1, -1, 2, -2, 3, -3, 4, 5, 6, 7, -8, -1]), ["n"])
    for op in ("Add", "Sub", "Mul", "Div"):
        add(
            "int_" + op,
            [signed, divisor],
            f"%r0 = onnx.{op} %a, %d : ({N}, {N}) -> {N}",
            N,
        )
    special = np.array([np.nan, 1, -1, np.inf, -np.inf, 0], np.float32)
    left = ("p", "tensor<?x1xf32>", special.reshape(6, 1))
    right = ("q", "tensor<6xf32>", special)
    for op in ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"):
        add(
            "nan_" + op,
            [left, right],
            f"%r0 = onnx.{op} %p, %q : (tensor<?x1xf32>, tensor<6xf32>)"
            " -> tensor<?x6xi1>",
            "tensor<?x6xi1>",
        )
    B = "tensor<?xi1>"
    add(
        "logic",
        [("p", B, bools(9), ["n"]), ("q", B, bools(9), ["n"])],
        f"""
        %0 = onnx.And %p, %q : ({B}, {B}) -> {B}
        %1 = onnx.Not %q : ({B}) -> {B}
        %r0 = onnx.Or %0, %1 : ({B}, {B}) -> {B}""",
        B,
    )
    add(
        "where",
        [("m", "tensor<?x1xi1>", bools(s, 1), ["s", ""]), x, ("z", "tensor<f32>", f())],
        f"%r0 = onnx.Where %m, %x, %z : (tensor<?x1xi1>, {X}, tensor<f32>) -> {X}",
        X,
    )
    for op in ("Neg", "Abs", "Relu", "Exp", "Reciprocal", "Erf", "Tanh", "Sigmoid"):
        add("unary_" + op, [x], f"%r0 = onnx.{op} %x : ({X}) -> {X}", X)
    for op in ("Log", "Sqrt"):
        add(
            "unary_" + op,
            [x],
            f"""
            %0 = onnx.Abs %x : ({X}) -> {X}
            %r0 = onnx.{op} %0 : ({X}) -> {X}""",
            X,
        )
    for op in ("Neg", "Abs", "Relu"):
        add("int_" + op, [signed], f"%r0 = onnx.{op} %a : ({N}) -> {N}", N)
    add(
        "relu_nan",
        [right],
        "%r0 = onnx.Relu %q : (tensor<6xf32>) -> tensor<6xf32>",
        "tensor<6xf32>",
    )
    for exponent in ("2.0", "3.0", "7.0", "0.5", "1.7", "-2.0", "-0.5", "0.0", "9.0"):
        add(
            f"pow_{len(cases)}",
            [x],
            f"""
            %a = onnx.Abs %x : ({X}) -> {X}
            %c = onnx.Constant dense<{exponent}> : tensor<f32>
            %r0 = onnx.Pow %a, %c : ({X}, tensor<f32>) -> {X}""",
            X,
            tolerance=1e-3,
        )
    add(
        "pow_int",
        [signed],
        f"""
        %c = onnx.Constant dense<3> : tensor<i64>
        %r0 = onnx.Pow %a, %c : ({N}, tensor<i64>) -> {N}""",
        N,
    )
    add(
        "pow_mixed",
        [signed, ("e", N, ints(0, 5, 12), ["n"])],
        f"%r0 = onnx.Pow %a, %e : ({N}, {N}) -> {N}",
        N,
    )
    values = np.array([-2.7, -1, -0.5, 0, 0.5, 1.5, 100.9], np.float32)
    for to in ("i64", "i32", "i8", "i1", "f64", "f16"):
        add(
            "cast_f32_" + to,
            [("v", "tensor<?xf32>", values)],
            f"%r0 = onnx.Cast %v : (tensor<?xf32>) -> tensor<?x{to}>",
            f"tensor<?x{to}>",
        )
        if to != "i64":
            add(
                "cast_i64_" + to,
                [signed],
                f"%r0 = onnx.Cast %a : ({N}) -> tensor<?x{to}>",
                f"tensor<?x{to}>",
            )
    for to in ("f32", "i64", "i32"):
        add(
            "cast_i1_" + to,
            [("p", B, bools(9))],
            f"%r0 = onnx.Cast %p : ({B}) -> tensor<?x{to}>",
            f"tensor<?x{to}>",
        )
    H = "tensor<?x4xf16>"
    add(
        "half",
        [("h", H, f(s, 4, dtype=np.float16), ["s", ""])],
        f"""
        %0 = onnx.Add %h, %h : ({H}, {H}) -> {H}
        %1 = onnx.Exp %0 : ({H}) -> {H}
        %r0 = onnx.Softmax %1 {{axis = 1}} : ({H}) -> {H}""",
        H,
        tolerance=2e-3,
    )

    # Products.
    add(
        "matmul_3d_2d",
        [x, ("w", "tensor<8x5xf32>", f(8, 5))],
        f"%r0 = onnx.MatMul %x, %w : ({X}, tensor<8x5xf32>) -> tensor<?x?x5xf32>",
        "tensor<?x?x5xf32>",
    )
    add(
        "matmul_transposed",
        [x, ("w", "tensor<5x8xf32>", f(5, 8))],
        f"""
        %t = onnx.Transpose %w {{perm = array<i64: 1, 0>}} : (tensor<5x8xf32>) -> tensor<8x5xf32>
        %r0 = onnx.MatMul %x, %t : ({X}, tensor<8x5xf32>) -> tensor<?x?x5xf32>""",
        "tensor<?x?x5xf32>",
    )
    Q, K = "tensor<?x2x?x8xf32>", "tensor<?x2x8x?xf32>"
    q = ("q", Q, f(b, 2, s, 8), ["b", "", "s", ""])
    add(
        "matmul_4d",
        [q, ("k", K, f(b, 2, 8, 5), ["b", "", "", "t"])],
        f"%r0 = onnx.MatMul %q, %k : ({Q}, {K}) -> tensor<?x2x?x?xf32>",
        "tensor<?x2x?x?xf32>",
    )
    add(
        "matmul_broadcast",
        [q, ("k", "tensor<1x2x8x?xf32>", f(1, 2, 8, 5))],
        f"%r0 = onnx.MatMul %q, %k : ({Q}, tensor<1x2x8x?xf32>) -> tensor<?x2x?x?xf32>",
        "tensor<?x2x?x?xf32>",
    )
    for batch in {1, b}:
        add(
            f"matmul_unknown_{batch}",
            [q, ("k", K, f(batch, 2, 8, 5))],
            f"%r0 = onnx.MatMul %q, %k : ({Q}, {K}) -> tensor<?x2x?x?xf32>",
            "tensor<?x2x?x?xf32>",
        )
    add(
        "matmul_2d_3d",
        [("w", "tensor<?x8xf32>", f(3, 8)), ("k", "tensor<?x8x4xf32>", f(b, 8, 4))],
        "%r0 = onnx.MatMul %w, %k : (tensor<?x8xf32>, tensor<?x8x4xf32>) -> tensor<?x?x4xf32>",
        "tensor<?x?x4xf32>",
    )
    add(
        "matmul_unit_batch",
        [x, ("w", "tensor<1x1x8x5xf32>", f(1, 1, 8, 5))],
        f"%r0 = onnx.MatMul %x, %w : ({X}, tensor<1x1x8x5xf32>) -> tensor<1x?x?x5xf32>",
        "tensor<1x?x?x5xf32>",
    )
    V = "tensor<8xf32>"
    v = ("v", V, f(8))
    add(
        "matmul_vectors",
        [v, ("w", V, f(8)), x],
        f"""
        %r0 = onnx.MatMul %v, %w : ({V}, {V}) -> tensor<f32>
        %r1 = onnx.MatMul %x, %v : ({X}, {V}) -> tensor<?x?xf32>""",
        "tensor<f32>",
        "tensor<?x?xf32>",
    )
    add(
        "matmul_vector_left",
        [v, ("k", "tensor<?x8x4xf32>", f(b, 8, 4))],
        f"%r0 = onnx.MatMul %v, %k : ({V}, tensor<?x8x4xf32>) -> tensor<?x4xf32>",
        "tensor<?x4xf32>",
    )
    add(
        "matmul_int",
        [
            ("i", "tensor<?x3xi32>", ints(-5, 5, 4, 3, dtype=np.int32)),
            ("j", "tensor<3x2xi32>", ints(-5, 5, 3, 2, dtype=np.int32)),
        ],
        "%r0 = onnx.MatMul %i, %j : (tensor<?x3xi32>, tensor<3x2xi32>) -> tensor<?x2xi32>",
        "tensor<?x2xi32>",
    )
    add(
        "matmul_half",
        [
            ("h", H, f(s, 4, dtype=np.float16)),
            ("g", "tensor<4x3xf16>", f(4, 3, dtype=np.float16)),
        ],
        f"%r0 = onnx.MatMul %h, %g : ({H}, tensor<4x3xf16>) -> tensor<?x3xf16>",
        "tensor<?x3xf16>",
        tolerance=2e-3,
    )
    for index, (ta, tb, alpha, beta, c) in enumerate(
        (
            (0, 0, 1.0, 1.0, (5,)),
            (1, 0, 0.5, 1.0, (1, 5)),
            (0, 1, 1.0, 2.0, (4, 1)),
            (1, 1, 2.0, 0.0, ()),
            (0, 1, 1.0, 1.0, None),
        )
    ):
        A = "tensor<8x?xf32>" if ta else "tensor<?x8xf32>"
        W = "tensor<5x8xf32>" if tb else "tensor<8x5xf32>"
        arguments = [
            ("a", A, f(8, 4) if ta else f(4, 8)),
            ("w", W, f(5, 8) if tb else f(8, 5)),
        ]
        extra, types = "", f"{A}, {W}"
        if c is not None:
            C = "tensor<" + "".join(f"{n}x" for n in c) + "f32>"
            arguments.append(("c", C, f(*c)))
            extra, types = ", %c", f"{types}, {C}"
        flags = "".join([", transA" * ta, ", transB" * tb])
        add(
            f"gemm_{index}",
            arguments,
            f"%r0 = onnx.Gemm %a, %w{extra} {{alpha = {alpha}, beta = {beta}{flags}}}"
            f" : ({types}) -> tensor<?x5xf32>",
            "tensor<?x5xf32>",
        )

    # Reductions and norms.
    for op in ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceL2"):
        add(
            "last_" + op,
            [x],
            f"%r0 = onnx.{op} %x {{axes = array<i64: 2>, keepdims}} : ({X}) -> tensor<?x?x1xf32>",
            "tensor<?x?x1xf32>",
        )
        add(
            "outer_" + op,
            [x],
            f"%r0 = onnx.{op} %x {{axes = array<i64: 0, 2>}} : ({X}) -> tensor<?xf32>",
            "tensor<?xf32>",
        )
        add(
            "all_" + op,
            [x],
            f"%r0 = onnx.{op} %x {{axes = array<i64: 0, 1, 2>}} : ({X}) -> tensor<f32>",
            "tensor<f32>",
        )
        if op != "ReduceL2":
            add(
                "int_" + op,
                [signed],
                f"%r0 = onnx.{op} %a {{axes = array<i64: 0>, keepdims}} : ({N}) -> tensor<1xi64>",
                "tensor<1xi64>",
            )
    for axis in range(3):
        add(
            f"softmax_{axis}",
            [x],
            f"%r0 = onnx.Softmax %x {{axis = {axis}}} : ({X}) -> {X}",
            X,
        )
    add(
        "layernorm",
        [x, v, ("w", V, f(8))],
        f"%r0 = onnx.LayerNormalization %x scale %v bias %w {{axis = 2, epsilon = 1.0e-5 : f64}}"
        f" : ({X}, {V}, {V}) -> {X}",
        X,
    )
    add(
        "layernorm_two_axes",
        [x],
        f"%r0 = onnx.LayerNormalization %x {{axis = 1, epsilon = 1.0e-5 : f64}} : ({X}) -> {X}",
        X,
    )

    # Shapes.
    add(
        "shape",
        [x],
        f"%r0 = onnx.Shape %x {{start = 0, end = 3}} : ({X}) -> tensor<3xi64>",
        "tensor<3xi64>",
    )
    add(
        "reshape_split_merge",
        [x],
        f"""
        %b = arith.constant 0 : index
        %one = arith.constant 1 : index
        %db = tensor.dim %x, %b : {X}
        %ds = tensor.dim %x, %one : {X}
        %r0 = onnx.Reshape %x to [%db, %ds, 4, 2] : ({X}) -> tensor<?x?x4x2xf32>
        %r1 = onnx.Reshape %x to [-1, 8] : ({X}) -> tensor<?x8xf32>
        %r2 = onnx.Reshape %x to [4, -1] : ({X}) -> tensor<4x?xf32>
        %r3 = onnx.Reshape %x to [1, -1, 1] : ({X}) -> tensor<1x?x1xf32>""",
        "tensor<?x?x4x2xf32>",
        "tensor<?x8xf32>",
        "tensor<4x?xf32>",
        "tensor<1x?x1xf32>",
    )
    add(
        "reshape_computed",
        [x, ("n", "tensor<3xi64>", np.array([2, -1, 4]))],
        f"""
        %i0 = arith.constant 0 : index
        %i1 = arith.constant 1 : index
        %i2 = arith.constant 2 : index
        %e0 = tensor.extract %n[%i0] : tensor<3xi64>
        %e1 = tensor.extract %n[%i1] : tensor<3xi64>
        %e2 = tensor.extract %n[%i2] : tensor<3xi64>
        %d0 = arith.index_cast %e0 : i64 to index
        %d1 = arith.index_cast %e1 : i64 to index
        %d2 = arith.index_cast %e2 : i64 to index
        %r0 = onnx.Reshape %x to [%d0, %d1, %d2] : ({X}) -> tensor<?x?x?xf32>""",
        "tensor<?x?x?xf32>",
    )
    add(
        "reshape_followed",
        [x],
        f"""
        %s = onnx.Shape %x {{start = 0, end = 2}} : ({X}) -> tensor<2xi64>
        %c = onnx.Constant dense<[2, -1]> : tensor<2xi64>
        %n = onnx.Concat %s, %c {{axis = 0}} : (tensor<2xi64>, tensor<2xi64>) -> tensor<4xi64>
        %i0 = arith.constant 0 : index
        %i1 = arith.constant 1 : index
        %i2 = arith.constant 2 : index
        %i3 = arith.constant 3 : index
        %e0 = tensor.extract %n[%i0] : tensor<4xi64>
        %e1 = tensor.extract %n[%i1] : tensor<4xi64>
        %e2 = tensor.extract %n[%i2] : tensor<4xi64>
        %e3 = tensor.extract %n[%i3] : tensor<4xi64>
        %d0 = arith.index_cast %e0 : i64 to index
        %d1 = arith.index_cast %e1 : i64 to index
        %d2 = arith.index_cast %e2 : i64 to index
        %d3 = arith.index_cast %e3 : i64 to index
        %0 = onnx.Reshape %x to [%d0, %d1, %d2, %d3] : ({X}) -> tensor<?x?x?x?xf32>
        %r0 = onnx.Transpose %0 {{perm = array<i64: 0, 2, 1, 3>}}
            : (tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32>""",
        "tensor<?x?x?x?xf32>",
    )
    add(
        "reshape_scalar",
        [("z", "tensor<f32>", f())],
        """
        %r0 = onnx.Reshape %z to [1, 1] : (tensor<f32>) -> tensor<1x1xf32>
        %r1 = onnx.Reshape %r0 to [] : (tensor<1x1xf32>) -> tensor<f32>""",
        "tensor<1x1xf32>",
        "tensor<f32>",
    )
    add(
        "squeeze",
        [("u", "tensor<1x?x?xf32>", f(1, s, 1))],
        """
        %r0 = onnx.Squeeze %u {axes = array<i64: 0, 2>} : (tensor<1x?x?xf32>) -> tensor<?xf32>
        %r1 = onnx.Unsqueeze %r0 {axes = array<i64: 0, 2>} : (tensor<?xf32>) -> tensor<1x?x1xf32>""",
        "tensor<?xf32>",
        "tensor<1x?x1xf32>",
    )
    for extent in (1, 3):
        add(
            f"expand_{extent}",
            [("u", "tensor<?x1xf32>", f(extent, 1)), x],
            f"""
            %three = arith.constant 3 : index
            %zero = arith.constant 0 : index
            %d = tensor.dim %x, %zero : {X}
            %r0 = onnx.Expand %u to [%d, 3, 1] : (tensor<?x1xf32>) -> tensor<?x3x1xf32>""",
            "tensor<?x3x1xf32>",
        )
    add(
        "filled",
        [x],
        f"""
        %zero = arith.constant 0 : index
        %d = tensor.dim %x, %zero : {X}
        %r0 = onnx.ConstantOfShape [%d, 2] value 7 : i64 -> tensor<?x2xi64>""",
        "tensor<?x2xi64>",
    )
    I = "tensor<i64>"
    for start, limit, delta in ((0, 5, 1), (5, 0, -2), (3, 3, 1), (1, 8, 3)):
        add(
            f"range_{len(cases)}",
            [
                ("i", I, np.array(start)),
                ("j", I, np.array(limit)),
                ("k", I, np.array(delta)),
            ],
            f"%r0 = onnx.Range %i, %j, %k : ({I}, {I}, {I}) -> tensor<?xi64>",
            "tensor<?xi64>",
        )
    S = "tensor<f32>"
    add(
        "range_float",
        [
            (n, S, np.array(value, np.float32))
            for n, value in (("i", 0.5), ("j", 3.1), ("k", 0.25))
        ],
        f"%r0 = onnx.Range %i, %j, %k : ({S}, {S}, {S}) -> tensor<?xf32>",
        "tensor<?xf32>",
    )

    # Data movement.
    for start, end, step in (
        (0, 2, 1),
        (-2, 9223372036854775807, 1),
        (1, -1, 1),
        (5, 1, 1),
        (0, 100, 2),
        (-1, -100, -1),
        (100, 0, -2),
        (8, 0, 1),
    ):
        add(
            f"slice_{len(cases)}",
            [x],
            f"%r0 = onnx.Slice %x [{start}, 1] to [{end}, 7] {{axes = array<i64: 1, 2>,"
            f" steps = array<i64: {step}, 3>}} : ({X}) -> tensor<?x?x2xf32>",
            "tensor<?x?x2xf32>",
        )
    add(
        "slice_computed",
        [x, ("i", I, np.array(-s)), ("j", I, np.array(s - 1))],
        f"""
        %e = tensor.extract %i[] : {I}
        %f = tensor.extract %j[] : {I}
        %from = arith.index_cast %e : i64 to index
        %to = arith.index_cast %f : i64 to index
        %r0 = onnx.Slice %x [%from] to [%to] {{axes = array<i64: 1>,
            steps = array<i64: 1>}} : ({X}) -> {X}""".replace(
            "axes = array<i64: 1>,\n", "axes = array<i64: 1>,"
        ),
        X,
    )
    for axis in range(3):
        add(
            f"gather_{axis}",
            [x, ("i", "tensor<?x2xi64>", ints(-1, 1, 3, 2))],
            f"%r0 = onnx.Gather %x, %i {{axis = {axis}}} : ({X}, tensor<?x2xi64>) -> "
            f"tensor<{'x'.join(['?'] * axis + ['?x2'] + ['?', '?', '8'][axis + 1 :])}xf32>",
            f"tensor<{'x'.join(['?'] * axis + ['?x2'] + ['?', '?', '8'][axis + 1 :])}xf32>",
        )
    add(
        "gather_one",
        [x],
        f"""
        %c = onnx.Constant dense<-1> : tensor<i64>
        %r0 = onnx.Gather %x, %c {{axis = 1}} : ({X}, tensor<i64>) -> tensor<?x8xf32>
        %l = onnx.Constant dense<[0, -1]> : tensor<2xi64>
        %r1 = onnx.Gather %x, %l {{axis = 1}} : ({X}, tensor<2xi64>) -> tensor<?x2x8xf32>""",
        "tensor<?x8xf32>",
        "tensor<?x2x8xf32>",
    )
    add(
        "gather_i32",
        [
            ("t", "tensor<7x3xf32>", f(7, 3)),
            ("i", "tensor<?xi32>", ints(-7, 7, 6, dtype=np.int32)),
        ],
        "%r0 = onnx.Gather %t, %i {axis = 0} : (tensor<7x3xf32>, tensor<?xi32>) -> tensor<?x3xf32>",
        "tensor<?x3xf32>",
    )
    add(
        "concat",
        [x, ("y", X, f(b, s + 1, 8))],
        f"%r0 = onnx.Concat %x, %y, %x {{axis = 1}} : ({X}, {X}, {X}) -> {X}",
        X,
    )
    add(
        "split",
        [x],
        f"""
        %r0, %r1, %r2 = onnx.Split %x into [3, 0, 5] {{axis = 2}}
            : ({X}) -> (tensor<?x?x3xf32>, tensor<?x?x0xf32>, tensor<?x?x5xf32>)""".replace(
            "}\n", "}"
        ),
        "tensor<?x?x3xf32>",
        "tensor<?x?x0xf32>",
        "tensor<?x?x5xf32>",
    )
    add(
        "transpose",
        [q],
        f"%r0 = onnx.Transpose %q {{perm = array<i64: 0, 2, 3, 1>}}"
        f" : ({Q}) -> tensor<?x?x8x2xf32>",
        "tensor<?x?x8x2xf32>",
    )
    return cases


def make_refused():
    """Inputs outside of what an operator is defined for."""
    X, I = "tensor<?x?xf32>", "tensor<?xi64>"
    x = ("x", X, np.ones((2, 3), np.float32))

    def y(*shape):
        return "y", X, np.ones(shape, np.float32)

    def ints(*values):
        return "i", I, np.array(values)

    cases = []

    def add(name, arguments, body, result, message):
        cases.append(Case(name, arguments, body, [result], message=message))

    for index in (-3, 2):
        add(
            f"gather_{index + 3}_outside",
            [x, ints(0, index)],
            f"%r0 = onnx.Gather %x, %i {{axis = 0}} : ({X}, {I}) -> {X}",
            X,
            f"Gather: index {index} is outside an axis of 2 elements",
        )
    add(
        "no_broadcast",
        [x, y(2, 2)],
        f"%r0 = onnx.Add %x, %y : ({X}, {X}) -> {X}",
        X,
        "Add: extents 2 and 3 do not broadcast",
    )
    add(
        "no_product",
        [x, y(2, 3)],
        f"%r0 = onnx.MatMul %x, %y : ({X}, {X}) -> {X}",
        X,
        "MatMul: cannot multiply 3 columns by 2 rows",
    )
    add(
        "no_reshape",
        [x],
        f"%r0 = onnx.Reshape %x to [4, -1] : ({X}) -> tensor<4x?xf32>",
        "tensor<4x?xf32>",
        "Reshape: cannot reshape 6 elements to 4",
    )
    add(
        "no_squeeze",
        [x],
        f"%r0 = onnx.Squeeze %x {{axes = array<i64: 0>}} : ({X}) -> tensor<?xf32>",
        "tensor<?xf32>",
        "Squeeze: cannot remove a dimension of extent 2",
    )
    add(
        "no_split",
        [x],
        f"%r0, %r1 = onnx.Split %x into [1, 1] {{axis = 1}} :"
        f" ({X}) -> (tensor<?x1xf32>, tensor<?x1xf32>)",
        "tensor<?x1xf32>",
        "Split: sizes add up to 2 but the extent .* is 3",
    )
    add(
        "no_concat",
        [x, y(2, 4)],
        f"%r0 = onnx.Concat %x, %y {{axis = 0}} : ({X}, {X}) -> {X}",
        X,
        "Concat: operands have different extents 4 and 3",
    )
    add(
        "no_step",
        [("i", "tensor<i64>", np.array(0))],
        """
        %n = onnx.Constant dense<5> : tensor<i64>
        %r0 = onnx.Range %i, %n, %i
            : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>""",
        I,
        "Range: delta is 0",
    )
    add(
        "negative_size",
        [("i", "tensor<i64>", np.array(-2))],
        """
        %e = tensor.extract %i[] : tensor<i64>
        %n = arith.index_cast %e : i64 to index
        %r0 = onnx.ConstantOfShape [%n] value 1 : i64 -> tensor<?xi64>""",
        I,
        "ConstantOfShape: size -2 is negative",
    )
    return cases


def main(make_cases, make_refused):
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    cases = make_cases(np.random.default_rng(seed)) + make_refused()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        module = os.path.join(folder, "operators.mlir")
        library = os.path.join(folder, "operators.so")
        with open(module, "w") as file:
            file.write("\n".join(case.text() for case in cases))
        code, message = run(
            "ockham",
            "compile",
            module,
            "-o",
            library,
            "--passes",
            "canonicalize",
            *sys.argv[2:],
        )
        if code:
            sys.exit(message)
        for case in cases:
            wanted = None
            if case.message is None:
                wanted = call(case, folder, "--interpret", module)
            difference = compare(case, call(case, folder, library), wanted)
            if difference:
                failed += 1
                print(f"{case.name}: {difference}\n{case.text()}")
    if failed:
        sys.exit(f"{failed} of {len(cases)} cases differ")
    print(f"{len(cases)} cases agree with the interpreter")


if __name__ == "__main__":
    main(make_cases, make_refused)
