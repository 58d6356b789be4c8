"""Random variants of models, written down in other ways, are the same to the
compiler: the same structure in `ockham report --json`, and the same outputs.

Usage: property.py RUNNER MODELS FOLDER [options]

RUNNER is the property-runner, MODELS a folder of NAME.onnx with NAME.npz (inputs
and PyTorch's outputs), FOLDER takes files.

  --variants N    how many variants; 2000
  --seconds T     stop after this time, however many there were
  --seed S        of the first variant; the others count on from it
  --jobs N        processes; 1
  --model TEXT    only models with this in their name
  --replay SEED   only the variant with this seed, of every model that --model
                  selects; what it prints first is its list of rewrites
"""

import argparse
import concurrent.futures
import glob
import json
import os
import random
import subprocess
import sys
import time

import numpy as np
import onnx
from onnx_graph import Graph, Unfit, infer_types
from spelling_rewrites import SPELLINGS
from structure_rewrites import STRUCTURE

REWRITES = {rewrite.__name__: rewrite for rewrite in STRUCTURE + SPELLINGS}
# Of float64 against PyTorch's float32, in standard deviations.
LIMIT = 5e-5
# Every so many variants are run as well.
RUN_EVERY = 4
SIMPLIFIED = "ockham-raise,ockham-simplify"


