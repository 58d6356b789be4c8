"""The second half of scripts/gpu-check.sh: checks and measures, on a GPU.

usage: run.py [--device cuda|emulated] [--quick] [--seconds N] [--json FILE]
              [--markdown FILE] [--only WORD]

Needs what `prepare` has put beside it, NumPy, and PyTorch, without which what
needs it is left out, and said to be. Each case is first checked against a
reference in float64. When all are, they are timed, the most important ones
first, until the time is up: checks are never cut. A case that fails, does not
return or takes the process with it is a line of the table; the others go on in
a new process. The exit status is that of the checks.

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
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECK_SECONDS, BENCH_SECONDS = 120, 90


# In the worker


class Worker:
    """Runs one job after the other, each to a dict of results."""

    def __init__(self, args):
        os.environ.setdefault(
            "OCKHAM_RUNTIME_LIBRARY", str(HERE / "libockham-runtime.so")
        )
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

    def run(self, job):
        kind, name, shape = job["kind"], job["name"], job.get("shape")
        if kind == "check":
            return self.check(self.cases[name], shape)
        if kind == "model":
            return self.check_model(name)
        if kind == "copy":
            return self.peers.measure_copy()
        return self.bench(self.cases[name], shape)

    def to_double(self, array):
        """Results and weights; bits of bfloat16 where NumPy has no such type."""
        np = self.np
        if array.dtype == np.uint16:
            array = (array.astype(np.uint32) << 16).view(np.float32)
        return array.astype(np.float64)

    def draw(self, case, shape):
        """Inputs of the session, and as the reference sees them: rounded."""
        np = self.np
        rng = np.random.default_rng([shape["batch"], shape["sequence"]])
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
                given, exact = self.draw(case, shape)
                want = case.reference(exact, weights)
                # The second call is captured as a graph, the third one is it.
                for _ in range(1 if self.args.device == "emulated" else 3):
                    got = self.to_double(session.run(given)["y"])
                    result = self.compare(got, want, case.tolerance, session)
                    if result["state"] != "passed":
                        return {**result, "shape": shape}
                    if worst is None or result["error"] > worst["error"]:
                        worst = {**result, "shape": shape}
            return worst

    def check_model(self, name):
        np = self.np
        model = self.load("models", name)
        arrays = np.load(HERE / f"{name}.npz")
        with model.session(device=self.args.device) as session:
            entry = model.signature["forward"]
            cases = sorted({key.split(".")[0] for key in arrays.files})
            worst = None
            for case in cases[: 1 if self.args.quick else None]:
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
                    if result["state"] != "passed":
                        return {**result, "shape": case}
                    if worst is None or result["error"] > worst["error"]:
                        worst = {**result, "shape": case}
            return worst

    def bench(self, case, shape):
        model = self.load("cases", case.name)
        with model.session(device=self.args.device, results_on_device=True) as session:
            given, _ = self.draw(case, shape)
            operations, size = case.work(shape)
            result = {"operations": operations, "bytes": size}
            result.update(self.peers.bench(case, shape, session, given))
            return {**result, "state": "timed"}


def work(args):
    """Reads a job per line, writes a result per line."""
    answers = os.fdopen(os.dup(1), "w")
    # Whatever libraries print is none.
    os.dup2(2, 1)
    worker = Worker(args)
    for line in sys.stdin:
        job = json.loads(line)
        try:
            result = worker.run(job)
        except worker.peers.Unavailable as problem:
            result = {"state": "left out", "why": str(problem)}
        except Exception as problem:  # noqa: BLE001 -- one line of the table
            text = " ".join(str(problem).split())
            result = {"state": "failed", "why": f"{type(problem).__name__}: {text}"}
        answers.write(json.dumps(result) + "\n")
        answers.flush()


# In the parent


class Pool:
    """One worker, and another one when it is lost."""

    def __init__(self, args):
        self.args, self.process = args, None

    def start(self):
        command = [sys.executable, str(HERE / "run.py"), "--worker"]
        command += ["--device", self.args.device] + ["--quick"] * self.args.quick
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.lines = queue.Queue()

        def read(stream, lines):
            for line in stream:
                lines.put(line)
            lines.put(None)

        threading.Thread(
            target=read, args=(self.process.stdout, self.lines), daemon=True
        ).start()

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, job, seconds):
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            return {"state": "failed", "why": f"no answer in {seconds:.0f} s"}
        except BrokenPipeError:
            line = None
        if line is not None:
            return json.loads(line)
        code = self.process.wait()
        return {"state": "failed", "why": f"the process ended with {code}"}

    def run(self, job, seconds):
        if not self.process:
            self.start()
        started = time.monotonic()
        result = self.ask(job, seconds)
        # What a kernel has broken stays so for its process.
        if result["state"] == "failed":
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
    benches = []
    if args.device != "emulated":
        benches = [
            {"kind": "bench", "name": c.name, "group": c.group, "shape": shape}
            for c in cases
            for shape in c.bench
        ]
        # By turns of the groups, so that none is cut off altogether.
        by_group = {}
        for job in benches:
            by_group.setdefault(job["group"], []).append(job)
        order = []
        while any(by_group.values()):
            for jobs in by_group.values():
                order += jobs[:1]
                del jobs[:1]
        benches = [{"kind": "copy", "name": "copy", "group": "machine"}, *order]
    if args.only:
        checks = [job for job in checks if args.only in job["name"]]
        benches = [job for job in benches if args.only in job["name"]]
    return checks, benches


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seconds", type=float, default=540)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--only", default="")
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

    for job in checks:
        finish(pool.run(job, CHECK_SECONDS))
    for job in benches:
        left = args.seconds - (time.monotonic() - began)
        if left < 5:
            finish({**job, "state": "left out", "why": "the time is up"})
        else:
            finish(pool.run(job, min(left, BENCH_SECONDS)))
    pool.stop()
    passed = sum(result["state"] == "passed" for result in results)
    bad = [r for r in results if r["state"] in ("failed", "wrong")]
    skipped = sum(result["state"] == "left out" for result in results)
    print(
        f"{passed} of {len(checks)} checks passed, {len(bad)} jobs failed, "
        f"{skipped} left out, in {time.monotonic() - began:.0f} s"
    )
    left_out = sum(
        r["state"] == "left out" for r in results if r["kind"] in ("check", "model")
    )
    if bad or passed == 0 or passed + left_out != len(checks):
        sys.exit(1)


if __name__ == "__main__":
    main()
