"""An ONNX graph that rewrites can change: who makes and reads a value, what is
constant, what rank it has."""

import contextlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference

FLOATS = {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16}


class Graph:
    """One copy of a model. Nodes stand in `nodes`, in an order that runs."""

    def __init__(self, model, types):
        """`types` is what infer_types() says of the model."""
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        graph = self.model.graph
        self.nodes = list(graph.node)
        self.initializers = {tensor.name: tensor for tensor in graph.initializer}
        self.inputs = [value.name for value in graph.input]
        self.outputs = [value.name for value in graph.output]
        self.opset = next(
            entry.version for entry in self.model.opset_import if not entry.domain
        )
        self.types = dict(types)
        self.count = 0

    def finish(self):
        """The model as it is now."""
        graph = self.model.graph
        nodes = [helper_copy(node) for node in self.nodes]
        del graph.node[:]
        graph.node.extend(nodes)
        tensors = [helper_copy(tensor) for tensor in self.initializers.values()]
        del graph.initializer[:]
        graph.initializer.extend(tensors)
        # What was inferred holds no longer once values have other names.
        del graph.value_info[:]
        return self.model

    def raise_opset(self, version):
        """From 13 on, up to 17, operators only learned more."""
        for entry in self.model.opset_import:
            if not entry.domain:
                entry.version = max(entry.version, version)
        self.opset = max(self.opset, version)

    # Names and values.

    def fresh(self, stem="v"):
        # No dot: a number without dimensions whose name has one is a parameter.
        self.count += 1
        return f"rw_{stem}_{self.count}"

    def type_of(self, name):
        """(element type, dimensions) or None."""
        return self.types.get(name)

    def is_float(self, name):
        known = self.type_of(name)
        return known is not None and known[0] == TensorProto.FLOAT

    def rank(self, name):
        known = self.type_of(name)
        return None if known is None or known[1] is None else len(known[1])

    def producer(self, name):
        for node in self.nodes:
            if name in node.output:
                return node
        return None

    def consumers(self, name):
        """(node, input index) of all that reads a value."""
        return [
            (node, i)
            for node in self.nodes
            for i, other in enumerate(node.input)
            if other == name
        ]

    def constant(self, name):
        """The elements of a number or list of the program; None for anything
        that is computed or a parameter."""
        tensor = self.initializers.get(name)
        if tensor is not None:
            is_number = not tensor.dims and (name.startswith("/") or "." not in name)
            is_integer = tensor.data_type not in FLOATS
            return numpy_helper.to_array(tensor) if is_number or is_integer else None
        node = self.producer(name)
        if node is None or node.op_type != "Constant":
            return None
        return constant_of(node)

    def scalar(self, name):
        """The one float of a constant with one element, or None."""
        array = self.constant(name) if name else None
        if array is None or array.size != 1 or array.dtype != np.float32:
            return None
        return float(array.reshape(())), array.shape

    # Changes.

    def add_constant(self, array, before):
        """A new constant node, in front of another node."""
        name = self.fresh("c")
        tensor = numpy_helper.from_array(np.asarray(array))
        self.insert(before, helper.make_node("Constant", [], [name], value=tensor))
        self.types[name] = (tensor.data_type, list(np.asarray(array).shape))
        return name

    def add_node(self, before, op_type, inputs, like=None, type_=None, **attributes):
        """A new node in front of another one; returns its output's name. Its type
        is that of the value `like`, or `type_`."""
        name = self.fresh(op_type.lower())
        node = helper.make_node(op_type, inputs, [name], name=f"/{name}", **attributes)
        self.insert(before, node)
        self.types[name] = self.types.get(like) if like else type_
        return name

    def insert(self, before, node):
        self.nodes.insert(self.position(before), node)

    def position(self, node):
        return next(i for i, other in enumerate(self.nodes) if other is node)

    def remove(self, node):
        del self.nodes[self.position(node)]

    def replace(self, node, name):
        """A value in place of the only result of a node, which goes; results of
        the graph keep their names."""
        (old,) = node.output
        if old in self.outputs:
            maker = self.producer(name)
            if maker is None:
                raise Unfit("an input or a weight is no result")
            for i, output in enumerate(maker.output):
                if output == name:
                    maker.output[i] = old
            for reader, i in self.consumers(name):
                reader.input[i] = old
            self.types[old] = self.types.get(name) or self.types.get(old)
        else:
            for reader, i in self.consumers(old):
                reader.input[i] = name
        self.remove(node)


class Unfit(Exception):
    """A rewrite that found no place after all."""


def helper_copy(proto):
    copy = type(proto)()
    copy.CopyFrom(proto)
    return copy


def constant_of(node):
    """The elements of a Constant node."""
    for attribute in node.attribute:
        if attribute.name == "value":
            return numpy_helper.to_array(attribute.t)
        if attribute.name == "value_float":
            return np.array(attribute.f, np.float32)
        if attribute.name == "value_int":
            return np.array(attribute.i, np.int64)
        if attribute.name == "value_floats":
            return np.array(attribute.floats, np.float32)
        if attribute.name == "value_ints":
            return np.array(attribute.ints, np.int64)
    return None


def attribute_of(node, name, default=None):
    for attribute in node.attribute:
        if attribute.name == name:
            return helper.get_attribute_value(attribute)
    return default


def set_attribute(node, name, value):
    for i, attribute in enumerate(node.attribute):
        if attribute.name == name:
            del node.attribute[i]
            break
    node.attribute.append(helper.make_attribute(name, value))


def infer_types(model):
    """Element type and dimensions of every value that onnx knows about."""
    with contextlib.suppress(Exception):  # Operators that this onnx does not know.
        model = shape_inference.infer_shapes(model)
    graph = model.graph
    types = {}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        tensor = value.type.tensor_type
        dims = None
        if tensor.HasField("shape"):
            dims = [
                d.dim_value if d.HasField("dim_value") else d.dim_param or None
                for d in tensor.shape.dim
            ]
        types[value.name] = (tensor.elem_type, dims)
    for tensor in graph.initializer:
        types[tensor.name] = (tensor.data_type, list(tensor.dims))
    return types