class Runner:
    """The compiler, for many questions. Starts again when it died."""

    def __init__(self, path):
        self.path = path
        self.process = None

    def ask(self, *fields):
        """The answer, or raises Failure with the error."""
        if self.process is None:
            self.process = subprocess.Popen(
                [self.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        try:
            self.process.stdin.write("\t".join(fields) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            code = self.process.wait()
            self.process = None
            raise Failure(f"the compiler died with code {code}")
        word, _, text = answer.rstrip("\n").partition(" ")
        if word != "ok":
            raise Failure(text)
        return text


class Failure(Exception):
    """The variant is not what its model is."""


class Model:
    """A model, what the compiler says of it, and inputs with expected outputs."""

    def __init__(self, path, runner, folder):
        self.name = os.path.basename(path).removesuffix(".onnx")
        self.proto = onnx.load(path)
        self.types = infer_types(self.proto)
        self.structure = get_structure(runner, path)
        # Operators that stay onnx are counted one by one: they are what rewrites
        # change. Such a model must still compute the same.
        self.is_raised = not self.structure["before"]["unrecognised"]
        self.outputs = [value.name for value in self.proto.graph.output]
        inputs = {value.name for value in self.proto.graph.input}
        arrays = np.load(path.removesuffix(".onnx") + ".npz")
        self.cases = {}
        for key in arrays.files:
            case, name = key.split(".", 1)
            given, expected = self.cases.setdefault(case, ([], {}))
            if name in inputs:
                file = os.path.join(folder, f"{self.name}.{case}.{name}.npy")
                np.save(file, arrays[key])
                given.append(f"{name}={file}")
            else:
                expected[name] = arrays[key].astype(np.float64)


def get_structure(runner, path):
    return json.loads(runner.ask("report", path))["structure"]


def find_difference(was, now, path=""):
    """Where two JSON values differ first, with both."""
    if type(was) is type(now) and isinstance(was, dict):
        for key in sorted({*was, *now}):
            if was.get(key) != now.get(key):
                return find_difference(was.get(key), now.get(key), f"{path}.{key}")
    if type(was) is type(now) and isinstance(was, list):
        for i, (left, right) in enumerate(zip(was, now)):
            if left != right:
                return find_difference(left, right, f"{path}[{i}]")
        return f"{path}: {len(was)} entries, now {len(now)}"
    return f"{path[1:]}: {json.dumps(was)[:200]}, now {json.dumps(now)[:200]}"


def plan(model, seed):
    """The rewrites of a variant, each with the seed of its choices."""
    rng = random.Random(f"{model.name} {seed}")
    names = [
        rng.choice(STRUCTURE if rng.random() < 0.5 else SPELLINGS).__name__
        for _ in range(rng.randint(2, 12))
    ]
    return [(name, rng.randrange(2**32)) for name in names]


def make_variant(model, steps):
    """The rewritten model, and the names of the rewrites that found a place."""
    graph = Graph(model.proto, model.types)
    applied = []
    for name, seed in steps:
        try:
            REWRITES[name](graph, random.Random(seed))
            applied.append((name, seed))
        except Unfit:
            pass
    return graph.finish(), applied


def check(model, steps, runner, folder, run):
    """Raises Failure unless the variant is the same model."""
    variant, _ = make_variant(model, steps)
    path = os.path.join(folder, f"variant.{os.getpid()}.onnx")
    onnx.save(variant, path)
    structure = get_structure(runner, path)
    # The numbers first: they tell whose mistake it is.
    if run is not None:
        case = sorted(model.cases)[run % len(model.cases)]
        given, expected = model.cases[case]
        for passes in "", SIMPLIFIED:
            out = os.path.join(folder, f"out.{os.getpid()}")
            os.makedirs(out, exist_ok=True)
            runner.ask("interpret", path, passes, out, *given)
            for i, name in enumerate(model.outputs):
                if name not in expected:
                    continue
                got = np.load(os.path.join(out, f"{i}.npy"))
                what = (
                    f"{case} {name} {'behind ' + passes if passes else 'as imported'}"
                )
                if got.shape != expected[name].shape:
                    raise Failure(
                        f"{what}: shape {got.shape}, expected {expected[name].shape}"
                    )
                error = np.abs(got - expected[name]).max() / expected[name].std()
                if not error <= LIMIT:
                    raise Failure(
                        f"{what}: {error:.1e} standard deviations off, at most {LIMIT}"
                    )
    if model.is_raised and structure != model.structure:
        difference = find_difference(model.structure, structure)
        raise Failure(f"another structure at {difference}")


def find_failure(*arguments):
    """What check() finds, or None."""
    try:
        check(*arguments)
    except Failure as failure:
        return failure
    return None


def minimise(model, steps, runner, folder, run):
    """The steps that are needed to fail, dropped one by one."""
    i = 0
    while i < len(steps):
        fewer = steps[:i] + steps[i + 1 :]
        if find_failure(model, fewer, runner, folder, run):
            steps = fewer
        else:
            i += 1
    return steps


# One worker's runner and models.
state = {}


def start(runner, paths, folder):
    state["runner"] = Runner(runner)
    state["folder"] = folder
    state["models"] = [Model(path, state["runner"], folder) for path in paths]


def work(index, seed, verbose=False):
    """(seconds, applied rewrites, failure or None) of one variant."""
    model = state["models"][index]
    began = time.monotonic()
    runner, folder = state["runner"], state["folder"]
    steps = plan(model, seed)
    _, steps = make_variant(model, steps)
    if verbose:
        print(f"{model.name} {seed}: " + ", ".join(name for name, _ in steps))
    run = None
    if seed % RUN_EVERY == 0 or verbose or not model.is_raised:
        run = seed // RUN_EVERY
    failure = find_failure(model, steps, runner, folder, run)
    if failure:
        fewer = minimise(model, steps, runner, folder, run)
        failure = (
            f"{model.name}, seed {seed}: "
            f"{find_failure(model, fewer, runner, folder, run)}\n"
            f"  applied: {', '.join(name for name, _ in steps)}\n"
            f"  enough:  {', '.join(name for name, _ in fewer)}"
        )
    return model.name, time.monotonic() - began, [name for name, _ in steps], failure


def parse_arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in "runner", "models", "folder":
        parser.add_argument(name)
    parser.add_argument("--variants", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--model", default="")
    parser.add_argument("--replay", type=int)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    os.makedirs(arguments.folder, exist_ok=True)
    paths = [
        path
        for path in sorted(glob.glob(os.path.join(arguments.models, "*.onnx")))
        if arguments.model in os.path.basename(path)
        and os.path.exists(path.removesuffix(".onnx") + ".npz")
    ]
    if not paths:
        sys.exit(f"no model in {arguments.models} has '{arguments.model}' in its name")
    settings = (arguments.runner, paths, arguments.folder)
    began = time.monotonic()
    failures, counts, done = [], dict.fromkeys(REWRITES, 0), 0

    def take(result):
        nonlocal done
        done += 1
        for name in result[2]:
            counts[name] += 1
        if result[3]:
            failures.append(result[3])
            print(f"FAIL {result[3]}", flush=True)

    if arguments.replay is not None:
        start(*settings)
        for index in range(len(paths)):
            take(work(index, arguments.replay, verbose=True))
    else:
        tasks = iter(
            (seed % len(paths), seed)
            for seed in range(arguments.seed, arguments.seed + arguments.variants)
        )
        with concurrent.futures.ProcessPoolExecutor(
            arguments.jobs, initializer=start, initargs=settings
        ) as pool:
            pending = set()
            for task in tasks:
                if time.monotonic() - began > arguments.seconds:
                    break
                pending.add(pool.submit(work, *task))
                if len(pending) > 4 * arguments.jobs:
                    ready, pending = concurrent.futures.wait(
                        pending, return_when=concurrent.futures.FIRST_COMPLETED
                    )
                    for future in ready:
                        take(future.result())
            for future in pending:
                take(future.result())
    unused = [name for name, count in counts.items() if count == 0]
    print(
        f"{done} variants of {len(paths)} models, {sum(counts.values())} rewrites in "
        f"{time.monotonic() - began:.0f} s: {len(failures)} differ"
    )
    if unused and done >= 200:
        sys.exit(f"never applied: {', '.join(unused)}")
    if not done:
        sys.exit("no variant was tried")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
