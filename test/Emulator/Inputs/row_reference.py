"""row_reference.py FOLDER: four rows of 64, and what rows.mlir makes of them."""

import sys

import numpy as np

folder = sys.argv[1]
x = np.random.default_rng(0).standard_normal((4, 64)).astype(np.float32)
np.save(f"{folder}/x.npy", x)
wide = x.astype(np.float64)
weights = np.exp(wide - wide.max(1, keepdims=True))
softmax = weights / weights.sum(1, keepdims=True)
np.save(f"{folder}/softmax.npy", softmax.astype(np.float32))
centred = wide - wide.mean(1, keepdims=True)
norm = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
np.save(f"{folder}/norm.npy", norm.astype(np.float32))
np.save(f"{folder}/columns.npy", wide.sum(0).astype(np.float32))
