# Part of the Ockham project, under the Apache License v2.0 with LLVM
# Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of the Python package on the models written by hand."""

import gc
import os
import threading
import unittest
import weakref

import numpy as np
import ockham


def model_path(name):
    return os.path.join(os.environ["OCKHAM_TEST_MODELS"], name + ".so")


class Foreign:
    """An array of another library, as far as Python can tell."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self):
        return self.array.__dlpack__()


class HandwrittenTest(unittest.TestCase):
    def setUp(self):
        self.model = ockham.load(model_path("handwritten"))
        self.dims = {"batch": 2, "cache_length": 4}
        self.session = self.model.session(threads=2, dims=self.dims)

    def test_facts(self):
        model = self.model
        self.assertEqual(model.name, "running-sum")
        self.assertEqual(list(model.signature), ["forward", "decode", "train_step"])
        self.assertEqual(
            str(model.signature["forward"]),
            "forward(input_ids: int64 [batch, sequence]) -> "
            "(logits: float32 [batch, sequence, 16])",
        )
        self.assertEqual(model.signature["decode"].kind, "decode")
        self.assertEqual(model.signature["decode"].inputs[0].shape, ("batch", 1))
        self.assertEqual(model.states[1].shape, ("batch", "cache_length"))
        self.assertEqual(model.weights[0].shape, (16, 8))
        self.assertIn("state step: int64 []", str(model))
        self.assertEqual(model.path, model_path("handwritten"))
        self.assertEqual(self.session.device, "cpu")
        self.assertEqual(self.session.threads, 2)

    def reference(self, tokens):
        embedding = self.session.read_weight("embedding").astype(np.float64)
        head = self.session.read_weight("head").astype(np.float64)
        gain = self.session.read_weight("gain").astype(np.float64)
        return np.cumsum(embedding[tokens], axis=1) * gain @ head

    def test_forward(self):
        tokens = np.arange(10).reshape(2, 5)
        outputs = self.session.run({"input_ids": tokens})
        self.assertEqual(list(outputs), ["logits"])
        logits = outputs["logits"]
        self.assertEqual(logits.dtype, np.float32)
        self.assertEqual(logits.ctypes.data % 64, 0)
        np.testing.assert_allclose(logits, self.reference(tokens), atol=1e-5)
        # Strided, foreign, and without an array at all.
        backwards = tokens[:, ::-1]
        for given in (backwards, Foreign(backwards), backwards.tolist()):
            logits = self.session.run({"input_ids": given})["logits"]
            np.testing.assert_allclose(logits, self.reference(backwards), atol=1e-5)
        empty = self.session.run({"input_ids": np.zeros((2, 0), np.int64)})
        self.assertEqual(empty["logits"].shape, (2, 0, 16))

    def test_decode(self):
        tokens = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
        whole = self.session.run({"input_ids": tokens})["logits"]
        for step in range(4):
            logits = self.session.run(
                {"input_ids": tokens[:, step : step + 1]}, entry="decode"
            )["logits"]
            np.testing.assert_array_equal(logits, whole[:, step])
        np.testing.assert_array_equal(self.session.read_state("history"), tokens)
        self.session.write_state("tokens_seen", 1)
        self.assertEqual(self.session.read_state("tokens_seen"), 1)
        self.session.reset_state()
        self.assertEqual(self.session.read_state("history").sum(), 0)

    def test_train(self):
        inputs = {
            "input_ids": np.array([[1, 2, 3], [4, 5, 6]]),
            "labels": np.array([[2, 3, 4], [5, 6, 7]]),
            "learning_rate": 0.1,
        }
        losses = [
            self.session.run(inputs, entry="train_step")["loss"] for _ in range(50)
        ]
        self.assertEqual(losses[0].shape, ())
        self.assertLess(losses[-1], losses[0] / 2)
        self.assertEqual(self.session.read_state("step"), 50)
        trained = self.session.read_state("trained_head")
        self.session.write_weight("head", trained)
        np.testing.assert_array_equal(self.session.read_weight("head"), trained)

    def test_buffers(self):
        tokens = np.arange(4).reshape(2, 2)
        expected = self.session.run({"input_ids": tokens})["logits"]
        buffer = np.zeros((16, 2, 2), np.float32).transpose(1, 2, 0)
        outputs = self.session.run({"input_ids": tokens}, outputs={"logits": buffer})
        self.assertIs(outputs["logits"], buffer)
        np.testing.assert_array_equal(buffer, expected)
        self.assertEqual(self.session.run({"input_ids": tokens}, outputs=[]), {})
        buffer.flags.writeable = False
        with self.assertRaisesRegex(ValueError, "read-only"):
            self.session.run({"input_ids": tokens}, outputs={"logits": buffer})

    def test_lifetimes(self):
        tokens = np.arange(4).reshape(2, 2)
        logits = self.session.run({"input_ids": tokens})["logits"]
        part, copy = logits[0], logits[0].copy()
        used = self.session.memory.workspace_used
        self.assertGreater(used, 0)
        del logits
        self.session.run({"input_ids": tokens})
        np.testing.assert_array_equal(part, copy)
        self.session.close()
        self.model = None
        gc.collect()
        np.testing.assert_array_equal(part, copy)
        with self.assertRaisesRegex(ockham.OckhamError, "session: expected"):
            self.session.run({"input_ids": tokens}, entry="forward", outputs=[])

    def test_memory_is_released(self):
        tokens = np.arange(4).reshape(2, 2)
        self.session.run({"input_ids": tokens})
        gc.collect()
        memory = self.session.memory
        self.assertEqual(memory.workspace_used, 0)
        self.assertGreater(memory.peak, memory.states)
        self.session.trim()
        self.assertEqual(self.session.memory.workspace, 0)
        self.assertEqual(self.session.workspace_bytes({"input_ids": tokens}), 64)

    def test_errors(self):
        with self.assertRaises(ockham.OckhamError) as caught:
            self.session.run({"input_ids": np.zeros((2, 8), np.float32)})
        self.assertEqual(
            str(caught.exception),
            "input 'input_ids': expected int64 [batch, sequence], got float32 "
            "[2, 8]; convert the values to int64",
        )
        self.assertEqual(caught.exception.status, "invalid argument")
        with self.assertRaisesRegex(ockham.OckhamError, "no entry point 'x'"):
            self.session.run({}, entry="x")
        with self.assertRaisesRegex(ockham.OckhamError, "bind dimension 'batch'"):
            self.model.session()
        with self.assertRaisesRegex(ockham.OckhamError, "No such file"):
            ockham.load("/nowhere/model.so")
        with self.assertRaisesRegex(ockham.OckhamError, "No such file"):
            self.model.session(dims=self.dims, weights="/nowhere/x.safetensors")
        with self.assertRaisesRegex(ockham.OckhamError, "limit is 10 bytes"):
            self.model.session(dims=self.dims, memory_limit=10)
        with self.assertRaisesRegex(TypeError, "cannot be passed on"):
            self.session.run({"input_ids": np.zeros((2, 1), ">i8")})

    def test_threads(self):
        tokens = np.arange(32).reshape(2, 16) % 16
        expected = self.session.run({"input_ids": tokens})["logits"]
        wrong = []

        def work():
            with self.model.session(threads=2, dims=self.dims) as session:
                for _ in range(50):
                    logits = session.run({"input_ids": tokens})["logits"]
                    if not np.array_equal(logits, expected):
                        wrong.append(logits)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


class ProbeTest(unittest.TestCase):
    def test_types(self):
        session = ockham.load(model_path("probe")).session()
        self.assertEqual(session.read_weight("normal").dtype.itemsize, 2)
        np.testing.assert_array_equal(session.read_weight("constant"), [-3] * 4)
        outputs = session.run({"values": [0, 3, 0, 5]}, entry="nonzero")
        np.testing.assert_array_equal(outputs["indices"], [1, 3])


# Set where the build has the emulator.
@unittest.skipUnless("OCKHAM_TEST_EMULATOR" in os.environ, "a build without LLVM")
class DeviceTest(unittest.TestCase):
    def test_emulated(self):
        model = ockham.load(model_path("cuda"), device="emulated")
        session = model.session()
        self.assertEqual(session.device, "emulated")
        self.assertTrue(session.detects_races)
        self.assertEqual(session.launches, ())
        values = np.arange(40, dtype=np.float32)
        result = session.run({"x": values}, entry="scale")["y"]
        np.testing.assert_array_equal(result, 9 * values)
        (launch,) = session.launches
        self.assertEqual((launch.kernel, launch.count), ("scale", 2))
        self.assertEqual((launch.grid, launch.block), ((2, 1, 1), (32, 1, 1)))
        with self.assertRaisesRegex(ockham.OckhamError, "kernel 'race' with a grid"):
            session.run({"x": values}, entry="race")

    def test_results_on_device(self):
        model = ockham.load(model_path("cuda"), device="emulated")
        session = model.session(results_on_device=True)
        reader = model.session()
        self.assertIsInstance(session.stream, int)
        values = np.arange(40, dtype=np.float32)
        y = session.run({"x": values}, entry="scale")["y"]
        self.assertEqual((y.shape, y.dtype), ((40,), "float32"))
        self.assertIsInstance(y, ockham.DeviceArray)
        self.assertEqual(y.__dlpack_device__(), (12, 0))  # kDLExtDev
        # An input where it lies, of this session and of others.
        again = session.run({"x": y}, entry="scale")["y"]
        result = reader.run({"x": again}, entry="scale")["y"]
        np.testing.assert_array_equal(result, 729 * values)
        # A buffer for a result.
        outputs = {"y": y}
        self.assertIs(session.run({"x": again}, entry="scale", outputs=outputs)["y"], y)
        session.wait()
        result = reader.run({"x": y}, entry="copy")["y"]
        np.testing.assert_array_equal(result, 729 * values)
        # Another library takes it over, once.
        capsule = y.__dlpack__(stream=1)
        with self.assertRaisesRegex(ValueError, "handed over"):
            y.__dlpack__()
        del capsule
        # A check on the device fails when somebody waits.
        session.run({"x": -values - 3}, entry="checked")
        with self.assertRaisesRegex(ockham.OckhamError, "x begins with -3"):
            session.wait()
        # Arguments that cannot be read give back those that can.
        with self.assertRaises(TypeError):
            session.run({"x": again, "z": object()}, entry="scale")
        session.run({"x": again}, entry="scale")

    def test_sessions_that_end(self):
        model = ockham.load(model_path("cuda"), device="emulated")
        values = np.arange(40, dtype=np.float32)

        def run(session, x):
            return session.run({"x": x}, entry="scale")["y"]

        # An array that is lent to a session does not keep it alive: nobody could
        # ask for the array back.
        session = model.session(results_on_device=True)
        ended = weakref.ref(session)
        y = run(session, values)
        z = run(session, y)
        lent = weakref.ref(y)
        del session, y
        self.assertIsNone(ended())
        self.assertIsNone(lent())
        np.testing.assert_array_equal(run(model.session(), z), 729 * values)

        # A session that is closed is done: there is nothing to wait for.
        with model.session(results_on_device=True) as session:
            y = run(session, values)
            self.assertFalse(session.closed)
        self.assertTrue(session.closed)
        capsule = y.__dlpack__(stream=2)
        del capsule

        # Others that have used the array are waited for as well.
        maker = model.session(results_on_device=True)
        writer = model.session(results_on_device=True)
        y = run(maker, values)
        writer.run({"x": -values - 3}, entry="checked", outputs={"y": y})
        with self.assertRaisesRegex(ockham.OckhamError, "x begins with -3"):
            y.__dlpack__(stream=2)
        with self.assertRaisesRegex(BufferError, "cannot be copied"):
            y.__dlpack__(copy=True)
        with self.assertRaisesRegex(BufferError, "cannot be moved to \\(1, 0\\)"):
            y.__dlpack__(dl_device=(1, 0))
        y.__dlpack__(stream=2, dl_device=(12, 0), copy=False, max_version=(1, 0))

    def test_no_such_device(self):
        with self.assertRaisesRegex(ockham.OckhamError, "compiled for 'cuda'"):
            ockham.load(model_path("cuda"), device="cpu").session()


if __name__ == "__main__":
    unittest.main()
