"""Counts products and parameters in ONNX files, and compares the report's numbers.

Usage: count_products.py MODEL.onnx ...

Knows nothing of transformers but that every row goes through every matrix, that
all heads together are as wide as the model, and that a product of two activations
has a matrix of scores on one side. What exporters write twice (a tied head as a
transposed copy) counts once.
"""

import json
import subprocess
import sys
from collections import Counter

import onnx
from onnx import numpy_helper

BATCH, SEQUENCE = 3, 7


def is_buffer(array):
    """Masks and their like: squares of the longest sequence, and what is no float."""
    is_square = array.ndim == 4 and array.shape[2] == array.shape[3] > 1
    return array.dtype.kind != "f" or is_square


def key(array):
    """The same for a matrix and its transpose."""
    copies = [array.tobytes()]
    if array.ndim == 2:
        copies.append(array.T.tobytes())
    return min(copies)


def count(path):
    """Parameters, and operations of linears and of attention over all pairs."""
    graph = onnx.load(path).graph
    weights = {
        tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer
    }
    extents = Counter(n for w in weights.values() if w.ndim == 2 for n in w.shape)
    width = extents.most_common(1)[0][0]
    linear = attention = 0
    for node in graph.node:
        if node.op_type not in ("MatMul", "Gemm"):
            continue
        matrices = [weights[name] for name in node.input[:2] if name in weights]
        if matrices:
            linear += 2 * BATCH * SEQUENCE * matrices[0].size
        else:
            attention += 2 * BATCH * width * SEQUENCE * SEQUENCE
    floats = {key(w): w.size for w in weights.values() if not is_buffer(w)}
    return sum(floats.values()), linear, attention


failed = False
for path in sys.argv[1:]:
    command = ["ockham", "report", path, "--json"]
    dims = ["--dim", f"batch={BATCH}", "--dim", f"sequence={SEQUENCE}"]
    report = json.loads(subprocess.check_output(command + dims))
    before = report["structure"]["before"]
    parameters, linear, attention = count(path)
    # A causal attention needs the pairs that see each other only.
    if any(
        node.get("causal")
        for block in before["blocks"]
        for node in block["graph"]["nodes"]
    ):
        attention = attention * (SEQUENCE + 1) // (2 * SEQUENCE)
    for what, expected, got in (
        ("parameters", parameters, before["parameters"]),
        ("linears", linear, before["cost"]["linear_flops"]["value"]),
        ("attention", attention, before["cost"]["attention_flops"]["value"]),
    ):
        if expected != got:
            print(f"{path}: {what}: expected {expected}, got {got}")
            failed = True
if not failed:
    print(len(sys.argv) - 1, "models agree")
sys.exit(failed)
