#!/usr/bin/env python3
"""The benchmarks' scripts, on tiny models and without peers: that they still run.

usage: benchmarks.py BUILD CXX FOLDER

Times are not looked at. What is: that every model is written and recognised as the
blocks that it is made of; that models are compiled, run, counted and appear in
the tables; that results are kept; and that two sides that disagree end a
comparison.
"""

import json
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

import numpy as np

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import compare
import models
import sides

TINY = [
    "--layers",
    "2",
    "--width",
    "32",
    "--heads",
    "4",
    "--vocabulary",
    "97",
    "--context",
    "64",
]
KINDS = {
    "preln": "pre_norm",
    "noln": "pre_norm",
    "parallel": "parallel",
    "sas": "sas",
    "sasp": "sas_p",
    "bert": "post_norm",
}


def run(*command):
    return subprocess.run(
        [str(word) for word in command], check=False, capture_output=True, text=True
    )


class Fake:
    """A side that answers with these values."""

    def __init__(self, values):
        self.values = np.asarray(values, np.float32)

    def ask(self, what, limit, to):
        assert what == "sample"
        np.save(to, self.values)
        return {"shape": list(self.values.shape), "step": 1}


class Benchmarks(unittest.TestCase):
    build = compiler = folder = None

    def compare(self, *options):
        return run(
            sys.executable, "-B", BENCHMARKS / "compare.py", self.build,
            "--cache", self.folder, "--sides", "ockham", "--rounds", 3,
            "--seconds", 0.01, *TINY, *options,
        )  # fmt: skip

    def test_models_and_tables(self):
        peak = self.folder / "machine-peak"
        made = run(
            self.compiler, "-std=c++17", "-O2", "-pthread",
            BENCHMARKS / "machine-peak.cpp", "-o", peak,
        )  # fmt: skip
        self.assertEqual(made.returncode, 0, made.stderr)
        results = self.folder / "results.json"
        options = ["--models", "preln", "sasp", "bert", "--sequence", 9, "--batch", 2]
        options += ["--threads", 2, "--json", results]
        done = self.compare("--peak", peak, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        entries = json.loads(results.read_text())["results"]
        self.assertEqual(len(entries), 3)
        for entry in entries.values():
            side = entry["sides"]["ockham"]
            self.assertEqual(side["settings"]["threads"], 2)
            self.assertEqual(side["ratio"], 1.0)
            self.assertGreaterEqual(side["turns"], 3)
            self.assertGreater(side["memory"]["peak"], side["memory"]["before"])
            counts = entry["counts"]
            parts = ("linear_flops", "attention_flops", "pointwise_flops")
            self.assertEqual(sum(counts[part] for part in parts), counts["flops"])
            self.assertGreater(entry["peak"]["flops"], entry["peak"]["bandwidth"])

        # A second time there is nothing to do.
        again = self.compare(*options)
        self.assertEqual((again.returncode, again.stdout), (0, ""), again.stderr)

        tables = run(sys.executable, "-B", BENCHMARKS / "tables.py", results)
        self.assertEqual(tables.returncode, 0, tables.stderr)
        self.assertIn("f32, 2 threads, batch 2", tables.stdout)
        for label in ("Pre-LN", "SAS-P", "MiniLM"):
            self.assertIn(f"| {label} | 9 |", tables.stdout)
        # Measured, predicted twice, their quotient.
        rows = [r for r in tables.stdout.splitlines() if "| SAS-P | 2 x 9 | 2 |" in r]
        self.assertEqual(len(rows), 2, tables.stdout)  # and one with its memory
        self.assertRegex(
            rows[0], r"^\| \*\*[\d.]+\*\* \| 1\.\d+ \| 1\.\d+ \| [\d.]+ \|"
        )

        # A peer that failed is told from one that was not asked.
        kept = json.loads(results.read_text())
        for name, entry in kept["results"].items():
            if "bert" in name:
                entry["failed"] = {"iree-static": "no memory"}
            elif "sasp" in name:
                entry["sides"]["iree"] = entry["sides"]["ockham"]
        results.write_text(json.dumps(kept))
        text = run(sys.executable, "-B", BENCHMARKS / "tables.py", results).stdout
        for label, cell in (("MiniLM", "fails"), ("Pre-LN", ""), ("SAS-P", "[0-9.]+")):
            self.assertRegex(text, rf"\| {label} \| 9 \| [0-9.]+ \| {cell} \|")

    def test_bf16(self):
        results = self.folder / "narrow.json"
        done = self.compare(
            "--models", "sasp", "--sequence", 9, "--batch", 1, "--threads", 1,
            "--precision", "bf16", "--json", results,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        (entry,) = json.loads(results.read_text())["results"].values()
        # Of numbers with eight digits, not of those that they were made of.
        self.assertGreater(entry["sides"]["ockham"]["error"], 1e-4)
        self.assertLess(entry["sides"]["ockham"]["error"], 0.1)
        tables = run(sys.executable, "-B", BENCHMARKS / "tables.py", results)
        self.assertEqual(tables.returncode, 0, tables.stderr)
        self.assertRegex(tables.stdout, r"\| SAS-P \| 9 \| .*\| [\d.]+% \|")

    def test_errors_against_a_reference(self):
        good, bad = [1.0, -2.0, 3.0], [1.0, -3.0, 3.0]
        reference = ("f32", Fake(good))
        errors = compare.compare_outputs(
            {"ockham": Fake(good), "peer": Fake(bad)}, self.folder, "bf16", reference
        )
        self.assertEqual(errors["ockham"], 0)
        self.assertAlmostEqual(errors["peer"], np.sqrt(1 / 3) / np.std(good))
        errors = compare.compare_outputs(
            {"peer": Fake([1.0, float("nan"), 3.0])}, self.folder, "bf16", reference
        )
        self.assertEqual(errors["peer"], "peer: its output is not finite")
        with self.assertRaisesRegex(sides.SideError, "f32 and ockham disagree"):
            compare.compare_outputs(
                {"ockham": Fake(bad)}, self.folder, "bf16", reference
            )

    def test_blocks_are_recognised(self):
        for spelling in (
            models.Spelling(),
            models.Spelling(mask="where", shape="matrix"),
            models.Spelling(opset=23),
        ):
            for name, kind in KINDS.items():
                with self.subTest(model=name, spelling=spelling):
                    path = self.folder / f"spelling_{name}.onnx"
                    size = models.Size(2, 32, 4, 4, 97, 64)
                    models.write_model(name, path, size, spelling)
                    text = run(self.build / "bin" / "ockham", "report", path, "--json")
                    self.assertEqual(text.returncode, 0, text.stderr)
                    found = json.loads(text.stdout)["structure"]["before"]
                    kinds = [
                        n.get("kind")
                        for n in found["model"]["nodes"]
                        if n["op"] == "block"
                    ]
                    self.assertEqual(kinds, [kind] * 2)
                    self.assertEqual(found["unrecognised"], {})

    def test_disagreement_is_an_error(self):
        good = [1.0, -2.0, 3.0]
        compare.compare_outputs(
            {"a": Fake(good), "b": Fake([1.0, -2.001, 3.0])}, self.folder, "f32"
        )
        for values, message in (
            (
                [1.0, -2.1, 3.0],
                "differ by 0.0577 in the mean, .* element 1 is -2 and -2.1, expected",
            ),
            ([1.0, -2.0], r"b: output is \[2\], a's \[3\]"),
            ([1.0, float("nan"), 3.0], "b: its output is not finite"),
        ):
            with self.assertRaisesRegex(sides.SideError, message):
                compare.compare_outputs(
                    {"a": Fake(good), "b": Fake(values)}, self.folder, "f32"
                )

    def test_one_element_that_is_off(self):
        # Too few of many to be seen in the mean.
        good = np.sin(np.arange(100_000))
        bad = good.copy()
        bad[777] += 0.1
        with self.assertRaisesRegex(sides.SideError, "element 777 is"):
            compare.compare_outputs(
                {"a": Fake(good), "b": Fake(bad)}, self.folder, "f32"
            )

    def test_messages(self):
        done = self.compare("--models", "preln", "--sequence", 65, "--batch", 1)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("preln: no sequence 65, it has 64", done.stderr)
        done = self.compare("--models", "preln", "--sequence", 1, "--heads", 5)
        self.assertEqual(done.returncode, 1)
        self.assertIn("width 32 is not a multiple of 5 heads", done.stderr)


if __name__ == "__main__":
    Benchmarks.build, Benchmarks.compiler = Path(sys.argv[1]), sys.argv[2]
    Benchmarks.folder = Path(sys.argv[3])
    shutil.rmtree(Benchmarks.folder, ignore_errors=True)
    Benchmarks.folder.mkdir(parents=True)
    unittest.main(argv=sys.argv[:1])
