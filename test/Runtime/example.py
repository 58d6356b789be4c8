# Part of the Ockham project, under the Apache License v2.0 with LLVM
# Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""example.py MODEL.so: runs one batch of two sequences and prints, for each,
the token that the model finds likeliest to come next."""

import sys

import numpy as np
import ockham

model = ockham.load(sys.argv[1])
print(model)

# The model's caches are sized when a session is created.
session = model.session(dims={"batch": 2, "cache_length": 32})

tokens = np.array([[1, 2, 3], [4, 5, 6]])
logits = session.run({"input_ids": tokens})["logits"]
for b, best in enumerate(logits[:, -1].argmax(axis=-1)):
    print(f"sequence {b}: next token {best}")
