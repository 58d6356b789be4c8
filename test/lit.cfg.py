"""lit configuration of Ockham's tests."""

import os

import lit.formats

# ruff: noqa: F821  (lit defines config)

config.name = "Ockham"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.ockham_obj_root, "test")

tools = os.path.join(config.ockham_obj_root, "bin")
config.environment["PATH"] = os.pathsep.join(
    [tools, config.llvm_tools_dir, config.environment.get("PATH", "")]
)
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%source", config.ockham_source_root))
config.substitutions.append(("%build", config.ockham_obj_root))


def find_ptxas():
    """The CUDA assembler, which some tests use where there is one."""
    folders = [os.path.join(os.environ.get("CUDA_HOME", "/usr/local/cuda"), "bin")]
    folders += os.environ.get("PATH", "").split(os.pathsep)
    paths = (os.path.join(folder, "ptxas") for folder in folders)
    return next((path for path in paths if os.access(path, os.X_OK)), None)


ptxas = find_ptxas()
if ptxas:
    config.available_features.add("ptxas")
    config.substitutions.append(("%ptxas", ptxas))

cuda = os.environ.get("CUDA_HOME", "/usr/local/cuda")
if os.path.exists(os.path.join(cuda, "nvvm", "libdevice", "libdevice.10.bc")):
    config.available_features.add("libdevice")
    config.substitutions.append(("%cuda", cuda))
