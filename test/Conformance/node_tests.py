"""onnx's node tests: finding, reading and rewriting them.

A node test is a folder with model.onnx and test_data_set_0/{input,output}_N.pb.
"""

import os
import sys
from dataclasses import dataclass

#: How to get what is missing, for messages.
INSTALL = "run scripts/install-dependencies.sh --tests"

try:
    import numpy as np
    import onnx
except ImportError as error:
    sys.exit(f"{sys.executable}: {error}: {INSTALL}")

#: The cases of the two versions that can be had.
CASE_COUNTS = {"1.22": 1765, "1.12": 932}

# Element types: ONNX's name, NumPy's, and the field of TensorProto for elements
# that are not in raw_data. bfloat16 is kept as NumPy stores ml_dtypes' arrays.
BFLOAT16 = np.dtype("V2")
_TYPES = {
    1: ("float", np.dtype("float32"), "float_data"),
    2: ("uint8", np.dtype("uint8"), "int32_data"),
    3: ("int8", np.dtype("int8"), "int32_data"),
    4: ("uint16", np.dtype("uint16"), "int32_data"),
    5: ("int16", np.dtype("int16"), "int32_data"),
    6: ("int32", np.dtype("int32"), "int32_data"),
    7: ("int64", np.dtype("int64"), "int64_data"),
    8: ("string", None, None),
    9: ("bool", np.dtype("bool"), "int32_data"),
    10: ("float16", np.dtype("float16"), "int32_data"),
    11: ("double", np.dtype("float64"), "double_data"),
    12: ("uint32", np.dtype("uint32"), "uint64_data"),
    13: ("uint64", np.dtype("uint64"), "uint64_data"),
    14: ("complex64", None, None),
    15: ("complex128", None, None),
    16: ("bfloat16", BFLOAT16, "int32_data"),
    17: ("float8e4m3fn", None, None),
    18: ("float8e4m3fnuz", None, None),
    19: ("float8e5m2", None, None),
    20: ("float8e5m2fnuz", None, None),
    21: ("uint4", None, None),
    22: ("int4", None, None),
    23: ("float4e2m1", None, None),
    24: ("float8e8m0", None, None),
    25: ("uint2", None, None),
    26: ("int2", None, None),
}
_UINT16, _BFLOAT16 = 4, 16


def type_name(code):
    """ONNX's name of an element type, also of one that is newer than we are."""
    return _TYPES[code][0] if code in _TYPES else f"type{code}"


def read_array(tensor):
    """The elements of a TensorProto as an array; None for types that NumPy (or
    we) do not have."""
    _, dtype, field = _TYPES.get(tensor.data_type, (None, None, None))
    if dtype is None:
        return None
    if tensor.HasField("raw_data"):
        bits = np.frombuffer(tensor.raw_data, dtype.newbyteorder("<"))
    elif dtype in (np.dtype("float16"), BFLOAT16):
        bits = np.array(getattr(tensor, field), "uint16").view(dtype)
    else:
        bits = np.array(getattr(tensor, field), dtype)
    return bits.reshape(tuple(tensor.dims)).astype(dtype, copy=True)


def _value_types(value):
    """The element types in a ValueInfoProto, and "sequence" and the like."""
    kind = value.type.WhichOneof("value")
    if kind == "tensor_type":
        return {type_name(value.type.tensor_type.elem_type)}
    return {(kind or "no_type").removesuffix("_type")}


def _walk(graph, functions):
    """All nodes of a graph, of the graphs in it and of the functions it uses."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _walk(attribute.g, functions)
            for inner in attribute.graphs:
                yield from _walk(inner, functions)
    for function in functions:
        yield from _walk(function, ())


def qualified(node):
    """Name of a node's operator, with its domain unless that is ONNX's own."""
    domain = "" if node.domain in ("", "ai.onnx") else node.domain + "."
    return domain + node.op_type


# What is data when the other inputs become constants: the first input, except
# for these (None: no input). An embedding looks up computed indices in a
# constant table, and masks are constants more often than what they mask.
_DATA_INPUT = {
    "ConstantOfShape": None,
    "Gather": 1,
    "If": None,
    "Range": None,
    "Where": 1,
}


@dataclass
class Case:
    """A node test. inputs and outputs are arrays in the model's order, None
    where an element type cannot be read."""

    name: str
    folder: str
    model: onnx.ModelProto
    inputs: list
    outputs: list
    #: Operators and element types that occur anywhere in it.
    operators: frozenset
    types: frozenset
    #: The operator that it tests, also where the model is its function body.
    subject: str = ""

    @property
    def input_names(self):
        return [value.name for value in self.model.graph.input]

    @property
    def is_expanded(self):
        """Whether the model is a function body in place of an operator."""
        return "_expanded" in self.name

    @property
    def parameters(self):
        """Indices of the inputs that can become constants."""
        data = _DATA_INPUT.get(self.subject, 0)
        return [
            index
            for index, value in enumerate(self.model.graph.input)
            if index != data and value.type.WhichOneof("value") == "tensor_type"
        ]

    def with_constants(self):
        """The model with its parameters as constants."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        graph = model.graph
        for index in self.parameters:
            tensor = graph.initializer.add()
            value = graph.input[index]
            tensor.CopyFrom(_read_declared(self.folder, "input", index, value))
            tensor.name = value.name
        # Before version 4 of the format an initializer must be an input, too.
        if model.ir_version >= 4:
            for index in reversed(self.parameters):
                del graph.input[index]
        return model


