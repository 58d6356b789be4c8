"""Writes small ONNX files, right and wrong ones, for the importer's tests.

    python3 make_model.py TEST

writes into the current folder every file that a line of the test describes with
a Python expression:

    MODEL relu.onnx: one("Relu")
    MODEL text.onnx: b"not a model"

Standard library only: a few lines of protobuf writing and the field numbers of
onnx.proto.
"""

import struct
import sys

FLOAT, UINT8, INT8, UINT16, INT16, INT32, INT64, STRING, BOOL = range(1, 10)
FLOAT16, DOUBLE, UINT32, UINT64, COMPLEX64, COMPLEX128, BFLOAT16 = range(10, 17)


# Protobuf.


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | (value & 0x7F))
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, value):
    """One field: an integer, a float (32 bits), text or bytes."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(number, values):
    return b"".join(field(number, value) for value in values)


# ONNX.


def tensor(name, type, dims, raw=None, **typed):
    """A tensor with raw bytes, typed values (float_data=[...], ...) or external
    data (external={"location": ..., ...})."""
    out = fields(1, dims) + field(2, type) + (field(8, name) if name else b"")
    numbers = {"float_data": 4, "int32_data": 5, "int64_data": 7, "double_data": 10}
    formats = {"float_data": "f", "double_data": "d"}
    for key, values in typed.items():
        if key == "external":
            for entry in values.items():
                out += field(13, field(1, entry[0]) + field(2, str(entry[1])))
            out += field(14, 1)
        elif key in formats:
            out += field(
                numbers[key], struct.pack(f"<{len(values)}{formats[key]}", *values)
            )
        else:
            out += field(numbers[key], b"".join(varint(v) for v in values))
    if raw is not None:
        out += field(9, raw)
    return out


def floats(name, dims, values):
    return tensor(name, FLOAT, dims, struct.pack(f"<{len(values)}f", *values))


def ints(name, values):
    return tensor(name, INT64, [len(values)], struct.pack(f"<{len(values)}q", *values))


class Graph(bytes):
    """A graph within a node."""


class Ref(str):
    """Stands for the attribute of this name of the function around the node, an
    integer unless `type` says otherwise."""

    type = 2


def sparse(values, indices, dims):
    return field(1, values) + field(2, indices) + fields(3, dims)


def attribute(name, value):
    out = field(1, name)
    if isinstance(value, Ref):
        return out + field(21, value) + field(20, value.type)
    if isinstance(value, Graph):
        return out + field(6, value) + field(20, 5)
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, float):
        return out + field(2, value) + field(20, 1)
    if isinstance(value, int):
        return out + field(3, value) + field(20, 2)
    if isinstance(value, str):
        return out + field(4, value) + field(20, 3)
    if isinstance(value, bytes):  # a tensor
        return out + field(5, value) + field(20, 4)
    if value and isinstance(value[0], float):
        return out + fields(7, value) + field(20, 6)
    return out + fields(8, value) + field(20, 7)


def node(op, inputs, outputs, name=None, domain=None, **attributes):
    out = fields(1, inputs) + fields(2, outputs)
    out += field(3, "/" + op.lower() if name is None else name) + field(4, op)
    out += fields(5, [attribute(k, v) for k, v in attributes.items()])
    return out + (field(7, domain) if domain else b"")


def value(name, type, dims):
    shape = b""
    for dim in dims or []:
        if isinstance(dim, str):
            shape += field(1, field(2, dim))
        else:
            shape += field(1, b"" if dim is None else field(1, dim))
    tensor_type = field(1, type) + (b"" if dims is None else field(2, shape))
    return field(1, name) + field(2, field(1, tensor_type))


def graph(nodes, inputs, outputs, initializers=()):
    return (
        fields(1, nodes)
        + field(2, "test")
        + fields(5, initializers)
        + fields(11, inputs)
        + fields(12, outputs)
    )


def branch(nodes, outputs, initializers=()):
    """A branch of an If."""
    outputs = [value(name, FLOAT, None) for name in outputs]
    return Graph(graph(nodes, [], outputs, initializers))


def function(
    name,
    inputs,
    outputs,
    nodes,
    attributes=(),
    defaults=(),
    opset=17,
    domains=(),
    overload="",
):
    """A function of the domain "pkg"; `defaults` are name and value pairs."""
    opsets = [("", opset)] * (opset is not None) + list(domains)
    out = field(1, name) + fields(4, inputs) + fields(5, outputs)
    out += fields(6, attributes) + fields(7, nodes)
    out += fields(9, [field(1, d) + field(2, v) for d, v in opsets])
    out += field(10, "pkg") + fields(11, [attribute(*pair) for pair in defaults])
    return out + (field(13, overload) if overload else b"")


def call(function, inputs, outputs, name=None, overload="", **attributes):
    """A call of a function of the domain "pkg"."""
    out = node(function, inputs, outputs, name, "pkg", **attributes)
    return out + (field(8, overload) if overload else b"")


def model(graph, opset=17, ir=8, domains=(), functions=(), extra=b""):
    opsets = [("", opset)] * (opset is not None) + list(domains)
    out = field(1, ir) + field(2, "make_model") + field(3, "1")
    out += b"" if graph is None else field(7, graph)
    out += fields(8, [field(1, d) + field(2, v) for d, v in opsets])
    return out + fields(25, functions) + extra


def calls(nodes, functions, inputs=None, opset=17):
    """A model from x to y that calls functions."""
    body = graph(nodes, inputs or [X], [Y])
    return model(body, opset, ir=10, domains=[("pkg", 1)], functions=functions)


X = value("x", FLOAT, ["n", 4])
Y = value("y", FLOAT, ["n", 4])


def one(
    op, inputs=("x",), outputs=("y",), opset=17, types=(X,), consts=(), **attributes
):
    """A model of one node; `consts` are initializers. A domain has version 1."""
    domains = [(attributes["domain"], 1)] if "domain" in attributes else []
    results = [value(output, FLOAT, None) for output in outputs if output]
    nodes = [node(op, inputs, outputs, **attributes)]
    return model(graph(nodes, types, results, consts), opset, domains=domains)


def add_weight(w):
    """y = x + w."""
    return model(graph([node("Add", ["x", "w"], ["y"], "/add")], [X], [Y], [w]))


def models(test):
    """The names and bytes of the files that a test describes."""
    with open(test) as file:
        lines = [line for line in file if line.startswith("MODEL ")]
    for line in lines:
        name, expression = line[len("MODEL ") :].split(": ", 1)
        yield name, eval(expression)


def main():
    for name, data in models(sys.argv[1]):
        with open(name, "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main()
