"""What can run a model: Ockham and its peers, each at its best settings.

A side is made ready once per model and shape (`prepare`, files that are kept),
is opened in a process of its own (see worker.py), and runs on fixed inputs. All
take the number of threads and the precision from the caller and from nothing
else. Results stay where the side puts them; no side is charged for a copy.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PRECISIONS = ("f32", "bf16")


class SideError(Exception):
    """A side cannot do what it is asked; the message says which and why."""


@dataclass(frozen=True)
class Case:
    """One model at one shape.

    model: the ONNX file.
    dims: extents of its named dimensions, `batch` and `sequence`.
    threads: of the side, the calling one included.
    precision: one of `PRECISIONS`; what products are computed in.
    cache: folder for what sides make from the model.
    build: Ockham's build folder.
    """

    model: Path
    dims: dict
    threads: int
    precision: str
    cache: Path
    build: Path

    @staticmethod
    def from_json(data):
        paths = ("model", "cache", "build")
        return Case(**{k: Path(v) if k in paths else v for k, v in data.items()})

    def as_json(self):
        return {k: str(v) if isinstance(v, Path) else v for k, v in vars(self).items()}

    def shape_name(self):
        return "_".join(f"{name}{extent}" for name, extent in self.dims.items())


def run_command(side, command, environment=None):
    """Run a tool; what it prints is the message if it fails."""
    try:
        result = subprocess.run(
            [str(word) for word in command],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, **(environment or {})},
        )
    except OSError as error:
        raise SideError(f"{side}: {error}") from error
    if result.returncode:
        text = (result.stderr or result.stdout).strip()
        raise SideError(
            f"{side}: {Path(command[0]).name} failed with {result.returncode}:"
            f" {text[-2000:]}"
        )
    return result.stdout


def is_newer(made, *sources):
    """Whether a file exists and is younger than what it is made from."""
    return made.exists() and all(
        made.stat().st_mtime >= source.stat().st_mtime for source in sources
    )


class Ockham:
    """A compiled model on Ockham's runtime; batch and sequence stay dynamic."""

    @staticmethod
    def library(case):
        kind = case.precision
        if kind != "f32":
            kind += f"-activations-{kind}"
        return case.cache / f"{case.model.stem}.{kind}.so"

    @classmethod
    def prepare(cls, case):
        compiler = case.build / "bin" / "ockham"
        made = cls.library(case)
        if is_newer(made, compiler, case.model):
            return
        options = []
        if case.precision != "f32":
            options = ["--precision", case.precision, "--activations", case.precision]
        run_command(
            "ockham",
            [compiler, "compile", case.model, "-o", made, "--quiet", *options],
        )

    def __init__(self, case, inputs):
        runtime = case.build / "lib" / "libockham-runtime.so"
        os.environ.setdefault("OCKHAM_RUNTIME_LIBRARY", str(runtime))
        sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))
        import ockham

        self.model = ockham.load(str(self.library(case)))
        self.session = self.model.session(threads=case.threads)
        self.inputs, self.outputs = inputs, None
        self.version = "this tree"
        self.settings = {
            "threads": self.session.threads,
            "precision": case.precision,
            "shapes": "dynamic",
            "cpu": "native",
        }

    def run(self):
        self.outputs = self.session.run(self.inputs, outputs=self.outputs)

    def result(self):
        return next(iter(self.outputs.values()))


class OnnxRuntime:
    """ONNX Runtime, all graph optimisations, outputs bound once."""

    static = False

    @classmethod
    def prepare(cls, case):
        if case.precision != "f32":
            raise SideError(
                f"{cls.name}: precision {case.precision} is none that it has for a"
                " float32 model on the CPU, expected f32"
            )

    def __init__(self, case, inputs):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = case.threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.graph_optimization_level = level
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "1")
        # Spins within a run, but not behind it: the next side has the cores.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        options.add_session_config_entry("session.set_denormal_as_zero", "0")
        if self.static:
            for name, extent in case.dims.items():
                options.add_free_dimension_override_by_name(name, extent)
        self.session = onnxruntime.InferenceSession(
            str(case.model), options, providers=["CPUExecutionProvider"]
        )
        self.binding = self.session.io_binding()
        self.inputs = [
            (name, onnxruntime.OrtValue.ortvalue_from_numpy(array))
            for name, array in inputs.items()
        ]
        for name, value in self.inputs:
            self.binding.bind_ortvalue_input(name, value)
        self.output = self.session.get_outputs()[0].name
        self.binding.bind_output(self.output, "cpu")
        self.bound = False
        self.version = onnxruntime.__version__
        self.settings = {
            "intra_op_num_threads": case.threads,
            "inter_op_num_threads": 1,
            "graph_optimization_level": "ORT_ENABLE_ALL",
            "provider": "CPUExecutionProvider",
            "precision": "f32",
            "spinning": "within a run",
            "shapes": "static" if self.static else "dynamic",
        }

    def run(self):
        self.session.run_with_iobinding(self.binding)
        if not self.bound:  # further runs write to the same memory
            self.value = self.binding.get_outputs()[0]
            self.binding.bind_ortvalue_output(self.output, self.value)
            self.bound = True

    def result(self):
        return self.value.numpy()


class OnnxRuntimeStatic(OnnxRuntime):
    static = True


