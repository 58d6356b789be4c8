"""Whether every tfm pass of `ockham-opt --help` says what it keeps.

Usage: ockham-opt --help | rewrite_passes.py
"""

import re
import sys

ANSWER = re.compile(
    r"\[parameters (kept|changed); "
    r"(same numbers|exact up to rounding|changes results)\]$"
)


def main():
    passes = re.findall(
        r"^ +--((?:convert-onnx-to-)?tfm\S*) +- (.*)$", sys.stdin.read(), re.MULTILINE
    )
    if not passes:
        sys.exit("there are no tfm passes")
    for name, summary in passes:
        if not ANSWER.search(summary):
            sys.exit(f"{name} does not say what it keeps: {summary}")
        print(f"{name}: {ANSWER.search(summary)[0]}")


if __name__ == "__main__":
    main()
