"""matrix_moves.py FOLDER: ldmatrix and stmatrix of one, two and four matrices, as
they are and transposed, in LLVM IR.

The kernel `load` copies image [32, 8] of 16-bit elements to shared memory and
writes the registers of all forms to out, form by form: [lane, matrix]. `store`
writes registers r [32, 4] by each form to a part of shared memory of its own, which
was zero, and that to out [6, 32, 8]. Lane l gives the row (11 l + 3) % 32.
"""

import sys

import numpy as np

TID = "llvm.nvvm.read.ptx.sreg.tid.x"
BARRIER = "llvm.nvvm.barrier.cta.sync.aligned.all"
FORMS = [(count, trans) for trans in (False, True) for count in (1, 2, 4)]
ROW = (np.arange(32) * 11 + 3) % 32


def intrinsic(op, count, trans):
    return f"llvm.nvvm.{op}.sync.aligned.m8n8.x{count}{'.trans' * trans}.b16.p3"


class Text:
    """Lines of LLVM IR; values are numbered."""

    def __init__(self):
        self.lines, self.count = [], 0

    def emit(self, line):
        self.lines.append("  " + line)

    def op(self, text):
        self.count += 1
        self.emit(f"%v{self.count} = {text}")
        return f"%v{self.count}"

    def pointer(self, base, space, index):
        return self.op(f"getelementptr i32, ptr addrspace({space}) {base}, i32 {index}")

    def load(self, base, space, index):
        pointer = self.pointer(base, space, index)
        return self.op(f"load i32, ptr addrspace({space}) {pointer}, align 4")

    def store(self, value, base, space, index):
        pointer = self.pointer(base, space, index)
        self.emit(f"store i32 {value}, ptr addrspace({space}) {pointer}, align 4")

    def index(self, scale, offset):
        """scale * lane + offset"""
        return self.op(f"add i32 {self.op(f'mul i32 %t, {scale}')}, {offset}")

    def row(self, offset):
        """The lane's row of four words, behind so many words."""
        row = self.op(f"and i32 {self.index(11, 3)}, 31")
        word = self.op(f"add i32 {self.op(f'mul i32 {row}, 4')}, {offset}")
        return self.pointer("@shared", 3, word)

    def barrier(self):
        self.emit(f"call void @{BARRIER}(i32 0)")

    def function(self, name, arguments):
        pointers = ", ".join(f"ptr addrspace(1) %{x}" for x in arguments)
        return "\n".join(
            [
                f"define ptx_kernel void @{name}({pointers}) {{",
                f"  %t = call i32 @{TID}()",
                *self.lines,
                "  ret void",
                "}",
                "",
            ]
        )


def load_kernel():
    text, offset = Text(), 0
    for i in range(4):
        word = text.index(1, 32 * i)
        text.store(text.load("%image", 1, word), "@shared", 3, word)
    text.barrier()
    for count, trans in FORMS:
        kind = "i32" if count == 1 else "{" + ", ".join(["i32"] * count) + "}"
        words = text.op(
            f"call {kind} @{intrinsic('ldmatrix', count, trans)}(ptr addrspace(3) {text.row(0)})"
        )
        for i in range(count):
            word = words if count == 1 else text.op(f"extractvalue {kind} {words}, {i}")
            text.store(word, "%out", 1, text.index(count, offset + i))
        offset += 32 * count
    return text.function("load", ["image", "out"])


def store_kernel():
    text = Text()
    for i in range(4 * len(FORMS)):
        text.store(0, "@shared", 3, text.index(1, 32 * i))
    text.barrier()
    registers = [text.load("%r", 1, text.index(4, i)) for i in range(4)]
    for form, (count, trans) in enumerate(FORMS):
        words = ", ".join(f"i32 {x}" for x in registers[:count])
        text.emit(
            f"call void @{intrinsic('stmatrix', count, trans)}"
            f"(ptr addrspace(3) {text.row(128 * form)}, {words})"
        )
    text.barrier()
    for i in range(4 * len(FORMS)):
        word = text.index(1, 32 * i)
        text.store(text.load("@shared", 3, word), "%out", 1, word)
    return text.function("store", ["r", "out"])


def declarations():
    yield 'target triple = "nvptx64-nvidia-cuda"'
    yield "@shared = internal addrspace(3) global [768 x i32] undef, align 128"
    yield f"declare i32 @{TID}()"
    yield f"declare void @{BARRIER}(i32)"
    for count, trans in FORMS:
        words = ", ".join(["i32"] * count)
        result = "i32" if count == 1 else "{" + words + "}"
        yield f"declare {result} @{intrinsic('ldmatrix', count, trans)}(ptr addrspace(3))"
        yield f"declare void @{intrinsic('stmatrix', count, trans)}(ptr addrspace(3), {words})"


def fragments(trans):
    """Of an 8 x 8 matrix: row and column of what each lane holds, [lane, 2]."""
    lane = np.arange(32)
    row = np.stack([lane // 4] * 2, 1)
    column = np.stack([lane % 4 * 2, lane % 4 * 2 + 1], 1)
    return (column, row) if trans else (row, column)


if __name__ == "__main__":
    folder = sys.argv[1]
    with open(f"{folder}/kernel.ll", "w") as file:
        file.write("\n".join([*declarations(), load_kernel(), store_kernel()]))
    generator = np.random.default_rng(0)
    image = generator.integers(0, 1 << 16, (32, 8)).astype(np.uint16)
    registers = generator.integers(0, 1 << 16, (32, 4, 2)).astype(np.uint16)
    loaded, stored = [], np.zeros((len(FORMS), 32, 8), np.uint16)
    for form, (count, trans) in enumerate(FORMS):
        row, column = fragments(trans)
        words = np.empty((32, count, 2), np.uint16)
        for matrix in range(count):
            places = ROW[8 * matrix : 8 * matrix + 8]
            words[:, matrix] = image[places][row, column]
            stored[form][places[row], column] = registers[:, matrix]
        loaded.append(words.view(np.int32).reshape(-1))
    np.save(f"{folder}/image.npy", image.view(np.int32))
    np.save(f"{folder}/loaded.npy", np.concatenate(loaded))
    np.save(f"{folder}/r.npy", registers.view(np.int32).reshape(32, 4))
    np.save(f"{folder}/stored.npy", stored.view(np.int32))
