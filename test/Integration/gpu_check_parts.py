"""What a GPU check makes of workers that hang or die, and what it times, on a
machine of this test's own: a GPU and a host whose clocks it moves itself."""

import contextlib
import json
import os
import sys
import time
import types
from pathlib import Path

# Answers to a job by its name, as a worker does.
WORKER = """
import json, os, sys, time
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    words = job["name"].split()
    if "partial" in words:
        times = {"state": "timed", "times": {"ockham": 1.0, "slow": "no answer"}}
        print(json.dumps({"partial": times}), flush=True)
    if "hangs" in words:
        time.sleep(60)
    if "dies" in words:
        os._exit(7)
    answer = {"state": "passed", "error": 0.0, "tolerance": 1.0, "process": os.getpid()}
    if "fails" in words:
        answer.update(state="failed", healthy="healthy" in words)
    if "broken" in words:
        answer["lost"] = "the context"
    print(json.dumps(answer), flush=True)
"""


def expect(holds, what, got):
    if not holds:
        sys.exit(f"{what}: {got}")


def make_job(name, group="rows", **more):
    return {"kind": "check", "name": name, "group": group, **more}


def make_pool(run, folder):
    script = Path(folder) / "worker.py"
    script.write_text(WORKER)

    class Pool(run.Pool):
        def command(self):
            return [sys.executable, "-B", str(script)]

    return Pool(types.SimpleNamespace(device="cuda", quick=False))


def test_pool(run, folder):
    pool = make_pool(run, folder)
    first = pool.run(make_job("one"), 20)
    expect(first["state"] == "passed", "an answer", first)
    second = pool.run(make_job("two"), 20)
    expect(first["process"] == second["process"], "one process for both", second)
    hung = pool.run(make_job("hangs"), 0.3)
    expect(
        hung["state"] == "failed" and hung["why"] == "no answer in 0 s", "hangs", hung
    )
    died = pool.run(make_job("dies"), 20)
    expect(died["why"] == "the process ended with 7", "dies", died)
    # What was timed before is kept.
    for name, why in (
        ("partial hangs", "no answer in 0 s"),
        ("partial dies", "the process ended with 7"),
    ):
        seconds = 0.3 if "hangs" in name else 20
        result = pool.run(make_job(name), seconds)
        expect(
            result["state"] == "timed"
            and result["times"]["ockham"] == 1.0
            and result["lost"] == why,
            name,
            result,
        )
    # A failure that the device has survived needs no new process.
    for name, survives in (("fails healthy", True), ("fails", False)):
        failed = pool.run(make_job(name), 20)
        after = pool.run(make_job("after"), 20)
        same = failed["process"] == after["process"]
        expect(failed["state"] == "failed" and same == survives, name, failed)
    # What answers, but has lost its context, is not asked again.
    broken = pool.run(make_job("broken"), 20)
    after = pool.run(make_job("after"), 20)
    expect(broken["process"] != after["process"], "a new process", after)
    pool.stop()


def test_groups(run, folder):
    """Two of a group that hang are enough of it; the others go on."""
    pool, results = make_pool(run, folder), []
    run.CHECK_SECONDS = 0.5
    names = ("hangs 1", "fine", "hangs 2", "never asked")
    jobs = [make_job(name) for name in names] + [make_job("other", "products")]
    began = time.monotonic()
    run.run_checks(pool.args, pool, jobs, results.append)
    states = {r["name"]: r["state"] for r in results}
    expect(
        states
        == {
            "hangs 1": "failed",
            "fine": "passed",
            "hangs 2": "failed",
            "never asked": "failed",
            "other": "passed",
        },
        "states",
        states,
    )
    expect("given up" in results[3]["why"], "why", results[3])
    expect(time.monotonic() - began < 30, "the time", time.monotonic() - began)
    results.clear()
    jobs = [make_job(f"dies {i}", "graphs", kind="graph") for i in range(3)]
    run.run_checks(pool.args, pool, jobs, results.append)
    expect("given up" in results[2]["why"], "what ends with CUPTI", results)
    # Graphs are watched in processes of their own.
    results.clear()
    jobs = [make_job("a"), make_job("b", kind="graph"), make_job("c", kind="graph")]
    run.run_checks(pool.args, pool, jobs, results.append)
    processes = [r["process"] for r in results]
    expect(
        processes[0] != processes[1] == processes[2] and pool.process is None,
        "processes",
        processes,
    )


