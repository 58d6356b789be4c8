"""A model of GPT-2 small's size: time and memory to compile and to run it.

Usage: gpt2_small.py OCKHAM EXAMPLE FOLDER [MODEL_FOLDER]

EXAMPLE is examples/gpt2_small.py, which makes the model with random weights and
PyTorch's logits at batch 1, sequence 512; it needs Debian's python3-torch and
python3-onnx. FOLDER is made, takes 1.4 GB, and is removed. MODEL_FOLDER is what
EXAMPLE wrote before, to be taken in place of a new one.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
from common import Comparison

# Processor seconds, so that a busy machine does not decide.
COMPILE_SECONDS = 60
COMPILE_BYTES = 3e9
# Beyond the weights: 103 MB of logits, twice while they are written to a file;
# twelve heads of 512 x 512 scores; the residual stream and the MLP's rows.
RUN_BYTES = 400e6
LIMIT = 5e-5

# Runs a command; prints the processor time and the peak memory of it alone.
MEASURE = """
import json, resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
"""


def measure(*command):
    """Processor seconds, seconds and bytes of a command, which has to succeed."""
    start = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", MEASURE, *command],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    code, seconds, peak = json.loads(result.stdout.splitlines()[-1])
    if code != 0:
        sys.exit(f"{' '.join(command)}\nexit code {code}")
    return seconds, time.monotonic() - start, peak


def count_weight_bytes(library):
    """The size of the model's weights, each once."""
    import ockham

    return sum(weight.bytes for weight in ockham.load(library).weights)


def check(tool, models, folder, comparison):
    library, logits = (
        os.path.join(folder, "gpt2_small.so"),
        os.path.join(folder, "got.npy"),
    )

    def within(what, value, limit, unit):
        ok = value <= limit
        comparison.agrees &= ok
        print(
            f"{'ok  ' if ok else 'FAIL'} {what}: {value:.1f} {unit}, at most {limit:.0f}"
        )

    model = os.path.join(models, "gpt2_small.onnx")
    seconds, elapsed, peak = measure(tool, "compile", model, "-o", library)
    print(f"compiled in {elapsed:.1f} s")
    within("compiling, processor time", seconds, COMPILE_SECONDS, "s")
    within("compiling, peak memory", peak / 1e6, COMPILE_BYTES / 1e6, "MB")

    ids = os.path.join(models, "input_ids.npy")
    seconds, elapsed, peak = measure(
        tool, "run", library, f"--input=input_ids={ids}", f"--output=logits={logits}"
    )
    print(f"run in {elapsed:.1f} s, {seconds:.1f} s of processor time")
    weights = count_weight_bytes(library)
    print(f"weights: {weights / 1e6:.1f} MB")
    within("running, peak memory", peak / 1e6, (weights + RUN_BYTES) / 1e6, "MB")
    got = {"logits": np.load(logits, mmap_mode="r")}
    want = {"logits": np.load(os.path.join(models, "logits.npy"))}
    comparison.check("batch 1, sequence 512", got, want, LIMIT)


def main():
    tool, example, folder = sys.argv[1:4]
    missing = [name for name in ("torch", "onnx") if not importlib.util.find_spec(name)]
    if missing:
        sys.exit(
            f"missing for {sys.executable}: {', '.join(missing)}; install "
            f"{' '.join('python3-' + name for name in missing)} "
            "(scripts/install-dependencies.sh --tests)"
        )
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    comparison = Comparison()
    try:
        models = sys.argv[4] if len(sys.argv) > 4 else folder
        if models == folder:
            subprocess.run(
                [sys.executable, example, "--output", folder, "--reference", "1x512"],
                check=True,
            )
        check(tool, models, folder, comparison)
    finally:
        shutil.rmtree(folder)
    comparison.exit()


if __name__ == "__main__":
    main()
