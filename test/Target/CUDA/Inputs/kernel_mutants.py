"""Breaks the synchronisation of kernels, an instruction at a time.

usage: kernel_mutants.py FOLDER [GROUP[:TYPE]...] [options]

A mutant lacks a barrier, a wait or the end of a group that
--ockham-cuda-synchronize made, or has a wait that leaves one more group under
way. It runs in the emulator, with the race detector, on sizes that bring each
slot of a ring to use several times, until something notices: a race, wrong
numbers, a deadlock. What nothing notices, whatever the sizes, is an error, but
for ends of groups in HARMLESS; and so is an entry there that is not needed.

The groups are those of kernel_sweep.py, `products`, `fused`, `rows` and
`attention`, as f32 or with activations and weights of TYPE, or with factors that
are rounded to tf32; without any, all of them, but for tf32: what is waited for
there is what is for 16 bits.

  --quick          a few cases of all groups, those of QUICK
  --only WORD      cases whose names contain WORD; may be repeated
  --jobs N         cases at a time (default: 1)
  --json FILE      writes what was found, for each kernel
  --markdown FILE  writes the table
  --progress       prints a line per case
"""

import argparse
import hashlib
import json
import re
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import numpy as np
from emulated_host import ALL, Module, run
from kernel_sweep import CASES, PASSES, attention_numbers, draw_rows
from narrow_text import narrow_text, round_to

GROUPS = [
    f"{group}{kind}"
    for group in ("products", "fused", "rows", "attention")
    for kind in ("", ":bf16", ":f16")
]
# One of each way to synchronise: rings of products that are long, short, and of
# few rows; loops over keys, with blocks that change hands.
QUICK = {
    "products": ["33x100", "row scale"],
    "products:bf16": ["1090x50"],
    "rows:bf16": ["tied 200x256"],
    "attention": ["lengths, past"],
    "attention:bf16": ["norm and rotary"],
}
# Beginnings of kernels' names, and why some of their groups are empty in all
# launches. That they are is checked in each run: the emulator counts the copies of
# each group.
HARMLESS = {
    "attention_": "the last turn of a loop over keys, which LLVM splits from the others, "
    "copies nothing ahead, the one in front of a loop nothing where that has no "
    "turns, and behind the whole blocks that all queries see there is no other "
    "turn, unless a past or a length moves the diagonal",
    "linear_": "the last turn of a short loop, which LLVM writes out, copies nothing ahead",
}
COMMIT = "drop cp.async.commit.group"
LINE = re.compile(r"(\d+): (.*): (reported|fails|only wrong numbers|nothing noticed)")
MISSED = "nothing noticed"
lock = Lock()


class Kernel:
    """What became of the mutants of one kernel, by number."""

    def __init__(self, case, name):
        self.case, self.name = case, name
        self.mutants = {}  # Description and what noticed.
        self.pending = None  # Numbers; None before the first run.
        self.filled = set()  # Ends of groups that had copies.
        self.lock = Lock()  # Cases at a time may have the same kernel.

    def take(self, results):
        """What one run noticed. What another one has noticed stays noticed."""
        for number, result in results.items():
            if self.mutants.get(number, (None, MISSED))[1] == MISSED:
                self.mutants[number] = result
        self.pending = [n for n, (_, what) in self.mutants.items() if what == MISSED]

    def accept_harmless(self, used):
        for number in self.pending or []:
            text, _ = self.mutants[number]
            entry = next((e for e in HARMLESS if self.name.startswith(e)), None)
            if text == COMMIT and entry and number not in self.filled:
                self.mutants[number] = (text, "harmless")
                used.add(entry)


class MutantModule(Module):
    """Runs the mutants of each kernel where the kernel is launched."""

    choice = ALL

    def __init__(self, source, folder, case, kernels):
        super().__init__(source, folder, PASSES, tf32=case.tf32)
        self.case, self.all = case.name, kernels

    def find(self, name):
        # The same code has the same mutants, whatever its name is.
        self.get_code(name)
        text = (self.folder / f"{name}.mlir").read_text().replace(f'"{name}"', '""')
        key = hashlib.sha256(text.encode()).hexdigest()
        with lock:
            return self.all.setdefault(key, Kernel(self.case, name))

    def run_mutants(self, command, numbers, *options):
        """Description and what noticed it, by number."""
        only = ["--mutant", ",".join(map(str, numbers))] if numbers else []
        output = run(*command, "--mutants", "--until-noticed", *only, *options)
        results = {}
        for line in output.splitlines():
            if match := LINE.match(line):
                number, text, found = match.groups()
                # Where it is in a file of the test's.
                results[int(number)] = (re.sub(r" \(\S*\)", "", text), found)
        return results

    def run_kernel(self, kernel, command):
        super().run_kernel(kernel, command)
        state = self.find(kernel)
        with state.lock:
            self.break_kernel(state, command)

    def break_kernel(self, state, command):
        if state.pending == []:
            return
        state.take(self.run_mutants(command, state.pending))
        commits = [n for n in state.pending if state.mutants[n][0] == COMMIT]
        if commits:
            found = self.run_mutants(command, commits, "--expect-empty")
            state.filled |= {n for n, (_, what) in found.items() if what != MISSED}


