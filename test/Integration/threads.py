"""One compiled model, two sessions, four threads at once: equal results.

Usage: threads.py OCKHAM MODELS FOLDER

Each session is used by two of the threads, whose calls it takes one after the
other; both sessions have two threads of their own. All shapes are mixed, so
that workspaces grow and shrink. A call's result does not depend on what ran
before or beside it, down to the last bit.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import ockham
from common import Tool, read_cases

CALLERS, CALLS = 4, 100


def main():
    tool, models, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(models, "gpt2_preln.op17.onnx")
    library = os.path.join(folder, "model.so")
    Tool(tool)("compile", path, "-o", library)
    model = ockham.load(library)
    cases = read_cases(path, ["input_ids"])
    with model.session(threads=2) as alone:
        want = [alone.run(inputs) for _, inputs, _ in cases]
    sessions = [model.session(threads=2) for _ in range(2)]

    def call(caller):
        wrong = 0
        for i in range(CALLS):
            k = (caller + i) % len(cases)
            got = sessions[caller % 2].run(cases[k][1])
            wrong += any(
                not np.array_equal(got[name], want[k][name]) for name in want[k]
            )
        return wrong

    with ThreadPoolExecutor(CALLERS) as pool:
        wrong = sum(pool.map(call, range(CALLERS)))
    print(f"{wrong} of {CALLERS * CALLS} calls differ")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
