"""Real models, compiled for GPUs and run on the emulator, against PyTorch.

Usage: emulated.py OCKHAM FOLDER MODEL.onnx...

A call on the emulator fails where its race detector has a report, so that a
call that succeeds has none.
"""

import os
import re
import sys

from common import Comparison, Tool, read_cases

# Of float32 against PyTorch's float32, whose sums are in another order.
FLOAT32 = 5e-5


def main():
    ockham, folder, *models = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    tool = Tool(ockham)
    comparison = Comparison()
    for model in models:
        name = os.path.basename(model)
        library = os.path.join(folder, "model.so")
        tool("compile", model, "-o", library, "--target", "cuda", "--quiet")
        inputs, outputs = tool.signature(library)
        for case, given, want in read_cases(model, inputs):
            got = tool.run(folder, library, given, outputs, "--device=emulated")
            comparison.check(f"{name} {case}", got, want, FLOAT32)
        first = [f"--input={i}={os.path.join(folder, i)}.in.npy" for i in inputs]
        text = tool("run", "--device", "emulated", library, *first)
        launches = re.search(r"(\d+) launch(es)? on emulated:", text)
        if not launches or int(launches.group(1)) == 0:
            sys.exit(f"{name}: no launches in\n{text}")
        if "race detector: no reports" not in text:
            sys.exit(f"{name}: no verdict of the race detector in\n{text}")
    if not comparison.agrees:
        sys.exit(1)
    print(f"{len(models)} models agree")


main()
