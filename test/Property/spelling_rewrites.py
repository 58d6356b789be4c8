"""Other ways to write a norm, an activation, a linear, an attention."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from onnx_graph import Unfit, attribute_of, set_attribute
from structure_rewrites import choose

# Of masks: what is added to hide a key.
HIDDEN = -1e4


def square_as_product(graph, rng):
    """Pow(x, 2) and Pow(x, 3) as products."""
    places = [
        (n, graph.scalar(n.input[1])[0])
        for n in graph.nodes
        if n.op_type == "Pow"
        and graph.scalar(n.input[1]) is not None
        and graph.scalar(n.input[1])[0] in (2.0, 3.0)
    ]
    node, power = choose(rng, places)
    x = node.input[0]
    other = x
    if power == 3.0:
        other = graph.add_node(node, "Mul", [x, x], like=x)
    node.op_type = "Mul"
    operands = [x, other]
    rng.shuffle(operands)
    node.input[0], node.input[1] = operands


def product_as_square(graph, rng):
    node = choose(
        rng,
        [
            n
            for n in graph.nodes
            if n.op_type == "Mul"
            and n.input[0] == n.input[1]
            and graph.is_float(n.input[0])
        ],
    )
    node.op_type = "Pow"
    node.input[1] = graph.add_constant(np.float32(2), node)


def root_as_power(graph, rng):
    node = choose(rng, [n for n in graph.nodes if n.op_type == "Sqrt"])
    if not graph.is_float(node.input[0]):
        raise Unfit
    half = graph.add_constant(np.float32(0.5), node)
    node.op_type = "Pow"
    node.input.append(half)


def mean_as_sum(graph, rng):
    """A mean over a known number of elements is a sum, divided."""
    places = []
    for node in graph.nodes:
        if node.op_type != "ReduceMean" or len(node.input) != 1:
            continue
        axes = attribute_of(node, "axes")
        known = graph.type_of(node.input[0])
        if axes is None or known is None or known[1] is None:
            continue
        extents = [known[1][axis] for axis in axes]
        if all(isinstance(extent, int) for extent in extents):
            places.append((node, axes, int(np.prod(extents))))
    node, axes, count = choose(rng, places)
    keepdims = attribute_of(node, "keepdims", 1)
    axes = graph.add_constant(np.array(axes, np.int64), node)
    total = graph.add_node(
        node,
        "ReduceSum",
        [node.input[0], axes],
        like=node.output[0],
        keepdims=keepdims,
    )
    if rng.random() < 0.5:
        number = graph.add_constant(np.float32(count), node)
        mean = graph.add_node(node, "Div", [total, number], like=node.output[0])
    else:
        number = graph.add_constant(np.float32(1 / count), node)
        mean = graph.add_node(node, "Mul", [total, number], like=node.output[0])
    graph.replace(node, mean)


def decompose_norm(graph, rng):
    """LayerNormalization in single operators, in one of many spellings."""
    node = choose(
        rng,
        [
            n
            for n in graph.nodes
            if n.op_type == "LayerNormalization"
            and not n.domain
            and len(n.output) == 1
            and attribute_of(n, "axis", -1) in (-1, (graph.rank(n.input[0]) or 0) - 1)
        ],
    )
    x, scale, *bias = node.input
    element, dims = graph.type_of(x) or (None, None)
    if element != TensorProto.FLOAT or dims is None:
        raise Unfit
    row = (element, [*dims[:-1], 1])

    def mean(name):
        if graph.opset >= 18:
            axes = graph.add_constant(np.array([-1], np.int64), node)
            return graph.add_node(
                node, "ReduceMean", [name, axes], type_=row, keepdims=1
            )
        return graph.add_node(
            node, "ReduceMean", [name], type_=row, axes=[-1], keepdims=1
        )

    centred = graph.add_node(node, "Sub", [x, mean(x)], like=x)
    if rng.random() < 0.5:
        two = graph.add_constant(np.float32(2), node)
        square = graph.add_node(node, "Pow", [centred, two], like=x)
    else:
        square = graph.add_node(node, "Mul", [centred, centred], like=x)
    eps = graph.add_constant(np.float32(attribute_of(node, "epsilon", 1e-5)), node)
    operands = [mean(square), eps]
    rng.shuffle(operands)
    variance = graph.add_node(node, "Add", operands, type_=row)
    std = graph.add_node(node, "Sqrt", [variance], type_=row)
    if rng.random() < 0.5:
        result = graph.add_node(node, "Div", [centred, std], like=x)
    else:
        inverse = graph.add_node(node, "Reciprocal", [std], type_=row)
        result = graph.add_node(node, "Mul", [inverse, centred], like=x)
    operands = [result, scale]
    rng.shuffle(operands)
    result = graph.add_node(node, "Mul", operands, like=x)
    if bias and bias[0]:
        operands = [result, bias[0]]
        rng.shuffle(operands)
        result = graph.add_node(node, "Add", operands, like=x)
    graph.replace(node, result)


def compose_norm(graph, rng):
    """The usual decomposition as one LayerNormalization."""
    node = choose(rng, [n for n in graph.nodes if match_norm(graph, n)])
    graph.raise_opset(17)
    x, scale, bias, eps = match_norm(graph, node)
    result = graph.add_node(
        node, "LayerNormalization", [x, scale, bias], like=x, axis=-1, epsilon=eps
    )
    graph.replace(node, result)


def match_norm(graph, add):
    """Add(Mul(Div(Sub(x, mean), Sqrt(mean of squares + eps)), scale), bias)."""

    def operand(node, kind):
        """The operand of this kind and the other one."""
        for i in (0, 1):
            maker = graph.producer(node.input[i])
            if maker is not None and maker.op_type == kind:
                return maker, node.input[1 - i]
        return None, None

    if add.op_type != "Add":
        return None
    mul, bias = operand(add, "Mul")
    if mul is None or bias not in graph.initializers:
        return None
    div, scale = operand(mul, "Div")
    if div is None or scale not in graph.initializers:
        return None
    sub, std = graph.producer(div.input[0]), graph.producer(div.input[1])
    if sub is None or std is None or (sub.op_type, std.op_type) != ("Sub", "Sqrt"):
        return None
    variance = graph.producer(std.input[0])
    if variance is None or variance.op_type != "Add":
        return None
    mean, eps = operand(variance, "ReduceMean")
    if mean is None or graph.scalar(eps) is None or graph.scalar(eps)[0] <= 0:
        return None
    square, centre = graph.producer(mean.input[0]), graph.producer(sub.input[1])
    if square is None or centre is None or centre.op_type != "ReduceMean":
        return None
    if centre.input[0] != sub.input[0] or square.op_type not in ("Mul", "Pow"):
        return None
    if square.input[0] != sub.output[0]:
        return None
    if square.op_type == "Mul" and square.input[1] != sub.output[0]:
        return None
    if square.op_type == "Pow" and graph.scalar(square.input[1]) != (2.0, ()):
        return None
    rank = graph.rank(sub.input[0])
    width = graph.types[scale][1]
    for reduction in mean, centre:
        axes = attribute_of(reduction, "axes")
        if len(reduction.input) > 1 and graph.constant(reduction.input[1]) is not None:
            axes = graph.constant(reduction.input[1]).tolist()
        if axes not in ([-1], [(rank or 0) - 1]):
            return None
        if attribute_of(reduction, "keepdims", 1) != 1:
            return None
    if len(width) != 1 or graph.types[bias][1] != width:
        return None
    return sub.input[0], scale, bias, graph.scalar(eps)[0]


def gemm_as_matmul(graph, rng):
    node = choose(
        rng,
        [
            n
            for n in graph.nodes
            if n.op_type == "Gemm"
            and attribute_of(n, "alpha", 1.0) == 1.0
            and attribute_of(n, "beta", 1.0) == 1.0
            and not attribute_of(n, "transA", 0)
        ],
    )
    x, weight, *bias = node.input
    if attribute_of(node, "transB", 0):
        dims = graph.types[weight][1]
        weight = graph.add_node(
            node,
            "Transpose",
            [weight],
            type_=(TensorProto.FLOAT, dims[::-1]),
            perm=[1, 0],
        )
    result = graph.add_node(node, "MatMul", [x, weight], like=node.output[0])
    if bias and bias[0]:
        operands = [result, bias[0]]
        rng.shuffle(operands)
        result = graph.add_node(node, "Add", operands, like=node.output[0])
    graph.replace(node, result)


def weights(graph, kinds):
    """(node, weight) of products with a matrix that is read once."""
    for node in graph.nodes:
        if node.op_type not in kinds:
            continue
        name = node.input[1]
        tensor = graph.initializers.get(name)
        if (
            tensor is not None
            and len(tensor.dims) == 2
            and tensor.data_type == TensorProto.FLOAT
            and len(graph.consumers(name)) == 1
        ):
            yield node, name


def matmul_as_gemm(graph, rng):
    """Rows are flattened around a Gemm."""
    node, weight = choose(
        rng,
        [
            (n, w)
            for n, w in weights(graph, ("MatMul",))
            if (graph.rank(n.input[0]) or 0) >= 2
        ],
    )
    x = node.input[0]
    dims = graph.types[x][1]
    inner, width = graph.types[weight][1]
    if len(dims) == 2:
        result = graph.add_node(node, "Gemm", [x, weight], like=node.output[0])
        graph.replace(node, result)
        return
    lengths = [
        graph.add_node(node, "Shape", [x], type_=(TensorProto.INT64, [len(dims)]))
    ]
    outer = graph.add_node(
        node,
        "Slice",
        [
            lengths[0],
            graph.add_constant(np.array([0], np.int64), node),
            graph.add_constant(np.array([-1], np.int64), node),
        ],
        type_=(TensorProto.INT64, [len(dims) - 1]),
    )
    last = graph.add_constant(np.array([width], np.int64), node)
    shape = graph.add_node(
        node,
        "Concat",
        [outer, last],
        type_=(TensorProto.INT64, [len(dims)]),
        axis=0,
    )
    flat = graph.add_constant(np.array([-1, inner], np.int64), node)
    rows = graph.add_node(
        node, "Reshape", [x, flat], type_=(TensorProto.FLOAT, [None, inner])
    )
    product = graph.add_node(
        node, "Gemm", [rows, weight], type_=(TensorProto.FLOAT, [None, width])
    )
    result = graph.add_node(node, "Reshape", [product, shape], like=node.output[0])
    graph.replace(node, result)


def transpose_weight(graph, rng):
    """A weight that is stored the other way round."""
    node, name = choose(rng, weights(graph, ("MatMul", "Gemm")))
    stored = np.ascontiguousarray(numpy_helper.to_array(graph.initializers[name]).T)
    del graph.initializers[name]
    # The dot: it stays a parameter.
    turned = f"{graph.fresh('w')}.transposed"
    graph.initializers[turned] = numpy_helper.from_array(stored, turned)
    graph.types[turned] = (TensorProto.FLOAT, list(stored.shape))
    if node.op_type == "Gemm" and rng.random() < 0.6:
        set_attribute(node, "transB", 1 - attribute_of(node, "transB", 0))
        node.input[1] = turned
        return
    node.input[1] = graph.add_node(
        node,
        "Transpose",
        [turned],
        type_=(TensorProto.FLOAT, list(stored.shape)[::-1]),
        perm=[1, 0],
    )


def scale_operand(graph, rng):
    """(a b) c, of a number c, becomes (a c) b or a (b c): the scale of scores, on
    queries or on keys."""
    places = []
    for node in graph.nodes:
        if node.op_type not in ("Mul", "Div"):
            continue
        for i in (0, 1):
            product = graph.producer(node.input[i])
            factor = graph.scalar(node.input[1 - i])
            if (
                product is not None
                and product.op_type == "MatMul"
                and factor is not None
                and (node.op_type == "Mul" or i == 0)
                and not any(name in graph.initializers for name in product.input)
                and len(graph.consumers(product.output[0])) == 1
            ):
                places.append((node, i, product))
    node, i, product = choose(rng, places)
    side = rng.randrange(2)
    operands = list(product.input)
    scaled = operands[side]
    operands[side] = graph.add_node(
        node, node.op_type, [scaled, node.input[1 - i]], like=scaled
    )
    result = graph.add_node(node, "MatMul", operands, like=node.output[0])
    graph.replace(node, result)


def scale_product(graph, rng):
    """(a c) b becomes (a b) c, where neither is a weight."""
    places = []
    for node in graph.nodes:
        if node.op_type != "MatMul" or set(node.input) & set(graph.initializers):
            continue
        for side in (0, 1):
            maker = graph.producer(node.input[side])
            if maker is None or maker.op_type not in ("Mul", "Div"):
                continue
            for i in (0, 1) if maker.op_type == "Mul" else (1,):
                if graph.scalar(maker.input[i]) is not None:
                    places.append((node, side, maker, i))
    node, side, maker, i = choose(rng, places)
    operands = list(node.input)
    operands[side] = maker.input[1 - i]
    product = graph.add_node(node, "MatMul", operands, like=node.output[0])
    result = graph.add_node(
        node, maker.op_type, [product, maker.input[i]], like=node.output[0]
    )
    graph.replace(node, result)


def scale_before_transpose(graph, rng):
    """A number times what was transposed or reshaped, or the other way round."""
    movement = ("Transpose", "Reshape")
    places = []
    for node in graph.nodes:
        maker = graph.producer(node.input[0]) if node.input else None
        if maker is None:
            continue
        if node.op_type in ("Mul", "Div") and maker.op_type in movement:
            if graph.scalar(node.input[1]) is not None:
                places.append((node, maker, True))
        elif (
            node.op_type in movement
            and maker.op_type in ("Mul", "Div")
            and graph.scalar(maker.input[1]) is not None
        ):
            places.append((node, maker, False))
    node, maker, is_scale_last = choose(rng, places)
    scale, move = (node, maker) if is_scale_last else (maker, node)
    attributes = {a.name: helper.get_attribute_value(a) for a in move.attribute}

    def add_scale(name):
        return graph.add_node(node, scale.op_type, [name, scale.input[1]], like=name)

    def add_move(name):
        return graph.add_node(
            node,
            move.op_type,
            [name, *move.input[1:]],
            like=move.output[0],
            **attributes,
        )

    source = maker.input[0]
    if graph.scalar(scale.input[1])[1] != ():
        raise Unfit
    result = (
        add_move(add_scale(source)) if is_scale_last else add_scale(add_move(source))
    )
    graph.replace(node, result)


def mask_as_sum(graph, rng):
    """Where(visible, scores, -inf) becomes scores + Where(visible, 0, -inf)."""
    places = []
    for node in graph.nodes:
        if node.op_type != "Where":
            continue
        hidden, zero = graph.scalar(node.input[2]), graph.scalar(node.input[1])
        reader = [n for n, _ in graph.consumers(node.output[0])]
        if (
            hidden is not None
            and hidden[0] <= HIDDEN
            and zero is None
            and [n.op_type for n in reader] == ["Softmax"]
        ):
            places.append(node)
    node = choose(rng, places)
    visible, scores, hidden = node.input
    zero = graph.add_constant(np.float32(0), node)
    # Its shape is that of the condition, which nothing here asks for.
    mask = graph.add_node(
        node,
        "Where",
        [visible, zero, hidden],
        type_=(TensorProto.FLOAT, (graph.type_of(visible) or (0, None))[1]),
    )
    operands = [scores, mask]
    rng.shuffle(operands)
    result = graph.add_node(node, "Add", operands, like=node.output[0])
    graph.replace(node, result)


def mask_other_way(graph, rng):
    """Where(c, a, b) becomes Where(Not(c), b, a)."""
    node = choose(rng, [n for n in graph.nodes if n.op_type == "Where"])
    condition, a, b = node.input
    opposite = graph.add_node(node, "Not", [condition], like=condition)
    node.input[0], node.input[1], node.input[2] = opposite, b, a


def split_as_slices(graph, rng):
    """Split, as slices of the same extents."""
    places = []
    for node in graph.nodes:
        if node.op_type != "Split" or len(node.input) != 2:
            continue
        sizes = graph.constant(node.input[1])
        if sizes is not None and not set(node.output) & set(graph.outputs):
            places.append((node, sizes.tolist()))
    node, sizes = choose(rng, places)
    axis = graph.add_constant(np.array([attribute_of(node, "axis", 0)]), node)
    begin = 0
    for output, size in zip(list(node.output), sizes):
        bounds = [
            graph.add_constant(np.array([bound], np.int64), node)
            for bound in (begin, begin + size)
        ]
        part = graph.add_node(
            node, "Slice", [node.input[0], *bounds, axis], like=output
        )
        for reader, i in graph.consumers(output):
            reader.input[i] = part
        begin += size
    graph.remove(node)


SPELLINGS = [
    square_as_product,
    product_as_square,
    root_as_power,
    mean_as_sum,
    decompose_norm,
    compose_norm,
    gemm_as_matmul,
    matmul_as_gemm,
    transpose_weight,
    scale_operand,
    scale_product,
    scale_before_transpose,
    mask_as_sum,
    mask_other_way,
    split_as_slices,
]
