"""Writes .npy files for inputs.mlir: write_arrays.py FOLDER"""

import os
import sys

import numpy as np

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)


def save(name, array):
    np.save(os.path.join(folder, name + ".npy"), array)


for dtype in (
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
):
    save(dtype, np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype))
    swapped = np.dtype(dtype).newbyteorder(">")
    save(dtype + "-swapped", np.array([[0, 1, 2], [3, 4, 5]]).astype(swapped))
save("bfloat16", np.array([0x3F80, 0x3EAB], np.uint16).view("V2"))
save("fortran", np.asfortranarray(np.arange(24, dtype=np.int64).reshape(2, 3, 4)))
save("scalar", np.float32(2.5))
save("empty", np.zeros((0, 3), np.float32))
save("mask-2x4", np.ones((2, 4), bool))
save("mask-2", np.ones(2, bool))
save("complex", np.zeros(2, np.complex64))
save("object", np.array([None]))


def with_header(text):
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


with open(os.path.join(folder, "int64.npy"), "rb") as file:
    good = file.read()
damaged = {
    "nothing": b"",
    "text": b"hello, world\n",
    "cut-magic": good[:8],
    "cut-header": good[:60],
    "cut-data": good[:-5],
    "long": good + b"x",
    "version": good[:6] + b"\x09" + good[7:],
    "archive": b"PK\x03\x04" + bytes(30),
    "bad-shape": with_header(
        "{'descr': '<i8', 'fortran_order': False, 'shape': (2, -), }"
    ),
    "no-shape": with_header("{'descr': '<i8', 'fortran_order': False, }"),
    "too-large": with_header(
        "{'descr': '<i8', 'fortran_order': False, 'shape': (99999999999, 99999999999), }"
    ),
}
for name, data in damaged.items():
    with open(os.path.join(folder, name + ".npy"), "wb") as file:
        file.write(data)
