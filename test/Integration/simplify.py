"""One real model through ockham simplify: checked by onnx, run by ONNX Runtime.

Usage: simplify.py OCKHAM MODEL.onnx FOLDER PACKAGES

At opsets 17 and 23: onnx's checker accepts the result with shape inference, names
and dimensions of inputs and outputs are the model's, weights that did not change
have their names and bytes, ONNX Runtime computes what PyTorch did, and so does
what Ockham compiles of the result. PACKAGES is the folder with onnx and
onnxruntime that scripts/install-dependencies.sh --tests makes.
"""

import os
import sys

import numpy as np
from common import Comparison, Tool, read_cases

LIMIT = 5e-5
OPSETS = (17, 23)


def get_interface(graph):
    """Names and dimensions of inputs and of outputs."""
    weights = {tensor.name for tensor in graph.initializer}
    return [
        [
            (
                value.name,
                [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim],
            )
            for value in values
            if value.name not in weights
        ]
        for values in (graph.input, graph.output)
    ]


def read_weights(graph):
    """Shapes and bytes of float weights by name."""
    from onnx import numpy_helper

    arrays = {
        tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer
    }
    return {
        name: (array.shape, array.tobytes())
        for name, array in arrays.items()
        if array.dtype == np.float32
    }


def check_interface(what, original, simplified, comparison):
    for kind, old, new in zip(
        ("inputs", "outputs"), get_interface(original), get_interface(simplified)
    ):
        # The original may call what is static by a name, or by none.
        same = [name for name, _ in old] == [name for name, _ in new] and all(
            len(a) == len(b)
            and all(x == y or isinstance(y, int) or not x for x, y in zip(a, b))
            for (_, a), (_, b) in zip(old, new)
        )
        comparison.agrees &= same
        print(f"{'ok  ' if same else 'FAIL'} {what} {kind}: {new}, expected {old}")


def check_weights(what, original, simplified, comparison):
    """Bytes that are in both files have the name that they had."""
    old, new = read_weights(original), read_weights(simplified)
    names = {}
    for name, data in old.items():
        names.setdefault(data, set()).add(name)
    # Of what a node computes nothing is known; scalars are constants of nodes.
    renamed = [
        name
        for name, data in new.items()
        if len(data[1]) > 4 and data in names and name not in names[data]
    ]
    comparison.agrees &= not renamed
    kept = sum(data in names for data in new.values())
    print(
        f"{'FAIL' if renamed else 'ok  '} {what} weights: {kept} of {len(new)} are as "
        f"they were; renamed: {renamed}"
    )


def main():
    ockham, model, folder, packages = sys.argv[1:5]
    if not os.path.isdir(packages):
        sys.exit(f"{packages} is missing; run scripts/install-dependencies.sh --tests")
    sys.path.insert(0, packages)
    import onnx
    import onnxruntime

    os.makedirs(folder, exist_ok=True)
    tool = Tool(ockham)
    comparison = Comparison()
    original = onnx.load(model)
    for opset in OPSETS:
        what = f"opset {opset}"
        path = os.path.join(folder, f"simplified{opset}.onnx")
        tool("simplify", model, "-o", path, "--opset", str(opset), "--quiet")
        onnx.checker.check_model(path, full_check=True)
        simplified = onnx.load(path)
        domains = {node.domain for node in simplified.graph.node}
        versions = {entry.domain: entry.version for entry in simplified.opset_import}
        if domains != {""} or versions != {"": opset}:
            print(f"FAIL {what}: domains {domains}, opsets {versions}")
            comparison.agrees = False
        check_interface(what, original.graph, simplified.graph, comparison)
        check_weights(what, original.graph, simplified.graph, comparison)

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        input_names = [value.name for value in session.get_inputs()]
        output_names = [value.name for value in session.get_outputs()]
        library = os.path.join(folder, f"simplified{opset}.so")
        tool("compile", path, "-o", library, "--quiet")
        for case, inputs, want in read_cases(model, input_names):
            got = dict(zip(output_names, session.run(None, inputs)))
            comparison.check(f"{case} {what}, ONNX Runtime", got, want, LIMIT)
            got = tool.run(folder, library, inputs, output_names)
            comparison.check(f"{case} {what}, compiled again", got, want, LIMIT)
    comparison.exit()


if __name__ == "__main__":
    main()
