# Part of the Ockham project, under the Apache License v2.0 with LLVM
# Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C API of include/ockham-c (ModelABI.h, DLPack.h, Runtime.h) in ctypes."""

import ctypes
import os
import sys
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)
from pathlib import Path

from ockham._errors import OckhamError

# ModelABI.h


class Dim(Structure):
    _fields_ = [("extent", c_int64), ("symbol", c_char_p)]


class Spec(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("dtype", c_int32),
        ("rank", c_int32),
        ("dims", POINTER(Dim)),
    ]


class WeightSpec(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("dtype", c_int32),
        ("rank", c_int32),
        ("shape", POINTER(c_int64)),
        ("layout", c_char_p),
        ("offset", c_uint64),
        ("bytes", c_uint64),
        ("init", c_int32),
        ("reserved", c_int32),
        ("mean", c_double),
        ("std", c_double),
        ("seed", c_uint64),
    ]


class StateSpec(Structure):
    _fields_ = [("tensor", Spec), ("kind", c_int32), ("weight", c_int32)]


class EntryTable(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("kind", c_int32),
        ("input_count", c_int32),
        ("output_count", c_int32),
        ("reserved", c_int32),
        ("inputs", POINTER(Spec)),
        ("outputs", POINTER(Spec)),
        ("workspace_bytes", c_void_p),
        ("run", c_void_p),
    ]


class ModelTable(Structure):
    _fields_ = [
        ("struct_bytes", c_uint32),
        ("abi_version", c_uint32),
        ("name", c_char_p),
        ("target", c_char_p),
        ("features", c_char_p),
        ("producer", c_char_p),
        ("options", c_char_p),
        ("entry_count", c_int32),
        ("weight_count", c_int32),
        ("state_count", c_int32),
        ("reserved", c_int32),
        ("entries", POINTER(EntryTable)),
        ("weights", POINTER(WeightSpec)),
        ("states", POINTER(StateSpec)),
        ("weight_data", c_void_p),
        ("weight_bytes", c_uint64),
        ("weight_file", c_char_p),
        ("faster", c_void_p),
        ("kernel_count", c_int32),
        ("image_count", c_int32),
        ("kernels", c_void_p),
        ("images", c_void_p),
    ]


class Tensor(Structure):
    _fields_ = [
        ("data", c_void_p),
        ("shape", POINTER(c_int64)),
        ("dtype", c_int32),
        ("rank", c_int32),
    ]


# DLPack.h


class DLDevice(Structure):
    _fields_ = [("device_type", c_int32), ("device_id", c_int32)]


