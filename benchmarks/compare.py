#!/usr/bin/env python3
"""Time whole models on Ockham and its peers, call by call in turns.

    compare.py BUILD --cache DIR [--quick] [--models NAME ...] [--sequence N ...]
               [--batch N ...] [--threads N ...] [--sides NAME ...]
               [--precision f32|bf16] [--rounds N] [--seconds S] [--minutes M]
               [--json FILE] [--again] [--prepare]

Each side runs in a process of its own with the threads and the precision given
here. Before anything is timed, the outputs of all sides are compared; where two
disagree, the run ends. In bf16 all are compared with an output in f32, and the
run ends where Ockham's is further from that than rounding explains; the peers'
errors are kept and shown beside their times. Then the sides take turns: a few calls each, as long as
--seconds allow. Ratios are those of the same turn, so that a machine that slows
down does so for both.

Results are kept in --json by model, shape, threads, precision and side. What is
there already is not measured again, unless --again says so: a long list can be
measured in pieces of --minutes. tables.py prints them and draws the plot.

--prepare makes models, compiles for every side, and measures nothing.
--quick is preln and sasp, batch 1, two threads, sequences 1, 128 and 512.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import models
import numpy as np
import prediction
import sides

FOLDER = Path(__file__).resolve().parent
# Of the difference of two outputs, in standard deviations of them: its root of
# the mean of squares, and how much larger a single element may be off. Without
# norms rounding grows from layer to layer.
TOLERANCE = {"f32": 1e-3, "bf16": 0.1}
OUTLIER = 10
SAMPLE = 4_000_000
# A turn lasts at least this long (seconds), so that a short call is not alone.
TURN = 0.03


class Worker:
    """The process of one side."""

    def __init__(self, side, case, inputs):
        self.side = side
        # A file, not a pipe: nobody reads it while the side works.
        self.messages = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed below
        self.process = subprocess.Popen(
            [sys.executable, str(FOLDER / "worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.messages,
            text=True,
        )
        try:
            self.about = self.ask(
                "open", side=side, case=case.as_json(), inputs=str(inputs)
            )
        except Exception:
            self.close()
            raise

    def ask(self, what, **arguments):
        try:
            print(
                json.dumps({"do": what, **arguments}),
                file=self.process.stdin,
                flush=True,
            )
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            code = self.process.wait()
            self.messages.seek(0)
            text = self.messages.read().strip()
            raise sides.SideError(
                f"{self.side}: its process ended with {code}: {text[-2000:] or 'no message'}"
            )
        answer = json.loads(line)
        if "error" in answer:
            raise sides.SideError(f"{self.side}: {answer['error']}")
        return answer

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.messages.close()


def describe_machine():
    fields = {}
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if ":" in line:
                key, value = line.split(":", 1)
                fields.setdefault(key.strip(), value.strip())
    flags = fields.get("flags", "").split()
    wanted = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16")
    return {
        "cpu": fields.get("model name", platform.processor()),
        "cores": os.cpu_count(),
        "instructions": [flag for flag in wanted if flag in flags],
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "date": date.today().isoformat(),
    }


def measure_peak(program, threads, cpu_time, precision):
    """(operations per second, bytes per second) of the machine, now."""
    options = ["--cpu-time"] if cpu_time else []
    if precision == "bf16":
        options.append("--bf16")
    text = sides.run_command("machine-peak", [program, *options, threads])
    answer = json.loads(text)
    return answer["flops"], answer["bandwidth"]


def read_output(name, worker, folder, expected):
    """A side's output in float64, and what it says of its shape."""
    path = folder / f"{name}.npy"
    about = worker.ask("sample", limit=SAMPLE, to=str(path))
    values = np.load(path).astype(np.float64)
    path.unlink()
    if not np.isfinite(values).all():
        raise sides.SideError(f"{name}: its output is not finite")
    if expected and about != expected[1]:
        raise sides.SideError(
            f"{name}: output is {about['shape']}, {expected[0]}'s"
            f" {expected[1]['shape']}"
        )
    return values, about


