# Part of the Ockham project, under the Apache License v2.0 with LLVM
# Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_docs.py docs/runtime.md: whether the programs in the page are parts of
the files that it names above them."""

import re
import sys
from pathlib import Path

page = Path(sys.argv[1])
pattern = re.compile(r"\]\((\.\./[^)]*)\)[^\n]*:\n```\w+\n(.*?)```", re.DOTALL)
examples = pattern.findall(page.read_text())
stale = [
    path for path, text in examples if text not in (page.parent / path).read_text()
]
for path in stale:
    print(f"{page}: its example is not a part of {path}")
print(f"{len(examples)} examples checked")
sys.exit(bool(stale) or len(examples) != 2)
