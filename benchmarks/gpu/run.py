"""The second half of scripts/gpu-check.sh: checks and measures, on a GPU.

usage: run.py [--device cuda|emulated] [--quick] [--seconds N] [--json FILE]
              [--markdown FILE] [--only WORD] [--allow-left-out]

Needs what `prepare` has put beside it, NumPy, and PyTorch, without which what
needs it is left out, and said to be. Each case is first checked against a
reference in float64. When all are, they are timed, the most important ones
first, until the time is up: checks are never cut. A case that fails, does not
return or takes the process with it is a line of the table; the others go on in
a new process, but for those of a group in which two have not returned. The exit
status is that of the checks; on a GPU what is left out, but for the time, has
not passed unless --allow-left-out says so.

With --device emulated nothing is timed: what emulation takes says nothing.
"""

import argparse
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Until a process has loaded PyTorch; of jobs, by what they do; for a process to
# end. A kernel that hangs costs what its job may take.
START_SECONDS, CHECK_SECONDS, MODEL_SECONDS, EMULATED_SECONDS = 120, 30, 90, 120
BENCH_SECONDS, COMPILE_SECONDS, END_SECONDS = 60, 150, 10
# With less left, a compiler is not asked.
LEAST_COMPILE_SECONDS = 60
TIME_IS_UP = "the time is up"
COMPILED_PEERS = ("layer norm", "gpt2")
# Jobs of a group without an answer before the others of it are given up.
MOST_SILENT = 2
# Inputs of the rounds of a check. The second call with the same addresses is
# captured as a graph, the third one launches it. Addresses are the same in each
# round, or in each other round, where what was freed is taken in turns: either
# way a graph has other inputs when it is launched again than it was captured with.
ROUNDS = "aabbaa"


# In the worker