def compare_outputs(workers, folder, precision, reference=None):
    """Raise if two sides differ by more than rounding; return their errors.

    An error is the root of the mean of squared differences from the first side,
    or from `reference`, a (name, worker), in standard deviations. With a
    reference only Ockham must agree with it: the error says how far off a peer
    is, and is a message where nothing can be compared.
    """
    first, errors = None, {}
    for name, worker in ([reference] if reference else []) + list(workers.items()):
        try:
            values, about = read_output(name, worker, folder, first)
        except sides.SideError as error:
            if not reference or name in ("ockham", reference[0]):
                raise
            errors[name] = str(error)
            continue
        if first is None:
            first = (name, about, values)
            continue
        difference = np.abs(values - first[2])
        worst = int(difference.argmax())
        mean = np.sqrt((difference**2).mean())
        limit = TOLERANCE[precision] * first[2].std()
        errors[name] = float(mean / first[2].std())
        if reference and name != "ockham":
            continue
        if mean > limit or difference[worst] > OUTLIER * limit:
            raise sides.SideError(
                f"{first[0]} and {name} disagree: their elements differ by {mean:.3g}"
                f" in the mean, expected {limit:.3g}; element"
                f" {worst * about['step']} is {first[2][worst]:.6g} and"
                f" {values[worst]:.6g}, expected them within {OUTLIER * limit:.3g}"
            )
    return errors


def compare_with_f32(workers, folder, case, inputs):
    """Errors of all sides against a side that computes in f32."""
    name = "onnxruntime" if importlib.util.find_spec("onnxruntime") else "ockham"
    wide = replace(case, precision="f32")
    sides.SIDES[name].prepare(wide)
    worker = Worker(name, wide, inputs)
    try:
        worker.ask("run", calls=1)
        reference = (f"{name} in f32", worker)
        return compare_outputs(workers, folder, case.precision, reference)
    finally:
        worker.close()


def take_turns(workers, rounds, seconds, cpu_time, tick):
    """Times of each side: {name: [[seconds of a call, ...] of each turn]}."""
    calls, turns = {}, {name: [] for name in workers}
    for name, worker in workers.items():
        once = worker.ask("run", calls=1)["seconds"][0]
        calls[name] = max(1, min(50, round(TURN / once)))
    start = time.monotonic()
    while len(next(iter(turns.values()))) < 3 or (
        len(next(iter(turns.values()))) < rounds and time.monotonic() - start < seconds
    ):
        for name, worker in workers.items():
            answer = worker.ask("run", calls=calls[name], cpu_time=cpu_time)
            turns[name].append(answer["seconds"])
            tick()
    return turns


