# Part of the Ockham project, under the Apache License v2.0 with LLVM
# Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sessions."""

import ctypes
import os
import weakref
from dataclasses import dataclass

from ockham import _capi
from ockham._arrays import from_result, release_argument, to_argument
from ockham._capi import check, runtime


@dataclass(frozen=True)
class Launch:
    """Launches of one kernel with one grid on a GPU.

    grid: blocks; block: threads of a block; count: how often.
    """

    kernel: str
    count: int
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared_bytes: int


@dataclass(frozen=True)
class Memory:
    """Memory of a session in bytes.

    states: cache, parameters, moments, counters.
    weights: written in this session alone.
    shared_weights: that the model holds or maps for all its sessions.
    workspace: held for calls, free or used, with results not yet released.
    workspace_used: of these, used by a call or a result.
    peak: most of states + weights + workspace_used so far.
    limit: memory_limit; 0 for none.
    """

    states: int
    weights: int
    shared_weights: int
    workspace: int
    workspace_used: int
    peak: int
    limit: int


def _array(arguments):
    return (_capi.Argument * len(arguments))(*arguments)


class Session:
    """A running model with its state; made by `Model.session`.

    Different sessions may be used from different threads at the same time.
    Calls on one session wait for each other. Calls do not hold Python's global
    lock. Arrays that a session returns stay valid when it is closed.
    """

    def __init__(
        self, model, *, threads, dims, weights, device, memory_limit, results_on_device
    ):
        bindings = [
            _capi.Binding(str(symbol).encode(), extent)
            for symbol, extent in (dims or {}).items()
        ]
        options = _capi.SessionOptions(
            struct_bytes=ctypes.sizeof(_capi.SessionOptions),
            threads=threads,
            device=device.encode() if device else None,
            weight_file=os.fsencode(weights) if weights else None,
            bindings=(_capi.Binding * len(bindings))(*bindings),
            binding_count=len(bindings),
            memory_limit=memory_limit,
            results_on_device=int(results_on_device),
        )
        handle = ctypes.c_void_p()
        check(
            runtime.ockham_session_create(
                model._handle, ctypes.byref(options), ctypes.byref(handle)
            )
        )
        self.model = model
        self.results_on_device = bool(results_on_device)
        self._handle = handle
        self._finalizer = weakref.finalize(self, runtime.ockham_session_destroy, handle)

    def close(self):
        """Frees the session. No call may be running on it."""
        if self._finalizer.alive:
            self._finalizer()
            self._handle = ctypes.c_void_p()

    @property
    def closed(self) -> bool:
        """Whether the session was closed."""
        return not self._finalizer.alive

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def device(self) -> str:
        """Where the session runs, e.g. "cpu"."""
        return (runtime.ockham_session_device(self._handle) or b"").decode()

    @property
    def stream(self) -> int | None:
        """The stream that calls are enqueued on, a CUstream, e.g. for
        torch.cuda.ExternalStream; None on the CPU."""
        return runtime.ockham_session_stream(self._handle)

    def wait(self):
        """Waits for all calls that were enqueued (results_on_device). Raises
        OckhamError for those that have failed on the device since."""
        check(runtime.ockham_session_wait(self._handle))

    @property
    def threads(self) -> int:
        """Threads of a call, the calling one included."""
        return runtime.ockham_session_threads(self._handle)

    @property
    def memory(self) -> Memory:
        """What the session holds now, in bytes."""
        table = _capi.MemoryTable(struct_bytes=ctypes.sizeof(_capi.MemoryTable))
        check(runtime.ockham_session_memory(self._handle, ctypes.byref(table)))
        return Memory(**{name: getattr(table, name) for name in Memory.__annotations__})

    @property
    def launches(self) -> tuple[Launch, ...]:
        """What calls have launched so far; nothing on the CPU."""
        count = runtime.ockham_session_launches(self._handle, None, 0)
        table = (_capi.Launch * count)()
        runtime.ockham_session_launches(self._handle, table, count)
        return tuple(
            Launch(
                launch.kernel.decode(),
                launch.count,
                tuple(launch.grid),
                tuple(launch.block),
                launch.shared_bytes,
            )
            for launch in table
        )

    @property
    def detects_races(self) -> bool:
        """Whether the emulator checks that kernels synchronise: a call that
        succeeds then had no reports."""
        return bool(runtime.ockham_session_detects_races(self._handle))

    def trim(self):
        """Frees workspace that is held for later calls."""
        runtime.ockham_session_trim(self._handle)

    def _default_entry(self):
        signature = self.model.signature
        return "forward" if "forward" in signature else next(iter(signature), "forward")

    def _inputs(self, entry, inputs, lasting=False):
        known = self.model.signature.get(entry)
        types = {spec.name: spec.dtype for spec in known.inputs} if known else {}
        return self._arguments(
            (name, array, types.get(name), False, lasting)
            for name, array in inputs.items()
        )

    def _arguments(self, parts):
        """Arguments, and what must live as long as they."""
        pairs = []
        try:
            for name, array, *rest in parts:
                if array is None:
                    pairs.append((_capi.Argument(name=name.encode()), None))
                else:
                    pairs.append(to_argument(name, array, *rest, session=self))
        except BaseException:
            for argument, _ in pairs:
                release_argument(argument)
            raise
        return _array([pair[0] for pair in pairs]), pairs

    def run(self, inputs, *, entry=None, outputs=None):
        """Runs an entry point.

        inputs: an array for each input of the entry point, by name: of NumPy,
            of anything with __dlpack__ (PyTorch) in the CPU's memory or that of
            the session's device, a DeviceArray, or numbers and lists. Types and
            shapes must be those of the signature. Strided arrays are copied
            (on a device they are refused), others are read in place.
        entry: its name; None for "forward" or else the model's first.
        outputs: names of the outputs that are wanted, or a dict from names to
            arrays to write to (None as array: to be allocated); None for all.

        Returns the outputs by name as NumPy arrays (for a dict, its own arrays
        where they were given). bfloat16 comes as ml_dtypes.bfloat16 if that
        package is installed, else as uint16. In a session on a device with
        results_on_device the results are DeviceArrays, and the call returns
        when it is enqueued.

        Raises OckhamError.
        """
        entry = entry or self._default_entry()
        if outputs is None:
            known = self.model.signature.get(entry)
            outputs = [spec.name for spec in known.outputs] if known else []
        if not isinstance(outputs, dict):
            outputs = dict.fromkeys(outputs)
        lasting = self.results_on_device
        output_array, output_keep = self._arguments(
            (name, buffer, None, True, lasting) for name, buffer in outputs.items()
        )
        try:
            input_array, keep = self._inputs(entry, inputs, lasting)
        except BaseException:
            for argument in output_array:
                release_argument(argument)
            raise
        check(
            runtime.ockham_session_run(
                self._handle,
                entry.encode(),
                input_array,
                len(input_array),
                output_array,
                len(output_array),
            )
        )
        del keep, output_keep
        return {
            name: from_result(argument, self) if buffer is None else buffer
            for (name, buffer), argument in zip(outputs.items(), output_array)
        }

    def workspace_bytes(self, inputs, *, entry=None) -> int:
        """Bytes of workspace that the entry point plans for these inputs, of
        which only types and shapes matter. 0 when it allocates as it runs."""
        entry = entry or self._default_entry()
        input_array, keep = self._inputs(entry, inputs)
        size = ctypes.c_uint64()
        check(
            runtime.ockham_session_workspace_bytes(
                self._handle,
                entry.encode(),
                input_array,
                len(input_array),
                ctypes.byref(size),
            )
        )
        del keep
        return size.value

    def _read(self, function, name):
        argument = _capi.Argument(name=name.encode())
        check(function(self._handle, ctypes.byref(argument)))
        return from_result(argument, self)

    def _write(self, function, name, array, specs):
        types = {spec.name: spec.dtype for spec in specs}
        argument, keep = to_argument(name, array, types.get(name), session=self)
        check(function(self._handle, ctypes.byref(argument)))
        del keep

    def read_state(self, name):
        """A copy of a state as a NumPy array of its shape in this session."""
        return self._read(runtime.ockham_session_read_state, name)

    def write_state(self, name, array):
        """Sets a state; type and shape must be its own."""
        self._write(runtime.ockham_session_write_state, name, array, self.model.states)

    def reset_state(self, name=None):
        """Sets a state, or all, to what it was when the session was created."""
        check(
            runtime.ockham_session_reset_state(
                self._handle, name.encode() if name is not None else None
            )
        )

    def read_weight(self, name):
        """A copy of a weight as a NumPy array."""
        return self._read(runtime.ockham_session_read_weight, name)

    def write_weight(self, name, array):
        """Replaces a weight in this session alone. States that started from it
        keep their values until reset_state."""
        self._write(
            runtime.ockham_session_write_weight, name, array, self.model.weights
        )
