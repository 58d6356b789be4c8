"""The list of cases that are known not to pass, expected-failures.toml."""

import fnmatch
import re
from dataclasses import dataclass

import tomllib
from node_tests import CASE_COUNTS
from runner import FORMS, MEANS

_KEYS = {
    "reason",
    "operators",
    "types",
    "cases",
    "tests",
    "runs",
    "outcome",
    "message",
}


@dataclass(frozen=True)
class Group:
    """Cases that fail for one reason; see the head of the file."""

    reason: str
    operators: frozenset = frozenset()
    types: frozenset = frozenset()
    cases: tuple = ()
    runs: frozenset = frozenset()
    outcome: str = "refused"
    message: str = ""

    def covers(self, case, form, means):
        if form not in self.runs or means not in self.runs:
            return False
        return (
            not self.operators.isdisjoint(case.operators)
            or not self.types.isdisjoint(case.types)
            or any(fnmatch.fnmatch(case.name, pattern) for pattern in self.cases)
        )

    def explains(self, case, result):
        """Whether a failure is the one that is meant. A crash never is."""
        if result.status != self.outcome:
            return False
        named = self.operators & case.operators
        if named and not any(
            re.search(rf"not supported: (.*; )?{re.escape(name)} \(", message)
            for name in map(_unqualified, named)
            for message in [result.message]
        ):
            return False
        return re.search(self.message, result.message) is not None


def _unqualified(operator):
    """Messages name the domain after the operator."""
    return operator.rpartition(".")[2]


def make_group(table):
    unknown = set(table) - _KEYS
    if unknown:
        raise ValueError(f"unknown key '{unknown.pop()}' in {table}")
    if not table.get("reason") or not table.keys() & {"operators", "types", "cases"}:
        raise ValueError(f"a group has no reason or no cases: {table}")
    if "operators" not in table and not table.get("message"):
        raise ValueError(f"a group has no message: {table}")
    if table.get("outcome", "refused") not in ("refused", "wrong"):
        raise ValueError(f"outcome is '{table['outcome']}', expected refused or wrong")
    runs = frozenset(table.get("runs", [])) or frozenset(FORMS + MEANS)
    if not runs <= {*FORMS, *MEANS}:
        raise ValueError(f"runs are {sorted(runs)}, expected of {FORMS + MEANS}")
    # One of "as is" and "constants" alone means both ways to execute it.
    for every in (FORMS, MEANS):
        if runs.isdisjoint(every):
            runs |= set(every)
    return Group(
        reason=" ".join(table["reason"].split()),
        operators=frozenset(table.get("operators", [])),
        types=frozenset(table.get("types", [])),
        cases=tuple(table.get("cases", [])),
        runs=runs,
        outcome=table.get("outcome", "refused"),
        message=table.get("message", ""),
    )


def read_groups(path, version):
    """The groups that are about a version of onnx's tests."""
    with open(path, "rb") as file:
        tables = tomllib.load(file)["group"]
    for table in tables:
        if table.get("tests", version) not in CASE_COUNTS:
            raise ValueError(f"tests is '{table['tests']}'")
    return [
        make_group(table) for table in tables if table.get("tests", version) == version
    ]


def compare(groups, cases, results, whole):
    """What is not as listed, one line each, and the groups' cases that fail as
    they say. `whole`: all cases of the version that the list is for were run,
    so that groups without any are out of date."""
    problems = []
    members = {group: [] for group in groups}
    for case in cases:
        for form in FORMS:
            for means in MEANS:
                result = results[case.name, form, means]
                covering = [g for g in groups if g.covers(case, form, means)]
                explaining = [g for g in covering if g.explains(case, result)]
                where = f"{case.name} ({form}, {means})"
                if result.passed and covering:
                    problems.append(
                        f"{where} passes, but is listed: {covering[0].reason}"
                    )
                elif result.passed:
                    pass
                elif not covering:
                    problems.append(f"{where} is not listed; {result}")
                elif not explaining:
                    problems.append(
                        f"{where} does not fail as listed "
                        f"({covering[0].reason}); {result}"
                    )
                for group in explaining[:1]:
                    if case not in members[group]:
                        members[group].append(case)
    if whole:
        for group in groups:
            covered = any(
                group.covers(case, form, means)
                for case in cases
                for form in FORMS
                for means in MEANS
            )
            if not covered:
                problems.append(f"no case is meant by the entry: {group.reason}")
            for pattern in group.cases:
                if not any(fnmatch.fnmatch(case.name, pattern) for case in cases):
                    problems.append(f"no case is called {pattern}: {group.reason}")
            for operator in sorted(group.operators):
                if not any(operator in case.operators for case in cases):
                    problems.append(f"no case has a {operator}: {group.reason}")
    return problems, members