class Worker:
    """Runs one job after the other, each to a dict of results."""

    def __init__(self, args):
        os.environ.setdefault(
            "OCKHAM_RUNTIME_LIBRARY", str(HERE / "libockham-runtime.so")
        )
        # The emulator has them, but sessions on it do not use them unasked.
        os.environ.setdefault("OCKHAM_CUDA_GRAPHS", "1")
        sys.path.insert(0, str(HERE))
        import cases
        import numpy as np
        import ockham
        import peers

        self.np, self.ockham, self.peers = np, ockham, peers
        self.args = args
        self.cases = {case.name: case for case in cases.make_cases()}
        self.manifest = json.loads((HERE / "manifest.json").read_text())

    def load(self, table, name):
        entry = self.manifest[table][name]
        if "error" in entry:
            raise RuntimeError(f"did not compile: {entry['error']}")
        return self.ockham.load(HERE / entry["library"])

    def run(self, job, emit):
        kind, name, shape = job["kind"], job["name"], job.get("shape")
        if kind == "check":
            return self.check(self.cases[name], shape)
        if kind == "model":
            return self.check_model(name)
        if kind == "copy":
            return self.peers.measure_copy()
        if kind == "graph":
            return self.check_graphs(self.cases[name], shape)
        return self.bench(self.cases[name], shape, job["compiled"], emit)

    def to_double(self, array):
        """Results and weights; bits of bfloat16 where NumPy has no such type."""
        np = self.np
        if array.dtype == np.uint16:
            array = (array.astype(np.uint32) << 16).view(np.float32)
        return array.astype(np.float64)

    def draw(self, case, shape, which="a"):
        """Inputs of the session, and as the reference sees them: rounded."""
        np = self.np
        rng = np.random.default_rng([shape["batch"], shape["sequence"], ord(which)])
        given, exact = {}, {}
        for name, array in case.inputs(shape, rng).items():
            if array.dtype.kind == "i":
                given[name], exact[name] = array.astype(np.int64), array
            elif case.group == "model" or case.kind == "f32":
                given[name] = array.astype(np.float32)
                exact[name] = given[name].astype(np.float64)
            elif case.kind == "f16":
                given[name] = array.astype(np.float16)
                exact[name] = given[name].astype(np.float64)
            else:
                given[name], exact[name] = self.peers.to_bf16(array)
        return given, exact

    def weights(self, session):
        return {
            w.name: self.to_double(session.read_weight(w.name))
            for w in session.model.weights
        }

    def compare(self, got, want, tolerance, session):
        np = self.np
        if got.shape != want.shape:
            raise RuntimeError(f"the result is {got.shape}, expected {want.shape}")
        error = np.linalg.norm(got - want) / np.linalg.norm(want)
        result = {"error": float(error), "tolerance": tolerance}
        if self.args.device == "emulated" and not session.detects_races:
            raise RuntimeError("the race detector is off")
        launches = sum(launch.count for launch in session.launches)
        if launches == 0:
            raise RuntimeError("nothing was launched")
        # NaN is no number below the bound.
        result["state"] = "passed" if error < tolerance else "wrong"
        return result

    def check(self, case, shapes):
        model = self.load("cases", case.name)
        with model.session(device=self.args.device) as session:
            weights = self.weights(session)
            worst = None
            for shape in shapes:
                drawn = {which: self.draw(case, shape, which) for which in "ab"}
                wanted = {
                    which: case.reference(exact, weights)
                    for which, (_, exact) in drawn.items()
                }
                for number, which in enumerate(ROUNDS):
                    got = self.to_double(session.run(drawn[which][0])["y"])
                    worst = self.judge(
                        self.compare(got, wanted[which], case.tolerance, session),
                        {**shape, "call": number + 1},
                        worst,
                    )
                    if worst["state"] != "passed":
                        return worst
            if self.args.device == "emulated":
                return worst
        return self.check_held(model, case, shapes[-1], drawn, wanted, worst)

    @staticmethod
    def judge(result, shape, worst):
        """The one to be reported: what is wrong, else the largest error."""
        if result["state"] == "passed" and worst and worst["error"] >= result["error"]:
            return worst
        return {**result, "shape": shape}

    def check_held(self, model, case, shape, drawn, wanted, worst):
        """Results that stay on the device: each has another place, and later
        calls leave it alone."""
        self.peers.need_torch()
        with model.session(device=self.args.device, results_on_device=True) as session:
            held = [session.run(drawn[which][0])["y"] for which in ROUNDS]
            session.wait()
            for number, (which, array) in enumerate(zip(ROUNDS, held, strict=True)):
                got = self.peers.take_double(array)
                worst = self.judge(
                    self.compare(got, wanted[which], case.tolerance, session),
                    {**shape, "held call": number + 1},
                    worst,
                )
                if worst["state"] != "passed":
                    break
        return worst

    def check_graphs(self, case, shape):
        import graphs

        model = self.load("cases", case.name)
        given, _ = self.draw(case, shape)
        try:
            with (
                model.session(device=self.args.device) as session,
                graphs.Watch() as watch,
            ):
                for _ in ROUNDS:
                    session.run(given)
        except graphs.Missing as problem:
            raise self.peers.Unavailable(str(problem)) from None
        if watch.calls == 0:
            raise self.peers.Unavailable("CUPTI has seen no calls of the driver")
        if watch.launches == 0:
            raise RuntimeError(f"no graph in {len(ROUNDS)} calls")
        return {"state": "passed", "launches": watch.launches}

    def check_model(self, name):
        np = self.np
        model = self.load("models", name)
        arrays = np.load(HERE / f"{name}.npz")
        with model.session(device=self.args.device) as session:
            entry = model.signature["forward"]
            cases = sorted({key.split(".")[0] for key in arrays.files})
            cases = cases[: 1 if self.args.quick else None]
            # By turns, so that graphs are launched with other inputs before.
            turns = 1 if session.model.states else len(ROUNDS) // 2
            worst = None
            for case in cases * turns:
                given = {i.name: arrays[f"{case}.{i.name}"] for i in entry.inputs}
                got = session.run(given)
                for o in entry.outputs:
                    # Of float32 against PyTorch's, whose sums are in another order.
                    result = self.compare(
                        got[o.name].astype(np.float64),
                        arrays[f"{case}.{o.name}"].astype(np.float64),
                        5e-5,
                        session,
                    )
                    worst = self.judge(result, case, worst)
                    if worst["state"] != "passed":
                        return worst
            return worst

    def bench(self, case, shape, compiled, emit):
        model = self.load("cases", case.name)
        with model.session(device=self.args.device, results_on_device=True) as session:
            given, _ = self.draw(case, shape)
            operations, size = case.work(shape)
            result = {"operations": operations, "bytes": size}
            result["state"] = "timed"

            def add(times):
                emit({**result, **times})

            times = self.peers.bench(case, shape, session, given, compiled, add)
            return {**result, **times}


