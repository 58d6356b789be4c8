"""Compiled models allocate nothing: what they plan is all that they take.

Usage: workspace.py OCKHAM RUNNER MODELS FOLDER [--no-package]

Compiles one export of each model in MODELS. RUNNER (workspace-runner.cpp) runs
it under a host table that counts, at several shapes. Then, through the Python
package, one model grows and shrinks from call to call, and its session holds no
more than the largest plan and what was handed out. FOLDER is made.
"""

import argparse
import os
import subprocess
import sys

# batch, sequence: one row, odd ones, several.
SHAPES = [(1, 1), (2, 5), (3, 8)]

# A tensor with as many elements as a number in the input says: its size is no
# function of shapes, and it comes from the host.
DATA_DEPENDENT = """
func.func @forward(%n: tensor<1xi64> {ockham.name = "n"},
                   %x: tensor<?xf32> {ockham.dims = ["length"], ockham.name = "x"})
    -> (tensor<?x?xf32> {ockham.name = "y"}) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %length = tensor.dim %x, %c0 : tensor<?xf32>
  %one = arith.constant 1 : index
  %number = tensor.extract %n[%c0] : tensor<1xi64>
  %count = arith.index_cast %number : i64 to index
  %rows = onnx.Expand %x to [%count, %length] : (tensor<?xf32>) -> tensor<?x?xf32>
  %e = onnx.Exp %rows : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %s = onnx.Softmax %e {axis = 1 : i64} : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %s : tensor<?x?xf32>
}
"""


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\nexit code {result.returncode}\n{result.stderr}")
    return result.stdout


def choose(folder):
    """The files to check: of each model the export with the newest name."""
    chosen = {}
    for name in sorted(os.listdir(folder)):
        stem, extension = os.path.splitext(name)
        if extension == ".onnx":
            chosen[stem.split(".")[0]] = os.path.join(folder, name)
    return sorted(chosen.values())


def check_counts(tool, runner, models, folder):
    library = os.path.join(folder, "model.so")
    for model in choose(models):
        run(tool, "compile", model, "-o", library, "--quiet")
        for batch, sequence in SHAPES:
            dims = [f"batch={batch}", f"sequence={sequence}"]
            text = run(runner, library, *dims)
            print(
                f"{os.path.basename(model)} {' '.join(dims)}: {text.splitlines()[-1]}"
            )


def check_session(tool, models, folder):
    """What a session holds while shapes change."""
    import numpy as np
    import ockham

    library = os.path.join(folder, "model.so")
    run(tool, "compile", os.path.join(models, "gpt2_preln.op17.onnx"), "-o", library)
    session = ockham.load(library).session(threads=1)
    other = session.model.session(threads=1)

    def expect(what, got, want):
        if got != want:
            sys.exit(f"FAIL {what}: {got}, expected {want}")
        print(f"ok   {what}: {got}")

    ids = {length: np.ones((2, length), np.int64) for length in (4, 16, 8)}
    first = session.run({"input_ids": ids[16]})
    plan = session.workspace_bytes({"input_ids": ids[16]})
    (logits,) = first.values()
    memory = session.memory
    # Results are counted in steps of their own; these are a multiple of 64.
    expect("peak of a call", memory.peak - plan >= logits.nbytes, True)
    expect("beyond plan and results", memory.peak - plan < logits.nbytes * 5 / 4, True)
    for length in (16, 4, 16, 8, 16):
        buffer = np.empty((2, length, logits.shape[2]), np.float32)
        session.run({"input_ids": ids[length]}, outputs={"output": buffer})
    expect("peak after more calls", session.memory.peak, memory.peak)
    expect("held after more calls", session.memory.workspace, memory.workspace)
    expect("held by a session that has not run", other.memory.workspace, 0)


def check_data_dependent(tool, runner, folder):
    model, library = os.path.join(folder, "data.mlir"), os.path.join(folder, "data.so")
    with open(model, "w", encoding="utf-8") as file:
        file.write(DATA_DEPENDENT)
    result = subprocess.run(
        [tool, "compile", model, "-o", library, "--remarks"],
        capture_output=True,
        text=True,
        check=True,
    )
    remarks = [line for line in result.stderr.splitlines() if "host's allocate" in line]
    if not remarks or "does not follow from the shapes of the inputs" not in remarks[0]:
        sys.exit(f"FAIL no remark on the data-dependent size:\n{result.stderr}")
    text = run(runner, library, "length=7", "--allocations", str(len(remarks)))
    print(f"data-dependent: {text.splitlines()[-1]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("runner")
    parser.add_argument("models")
    parser.add_argument("folder")
    parser.add_argument("--no-package", action="store_true")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    check_data_dependent(options.tool, options.runner, options.folder)
    check_counts(options.tool, options.runner, options.models, options.folder)
    if not options.no_package:
        check_session(options.tool, options.models, options.folder)


if __name__ == "__main__":
    main()
