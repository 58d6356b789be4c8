"""Norms that are frozen with the statistics of data.

Usage: calibrate.py OCKHAM MODELS FOLDER

OCKHAM is the tool, MODELS the folder of test models, FOLDER takes the files.
"""

import json
import os
import sys

import numpy as np
from common import Comparison, Tool

EXAMPLE = os.path.join(
    os.path.dirname(__file__), "../../examples/language_model/sasp_none_python.onnx"
)

# Rows that are permutations of each other have one std: LayerNorm is affine on them.
CONSTANT = """
ockham.weight @g : tensor<4xf32> = dense<[0.5, 2.0, -1.0, 1.5]> : tensor<4xf32>
ockham.weight @b : tensor<4xf32> = dense<[0.1, 0.2, -0.3, 1.0]> : tensor<4xf32>
ockham.weight @w : tensor<4x3xf32> = dense<[[1.0, 2.0, -0.5], [0.3, -0.7, 1.1], [0.0, 0.9, -1.3], [2.0, 0.4, 0.6]]> : tensor<4x3xf32>

func.func @forward(%x: tensor<?x?x4xf32> {ockham.dims = ["batch", "sequence", ""], ockham.name = "x"})
    -> (tensor<?x?x3xf32> {ockham.dims = ["batch", "sequence", ""], ockham.name = "y"}) attributes {ockham.entry = "forward"} {
  %g = ockham.load_weight @g : tensor<4xf32>
  %b = ockham.load_weight @b : tensor<4xf32>
  %w = ockham.load_weight @w : tensor<4x3xf32>
  %n = tfm.norm layer %x scale %g shift %b {eps = 1.0e-2 : f64} : tensor<?x?x4xf32>, scale tensor<4xf32>, shift tensor<4xf32> loc("ln")
  %y = tfm.linear %n, %w : tensor<?x?x4xf32>, tensor<4x3xf32> -> tensor<?x?x3xf32>
  return %y : tensor<?x?x3xf32>
}
"""


class Calibration:
    """The tool, and where its files go."""

    def __init__(self, ockham, folder):
        self.tool = Tool(ockham)
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def calibrate(self, model, data, *flags):
        """The calibration file's path and its content."""
        output = self.path("calibration.json")
        self.tool("calibrate", model, "--data", data, "-o", output, *flags)
        with open(output) as file:
            return output, json.load(file)

    def run(self, model, passes, inputs):
        """Compiled outputs, and what is left of the model as text."""
        library = self.path("model.so")
        self.tool("compile", model, "-o", library, "--passes", passes)
        outputs = self.tool.signature(library)[1]
        text = self.tool(
            "compile", model, "--emit", "tfm", "-o", "-", "--passes", passes
        )
        return self.tool.run(self.folder, library, inputs, outputs), text


def check(comparison, what, is_true):
    print(("ok   " if is_true else "FAIL ") + what)
    comparison.agrees &= bool(is_true)


def check_constant(calibration, comparison):
    """Where the std is constant, freezing and folding change nothing."""
    model = calibration.path("constant.mlir")
    with open(model, "w") as file:
        file.write(CONSTANT)
    generator = np.random.default_rng(0)
    values = np.array([1.0, -2.0, 0.5, 3.0])
    rows = np.stack([generator.permutation(values) for _ in range(40)])
    x = rows.reshape(4, 10, 4).astype(np.float32)
    np.save(calibration.path("x.npy"), x)
    file, content = calibration.calibrate(model, "x=" + calibration.path("x.npy"))
    expected = np.sqrt(values.var() + 1e-2)
    for std in content["norms"][0]["std"]:
        check(
            comparison,
            f"std {std}, expected {expected}",
            abs(std - expected) < 1e-6 * expected,
        )
    check(
        comparison,
        "rows by position",
        content["norms"][0]["rows"] == [4, 36] and content["norms"][0]["name"] == "ln",
    )
    want, _ = calibration.run(model, "ockham-simplify", {"x": x})
    for positions in ("1", "2"):
        file, _ = calibration.calibrate(
            model, "x=" + calibration.path("x.npy"), "--positions", positions
        )
        got, text = calibration.run(
            model, f"tfm-freeze-norms{{calibration={file}}},ockham-simplify", {"x": x}
        )
        comparison.check(f"constant std, {positions} classes", got, want, 1e-6)
        check(comparison, "the norm is gone", "tfm.norm" not in text)


def get_loss(logits, ids):
    """Mean cross entropy of the next token, in nats."""
    logits = logits[:, :-1].astype(np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(logs, ids[:, 1:, None], axis=-1).mean()


def check_language_model(calibration, comparison):
    """A trained model of bytes, calibrated on one text and measured on another."""
    with open(__file__, "rb") as file:
        text = file.read()
    source = os.path.join(os.path.dirname(__file__), "common.py")
    raised = "ockham-raise"
    ids = np.frombuffer(text[: 8 * 128], np.uint8).astype(np.int64).reshape(8, 128)
    names = calibration.tool.signature(EXAMPLE, "--interpret")[0]
    live, _ = calibration.run(EXAMPLE, raised, {names[0]: ids})
    file, content = calibration.calibrate(EXAMPLE, source)
    frozen, left = calibration.run(
        EXAMPLE,
        f"{raised},tfm-freeze-norms{{calibration={file}}},ockham-simplify",
        {names[0]: ids},
    )
    losses = [get_loss(next(iter(x.values())), ids) for x in (live, frozen)]
    print("norms:", [(norm["name"], norm["std"]) for norm in content["norms"]])
    check(
        comparison,
        f"loss {losses[0]:.4f}, frozen {losses[1]:.4f}",
        losses[0] != losses[1] and abs(losses[1] - losses[0]) < 0.2,
    )
    check(comparison, "no live norm is left", "tfm.norm layer" not in left)


def main():
    ockham, _, folder = sys.argv[1:4]
    os.makedirs(folder, exist_ok=True)
    comparison = Comparison()
    calibration = Calibration(ockham, folder)
    check_constant(calibration, comparison)
    check_language_model(calibration, comparison)
    comparison.exit()


if __name__ == "__main__":
    main()
