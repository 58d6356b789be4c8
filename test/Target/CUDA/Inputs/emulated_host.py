"""Runs a module of CUDA kernels: host code here, kernels in the emulator.

Host code is a list of simple ops on buffers, printed in the generic form. Every
launch is a run of ockham-emulate, with the race detector.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

LOWER = (
    "canonicalize,cse,ockham-bufferize-functions,"
    "ockham-cuda-choose-strategies{arch=80},ockham-cuda-stage,canonicalize,cse,"
    "ockham-cuda-synchronize,ockham-cuda-lower-kernels,canonicalize,cse"
)
DTYPES = {
    "f32": np.dtype(np.float32),
    "f64": np.dtype(np.float64),
    "f16": np.dtype(np.float16),
    "bf16": np.dtype("V2"),  # As ml_dtypes saves it.
    "i1": np.dtype(np.bool_),
    "i8": np.dtype(np.int8),  # What bits are in memory.
    "i32": np.dtype(np.int32),
    "i64": np.dtype(np.int64),
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
ALL = -1  # Module.choice: one kernel after the other.


def to_bf16(x):
    bits = np.asarray(x, np.float32).view(np.uint32)
    # NaNs must not become infinities.
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    rounded = np.where(np.isnan(x), (bits >> 16) | 0x40, rounded)
    return rounded.astype(np.uint16).view("V2")


def from_bf16(x):
    x = np.ascontiguousarray(x)
    return (x.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def to_float(x):
    return from_bf16(x) if x.dtype == DTYPES["bf16"] else x


def to_double(x):
    return to_float(x).astype(np.float64)


def convert(x, dtype):
    return to_bf16(x) if dtype == DTYPES["bf16"] else x.astype(dtype)


def run(*command):
    result = subprocess.run(
        list(map(str, command)), check=False, capture_output=True, text=True
    )
    if result.returncode:
        sys.exit(
            f"{' '.join(map(str, command))}\n{result.stdout[-4000:]}{result.stderr[-4000:]}"
        )
    return result.stdout


class Buffer:
    """Memory of `array` (flat), from element `offset` on."""

    def __init__(self, array, shape, offset=0, strides=None):
        self.array, self.shape, self.offset = array, list(shape), offset
        if strides is None:
            strides = [1] * len(self.shape)
            for i in range(len(self.shape) - 2, -1, -1):
                strides[i] = strides[i + 1] * self.shape[i + 1]
        self.strides = strides

    def to_numpy(self):
        size = int(np.prod(self.shape, dtype=np.int64))
        return self.array[self.offset : self.offset + size].reshape(self.shape)


class Address:
    def __init__(self, array, byte):
        self.array, self.byte = array, byte


def parse_memref(text):
    """Extents (None: open) and element."""
    inner = re.match(r"memref<(.*?)(?:, .*)?>$", text).group(1)
    *dims, element = inner.split("x")
    return [None if d == "?" else int(d) for d in dims], element


def read_weights(text):
    """The bytes of each weight, or the one value of all elements."""
    weights = {}
    for attributes in re.findall(r'"ockham\.weight"\(\) <\{(.*?)\}> :', text):
        name = re.search(r'sym_name = "([^"]*)"', attributes).group(1)
        if found := re.search(r'dense<"0x([0-9A-Fa-f]+)">', attributes):
            weights[name] = bytes.fromhex(found.group(1))
        elif found := re.search(r"dense<(\[*)([-+.\de]+)\]*>", attributes):
            weights[name] = float(found.group(2))
    # Packed ones are resources; the first four bytes are an alignment. A name
    # begins once, not at each digit of what is in front of it.
    for name, digits in re.findall(r'(?<![\w.$-])([\w.$-]+): "0x([0-9A-Fa-f]+)"', text):
        weights[name] = bytes.fromhex(digits[8:])
    return weights


class Module:
    """A module that was lowered up to launches."""

    # Of the kernels that a launch chooses between, the one that runs, on its own
    # grid: a number below count_choices(), where launches that have fewer take
    # their last one; ALL; or None for the launch's own choice. What they write
    # is the same, so that the reference of one is that of the others.
    choice = None

    def __init__(self, source, folder, passes="", options=(), arch="80", tf32=False):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        strategies = f"arch={arch}{' tf32=true' if tf32 else ''}"
        lower = LOWER.replace("arch=80", strategies)
        pipeline = lower if not passes else f"{passes},{lower}"
        text = run("ockham-opt", source, f"--pass-pipeline=builtin.module({pipeline})",
                   "--mlir-print-op-generic",
                   "--mlir-print-elementsattrs-with-hex-if-larger=1", *options)  # fmt: skip
        self.weights = read_weights(text)
        self.text = text
        self.code = {}
        self.kernels = {}
        for attributes in re.findall(r"\{gpu\.kernel, (.*?)\} : \(\)", text):
            name = re.search(r'sym_name = "([^"]*)"', attributes).group(1)
            threads = int(re.search(r"reqntid = array<i32: (\d+)", attributes).group(1))
            shared = int(re.search(r"shared_bytes = (\d+)", attributes).group(1))
            self.kernels[name] = (threads, shared)
        body = re.search(r'"func\.func"\(\).*?\n  \^bb0(?:\((.*?)\))?:\n(.*?)\n  \}\)', text, re.DOTALL)  # fmt: skip
        if not body:
            sys.exit(f"{source}: there is no host function\n{text[:2000]}")
        self.arguments = re.findall(
            r"(%\w+): ([^%]*?)(?:, (?=%)|$)", body.group(1) or ""
        )
        self.lines = [line.strip() for line in body.group(2).split("\n")]
        self.launches = 0
        self.launched = set()  # Names of kernels that ran.

    def count_choices(self):
        """Between how many kernels a launch chooses, at most: of all but the last,
        an scf.if asks, in the else of the one before."""
        regions, most = [], 0
        for line in self.lines:
            if line.startswith("})"):
                regions.pop()
            if line.endswith("({"):
                regions.append('"scf.if"' in line)
                most = max(most, sum(regions))
        return most + 1

    def get_code(self, kernel):
        """A file with the bitcode of one kernel."""
        if kernel not in self.code:
            start = self.text.index('  "gpu.module"()')
            functions = self.text.index('    "gpu.func"()', start)
            wanted = next(
                f for f in re.findall(r'    "gpu\.func"\(\).*?\n    \}\) \{.*?\n', self.text[functions:], re.DOTALL)
                if f'sym_name = "{kernel}"' in f.rsplit("\n", 2)[-2]
            )  # fmt: skip
            path = self.folder / f"{kernel}.mlir"
            path.write_text(
                '"builtin.module"() ({\n' + self.text[start:functions] + wanted
                + "  }) : () -> ()\n}) {gpu.container_module} : () -> ()\n"
            )  # fmt: skip
            code = subprocess.run(
                ["ockham-emulate", path, "--chip", "sm_80", "--emit-llvm"],
                check=False, capture_output=True,
            )  # fmt: skip
            if code.returncode:
                sys.exit(f"{path}: {code.stderr.decode()[-4000:]}")
            self.code[kernel] = self.folder / f"{kernel}.ll"
            self.code[kernel].write_bytes(code.stdout)
        return self.code[kernel]

    def __call__(self, inputs, emulate=()):
        """What the function returns for arrays in the order of its arguments."""
        values = {}
        for (name, kind), array in zip(self.arguments, inputs):
            if kind.startswith("memref"):
                flat = np.ascontiguousarray(array).reshape(-1).copy()
                values[name] = Buffer(flat, np.shape(array))
            else:
                values[name] = array
        self.emulate = list(emulate)
        results = self.run_lines(iter(self.lines), values)
        return [value.to_numpy() for value in results]

    def skip(self, lines):
        """To the end of a region; its last line."""
        depth = 0
        for line in lines:
            if depth == 0 and line.startswith("}"):
                return line
            depth += line.endswith("({") - line.startswith("})")
        return None

    def run_lines(self, lines, values, before=0):
        """Up to the end of a region, whose last line is returned, or of the
        function. `before`: kernels that the launch could have taken before."""
        for line in lines:
            if line.startswith("}"):
                return line
            match = re.match(
                r'(?:(%\w+)(?::\d+)? = )?"([\w.]+)"\(([^()]*)\)(.*)$', line
            )
            if not match:
                sys.exit(f"host code that the test does not know: {line}")
            result, name, operands, rest = match.groups()
            operands = [values[o] for o in re.findall(r"%\w+(?:#\d+)?", operands)]
            if name == "func.return":
                return operands
            if name == "scf.if":
                fits = operands[0] if self.choice is None else self.choice == before
                if fits or self.choice == ALL:
                    end = self.run_lines(lines, values)
                else:
                    end = self.skip(lines)
                if not end.endswith("{"):
                    continue
                if fits:
                    self.skip(lines)
                else:
                    self.run_lines(lines, values, before + 1)
                continue
            if name.startswith("linalg."):
                self.run_linalg(name, operands, lines)
                continue
            value = self.evaluate(name, operands, rest, line)
            if name == "memref.extract_strided_metadata":
                for i, item in enumerate(value):
                    values[f"{result}#{i}"] = item
            elif result:
                values[result] = value
        return None

    def run_linalg(self, name, operands, lines):
        """What checks of ids are made of: a number, the least, the largest."""
        body = []
        for line in lines:
            if line.startswith("}"):
                break
            body.append(line)
        to = operands[-1].to_numpy()
        ops = re.findall(r'= "(\w+\.\w+)"', "\n".join(body))
        if name == "linalg.fill":
            to[...] = operands[0]
        elif ops and ops[-1] == "arith.minsi":
            to[...] = min(to.item(), operands[0].to_numpy().min(initial=2**31 - 1))
        elif ops and ops[-1] == "arith.maxsi":
            to[...] = max(to.item(), operands[0].to_numpy().max(initial=-(2**31)))
        elif ops in (["arith.truncf"], ["arith.extf"]):
            to[...] = convert(to_float(operands[0].to_numpy()), to.dtype)
        else:
            sys.exit(f"host code that the test does not know: {name} of {ops}")

    def evaluate(self, name, operands, rest, line):
        a = operands[0] if operands else None
        b = operands[1] if len(operands) > 1 else None
        if name == "arith.constant":
            value = re.search(r"value = (-?[\w.+-]+)", rest).group(1)
            if value in ("true", "false"):
                return value == "true"
            return int(value) if re.fullmatch(r"-?\d+", value) else float(value)
        if name == "arith.addi":
            if isinstance(a, Address):
                return Address(a.array, a.byte + b)
            return Address(b.array, b.byte + a) if isinstance(b, Address) else a + b
        simple = {
            "arith.subi": lambda: a - b,
            "arith.muli": lambda: a * b,
            "arith.divui": lambda: a // b,
            "arith.divsi": lambda: a // b,
            "arith.remui": lambda: a % b,
            "arith.ceildivui": lambda: -(-a // b),
            "arith.ceildivsi": lambda: -(-a // b),
            "arith.floordivsi": lambda: a // b,
            "arith.maxsi": lambda: max(a, b),
            "arith.minsi": lambda: min(a, b),
            "arith.andi": lambda: a & b,
            "arith.ori": lambda: a | b,
            "arith.xori": lambda: a ^ b,
            "arith.select": lambda: b if a else operands[2],
            "arith.index_cast": lambda: a,
            "llvm.inttoptr": lambda: a,
            "memref.dim": lambda: a.shape[b],
            "memref.cast": lambda: a,
            "memref.load": lambda: a.to_numpy()[tuple(operands[1:])].item(),
            "memref.extract_aligned_pointer_as_index": lambda: Address(a.array, 0),
            "memref.dealloc": lambda: None,
            "ockham.check": lambda: None,
            "scf.yield": lambda: None,
        }
        if name in simple:
            return simple[name]()
        if name == "memref.extract_strided_metadata":
            return [Buffer(a.array, []), a.offset, *a.shape, *a.strides]
        if name == "arith.cmpi":
            signed = [a == b, a != b, a < b, a <= b, a > b, a >= b]
            # No number here is negative, so that unsigned is the same.
            results = signed + signed[2:]
            return results[int(re.search(r"predicate = (\d+)", rest).group(1))]
        kind = rest.rsplit("-> ", 1)[-1]
        if name == "memref.alloc":
            dims, element = parse_memref(kind)
            dynamic = iter(operands)
            shape = [next(dynamic) if d is None else d for d in dims]
            size = int(np.prod(shape, dtype=np.int64))
            # What nobody has written is not a number.
            array = np.frombuffer(b"\xff" * (size * DTYPES[element].itemsize), DTYPES[element])  # fmt: skip
            return Buffer(array.copy(), shape)
        if name == "ockham.load_weight":
            dims, element = parse_memref(kind)
            key = re.search(r"weight = @\"?([\w.$-]+)", rest).group(1)
            weight = self.weights[key]
            if isinstance(weight, float):
                size = int(np.prod(dims, dtype=np.int64))
                return Buffer(np.full(size, weight, DTYPES[element]), dims)
            return Buffer(np.frombuffer(weight, DTYPES[element]).copy(), dims)
        if name == "memref.collapse_shape":
            groups = re.search(r"reassociation = \[(.*?\]|)\]", rest).group(1)
            groups = re.findall(r"\[([\d, ]*)\]", groups)
            shape = [int(np.prod([a.shape[int(i)] for i in g.split(",")])) for g in groups]  # fmt: skip
            if len(groups) == len(a.shape):
                shape = a.shape
            strides = [a.strides[int(g.split(",")[-1])] for g in groups]
            return Buffer(a.array, shape, a.offset, strides)
        if name == "memref.expand_shape":
            static = re.search(r"static_output_shape = array<i64(?:: ([^>]*))?>", rest)
            dynamic = iter(operands[1:])
            shape = [next(dynamic) if int(s) < 0 else int(s) for s in static.group(1).split(",")] if static.group(1) else []  # fmt: skip
            return Buffer(a.array, shape, a.offset)
        if name == "memref.subview":
            dynamic = iter(operands[1:])

            def take(key):
                numbers = re.search(key + r" = array<i64: ([^>]*)>", rest).group(1)
                return [next(dynamic) if int(n) == -(2**63) else int(n) for n in numbers.split(",")]  # fmt: skip

            offsets, sizes = take("static_offsets"), take("static_sizes")
            strides = [s * t for s, t in zip(a.strides, take("static_strides"))]
            offset = a.offset + sum(o * s for o, s in zip(offsets, a.strides))
            return Buffer(a.array, sizes, offset, strides)
        if name == "ockham_cuda.launch":
            kernel = re.search(r"@kernels::@\"?([\w.$-]+)", rest).group(1)
            types = re.search(r": \((.*)\) ->", rest).group(1).split(", ")[3:]
            return self.launch(kernel, operands[0], list(zip(operands[3:], types)))
        sys.exit(f"host code that the test does not know: {line}")

    def run_kernel(self, kernel, command):
        """Runs a launch, which saves its buffers; `kernel` is its name."""
        run(*command, *self.emulate)

    def launch(self, kernel, blocks, arguments):
        if blocks == 0:
            return
        threads, shared = self.kernels[kernel]
        command = ["ockham-emulate", self.get_code(kernel), "--kernel", kernel, "--grid", blocks, "--block", threads, "--shared", shared]  # fmt: skip
        buffers = []
        for value, kind in arguments:
            if not isinstance(value, Address):
                command += ["--arg", f"{'i64' if kind == 'index' else kind}:{value}"]
                continue
            number = next((i for i, (v, _) in enumerate(buffers)
                           if v.array is value.array and v.byte == value.byte), None)  # fmt: skip
            if number is None:
                number = len(buffers)
                first = value.byte // value.array.itemsize
                part = value.array[first:]
                if part.size == 0:
                    part = np.zeros(1, value.array.dtype)
                if part.dtype == np.bool_:
                    part = part.view(np.int8)
                file = self.folder / f"buffer{number}.npy"
                np.save(file, part)
                buffers.append((value, first))
                name = NAMES[part.dtype]
                command += ["--buffer", f"b{number}={name}[{part.size}]={file}"]
            command += ["--arg", f"b{number}"]
        for number in range(len(buffers)):
            command += ["--save", f"b{number}={self.folder}/out{number}.npy"]
        self.run_kernel(kernel, command)
        self.launches += 1
        self.launched.add(kernel)
        for number, (value, first) in enumerate(buffers):
            left = value.array[first:]
            result = np.load(self.folder / f"out{number}.npy")[: left.size]
            left[:] = result.view(left.dtype)


def interpret(source, inputs, outputs, folder, options=("--f64",)):
    """The interpreter's answer; inputs by name."""
    command = ["ockham-interpret", source, *options]
    for name, array in inputs.items():
        file = Path(folder) / f"in-{name}.npy"
        np.save(file, array)
        command += ["--input", f"{name}={file}"]
    for name in outputs:
        command += ["--output", f"{name}={folder}/want-{name}.npy"]
    run(*command)
    return [np.load(Path(folder) / f"want-{name}.npy") for name in outputs]


def get_error(have, want):
    """By how much `have` is off, relative to the largest of `want`; infinities
    and NaNs must be in the same places."""
    have, want = to_double(have), to_double(want)
    if have.shape != want.shape:
        return np.inf
    finite = np.isfinite(want)
    if not np.array_equal(finite, np.isfinite(have)) or not np.array_equal(
        have[~finite], want[~finite], equal_nan=True
    ):
        return np.inf
    if not finite.any():
        return 0.0
    return np.abs(have[finite] - want[finite]).max() / max(
        1.0, np.abs(want[finite]).max()
    )


def get_folder():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


os.environ.setdefault("OCKHAM_CPU", "")
