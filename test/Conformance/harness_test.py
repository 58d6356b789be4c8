"""Tests of the harness itself: that what must fail does."""

import os
import stat
import tempfile
import unittest

import expected_failures
import node_tests
import numpy as np
import onnx
from runner import FORMS, MEANS, PASSED, Result, compare, run_all

# Stands for conformance-runner: models whose path has "dies" end the process,
# others are refused by the compiler and give the input when interpreted.
_FAKE_RUNNER = """#!/usr/bin/python3
import os, shutil, sys
for line in sys.stdin:
    folder, model, *inputs = line.rstrip().split("\\t")
    print("begin interpret", flush=True)
    if "dies" in model:
        print("#0 0x1 ockham::someFunction(int) file.cpp", file=sys.stderr, flush=True)
        os.abort()
    shutil.copy(inputs[0].split("=")[1], folder + "/interpreted.0.npy")
    print("ok\\nbegin compile\\nerror " + model + ": too hard\\nend", flush=True)
"""


def make_tensor(array, data_type, **fields):
    tensor = onnx.TensorProto(dims=array.shape, data_type=data_type, **fields)
    if not fields:
        tensor.raw_data = array.tobytes()
    return tensor


def make_case(folder, name, ir_version=8, factor=1):
    """A case with one operator whose output is its first input, times a factor."""
    node = onnx.NodeProto(op_type="Op", input=["x", "axes"], output=["y"])
    values = {}
    for value, code in (("x", 1), ("axes", 7), ("y", 1)):
        values[value] = onnx.ValueInfoProto(name=value)
        values[value].type.tensor_type.elem_type = code
    model = onnx.ModelProto(ir_version=ir_version)
    model.graph.node.append(node)
    model.graph.input.extend([values["x"], values["axes"]])
    model.graph.output.append(values["y"])
    data = os.path.join(folder, name, "test_data_set_0")
    os.makedirs(data)
    x, axes = np.ones(3, "float32"), np.array([0], "int64")
    files = {
        "../model.onnx": model,
        "input_0.pb": make_tensor(x, 1),
        "input_1.pb": make_tensor(axes, 7),
        "output_0.pb": make_tensor(x * np.float32(factor), 1),
    }
    for file, message in files.items():
        with open(os.path.join(data, file), "wb") as out:
            out.write(message.SerializeToString())


class Comparing(unittest.TestCase):
    def check(self, got, expected, message):
        self.assertIn(message, compare(got, expected))

    def test_equal(self):
        values = np.array([1.0, np.nan, np.inf, 0.0], "float32")
        self.assertEqual(compare(values, values), "")
        self.assertEqual(compare(values, values * np.float32(1.0005)), "")

    def test_types(self):
        zero = np.zeros(2, "float32")
        self.check(zero, zero.astype("float64"), "float32, expected float64")
        self.check(zero, None, "cannot be compared")

    def test_shapes(self):
        zero = np.zeros((2, 1), "int64")
        self.check(zero, zero[0], "shape [2, 1], expected [1]")
        self.check(np.zeros((0, 2)), np.zeros((2, 0)), "shape [0, 2]")

    def test_values(self):
        one = np.ones(4, "float32")
        self.check(one, one * np.float32(1.002), "4 of 4 elements differ")
        self.check(one, np.array([1, 1, np.nan, 1], "float32"), "1 of 4")
        self.check(np.array([1e-6], "float16"), np.zeros(1, "float16"), "1 of 1")
        self.check(np.array([True]), np.array([False]), "True, expected False")
        large = np.array([2**62], "int64")
        self.check(large + 1, large, "1 of 1")

    def test_bfloat16(self):
        one, two = (np.array([bits], "uint16").view("V2") for bits in (0x3F80, 0x4000))
        self.assertEqual(compare(one, one), "")
        self.check(one, two, "1.0, expected 2.0")
        self.check(one.view("uint16"), one, "uint16, expected bfloat16")


