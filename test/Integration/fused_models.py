"""ONNX files of the cases of fused_cases.py."""

import os
import sys

import numpy as np

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../Import/Inputs")
)
import make_model as onnx

TYPES = {
    np.dtype(np.float32): onnx.FLOAT,
    np.dtype(np.int32): onnx.INT32,
    np.dtype(np.int64): onnx.INT64,
    np.dtype(bool): onnx.BOOL,
}


def input_name(case, i):
    return f"{case.name}_i{i}"


def result_names(case):
    """The names of all results, empty for those that the node lacks."""
    return [f"{case.name}_r{i}" if has else "" for i, has in enumerate(case.results)]


def given_inputs(case):
    """The arrays that a model is called with, by name."""
    return {
        input_name(case, i): x.array
        for i, x in enumerate(case.inputs)
        if x is not None and not x.is_weight
    }


def make_model(cases, opset, is_static):
    """One model with a node for each case. Weights are initializers; the other
    operands are inputs, with named dimensions unless `is_static`."""
    nodes, inputs, weights, outputs = [], [], [], []
    for case in cases:
        operands = []
        for i, x in enumerate(case.inputs):
            operands.append("" if x is None else input_name(case, i))
            if x is None:
                continue
            if x.is_weight:
                weights.append(
                    onnx.tensor(
                        operands[-1], TYPES[x.type], x.array.shape, x.array.tobytes()
                    )
                )
                continue
            dims = [
                f"{case.name}_{dim}" if isinstance(dim, str) else dim for dim in x.dims
            ]
            dims = x.array.shape if is_static else dims
            inputs.append(onnx.value(operands[-1], TYPES[x.type], dims))
        names = result_names(case)
        nodes.append(
            onnx.node(
                case.op,
                operands,
                names,
                name=case.name,
                domain=case.domain,
                **case.attributes,
            )
        )
        # The type of a result is not compared where the file gives no shape.
        outputs += [
            onnx.value(name, result_type(case, i), None)
            for i, name in enumerate(names)
            if name
        ]
    return onnx.model(
        onnx.graph(nodes, inputs, outputs, weights),
        opset,
        ir=10,
        domains=[("com.microsoft", 1)],
    )


def result_type(case, i):
    is_count = case.op == "EmbedLayerNormalization" and i == 1
    return onnx.INT32 if is_count else onnx.FLOAT
