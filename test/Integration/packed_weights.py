"""Weights in panels, by name: read, written, in a safetensors file.

Usage: packed_weights.py OCKHAM MODELS FOLDER

Products read weights in panels. Whoever asks for a weight by name, in a session
or in a file, gets the tensor that the model was exported with.
"""

import json
import os
import struct
import sys

import numpy as np
import ockham
import onnx
from common import Tool, read_cases
from onnx import numpy_helper


def expect(condition, what):
    print(("ok   " if condition else "FAIL ") + what)
    if not condition:
        sys.exit(1)


def read_header(path):
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(size))


def main():
    tool, models, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(models, "nanogpt_preln.op17.onnx")
    embedded = os.path.join(folder, "embedded.so")
    beside = os.path.join(folder, "beside.so")
    weights = os.path.join(folder, "beside.safetensors")
    Tool(tool)("compile", path, "-o", embedded)
    Tool(tool)("compile", path, "-o", beside, "--weights", weights)
    exported = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in onnx.load(path).graph.initializer
    }

    model = ockham.load(embedded)
    layouts = {weight.layout for weight in model.weights}
    expect("panels<48>" in layouts, "products have weights in panels")
    expect("panels<48, transposed>" in layouts, "the head is the table, in panels")
    packed = [weight for weight in model.weights if weight.layout != "row-major"]
    header = read_header(weights)
    expect(
        all(tuple(header[w.name]["shape"]) == w.shape for w in model.weights),
        "the file has the tensors' own shapes",
    )

    session = model.session()
    other = ockham.load(beside).session()
    cases = read_cases(path, ["input_ids"])

    def run(session):
        return [next(iter(session.run(i).values())) for _, i, _ in cases]

    def same(got, want):
        return all(np.array_equal(g, w) for g, w in zip(got, want))

    before = run(session)
    expect(same(run(other), before), "packed when compiled or when loaded, it is one")
    compared = 0
    for weight in packed:
        value = session.read_weight(weight.name)
        expect(value.shape == weight.shape, f"{weight.name} has its shape")
        expect(
            np.array_equal(value, other.read_weight(weight.name)),
            f"{weight.name} is read from both",
        )
        if weight.name in exported:
            compared += 1
            expect(
                np.array_equal(value, exported[weight.name]),
                f"{weight.name} is what was exported",
            )
        session.write_weight(weight.name, value + 1)
        expect(
            np.array_equal(session.read_weight(weight.name), value + 1),
            f"{weight.name} is written",
        )
        expect(not same(run(session), before), f"{weight.name} is used")
        session.write_weight(weight.name, value)
        expect(same(run(session), before), f"{weight.name} is as before")
    expect(compared > 0, f"{compared} weights have the exporter's names")


if __name__ == "__main__":
    main()
