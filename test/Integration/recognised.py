"""What is recognised in every model of a folder, and what simplification leaves.

Usage: recognised.py OCKHAM FOLDER

FOLDER holds models and blocks.toml, which says what each of them is. Every
model has to have an entry and every entry a model; a file NAME.x.y.onnx is
described by the entry NAME.x.y or, if there is none, by NAME. Compared are the
kinds of the blocks, the norms before and after simplification, the linears, row
scales and gains that are left, and the operators that stayed onnx on the way of
the activations.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import tomllib


def expand(part):
    """All nodes of a part of the structure, those of blocks once per block."""
    yield from part["model"]["nodes"]
    for block in part["blocks"]:
        for _ in range(block["first"], block["last"] + 1):
            yield from block["graph"]["nodes"]


def describe(part):
    nodes = list(expand(part))

    def count(key):
        return sum(1 for node in nodes if key in node)

    return {
        "blocks": [
            block["kind"]
            for block in part["blocks"]
            for _ in range(block["first"], block["last"] + 1)
        ],
        "norms": dict(Counter(node["kind"] for node in nodes if node["op"] == "norm")),
        "linears": sum(1 for node in nodes if node["op"] == "linear"),
        "row_scales": count("row_scale"),
        "reparametrised": count("skip_gain"),
        "gains": count("gains") + sum(1 for node in nodes if node["op"] == "scale"),
        "unrecognised": part["unrecognised"],
    }


def find_entry(table, path):
    name = path.name.removesuffix(".onnx")
    while name not in table:
        if "." not in name:
            return None
        name = name.rsplit(".", 1)[0]
    return name


def main():
    ockham, folder = sys.argv[1], Path(sys.argv[2])
    table = tomllib.loads((folder / "blocks.toml").read_text())
    unused = set(table)
    failures = 0

    def fail(message):
        nonlocal failures
        failures += 1
        print(f"FAIL {message}")

    models = sorted(folder.glob("*.onnx"))
    for path in models:
        entry = find_entry(table, path)
        if entry is None:
            fail(f"{path.name}: blocks.toml does not describe it")
            continue
        unused.discard(entry)
        report = subprocess.run(
            [ockham, "report", str(path), "--json"],
            check=False,
            capture_output=True,
            text=True,
        )
        if report.returncode:
            fail(f"{path.name}: ockham report failed: {report.stderr.strip()}")
            continue
        structure = json.loads(report.stdout)["structure"]
        want = table[entry]
        problems = []
        for part in ("before", "after"):
            got = describe(structure[part])
            # What is not mentioned is not there.
            expected = {"gains": 0, "row_scales": 0, "reparametrised": 0}
            expected |= {"norms": {}, "unrecognised": {}}
            if part == "before":
                # Gains of the paper are what simplification removes.
                del expected["gains"], expected["reparametrised"]
            expected |= {"blocks": want["blocks"]} | want.get(part, {})
            for key, value in expected.items():
                if got[key] != value:
                    problems.append(f"{key} {part} are {got[key]}, expected {value}")
        if problems:
            fail(f"{path.name}: " + "; ".join(problems))
        else:
            print(f"ok   {path.name}: {' '.join(want['blocks'])}")
    for entry in sorted(unused):
        fail(f"blocks.toml: no model is called {entry}")
    if not models:
        fail(f"{folder}: no models")
    sys.exit(f"{failures} failures" if failures else 0)


if __name__ == "__main__":
    main()
