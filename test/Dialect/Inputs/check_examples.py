"""Parses and verifies every example of the reference pages.

usage: check_examples.py DOCS_FOLDER

A value that an example uses and does not define is made by an op of no known
dialect. Its type is what the parser says that it expects, so the examples are
parsed a few times.
"""

import re
import subprocess
import sys
from pathlib import Path

SEPARATOR = "// -----"
ERROR = re.compile(r"^<stdin>:(\d+):(\d+): error: (.*)", re.MULTILINE)
OTHER_TYPE = re.compile(
    r"use of value '(%\w+)' expects different type than prior uses: '(.*)' vs '(.*)'"
)
UNKNOWN = "none"


class Example:
    def __init__(self, place, text):
        self.place = place
        self.types = {}
        self.error = ""
        # An attribute stands on an op.
        self.text = (
            f'"test.op"() {{value = {text}}} : () -> ()'
            if text.startswith("#")
            else text
        )

    def module(self):
        values = [
            f'{name} = "test.op"() : () -> {type}' for name, type in self.types.items()
        ]
        return "\n".join([*values, self.text])

    def mend(self, line, column, error):
        """Defines the value that `error` misses. False if it says something else."""
        if error == "use of undeclared SSA value name":
            source = self.module().splitlines()[line - 1]
            self.types[re.match(r"%\w+", source[column - 1 :])[0]] = UNKNOWN
            return True
        match = OTHER_TYPE.match(error)
        if match and self.types.get(match[1]) == UNKNOWN:
            self.types[match[1]] = match[2] if match[3] == UNKNOWN else match[3]
            return True
        return False


def read_examples(folder):
    for page in sorted(folder.rglob("*.md")):
        text = page.read_text()
        # Other pages show excerpts.
        if not text.startswith("<!-- Written by the target ockham-docs"):
            continue
        for match in re.finditer(
            r"^```mlir\n(.*?)^```", text, re.MULTILINE | re.DOTALL
        ):
            line = text.count("\n", 0, match.start()) + 2
            yield Example(f"{page.relative_to(folder)}:{line}", match[1].strip())


def parse(examples):
    """Returns those whose values have changed and sets the errors of the others."""
    # The example of each line.
    lines = [None]
    for example in examples:
        first = len(lines)
        lines += [(example, first)] * (example.module().count("\n") + 2)
    result = subprocess.run(
        [
            "ockham-opt",
            "--allow-unregistered-dialect",
            "--split-input-file",
            "-o",
            "/dev/null",
        ],
        input=f"\n{SEPARATOR}\n".join(example.module() for example in examples),
        capture_output=True,
        text=True,
        check=False,
    )
    errors = ERROR.findall(result.stderr)
    if result.returncode and not errors:
        sys.exit(result.stderr)
    seen, pending = set(), []
    for line, column, error in errors:
        example, first = lines[int(line)]
        if example in seen:
            continue
        seen.add(example)
        if example.mend(int(line) - first + 1, int(column), error):
            pending.append(example)
        else:
            example.error = error
    return pending


examples = list(read_examples(Path(sys.argv[1])))
pending = examples
while pending:
    pending = parse(pending)

wrong = [example for example in examples if example.error]
for example in wrong:
    print(f"{example.place}: {example.error}\n{example.text}\n")
print(f"{len(examples)} examples, {len(wrong)} wrong")
sys.exit(1 if wrong or not examples else 0)
