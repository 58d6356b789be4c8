"""Kernels of GPT-2 small's shapes beside the peak measured in the same run.

usage: kernels.py BUILD [--precision f32|bf16] [--threads N] [--seconds S]
                  [--cpu-time] [--cpu NAME] [--shapes KxN ...] [--rows M ...]
                  [--peers FILE.so ...] [--json FILE]

Builds each product with convert-tfm-to-tile, runs it with kernel-bench, and
prints GFLOP/s, the peak of fused multiply-adds (of pairs, where inputs and
results are bf16) measured between its runs, and, for one row, the rate at which
weights are read beside that of plain loads.
--peers are libraries made from peer-*.cpp (scripts/bench.sh --kernels makes
them); they take turns with it, and the ratio is their time over its time.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

SHAPES = [(768, 2304), (768, 768), (768, 3072), (3072, 768), (768, 50257)]


def model(depth, columns, precision):
    """A product with its weight drawn when compiling, so that it is packed."""
    weight = f"tensor<{depth}x{columns}xf32>"
    x = f"tensor<1x?x{depth}x{precision}>"
    y = f"tensor<1x?x{columns}x{precision}>"
    return (
        f"ockham.weight @w : {weight} init "
        "#ockham.normal<mean = 0.0 : f64, std = 1.0 : f64, seed = 7>\n"
        f'func.func @forward(%x: {x} {{ockham.name = "x", ockham.dims = ["", "rows", ""]}})'
        f' -> ({y} {{ockham.name = "y", ockham.dims = ["", "rows", ""]}})'
        ' attributes {ockham.entry = "forward"} {\n'
        f"  %w = ockham.load_weight @w : {weight}\n"
        f"  %y = tfm.linear %x, %w : {x}, {weight} -> {y}\n"
        f"  return %y : {y}\n}}\n"
    )


def shape(text):
    """(depth, columns) of DEPTHxCOLUMNS."""
    depth, x, columns = text.partition("x")
    if not (x and depth.isdecimal() and columns.isdecimal()):
        raise argparse.ArgumentTypeError(f"expected DEPTHxCOLUMNS, got '{text}'")
    return int(depth), int(columns)


def run(*command):
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")
    return result.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--cpu-time", action="store_true")
    parser.add_argument("--cpu", default="native")
    parser.add_argument(
        "--shapes", type=shape, nargs="+", default=SHAPES, metavar="DEPTHxCOLUMNS"
    )
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[1, 8, 64, 65, 100, 127, 512]
    )
    parser.add_argument("--peers", type=Path, nargs="+", default=[])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    binaries = arguments.build / "bin"
    bench = arguments.build / "benchmarks" / "kernel-bench"
    flags = ["--cpu-time"] if arguments.cpu_time else []
    for peer in arguments.peers:
        name = peer.stem.removeprefix("peer-")
        flags += ["--peer", f"{name}={peer.resolve()}"]
    rows = []
    width = 4 if arguments.precision == "f32" else 2
    with tempfile.TemporaryDirectory() as folder:
        for depth, columns in arguments.shapes:
            source = Path(folder) / "product.mlir"
            library = Path(folder) / f"product_{depth}x{columns}.so"
            source.write_text(model(depth, columns, arguments.precision))
            run(
                str(binaries / "ockham"), "compile", str(source), "-o", str(library),
                "--cpu", arguments.cpu,
                "--precision", arguments.precision,
            )  # fmt: skip
            for m in arguments.rows:
                read = width * depth * columns if m == 1 else 0
                text = run(
                    str(bench), *flags, str(library), str(arguments.threads),
                    str(arguments.seconds), str(2 * m * depth * columns), str(read),
                    f"rows={m}",
                )  # fmt: skip
                row = {
                    "depth": depth,
                    "columns": columns,
                    "rows": m,
                    **json.loads(text),
                }
                rows.append(row)
                line = "".join(
                    f"{peer['ratio']:5.2f}x {name} ({peer['gflops']:.0f}), "
                    for name, peer in row["peers"].items()
                )
                line += (
                    f"{m:5d} x {depth:5d} x {columns:5d}: {row['gflops']:7.1f} GFLOP/s, "
                    f"{row['of_peak']:6.1%} of {row['peak_gflops']:.1f}"
                )
                if read:
                    line += (
                        f"; {row['gbytes']:.1f} GB/s, "
                        f"{row['of_bandwidth']:.1%} of {row['read_gbytes']:.1f}"
                    )
                print(line, flush=True)
    for name, peer in rows[-1]["peers"].items() if rows else ():
        print(f"{name}: {peer['version']}; {arguments.threads} threads")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
