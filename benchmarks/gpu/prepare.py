"""The first half of scripts/gpu-check.sh: compiles, where LLVM is.

usage: prepare.py OCKHAM RUNTIME FOLDER [--arch sm_80,sm_90] [--quick]
                  [--archive FILE]

FOLDER then has all that the second half needs: libraries of the cases, without
weights, the runtime and its Python package, and the scripts. What did not
compile is noted in manifest.json and fails there, as one line of the table.
With --archive the folder is packed into that file (.tar.xz) as well.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from cases import QUICK, make_cases
from report import find_spills

MOST_BYTES = 64 << 20
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def compile_library(args, source, library, options):
    """What the manifest says of it."""
    command = [args.ockham, "compile", source, "-o", library, "--target", "cuda"]
    started = time.monotonic()
    result = subprocess.run(
        [*map(str, command), "--arch", args.arch, "--remarks", *options],
        check=False,
        capture_output=True,
        text=True,
    )
    entry = {"seconds": round(time.monotonic() - started, 1)}
    lines = (result.stdout + result.stderr).splitlines()
    # Spilled registers, a missing ptxas, and ops without a kernel.
    entry["warnings"] = [
        line.strip()
        for line in lines
        if "warning:" in line or "has no kernel of its own" in line
    ]
    if result.returncode:
        errors = [line for line in lines if "error:" in line]
        entry["error"] = "; ".join(errors) or f"exit status {result.returncode}"
    return entry


def empty_folder(folder):
    """Of what an earlier run has put there, which would travel along. What else
    there is, is somebody's."""
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        return
    if not (folder / "manifest.json").is_file():
        sys.exit(
            f"{folder}: expected an empty folder, or one of an earlier run, got one "
            "with other files; give another one with --folder"
        )
    shutil.rmtree(folder)
    folder.mkdir()


def check_size(path, size):
    print(f"{path}: {size / 1e6:.1f} MB")
    if size > MOST_BYTES:
        sys.exit(
            f"{path}: {size} bytes, expected at most {MOST_BYTES}; compile for fewer "
            "architectures (--arch), or pack it (--folder NAME.tar.xz)"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ockham")
    parser.add_argument("runtime", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--arch", default="sm_80,sm_90")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--archive", type=Path)
    args = parser.parse_args()
    empty_folder(args.folder)
    for name in ("cases", "special_cases", "run", "peers", "graphs", "report"):
        shutil.copy(HERE / f"{name}.py", args.folder)
    shutil.copy(args.runtime, args.folder / "libockham-runtime.so")
    shutil.copytree(
        ROOT / "python" / "ockham",
        args.folder / "ockham",
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    manifest = {"arch": args.arch, "quick": args.quick, "cases": {}, "models": {}}
    for case in make_cases():
        if args.quick and case.name not in QUICK:
            continue
        stem = re.sub(r"[^A-Za-z0-9]+", "-", case.name)
        source = args.folder / f"{stem}.mlir"
        source.write_text(case.text)
        entry = compile_library(args, source, args.folder / f"{stem}.so", case.options)
        source.unlink()
        manifest["cases"][case.name] = {"library": f"{stem}.so", **entry}
        print(f"{case.name}: {entry.get('error', 'compiled')}", flush=True)
    # Exported models with what PyTorch computed for them.
    models = sorted((ROOT / "test" / "Models").glob("*.op17.onnx"))
    for model in models[: 1 if args.quick else None]:
        stem = model.name.removesuffix(".onnx")
        entry = compile_library(args, model, args.folder / f"{stem}.so", ())
        shutil.copy(model.with_suffix(".npz"), args.folder)
        manifest["models"][stem] = {"library": f"{stem}.so", **entry}
        print(f"{stem}: {entry.get('error', 'compiled')}", flush=True)
    (args.folder / "manifest.json").write_text(json.dumps(manifest, indent=1))
    for name, line in find_spills(manifest):
        print(f"{name}: registers are kept in memory: {line}")
    if args.archive:
        with tarfile.open(args.archive, "w:xz") as archive:
            archive.add(args.folder, "gpu-check")
        check_size(args.archive, args.archive.stat().st_size)
    else:
        files = (f for f in args.folder.rglob("*") if f.is_file())
        check_size(args.folder, sum(f.stat().st_size for f in files))


main()