class Reading(unittest.TestCase):
    def test_fields(self):
        two = np.zeros(2)
        for data_type, fields, expected in (
            (1, {"float_data": [1, 2]}, np.array([1, 2], "float32")),
            (3, {"int32_data": [-1, 2]}, np.array([-1, 2], "int8")),
            (9, {"int32_data": [0, 1]}, np.array([False, True])),
            (10, {"int32_data": [0x3C00, 0]}, np.array([1, 0], "float16")),
            (13, {"uint64_data": [2**63, 1]}, np.array([2**63, 1], "uint64")),
        ):
            array = node_tests.read_array(make_tensor(two, data_type, **fields))
            self.assertEqual(array.dtype, expected.dtype)
            self.assertEqual(array.tolist(), expected.tolist())
        bits = node_tests.read_array(make_tensor(two, 16, int32_data=[0x3F80, 0]))
        self.assertEqual(bits.view("uint16").tolist(), [0x3F80, 0])
        self.assertIsNone(node_tests.read_array(make_tensor(two, 23, int32_data=[1])))

    def test_constants(self):
        with tempfile.TemporaryDirectory() as folder:
            make_case(folder, "new", ir_version=8)
            make_case(folder, "old", ir_version=3)
            cases = node_tests.read_cases(folder)
            for name, inputs in (("new", ["x"]), ("old", ["x", "axes"])):
                graph = cases[name].with_constants().graph
                self.assertEqual([value.name for value in graph.input], inputs)
                self.assertEqual(graph.initializer[0].name, "axes")


class Running(unittest.TestCase):
    def test_crash_and_refusal(self):
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "fake")
            with open(program, "w", encoding="utf-8") as file:
                file.write(_FAKE_RUNNER)
            os.chmod(program, stat.S_IRWXU)
            tests = os.path.join(folder, "tests")
            for name in ("a", "b_dies", "c"):
                make_case(tests, name)
            make_case(tests, "d", factor=2)
            cases = list(node_tests.read_cases(tests).values())
            work = os.path.join(folder, "work")
            results = run_all(program, work, cases, jobs=2)
        for form in FORMS:
            for name in ("a", "c"):
                self.assertEqual(results[name, form, "interpreted"], PASSED)
                self.assertEqual(
                    results[name, form, "compiled"], Result("refused", "too hard")
                )
            wrong = results["d", form, "interpreted"]
            self.assertEqual(wrong.status, "wrong")
            self.assertIn("output 0: 3 of 3 elements differ", wrong.message)
        crash = Result("crashed", "interpret: SIGABRT in ockham::someFunction(int)")
        for means in MEANS:
            self.assertEqual(results["b_dies", "as is", means], crash)


class Expecting(unittest.TestCase):
    def setUp(self):
        with tempfile.TemporaryDirectory() as folder:
            make_case(folder, "test_op")
            self.cases = list(node_tests.read_cases(folder).values())

    def problems(self, group, result, whole=True, **exceptions):
        results = {
            ("test_op", form, means): exceptions.get(means, result)
            for form in FORMS
            for means in MEANS
        }
        table = {"reason": "because", **group}
        groups = [expected_failures.make_group(table)] if group else []
        return expected_failures.compare(groups, self.cases, results, whole)[0]

    def check(self, count, message, problems):
        self.assertEqual(len(problems), count, problems)
        for problem in problems:
            self.assertIn(message, problem)

    def test_operators(self):
        group = {"operators": ["Op"]}
        refused = "1 operator is not supported: Op (ai.onnx opset 7): 1 node"
        other = "1 operator is not supported: Opposite (ai.onnx opset 7)"
        self.check(0, "", self.problems(group, Result("refused", refused)))
        wrong = self.problems(group, Result("refused", other))
        self.check(4, "does not fail as listed", wrong)
        self.check(4, "passes, but is listed", self.problems(group, PASSED))

    def test_messages(self):
        group = {"cases": ["test_o*"], "message": "too (hard|long)"}
        self.check(0, "", self.problems(group, Result("refused", "is too long")))
        for result in (
            Result("refused", "no"),
            Result("wrong", "too hard"),
            Result("crashed", "too hard"),
        ):
            problems = self.problems(group, result)
            self.check(4, "does not fail as listed", problems)
        problems = self.problems(group, Result("refused", "too hard"), compiled=PASSED)
        self.check(2, "compiled) passes, but is listed", problems)

    def test_runs(self):
        group = {"types": ["float"], "message": "no", "runs": ["compiled", "as is"]}
        refused = Result("refused", "no")
        self.check(3, "is not listed; refused: no", self.problems(group, refused))

    def test_unlisted(self):
        self.check(0, "", self.problems({}, PASSED))
        self.check(4, "is not listed", self.problems({}, Result("crashed", "x")))

    def test_stale(self):
        group = {"cases": ["test_other"], "message": "no"}
        self.check(2, "no case is", self.problems(group, PASSED))
        self.check(0, "", self.problems(group, PASSED, whole=False))
        with self.assertRaisesRegex(ValueError, "unknown key 'case'"):
            self.problems({"case": ["test_op"], "message": "no"}, PASSED)
        with self.assertRaisesRegex(ValueError, "has no message"):
            self.problems({"cases": ["test_op"]}, PASSED)


if __name__ == "__main__":
    unittest.main()