def summarise(turns, ours):
    """Median and 10% to 90% of the turns' medians, and of ratios to `ours`."""
    medians = [statistics.median(turn) for turn in turns]
    result = {
        "seconds": statistics.median(medians),
        "seconds_10_90": [float(np.quantile(medians, q)) for q in (0.1, 0.9)],
        "best": min(min(turn) for turn in turns),
        "turns": len(turns),
        "calls": sum(len(turn) for turn in turns),
    }
    if ours:
        ratios = [m / statistics.median(o) for m, o in zip(medians, ours)]
        result["ratio"] = statistics.median(ratios)
        result["ratio_10_90"] = [float(np.quantile(ratios, q)) for q in (0.1, 0.9)]
    return result


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def measure_case(case, names, args, say_progress):
    """Open, compare, time; the entry for the results, without counts."""
    workers, failed = {}, {}
    input_names = (
        ["input_ids", "attention_mask", "token_type_ids"]
        if case.model.stem == "bert"
        else ["input_ids"]
    )
    size = models.chosen_size(case.model.stem, args)
    inputs = models.make_inputs(input_names, *case.dims.values(), size.vocabulary)
    with tempfile.TemporaryDirectory(dir=case.cache) as folder:
        folder = Path(folder)
        file = folder / "inputs.npz"
        np.savez(file, **inputs)
        try:
            for name in names:
                say_progress(f"opening {name}")
                try:
                    sides.SIDES[name].prepare(case)
                    worker = Worker(name, case, file)
                    workers[name] = worker
                    worker.ask("run", calls=2)
                except sides.SideError as error:
                    if name == "ockham":
                        raise
                    failed[name] = str(error)
                    if name in workers:
                        workers.pop(name).close()
                    say(f"\n  {failed[name].splitlines()[0][:300]}")
            say_progress("comparing outputs")
            if case.precision == "f32":
                errors = compare_outputs(workers, folder, case.precision)
            else:
                errors = compare_with_f32(workers, folder, case, file)
                for name in [n for n in workers if isinstance(errors[n], str)]:
                    failed[name] = errors[name]
                    workers.pop(name).close()
                    say(f"\n  {failed[name]}")
            peaks = []

            def measure():
                return measure_peak(
                    args.peak, case.threads, args.cpu_time, case.precision
                )

            if args.peak:
                peaks.append(measure())
            ticks = 0

            def tick():
                nonlocal ticks
                ticks += 1
                say_progress(f"turn {ticks // max(1, len(workers)) + 1}")

            turns = take_turns(workers, args.rounds, args.seconds, args.cpu_time, tick)
            if args.peak:
                peaks.append(measure())
            entry = {"sides": {}, "failed": failed, "cpu_time": args.cpu_time}
            for name, worker in workers.items():
                entry["sides"][name] = {
                    **summarise(turns[name], turns.get("ockham")),
                    "version": worker.about["version"],
                    "settings": worker.about["settings"],
                    "open_seconds": worker.about["seconds"],
                    "memory": worker.ask("memory"),
                }
                if case.precision != "f32":
                    entry["sides"][name]["error"] = errors[name]
            if peaks:
                flops, bandwidth = (statistics.mean(p) for p in zip(*peaks))
                entry["peak"] = {"flops": flops, "bandwidth": bandwidth}
            return entry
        finally:
            for worker in workers.values():
                worker.close()


def count_entry(case, entry):
    """Add operations and bytes to an entry: of the file, and simplified."""
    before, after = prediction.count_model(case)
    entry["flops"] = before.flops
    entry["counts"] = asdict(after)


def make_models(names, args):
    folder = args.cache / "models"
    folder.mkdir(parents=True, exist_ok=True)
    spelling = models.Spelling(args.opset, args.mask, args.shape)
    generator = hashlib.sha256(Path(models.__file__).read_bytes()).hexdigest()
    paths = {}
    for name in names:
        path = folder / f"{name}.onnx"
        size = models.chosen_size(name, args)
        # What the file was made with, so that other options make another one.
        stamp = path.with_suffix(".made-with")
        wanted = f"{size} {spelling} {generator}\n"
        made = stamp.read_text() if stamp.exists() else ""
        if made != wanted:
            say(f"writing {path}")
            stamp.unlink(missing_ok=True)
            models.write_model(name, path, size, spelling)
            stamp.write_text(wanted)
        paths[name] = path
    return paths


def list_cases(paths, args):
    for threads in args.threads:
        for batch in args.batch:
            for sequence in args.sequence:
                for name, path in paths.items():
                    context = models.chosen_size(name, args).context
                    if sequence > context:
                        say(f"{name}: no sequence {sequence}, it has {context}")
                        continue
                    yield sides.Case(
                        path,
                        {"batch": batch, "sequence": sequence},
                        threads,
                        args.precision,
                        args.cache / "made",
                        args.build,
                    )


