"""Writes kernels in MLIR, as a compiler would: straight from Python's loops.

Values are SSA names; i32 unless something else is said.
"""

import numpy as np

GLOBAL = "!llvm.ptr<1>"
SHARED = "!llvm.ptr<3>"
CLUSTER = "!llvm.ptr<7>"


class Builder:
    def __init__(self):
        self.lines = []
        self.count = 0
        self.indent = 2

    def emit(self, text):
        self.lines.append("  " * self.indent + text)

    def name(self):
        self.count += 1
        return f"%v{self.count}"

    def op(self, text):
        """Emits an op with one result and returns its name."""
        result = self.name()
        self.emit(f"{result} = {text}")
        return result

    def constant(self, value, kind="i32"):
        return self.op(f"arith.constant {value} : {kind}")

    def value(self, x):
        """Python's integers stand for constants."""
        return self.constant(x) if isinstance(x, int) else x

    def binary(self, op, a, b, kind="i32"):
        return self.op(f"arith.{op} {self.value(a)}, {self.value(b)} : {kind}")

    def add(self, a, b):
        return self.binary("addi", a, b)

    def mul(self, a, b):
        return self.binary("muli", a, b)

    def div(self, a, b):
        return self.binary("divui", a, b)

    def rem(self, a, b):
        return self.binary("remui", a, b)

    def compare(self, predicate, a, b):
        return self.op(
            f"arith.cmpi {predicate}, {self.value(a)}, {self.value(b)} : i32"
        )

    def register(self, name):
        return self.op(f"nvvm.read.ptx.sreg.{name} : i32")

    def pointer(self, base, offset, element="i8", space=SHARED):
        return self.op(
            f"llvm.getelementptr {base}[{self.value(offset)}] : ({space}, i32) -> {space}, {element}"
        )

    def open(self, text):
        self.emit(text + " {")
        self.indent += 1

    def close(self):
        self.indent -= 1
        self.emit("}")

    def when(self, condition):
        self.open(f"scf.if {condition}")

    @staticmethod
    def kinds(carried, kind):
        """One type for all, or a list of types."""
        return [kind] * len(carried) if isinstance(kind, str) else kind

    def loop(self, variable, end, carried=(), kind="f32"):
        """Opens a loop from 0 to `end` that carries values; returns their names
        in the loop and after it."""
        zero, one = self.constant(0), self.constant(1)
        head = f"scf.for {variable} = {zero} to {self.value(end)} step {one}"
        if not carried:
            self.open(f"{head} : i32")
            return [], []
        inside = [self.name() for _ in carried]
        result = self.name()
        initial = ", ".join(f"{a} = {b}" for a, b in zip(inside, carried))
        types = ", ".join(self.kinds(carried, kind))
        self.open(
            f"{result}:{len(carried)} = {head} iter_args({initial}) -> ({types}) : i32"
        )
        return inside, [f"{result}#{i}" for i in range(len(carried))]

    def end_loop(self, carried=(), kind="f32"):
        if carried:
            types = ", ".join(self.kinds(carried, kind))
            self.emit(f"scf.yield {', '.join(carried)} : {types}")
        self.close()

    def store_pair(self, pointer, a, b):
        pair = self.op(f"vector.from_elements {a}, {b} : vector<2xf32>")
        self.emit(
            f"llvm.store {pair}, {pointer} {{alignment = 8 : i64}} : vector<2xf32>, {GLOBAL}"
        )

    def kernel(self, name, arguments, threads, globals_=()):
        """The whole module; `globals_` are lines before the kernel."""
        dynamic = (
            "  llvm.mlir.global external @dynamic() {addr_space = 3 : i32, "
            "alignment = 1024 : i64} : !llvm.array<0 x i8>"
        )
        function = (
            f"  gpu.func @{name}({arguments}) kernel attributes "
            f"{{nvvm.maxntid = array<i32: {threads}, 1, 1>, nvvm.minctasm = 1 : i32}} {{"
        )
        variables = ["  " + line for line in globals_]
        head = ["gpu.module @kernels {", dynamic, *variables, function]
        return "\n".join([*head, *self.lines, "    gpu.return", "  }", "}", ""])


def swizzled(b, base, row, chunk):
    """The offset of a 16-byte chunk in rows of 128 bytes, swizzled as TMA's
    128-byte mode does."""
    mixed = b.binary("xori", chunk, b.rem(row, 8))
    return b.add(b.add(base, b.mul(row, 128)), b.mul(mixed, 16))


def round_to_bf16(x):
    bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bf16(x):
    return (x.astype(np.uint32) << 16).view(np.float32)


def save_bf16(path, bits):
    """As ml_dtypes does: NumPy has no such type."""
    np.save(path, bits.view("V2"))


def write_gemm_data(folder, m, n, k, transposed):
    """a [m, k], b [k, n] or [n, k], and c = a b in double."""
    generator = np.random.default_rng(0)
    a = round_to_bf16(generator.uniform(-1, 1, (m, k)))
    b = round_to_bf16(generator.uniform(-1, 1, (n, k) if transposed else (k, n)))
    save_bf16(f"{folder}/a.npy", a)
    save_bf16(f"{folder}/b.npy", b)
    right = from_bf16(b).astype(np.float64)
    c = from_bf16(a).astype(np.float64) @ (right.T if transposed else right)
    np.save(f"{folder}/c.npy", c.astype(np.float32))
