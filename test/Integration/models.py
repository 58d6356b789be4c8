"""One real model, compiled and interpreted, at every level, against PyTorch.

Usage: models.py OCKHAM MODEL.onnx FOLDER [--no-package]

OCKHAM is the tool; FOLDER takes the files. --no-package leaves the Python
package out, which a sanitizer's build cannot load.
"""

import os
import sys

from common import Comparison, Tool, read_cases

# Of float32 against PyTorch's float32, whose sums are in another order.
FLOAT32 = 5e-5
# Of float64 against PyTorch's float32: what the reference itself was rounded by.
# It grows with the model: 1.5e-5 for six blocks of width 256 whose residual stream
# no norm keeps small, about 1e-6 for the small ones.
FLOAT64 = 1e-5
FLOAT64_LARGE = 5e-5
# Of two levels of one model in float64: what recognising changes is rounding.
LEVELS = 1e-6
# The same for folds, which round each new weight to float32.
FOLDS = 1e-5

COMPILED = {
    "compiled": [],
    "compiled without simplifying": ["--no-simplify"],
    "compiled without recognising": ["--passes", "onnx-normalize"],
    "compiled as imported": ["--passes", "canonicalize"],
}


def main():
    ockham, model, folder = sys.argv[1:4]
    package = "--no-package" not in sys.argv
    os.makedirs(folder, exist_ok=True)
    tool = Tool(ockham)
    input_names, output_names = tool.signature(model, "--interpret")
    cases = read_cases(model, input_names)
    is_large = os.path.getsize(model) > 1e6
    float64 = FLOAT64_LARGE if is_large else FLOAT64
    comparison = Comparison()

    for i, (how, flags) in enumerate(COMPILED.items()):
        library = os.path.join(folder, f"model{i}.so")
        # Once, every pass before the lowering is checked on random inputs.
        verify = [] if flags else ["--verify-rewrites"]
        tool("compile", model, "-o", library, *flags, *verify)
        if package:
            import ockham as runtime

            session = runtime.load(library).session()
            for case, inputs, want in cases:
                got = session.run(inputs)
                comparison.check(f"{case} {how}, in Python", got, want, FLOAT32)
            session.close()
        if not flags or not package:
            for case, inputs, want in cases:
                got = tool.run(folder, library, inputs, output_names)
                comparison.check(f"{case} {how}", got, want, FLOAT32)

    def interpret(inputs, *flags):
        return tool.run(folder, model, inputs, output_names, "--interpret", *flags)

    for case, inputs, want in cases:
        comparison.check(f"{case} interpreted", interpret(inputs), want, FLOAT32)
        exact = interpret(inputs, "--f64")
        comparison.check(f"{case} interpreted in float64", exact, want, float64)
        for how, passes, limit in (
            ("normalised", "onnx-normalize", LEVELS),
            ("recognised", "ockham-raise", LEVELS),
            ("simplified", "ockham-raise,ockham-simplify", FOLDS),
        ):
            level = interpret(inputs, "--f64", "--passes", passes)
            comparison.check(
                f"{case} {how}, in float64, against imported", level, exact, limit
            )
    comparison.exit()


if __name__ == "__main__":
    main()
