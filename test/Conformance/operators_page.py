"""Writes docs/operators.md from the outcome of a run."""

import subprocess

import operator_sets
from runner import FORMS, MEANS

_HEAD = """\
<!-- Written by test/Conformance/conformance.py --update; not to be edited. -->

# ONNX operators

Which operators the importer knows, and how many of onnx's node tests pass. The
list of operators alone, for the version at hand: `ockham-translate
--list-onnx-operators`.

The node tests are those of the pip package onnx 1.22: small models of one
operator, or of the function body that ONNX defines for it, with inputs and
expected outputs. Each is run in four ways: as it is and with its parameters as
constants (all inputs but the data: axes, shapes, weights, as real models have
them), and each of these both compiled, loaded and run, and interpreted. It
passes when all outputs have the expected element types, shapes and values
(differences of at most 1e-7 plus 1e-3 of the value, as in onnx's own runner, for
all floating-point types; none for others).

This page is written by

    scripts/install-dependencies.sh --tests
    scripts/build.sh
    python3 test/Conformance/conformance.py build --update

and the test `conformance` sees that it is current, that what does not pass is
listed in test/Conformance/expected-failures.toml with the right message, and
that nothing is listed that passes.
"""

_MUST = """\
*Must* are the cases all of whose nodes are among what exported transformers
consist of, with tensors of float32, bool and integers of 8 to 64 bits:
"""

_CORE = """\
*Core* are those that may also have newer operators, and what ONNX's function
bodies of all these are written with:
"""


def _read_operators(translate):
    """{operator: opsets} as the importer has it."""
    text = subprocess.run(
        [translate, "--list-onnx-operators"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    operators = {}
    for line in text.splitlines():
        domain, name, opsets = line.split(" ", 2)
        prefix = "" if domain == "ai.onnx" else domain + "."
        operators[prefix + name] = opsets
    return operators


def _table(head, rows):
    """A Markdown table; all columns but the first are numbers."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def passes(case, results):
    return all(
        results[case.name, form, means].passed for form in FORMS for means in MEANS
    )


def _count(cases, results, form, means):
    return sum(results[case.name, form, means].passed for case in cases)


_COUNT_HEADS = ["Tests"] + [f"{means}, {form}" for means in MEANS for form in FORMS]


def _counts(cases, results):
    return [len(cases)] + [
        _count(cases, results, form, means) for means in MEANS for form in FORMS
    ]


def _wrap(words, indent=""):
    lines = [indent]
    for word in words:
        if len(lines[-1]) + len(word) >= 80:
            lines.append(indent)
        lines[-1] += (" " if lines[-1].strip() else "") + word
    return "\n".join(lines) + "\n"


def _sort_key(operator):
    return ("." in operator, operator.lower())


def _totals(cases, results):
    rows = []
    for name, (member, _) in operator_sets.SETS.items():
        members = [case for case in cases if member(case)]
        whole = sum(passes(case, results) for case in members)
        rows.append([name, *_counts(members, results), whole])
    return _table(["Set", *_COUNT_HEADS, "all four"], rows)


def _operator_rows(operators, cases, results):
    subjects = {}
    for case in cases:
        subjects.setdefault(case.subject, []).append(case)
    for operator in sorted(operators, key=_sort_key):
        members = subjects.get(operator, [])
        counts = _counts(members, results) if members else ["-"] * len(_COUNT_HEADS)
        yield [operator, operators[operator], *counts]


def write_page(cases, results, members, translate):
    """The page as text; `members` are the cases of each group of failures."""
    operators = _read_operators(translate)
    others = {case.subject: "-" for case in cases if case.subject not in operators}
    parts = [_HEAD, "\n## Totals\n\n", _totals(cases, results), "\n"]
    core = operator_sets.CORE_OPERATORS - operator_sets.MUST_OPERATORS
    for text, names in ((_MUST, operator_sets.MUST_OPERATORS), (_CORE, core)):
        parts += [text, "\n", _wrap(sorted(names), "    "), "\n"]
    recent = ", ".join(sorted(operator_sets.RECENT_OPERATORS))
    sentence = (
        f"*Recent* are {recent}, with their function bodies. The test fails when "
        f"more than {operator_sets.MOST_FAILURES} of *core*, or of *must*, do not "
        f"pass in all four ways, or less than {operator_sets.RECENT_SHARE:.0%} of "
        "*recent* do."
    )
    parts.append(_wrap(sentence.split()))
    parts += [
        "\n## Operators that are imported\n\n",
        "An opset is one from which a form of the operator holds, until the next\n",
        "one. Tests of function bodies count for the operator that they define. Of\n",
        "com.microsoft, ONNX Runtime's operators, onnx has no tests.\n\n",
        _table(
            ["Operator", "Opsets", *_COUNT_HEADS],
            _operator_rows(operators, cases, results),
        ),
        "\n## Operators that are not\n\n",
        "Where tests of these pass, it is as function bodies, which newer exporters\n",
        "write into the model.\n\n",
        _table(
            ["Operator", "Opsets", *_COUNT_HEADS],
            _operator_rows(others, cases, results),
        ),
    ]
    parts += ["\n## What does not pass, and why\n\n"]
    for group, group_cases in sorted(members.items(), key=lambda item: -len(item[1])):
        names = ", ".join(sorted({case.subject for case in group_cases}, key=_sort_key))
        parts.append(f"- **{len(group_cases)} tests**: {group.reason}. ({names})\n")
    return "".join(parts)
