"""Damages a model in many ways and gives each variant to the importer.

    python3 damage.py MODEL VARIANTS TOOL [ARGUMENT...]

Half of the variants are cut off, half have some bytes changed. Each one must be
refused with exit code 1 and one error of one line, or accepted with exit code 0
and a module that the verifier accepts (the tool checks). The damage depends on
the number of the variant alone.
"""

import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor


def damage(data, variant):
    rng = random.Random(variant)
    if variant % 2 == 0:
        return data[: rng.randrange(len(data))]
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        kind = rng.randrange(3)
        # The nodes stand in front and are more interesting than the weights.
        position = rng.randrange(len(data) // rng.choice([1, 4, 4, 4]))
        if kind == 0:
            data[position] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[position] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        else:
            del data[position : position + rng.choice([1, 2, 8])]
    return bytes(data)


def check(data, variant, command):
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        file.write(damage(data, variant))
        file.flush()
        result = subprocess.run(
            command + [file.name],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    text = result.stderr.decode(errors="replace")
    errors = [line for line in text.splitlines() if " error: " in line]
    others = [line for line in text.splitlines() if " error: " not in line]
    quiet = all(" warning: " in line for line in others)
    if result.returncode == 0 and not errors and quiet:
        return "accepted"
    if result.returncode == 1 and len(errors) == 1 and quiet:
        return "refused"
    return f"variant {variant}: exit code {result.returncode}\n{text}"


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    variants, command = int(sys.argv[2]), sys.argv[3:]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda v: check(data, v, command), range(variants)))
    wrong = [r for r in results if r not in ("accepted", "refused")]
    print("\n".join(wrong))
    print(
        f"refused {results.count('refused')}, accepted {results.count('accepted')}, "
        f"wrong {len(wrong)}"
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
