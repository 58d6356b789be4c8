"""Real models on the interpreter against PyTorch's outputs.

Usage: model_outputs.py FOLDER MODELS [PASS...]

For every NAME.onnx in MODELS, NAME.npz holds inputs and float32 outputs of
PyTorch for several shapes, as caseK.<input name> and caseK.output. The model is
imported, the passes run, and every case is interpreted in float32 and in
float64; the largest difference may be 5e-5, respectively 1e-5, of the standard
deviation of the expected output. Files go into FOLDER, tools are found in PATH.
"""

import os
import subprocess
import sys

import numpy as np


def run(command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")


def import_model(folder, model, passes):
    imported = os.path.join(folder, "imported.mlir")
    run(["ockham-translate", "--import-onnx", model, "-o", imported])
    if not passes:
        return imported
    module = os.path.join(folder, "module.mlir")
    run(["ockham-opt", imported, "-o", module, *passes])
    return module


def interpret(folder, module, inputs, flags):
    command = ["ockham-interpret", module, *flags]
    for name, array in inputs.items():
        path = os.path.join(folder, f"{name}.npy")
        np.save(path, array)
        command.append(f"--input={name}={path}")
    path = os.path.join(folder, "output.npy")
    run([*command, f"--output=output={path}"])
    return np.load(path)


def check_model(folder, model, passes):
    module = import_model(folder, model, passes)
    arrays = np.load(os.path.splitext(model)[0] + ".npz")
    cases = {}
    for key in arrays.files:
        case, name = key.split(".", 1)
        cases.setdefault(case, {})[name] = arrays[key]
    agrees = True
    for case, inputs in sorted(cases.items()):
        want = inputs.pop("output").astype(np.float64)
        for flags, limit in ([], 5e-5), (["--f64"], 1e-5):
            got = interpret(folder, module, inputs, flags)
            if got.shape != want.shape:
                print(f"FAIL {model} {case}: shape {got.shape}, expected {want.shape}")
                agrees = False
                continue
            error = np.abs(got - want).max() / want.std()
            ok = error <= limit  # False for a NaN
            agrees &= ok
            print(
                f"{'ok' if ok else 'FAIL'} {os.path.basename(model)} {case} "
                f"{' '.join(flags)} error {error:.2e} limit {limit:.0e}"
            )
    return agrees


def main():
    folder, models, *passes = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    names = sorted(n for n in os.listdir(models) if n.endswith(".onnx"))
    results = [check_model(folder, os.path.join(models, n), passes) for n in names]
    print(f"{sum(results)} of {len(results)} models agree")
    sys.exit(not results or not all(results))


if __name__ == "__main__":
    main()
