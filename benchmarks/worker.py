"""One side of a comparison, in a process of its own.

The runner writes a line of JSON for each request and reads one back:

    {"do": "open", "side": NAME, "case": {...}, "inputs": FILE.npz}
    {"do": "run", "calls": N}       -> {"seconds": [...]}, one for each call; with
                                       "cpu_time": true those of the process
    {"do": "sample", "limit": N, "to": FILE.npy}
    {"do": "memory"}                -> bytes: now, at most, before the side was loaded

Every answer may be {"error": TEXT} instead. A process of its own for each side
keeps thread pools, allocators and peak memory apart.
"""

import json
import os
import sys
import time

import numpy as np
import sides


def memory(field):
    """A field of /proc/self/status that counts kB, in bytes."""
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(field + ":"):
                return 1024 * int(line.split()[1])
    return 0


class Worker:
    def open(self, side, case, inputs):
        with np.load(inputs) as arrays:
            # Sides read them in place.
            self.inputs = {name: arrays[name] for name in arrays.files}
        self.before = memory("VmRSS")
        start = time.perf_counter()
        self.side = sides.SIDES[side](sides.Case.from_json(case), self.inputs)
        return {
            "seconds": time.perf_counter() - start,
            "version": self.side.version,
            "settings": self.side.settings,
        }

    def run(self, calls, cpu_time=False):
        clock = time.process_time if cpu_time else time.perf_counter
        seconds = []
        for _ in range(calls):
            start = clock()
            self.side.run()
            seconds.append(clock() - start)
        return {"seconds": seconds}

    def sample(self, limit, to):
        result = self.side.result()
        # An odd stride, so that all columns have their turn.
        flat = result.reshape(-1)
        step = -(-flat.size // limit) | 1
        np.save(to, flat[::step])
        return {"shape": list(result.shape), "step": step}

    def memory(self):
        return {
            "now": memory("VmRSS"),
            "peak": memory("VmHWM"),
            "before": self.before,
        }


def main():
    # Libraries print to standard output; answers have a channel of their own.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except Exception as error:  # noqa: BLE001  # of any library: tell and go on
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