class OpenVINO:
    """OpenVINO's CPU plugin, one stream, compiled for latency."""

    static = False

    @classmethod
    def prepare(cls, case):
        pass

    def __init__(self, case, inputs):
        import openvino

        core = openvino.Core()
        model = core.read_model(str(case.model))
        if self.static:
            model.reshape({name: list(a.shape) for name, a in inputs.items()})
        self.settings = {
            "INFERENCE_NUM_THREADS": case.threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": case.precision,
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,
        }
        compiled = core.compile_model(model, "CPU", dict(self.settings))
        hint = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
        expected = {"f32": "f32", "bf16": "bf16"}[case.precision]
        if hint != expected:
            raise SideError(
                f"openvino: precision is {hint}, expected {expected};"
                " the CPU has no fast instructions for it"
            )
        self.request = compiled.create_infer_request()
        for name, array in inputs.items():
            tensor = openvino.Tensor(array, shared_memory=True)
            self.request.set_tensor(name, tensor)
        self.version = openvino.get_version().split("-")[0]
        self.settings["shapes"] = "static" if self.static else "dynamic"

    def run(self):
        self.request.infer()

    def result(self):
        return self.request.get_output_tensor(0).data


class OpenVINOStatic(OpenVINO):
    static = True


class IREE:
    """IREE, compiled for this CPU; weights are parameters beside the module."""

    static = False
    flags = (
        "--iree-hal-target-device=local",
        "--iree-hal-local-target-device-backends=llvm-cpu",
        "--iree-llvmcpu-target-cpu=host",
        "--iree-opt-level=O3",
        # What it fuses into a LayerNorm of this width needs more than 32 KiB.
        "--iree-llvmcpu-stack-allocation-limit=8388608",
    )

    @classmethod
    def files(cls, case):
        folder, name = case.cache / "iree", case.model.stem
        shape = case.shape_name() if cls.static else "dynamic"
        return (
            folder / f"{name}.{shape}.mlir",
            folder / f"{name}.irpa",
            folder / f"{name}.{shape}.vmfb",
        )

    @classmethod
    def prepare(cls, case):
        if case.precision != "f32":
            raise SideError("iree: only f32 is set up for it")
        source, weights, module = cls.files(case)
        if is_newer(module, case.model):
            return
        source.parent.mkdir(parents=True, exist_ok=True)
        binaries = Path(sys.executable).parent
        # The importer names parameters after weights: one file for all shapes.
        model, save = case.model, ["--save-params-to", weights]
        if is_newer(weights, case.model):
            save = ["--no-save-params"]
        if cls.static:
            model = cls.fix_shape(case, module.with_suffix(".onnx"))
        run_command(
            "iree",
            [binaries / "iree-import-onnx", model, "-o", source,
             "--data-dir", case.model.parent, "--externalize-params", *save],
        )  # fmt: skip
        run_command(
            "iree", [binaries / "iree-compile", source, "-o", module, *cls.flags]
        )

    @staticmethod
    def fix_shape(case, to):
        """The model with extents in place of its named dimensions."""
        import onnx

        model = onnx.load(str(case.model), load_external_data=False)
        for value in [*model.graph.input, *model.graph.output]:
            for dim in value.type.tensor_type.shape.dim:
                if dim.dim_param in case.dims:
                    dim.dim_value = case.dims[dim.dim_param]
        to.write_bytes(model.SerializeToString())
        return to

    def __init__(self, case, inputs):
        import iree.runtime as iree

        _, weights, module = self.files(case)
        device = "local-sync" if case.threads == 1 else "local-task"
        # The flag counts workers; the calling thread only waits.
        iree.flags.parse_flags(f"--task_topology_group_count={case.threads}")
        config = iree.Config(driver_name=device)
        instance = config.vm_instance
        index = iree.ParameterIndex()
        index.load(str(weights))
        parameters = iree.create_io_parameters_module(
            instance, index.create_provider(scope="model")
        )
        hal = iree.create_hal_module(instance, config.device)
        code = iree.VmModule.mmap(instance, str(module))
        context = iree.VmContext(instance, modules=[hal, parameters, code])
        function = next(
            code.lookup_function(name)
            for name in code.function_names
            if not name.startswith("_") and not name.endswith("$async")
        )
        self.invoker = iree.FunctionInvoker(context, config.device, function)
        self.inputs = [iree.asdevicearray(config.device, a) for a in inputs.values()]
        import importlib.metadata

        self.version = importlib.metadata.version("iree-base-runtime")
        self.settings = {
            "device": device,
            "task_topology_group_count": case.threads,
            "compiler": " ".join(self.flags),
            "precision": "f32",
            "shapes": "static" if self.static else "dynamic",
        }

    def run(self):
        self.value = self.invoker(*self.inputs)

    def result(self):
        return np.asarray(self.value.to_host())


class IREEStatic(IREE):
    static = True


SIDES = {
    "ockham": Ockham,
    "onnxruntime": OnnxRuntime,
    "onnxruntime-static": OnnxRuntimeStatic,
    "openvino": OpenVINO,
    "openvino-static": OpenVINOStatic,
    "iree": IREE,
    "iree-static": IREEStatic,
}
for _name, _side in SIDES.items():
    _side.name = _name
