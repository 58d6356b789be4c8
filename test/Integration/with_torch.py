"""PyTorch and Ockham in one process: both run, in turns and at the same time.

Usage: with_torch.py OCKHAM MODELS FOLDER

PyTorch brings an OpenMP runtime and its own threads; Ockham's runtime has to
live beside them. Tensors go in and come out without a detour. Needs Debian's
python3-torch.
"""

import os
import sys
import threading

try:
    import torch
except ImportError:
    sys.exit(
        "PyTorch is missing; install python3-torch (scripts/install-dependencies.sh --tests)"
    )

import numpy as np
import ockham
from common import Comparison, Tool, read_cases


def main():
    tool, models, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(models, "nanogpt_preln.op17.onnx")
    library = os.path.join(folder, "model.so")
    Tool(tool)("compile", path, "-o", library)
    session = ockham.load(library).session(threads=2)
    torch.set_num_threads(2)
    matrix = torch.randn(256, 256, generator=torch.Generator().manual_seed(0))
    product = matrix @ matrix
    # Sums may be split in another way while other threads run.
    near = 1e-4 * float(product.abs().max())
    comparison = Comparison()
    cases = read_cases(path, ["input_ids"])

    for case, inputs, want in cases:
        got = session.run(
            {name: torch.from_numpy(array) for name, array in inputs.items()}
        )
        comparison.check(f"{case} from PyTorch's tensors", got, want, 5e-5)
        assert torch.allclose(matrix @ matrix, product, rtol=0, atol=near)
        for array in got.values():
            assert np.array_equal(torch.from_numpy(array).numpy(), array)

    stop, products = threading.Event(), []

    def multiply():
        while not stop.is_set():
            products.append(torch.allclose(matrix @ matrix, product, rtol=0, atol=near))

    other = threading.Thread(target=multiply)
    other.start()
    try:
        while len(products) < 20 and other.is_alive():
            got = [session.run(inputs) for _, inputs, _ in cases]
    finally:
        stop.set()
        other.join()
    for (case, _, want), result in zip(cases, got):
        comparison.check(f"{case} beside PyTorch", result, want, 5e-5)
    print(f"{len(products)} products of PyTorch beside, all equal: {all(products)}")
    comparison.agrees &= bool(products) and all(products)
    comparison.exit()


if __name__ == "__main__":
    main()
