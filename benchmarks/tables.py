#!/usr/bin/env python3
"""Print what compare.py measured as tables (Markdown), and draw it.

    tables.py RESULTS.json [--plot FILE.png] [--threads N] [--settings]

First of all the ratio: how many times as long as Ockham the fastest peer takes
(above 1, Ockham is faster), with its spread from turn to turn. Peers stand with
their time. Then what simplified blocks are worth beside Ockham's own Pre-LN, with
the ratio that counting operations and bytes predicts (prediction.py), and memory.
"""

import argparse
import json
import statistics
from pathlib import Path

from prediction import Counts, Machine

LABELS = {
    "preln": "Pre-LN",
    "noln": "noLN",
    "parallel": "parallel",
    "sas": "SAS",
    "sasp": "SAS-P",
    "bert": "MiniLM",
}
# One side at different settings is one peer: its best counts.
FAMILIES = {
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
    "iree": "IREE",
}
COLORS = {
    "ockham": "#1b5e9e",
    "onnxruntime": "#d98a1f",
    "openvino": "#5f9e4a",
    "iree": "#9a9a9a",
}


def family(side):
    return side.split("-")[0]


def best_peers(entry):
    """{family: (name, side)}: of each peer its fastest settings."""
    best = {}
    for name, side in entry["sides"].items():
        kind = family(name)
        if kind != "ockham" and (
            kind not in best or side["seconds"] < best[kind][1]["seconds"]
        ):
            best[kind] = (name, side)
    return best


