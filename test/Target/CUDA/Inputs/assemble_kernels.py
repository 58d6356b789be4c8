"""Assembles kernels with ptxas: none spills, none gets a warning.

usage: assemble_kernels.py FOLDER PTXAS [-v]

-v prints the registers of a thread of each.
"""

import itertools
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


def make_residual(width, kind):
    """A product of whole blocks with a bias and something added: of its sums and
    all of what is added there would be too many registers."""
    block = f"tensor<?x{width}x{kind}>"
    weight = f"tensor<{width}x{width}x{kind}>"
    bias = f"tensor<{width}xf32>"
    return f"""
ockham.weight @w : {weight} = dense<1.0> : {weight}
ockham.weight @b : {bias} = dense<1.0> : {bias}
func.func @forward(%x: {block}, %r: {block}) -> {block} attributes {{ockham.entry = "forward"}} {{
  %w = ockham.load_weight @w : {weight}
  %b = ockham.load_weight @b : {bias}
  %y = tfm.linear %x, %w bias %b init %r : {block}, {weight}, {bias} init {block} -> {block}
  return %y : {block}
}}
"""


def assemble(module, ptxas, folder, arch="80"):
    for kernel in module.kernels:
        module.get_code(kernel)
        source = folder / f"{kernel}.mlir"
        code = subprocess.run(
            ["ockham-emulate", source, "--chip", f"sm_{arch}", "--emit-llvm", "--no-debug-info"],
            check=True, capture_output=True,
        ).stdout  # fmt: skip
        text = folder / f"{kernel}.ptx"
        subprocess.run(
            ["llc", "-mtriple=nvptx64-nvidia-cuda", f"-mcpu=sm_{arch}", "-mattr=+ptx78",
             "-o", text], check=True, input=code,
        )  # fmt: skip
        result = subprocess.run(
            [ptxas, "-v", f"-arch=sm_{arch}", text, "-o", folder / "kernel.cubin"],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        said = result.stdout + result.stderr
        spills = re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", said)
        if result.returncode or "warning" in said or spills != [("0", "0")]:
            sys.exit(f"{kernel} for sm_{arch}:\n{said}")
        if "-v" in sys.argv:
            registers = re.search(r"Used (\d+) registers", said).group(1)
            print(f"{kernel}, sm_{arch}: {registers} registers", flush=True)
        yield kernel


def main():
    folder = get_folder()
    count = 0
    source = folder / "case.mlir"
    for kind, out, transposed in (("bf16", "bf16", False), ("f32", "f32", True)):
        source.write_text(make_text(768, 2304, kind, out, transposed))
        count += len(list(assemble(Module(source, folder), sys.argv[2], folder)))
    for arch, kind in itertools.product(("80", "90"), ("bf16", "f32")):
        source.write_text(make_residual(256, kind))
        # Multiply-adds of f32 have smaller blocks.
        module = Module(source, folder, PASSES, arch=arch, tf32=kind == "f32")
        count += len(list(assemble(module, sys.argv[2], folder, arch)))
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
