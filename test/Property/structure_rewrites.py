"""Rewrites of any graph: they change how it is written down, not what it says.

A rewrite is a function of a graph and a random.Random. It changes one place,
chosen at random, or raises Unfit when there is none.
"""

import numpy as np
from onnx import TensorProto, numpy_helper
from onnx_graph import Unfit, constant_of, helper_copy, set_attribute


def choose(rng, places):
    places = list(places)
    if not places:
        raise Unfit
    return rng.choice(places)


def edges(graph, fits):
    """(node, input index) of the values that fit, apart from constants."""
    for node in graph.nodes:
        for i, name in enumerate(node.input):
            if name and fits(node, i, name):
                yield node, i


def float_edges(graph):
    def fits(node, i, name):
        return (
            graph.is_float(name)
            and name not in graph.initializers
            and graph.rank(name) is not None
            and graph.constant(name) is None
        )

    return edges(graph, fits)


def swap_operands(graph, rng):
    node = choose(
        rng,
        [
            n
            for n in graph.nodes
            if n.op_type in ("Add", "Mul", "And", "Or", "Equal", "Max", "Min")
            and len(n.input) == 2
        ],
    )
    node.input[0], node.input[1] = node.input[1], node.input[0]


def swap_all_operands(graph, rng):
    """All commutative operators of one kind at once."""
    kind = rng.choice(["Add", "Mul"])
    for node in graph.nodes:
        if node.op_type == kind:
            node.input[0], node.input[1] = node.input[1], node.input[0]


def insert_identity(graph, rng):
    node, i = choose(rng, edges(graph, lambda node, i, name: name in graph.types))
    name = node.input[i]
    node.input[i] = graph.add_node(node, "Identity", [name], like=name)


def insert_cast(graph, rng):
    """To the type that it has; of extents and ids to 32 bits and back.

    Of ids wherever they are read: that they fit into 32 bits is not for the compiler
    to know, so one reader's ids would not be another's.
    """

    def fits(node, i, name):
        if graph.is_float(name):
            return name not in graph.initializers
        known = graph.type_of(name)
        if known is None or known[0] != TensorProto.INT64:
            return False
        maker = graph.producer(name)
        return name in graph.inputs or (maker is not None and maker.op_type == "Shape")

    node, i = choose(rng, edges(graph, fits))
    name = node.input[i]
    if graph.is_float(name):
        node.input[i] = graph.add_node(
            node, "Cast", [name], like=name, to=TensorProto.FLOAT
        )
        return
    readers = [n for n in graph.nodes if name in n.input]
    before = readers[0] if name in graph.inputs else node
    narrow = graph.add_node(
        before,
        "Cast",
        [name],
        type_=(TensorProto.INT32, graph.types[name][1]),
        to=TensorProto.INT32,
    )
    wide = graph.add_node(before, "Cast", [narrow], like=name, to=TensorProto.INT64)
    for reader in readers if name in graph.inputs else [node]:
        for place, other in enumerate(reader.input):
            if other == name:
                reader.input[place] = wide


def insert_reshapes(graph, rng):
    """Rows flattened and put back."""
    node, i = choose(
        rng, [(n, i) for n, i in float_edges(graph) if graph.rank(n.input[i]) > 1]
    )
    name = node.input[i]
    dims = graph.types[name][1]
    shape = graph.add_node(
        node, "Shape", [name], type_=(TensorProto.INT64, [len(dims)])
    )
    if isinstance(dims[-1], int) and rng.random() < 0.7:
        flat = np.array([-1, dims[-1]])
        flat_type = (TensorProto.FLOAT, [None, dims[-1]])
    else:
        flat = np.array([-1])
        flat_type = (TensorProto.FLOAT, [None])
    target = graph.add_constant(flat.astype(np.int64), node)
    rows = graph.add_node(node, "Reshape", [name, target], type_=flat_type)
    node.input[i] = graph.add_node(node, "Reshape", [rows, shape], like=name)


def insert_transposes(graph, rng):
    node, i = choose(
        rng, [(n, i) for n, i in float_edges(graph) if graph.rank(n.input[i]) > 1]
    )
    name = node.input[i]
    element, dims = graph.types[name]
    there = list(range(len(dims)))
    rng.shuffle(there)
    back = [there.index(axis) for axis in range(len(dims))]
    middle = graph.add_node(
        node,
        "Transpose",
        [name],
        type_=(element, [dims[axis] for axis in there]),
        perm=there,
    )
    node.input[i] = graph.add_node(node, "Transpose", [middle], like=name, perm=back)


def insert_unsqueeze(graph, rng):
    node, i = choose(rng, float_edges(graph))
    name = node.input[i]
    element, dims = graph.types[name]
    axis = rng.randint(0, len(dims))
    axes = graph.add_constant(np.array([axis], np.int64), node)
    wide = graph.add_node(
        node,
        "Unsqueeze",
        [name, axes],
        type_=(element, [*dims[:axis], 1, *dims[axis:]]),
    )
    node.input[i] = graph.add_node(node, "Squeeze", [wide, axes], like=name)