def work(args):
    """Reads a job per line. Writes a line when it can begin, and for each job
    lines of what there is so far and one of its result."""
    answers = os.fdopen(os.dup(1), "w")
    # Whatever libraries print is none.
    os.dup2(2, 1)

    def write(line):
        answers.write(json.dumps(line) + "\n")
        answers.flush()

    def write_partial(result):
        write({"partial": result})

    worker = Worker(args)
    write({"ready": True})
    for line in sys.stdin:
        job = json.loads(line)
        try:
            result = worker.run(job, write_partial)
        except worker.peers.Unavailable as problem:
            result = {"state": "left out", "why": str(problem)}
        except Exception as problem:  # noqa: BLE001 -- one line of the table
            text = " ".join(str(problem).split())
            result = {"state": "failed", "why": f"{type(problem).__name__}: {text}"}
        if args.device != "emulated" and worker.peers.has_gpu():
            lost = worker.peers.clean_up()
            # A new process takes seconds: not for what is no fault of the device.
            result["healthy"] = lost is None
            if lost:
                result["lost"] = lost
                # A verdict that was given before the device had failed is none.
                if result["state"] == "passed":
                    result.update(state="failed", why=lost)
        write(result)


# In the parent


class Pool:
    """One worker, and another one when it is lost."""

    def __init__(self, args):
        self.args, self.process = args, None

    def command(self):
        command = [sys.executable, "-B", str(HERE / "run.py"), "--worker"]
        return [*command, "--device", self.args.device, *["--quick"] * self.args.quick]

    def start(self):
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.lines = queue.Queue()

        def read(stream, lines):
            for line in stream:
                lines.put(line)
            lines.put(None)

        threading.Thread(
            target=read, args=(self.process.stdout, self.lines), daemon=True
        ).start()
        return self.read(START_SECONDS, "worker")

    def stop(self):
        if self.process:
            self.process.kill()
            self.end_status()
            self.process = None

    def end_status(self):
        """None if it does not end: one that is stuck in the driver does not
        even when it is killed, and must not keep the others from going on."""
        try:
            return self.process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            return None

    def read(self, seconds, what="answer"):
        """(the next line, None), or (None, why there is none)."""
        try:
            line = self.lines.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None, {"silent": True, "why": f"no {what} in {seconds:.0f} s"}
        if line is not None:
            return json.loads(line), None
        why = f"the process ended with {self.end_status()}"
        return None, {"ended": True, "why": why}

    def ask(self, job, seconds):
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # Why, its end says.
        deadline, partial = time.monotonic() + seconds, None
        while True:
            line, problem = self.read(deadline - time.monotonic())
            if line is None:
                break
            if "partial" not in line:
                return line
            partial = line["partial"]
        if problem.get("silent"):
            problem["why"] = f"no answer in {seconds:.0f} s"
        if partial:
            return {**partial, **problem, "lost": problem["why"]}
        return {"state": "failed", **problem}

    def run(self, job, seconds):
        started = time.monotonic()
        result = None
        if not self.process:
            line, problem = self.start()
            if line is None:
                result = {"state": "failed", **problem}
        if result is None:
            result = self.ask(job, seconds)
        # What a kernel has broken stays so for its process.
        healthy = result.pop("healthy", result["state"] != "failed")
        if not healthy or "lost" in result:
            self.stop()
        result["seconds"] = round(time.monotonic() - started, 2)
        return {**job, **result}


