"""Damages a model in many ways and gives each variant to a tool.

    python3 damage.py MODEL VARIANTS TOOL [ARGUMENT...]

The arguments INPUT and OUTPUT stand for the damaged file and for what the tool
writes. A quarter of the variants are cut off, a quarter have some bytes changed; the
others are valid protobuf whose fields were dropped, doubled, swapped, retyped, given
other numbers or other names. Each variant must be refused with exit code 1, one
error of one line and nothing written, or accepted with exit code 0 and the whole
output. The damage depends on the number of the variant alone.

    python3 damage.py FOLDER TOOL [ARGUMENT...]

does the same with the files of a folder as they are.
"""

import os
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Which fields hold messages, for each kind of message.
ATTRIBUTE, DIMENSION, FUNCTION, GRAPH, MODEL, NODE, OPSET, SHAPE = range(8)
TENSOR, TENSOR_TYPE, TYPE, VALUE_INFO, EXTERNAL = range(8, 13)
MESSAGES = {
    MODEL: {7: GRAPH, 8: OPSET, 25: FUNCTION},
    GRAPH: {1: NODE, 5: TENSOR, 11: VALUE_INFO, 12: VALUE_INFO, 13: VALUE_INFO},
    FUNCTION: {7: NODE, 9: OPSET},
    NODE: {5: ATTRIBUTE},
    ATTRIBUTE: {5: TENSOR, 6: GRAPH},
    TENSOR: {13: EXTERNAL},
    VALUE_INFO: {2: TYPE},
    TYPE: {1: TENSOR_TYPE},
    TENSOR_TYPE: {2: SHAPE},
    SHAPE: {1: DIMENSION},
}
# Fields with names: those of values, nodes, attributes, operators, dimensions.
NAMES = {
    GRAPH: {2},
    NODE: {1, 2, 3, 4, 7},
    ATTRIBUTE: {1, 21},
    TENSOR: {8},
    VALUE_INFO: {1},
    DIMENSION: {2},
}
INTEGERS = [0, 1, 2, 3, 5, 6, 7, 8, 9, 16, 64, 65, 1 << 20, 1 << 31, 1 << 62]
INTEGERS += [(1 << 64) - 1, (1 << 64) - 2, 1 << 63]


def read_varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position


def write_varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | (value & 0x7F))
        value >>= 7
    out.append(value)
    return bytes(out)


def parse(data, kind):
    """A message as a list of [number, wire type, value]."""
    fields, position = [], 0
    while position < len(data):
        tag, position = read_varint(data, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, position = read_varint(data, position)
        elif wire == 2:
            length, position = read_varint(data, position)
            value = data[position : position + length]
            position += length
            inner = MESSAGES.get(kind, {}).get(number)
            if inner is not None:
                value = parse(value, inner)
        else:
            length = 8 if wire == 1 else 4
            value = data[position : position + length]
            position += length
        fields.append([number, wire, value])
    return fields


def serialize(fields):
    out = bytearray()
    for number, wire, value in fields:
        out += write_varint(number << 3 | wire)
        if wire == 0:
            out += write_varint(value)
            continue
        data = serialize(value) if isinstance(value, list) else value
        if wire == 2:
            out += write_varint(len(data))
        out += data
    return bytes(out)


def walk(fields, kind):
    """All messages below and including this one, each with its kind."""
    yield fields, kind
    for number, _, value in fields:
        if isinstance(value, list):
            yield from walk(value, MESSAGES[kind][number])


def damage_structure(data, rng):
    model = parse(data, MODEL)
    for _ in range(rng.choice([1, 1, 2, 4])):
        messages = [m for m in walk(model, MODEL) if m[0]]
        # Kinds first: there are many more attributes than inputs.
        wanted = rng.choice(sorted({kind for _, kind in messages}))
        fields, kind = rng.choice([m for m in messages if m[1] == wanted])
        place = rng.randrange(len(fields))
        field = fields[place]
        names = [
            f[2]
            for m, k in messages
            for f in m
            if f[0] in NAMES.get(k, ()) and isinstance(f[2], bytes)
        ]
        change = rng.randrange(6)
        if change == 0:
            del fields[place]
        elif change == 1:
            fields.insert(rng.randrange(len(fields) + 1), list(field))
        elif change == 2:
            other = rng.randrange(len(fields))
            fields[place], fields[other] = fields[other], fields[place]
        elif field[1] == 0:
            field[2] = rng.choice(INTEGERS + [field[2] + 1, max(0, field[2] - 1)])
        elif field[0] in NAMES.get(kind, ()):
            field[2] = rng.choice(names + [b"", b"\xff\n"])
        elif isinstance(field[2], bytes) and field[1] == 2:
            cut = rng.randrange(len(field[2]) + 1)
            field[2] = field[2][:cut]
        else:
            field[0] = rng.randrange(1, 27)
            if isinstance(field[2], list):
                field[2] = serialize(field[2])
    return serialize(model)


def damage(data, variant):
    rng = random.Random(variant)
    if variant % 4 == 0:
        return data[: rng.randrange(len(data))]
    if variant % 4 != 1:
        return damage_structure(data, rng)
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        kind = rng.randrange(3)
        # The nodes stand in front and are more interesting than the weights.
        position = rng.randrange(len(data) // rng.choice([1, 4, 4, 4]))
        if kind == 0:
            data[position] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[position] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        else:
            del data[position : position + rng.choice([1, 2, 8])]
    return bytes(data)


def check(data, name, command):
    with tempfile.TemporaryDirectory() as folder:
        paths = {"INPUT": f"{folder}/input.onnx", "OUTPUT": f"{folder}/out/output"}
        os.mkdir(f"{folder}/out")
        with open(paths["INPUT"], "wb") as file:
            file.write(data)
        result = subprocess.run(
            [paths.get(argument, argument) for argument in command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=300,
            check=False,
        )
        written = os.listdir(f"{folder}/out")
    text = result.stderr.decode(errors="replace")
    errors = [line for line in text.splitlines() if " error: " in line]
    others = [line for line in text.splitlines() if " error: " not in line]
    quiet = all(" warning: " in line for line in others)
    if result.returncode == 0 and not errors and quiet and written == ["output"]:
        return "accepted"
    if result.returncode == 1 and len(errors) == 1 and quiet and not written:
        return "refused"
    return f"{name}: exit code {result.returncode}, wrote {written}\n{text}"


def main():
    source = Path(sys.argv[1])
    if source.is_dir():
        files = [(path.read_bytes(), path.name) for path in sorted(source.iterdir())]
        command = sys.argv[2:]
    else:
        data, count, command = source.read_bytes(), int(sys.argv[2]), sys.argv[3:]
        files = [(damage(data, v), f"variant {v}") for v in range(count)]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda file: check(*file, command), files))
    wrong = [r for r in results if r not in ("accepted", "refused")]
    print("\n".join(wrong))
    print(
        f"refused {results.count('refused')}, accepted {results.count('accepted')}, "
        f"wrong {len(wrong)}"
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
