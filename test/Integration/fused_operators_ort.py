"""Writes fused_operators.npz: what ONNX Runtime computes for fused_cases.py.

    python3 -m venv venv && venv/bin/pip install onnxruntime==1.31.0
    venv/bin/python test/Integration/fused_operators_ort.py

The cases that its CPU provider does not have are marked there.
"""

import os

import numpy as np
import onnxruntime
from fused_cases import make_cases
from fused_models import given_inputs, make_model, result_names


def main():
    outputs = {}
    onnxruntime.set_default_logger_severity(3)
    for case in make_cases():
        if not case.in_ort:
            continue
        names = [name for name in result_names(case) if name]
        model = make_model([case], case.opset, is_static=True)
        session = onnxruntime.InferenceSession(
            model, providers=["CPUExecutionProvider"]
        )
        outputs.update(zip(names, session.run(names, given_inputs(case))))
    here = os.path.dirname(os.path.abspath(__file__))
    np.savez_compressed(os.path.join(here, "fused_operators.npz"), **outputs)


if __name__ == "__main__":
    main()
