"""Masks in many spellings through ockham simplify, and into ONNX Runtime.

Usage: masked_attention.py OCKHAM FOLDER PACKAGES

Runtimes disagree on what Attention (opset 23) does with rows that see no key, or
only keys with a huge negative number in front: such a row is the mean of all
values in one and 0 in another. So what is written has to compute what the
model's own operators do, at opsets 17 and 23, whatever the mask hides: keys on
the left, on the right, or all of them. PACKAGES is the folder with onnx and
onnxruntime that scripts/install-dependencies.sh --tests makes.
"""

import os
import sys

import numpy as np
from common import Comparison, Tool

LIMIT = 5e-5
OPSETS = (17, 23)
WIDTH, HEADS = 16, 4
LOWEST = np.finfo(np.float32).min

# How weights come from scores where "shown" (1 or 0, [batch, sequence]) says
# which keys are padding.
SPELLINGS = {
    "put in": lambda g, s: g.softmax(g.where(g.shown(), s, LOWEST)),
    "added": lambda g, s: g.softmax(g("Add", s, g.where(g.shown(), 0.0, LOWEST))),
    "put in with causal": lambda g, s: g.softmax(g.where(g.both(), s, LOWEST)),
    "added with causal": lambda g, s: g.softmax(
        g("Add", s, g.where(g.both(), 0.0, LOWEST))
    ),
    "put in behind causal": lambda g, s: g.softmax(
        g.where(g.shown(), g.where(g.causal(), s, LOWEST), LOWEST)
    ),
    "put in before causal": lambda g, s: g.softmax(
        g.where(g.causal(), g.where(g.shown(), s, LOWEST), -np.inf)
    ),
    "infinite, rows without keys are 0": lambda g, s: g.guarded(
        g.softmax(g.where(g.shown(), s, -np.inf))
    ),
    "infinite with causal, rows without keys are 0": lambda g, s: g.guarded(
        g.softmax(g.where(g.both(), s, -np.inf))
    ),
    "none, but causal": lambda g, s: g.softmax(g.where(g.causal(), s, -np.inf)),
}

SHOWN = {
    "none": [[1, 1, 1, 1, 1], [1, 1, 1, 1, 1]],
    "right": [[1, 1, 1, 0, 0], [1, 0, 0, 0, 0]],
    "left": [[0, 0, 1, 1, 1], [0, 0, 0, 0, 1]],
    "all of one row": [[1, 1, 1, 1, 1], [0, 0, 0, 0, 0]],
}


