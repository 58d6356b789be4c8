#!/usr/bin/env python3
"""Calls per second of one session of a compiled model, and of several at once.

    benchmarks/sessions.py MODEL.so --dim batch=1 --dim sequence=128

Each session has --threads threads and is called by a thread of its own, over and
over. One session and all of them take turns, so that both see the same machine;
printed are the median rates, and by how much all are faster than one, turn by
turn. Needs NumPy and the built runtime (OCKHAM_RUNTIME_LIBRARY, or build/).
"""

import argparse
import sys
import threading
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import interleaved
import ockham
from compare_models import make_inputs, parse_dim


def count_calls(sessions, inputs, seconds):
    """Calls per second of all sessions together."""
    rates = [0.0] * len(sessions)
    barrier = threading.Barrier(len(sessions))

    def call(number):
        barrier.wait()
        start, calls = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            sessions[number].run(inputs)
            calls += 1
        rates[number] = calls / (time.perf_counter() - start)

    callers = [
        threading.Thread(target=call, args=(number,)) for number in range(len(sessions))
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return sum(rates)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", metavar="MODEL.so")
    parser.add_argument("--dim", type=parse_dim, action="append", default=[])
    parser.add_argument("--sessions", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="of each session [1]")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a turn [2]")
    args = parser.parse_args()
    model = ockham.load(args.model)
    (entry,) = model.signature.values()
    inputs = make_inputs(entry, dict(args.dim))
    sessions = [model.session(threads=args.threads) for _ in range(args.sessions)]
    for session in sessions:
        session.run(inputs)
    one, together = [], []
    for _ in range(args.turns):
        one.append(count_calls(sessions[:1], inputs, args.seconds))
        together.append(count_calls(sessions, inputs, args.seconds))
    interleaved.show_machine(f"NumPy {np.__version__}")
    ratios = np.array(together) / np.array(one)
    low, middle, high = np.percentile(ratios, [10, 50, 90])
    print(
        f"1 session: {np.median(one):.2f} calls/s; {args.sessions} sessions: "
        f"{np.median(together):.2f} calls/s; {middle:.2f} times as many "
        f"({low:.2f} to {high:.2f}), threads={args.threads}"
    )


if __name__ == "__main__":
    main()