def make_jobs(args, manifest):
    sys.path.insert(0, str(HERE))
    from cases import make_cases

    cases = [c for c in make_cases() if c.name in manifest["cases"]]
    if args.quick:
        cases = [c for c in cases if c.quick]
    checks = [
        {
            "kind": "check",
            "name": c.name,
            "group": c.group,
            "shape": c.quick if args.quick else c.shapes,
        }
        for c in cases
    ]
    checks += [
        {"kind": "model", "name": name, "group": "model"} for name in manifest["models"]
    ]
    if args.only:
        checks = [job for job in checks if args.only in job["name"]]
        cases = [c for c in cases if args.only in c.name]
    if args.device == "emulated":
        return checks, []
    checks += [
        {
            "kind": "graph",
            "name": c.name,
            "group": "model" if c.group == "model" else "graphs",
            "shape": c.shapes[0],
        }
        for c in cases
    ]

    def order(cases, *, compiled):
        """By turns of the groups, so that none is cut off altogether."""
        by_group = {}
        for case in cases:
            for shape in case.bench:
                job = {"kind": "bench", "name": case.name, "group": case.group}
                job.update(shape=shape, compiled=compiled)
                by_group.setdefault(case.group, []).append(job)
        while any(by_group.values()):
            for jobs in by_group.values():
                yield from jobs[:1]
                del jobs[:1]

    # What takes longest to begin, and may be lost, comes last.
    benches = [
        {"kind": "copy", "name": "copy", "group": "machine"},
        *order(cases, compiled=False),
        *order([c for c in cases if c.peer in COMPILED_PEERS], compiled=True),
    ]
    return checks, benches


def check_seconds(args, job):
    if args.device == "emulated":
        return EMULATED_SECONDS
    return MODEL_SECONDS if job["group"] == "model" else CHECK_SECONDS


def run_checks(args, pool, checks, finish):
    silent = Counter()
    previous = None
    for job in checks:
        # CUPTI is for processes of their own.
        if previous is not None and (job["kind"] == "graph") != (previous == "graph"):
            pool.stop()
        previous = job["kind"]
        if silent[job["group"]] >= MOST_SILENT:
            why = f"given up: {MOST_SILENT} others of its group gave no answer"
            finish({**job, "state": "failed", "why": why})
            continue
        result = pool.run(job, check_seconds(args, job))
        # What ends a process with CUPTI does so for each job.
        ended = job["kind"] == "graph" and result.get("ended")
        silent[job["group"]] += bool(result.get("silent") or ended)
        finish(result)
    if previous == "graph":
        pool.stop()


def run_benches(pool, benches, seconds_left, finish):
    for job in benches:
        left = seconds_left()
        compiled = job.get("compiled")
        limit = COMPILE_SECONDS if compiled else BENCH_SECONDS
        # A process that is to begin takes its time, too.
        if left < (LEAST_COMPILE_SECONDS if compiled else 5):
            finish({**job, "state": "left out", "why": TIME_IS_UP})
            continue
        result = pool.run(job, min(limit, left))
        # The limit has cut it, nothing else.
        if result["state"] == "failed" and result.get("silent") and left < limit:
            result.update(state="left out", why=TIME_IS_UP)
        finish(result)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seconds", type=float, default=540)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--allow-left-out", action="store_true")
    parser.add_argument("--worker", action="store_true")
    args = parser.parse_args()
    if args.worker:
        work(args)
        return
    began = time.monotonic()
    manifest = json.loads((HERE / "manifest.json").read_text())
    checks, benches = make_jobs(args, manifest)
    if not checks:
        sys.exit("there is nothing to check")
    from report import format_line, write_reports

    pool, results = Pool(args), []

    def finish(result):
        results.append(result)
        print(format_line(result), flush=True)
        # What there is so far is not lost with the machine.
        write_reports(args, manifest, results)

    run_checks(args, pool, checks, finish)
    run_benches(
        pool, benches, lambda: args.seconds - (time.monotonic() - began), finish
    )
    pool.stop()
    passed = sum(result["state"] == "passed" for result in results)
    bad = [r for r in results if r["state"] in ("failed", "wrong")]
    left_out = [r for r in results if r["state"] == "left out"]
    missing = [r for r in left_out if r["why"] != TIME_IS_UP]
    print(
        f"{passed} of {len(checks)} checks passed, {len(bad)} jobs failed, "
        f"{len(left_out)} left out, in {time.monotonic() - began:.0f} s"
    )
    accepts = args.allow_left_out or args.device == "emulated"
    if missing and not accepts:
        print(
            f"{len(missing)} jobs were left out for what is missing here, the first "
            f"one since {missing[0]['why']}; --allow-left-out accepts that"
        )
    if bad or passed == 0 or (missing and not accepts):
        sys.exit(1)


if __name__ == "__main__":
    main()
