"""Compares compiled gathers, scatters, pads, convolutions and contractions with
the reference interpreter, as onnx_operators.py does for the other operators."""

import numpy as np
from onnx_operators import Case, main


def tensor_of(array):
    """The type of an argument: every extent is known only at run time."""
    element = {
        "float32": "f32",
        "float16": "f16",
        "float64": "f64",
        "int64": "i64",
        "int32": "i32",
        "int8": "i8",
        "uint8": "ui8",
        "bool": "i1",
    }[str(array.dtype)]
    dims = "".join("?x" for _ in range(array.ndim))
    return f"tensor<{dims}{element}>"


def make_cases(random):
    def f(*shape, dtype=np.float32):
        return np.array(random.standard_normal(shape), dtype)

    def ints(low, high, *shape, dtype=np.int64):
        return np.array(random.integers(low, high, shape), dtype)

    cases = []

    def add(name, arrays, body, result, tolerance=1e-5):
        """`body` has the arguments' types by name: {x}."""
        types = {key: tensor_of(array) for key, array in arrays.items()}
        arguments = [(key, types[key], array) for key, array in arrays.items()]
        text = "%r0 = " + body.format(**types, r=result) + f" -> {result}"
        cases.append(Case(name, arguments, text, [result], tolerance))

    # Gathers.
    x = f(3, 5, 4)
    X = "tensor<?x?x?xf32>"
    for axis in range(3):
        extents = [2, 3, 2]
        extents[axis] = 6
        add(
            f"gather_elements_{axis}",
            {"x": x, "i": ints(-x.shape[axis], x.shape[axis], *extents)},
            f"onnx.GatherElements %x, %i {{{{axis = {axis}}}}} : ({{x}}, {{i}})",
            X,
        )
    add(
        "gather_elements_f16",
        {"x": f(3, 5, dtype=np.float16), "i": ints(-5, 5, 3, 2, dtype=np.int32)},
        "onnx.GatherElements %x, %i {{axis = 1}} : ({x}, {i})",
        "tensor<?x?xf16>",
    )
    add(
        "gather_elements_bool",
        {"x": ints(0, 2, 4, dtype=bool), "i": ints(-4, 4, 7)},
        "onnx.GatherElements %x, %i {{axis = 0}} : ({x}, {i})",
        "tensor<?xi1>",
    )
    add(
        "gather_elements_none",
        {"x": f(4), "i": ints(0, 1, 0)},
        "onnx.GatherElements %x, %i {{axis = 0}} : ({x}, {i})",
        "tensor<?xf32>",
    )
    for batch, length, result in ((0, 1, "?x?x?x?"), (0, 3, "?x?"), (1, 2, "?x?")):
        extents = [3, 2, length]
        low = -min(x.shape[batch : batch + length])
        indices = ints(low, -low, *extents)
        cases.append(
            Case(
                f"gather_nd_{batch}_{length}",
                [("x", X, x), ("i", f"tensor<?x?x{length}xi64>", indices)],
                f"%r0 = onnx.GatherND %x, %i {{batch_dims = {batch}}} :"
                f" ({X}, tensor<?x?x{length}xi64>) -> tensor<{result}xf32>",
                [f"tensor<{result}xf32>"],
            )
        )

    # Scatters, with targets that are hit more than once.
    for kind in ("replace", "add", "mul", "min", "max"):
        for dtype in (np.float32, np.int64, np.int8, np.uint8):
            if dtype == np.float32:
                data, updates = f(4, 6), f(3, 9)
            else:
                # Beyond what a signed byte holds, where there is no sign.
                low, high = (0, 255) if dtype == np.uint8 else (-9, 9)
                data = ints(low, high, 4, 6, dtype=dtype)
                updates = ints(low, high, 3, 9, dtype=dtype)
            add(
                f"scatter_elements_{kind}_{np.dtype(dtype).name}",
                {"x": data, "i": ints(-6, 6, 3, 9), "u": updates},
                f"onnx.ScatterElements {kind} %x, %i, %u {{{{axis = 1}}}}"
                " : ({x}, {i}, {u})",
                tensor_of(data),
            )
        for length, rest in ((1, (6, 2)), (2, (2,)), (3, ())):
            data, updates = f(4, 6, 2), f(5, *rest)
            low = -min(data.shape[:length])
            I = f"tensor<?x{length}xi64>"
            U = tensor_of(updates)
            cases.append(
                Case(
                    f"scatter_nd_{kind}_{length}",
                    [
                        ("x", X, data),
                        ("i", I, ints(low, -low, 5, length)),
                        ("u", U, updates),
                    ],
                    f"%r0 = onnx.ScatterND {kind} %x, %i, %u : ({X}, {I}, {U}) -> {X}",
                    [X],
                )
            )
    add(
        "scatter_f16",
        {"x": f(8, dtype=np.float16), "i": ints(-8, 8, 5), "u": f(5, dtype=np.float16)},
        "onnx.ScatterElements max %x, %i, %u {{axis = 0}} : ({x}, {i}, {u})",
        "tensor<?xf16>",
    )
    # What is scattered into is read again.
    S = "tensor<?xf32>"
    cases.append(
        Case(
            "scatter_copies",
            [("x", S, f(5)), ("i", "tensor<?xi64>", ints(0, 5, 3)), ("u", S, f(3))],
            f"""
        %s = onnx.ScatterElements add %x, %i, %u {{axis = 0}} : ({S}, tensor<?xi64>, {S}) -> {S}
        %r0 = onnx.Sub %s, %x : ({S}, {S}) -> {S}""",
            [S],
        )
    )

    # Pads, as far as twice the extent, and off both sides.
    for mode in ("constant", "edge", "reflect", "wrap"):
        for low, high in ((2, 1), (7, 9), (-1, 2), (-1, -2), (0, 0)):
            cases.append(
                Case(
                    f"pad_{mode}_{len(cases)}",
                    [("x", X, x), ("n", "tensor<i64>", np.array(low))],
                    f"""
        %e = tensor.extract %n[] : tensor<i64>
        %low = arith.index_cast %e : i64 to index
        %r0 = onnx.Pad {mode} %x low [1, %low, 0] high [0, {high}, 2] : ({X}) -> {X}""",
                    [X],
                )
            )
    cases.append(
        Case(
            "pad_value",
            [("x", X, x), ("v", "tensor<f32>", f())],
            "%r0 = onnx.Pad constant %x value %v low [0, 0, 1] high [2, 0, 0]"
            f" : ({X}, tensor<f32>) -> {X}",
            [X],
        )
    )
    add(
        "pad_all_away",
        {"x": f(3)},
        "onnx.Pad constant %x low [-3] high [2] : ({x})",
        "tensor<?xf32>",
    )
    for axis in range(3):
        for flags in ("", ", exclusive", ", reverse", ", exclusive, reverse"):
            add(
                f"cumsum_{axis}_{len(cases)}",
                {"x": x},
                f"onnx.CumSum %x {{{{axis = {axis}{flags}}}}} : ({{x}})",
                X,
            )
    add(
        "cumsum_int",
        {"x": ints(-9, 9, 7, dtype=np.int32)},
        "onnx.CumSum %x {{axis = 0}} : ({x})",
        "tensor<?xi32>",
    )
    add(
        "cumsum_f16",
        {"x": f(3, 4, dtype=np.float16)},
        "onnx.CumSum %x {{axis = 1}} : ({x})",
        "tensor<?x?xf16>",
        tolerance=1e-2,
    )
    A = "tensor<?x8xf32>"
    cases.append(
        Case(
            "split_computed",
            [("x", A, f(2, 8)), ("n", "tensor<i64>", np.array(5))],
            f"""
        %e = tensor.extract %n[] : tensor<i64>
        %size = arith.index_cast %e : i64 to index
        %r0, %r1 = onnx.Split %x into [%size, 3] {{axis = 1}} : ({A}) -> (tensor<?x?xf32>, tensor<?x3xf32>)""",
            ["tensor<?x?xf32>", "tensor<?x3xf32>"],
        )
    )

    # Convolutions: batch, channels, groups, extents, kernel, strides, dilations,
    # pads, bias.
    for batch, channels, outputs, group, extents, kernel, window in (
        (2, 3, 4, 1, (9,), (3,), ((1,), (1,), (0, 0))),
        (1, 4, 6, 2, (17,), (4,), ((2,), (2,), (3, 1))),
        (2, 3, 8, 1, (9, 21), (3, 3), ((1, 1), (1, 1), (1, 1, 1, 1))),
        (1, 3, 5, 1, (8, 8), (4, 4), ((4, 4), (1, 1), (0, 0, 0, 0))),
        (3, 6, 6, 6, (7, 19), (3, 2), ((1, 1), (2, 3), (2, 0, 1, 4))),
        (1, 5, 7, 1, (6, 40), (1, 1), ((1, 1), (1, 1), (0, 0, 0, 0))),
        (1, 4, 4, 2, (4, 5, 6), (2, 3, 2), ((1, 2, 1), (1, 1, 2), (0, 1, 1, 1, 0, 0))),
        (0, 2, 2, 1, (5,), (3,), ((1,), (1,), (0, 0))),
    ):
        strides, dilations, pads = (", ".join(map(str, entry)) for entry in window)
        attributes = (
            f"{{strides = array<i64: {strides}>, dilations = array<i64: {dilations}>,"
            f" pads = array<i64: {pads}>, group = {group}}}"
        )
        image = f(batch, channels, *extents)
        weights = f(outputs, channels // group, *kernel)
        I = tensor_of(image)
        for dims in ("static", "dynamic"):
            shape = "x".join(map(str, weights.shape))
            W = I if dims == "dynamic" else f"tensor<{shape}xf32>"
            B = "tensor<?xf32>" if dims == "dynamic" else f"tensor<{outputs}xf32>"
            R = I if dims == "dynamic" else I.replace("?x?", f"?x{outputs}", 1)
            cases.append(
                Case(
                    f"conv_{dims}_{len(cases)}",
                    [("x", I, image), ("w", W, weights), ("b", B, f(outputs))],
                    f"%r0 = onnx.Conv %x, %w bias %b {attributes} : ({I}, {W}, {B}) -> {R}",
                    [R],
                    tolerance=1e-4,
                )
            )
    H = "tensor<?x?x?xf16>"
    add(
        "conv_f16",
        {"x": f(2, 3, 9, dtype=np.float16), "w": f(4, 3, 3, dtype=np.float16)},
        "onnx.Conv %x, %w {{strides = array<i64: 1>, dilations = array<i64: 1>,"
        " pads = array<i64: 1, 1>, group = 1}} : ({x}, {w})",
        H,
        tolerance=1e-2,
    )

    # Named dimensions.
    for equation, *shapes in (
        ("ii->i", (5, 5)),
        ("ii->", (5, 5)),
        ("bii->bi", (3, 4, 4)),
        ("iji->j", (4, 3, 4)),
        ("ij->ji", (3, 5)),
        ("ij,jk->ik", (3, 17), (17, 5)),
        ("bij,bkj->bik", (2, 3, 5), (2, 4, 5)),
        ("i,j,k->kij", (2,), (3,), (4,)),
        ("ij,ij->", (3, 5), (1, 5)),
        (",i->i", (), (4,)),
    ):
        operands = {chr(ord("t") + i): f(*shape) for i, shape in enumerate(shapes)}
        dims = "".join("?x" for _ in equation.split("->")[1])
        add(
            f"einsum_{len(cases)}",
            operands,
            f'onnx.Einsum "{equation}" '
            + ", ".join("%" + name for name in operands)
            + " : ("
            + ", ".join("{" + name + "}" for name in operands)
            + ")",
            f"tensor<{dims}f32>",
            tolerance=1e-4,
        )
    add(
        "einsum_int",
        {"x": ints(-9, 9, 4, 4, dtype=np.int32)},
        'onnx.Einsum "ii->i" %x : ({x})',
        "tensor<?xi32>",
    )
    return cases


def make_refused():
    """Inputs outside of what an operator is defined for."""
    X, I, N = "tensor<?x?xf32>", "tensor<?x?xi64>", "tensor<i64>"
    x = ("x", X, np.ones((2, 3), np.float32))
    cases = []

    def add(name, arguments, body, result, message):
        cases.append(Case(name, arguments, body, [result], message=message))

    def indices(*values):
        return "i", I, np.array(values)

    for index in (-4, 3):
        add(
            f"no_gather_elements_{index + 4}",
            [x, indices([index], [0])],
            f"%r0 = onnx.GatherElements %x, %i {{axis = 1}} : ({X}, {I}) -> {X}",
            X,
            f"GatherElements: index {index} is outside an axis of 3 elements",
        )
        add(
            f"no_scatter_elements_{index + 4}",
            [x, indices([0], [index]), ("u", X, np.ones((2, 1), np.float32))],
            f"%r0 = onnx.ScatterElements add %x, %i, %u {{axis = 1}} : ({X}, {I}, {X}) -> {X}",
            X,
            f"ScatterElements: index {index} is outside an axis of 3 elements",
        )
    add(
        "gather_elements_rows",
        [x, indices([0], [0], [0])],
        f"%r0 = onnx.GatherElements %x, %i {{axis = 1}} : ({X}, {I}) -> {X}",
        X,
        "GatherElements: indices have extent 3 where the data have 2",
    )
    add(
        "scatter_elements_updates",
        [x, indices([0], [0]), ("u", X, np.ones((2, 2), np.float32))],
        f"%r0 = onnx.ScatterElements add %x, %i, %u {{axis = 1}} : ({X}, {I}, {X}) -> {X}",
        X,
        "ScatterElements: updates have extent 2 where the indices have 1",
    )
    L = "tensor<?x2xi64>"
    for index in ([2, 0], [0, -4]):
        lists = ("i", L, np.array([[0, 0], index]))
        add(
            f"no_gather_nd_{index[0]}",
            [x, lists],
            f"%r0 = onnx.GatherND %x, %i {{batch_dims = 0}} : ({X}, {L}) -> tensor<?xf32>",
            "tensor<?xf32>",
            "GatherND: index (2|-4) is outside an axis of (2|3) elements",
        )
        add(
            f"no_scatter_nd_{index[0]}",
            [x, lists, ("u", "tensor<?xf32>", np.ones(2, np.float32))],
            f"%r0 = onnx.ScatterND replace %x, %i, %u : ({X}, {L}, tensor<?xf32>) -> {X}",
            X,
            "ScatterND: index (2|-4) is outside an axis of (2|3) elements",
        )
    add(
        "gather_nd_batch",
        [x, ("i", "tensor<?x1xi64>", np.zeros((3, 1), np.int64))],
        f"%r0 = onnx.GatherND %x, %i {{batch_dims = 1}} : ({X}, tensor<?x1xi64>) -> tensor<?xf32>",
        "tensor<?xf32>",
        "GatherND: batch dimensions have different extents 3 and 2",
    )
    number = """
        %e = tensor.extract %n[] : tensor<i64>
        %k = arith.index_cast %e : i64 to index
        """
    add(
        "pad_negative",
        [x, ("n", N, np.array(-4))],
        f"{number}%r0 = onnx.Pad constant %x low [0, %k] high [0, 0] : ({X}) -> {X}",
        X,
        "Pad: size -1 is negative",
    )
    add(
        "pad_empty",
        [("x", X, np.ones((2, 0), np.float32)), ("n", N, np.array(1))],
        f"{number}%r0 = onnx.Pad edge %x low [0, %k] high [0, 0] : ({X}) -> {X}",
        X,
        "Pad: repeats a dimension of 0 elements",
    )
    add(
        "pad_huge",
        [x, ("n", N, np.array(2**63 - 1))],
        f"{number}%r0 = onnx.Pad constant %x low [0, %k] high [0, %k] : ({X}) -> {X}",
        X,
        "Pad: size 9223372036854775807 is beyond 281474976710656",
    )
    # Sizes whose sum or product wraps around to the right one.
    add(
        "split_huge",
        [x, ("n", N, np.array(2**63 - 1))],
        f"{number}%r0, %r1, %r2 = onnx.Split %x into [%k, %k, 5] {{axis = 1}}"
        f" : ({X}) -> ({X}, {X}, tensor<?x5xf32>)",
        X,
        "Split: size 9223372036854775807 is more than the axis has, 3",
    )
    add(
        "reshape_huge",
        [("x", X, np.ones((2, 0), np.float32)), ("n", N, np.array(2**32))],
        f"{number}%r0 = onnx.Reshape %x to [%k, %k] : ({X}) -> {X}",
        X,
        "Reshape: cannot reshape 0 elements to 0",
    )
    add(
        "split_negative",
        [x, ("n", N, np.array(-1))],
        f"{number}%r0, %r1 = onnx.Split %x into [%k, 4] {{axis = 1}} : ({X}) -> ({X}, tensor<?x4xf32>)",
        X,
        "Split: size -1 is negative",
    )
    C = "tensor<?x?x?xf32>"
    attributes = (
        "{strides = array<i64: 1>, dilations = array<i64: 2>,"
        " pads = array<i64: 0, 1>, group = 2}"
    )
    for name, image, weights, message in (
        ("channels", (1, 4, 9), (2, 3, 2), "has 4 input channels, but .* for 6"),
        ("outputs", (1, 4, 9), (3, 2, 2), "has 3 output channels"),
        ("span", (1, 4, 3), (2, 2, 3), "has a kernel that spans 5 of 4 elements"),
    ):
        add(
            "no_conv_" + name,
            [
                ("x", C, np.ones(image, np.float32)),
                ("w", C, np.ones(weights, np.float32)),
            ],
            f"%r0 = onnx.Conv %x, %w {attributes} : ({C}, {C}) -> {C}",
            C,
            "Conv: " + message,
        )
    return cases


if __name__ == "__main__":
    main(make_cases, make_refused)
