"""Both halves of scripts/gpu-check.sh, on the emulator, what becomes of a check
that cannot pass, and the parts that need a GPU, on one of this test's own.

Usage: gpu_check.py SCRIPT BUILD FOLDER
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from gpu_check_parts import test_parts

# Nodes of a model beside its blocks: positions, and the mask of its input.
WITHOUT_KERNELS = {"bert_postln.op17": {"/e/Expand", "/e/Add_1", "/h.0/Mul"}}


def run(*command, environment=None):
    result = subprocess.run(
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    return result.returncode, result.stdout + result.stderr


def expect(holds, what, text):
    if not holds:
        sys.exit(f"{what}\n{text}")


def main():
    script, build, folder = sys.argv[1:]
    shutil.rmtree(folder, ignore_errors=True)
    folder = Path(folder)
    folder.mkdir(parents=True)
    # What is somebody's is not removed.
    (folder / "notes").write_text("mine")
    prepare = [script, "prepare", "--quick", "--build", build, "--folder"]
    code, text = run(*prepare, folder)
    expect(
        code == 1 and "with other files" in text and (folder / "notes").exists(),
        "a folder with other files",
        text,
    )
    shutil.rmtree(folder)
    packed = folder.with_name(folder.name + ".tar.xz")
    packed.unlink(missing_ok=True)
    code, text = run(*prepare, packed)
    expect(code == 0, "prepare failed", text)
    with tarfile.open(packed) as archive:
        archive.extractall(folder.parent / "unpacked")
    shutil.move(folder.parent / "unpacked" / "gpu-check", folder)
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    expect(packed.stat().st_size < size / 3, "the packed one is large", str(size))
    manifest_file = folder / "manifest.json"
    manifest = json.loads(manifest_file.read_text())
    jobs = {**manifest["cases"], **manifest["models"]}
    expect(len(manifest["cases"]) >= 5, "few cases were prepared", text)
    for name, entry in jobs.items():
        expect("error" not in entry, f"{name} did not compile", text)
        fallbacks = {
            warning.partition(":")[0]
            for warning in entry["warnings"]
            if "no kernel of its own" in warning
        }
        expect(
            fallbacks <= WITHOUT_KERNELS.get(name, set()),
            f"{name} has other ops without kernels than expected",
            "\n".join(entry["warnings"]),
        )
        spills = [w for w in entry["warnings"] if "spill" in w]
        expect(
            name in manifest["models"] or not spills,
            f"{name} keeps registers in memory",
            "\n".join(spills),
        )

    command = [script, "run", "--device", "emulated", "--quick"]
    command += ["--build", build, "--folder"]
    code, text = run(*command, packed)
    expect(code == 0, "the checks failed", text)
    expect(
        f"{len(jobs)} of {len(jobs)} checks passed, 0 jobs failed, 0 left out" in text,
        "not all checks passed",
        text,
    )
    reports = folder.with_name(folder.name + "-results.json")
    results = json.loads(reports.read_text())["results"]
    expect({r["state"] for r in results} == {"passed"}, "states", str(results))
    # Nothing is timed in emulation.
    expect({r["kind"] for r in results} == {"check", "model"}, "kinds", str(results))
    table = reports.with_suffix(".md").read_text()
    expect(f"{len(jobs)} of {len(jobs)} checks passed." in table, "the table", table)

    test_parts(str(folder))
    command.append(folder)
    # One library is damaged, one did not compile, one has other weights: these
    # fail, and the others do not.
    broken, uncompiled = list(manifest["cases"])[:2]
    library = folder / manifest["cases"][broken]["library"]
    library.write_bytes(library.read_bytes()[:1000])
    manifest["cases"][uncompiled]["error"] = "error: no such op"
    other = next(name for name in manifest["cases"] if name.startswith("GPT-2"))
    for name in list(manifest["cases"]):
        if name not in (broken, uncompiled, other):
            del manifest["cases"][name]
    manifest["models"] = {}
    manifest_file.write_text(json.dumps(manifest))
    code, text = run(*command)
    expect(code == 1, "broken cases have passed", text)
    results = json.loads((folder / "results.json").read_text())["results"]
    states = {r["name"]: r for r in results}
    expect(states[broken]["state"] == "failed", "a broken library", text)
    expect("no such op" in states[uncompiled]["why"], "what did not compile", text)
    expect(states[other]["state"] == "passed", "the others", text)
    expect("1 of 3 checks passed, 2 jobs failed" in text, "the count", text)

    # A verdict of a detector that is off is none.
    code, text = run(
        *(*command, "--only", other), environment={"OCKHAM_EMULATOR": "races=0"}
    )
    expect(code == 1 and "race detector is off" in text, "without a detector", text)
    code, text = run(*command, "--only", "no such case")
    expect(code == 1 and "there is nothing to check" in text, "without checks", text)
    code, text = run(script, "run", "--folder", folder / "nowhere")
    expect(code == 1 and "run the first half" in text, "without the first half", text)
    code, text = run(script, "run", "--folder", folder / "nowhere.tar.xz")
    expect(code == 1 and "run the first half" in text, "without a packed one", text)
    print(f"{len(jobs)} checks")


main()
