#!/usr/bin/env python3
"""Times compiled models against each other, call by call in turns.

    benchmarks/compare_models.py A.so B.so --dim batch=1 --dim sequence=128

Float inputs are from N(0, 1), integers are 1, as in `ockham bench`. Models must
have the same inputs. Prints the median of each, 10% to 90%, and the ratio to the
first. Needs NumPy and the built runtime (OCKHAM_RUNTIME_LIBRARY, or build/).
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import interleaved
import ockham


def make_inputs(entry, dims):
    """An array for each input, with `dims` for named dimensions."""
    generator = np.random.default_rng(1)
    inputs = {}
    for spec in entry.inputs:
        missing = [d for d in spec.shape if isinstance(d, str) and d not in dims]
        if missing:
            sys.exit(f"input '{spec.name}' is {spec}: give --dim {missing[0]}=N")
        shape = [dims.get(d, d) for d in spec.shape]
        if np.issubdtype(spec.dtype, np.floating):
            inputs[spec.name] = generator.standard_normal(shape).astype(spec.dtype)
        else:
            inputs[spec.name] = np.ones(shape, spec.dtype)
    return inputs


def parse_dim(text):
    name, _, extent = text.partition("=")
    if not extent.isdigit():
        raise argparse.ArgumentTypeError(f"expected NAME=N, got {text}")
    return name, int(extent)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", metavar="MODEL.so")
    parser.add_argument("--dim", type=parse_dim, action="append", default=[])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15, help="calls of each [15]")
    args = parser.parse_args()
    dims = dict(args.dim)

    calls = {}
    for path in args.models:
        model = ockham.load(path)
        (entry,) = model.signature.values()
        session = model.session(threads=args.threads)
        inputs = make_inputs(entry, dims)
        calls[Path(path).stem] = lambda s=session, i=inputs: s.run(i)
    interleaved.show_machine(f"NumPy {np.__version__}")
    what = " ".join([*(f"{k}={v}" for k, v in dims.items()), f"threads={args.threads}"])
    interleaved.show(what, interleaved.measure(calls, args.rounds))


if __name__ == "__main__":
    main()
