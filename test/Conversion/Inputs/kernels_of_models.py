"""Lowers models to kernels, and fails where a part of a block has none.

usage: kernels_of_models.py FOLDER

Every tfm op becomes a kernel.
"""

import re
import subprocess
import sys
from pathlib import Path

PASSES = ["--ockham-raise", "--ockham-simplify", "--ockham-to-tile"]


def lower(model):
    imported = subprocess.run(
        ["ockham-translate", "--import-onnx", str(model)],
        check=True, capture_output=True,
    )  # fmt: skip
    lowered = subprocess.run(
        ["ockham-opt", *PASSES], input=imported.stdout, check=True, capture_output=True
    )
    return lowered.stdout.decode(), lowered.stderr.decode()


def main():
    models = sorted(Path(sys.argv[1]).glob("*.onnx"))
    launches = groups = 0
    for model in models:
        module, messages = lower(model)
        remarks = re.findall(r"remark: (no kernel: .*)", messages)
        left = re.findall(r"^ *(?:%.* = )?(tfm\.\w+)", module, re.MULTILINE)
        if left or remarks:
            sys.exit(f"{model.name}: {left} left, {remarks}")
        count = module.count("tile.launch @")
        if count == 0:
            sys.exit(f"{model.name}: no launch of a kernel")
        launches += count
        groups += len(re.findall(r" joins \w+: saves ", messages))
    print(f"{len(models)} models, {launches} launches, {groups} ops joined others")


if __name__ == "__main__":
    main()