class Graph:
    """A model of one attention, node by node."""

    def __init__(self, onnx, rng):
        self.onnx = onnx
        self.rng = rng
        self.nodes, self.weights = [], []

    def __call__(self, operator, *operands, **attributes):
        result = f"value_{len(self.nodes)}"
        node = self.onnx.helper.make_node(
            operator, operands, [result], name=f"/{operator}_{result}", **attributes
        )
        self.nodes.append(node)
        return result

    def constant(self, value, dtype=np.float32):
        name = f"constant_{len(self.weights)}"
        array = np.asarray(value, dtype)
        self.weights.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def integers(self, *values):
        return self.constant(values, np.int64)

    def where(self, condition, *operands):
        values = [x if isinstance(x, str) else self.constant(x) for x in operands]
        return self("Where", condition, *values)

    def linear(self, rows):
        weight = self.rng.standard_normal((WIDTH, WIDTH)) * 0.4
        product = self("MatMul", rows, self.constant(weight))
        return self("Add", self.constant(self.rng.standard_normal(WIDTH)), product)

    def shown(self):
        mask = self("Unsqueeze", "shown", self.integers(1, 2))
        return self("Cast", mask, to=self.onnx.TensorProto.BOOL)

    def causal(self):
        shape = self("Shape", "x", start=1, end=2)
        length = self("Squeeze", shape)
        zero, one = (self.constant(i, np.int64) for i in (0, 1))
        positions = self("Range", zero, length, one)
        keys = self("Unsqueeze", positions, self.integers(0))
        return self("LessOrEqual", keys, self("Unsqueeze", positions, self.integers(1)))

    def both(self):
        return self("And", self.causal(), self.shown())

    def softmax(self, scores):
        return self("Softmax", scores, axis=-1)

    def guarded(self, weights):
        return self.where(self("IsNaN", weights), 0.0, weights)

    def attention(self, get_weights):
        def heads(order):
            shape = self.integers(0, 0, HEADS, WIDTH // HEADS)
            return self(
                "Transpose", self("Reshape", self.linear("x"), shape), perm=order
            )

        query, key, value = (
            heads(p) for p in ((0, 2, 1, 3), (0, 2, 3, 1), (0, 2, 1, 3))
        )
        scores = self("Mul", self("MatMul", query, key), self.constant(0.5))
        weights = get_weights(self, scores)
        rows = self("Transpose", self("MatMul", weights, value), perm=(0, 2, 1, 3))
        rows = self("Reshape", rows, self.integers(0, 0, WIDTH))
        return self("Add", "x", self.linear(rows))

    def save(self, result, path):
        helper, types = self.onnx.helper, self.onnx.TensorProto
        reads_mask = any("shown" in node.input for node in self.nodes)
        inputs = [
            helper.make_tensor_value_info(
                "x", types.FLOAT, ["batch", "sequence", WIDTH]
            )
        ]
        if reads_mask:
            shape = ["batch", "sequence"]
            inputs.append(helper.make_tensor_value_info("shown", types.INT64, shape))
        self.nodes.append(helper.make_node("Identity", [result], ["y"], name="/y"))
        shape = ["batch", "sequence", WIDTH]
        outputs = [helper.make_tensor_value_info("y", types.FLOAT, shape)]
        graph = helper.make_graph(self.nodes, "masked", inputs, outputs, self.weights)
        opset = helper.make_opsetid("", 17)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
        self.onnx.checker.check_model(model, full_check=True)
        self.onnx.save(model, path)


def main():
    ockham, folder, packages = sys.argv[1:]
    if not os.path.isdir(packages):
        sys.exit(f"{packages} is missing; run scripts/install-dependencies.sh --tests")
    sys.path.insert(0, packages)
    import onnx
    import onnx.checker
    import onnxruntime

    os.makedirs(folder, exist_ok=True)
    tool = Tool(ockham)
    comparison = Comparison()
    options = onnxruntime.SessionOptions()
    # The file's own operators, not what a runtime makes of them.
    level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.graph_optimization_level = level

    def run(path, inputs):
        session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        names = [value.name for value in session.get_inputs()]
        (y,) = session.run(["y"], {name: inputs[name] for name in names})
        return {"y": y}

    rng = np.random.default_rng(0)
    for spelling, get_weights in SPELLINGS.items():
        graph = Graph(onnx, rng)
        original = os.path.join(folder, "masked.onnx")
        graph.save(graph.attention(get_weights), original)
        report = tool("report", original)
        if f"{HEADS} heads of {WIDTH // HEADS}" not in report:
            comparison.agrees = False
            print(f"FAIL {spelling}: not recognised as attention\n{report}")
        for opset in OPSETS:
            path = os.path.join(folder, f"simplified{opset}.onnx")
            tool("simplify", original, "-o", path, "--opset", str(opset), "--quiet")
            onnx.checker.check_model(path, full_check=True)
            for case, shown in SHOWN.items():
                inputs = {
                    "x": rng.standard_normal((2, 5, WIDTH)).astype(np.float32),
                    "shown": np.array(shown),
                }
                want = run(original, inputs)
                what = f"mask {spelling}; hidden: {case}; opset {opset}"
                comparison.check(what, run(path, inputs), want, LIMIT)
    comparison.exit()


if __name__ == "__main__":
    main()
