"""Runs onnx's node tests and compares with what is expected of them.

    conformance.py BUILD_FOLDER [options]

Every case is compiled and interpreted, as it is and with its parameters as
constants. The test fails when
  - a case fails that expected-failures.toml does not list, or with a message
    that it does not list,
  - a case passes that it lists,
  - fewer cases pass than operator_sets.py wants,
  - docs/operators.md is not what the run shows.
"""

import argparse
import difflib
import os
import re
import sys
import time

import expected_failures
import node_tests
import operator_sets
import operators_page
from runner import FORMS, MEANS, run_all

ROOT = os.path.normpath(os.path.join(os.path.dirname(__file__), "..", ".."))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", help="the build folder, e.g. build")
    parser.add_argument(
        "--tests",
        choices=sorted(node_tests.CASE_COUNTS),
        help="the version of onnx whose tests are run; the newest that is there",
    )
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", help="only cases whose name contains this")
    parser.add_argument("--report", help="write what fails to this file")
    parser.add_argument("--update", action="store_true", help="write docs/operators.md")
    return parser.parse_args()


def describe(case, results):
    """How a case fails: its results, those that are equal said once."""
    runs = {}
    for form in FORMS:
        for means in MEANS:
            result = results[case.name, form, means]
            runs.setdefault(str(result), []).append(f"{means} {form}")
    if len(runs) == 1:
        return next(iter(runs))
    runs.pop("passed", None)
    return "; ".join(f"{', '.join(where)}: {text}" for text, where in runs.items())


def write_report(path, cases, results):
    """For those who want to make more pass: all failures, equal ones together."""
    failed = [case for case in cases if not operators_page.passes(case, results)]
    with open(path, "w", encoding="utf-8") as file:
        for name, (member, _) in operator_sets.SETS.items():
            members = [case for case in cases if member(case)]
            count = len(members) - sum(map(member, failed))
            print(f"{name}: {count} of {len(members)} passed", file=file)
        for name, (member, _) in operator_sets.SETS.items():
            print(f"\n== {name}: not passed", file=file)
            alike = {}
            for case in [case for case in failed if member(case)]:
                failed.remove(case)
                text = describe(case, results)
                key = re.sub(r"'[^']*'|#?\d+|\[.*?\]", "_", text)
                alike.setdefault(key, []).append((case.name, text))
            for members in sorted(alike.values(), key=len, reverse=True):
                print(f"{len(members)} x {members[0][1]}", file=file)
                print(f"    {' '.join(name for name, _ in members)}", file=file)


def check_count(name, cases, results, least):
    """What is wrong with the number of cases that pass, or nothing."""
    count = sum(operators_page.passes(case, results) for case in cases)
    print(f"{name}: {count} of {len(cases)} cases pass in all ways")
    if count >= least(len(cases)):
        return []
    return [f"{name}: {count} cases pass, expected {least(len(cases))}"]


def check_page(page, update):
    """Writes the page, or says how it differs from the committed one."""
    path = os.path.join(ROOT, "docs", "operators.md")
    if update:
        with open(path, "w", encoding="utf-8") as file:
            file.write(page)
        return []
    committed = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            committed = file.read()
    if committed == page:
        return []
    difference = difflib.unified_diff(
        committed.splitlines(),
        page.splitlines(),
        "docs/operators.md",
        "this run",
        n=0,
        lineterm="",
    )
    return [
        "docs/operators.md is not current: run conformance.py with --update and "
        "commit it\n" + "\n".join(difference)
    ]


def main():
    options = parse_arguments()
    version, folder = node_tests.find_data(ROOT, options.tests)
    print(f"onnx {version}'s node tests in {folder}")
    cases = list(node_tests.read_cases(folder).values())
    problems = []
    if len(cases) != node_tests.CASE_COUNTS[version]:
        problems.append(
            f"{folder} has {len(cases)} cases, expected "
            f"{node_tests.CASE_COUNTS[version]}; remove it, and {node_tests.INSTALL}"
        )
    if options.only:
        cases = [case for case in cases if options.only in case.name]
        if not cases:
            problems.append(f"no case has '{options.only}' in its name")
    whole = version == "1.22" and not options.only

    start = time.monotonic()
    results = run_all(
        os.path.join(options.build, "bin", "conformance-runner"),
        os.path.join(options.build, "test", "Conformance", "work"),
        cases,
        options.jobs,
    )
    print(f"{len(cases)} cases in {time.monotonic() - start:.0f} s")
    if options.report:
        write_report(options.report, cases, results)

    groups = expected_failures.read_groups(
        os.path.join(os.path.dirname(__file__), "expected-failures.toml"),
        version,
    )
    failures, members = expected_failures.compare(groups, cases, results, whole)
    problems += failures
    if options.only:
        for case in cases:
            print(f"{case.name}: {describe(case, results)}")
    else:
        for name, (member, least) in operator_sets.SETS.items():
            chosen = [case for case in cases if member(case)]
            problems += check_count(name, chosen, results, least)
    if whole:
        translate = os.path.join(options.build, "bin", "ockham-translate")
        page = operators_page.write_page(cases, results, members, translate)
        problems += check_page(page, options.update)
    else:
        print(
            "docs/operators.md and entries without a case are not checked: "
            "they are for all cases of onnx 1.22"
        )
    for problem in problems:
        print(f"FAIL {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
