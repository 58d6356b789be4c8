# Part of the Ockham project, under the Apache License v2.0 with LLVM
# Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs models that Ockham has compiled, on NumPy arrays.

    import ockham

    model = ockham.load("model.so")
    print(model)
    session = model.session(threads=4)
    logits = session.run({"input_ids": tokens})["logits"]

The package is a thin layer over the runtime's C API (libockham-runtime.so),
which it looks for at the path in the environment's OCKHAM_RUNTIME_LIBRARY,
then beside the package and in the build folder of its repository, then where
the system looks for libraries.
"""

from ockham._arrays import DeviceArray
from ockham._errors import OckhamError
from ockham._model import Entry, Model, TensorSpec, Weight, load
from ockham._session import Launch, Memory, Session

__all__ = [
    "DeviceArray",
    "Entry",
    "Launch",
    "Memory",
    "Model",
    "OckhamError",
    "Session",
    "TensorSpec",
    "Weight",
    "load",
]
