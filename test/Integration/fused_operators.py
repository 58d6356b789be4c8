"""Fused operators against formulas and against ONNX Runtime.

    fused_operators.py FOLDER

Every case of fused_cases.py is a node. All nodes of one opset are one model, which
is compiled with known dimensions and recognised, compiled with open dimensions as
it is, interpreted, and compared with fused_reference.py and with the outputs of ONNX
Runtime in fused_operators.npz (see fused_operators_ort.py). The tools are found in
PATH.
"""

import os
import sys

import numpy as np
from common import Tool
from fused_cases import make_cases
from fused_models import given_inputs, make_model, result_names


def differs(got, want, tolerance):
    """What differs, or None. Infinities and NaN must be in the same places."""
    if got.shape != want.shape:
        return f"shape {got.shape}, expected {want.shape}"
    if got.dtype.kind != want.dtype.kind:
        return f"type {got.dtype}, expected {want.dtype}"
    if np.allclose(got, want, rtol=tolerance, atol=tolerance, equal_nan=True):
        return None
    return f"\n{got}\nexpected\n{want}"


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    here = os.path.dirname(os.path.abspath(__file__))
    stored = np.load(os.path.join(here, "fused_operators.npz"))
    tool, cases = Tool("ockham"), make_cases()
    compared = failed = 0
    for opset in sorted({case.opset for case in cases}):
        group = [case for case in cases if case.opset == opset]
        inputs, names = {}, []
        for case in group:
            inputs.update(given_inputs(case))
            names += [name for name in result_names(case) if name]
        for how, is_static, passes in (
            ("recognised", True, []),
            ("with open dimensions", False, ["--passes", "onnx-normalize"]),
            ("interpreted", False, None),
        ):
            model = os.path.join(folder, f"fused{opset}.onnx")
            with open(model, "wb") as file:
                file.write(make_model(group, opset, is_static))
            if passes is None:
                results = tool.run(folder, model, inputs, names, "--interpret")
            else:
                library = os.path.join(folder, f"fused{opset}.so")
                tool("compile", model, "-o", library, "--quiet", *passes)
                results = tool.run(folder, library, inputs, names)
            for case in group:
                mine = [name for name in result_names(case) if name]
                expected = case.expected()
                wanted = [("the formula", dict(zip(mine, expected)))]
                if case.in_ort:
                    wanted.append(("ONNX Runtime", stored))
                for who, want in wanted:
                    for name in mine:
                        compared += 1
                        said = differs(results[name], want[name], case.tolerance)
                        if said:
                            failed += 1
                            print(
                                f"{name} ({case.domain} {case.op} {case.attributes}), "
                                f"{how}, against {who}: {said}"
                            )
    if failed:
        sys.exit(f"{failed} of {compared} results differ")
    print(f"{compared} results agree")


if __name__ == "__main__":
    main()
