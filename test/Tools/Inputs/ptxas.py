#!/usr/bin/env python3
"""Says what ptxas says in bad cases, which the environment chooses."""

import os
import shutil
import sys

case = os.environ["FAKE_PTXAS"]
if case == "fails":
    sys.exit("ptxas x.ptx, line 7; error   : Unknown symbol 'warpy'")
if case == "old":
    sys.exit("ptxas fatal   : Value 'sm_80' is not defined for option 'gpu-name'")
print("ptxas info    : Function properties for a_kernel", file=sys.stderr)
spills = 16 if case == "spills" else 0
print(
    f"    0 bytes stack frame, {spills} bytes spill stores, 0 bytes spill loads",
    file=sys.stderr,
)
if case == "serialised":
    print(
        "ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async "
        "instructions are serialized",
        file=sys.stderr,
    )
# Some ELF file.
shutil.copy(sys.executable, sys.argv[sys.argv.index("-o") + 1])