def scalar_operands(graph, kinds):
    for node in graph.nodes:
        if node.op_type in kinds and len(node.input) == 2:
            for i in (0, 1):
                if graph.scalar(node.input[i]) is not None:
                    yield node, i


def split_constant(graph, rng):
    """c is computed from two constants."""
    node, i = choose(rng, scalar_operands(graph, ("Add", "Sub", "Mul", "Div", "Pow")))
    value, shape = graph.scalar(node.input[i])
    value = np.float32(value)
    if not np.isfinite(value) or abs(value) > 1e30:
        raise Unfit
    kind = rng.choice(["Add", "Sub", "Mul", "Div"])
    # Parts that give the same float again.
    parts = {
        "Add": (value / 2, value / 2),
        "Sub": (value * 2, value),
        "Mul": (value * 4, np.float32(0.25)),
        "Div": (value / 2, np.float32(0.5)),
    }[kind]
    names = [
        graph.add_constant(np.full(shape, part, np.float32), node) for part in parts
    ]
    node.input[i] = graph.add_node(node, kind, names, like=node.input[i])


def split_operation(graph, rng):
    """x + c becomes (x + a) + b with a + b = c, and x * c likewise."""
    node, i = choose(rng, scalar_operands(graph, ("Add", "Mul")))
    value, shape = graph.scalar(node.input[i])
    if not np.isfinite(value) or abs(value) > 1e30:
        raise Unfit
    other = node.input[1 - i]
    parts = (value / 2, value / 2) if node.op_type == "Add" else (value * 2, 0.5)
    first, second = (
        graph.add_constant(np.full(shape, part, np.float32), node) for part in parts
    )
    node.input[1 - i] = graph.add_node(
        node, node.op_type, [other, first], like=node.output[0]
    )
    node.input[i] = second


def move_constant(graph, rng):
    """A constant as an initializer, as a node, as an attribute of another kind."""
    node = choose(
        rng,
        [
            n
            for n in graph.nodes
            if n.op_type == "Constant"
            and n.output[0] not in graph.outputs
            and constant_of(n) is not None
            and (constant_of(n).ndim == 0 or constant_of(n).dtype == np.int64)
            and constant_of(n).size < 16
        ],
    )
    array = constant_of(node)
    kinds = ["initializer", "value"]
    if array.dtype in (np.float32, np.int64) and array.ndim < 2:
        kinds.append("attribute")
    kind = rng.choice(kinds)
    if kind == "initializer":
        name = graph.fresh("c")
        graph.initializers[name] = numpy_helper.from_array(array, name)
        graph.types[name] = (graph.initializers[name].data_type, list(array.shape))
        graph.replace(node, name)
        return
    del node.attribute[:]
    if kind == "value":
        set_attribute(node, "value", numpy_helper.from_array(array))
    elif array.ndim == 0:
        key = "value_float" if array.dtype == np.float32 else "value_int"
        set_attribute(node, key, array.item())
    else:
        key = "value_floats" if array.dtype == np.float32 else "value_ints"
        set_attribute(node, key, array.tolist())


def duplicate(graph, rng):
    """One reader of a value computes it again, from some steps back."""
    node, i = choose(
        rng,
        edges(
            graph,
            lambda node, i, name: (
                graph.producer(name) is not None
                and len(graph.producer(name).output) == 1
            ),
        ),
    )
    node.input[i] = copy_value(graph, node, node.input[i], rng.randint(1, 4))


def copy_value(graph, before, name, depth):
    maker = graph.producer(name)
    if depth == 0 or maker is None or len(maker.output) != 1:
        return name
    copy = helper_copy(maker)
    copy.name = graph.fresh("copy")
    for i, operand in enumerate(copy.input):
        if operand:
            copy.input[i] = copy_value(graph, before, operand, depth - 1)
    copy.output[0] = graph.fresh("copy")
    graph.types[copy.output[0]] = graph.types.get(name)
    graph.insert(before, copy)
    return copy.output[0]


def add_dead_code(graph, rng):
    """A value that nobody reads."""
    node, i = choose(rng, float_edges(graph))
    kind = rng.choice(["Relu", "Tanh", "Sqrt", "Exp"])
    graph.add_node(node, kind, [node.input[i]], like=node.input[i])


def reorder(graph, rng):
    """Another order of the nodes that runs."""
    made_by = {name: i for i, n in enumerate(graph.nodes) for name in n.output}
    waiting, readers = {}, {}
    for i, node in enumerate(graph.nodes):
        needs = {made_by[name] for name in node.input if name in made_by}
        waiting[i] = len(needs)
        for need in needs:
            readers.setdefault(need, []).append(i)
    ready = [i for i, count in waiting.items() if count == 0]
    order = []
    while ready:
        i = ready.pop(rng.randrange(len(ready)))
        order.append(graph.nodes[i])
        for reader in readers.get(i, ()):
            waiting[reader] -= 1
            if waiting[reader] == 0:
                ready.append(reader)
    graph.nodes[:] = order