def test_limits(run, folder):
    """The time cuts times without a failure; compilers need more of it."""
    pool, results = make_pool(run, folder), []
    jobs = [
        make_job("hangs", kind="bench", compiled=False),
        make_job("hangs", kind="bench", compiled=True),
    ]
    for left, states in ((0.4, []), (5.4, []), (run.LEAST_COMPILE_SECONDS - 1, [])):
        results.clear()
        use = jobs[1:] if left > 10 else jobs[:1]
        run.run_benches(pool, use, lambda left=left: left, results.append)
        states += [(r["state"], r["why"]) for r in results]
        expect(states == [("left out", run.TIME_IS_UP)], f"{left} s", states)
    run.BENCH_SECONDS = 0.5
    results.clear()
    run.run_benches(pool, jobs[:1], lambda: 100, results.append)
    expect(results[0]["state"] == "failed", "hangs with time left", results)
    pool.stop()


def test_jobs(run, cases):
    """What is asked of a GPU, and in which order."""
    everything = cases.make_cases()
    manifest = {"cases": {case.name: {} for case in everything}, "models": {"m": {}}}

    def make(only=""):
        args = types.SimpleNamespace(device="cuda", quick=False, only=only)
        return run.make_jobs(args, manifest)

    checks, benches = make()
    kinds = [job["kind"] for job in checks]
    count = len(manifest["cases"])
    expect(
        kinds == ["check"] * count + ["model"] + ["graph"] * count, "the checks", kinds
    )
    expect(benches[0]["kind"] == "copy", "what comes first", benches[0])
    compiled = [job["compiled"] for job in benches[1:]]
    expect(
        any(compiled) and compiled == sorted(compiled), "compilers come last", compiled
    )
    groups = [job["group"] for job in benches[1:5]]
    expect(len(set(groups)) == 4, "the groups by turns", groups)
    # Shares of its bandwidth are wanted of some cases, too.
    checks, benches = make("GPT-2 small bf16")
    names = {job["name"] for job in checks}
    expect(names == {"GPT-2 small bf16"}, "some cases", names)
    expect(benches[0]["kind"] == "copy" and len(benches) == 9, "their times", benches)


class Machine:
    """A GPU that does one thing after the other, and a host."""

    def __init__(self):
        self.host = self.device = 0.0

    def enqueue(self, seconds, host):
        self.host += host
        self.device = max(self.device, self.host) + seconds

    def synchronize(self):
        self.host = max(self.host, self.device)


def fake_torch(machine):
    class Event:
        def __init__(self, enable_timing):
            self.time = None

        def record(self):
            machine.enqueue(0, 1e-6)
            self.time = machine.device

        def query(self):
            return machine.host >= self.time

        def synchronize(self):
            machine.host = max(machine.host, self.time)

        def elapsed_time(self, end):
            return (end.time - self.time) * 1e3

    def sleep(cycles):
        machine.enqueue(cycles / 2e9, 1e-6)

    cuda = types.SimpleNamespace(
        Event=Event, synchronize=machine.synchronize, _sleep=sleep
    )
    return types.SimpleNamespace(cuda=cuda)


def test_measure(peers):
    def measure(seconds, host, launches=1):
        """Of a call with that many launches, of which the queue holds 1024."""
        machine = Machine()
        peers.cycles_per_second.cache_clear()
        peers.torch = fake_torch(machine)
        peers.time = types.SimpleNamespace(perf_counter=lambda: machine.host)
        queued = []

        def call():
            for _ in range(launches):
                queued[:] = [end for end in queued if end > machine.host]
                if len(queued) >= 1024:
                    machine.host = queued[-1024]
                machine.enqueue(seconds / launches, host / launches)
                queued.append(machine.device)

        return peers.measure(call)

    # (device, host, launches of a call), and whether the host can be hidden.
    for device, host, launches, hidden in (
        (10e-6, 80e-6, 1, True),  # a small kernel, from Python
        (10e-6, 6e-6, 1, True),
        (2e-3, 80e-6, 1, True),
        (400e-6, 900e-6, 150, True),  # a model, eagerly
        (30e-3, 900e-6, 150, True),
        (1e-3, 9e-3, 3000, False),  # more launches than the queue holds
    ):
        timing = measure(device, host, launches)
        case = f"{device} {host} {launches}: {timing}"
        expect(timing.hidden == hidden, "hidden", case)
        if hidden:
            expect(abs(timing.seconds / device - 1) < 0.01, "device time", case)
        else:
            expect(timing.seconds > 2 * device, "the host's time is in it", case)
        slower = max(device, host)
        expect(abs(timing.with_host / slower - 1) < 0.3, "with the host", case)


