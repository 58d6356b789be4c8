"""One model compiled in other ways: fixed dimensions, weights in a file of
their own, other processors, anew over a library that is in use.

Usage: variants.py OCKHAM MODELS FOLDER
"""

import os
import shutil
import sys

import numpy as np
import ockham as runtime
from common import Comparison, Tool, read_cases

LIMIT = 5e-5


def fixed_batch(tool, model, folder, cases, comparison):
    library = os.path.join(folder, "batch1.so")
    tool("compile", model, "-o", library, "--dim", "batch=1")
    signature = tool("run", library)
    assert "input_ids: int64 [1, sequence]" in signature, signature
    for case, inputs, want in cases:
        ids = inputs["input_ids"]
        if len(ids) == 1:
            got = tool.run(folder, library, inputs, want)
            comparison.check(f"{case} batch=1", got, want, LIMIT)
            continue
        file = os.path.join(folder, "wrong.npy")
        np.save(file, ids)
        message = tool("run", library, f"--input=input_ids={file}", fails=True)
        expected = (
            f"expected int64 [1, sequence], got int64 [{ids.shape[0]}, {ids.shape[1]}]"
        )
        assert expected in message, message

    tool("compile", model, "-o", library, "--dim", "batch=3", "--dim", "sequence=16")
    assert "input_ids: int64 [3, 16]" in tool("run", library)
    for case, inputs, want in cases:
        if inputs["input_ids"].shape == (3, 16):
            got = tool.run(folder, library, inputs, want)
            comparison.check(f"{case} batch=3 sequence=16", got, want, LIMIT)
            break
    else:
        sys.exit("no stored case has the shape [3, 16]")


def weight_file(tool, model, folder, cases, comparison):
    """The library finds its weights beside itself, wherever both are moved, and
    takes others that are named."""
    embedded = os.path.join(folder, "embedded.so")
    library = os.path.join(folder, "beside.so")
    weights = os.path.join(folder, "beside.safetensors")
    tool("compile", model, "-o", embedded)
    tool("compile", model, "-o", library, "--weights", weights)
    assert os.path.getsize(library) < os.path.getsize(embedded), (
        "the weights are embedded"
    )

    moved = os.path.join(folder, "moved")
    shutil.rmtree(moved, ignore_errors=True)
    os.mkdir(moved)
    for path in library, weights:
        shutil.move(path, moved)
    library = os.path.join(moved, "beside.so")
    weights = os.path.join(moved, "beside.safetensors")
    for case, inputs, want in cases:
        got = tool.run(folder, library, inputs, want)
        comparison.check(f"{case} with a weight file", got, want, LIMIT)

    case, inputs, want = cases[0]
    got = tool.run(folder, embedded, inputs, want, "--weights", weights)
    comparison.check(f"{case} embedded, with another file", got, want, LIMIT)
    os.rename(weights, weights + ".away")
    file = os.path.join(folder, "input_ids.in.npy")
    message = tool("run", library, f"--input=input_ids={file}", fails=True)
    assert "beside.safetensors" in message and "No such file" in message, message


def processors(tool, model, folder, cases, comparison):
    library = os.path.join(folder, "processor.so")
    with open("/proc/cpuinfo") as file:
        has_avx2 = " avx2 " in file.read()
    for cpu, runs in ("baseline", True), ("x86-64-v3", has_avx2):
        tool("compile", model, "-o", library, "--cpu", cpu)
        if not runs:
            print(f"{cpu} is not run: this machine has no AVX2")
            continue
        for case, inputs, want in cases:
            got = tool.run(folder, library, inputs, want)
            comparison.check(f"{case} {cpu}", got, want, LIMIT)


def again(tool, model, folder, cases, comparison):
    """A model that is compiled again is loaded anew; the old one stays as it is."""
    library = os.path.join(folder, "again.so")
    tool("compile", model, "-o", library)
    old = runtime.load(library)
    tool("compile", model, "-o", library, "--dim", "batch=1")
    new = runtime.load(library)
    for which, batch in (old, "batch"), (new, 1):
        (ids,) = which.signature["forward"].inputs
        assert ids.shape == (batch, "sequence"), ids
        for case, inputs, want in cases:
            if len(inputs["input_ids"]) == 1:
                got = which.session().run(inputs)
                comparison.check(f"{case} in one process, {ids}", got, want, LIMIT)


def main():
    ockham, models, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    model = os.path.join(models, "sasp_rms.op17.onnx")
    tool = Tool(ockham)
    cases = read_cases(model, ["input_ids"])
    comparison = Comparison()
    for test in fixed_batch, weight_file, processors, again:
        test(tool, model, folder, cases, comparison)
    comparison.exit()


if __name__ == "__main__":
    main()
