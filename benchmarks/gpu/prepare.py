"""The first half of scripts/gpu-check.sh: compiles, where LLVM is.

usage: prepare.py OCKHAM RUNTIME FOLDER [--arch sm_80,sm_90] [--quick]

FOLDER then has all that the second half needs: libraries of the cases, without
weights, the runtime and its Python package, and the scripts. What did not
compile is noted in manifest.json and fails there, as one line of the table.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from cases import QUICK, make_cases

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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ockham")
    parser.add_argument("runtime", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--arch", default="sm_80,sm_90")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for name in ("cases.py", "run.py", "peers.py", "report.py"):
        shutil.copy(HERE / name, args.folder)
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
    size = sum(f.stat().st_size for f in args.folder.rglob("*") if f.is_file())
    print(f"{args.folder}: {size / 1e6:.1f} MB")
    if size > MOST_BYTES:
        sys.exit(f"{args.folder}: {size} bytes, expected at most {MOST_BYTES}")


main()
