# Part of the Ockham project, under the Apache License v2.0 with LLVM
# Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Between Python's arrays and the arguments of the C API."""

import ctypes
import weakref

import numpy as np

from ockham import _capi

#: Names of ockham_dtype, as NumPy calls them, by value.
DTYPE_NAMES = {
    1: "bool",
    2: "uint8",
    3: "int8",
    4: "int16",
    5: "int32",
    6: "int64",
    7: "float16",
    8: "bfloat16",
    9: "float32",
    10: "float64",
    11: "uint16",
    12: "uint32",
    13: "uint64",
}

# (code, bits) of DLPack by name.
_DLPACK = {"bool": (6, 8), "bfloat16": (4, 16)}
for _name in DTYPE_NAMES.values():
    _code = {"i": 0, "u": 1, "f": 2}.get(_name[0])
    if _code is not None:
        _DLPACK[_name] = (_code, np.dtype(_name).itemsize * 8)
_DLPACK["complex64"], _DLPACK["complex128"] = (5, 64), (5, 128)
_NAMES = {value: key for key, value in _DLPACK.items()}


def numpy_dtype(name):
    """NumPy's dtype of that name. For bfloat16, which NumPy does not have, that
    of the package ml_dtypes if it is installed, else uint16 (the bits)."""
    if name != "bfloat16":
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError:
        return np.dtype("uint16")
    return np.dtype(ml_dtypes.bfloat16)


def _numpy_argument(name, array, writable):
    """The argument, and what must live as long as it."""
    if writable and not array.flags.writeable:
        raise ValueError(f"output '{name}': the array is read-only")
    dtype = array.dtype
    if dtype.name not in _DLPACK or not dtype.isnative:
        raise TypeError(f"'{name}': arrays of {dtype!r} cannot be passed on")
    item = dtype.itemsize
    if any(stride % item for stride in array.strides):
        if writable:
            raise ValueError(f"output '{name}': its strides split elements")
        array = np.ascontiguousarray(array)
    extents = ctypes.c_int64 * array.ndim
    code, bits = _DLPACK[dtype.name]
    tensor = _capi.DLTensor(
        data=array.ctypes.data,
        device=_capi.DLDevice(1, 0),
        ndim=array.ndim,
        dtype=_capi.DLDataType(code, bits, 1),
        shape=extents(*array.shape),
        strides=extents(*(stride // item for stride in array.strides)),
        byte_offset=0,
    )
    argument = _capi.Argument(name=name.encode(), view=ctypes.pointer(tensor))
    return argument, (array, tensor)


_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype = ctypes.c_void_p
_capsule_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


def _dlpack_argument(name, array):
    """Borrows a foreign array; its capsule frees what it holds."""
    capsule = array.__dlpack__()
    address = _capsule_pointer(capsule, b"dltensor")
    managed = ctypes.cast(address, ctypes.POINTER(_capi.DLManagedTensor))
    view = ctypes.pointer(managed.contents.dl_tensor)
    return _capi.Argument(name=name.encode(), view=view), (capsule, managed)


def to_argument(name, array, dtype=None, writable=False):
    """An argument for NumPy arrays and whatever has __dlpack__ (PyTorch), and
    for numbers and lists, which become `dtype` (a name). Returns it with what
    must live as long as it."""
    if isinstance(array, np.ndarray):
        return _numpy_argument(name, array, writable)
    if hasattr(array, "__dlpack__") and not isinstance(array, np.generic):
        return _dlpack_argument(name, array)
    if writable:
        raise TypeError(f"output '{name}': expected an array, got {type(array)}")
    if dtype and not isinstance(array, np.generic):
        array = np.asarray(array, dtype=numpy_dtype(dtype))
    return _numpy_argument(name, np.asarray(array), False)


def _release(address):
    managed = ctypes.cast(address, ctypes.POINTER(_capi.DLManagedTensor))
    managed.contents.deleter(managed)


def from_result(argument):
    """A NumPy array over a result, which is released with the array."""
    managed = argument.managed
    tensor = managed.contents.dl_tensor
    shape = tuple(tensor.shape[axis] for axis in range(tensor.ndim))
    dtype = numpy_dtype(_NAMES[tensor.dtype.code, tensor.dtype.bits])
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    address = ctypes.cast(managed, ctypes.c_void_p).value
    if size == 0:
        _release(address)
        return np.empty(shape, dtype)
    memory = (ctypes.c_char * size).from_address(tensor.data)
    weakref.finalize(memory, _release, address)
    return np.frombuffer(memory, dtype).reshape(shape)
