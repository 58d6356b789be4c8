# Part of the Ockham project, under the Apache License v2.0 with LLVM
# Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The package's exception."""


class OckhamError(RuntimeError):
    """A call into the runtime failed.

    The text says which argument is wrong, what was expected and what was
    given. `status` is the kind of failure: "invalid argument", "not found",
    "out of memory", "unsupported", "bad model" or "internal".
    """

    def __init__(self, message, status):
        super().__init__(message)
        self.status = status