def rename(graph, rng):
    """Other names for nodes, values and weights."""
    kept = {*graph.inputs, *graph.outputs, ""}
    names = {}

    def rename_one(name):
        if name in kept:
            return name
        if name not in names:
            # The dot says of a weight without dimensions that it is one.
            is_parameter = name in graph.initializers and "." in name
            is_parameter &= not name.startswith("/")
            number = rng.randrange(10**9)
            names[name] = f"p.{number}" if is_parameter else f"t{number}_{len(names)}"
        return names[name]

    for node in graph.nodes:
        node.name = f"n{rng.randrange(10**9)}"
        for field in node.input, node.output:
            for i, name in enumerate(field):
                field[i] = rename_one(name)
    initializers = {}
    for name, tensor in graph.initializers.items():
        tensor.name = rename_one(name)
        initializers[tensor.name] = tensor
    graph.initializers = initializers
    graph.types = {
        name if name in kept else names.get(name, name): known
        for name, known in graph.types.items()
    }


def negative_axes(graph, rng):
    """Axes counted from the other end."""
    node = choose(
        rng,
        [
            n
            for n in graph.nodes
            if n.op_type
            in ("Softmax", "Concat", "Gather", "Split", "LayerNormalization")
            and graph.rank(n.input[0])
            and any(a.name == "axis" for a in n.attribute)
        ],
    )
    for attribute in node.attribute:
        if attribute.name == "axis":
            rank = graph.rank(node.input[0])
            attribute.i += rank if attribute.i < 0 else -rank


def sub_as_add(graph, rng):
    node = choose(
        rng,
        [n for n in graph.nodes if n.op_type == "Sub" and graph.is_float(n.input[1])],
    )
    negative = graph.add_node(node, "Neg", [node.input[1]], like=node.input[1])
    node.op_type = "Add"
    node.input[1] = negative


def div_as_mul(graph, rng):
    node = choose(
        rng,
        [n for n in graph.nodes if n.op_type == "Div" and graph.is_float(n.input[1])],
    )
    divisor = graph.scalar(node.input[1])
    if divisor is not None and rng.random() < 0.6:
        value, shape = divisor
        inverse = graph.add_constant(np.full(shape, 1 / value, np.float32), node)
    else:
        inverse = graph.add_node(
            node, "Reciprocal", [node.input[1]], like=node.input[1]
        )
    node.op_type = "Mul"
    node.input[1] = inverse


def mul_as_div(graph, rng):
    node, i = choose(rng, scalar_operands(graph, ("Mul",)))
    value, shape = graph.scalar(node.input[i])
    if value == 0 or not np.isfinite(value):
        raise Unfit
    inverse = graph.add_constant(np.full(shape, 1 / value, np.float32), node)
    other = node.input[1 - i]
    node.op_type = "Div"
    node.input[0], node.input[1] = other, inverse


def neg_as_other(graph, rng):
    node = choose(
        rng,
        [n for n in graph.nodes if n.op_type == "Neg" and graph.is_float(n.input[0])],
    )
    if rng.random() < 0.5:
        one = graph.add_constant(np.float32(-1), node)
        inputs, kind = [node.input[0], one], "Mul"
    else:
        zero = graph.add_constant(np.float32(0), node)
        inputs, kind = [zero, node.input[0]], "Sub"
    node.op_type = kind
    del node.input[:]
    node.input.extend(inputs)


def regroup_product(graph, rng):
    """(a b) c with one number among them becomes a (b c) or (a c) b."""
    places = []
    for outer in graph.nodes:
        if outer.op_type != "Mul":
            continue
        for i in (0, 1):
            inner = graph.producer(outer.input[i])
            if inner is None or inner.op_type != "Mul":
                continue
            factors = [*inner.input, outer.input[1 - i]]
            if sum(graph.scalar(name) is not None for name in factors) == 1:
                places.append((outer, factors))
    outer, factors = choose(rng, places)
    if any(graph.rank(name) is None for name in factors):
        raise Unfit
    a, b, c = rng.sample(factors, 3)
    pair = (
        b
        if (graph.rank(b), graph.scalar(b) is None)
        > (
            graph.rank(c),
            graph.scalar(c) is None,
        )
        else c
    )
    if graph.scalar(b) is None and graph.scalar(c) is None:
        # The larger of the two, or what both broadcast to.
        pair = outer.output[0]
    product = graph.add_node(outer, "Mul", [b, c], like=pair)
    outer.input[0], outer.input[1] = a, product


STRUCTURE = [
    swap_operands,
    swap_all_operands,
    insert_identity,
    insert_cast,
    insert_reshapes,
    insert_transposes,
    insert_unsqueeze,
    split_constant,
    split_operation,
    move_constant,
    duplicate,
    add_dead_code,
    reorder,
    rename,
    negative_axes,
    sub_as_add,
    div_as_mul,
    mul_as_div,
    neg_as_other,
    regroup_product,
]