class Case:
    """A function of tfm ops and inputs by name, for each of some extents."""

    def __init__(self, name, text, runs, kind):
        self.name = f"{name}, {kind or 'f32'}"
        self.tf32 = kind == "tf32"
        if self.tf32:
            kind = ""
        self.text = narrow_text(text, kind) if kind else text
        self.runs = runs
        if kind:
            for inputs in runs:
                for key, array in inputs.items():
                    if array.dtype == np.float32:
                        inputs[key] = round_to(array, kind)


def draw_attention(case, extents):
    """Inputs of which most keys are seen: what is hidden is not copied."""
    arrays = case.draw(*extents)
    _, queries, keys = extents
    if "past" in arrays:
        arrays["past"][...] = max(keys - queries, 0)
    if "lengths" in arrays:
        arrays["lengths"][...] = keys - 1
    return arrays


def make_attention(_):
    for case in attention_numbers.make_cases():
        # The number of keys is open, so that few queries see many of them.
        case.options["cross"] = True
        text = case.make_text()
        shapes = [(1, 2, 330), (1, 70, 330), (1, 200, 200), (1, 1, 130)]
        yield case.name, text, [draw_attention(case, s) for s in shapes]


def make_products(group):
    for case in CASES[group]():
        shapes = [(1, 16), (1, 33)]
        if case.keys:
            shapes = [(1, 200, 200), (1, 130, 130), (2, 2, 2)]
        yield case.name, case.text, [draw_rows(case, s) for s in shapes]


def make_rows(group):
    for case in CASES[group]():
        # Positions and what comes before them end somewhere.
        yield case.name, case.text, [draw_rows(case, s) for s in case.extents[-2:]]


def make_cases(group, words):
    group, _, kind = group.partition(":")
    make = {"rows": make_rows, "attention": make_attention}.get(group, make_products)
    for name, text, runs in make(group):
        if not words or any(word in name for word in words):
            yield Case(name, text, runs, kind)


def run_group(group, words, options):
    """The kernels of a group, by their code."""
    kernels = {}
    cases = list(make_cases(group, words))
    if not cases:
        sys.exit(f"{group}: no case has one of {words} in its name")

    def run_case(job):
        number, case = job
        folder = options.folder / f"case{number}"
        folder.mkdir(parents=True, exist_ok=True)
        source = folder / "case.mlir"
        source.write_text(case.text)
        module = MutantModule(source, folder, case, kernels)
        for inputs in case.runs:
            module(inputs.values())
        if options.progress:
            with lock:
                count = sum(len(kernel.mutants) for kernel in kernels.values())
                print(f"{group}, {number + 1} of {len(cases)}: {case.name}; "
                      f"{count} mutants so far", file=sys.stderr, flush=True)  # fmt: skip

    with ThreadPoolExecutor(options.jobs) as pool:
        # A case that fails ends the program, with its message.
        for _ in pool.map(run_case, enumerate(cases)):
            pass
    return kernels


def print_table(rows, file):
    """Counts of kernels, mutants and what noticed them, by group."""
    titles = ["kernels of", "kernels", "mutants", "reported by the detector",
              "hang or break a rule", "wrong numbers only", "harmless", "not noticed"]  # fmt: skip
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}", file=file)
    total = Counter()
    for name, counts in rows.items():
        total += counts
        print_row(name, counts, file)
    print_row("together", total, file)


def print_row(name, counts, file):
    keys = ("kernels", "mutants", "reported", "fails", "only wrong numbers", "harmless", MISSED)  # fmt: skip
    print(f"| {name} | {' | '.join(str(counts[k]) for k in keys)} |", file=file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("groups", nargs="*", default=GROUPS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--progress", action="store_true")
    options = parser.parse_args()
    table, found, used = {}, [], set()
    groups = {group: options.only for group in options.groups}
    if options.quick:
        groups = QUICK
    for group, words in groups.items():
        kernels = run_group(group, words, options)
        counts = Counter()
        for kernel in kernels.values():
            kernel.accept_harmless(used)
            if kernel.mutants:
                counts["kernels"] += 1
                counts["mutants"] += len(kernel.mutants)
            counts.update(found for _, found in kernel.mutants.values())
            found.append(
                {
                    "group": group,
                    "case": kernel.case,
                    "kernel": kernel.name,
                    "mutants": [
                        {"number": n, "mutant": text, "found": what}
                        for n, (text, what) in sorted(kernel.mutants.items())
                    ],
                }
            )
        table[group] = counts
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    if options.markdown:
        with options.markdown.open("w") as file:
            print_table(table, file)
    print_table(table, sys.stdout)
    missed = [
        f"{k['case']}: {k['kernel']}: {m['number']}: {m['mutant']}"
        for k in found
        for m in k["mutants"]
        if m["found"] == MISSED
    ]
    if missed:
        sys.exit("nothing notices\n  " + "\n  ".join(missed))
    for entry, reason in HARMLESS.items():
        everything = options.quick or (
            groups.keys() >= set(GROUPS) and not options.only
        )
        if entry not in used and everything:
            sys.exit(f"no mutant of {entry}* is harmless, though {reason}")


if __name__ == "__main__":
    main()