def _read_tensor(folder, kind, index):
    tensor = onnx.TensorProto()
    path = os.path.join(folder, "test_data_set_0", f"{kind}_{index}.pb")
    with open(path, "rb") as file:
        tensor.ParseFromString(file.read())
    return tensor


def _read_declared(folder, kind, index, value):
    """A tensor of the type that the model declares: the files of onnx 1.12 hold
    bfloat16 as uint16."""
    tensor = _read_tensor(folder, kind, index)
    if (tensor.data_type, value.type.tensor_type.elem_type) == (_UINT16, _BFLOAT16):
        tensor.data_type = _BFLOAT16
    return tensor


def _read_values(folder, kind, values):
    arrays = []
    for index, value in enumerate(values):
        # Sequences and optional values are other messages than tensors.
        if value.type.WhichOneof("value") == "tensor_type":
            arrays.append(read_array(_read_declared(folder, kind, index, value)))
        else:
            arrays.append(None)
    return arrays


def read_case(folder):
    model = onnx.ModelProto()
    with open(os.path.join(folder, "model.onnx"), "rb") as file:
        model.ParseFromString(file.read())
    graph = model.graph
    operators, types = set(), set()
    for value in [*graph.input, *graph.output]:
        types |= _value_types(value)
    for node in _walk(graph, model.functions):
        operators.add(qualified(node))
        for attribute in node.attribute:
            if attribute.HasField("t"):
                types.add(type_name(attribute.t.data_type))
            if node.op_type == "Cast" and attribute.name == "to":
                types.add(type_name(attribute.i))
    for tensor in graph.initializer:
        types.add(type_name(tensor.data_type))
    return Case(
        name=os.path.basename(folder),
        folder=folder,
        model=model,
        inputs=_read_values(folder, "input", graph.input),
        outputs=_read_values(folder, "output", graph.output),
        operators=frozenset(operators),
        types=frozenset(types),
    )


def _find_subject(case, by_name):
    """The operator that a case tests. A function body is named like the case
    with the operator, and a suffix."""
    name = case.name
    if case.is_expanded:
        sibling = by_name.get(name[: name.index("_expanded")])
        if sibling:
            return _find_subject(sibling, by_name)
    nodes = [node for node in case.model.graph.node if node.op_type != "Constant"]
    if not nodes:
        return "Constant"
    # Tests of sequences and optional values build their input first.
    if len(nodes) == 1 or not case.is_expanded:
        for node in nodes:
            if node.op_type.lower() in name.replace("_", ""):
                return qualified(node)
    return qualified(nodes[0])


def read_cases(folder):
    """All cases in a folder, by name."""
    cases = {
        name: read_case(os.path.join(folder, name))
        for name in sorted(os.listdir(folder))
        if os.path.exists(os.path.join(folder, name, "model.onnx"))
    }
    for case in cases.values():
        case.subject = _find_subject(case, cases)
    return cases


def find_data(root, wanted=None):
    """(version, folder) of the wanted or newest node tests, or exits."""
    folders = {
        "1.22": os.path.join(root, ".cache", "onnx-node-tests-1.22"),
        "1.12": "/usr/share/libonnx-testdata/data/node",
    }
    for version, folder in folders.items():
        if wanted in (None, version) and os.path.isdir(folder):
            return version, folder
    names = " nor ".join(f for v, f in folders.items() if wanted in (None, v))
    sys.exit(f"onnx's node tests are missing, there is no {names}: {INSTALL}")
