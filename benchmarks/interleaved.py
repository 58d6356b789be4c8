"""Times of several callables, taken in turns.

What else the machine does falls on all of them alike, as it does not when one is
measured after the other.
"""

import os
import platform
import statistics
import time


def measure(calls, rounds):
    """Seconds of each call in each round, by name; `calls` maps names to callables.

    Every call runs twice before that. Each round runs in the opposite order of
    the one before.
    """
    for call in calls.values():
        call()
        call()
    times = {name: [] for name in calls}
    for index in range(rounds):
        for name in sorted(calls, reverse=index % 2 == 1):
            start = time.perf_counter()
            calls[name]()
            times[name].append(time.perf_counter() - start)
    return times


def show(what, times):
    """A line for each name: median, 10% to 90%, and the ratio to the first name.

    The ratio is the median of the rounds' ratios, each of times taken side by
    side.
    """
    base = next(iter(times.values()))
    for name, seconds in times.items():
        low, *_, high = statistics.quantiles(seconds, n=10)
        ratio = statistics.median(a / b for a, b in zip(seconds, base))
        print(
            f"{what}  {name:<24} {statistics.median(seconds) * 1e3:9.2f} ms"
            f"  ({low * 1e3:.2f} to {high * 1e3:.2f})  {ratio:.3f}",
            flush=True,
        )


def show_machine(*versions):
    """The processor, the load at the start, and the versions given."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":")[1].strip() for line in file if "model name" in line]
    processor = models[0] if models else platform.machine()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} x {processor}, load {load:.2f}; {', '.join(versions)}")
