"""Assembles kernels with ptxas: none spills, none gets a warning.

usage: assemble_kernels.py FOLDER PTXAS
"""

import re
import subprocess
import sys

from emulated_host import Module, get_folder
from gemm_numbers import make_text
from kernel_sweep import PASSES, make_runs, narrow_text

CASES = (
    ("attention", "", ("4 of 64", "lengths, past", "shape with past")),
    ("attention", "bf16", ("4 of 64", "rotary of 64")),
    ("products", "", ("gelu_erf", "row scale")),
    ("products", "f16", ("gelu_tanh",)),
    ("rows", "", ("layer of 768", "entropy of 1000", "positions")),
    ("rows", "bf16", ("rms of 768", "chain")),
)


def assemble(module, ptxas, folder):
    for kernel in module.kernels:
        module.get_code(kernel)
        source = folder / f"{kernel}.mlir"
        code = subprocess.run(
            ["ockham-emulate", source, "--chip", "sm_80", "--emit-llvm", "--no-debug-info"],
            check=True, capture_output=True,
        ).stdout  # fmt: skip
        text = folder / f"{kernel}.ptx"
        subprocess.run(
            ["llc", "-mtriple=nvptx64-nvidia-cuda", "-mcpu=sm_80", "-mattr=+ptx78",
             "-o", text], check=True, input=code,
        )  # fmt: skip
        result = subprocess.run(
            [ptxas, "-v", "-arch=sm_80", text, "-o", folder / "kernel.cubin"],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        said = result.stdout + result.stderr
        spills = re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", said)
        if result.returncode or "warning" in said or spills != [("0", "0")]:
            sys.exit(f"{kernel}:\n{said}")
        yield kernel


def main():
    folder = get_folder()
    count = 0
    source = folder / "case.mlir"
    for kind, out, transposed in (("bf16", "bf16", False), ("f32", "f32", True)):
        source.write_text(make_text(768, 2304, kind, out, transposed))
        count += len(list(assemble(Module(source, folder), sys.argv[2], folder)))
    for group, kind, names in CASES:
        seen, missing = set(), set(names)
        for name, text, *_ in make_runs(group):
            missing -= {word for word in names if word in name}
            if name in seen or not any(n in name for n in names):
                continue
            seen.add(name)
            source.write_text(narrow_text(text, kind) if kind else text)
            module = Module(source, folder, PASSES)
            count += len(list(assemble(module, sys.argv[2], folder)))
        if missing:
            sys.exit(f"no case of {group} is named {', '.join(sorted(missing))}")
    print(f"{count} kernels without spills")


if __name__ == "__main__":
    main()
