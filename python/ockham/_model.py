# Part of the Ockham project, under the Apache License v2.0 with LLVM
# Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loaded models."""

import ctypes
import os
import weakref
from dataclasses import dataclass

from ockham import _capi
from ockham._arrays import DTYPE_NAMES
from ockham._capi import check, runtime
from ockham._session import Session

_ENTRY_KINDS = ("forward", "prefill", "decode", "loss", "train_step", "other")


@dataclass(frozen=True)
class TensorSpec:
    """Name and type of an input, output or state.

    `dtype` is NumPy's name ("bfloat16" for what NumPy does not have). `shape`
    has an int for each fixed extent and a name for each that is chosen at run
    time; equal names mean equal extents. Extents count elements.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]

    def __str__(self):
        return f"{self.name}: {self.dtype} [{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True)
class Weight:
    """Name and type of a weight. `layout` says how its bytes lie, "row-major" or
    "panels<W>"; `bytes` is the size in that layout."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    layout: str
    bytes: int


@dataclass(frozen=True)
class Entry:
    """An entry point. `kind` is "forward", "prefill", "decode", "loss",
    "train_step" or "other"."""

    name: str
    kind: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def __str__(self):
        inputs = ", ".join(map(str, self.inputs))
        outputs = ", ".join(map(str, self.outputs))
        return f"{self.name}({inputs}) -> ({outputs})"


def _spec(table):
    shape = tuple(
        dim.extent if dim.extent >= 0 else (dim.symbol or b"?").decode()
        for dim in table.dims[: table.rank]
    )
    return TensorSpec(table.name.decode(), DTYPE_NAMES[table.dtype], shape)


def _specs(tables, count):
    return tuple(_spec(table) for table in tables[:count])


class Model:
    """A compiled model that has been loaded; made by `load`.

    name, target, features, producer, options: what and how it was compiled.
    path: the absolute path of its library.
    signature: its entry points by name.
    states: what a session keeps between calls.
    weights: its weights.
    device: where its sessions run unless they say otherwise.
    """

    def __init__(self, handle, device=None):
        self._handle = handle
        self.device: str | None = device
        self._finalizer = weakref.finalize(self, runtime.ockham_library_close, handle)
        table = runtime.ockham_library_model(handle).contents
        self.path: str = os.fsdecode(runtime.ockham_library_path(handle))
        self.name: str = table.name.decode()
        self.target: str = table.target.decode()
        self.features: str = table.features.decode()
        self.producer: str = table.producer.decode()
        self.options: str = table.options.decode()
        self.signature: dict[str, Entry] = {
            entry.name.decode(): Entry(
                entry.name.decode(),
                _ENTRY_KINDS[min(max(entry.kind, 0), len(_ENTRY_KINDS) - 1)],
                _specs(entry.inputs, entry.input_count),
                _specs(entry.outputs, entry.output_count),
            )
            for entry in table.entries[: table.entry_count]
        }
        self.states = tuple(
            _spec(state.tensor) for state in table.states[: table.state_count]
        )
        self.weights = tuple(
            Weight(
                weight.name.decode(),
                DTYPE_NAMES[weight.dtype],
                tuple(weight.shape[: weight.rank]),
                weight.layout.decode(),
                weight.bytes,
            )
            for weight in table.weights[: table.weight_count]
        )

    def session(
        self,
        *,
        threads=0,
        dims=None,
        weights=None,
        device=None,
        memory_limit=0,
        results_on_device=False,
    ) -> Session:
        """Creates a session, which runs the model and holds its state.

        threads: of a call, the calling one included; 0 for OCKHAM_NUM_THREADS
            or else all cores that the process may use.
        dims: extents of symbolic dimensions, e.g. {"cache_length": 1024}. Those
            of states must be given.
        weights: path of a safetensors file that replaces the model's weights.
        device: "cpu", or for models compiled for GPUs "cuda", "cuda:1" and so
            on, or "emulated"; None for that of `load`, or else what the model
            was compiled for.
        memory_limit: most bytes that the session may allocate, on its device;
            0 for no limit.
        results_on_device: leave results in the device's memory, and return from
            calls when they are enqueued. Nothing changes on the CPU.

        Raises OckhamError.
        """
        return Session(
            self,
            threads=threads,
            dims=dims,
            weights=weights,
            device=device or self.device,
            memory_limit=memory_limit,
            results_on_device=results_on_device,
        )

    def __str__(self):
        lines = [f"{self.name} ({self.target}, {self.producer})"]
        lines += [f"  {entry}" for entry in self.signature.values()]
        lines += [f"  state {state}" for state in self.states]
        size = sum(weight.bytes for weight in self.weights)
        lines.append(f"  {len(self.weights)} weights, {size} bytes")
        return "\n".join(lines)


def load(path, *, device=None, ignore_features=False) -> Model:
    """Loads the compiled model at `path`.

    device: where sessions run, e.g. "cuda:0" or "emulated"; None for what the
        model was compiled for. It is opened with the first session.
    ignore_features: load it even where the CPU lacks instructions that it was
        compiled for.

    Raises OckhamError when the file is missing, is no compiled model, or is for
    another machine or a newer runtime.
    """
    handle = ctypes.c_void_p()
    options = _capi.LibraryOptions(
        ctypes.sizeof(_capi.LibraryOptions), int(ignore_features)
    )
    check(
        runtime.ockham_library_load(
            os.fsencode(path), ctypes.byref(options), ctypes.byref(handle)
        )
    )
    return Model(handle, device)