class DLDataType(Structure):
    _fields_ = [("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16)]


class DLTensor(Structure):
    _fields_ = [
        ("data", c_void_p),
        ("device", DLDevice),
        ("ndim", c_int32),
        ("dtype", DLDataType),
        ("shape", POINTER(c_int64)),
        ("strides", POINTER(c_int64)),
        ("byte_offset", c_uint64),
    ]


class DLManagedTensor(Structure):
    pass


Deleter = CFUNCTYPE(None, POINTER(DLManagedTensor))
DLManagedTensor._fields_ = [
    ("dl_tensor", DLTensor),
    ("manager_ctx", c_void_p),
    ("deleter", Deleter),
]

# Runtime.h


class Argument(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("tensor", POINTER(Tensor)),
        ("view", POINTER(DLTensor)),
        ("managed", POINTER(DLManagedTensor)),
        ("versioned", c_void_p),
    ]


class LibraryOptions(Structure):
    _fields_ = [("struct_bytes", c_uint32), ("ignore_features", c_int32)]


class Binding(Structure):
    _fields_ = [("symbol", c_char_p), ("extent", c_int64)]


class SessionOptions(Structure):
    _fields_ = [
        ("struct_bytes", c_uint32),
        ("threads", c_int32),
        ("device", c_char_p),
        ("weight_file", c_char_p),
        ("bindings", POINTER(Binding)),
        ("binding_count", c_uint32),
        ("reserved", c_uint32),
        ("memory_limit", c_uint64),
        ("results_on_device", c_int32),
        ("reserved_results", c_int32),
    ]


class Launch(Structure):
    _fields_ = [
        ("kernel", c_char_p),
        ("count", c_uint64),
        ("grid", c_uint32 * 3),
        ("block", c_uint32 * 3),
        ("shared_bytes", c_uint32),
        ("reserved", c_uint32),
    ]


class MemoryTable(Structure):
    _fields_ = [
        ("struct_bytes", c_uint32),
        ("reserved", c_uint32),
        ("states", c_uint64),
        ("weights", c_uint64),
        ("shared_weights", c_uint64),
        ("workspace", c_uint64),
        ("workspace_used", c_uint64),
        ("peak", c_uint64),
        ("limit", c_uint64),
    ]


_LIBRARY = _SESSION = c_void_p
_SIGNATURES = {
    "ockham_last_error": (c_char_p, []),
    "ockham_status_name": (c_char_p, [c_int32]),
    "ockham_library_load": (
        c_int32,
        [c_char_p, POINTER(LibraryOptions), POINTER(_LIBRARY)],
    ),
    "ockham_library_close": (None, [_LIBRARY]),
    "ockham_library_model": (POINTER(ModelTable), [_LIBRARY]),
    "ockham_library_path": (c_char_p, [_LIBRARY]),
    "ockham_session_create": (
        c_int32,
        [_LIBRARY, POINTER(SessionOptions), POINTER(_SESSION)],
    ),
    "ockham_session_destroy": (None, [_SESSION]),
    "ockham_session_device": (c_char_p, [_SESSION]),
    "ockham_session_stream": (c_void_p, [_SESSION]),
    "ockham_session_wait": (c_int32, [_SESSION]),
    "ockham_session_threads": (c_int32, [_SESSION]),
    "ockham_session_launches": (c_size_t, [_SESSION, POINTER(Launch), c_size_t]),
    "ockham_session_detects_races": (c_int32, [_SESSION]),
    "ockham_session_memory": (c_int32, [_SESSION, POINTER(MemoryTable)]),
    "ockham_session_trim": (None, [_SESSION]),
    "ockham_session_workspace_bytes": (
        c_int32,
        [_SESSION, c_char_p, POINTER(Argument), c_size_t, POINTER(c_uint64)],
    ),
    "ockham_session_run": (
        c_int32,
        [
            _SESSION,
            c_char_p,
            POINTER(Argument),
            c_size_t,
            POINTER(Argument),
            c_size_t,
        ],
    ),
    "ockham_session_read_state": (c_int32, [_SESSION, POINTER(Argument)]),
    "ockham_session_write_state": (c_int32, [_SESSION, POINTER(Argument)]),
    "ockham_session_reset_state": (c_int32, [_SESSION, c_char_p]),
    "ockham_session_read_weight": (c_int32, [_SESSION, POINTER(Argument)]),
    "ockham_session_write_weight": (c_int32, [_SESSION, POINTER(Argument)]),
}

_FILE_NAME = "libockham-runtime.so"


def _candidates():
    """Paths where the runtime may lie, the likeliest first."""
    package = Path(__file__).resolve().parent
    folders = [package, package / "lib", package.parent / "lib"]
    repository = package.parent.parent
    folders += [repository / "build" / "lib", repository / "lib"]
    folders.append(Path(sys.prefix) / "lib")
    return [folder / _FILE_NAME for folder in folders]


def _load():
    wanted = os.environ.get("OCKHAM_RUNTIME_LIBRARY")
    if wanted:
        paths = [wanted]
    else:
        paths = [str(path) for path in _candidates() if path.exists()]
        paths.append(_FILE_NAME + ".1")  # Where the system looks.
    try:
        runtime = ctypes.CDLL(paths[0])
    except OSError as error:
        raise ImportError(
            f"cannot load Ockham's runtime: {error}; set OCKHAM_RUNTIME_LIBRARY "
            f"to the path of {_FILE_NAME}"
        ) from None
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(runtime, name)
        function.restype = result
        function.argtypes = arguments
    return runtime


runtime = _load()


def check(status):
    """Raises the runtime's message if a call has failed."""
    if status != 0:
        # Kept per thread, and this is still the thread that called.
        message = runtime.ockham_last_error().decode(errors="replace")
        kind = runtime.ockham_status_name(status).decode()
        raise OckhamError(message, kind)
