"""Prints a report's JSON in lines that FileCheck can read, one part of
it, or the formulas of its costs ("cost")."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)

if sys.argv[2:] == ["cost"]:
    cost = report["structure"]["before"]["cost"]
    keys = ("linear_flops", "attention_flops", "pointwise_flops", "activation_bytes")
    print("; ".join(cost[key]["formula"] for key in keys))
    sys.exit()
if len(sys.argv) > 2:
    part = report
    for key in sys.argv[2].split("."):
        part = part[key]
    print(json.dumps(part, indent=1, sort_keys=True))
    sys.exit()


def ops(graph):
    """The ops of a graph in their order."""
    return " ".join(node["op"] for node in graph["nodes"])


def show(title, part):
    """Parameters, formulas and blocks of one half of the structure."""
    cost = part["cost"]
    print(f"{title}: {part['parameters']} parameters, {part['parameter_bytes']} bytes")
    print("linear", cost["linear_flops"]["formula"])
    print("attention", cost["attention_flops"]["formula"])
    for block in part["blocks"]:
        print(
            f"blocks {block['first']}-{block['last']} {block['kind']}:",
            ops(block["graph"]),
        )
    print("model:", ops(part["model"]))


print("version", report["version"])
print("dims", *(f"{name}={value}" for name, value in sorted(report["dims"].items())))
show("before", report["structure"]["before"])
if report["structure"]["before"] != report["structure"]["after"]:
    show("after", report["structure"]["after"])
print("names:", *report["names"]["blocks"])
