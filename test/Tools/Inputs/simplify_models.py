"""Raise and simplify every model of the papers; compare what is left with the table.

usage: simplify_models.py FOLDER_OF_MODELS SCRATCH_FOLDER

Every pass runs under --verify-rewrites, which compares the numbers in float64
and float32.
"""

import os
import re
import subprocess
import sys
from collections import Counter

import onnx

OPSETS = (13, 17)

# The passes whose outcome the table states. Merged projections would hide which
# linears are left.
PASSES = [
    "--verify-rewrites=errors",
    "--ockham-raise",
    "--tfm-merge-norms",
    "--tfm-fold-identity-projections",
    "--tfm-fold-norms",
    "--tfm-fold-gains",
    "--canonicalize",
]

# name: (kind of both blocks, norms left by kind, linears left, other facts)
# Facts: "untied" (the head has a weight of its own and a bias), "row_scale N"
# (linears with a scale per position), "square N" (linears of width x width,
# which values and projections are), "gains N" (gains left at sums).
MODELS = {
    "gpt2_preln": ("pre_norm", {"layer": 5}, 9, {}),
    "nanogpt_preln": ("pre_norm", {"layer": 5}, 9, {}),
    "gpt2_noln_fixedstd": ("pre_norm", {}, 9, {"untied": True}),
    "gpt2_noln_eps1e12": ("pre_norm", {}, 9, {"untied": True}),
    "gpt2_noln_perposition": ("pre_norm", {}, 9, {"untied": True, "row_scale": 5}),
    "gpt2_noln_midway": ("pre_norm", {"layer": 3}, 11, {}),
    "sas_rms": ("sas", {"rms": 4, "layer": 1}, 8, {"square": 1}),
    "sas_none": ("sas", {"layer": 2}, 8, {"square": 1}),
    "sasp_rms": ("sas_p", {"rms": 2, "layer": 1}, 8, {"square": 1}),
    "sasp_ln": ("sas_p", {"layer": 3}, 8, {"square": 1}),
    "sasp_none": ("sas_p", {"layer": 2}, 8, {"square": 1}),
    "vskipinit": ("v_skip_init", {"rms": 4, "layer": 1}, 11, {"square": 4}),
    "neox_parallel_rope": ("parallel_two_norms", {"layer": 5}, 13, {"square": 8}),
    "gptj_parallel": ("parallel", {"layer": 3}, 9, {}),
    "normfree_gelu": ("norm_free", {"layer": 1}, 9, {}),
    "normfree_relu": ("norm_free", {"layer": 1}, 9, {}),
    "normfree_learnable_leaky": ("norm_free", {"layer": 1}, 9, {}),
    "dyt": ("pre_norm", {"tanh": 5}, 9, {"untied": True}),
    "op_block": ("norm_free", {"layer": 1}, 11, {}),
    "bert_postln": ("post_norm", {"layer": 5}, 12, {"square": 8}),
    # Made here: the same model, the second norm of each block equal to the first.
    # --onnx-normalize shares equal weights and operators, so that it is raised
    # with one norm per block.
    "neox_equal_norms": ("parallel", {"layer": 3}, 13, {"square": 8}),
    "enc_sasp": ("sas_p", {"layer": 2}, 6, {"square": 0}),
}


def run(command):
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        return None, " ".join(command) + "\n" + done.stderr
    return done.stdout, ""


def describe(text):
    """The facts of a simplified module that the table is about."""
    linears = re.findall(r" = tfm\.linear (.*)", text)
    head = linears[-1] if linears else ""
    return {
        "kinds": Counter(re.findall(r"tfm\.block +(\w+) index", text)),
        "norms": dict(Counter(re.findall(r"tfm\.norm +(\w+) ", text))),
        "linears": len(linears),
        "square": sum(", tensor<32x32xf32>" in linear for linear in linears),
        "row_scale": sum(" row_scale " in linear for linear in linears),
        "reparametrised": sum(
            bool(re.search(r" (skip|resid) %", linear)) for linear in linears
        ),
        "gains": len(re.findall(r"tfm\.add_scaled .*gain", text))
        + len(re.findall(r"tfm\.scale ", text)),
        "untied": " bias " in head and "wte.weight.folded" in text,
        "parameters_of_norms": len(
            re.findall(r"tfm\.norm +(?:fixed|tanh|erf) .*(?:scale|shift) %", text)
        ),
        "onnx": sorted(set(re.findall(r" (onnx\.\w+)", text))),
    }


def equalise_norms(source, target):
    """Give ln2 of every block the parameters of ln1, as other initializers."""
    model = onnx.load(source)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for name, tensor in tensors.items():
        if ".ln2." in name:
            tensor.raw_data = tensors[name.replace(".ln2.", ".ln1.")].raw_data
    onnx.save(model, target)


def check(name, folder, scratch):
    kind, norms, linears, facts = MODELS[name.split(".")[0]]
    path, module = f"{folder}/{name}.onnx", f"{scratch}/module.mlir"
    if name.startswith("neox_equal_norms"):
        source = path.replace("neox_equal_norms", "neox_parallel_rope")
        path = f"{scratch}/{name}.onnx"
        equalise_norms(source, path)
    _, error = run(["ockham-translate", "--import-onnx", path, "-o", module])
    text = None
    if not error:
        text, error = run(["ockham-opt", module, *PASSES])
    if error:
        return [error]
    found = describe(text)
    expected = {
        "kinds": Counter({kind: 2}),
        "norms": norms,
        "linears": linears,
        "row_scale": facts.get("row_scale", 0),
        "reparametrised": 0,
        "gains": facts.get("gains", 0),
        "untied": facts.get("untied", False),
        "parameters_of_norms": 0,
    }
    if "square" in facts:
        expected["square"] = facts["square"]
    return [
        f"{name}: {key}: expected {value}, got {found[key]}"
        for key, value in expected.items()
        if found[key] != value
    ]


def main():
    folder, scratch = sys.argv[1:]
    os.makedirs(scratch, exist_ok=True)
    faults = []
    for model in MODELS:
        for opset in OPSETS:
            faults += check(f"{model}.op{opset}", folder, scratch)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