def test_report(report):
    result = {
        "kind": "bench",
        "name": "linear",
        "shape": {"batch": 1, "sequence": 64},
        "state": "timed",
        "times": {"ockham": 2e-5, "cuBLAS": 1e-5, "torch.compile": "no answer"},
        "with_host": {"ockham": 8e-5, "cuBLAS": 1e-5},
        "host_bound": ["cuBLAS"],
        "spread": 0.01,
        "operations": 1e9,
        "bytes": 1e6,
        "lost": "no answer in 60 s",
    }
    spill = "ockham: warning: ptxas for sm_90: kernel 'k': 8 bytes spill stores"
    manifest = {"cases": {"linear": {"warnings": [spill]}}, "models": {}}
    table = report.make_table(manifest, [result])
    row = (
        "| linear | 1x64 | 20.0 us | 1% | 80.0 us, cuBLAS 10.0 us | 50.0 |  "
        "| cuBLAS 10.0 us (0.50x)*; torch.compile: no answer |"
    )
    expect(row in table, "the row", table)
    expect("- linear, 1x64: no answer in 60 s" in table, "what was lost", table)
    expect("- linear: sm_90: kernel 'k': 8 bytes spill" in table, "spills", table)
    expect("then no answer" in report.format_line(result), "the line", result)


def test_watch(graphs):
    """With a CUPTI of this test's own."""
    calls = [b"cuMemAlloc_v2", b"cuGraphLaunch", b"cuLaunchKernel", b"cuGraphLaunch"]

    class Cupti:
        def cuptiSubscribe(self, subscriber, callback, user):
            self.callback = callback
            return self.code

        def cuptiEnableDomain(self, enable, subscriber, domain):
            return 0

        def cuptiUnsubscribe(self, subscriber):
            self.ended = True

    cupti = Cupti()
    cupti.code = 0
    graphs.load_cupti = lambda: cupti
    with graphs.Watch() as watch:
        for function in calls:
            for site in (0, 1):
                data = graphs.CallbackData(site, function)
                cupti.callback(None, graphs.DRIVER_API, 0, graphs.ctypes.pointer(data))
    expect((watch.launches, watch.calls) == (2, 4), "counts", vars(watch))
    expect(cupti.ended, "the subscription", cupti)
    cupti.code = 39
    try:
        with graphs.Watch():
            pass
    except graphs.Missing as problem:
        expect("failed with 39" in str(problem), "why", problem)
    else:
        sys.exit("a subscription that failed")


def test_exit(folder, run_file):
    """What is left out is a failure on a GPU, unless that is accepted."""
    sys.modules.pop("run", None)
    run = load("run", Path(run_file).parent)
    results = iter(())

    class Pool:
        def __init__(self, args):
            pass

        def run(self, job, seconds):
            return {**job, "seconds": 0.0, **next(results)}

        def stop(self):
            pass

    run.Pool = Pool
    run.make_jobs = lambda args, manifest: ([make_job("a"), make_job("b")], [])
    passed = {"state": "passed", "error": 0.0, "tolerance": 1.0}
    missing = {"state": "left out", "why": "PyTorch is not installed"}
    wrong = {**passed, "state": "wrong"}
    reports = ["--json", str(Path(folder) / "r.json")]
    reports += ["--markdown", str(Path(folder) / "r.md")]
    for states, options, code in (
        ((passed, passed), (), 0),
        ((passed, missing), (), 1),
        ((passed, missing), ("--allow-left-out",), 0),
        ((passed, missing), ("--device", "emulated"), 0),
        ((missing, missing), ("--allow-left-out",), 1),
        ((passed, wrong), ("--allow-left-out",), 1),
    ):
        results = iter(states)
        sys.argv = ["run.py", *reports, *options]
        status = 0
        try:
            with contextlib.redirect_stdout(open(os.devnull, "w")):
                run.main()
        except SystemExit as end:
            status = end.code
        expect(status == code, f"{states} {options}", status)
    table = json.loads((Path(folder) / "r.json").read_text())
    expect(len(table["results"]) == 2, "the results", table)


def load(name, folder):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return __import__(name)


def test_parts(folder):
    """`folder` is a prepared one."""
    run = load("run", folder)
    test_pool(run, folder)
    test_groups(run, folder)
    test_limits(run, folder)
    test_jobs(run, load("cases", folder))
    test_report(load("report", folder))
    test_watch(load("graphs", folder))
    test_measure(load("peers", folder))
    test_exit(folder, run.__file__)


if __name__ == "__main__":
    test_parts(sys.argv[1])
