"""What the tests of whole models share: real models, the tool, comparing.

For every model NAME.onnx, NAME.npz holds inputs and PyTorch's float32 outputs
for several shapes, as caseK.<input or output name>.
"""

import os
import re
import subprocess
import sys

import numpy as np


class Tool:
    """The ockham command. What it says is shown when it fails."""

    def __init__(self, path):
        self.path = path

    def __call__(self, *arguments, fails=False):
        """Runs it and returns stdout, or with `fails` the error message."""
        command = [self.path, *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != (1 if fails else 0):
            expected = "1 and an error" if fails else "0"
            sys.exit(
                f"{' '.join(command)}\nexit code {result.returncode}, "
                f"expected {expected}\n{result.stdout}{result.stderr}"
            )
        return result.stderr if fails else result.stdout

    def signature(self, path, *flags):
        """Names of the inputs and of the outputs of a model's one entry point."""
        text = self("run", *flags, path)
        return tuple(
            re.findall(rf"^  {kind} +(\S+):", text, re.MULTILINE)
            for kind in ("input", "output")
        )

    def run(self, folder, path, inputs, outputs, *flags):
        """Runs a model through .npy files and returns its outputs."""
        arguments = []
        for name, array in inputs.items():
            file = os.path.join(folder, f"{name}.in.npy")
            np.save(file, array)
            arguments.append(f"--input={name}={file}")
        files = {name: os.path.join(folder, f"{name}.out.npy") for name in outputs}
        arguments += [f"--output={name}={file}" for name, file in files.items()]
        self("run", *flags, path, *arguments)
        return {name: np.load(file) for name, file in files.items()}


def read_cases(model, input_names):
    """(case, inputs, expected outputs) for each stored shape of a model."""
    arrays = np.load(os.path.splitext(model)[0] + ".npz")
    cases = {}
    for key in arrays.files:
        case, name = key.split(".", 1)
        inputs, outputs = cases.setdefault(case, ({}, {}))
        (inputs if name in input_names else outputs)[name] = arrays[key]
    return [(case, *pair) for case, pair in sorted(cases.items())]


class Comparison:
    """Differences, each printed, and whether all were within their limits."""

    def __init__(self):
        self.agrees = True

    def check(self, what, got, want, limit):
        """The largest difference, in standard deviations of what is expected."""
        for name, expected in want.items():
            if got[name].shape != expected.shape:
                print(
                    f"FAIL {what} {name}: shape {got[name].shape}, expected {expected.shape}"
                )
                self.agrees = False
                continue
            expected = expected.astype(np.float64)
            error = np.abs(got[name] - expected).max() / expected.std()
            ok = error <= limit  # False for a NaN.
            self.agrees &= bool(ok)
            print(
                f"{'ok  ' if ok else 'FAIL'} {what} {name}: {error:.2e}, at most {limit:.0e}"
            )

    def exit(self):
        sys.exit(not self.agrees)
