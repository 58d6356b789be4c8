"""Prints what an ONNX file holds, a line for each part.

Usage: dump.py MODEL.onnx
"""

import sys

import onnx
from onnx import TensorProto, helper


def format_type(value):
    tensor = value.type.tensor_type
    dims = [
        d.dim_param or (str(d.dim_value) if d.HasField("dim_value") else "?")
        for d in tensor.shape.dim
    ]
    return f"{value.name}: {TensorProto.DataType.Name(tensor.elem_type)}[{', '.join(dims)}]"


def format_attribute(attribute):
    value = helper.get_attribute_value(attribute)
    if isinstance(value, onnx.TensorProto):
        value = format_tensor(value)
    elif isinstance(value, bytes):
        value = value.decode()
    elif isinstance(value, float):
        value = f"{value:g}"
    return f"{attribute.name}={value}"


def format_tensor(tensor):
    text = f"{TensorProto.DataType.Name(tensor.data_type)}{list(tensor.dims)}"
    if tensor.data_location == TensorProto.EXTERNAL:
        return text + " " + " ".join(f"{e.key}={e.value}" for e in tensor.external_data)
    if tensor.int64_data:
        return f"{text} {list(tensor.int64_data)}"
    return f"{text} {tensor.raw_data.hex() or 'empty'}"


def main():
    model = onnx.load(sys.argv[1], load_external_data=False)
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    print(f"ir {model.ir_version}, opsets {opsets}, by {model.producer_name}")
    for entry in model.metadata_props:
        print(f"metadata {entry.key} = {entry.value}")
    print("graph", model.graph.name)
    for kind in ("input", "output"):
        for value in getattr(model.graph, kind):
            print(kind, format_type(value))
    for tensor in model.graph.initializer:
        print(f"initializer {tensor.name}: {format_tensor(tensor)}")
    for node in model.graph.node:
        attributes = sorted(format_attribute(a) for a in node.attribute)
        print(
            f"{node.name}: {', '.join(node.output)} = {node.op_type}"
            f"({', '.join(node.input)}){' ' if attributes else ''}{', '.join(attributes)}"
        )


if __name__ == "__main__":
    main()
