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
