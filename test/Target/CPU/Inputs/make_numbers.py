"""Writes f32.npy and f64.npy: numbers around every border of f16 and bf16."""

import numpy as np

# Borders between ranges, halfway between neighbours, infinities.
borders = [
    0.0,
    1.0,
    65504.0,
    65519.9,
    65520.0,
    6.1035e-5,
    6.097e-5,
    6e-8,
    2.98e-8,
    2.9e-8,
    1 + 2**-11,
    1 + 3 * 2**-11,
    1 + 2**-8,
    1 + 3 * 2**-8,
    3.38e38,
    3.396e38,
    1.2e-38,
    1e-39,
    4.6e-41,
    1e-45,
    np.inf,
]
random = np.random.default_rng(0)
spread = random.standard_normal(500) * 10.0 ** random.integers(-12, 12, 500)
numbers = np.concatenate([borders, np.negative(borders), spread])
np.save("f32.npy", numbers.astype(np.float32))
np.save("f64.npy", np.concatenate([numbers, [1e300, 1e-300, 1 + 2**-11 + 2**-40]]))
