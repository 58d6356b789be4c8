"""Runs models with activations of 16 bits against PyTorch's float32 outputs.

usage: narrow_models.py MODELS FOLDER [EMULATOR]

Each model is rewritten as a file in float16 and bfloat16, whose inputs and
outputs stay float32 behind casts, and is compiled as it is with --activations.

With an emulator of AMX (kernel_numbers.py --amx), all in bfloat16 and multiplied
by AMX.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from kernel_numbers import pretend_amx
from narrow_text import encode
from onnx import TensorProto, helper, numpy_helper

MODELS = [
    "gpt2_preln.op17",
    "gpt2_noln_perposition.op17",
    "sas_rms.op17",
    "sasp_rms.op17",
    "bert_postln.op17",
    "neox_parallel_rope.op17",
]
KINDS = {"f16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}
# In standard deviations of the outputs, after two layers.
LIMITS = {"f16": 1e-2, "bf16": 8e-2}
LARGEST = {"f16": 65504, "bf16": np.float32(2.0**127 * (2 - 2.0**-7))}
MAY_BE_LEFT = "no kernel: its table is stored once, in panels of"


def narrow_tensor(tensor, kind):
    if tensor.data_type != TensorProto.FLOAT:
        return
    values = numpy_helper.to_array(tensor)
    # The least float32, which masks are made of, is beyond the range.
    values = np.clip(values, -LARGEST[kind], LARGEST[kind])
    bits = encode(values, kind)
    tensor.ClearField("float_data")
    tensor.data_type = KINDS[kind]
    tensor.raw_data = bits.tobytes()


def narrow_model(path, kind):
    model = onnx.load(path)
    graph = model.graph
    del graph.value_info[:]
    for tensor in graph.initializer:
        narrow_tensor(tensor, kind)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                narrow_tensor(attribute.t, kind)
            if node.op_type == "Cast" and attribute.i == TensorProto.FLOAT:
                attribute.i = KINDS[kind]
    # Casts at the border.
    front, back = [], []
    for value in graph.input:
        if value.type.tensor_type.elem_type != TensorProto.FLOAT:
            continue
        inner = value.name + "_narrow"
        for node in graph.node:
            for i, name in enumerate(node.input):
                if name == value.name:
                    node.input[i] = inner
        front.append(helper.make_node("Cast", [value.name], [inner], to=KINDS[kind]))
    for value in graph.output:
        inner = value.name + "_narrow"
        for node in graph.node:
            for names in (node.input, node.output):
                for i, name in enumerate(names):
                    if name == value.name:
                        names[i] = inner
        back.append(
            helper.make_node("Cast", [inner], [value.name], to=TensorProto.FLOAT)
        )
    nodes = [*front, *graph.node, *back]
    del graph.node[:]
    graph.node.extend(nodes)
    return model


def run(*command, preload=None):
    result = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **({"LD_PRELOAD": preload} if preload else {})},
    )
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def compare(what, library, cases, folder, kind, emulator):
    worst, products = 0.0, 0
    if emulator and not pretend_amx(library):
        sys.exit(f"{what}: nothing is multiplied by AMX")
    for case, inputs, outputs in cases:
        arguments = []
        for name, array in inputs.items():
            np.save(folder / f"{name}.npy", array)
            arguments += ["--input", f"{name}={folder / name}.npy"]
        for name in outputs:
            arguments += ["--output", f"{name}={folder / name}.out.npy"]
        text = run("ockham", "run", library, *arguments, preload=emulator)
        if emulator:
            products += int(re.search(r"AMX:.* (\d+) tdpbf16ps", text)[1])
        for name, want in outputs.items():
            have = np.load(folder / f"{name}.out.npy").astype(np.float64)
            error = np.abs(have - want).max() / want.std()
            if have.shape != want.shape or not error < LIMITS[kind]:
                sys.exit(f"{what}, case {case}, {name}: off by {error:.2e}")
            worst = max(worst, error)
    # Some cases have a single row.
    if emulator and products == 0:
        sys.exit(f"{what}: AMX has multiplied nothing")
    # What is not rounded at all would be nearer.
    if worst < 2.0**-16:
        sys.exit(f"{what}: off by {worst:.2e} only; is anything of 16 bits?")
    return worst


def read_cases(path):
    arrays = np.load(path)
    model = onnx.load(path.with_suffix(".onnx"))
    names = {value.name for value in model.graph.input}
    cases = {}
    for key in arrays.files:
        case, name = key.split(".", 1)
        cases.setdefault(case, ({}, {}))[name not in names][name] = arrays[key]
    return [(case, *pair) for case, pair in sorted(cases.items())]


def check_remarks(what, text):
    for remark in re.findall(r"no kernel: .*", text):
        if not remark.startswith(MAY_BE_LEFT):
            sys.exit(f"{what}: {remark}")


def main():
    models, folder = map(Path, sys.argv[1:3])
    emulator = sys.argv[3] if len(sys.argv) > 3 else None
    kinds = ["bf16"] if emulator else KINDS
    cpu = ["--cpu", "x86-64-v4+amx-bf16"] if emulator else []
    folder.mkdir(parents=True, exist_ok=True)
    files = compilations = 0
    for name in MODELS:
        cases = read_cases(models / f"{name}.npz")
        for kind in kinds:
            narrow = folder / f"{name}.{kind}.onnx"
            onnx.save(narrow_model(models / f"{name}.onnx", kind), str(narrow))
            library = folder / "model.so"
            what = f"{name} in {kind}"
            text = run("ockham", "compile", "--remarks", *cpu, narrow, "-o", library)
            check_remarks(what, text)
            worst = compare(what, library, cases, folder, kind, emulator)
            print(f"{what}: {worst:.1e}")
            files += 1
            what = f"{name} with --activations {kind}"
            text = run("ockham", "compile", "--remarks", *cpu, "--activations", kind,
                       "--precision", kind if emulator else "f32", models / f"{name}.onnx", "-o", library)  # fmt: skip
            check_remarks(what, text)
            if not re.search(rf"activations of \d+ ops become '{kind}'", text):
                sys.exit(f"{what}: no remark of what was narrowed\n{text}")
            worst = compare(what, library, cases, folder, kind, emulator)
            print(f"{what}: {worst:.1e}")
            compilations += 1
    print(f"{files} files and {compilations} compilations agree")


if __name__ == "__main__":
    main()
