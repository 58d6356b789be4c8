"""The table and the JSON of a GPU check."""

import json


def describe_shape(shape):
    if not shape:
        return ""
    if isinstance(shape, str):
        return shape
    if isinstance(shape, list):
        return f"{len(shape)} shapes"
    return "x".join(str(extent) for extent in shape.values())


def format_time(seconds):
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:.2f} ms"


def format_line(result):
    """One line as things go on."""
    name = f"{result['name']} {describe_shape(result.get('shape'))}".strip()
    state = result["state"]
    if state in ("passed", "wrong"):
        detail = f"error {result['error']:.1e}, bound {result['tolerance']:.0e}"
    elif state == "timed":
        detail = ", ".join(
            f"{side} {format_time(seconds)}" if isinstance(seconds, float) else side
            for side, seconds in result["times"].items()
        )
    else:
        detail = result.get("why", "")
    return f"{state:9} {name:52} {detail}"


def find_bandwidth(results):
    for result in results:
        if result["kind"] == "copy" and result["state"] == "timed":
            return result["bandwidth"]
    return None


def make_table(results):
    """Markdown: checks that did not pass, then times."""
    bandwidth = find_bandwidth(results)
    checks = [r for r in results if r["kind"] in ("check", "model")]
    lines = []
    passed = [r for r in checks if r["state"] == "passed"]
    lines.append(f"{len(passed)} of {len(checks)} checks passed.")
    lines.append("")
    others = [r for r in results if r["state"] in ("failed", "wrong", "left out")]
    if others:
        lines += ["| job | shape | state | why |", "|---|---|---|---|"]
        for r in others:
            why = r.get("why", f"error {r.get('error')}")
            why = why.replace("|", "/")
            shape = describe_shape(r.get("shape"))
            lines.append(f"| {r['name']} | {shape} | {r['state']} | {why} |")
        lines.append("")
    timed = [r for r in results if r["kind"] == "bench" and r["state"] == "timed"]
    if bandwidth:
        lines += [f"Copies on the device: {bandwidth / 1e9:.0f} GB/s.", ""]
    if timed:
        lines += [
            "| kernel | shape | time | spread | Tflop/s | GB/s of copies | beside |",
            "|---|---|---|---|---|---|---|",
        ]
    for r in timed:
        own = r["times"]["ockham"]
        rate = r["operations"] / own / 1e12
        share = f"{r['bytes'] / own / bandwidth:.0%}" if bandwidth else ""
        beside = "; ".join(
            f"{side} {format_time(t)} ({t / own:.2f}x)"
            if isinstance(t, float)
            else f"{side}: {t}"
            for side, t in r["times"].items()
            if side != "ockham"
        )
        lines.append(
            f"| {r['name']} | {describe_shape(r['shape'])} | {format_time(own)} "
            f"| {r['spread']:.0%} | {rate:.1f} | {share} | {beside} |"
        )
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
        args.markdown.write_text(make_table(results))
