"""lit configuration of Ockham's tests."""

import os
import platform

import lit.formats

# ruff: noqa: F821  (lit defines config)

config.name = "Ockham"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.ockham_obj_root, "test")


def has_instructions(*names):
    """True if /proc/cpuinfo lists all of them."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            words = set(file.read().split())
    except OSError:
        return False
    return words.issuperset(names)


tools = os.path.join(config.ockham_obj_root, "bin")
config.environment["PATH"] = os.pathsep.join(
    [tools, config.llvm_tools_dir, config.environment.get("PATH", "")]
)
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%source", config.ockham_source_root))
config.substitutions.append(("%build", config.ockham_obj_root))

if platform.machine() in ("x86_64", "AMD64"):
    config.available_features.add("x86")
# Machine code of AMX runs anywhere, but what is around it wants AVX-512.
emulator = os.path.join(config.test_exec_root, "Target", "amx-emulator.so")
if os.path.exists(emulator) and has_instructions("avx512vl", "avx512bw", "avx512dq"):
    config.available_features.add("amx-emulator")
    config.substitutions.append(("%amx_emulator", emulator))


def find_cuda(path):
    """The folder of CUDA with a file that some tests use: the one that
    scripts/install-dependencies.sh gets, or a toolkit."""
    folders = [
        os.path.join(config.ockham_source_root, ".cache", "cuda-13.0"),
        os.environ.get("CUDA_HOME", "/usr/local/cuda"),
    ]
    return next((f for f in folders if os.path.exists(os.path.join(f, path))), None)


cuda = find_cuda("bin/ptxas")
if cuda:
    config.available_features.add("ptxas")
    config.substitutions.append(("%ptxas", os.path.join(cuda, "bin", "ptxas")))
cuda = find_cuda("bin/fatbinary")
if cuda:
    config.available_features.add("fatbinary")
    config.substitutions.append(("%fatbinary", os.path.join(cuda, "bin", "fatbinary")))
cuda = find_cuda("nvvm/libdevice/libdevice.10.bc")
if cuda:
    config.available_features.add("libdevice")
    config.substitutions.append(("%cuda", cuda))
