"""Checks that reports of models in different spellings have one structure.

Usage: same_structure.py FOLDER

FOLDER has NAME.op13.onnx and NAME.op17.onnx for several names.
"""

import json
import subprocess
import sys
from pathlib import Path


def describe(path):
    """The part of the report that says what a model is."""
    text = subprocess.check_output(["ockham", "report", path, "--json"])
    return json.loads(text)["structure"]


def find_difference(a, b, place="structure"):
    """Where two values differ first, with both; nothing if they do not."""
    if type(a) is type(b) and isinstance(a, dict) and a.keys() == b.keys():
        parts = ((a[key], b[key], f"{place}.{key}") for key in a)
    elif type(a) is type(b) and isinstance(a, list) and len(a) == len(b):
        parts = ((x, y, f"{place}[{i}]") for i, (x, y) in enumerate(zip(a, b)))
    else:
        return None if a == b else f"{place}: {a} and {b}"
    return next(filter(None, (find_difference(*part) for part in parts)), None)


pairs = 0
failed = False
for old in sorted(Path(sys.argv[1]).glob("*.op13.onnx")):
    new = old.with_name(old.name.replace("op13", "op17"))
    if not new.exists():
        continue
    pairs += 1
    difference = find_difference(describe(old), describe(new))
    if difference:
        print(f"{old.name}, {new.name}: {difference}")
        failed = True
print(pairs, "pairs")
sys.exit(failed)
