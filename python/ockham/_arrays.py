# Part of the Ockham project, under the Apache License v2.0 with LLVM
# Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Between Python's arrays and the arguments of the C API."""

import ctypes
import weakref
from math import prod

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


_capsule_rename = ctypes.pythonapi.PyCapsule_SetName
_capsule_rename.restype = ctypes.c_int
_capsule_rename.argtypes = [ctypes.py_object, ctypes.c_char_p]
_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
# For a capsule that is being deleted, of which there must be no new reference.
_raw_is_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_IsValid", ctypes.pythonapi)
)
_raw_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)

_CPU = 1
_CUDA = 2
#: CUDA's legacy default stream, with which sessions' streams are ordered.
_DEFAULT_STREAM = 1


@ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
def _delete_capsule(capsule):
    if _raw_is_valid(capsule, b"dltensor"):  # else somebody has taken it over
        _release(_raw_pointer(capsule, b"dltensor"))


class DeviceArray:
    """A result that has stayed in the memory of the session's device.

    It may be an input, or the buffer of an output, of sessions on that device,
    which are ordered with each other by that. Other libraries take it over by
    DLPack, e.g. torch.from_dlpack(array), once. What is in it is there when the
    session's stream has come so far: work on CUDA's default stream is ordered
    after it, `Session.wait` waits for it.

    The memory goes back to the session when the array, or what has taken it
    over, is deleted, and is used by the session's next call. That comes after
    work on the default stream. Work on a stream that is not ordered with the
    default one (torch.cuda.Stream) must be done before, and so must what such
    a stream has written to a tensor that becomes an argument.
    """

    def __init__(self, session, managed):
        # Sessions that have used it. One that is gone or closed is done with
        # it; an array that is lent to a session must not keep that alive.
        self._sessions = weakref.WeakSet([session])
        tensor = managed.contents.dl_tensor
        self.shape = tuple(tensor.shape[: tensor.ndim])
        self.dtype = _NAMES[tensor.dtype.code, tensor.dtype.bits]
        self._managed = managed
        address = ctypes.cast(managed, ctypes.c_void_p).value
        self._finalizer = weakref.finalize(self, _release, address)

    def __dlpack_device__(self):
        device = self._take().contents.dl_tensor.device
        return device.device_type, device.device_id

    def __dlpack__(self, *, stream=None, dl_device=None, copy=None, **_):
        managed = self._take()
        if copy:
            raise BufferError("the array is handed over, it cannot be copied")
        if dl_device is not None and tuple(dl_device) != self.__dlpack_device__():
            raise BufferError(
                f"the array is on the device {self.__dlpack_device__()}, it cannot "
                f"be moved to {tuple(dl_device)}"
            )
        if stream not in (None, -1, _DEFAULT_STREAM):
            for session in self._sessions:
                if not session.closed:
                    session.wait()
        self._finalizer.detach()
        self._managed = None
        return _new_capsule(
            managed, b"dltensor", ctypes.cast(_delete_capsule, ctypes.c_void_p)
        )

    def _take(self):
        if self._managed is None:
            raise ValueError("the array was handed over to another library already")
        return self._managed

    def __repr__(self):
        return f"DeviceArray({self.dtype} {list(self.shape)})"


# Arrays that a session may use after its call, by the address of what it has.
_lent = {}


@_capi.Deleter
def _give_back(managed):
    _lent.pop(ctypes.cast(managed, ctypes.c_void_p).value, None)


def _device_array_argument(name, array, lasting):
    tensor = array._take().contents.dl_tensor
    if not lasting:
        view = ctypes.pointer(tensor)
        return _capi.Argument(name=name.encode(), view=view), array
    lent = _capi.DLManagedTensor(dl_tensor=tensor, deleter=_give_back)
    managed = ctypes.pointer(lent)
    _lent[ctypes.cast(managed, ctypes.c_void_p).value] = (lent, array)
    return _capi.Argument(name=name.encode(), managed=managed), None


def _dlpack_argument(name, array, lasting):
    """Borrows a foreign array, whose capsule frees what it holds; or hands it
    over, if it is `lasting` and on a device."""
    device = getattr(array, "__dlpack_device__", lambda: (_CPU, 0))()[0]
    # What wrote it must be done before the session's stream reads it.
    capsule = (
        array.__dlpack__(stream=_DEFAULT_STREAM)
        if device == _CUDA
        else array.__dlpack__()
    )
    address = _capsule_pointer(capsule, b"dltensor")
    managed = ctypes.cast(address, ctypes.POINTER(_capi.DLManagedTensor))
    if lasting and device != _CPU:
        _capsule_rename(capsule, b"used_dltensor")
        return _capi.Argument(name=name.encode(), managed=managed), None
    view = ctypes.pointer(managed.contents.dl_tensor)
    return _capi.Argument(name=name.encode(), view=view), (capsule, managed)


def to_argument(name, array, dtype=None, writable=False, lasting=False, session=None):
    """An argument for NumPy arrays and whatever has __dlpack__ (PyTorch), and
    for numbers and lists, which become `dtype` (a name). Returns it with what
    must live as long as it. With `lasting`, arrays of a device are handed over,
    for calls that return before they are done."""
    if isinstance(array, np.ndarray):
        return _numpy_argument(name, array, writable)
    if isinstance(array, DeviceArray):
        if session is not None:
            array._sessions.add(session)
        return _device_array_argument(name, array, lasting)
    if hasattr(array, "__dlpack__") and not isinstance(array, np.generic):
        return _dlpack_argument(name, array, lasting)
    if writable:
        raise TypeError(f"output '{name}': expected an array, got {type(array)}")
    if dtype and not isinstance(array, np.generic):
        array = np.asarray(array, dtype=numpy_dtype(dtype))
    return _numpy_argument(name, np.asarray(array), False)


def _release(address):
    managed = ctypes.cast(address, ctypes.POINTER(_capi.DLManagedTensor))
    managed.contents.deleter(managed)


def release_argument(argument):
    """Gives back what was handed over to an argument that is not used."""
    if argument.managed:
        _release(ctypes.cast(argument.managed, ctypes.c_void_p).value)


def from_result(argument, session):
    """A NumPy array over a result, which is released with the array; a
    DeviceArray where it is on the session's device."""
    managed = argument.managed
    tensor = managed.contents.dl_tensor
    if tensor.device.device_type != _CPU:
        return DeviceArray(session, ctypes.pointer(managed.contents))
    shape = tuple(tensor.shape[axis] for axis in range(tensor.ndim))
    dtype = numpy_dtype(_NAMES[tensor.dtype.code, tensor.dtype.bits])
    size = prod(shape) * dtype.itemsize
    address = ctypes.cast(managed, ctypes.c_void_p).value
    if size == 0:
        _release(address)
        return np.empty(shape, dtype)
    memory = (ctypes.c_char * size).from_address(tensor.data)
    weakref.finalize(memory, _release, address)
    return np.frombuffer(memory, dtype).reshape(shape)
