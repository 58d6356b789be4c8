"""Interprets a module on every stored case and compares with stored outputs.

usage: compare_outputs.py MODULE.mlir CASES.npz [ockham-interpret options]

CASES.npz holds caseK.<input name> and caseK.output. The difference must be at
most 1e-5 of the output's standard deviation.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

module, cases, *options = sys.argv[1:]
arrays = np.load(cases)
names = sorted({key.split(".")[0] for key in arrays.files})
with tempfile.TemporaryDirectory() as folder:
    result = Path(folder) / "output.npy"
    for case in names:
        command = ["ockham-interpret", module, *options, f"--output=output={result}"]
        for key in arrays.files:
            name = key.removeprefix(case + ".")
            if key != name and name != "output":
                file = Path(folder) / f"{name}.npy"
                np.save(file, arrays[key])
                command.append(f"--input={name}={file}")
        subprocess.run(command, check=True)
        expected, got = arrays[f"{case}.output"], np.load(result)
        if got.shape != expected.shape:
            sys.exit(f"{case}: expected shape {expected.shape}, got {got.shape}")
        error = np.abs(got - expected).max() / expected.std()
        if not error <= 1e-5:
            sys.exit(f"{case}: differs by {error:.2e} standard deviations")
print(f"{len(names)} cases agree")