def make_parser():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("build", type=Path, metavar="BUILD", help="Ockham's build folder")
    add("--cache", type=Path, required=True, metavar="DIR", help="models, libraries")
    add("--quick", action="store_true")
    add("--models", nargs="+", choices=models.MODELS)
    add("--sequence", type=int, nargs="+")
    add("--batch", type=int, nargs="+")
    add("--threads", type=int, nargs="+")
    add("--sides", nargs="+", choices=list(sides.SIDES), default=[
        "ockham", "onnxruntime", "openvino-static", "iree-static"])  # fmt: skip
    add("--precision", choices=sides.PRECISIONS, default="f32")
    add("--rounds", type=int, default=25, help="turns of each side at most [25]")
    add("--seconds", type=float, default=12, help="per case, at least 3 turns [12]")
    add("--cpu-time", action="store_true", help="of one thread, on a busy machine")
    add("--minutes", type=float, help="begin no case after this long")
    add("--json", type=Path, metavar="FILE", help="results, old ones kept")
    add("--again", action="store_true", help="measure what is in FILE, too")
    add("--prepare", action="store_true", help="models and libraries only")
    add("--peak", type=Path, metavar="PROGRAM", help="measures the machine's peak")
    models.add_size_options(parser)
    models.add_spelling_options(parser)
    return parser


def fill_defaults(args):
    quick = args.quick
    args.models = args.models or (["preln", "sasp"] if quick else list(models.MODELS))
    args.sequence = args.sequence or ([1, 128, 512] if quick else [1, 128, 512, 1024])
    args.batch = args.batch or ([1] if quick else [1, 8])
    args.threads = args.threads or ([2] if quick else [1, 2])
    if args.cpu_time and args.threads != [1]:
        raise ValueError(
            f"--cpu-time is for one thread, but --threads are {args.threads}"
        )
    args.build, args.cache = args.build.resolve(), args.cache.resolve()
    (args.cache / "made").mkdir(parents=True, exist_ok=True)


def load_results(path):
    if path and path.exists():
        return json.loads(path.read_text())
    return {"version": 1, "results": {}}


def print_entry(key, entry):
    """One line for each side, ratio first."""
    print(f"{key}: {entry['flops'] / 1e9:.2f} GFLOP", flush=True)
    for name, side in entry["sides"].items():
        gflops = entry["flops"] / side["seconds"] / 1e9
        low, high = side["seconds_10_90"]
        ratio = f"{side['ratio']:5.2f}x" if "ratio" in side else "      "
        print(
            f"  {ratio} {name:18s} {side['seconds'] * 1e3:9.2f} ms"
            f" ({low * 1e3:.2f}..{high * 1e3:.2f}) {gflops:7.1f} GFLOP/s,"
            f" {side['memory']['peak'] / 1e6:6.0f} MB",
            flush=True,
        )


def main():
    parser = make_parser()
    args = parser.parse_args()
    try:
        fill_defaults(args)
    except ValueError as error:
        parser.error(str(error))
    results = load_results(args.json)
    results["machine"] = describe_machine()
    start = time.monotonic()
    left = 0
    try:
        paths = make_models(args.models, args)
        cases = list(list_cases(paths, args))
        for number, case in enumerate(cases, 1):
            key = (
                f"{case.model.stem} batch {case.dims['batch']} sequence"
                f" {case.dims['sequence']}, threads {case.threads}, {case.precision}"
            )
            if args.cpu_time:
                key += ", processor time"
            label = f"[{number}/{len(cases)}] {key}"
            if args.prepare:
                for name in args.sides:
                    say(f"{label}: {name}")
                    try:
                        sides.SIDES[name].prepare(case)
                    except sides.SideError as error:
                        say(f"  {str(error)[:500]}")
                continue
            if key in results["results"] and not args.again:
                continue
            if args.minutes and time.monotonic() - start > 60 * args.minutes:
                left += 1
                continue

            def progress(text, label=label):
                if sys.stderr.isatty():
                    print(f"\r\033[K{label}: {text}", end="", file=sys.stderr)

            entry = measure_case(case, args.sides, args, progress)
            progress("")
            count_entry(case, entry)
            entry["case"] = {
                "model": case.model.stem,
                **case.dims,
                "threads": case.threads,
                "precision": case.precision,
            }
            print_entry(key, entry)
            results["results"][key] = entry
            if args.json:
                args.json.write_text(json.dumps(results, indent=1) + "\n")
    except (sides.SideError, ValueError) as error:
        sys.exit(f"compare.py: error: {error}")
    if left:
        say(f"{left} cases are left; the same command goes on with them")


if __name__ == "__main__":
    main()
