"""The report's numbers for the models of "Simplifying Transformer Blocks".

Usage: paper_models.py OCKHAM EXAMPLE FOLDER

EXAMPLE is examples/paper_models.py, which makes them with random weights at full
size; it needs Debian's python3-torch and python3-onnx. The paper says: 167
million parameters for the 18-layer Pre-LN model, 146 for SAS-P. FOLDER is made,
takes 0.8 GB, and is removed.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from common import Tool

LAYERS, WIDTH, VOCABULARY = 18, 768, 50000
# Name, kind of its blocks, millions of parameters in the paper, matrices of a
# block in units of width * width, and those that layer 0 has beyond.
MODELS = (("preln", "pre_norm", 167, 12, 0), ("sasp", "sas_p", 146, 10, 1))


def expect(what, expected, got):
    """Ends the test with both values unless they are equal."""
    if expected != got:
        sys.exit(f"{what}: expected {expected}, got {got}")


def check(ockham, example, folder, name, kind, millions, matrices, first):
    """Makes one model, and removes it when its report has been read."""
    text = subprocess.run(
        [sys.executable, "-B", example, "--blocks", name, "--output", str(folder)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    made = int(re.search(r"([\d,]+) parameters", text)[1].replace(",", ""))
    report = json.loads(
        ockham(
            *("report", folder / f"{name}_{LAYERS}.onnx", "--json"),
            *("--dim", "batch=1", "--dim", "sequence=128"),
        )
    )
    before, after = (report["structure"][key] for key in ("before", "after"))
    # The exporter multiplies out W = skip I + resid dW of layer 0: two gains.
    expect(f"{name}: parameters", made - 2 * first, before["parameters"])
    for part in (before, after):
        expect(f"{name}: millions", millions, round(part["parameters"] / 1e6))
        expect(f"{name}: kinds", {kind}, {block["kind"] for block in part["blocks"]})
        expect(f"{name}: blocks", LAYERS, part["blocks"][-1]["last"] + 1)
    weights = (LAYERS * matrices + first) * WIDTH**2 + WIDTH * VOCABULARY
    expect(
        f"{name}: operations of linears",
        2 * 128 * weights,
        before["cost"]["linear_flops"]["value"],
    )
    # Two products of 768 channels, two operations, for each visible pair.
    expect(
        f"{name}: operations of attention",
        LAYERS * 2 * 2 * WIDTH * 128 * 129 // 2,
        before["cost"]["attention_flops"]["value"],
    )
    print(f"{name}: {before['parameters']:,} parameters, {millions}M")
    shutil.rmtree(folder)


def main():
    ockham, example, folder = Tool(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    for model in MODELS:
        check(ockham, example, folder, *model)


if __name__ == "__main__":
    main()
