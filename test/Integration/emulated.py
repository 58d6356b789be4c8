"""Real models, compiled for GPUs and run on the emulator, against the
interpreter in float64 and against PyTorch, in float32 and in bfloat16.

Usage: emulated.py OCKHAM FOLDER MODEL.onnx...

A call on the emulator fails where its race detector has a report, so that a
call that succeeds has none.
"""

import os
import re
import sys

import numpy as np
from common import Comparison, Tool, read_cases

# Of float32 against PyTorch's float32, whose sums are in another order; in
# standard deviations of what is expected, the largest one.
FLOAT32 = 5e-5
# Against the interpreter, normwise.
NORMWISE = {"f32": 1e-5, "bf16": 2e-2}


def find_error(got, want):
    got, want = got.astype(np.float64), want.astype(np.float64)
    return np.linalg.norm(got - want) / np.linalg.norm(want)


def check_launches(name, text):
    launches = re.search(r"(\d+) launch(es)? on emulated:", text)
    if not launches or int(launches.group(1)) == 0:
        sys.exit(f"{name}: no launches in\n{text}")
    if "race detector: no reports" not in text:
        sys.exit(f"{name}: no verdict of the race detector in\n{text}")


def main():
    ockham, folder, *models = sys.argv[1:]
    if not models:
        sys.exit("there are no models to run")
    os.makedirs(folder, exist_ok=True)
    tool = Tool(ockham)
    comparison = Comparison()
    for model in models:
        name = os.path.basename(model)
        library = os.path.join(folder, "model.so")
        for kind, limit in NORMWISE.items():
            tool(
                *("compile", model, "-o", library, "--target", "cuda", "--quiet"),
                *(() if kind == "f32" else ("--precision", kind)),
            )
            inputs, outputs = tool.signature(library)
            cases = read_cases(model, inputs)
            # Emulation takes its time: in 16 bits the first case stands for all.
            for case, given, want in cases if kind == "f32" else cases[:1]:
                got = tool.run(folder, library, given, outputs, "--device=emulated")
                exact = tool.run(folder, model, given, outputs, "--interpret", "--f64")
                for output in outputs:
                    error = find_error(got[output], exact[output])
                    agrees = error < limit  # False for a NaN.
                    comparison.agrees &= bool(agrees)
                    print(
                        f"{'ok  ' if agrees else 'FAIL'} {name} {case} {kind} {output}: "
                        f"{error:.2e} from the interpreter, at most {limit:.0e}"
                    )
                if kind == "f32":
                    comparison.check(f"{name} {case}", got, want, FLOAT32)
            files = [f"--input={i}={os.path.join(folder, i)}.in.npy" for i in inputs]
            text = tool("run", "--device", "emulated", library, *files)
            check_launches(f"{name} {kind}", text)
    if not comparison.agrees:
        sys.exit(1)
    print(f"{len(models)} models agree")


main()