def milliseconds(seconds):
    value = seconds * 1e3
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def row(cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def header(cells):
    return row(cells) + "\n" + "|" + "---|" * len(cells)


def sort_key(item):
    case = item["case"]
    order = list(LABELS)
    return (
        case["precision"],
        case["threads"],
        case["batch"],
        order.index(case["model"]),
        case["sequence"],
    )


def missing(entry, kind):
    """What stands for a peer without a time: it failed, or was not asked for."""
    failed = any(family(name) == kind for name in entry.get("failed", ()))
    return "fails" if failed else ""


def speed_tables(entries):
    """A table for each precision, number of threads and batch."""
    groups = {}
    for entry in sorted(entries, key=sort_key):
        case = entry["case"]
        clock = ", processor time" if entry["cpu_time"] else ""
        key = case["precision"], case["threads"], case["batch"], clock
        groups.setdefault(key, []).append(entry)
    for (precision, threads, batch, clock), group in groups.items():
        kinds = [k for k in FAMILIES if any(k in best_peers(e) for e in group)]
        print(
            f"\n{precision}, {threads} thread{'s' * (threads > 1)}, batch {batch}{clock};"
            " times in ms, GFLOP/s of Ockham and of the peak measured beside it\n"
        )
        print(
            header(
                ["ratio", "10..90%", "model", "sequence", "Ockham"]
                + [FAMILIES[k] for k in kinds]
                + ["GFLOP/s", "of peak"]
                + ["errors"] * (precision != "f32")
            )
        )
        for entry in group:
            best = best_peers(entry)
            ours = entry["sides"]["ockham"]
            first = min(best.values(), key=lambda b: b[1]["seconds"], default=None)
            gflops = entry["flops"] / ours["seconds"] / 1e9
            peak = entry.get("peak", {}).get("flops", 0) / 1e9
            cells = ["", ""]
            if first:
                low, high = first[1]["ratio_10_90"]
                cells = [f"**{first[1]['ratio']:.2f}**", f"{low:.2f}..{high:.2f}"]
            cells += [LABELS[entry["case"]["model"]], entry["case"]["sequence"]]
            cells.append(milliseconds(ours["seconds"]))
            cells += [
                milliseconds(best[k][1]["seconds"]) if k in best else missing(entry, k)
                for k in kinds
            ]
            cells += [f"{gflops:.0f}", f"{gflops / peak:.0%}" if peak else ""]
            if precision != "f32":
                found = [ours] + [best[k][1] for k in kinds if k in best]
                cells.append(
                    ", ".join(
                        f"{side['error']:.1%}" if "error" in side else "?"
                        for side in found
                    )
                )
            print(row(cells))
        if precision != "f32":
            print(
                "\nErrors: root of the mean of squared differences from an output in"
                " f32, in its standard deviations; of Ockham, then of the others."
            )


def read_counts(entry):
    counts = dict(entry["counts"])
    counts["linears"] = tuple(map(tuple, counts["linears"]))
    return Counts(**counts)


def find_machines(entries):
    """{threads: Machine}: medians of what was measured between all runs.

    Peaks differ a little from one entry to the next; a ratio of predictions must
    not contain that.
    """
    peaks = {}
    for entry in entries:
        if "peak" in entry:
            peaks.setdefault(entry["case"]["threads"], []).append(entry["peak"])
    return {
        threads: Machine(
            statistics.median(peak["flops"] for peak in found),
            statistics.median(peak["bandwidth"] for peak in found),
        )
        for threads, found in sorted(peaks.items())
    }


def simplification_table(entries):
    """Pre-LN's time over each model's, measured and predicted, and the peers'."""
    machines = find_machines(entries)
    by_shape = {}
    for entry in entries:
        case = entry["case"]
        clock = entry["cpu_time"]
        shape = (
            case["precision"], case["threads"], case["batch"], case["sequence"], clock
        )  # fmt: skip
        by_shape.setdefault(shape, {})[case["model"]] = entry
    rows = []
    for (precision, threads, batch, sequence, _), found in sorted(by_shape.items()):
        base = found.get("preln")
        # What the machine can do was measured in float32.
        if not base or threads not in machines or precision != "f32":
            continue
        for model, label in LABELS.items():
            if model in ("preln", "bert") or model not in found:
                continue
            entry = found[model]
            measured = (
                base["sides"]["ockham"]["seconds"] / entry["sides"]["ockham"]["seconds"]
            )
            counts = [read_counts(e) for e in (base, entry)]
            machine = machines[threads]
            predicted = [
                seconds(counts[0], machine) / seconds(counts[1], machine)
                for seconds in (Counts.products, Counts.everything)
            ]
            peers = []
            for kind, (_, side) in best_peers(entry).items():
                other = best_peers(base).get(kind)
                if other:
                    ratio = other[1]["seconds"] / side["seconds"]
                    peers.append(f"{FAMILIES[kind]} {ratio:.2f}")
            rows.append(
                [
                    f"**{measured:.2f}**",
                    f"{predicted[0]:.3f}",
                    f"{predicted[1]:.3f}",
                    f"{measured / predicted[0]:.2f}",
                    label,
                    f"{batch} x {sequence}",
                    threads,
                    ", ".join(peers),
                ]
            )
    if not rows:
        return
    print("\nPre-LN's time over the model's own, by each side\n")
    print(
        header(
            ["measured", "predicted: products", "all, unfused", "of the first",
             "model", "shape", "threads", "peers' own ratios"]
        )
    )  # fmt: skip
    for cells in rows:
        print(row(cells))


def memory_table(entries):
    print("\nPeak memory of the process in MB, loading included\n")
    kinds = [k for k in FAMILIES if any(k in best_peers(e) for e in entries)]
    print(
        header(["model", "shape", "threads", "Ockham"] + [FAMILIES[k] for k in kinds])
    )
    for entry in sorted(entries, key=sort_key):
        case, best = entry["case"], best_peers(entry)
        measured = {"ockham": entry["sides"]["ockham"]}
        measured |= {k: best[k][1] for k in kinds if k in best}
        cells = {
            k: f"{side['memory']['peak'] / 1e6:.0f}" for k, side in measured.items()
        }
        print(
            row(
                [LABELS[case["model"]], f"{case['batch']} x {case['sequence']}",
                 case["threads"], cells["ockham"]]
                + [cells.get(k, missing(entry, k)) for k in kinds]
            )
        )  # fmt: skip


def settings_list(results):
    """Machine, versions and settings; of settings those of the last entry."""
    machine = results["machine"]
    print(
        f"\n{machine['cpu']}, {machine['cores']} cores,"
        f" {'/'.join(machine['instructions'])}, Linux {machine['kernel']},"
        f" {machine['date']}"
    )
    for threads, found in find_machines(results["results"].values()).items():
        print(
            f"measured between the runs, {threads} threads:"
            f" {found.flops / 1e9:.0f} GFLOP/s of multiply-adds,"
            f" {found.bandwidth / 1e9:.1f} GB/s of loads (medians)"
        )
    print()
    about = {}
    for entry in results["results"].values():
        for name, side in entry["sides"].items():
            about[name] = side
    for name, side in about.items():
        settings = ", ".join(f"{k} {v}" for k, v in side["settings"].items())
        print(f"- {name} {side['version']}: {settings}")


def draw(entries, path, threads, precision):
    """How near each side comes to the time of the products alone, by model."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    chosen = [
        e
        for e in entries
        if e["case"]["threads"] == threads
        and e["case"]["precision"] == precision
        and e["case"]["batch"] == 1
        and "peak" in e
    ]
    names = [m for m in LABELS if any(e["case"]["model"] == m for e in chosen)]
    if not names:
        raise SystemExit(
            f"tables.py: error: nothing to draw: no results with batch 1, {threads}"
            f" threads, {precision}"
        )
    figure, axes = plt.subplots(
        1, len(names), figsize=(1.2 + 2.9 * len(names), 3.6), sharey=True, squeeze=False
    )
    for axis, model in zip(axes[0], names):
        found = sorted(
            (e for e in chosen if e["case"]["model"] == model),
            key=lambda e: e["case"]["sequence"],
        )
        kinds = ["ockham"] + [
            k for k in FAMILIES if any(k in best_peers(e) for e in found)
        ]
        width = 0.8 / len(kinds)
        for i, entry in enumerate(found):
            best = best_peers(entry)
            best["ockham"] = ("ockham", entry["sides"]["ockham"])
            limit = 100 * read_counts(entry).products(Machine(**entry["peak"]))
            for j, kind in enumerate(kinds):
                if kind not in best:
                    continue
                side = best[kind][1]
                low, high = (limit / s for s in side["seconds_10_90"])
                value = limit / side["seconds"]
                x = i + (j - (len(kinds) - 1) / 2) * width
                axis.bar(x, value, 0.92 * width, color=COLORS[kind])
                axis.plot([x, x], [low, high], color="#333333", linewidth=1)
        axis.axhline(100, color="#b03030", linewidth=1.2)
        axis.set_title(LABELS[model])
        axis.set_xticks(range(len(found)), [e["case"]["sequence"] for e in found])
        axis.set_xlabel("sequence")
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    axes[0][0].set_ylabel("% of the limit")
    labels = {"ockham": "Ockham", **FAMILIES}
    used = [k for k in labels if any(k in map(family, e["sides"]) for e in chosen)]
    handles = [plt.Rectangle((0, 0), 1, 1, color=COLORS[k]) for k in used]
    handles.append(plt.Line2D([], [], color="#b03030"))
    figure.legend(
        handles, [labels[k] for k in used] + ["products at the peak measured beside them"],
        loc="upper center", ncols=len(handles), frameon=False,
    )  # fmt: skip
    figure.text(
        0.995, 0.01, f"{precision}, {threads} threads, batch 1; higher is better",
        ha="right", fontsize=8, color="#555555",
    )  # fmt: skip
    figure.tight_layout(rect=(0, 0.02, 1, 0.92))
    figure.savefig(path, dpi=130)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, metavar="RESULTS.json")
    parser.add_argument("--plot", type=Path, metavar="FILE")
    parser.add_argument("--threads", type=int, default=2, help="of the plot [2]")
    parser.add_argument("--precision", default="f32", help="of the plot [f32]")
    args = parser.parse_args()
    results = json.loads(args.results.read_text())
    entries = list(results["results"].values())
    if not entries:
        raise SystemExit(f"tables.py: error: {args.results} has no results")
    settings_list(results)
    speed_tables(entries)
    simplification_table(entries)
    memory_table(entries)
    if args.plot:
        draw(entries, args.plot, args.threads, args.precision)


if __name__ == "__main__":
    main()
