"""The table and the JSON of a GPU check."""

import json

TIMES = (
    "Times are of the device: the host has enqueued all calls before the first one "
    "begins. Where it cannot, * says that its time is in them. 'With the host' is "
    "what a call takes in a loop."
)
COLUMNS = (
    "| kernel | shape | time | spread | with the host | Tflop/s | GB/s of copies "
    "| beside |"
)


def describe_shape(shape):
    if not shape:
        return ""
    if isinstance(shape, str):
        return shape
    if isinstance(shape, list):
        return f"{len(shape)} shapes"
    words = ["x".join(str(shape[name]) for name in ("batch", "sequence"))]
    words += [f"{name} {n}" for name, n in shape.items() if "call" in name]
    return ", ".join(words)


def format_time(seconds):
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:.2f} ms"


def format_line(result):
    """One line as things go on."""
    name = f"{result['name']} {describe_shape(result.get('shape'))}".strip()
    state = result["state"]
    if result.get("compiled"):
        name += " (compilers)"
    if "launches" in result:
        detail = f"{result['launches']} launches of a graph"
    elif state in ("passed", "wrong"):
        detail = f"error {result['error']:.1e}, bound {result['tolerance']:.0e}"
    elif state == "timed":
        detail = ", ".join(
            f"{side} {format_time(t) if isinstance(t, float) else t}"
            for side, t in result["times"].items()
        )
        if "lost" in result:
            detail += f"; then {result['lost']}"
    else:
        detail = result.get("why", "")
    return f"{state:9} {name:52} {detail}"


def find_bandwidth(results):
    for result in results:
        if result["kind"] == "copy" and result["state"] == "timed":
            return result["bandwidth"]
    return None


def find_spills(manifest):
    """(case, what ptxas said) of kernels that keep registers in memory."""
    for table in ("cases", "models"):
        for name, entry in manifest[table].items():
            for line in entry["warnings"]:
                if "spill" in line:
                    yield name, line.partition("ptxas for ")[2] or line


def make_checks(results):
    checks = [r for r in results if r["kind"] in ("check", "model", "graph")]
    passed = [r for r in checks if r["state"] == "passed"]
    lines = [f"{len(passed)} of {len(checks)} checks passed.", ""]
    others = [r for r in results if r["state"] in ("failed", "wrong", "left out")]
    if others:
        lines += ["| job | kind | shape | state | why |", "|---|---|---|---|---|"]
        for r in others:
            why = r.get("why", f"error {r.get('error')}")
            why = why.replace("|", "/")
            shape = describe_shape(r.get("shape"))
            lines.append(
                f"| {r['name']} | {r['kind']} | {shape} | {r['state']} | {why} |"
            )
        lines.append("")
    return lines


def describe_side(result, side):
    """Its time, in shares of Ockham's."""
    seconds = result["times"][side]
    if not isinstance(seconds, float):
        return f"{side}: {seconds}"
    times = f"{format_time(seconds)} ({seconds / result['times']['ockham']:.2f}x)"
    return f"{side} {times}{'*' if side in result['host_bound'] else ''}"


def make_times(results):
    bandwidth = find_bandwidth(results)
    timed = [r for r in results if r["kind"] == "bench" and r["state"] == "timed"]
    lines = []
    if bandwidth:
        lines += [f"Copies on the device: {bandwidth / 1e9:.0f} GB/s.", ""]
    if not timed:
        return lines
    lines += [TIMES, "", COLUMNS, "|---" * COLUMNS.count(" | ") + "|---|"]
    notes = []
    for r in timed:
        own = r["times"]["ockham"]
        rate = r["operations"] / own / 1e12
        share = f"{r['bytes'] / own / bandwidth:.0%}" if bandwidth else ""
        sides = [side for side in r["times"] if side != "ockham"]
        mark = "*" if "ockham" in r["host_bound"] else ""
        beside = "; ".join(describe_side(r, side) for side in sides).replace("|", "/")
        hosts = ", ".join(
            f"{side} {format_time(t)}" if side != "ockham" else format_time(t)
            for side, t in r["with_host"].items()
        )
        shape = describe_shape(r["shape"])
        lines.append(
            f"| {r['name']} | {shape} | {format_time(own)}{mark} | {r['spread']:.0%} "
            f"| {hosts} | {rate:.1f} | {share} | {beside} |"
        )
        for key in ("note", "lost"):
            if key in r:
                notes.append(f"- {r['name']}, {shape}: {r[key]}")
    return [*lines, "", *dict.fromkeys(notes)]


def make_table(manifest, results):
    """Markdown: checks that did not pass, then times, then spilled registers."""
    lines = make_checks(results) + make_times(results)
    spills = list(find_spills(manifest))
    if spills:
        lines += [""] * bool(lines[-1]) + ["Registers that are kept in memory:", ""]
        lines += [f"- {name}: {line}" for name, line in spills]
    return "\n".join(lines) + "\n"


def write_reports(args, manifest, results):
    if args.json:
        machine = next((r["machine"] for r in results if "machine" in r), None)
        record = {
            "device": args.device,
            "quick": args.quick,
            "machine": machine,
            "compiled": manifest,
            "results": results,
        }
        args.json.write_text(json.dumps(record, indent=1))
    if args.markdown:
        args.markdown.write_text(make_table(manifest, results))
