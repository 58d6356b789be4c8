"""Runs cases through conformance-runner, and judges what comes out."""

import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
from dataclasses import dataclass

import numpy as np
from node_tests import BFLOAT16

#: How a case is given to the compiler, and how it is executed.
FORMS = ("as is", "constants")
MEANS = ("compiled", "interpreted")

#: Seconds that one step of a case may take on a loaded machine.
STEP_LIMIT = 120

# Those of onnx's own runner, also for 16-bit floats: expected values of these
# were rounded after every step, but none of the cases needs more for that.
RELATIVE_TOLERANCE = 1e-3
ABSOLUTE_TOLERANCE = 1e-7


@dataclass(frozen=True)
class Result:
    """What became of a case: "passed", "refused" with a message of ours,
    "wrong", or "crashed" (also when it did not end)."""

    status: str
    message: str = ""

    @property
    def passed(self):
        return self.status == "passed"

    def __str__(self):
        return f"{self.status}: {self.message}" if self.message else self.status


PASSED = Result("passed")


def _widen(array):
    """bfloat16 as float32, whose upper half it is."""
    if array.dtype != BFLOAT16:
        return array
    bits = np.ascontiguousarray(array).view("uint16").astype("uint32") << 16
    return bits.view("float32")


def _type_name(dtype):
    return "bfloat16" if dtype == BFLOAT16 else dtype.name


def compare(got, expected):
    """What is wrong with an output, or ""."""
    if expected is None:
        return "of a type that cannot be compared"
    if got.dtype != expected.dtype:
        return f"{_type_name(got.dtype)}, expected {_type_name(expected.dtype)}"
    if got.shape != expected.shape:
        return f"shape {list(got.shape)}, expected {list(expected.shape)}"
    got, expected = _widen(got), _widen(expected)
    if got.dtype.kind != "f":
        different = got != expected
    else:
        close = np.isclose(
            got.astype("float64"),
            expected.astype("float64"),
            rtol=RELATIVE_TOLERANCE,
            atol=ABSOLUTE_TOLERANCE,
            equal_nan=True,
        )
        different = ~close
    count = np.count_nonzero(different)
    if count == 0:
        return ""
    index = tuple(int(i) for i in np.argwhere(different)[0])
    return (
        f"{count} of {got.size} elements differ, the first at {list(index)}: "
        f"{got[index]}, expected {expected[index]}"
    )


class _Process:
    """A conformance-runner that is started when it is needed."""

    def __init__(self, path):
        self._path = path
        self._process = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._pending = b""

    def close(self):
        died = self._process and self._wait() != 0
        self._errors.close()
        if died:
            raise RuntimeError("conformance-runner failed when it was to end")

    def _wait(self):
        self._process.stdin.close()
        self._process.stdout.close()
        code = self._process.wait()
        self._process = None
        return code

    def send(self, line):
        if self._process is None:
            self._errors.seek(0)
            self._errors.truncate()
            self._pending = b""
            self._process = subprocess.Popen(
                [self._path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                bufsize=0,
            )
        try:
            self._process.stdin.write(line.encode() + b"\n")
        except BrokenPipeError:
            pass  # receive() tells why.

    def receive(self):
        """The next line; None when the process has died or hangs."""
        output = self._process.stdout.fileno()
        while b"\n" not in self._pending:
            ready, _, _ = select.select([output], [], [], STEP_LIMIT)
            chunk = os.read(output, 65536) if ready else b""
            if not chunk:
                if not ready:
                    self._process.kill()
                return None
            self._pending += chunk
        line, self._pending = self._pending.split(b"\n", 1)
        return line.decode(errors="replace")

    def epitaph(self):
        """Why the process died; it is cleared away."""
        code = self._wait()
        if code == -signal.SIGKILL:
            return f"killed; a step may take {STEP_LIMIT} s"
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").splitlines()
        words = ("Assertion", "LLVM ERROR", "terminate", "runtime error", "==ERROR")
        for line in lines:
            if any(word in line for word in words):
                return f"{how}: {line.strip()}"
        # Without one of these, the innermost function of ours in the stack.
        for line in lines:
            found = re.match(
                r"\s*#\d+ \S+ ((?:\(anonymous namespace\)|ockham)::\S+)", line
            )
            if found:
                return f"{how} in {found[1]}"
        return how


class Runner:
    """Runs cases with one process; one thread uses it."""

    def __init__(self, path, folder):
        self._process = _Process(path)
        self._folder = folder

    def close(self):
        self._process.close()

    def run(self, case, form):
        """{means: Result} of a case in one of its forms."""
        shutil.rmtree(self._folder, ignore_errors=True)
        os.makedirs(self._folder)
        path = os.path.join(case.folder, "model.onnx")
        constants = []
        if form == "constants":
            constants = case.parameters
            path = os.path.join(self._folder, "model.onnx")
            with open(path, "wb") as file:
                file.write(case.with_constants().SerializeToString())
        fields = [self._folder, path]
        for index, array in enumerate(case.inputs):
            if array is not None and index not in constants:
                file = os.path.join(self._folder, f"input.{index}.npy")
                np.save(file, array)
                fields.append(f"{case.input_names[index]}={file}")
        self._process.send("\t".join(fields))
        steps = self._steps(path)
        results = {"interpreted": steps.get("interpret")}
        results["compiled"] = steps.get("run") or steps.get("compile")
        for means, result in results.items():
            if result is None:
                # A crash before this was reached; it says what crashed.
                crash = next(r for r in steps.values() if r.status == "crashed")
                results[means] = crash
            elif result.passed:
                results[means] = self._judge(case, means)
        return results

    def _steps(self, path):
        """The outcome of each step that was begun."""
        steps = {}
        step = None
        while True:
            line = self._process.receive()
            if line is None:
                message = f"{step or 'start'}: {self._process.epitaph()}"
                steps[step or "interpret"] = Result("crashed", message)
                return steps
            word, _, rest = line.partition(" ")
            if word == "begin":
                step = rest
            elif word == "ok":
                steps[step] = PASSED
            elif word == "error":
                message = rest.removeprefix(path + ": ")
                if step == "run":
                    message = f"run: {message}"
                steps[step] = Result("refused", message)
            elif word == "end":
                return steps
            else:
                raise RuntimeError(f"conformance-runner said '{line}'")

    def _judge(self, case, means):
        for index, expected in enumerate(case.outputs):
            path = os.path.join(self._folder, f"{means}.{index}.npy")
            if not os.path.exists(path):
                return Result("wrong", f"output {index} is missing")
            problem = compare(np.load(path), expected)
            if problem:
                return Result("wrong", f"output {index}: {problem}")
        return PASSED


def run_all(path, folder, cases, jobs, progress=lambda done, total: None):
    """{(case name, form, means): Result}, with `jobs` processes at a time."""
    queue = list(reversed(cases))
    total, results, failures = len(queue), {}, []
    lock = threading.Lock()

    def work(number):
        runner = Runner(path, os.path.join(folder, f"worker{number}"))
        try:
            while True:
                with lock:
                    if not queue or failures:
                        return
                    case = queue.pop()
                found = {"as is": runner.run(case, "as is")}
                # Without parameters the model is the same.
                found["constants"] = (
                    runner.run(case, "constants") if case.parameters else found["as is"]
                )
                with lock:
                    for form in FORMS:
                        for means in MEANS:
                            results[case.name, form, means] = found[form][means]
                    progress(total - len(queue), total)
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            runner.close()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results
