"""Turns a test function of float32 into one of 16-bit activations.

The function keeps its signature: casts stand behind its arguments and in front
of its result. Weights are rounded; of f16 all of them, as in a model file, of
bf16 only matrices, as `--tfm-narrow-activations` leaves them.
"""

import re

import numpy as np

# Of the largest number of a result: one rounding, and what sums make of those
# of operands that a kernel in front has rounded.
TOLERANCE = {"bf16": 1e-2, "f16": 2e-3}


def encode(values, kind):
    """The bits of 16-bit floats, rounded to the nearest, ties to even."""
    if kind == "f16":
        return values.astype(np.float16).view(np.uint16)
    # A scalar has no view of another type.
    flat = np.asarray(values, np.float32).reshape(-1)
    bits = flat.view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    rounded[np.isnan(flat)] = 0x7FC0
    return rounded.reshape(np.shape(values))


def round_to(values, kind):
    """Float32 numbers that the type has."""
    bits = encode(values, kind)
    if kind == "f16":
        return bits.view(np.float16).astype(np.float32)
    return (bits.astype(np.uint32) << 16).view(np.float32).reshape(values.shape)


def narrow_type(dims, kind):
    extents = dims.split("x")[:-1]
    # Numbers per row and losses stay wide.
    wide = len(extents) > 0 and set(extents) == {"?"}
    wide |= kind == "bf16" and len(extents) < 2 and "?" not in extents
    return f"tensor<{dims}{'f32' if wide else kind}>"


def narrow_types(text, kind):
    return re.sub(r"tensor<((?:[\d?]+x)*)f32>", lambda m: narrow_type(m[1], kind), text)


def narrow_weight(line, kind):
    match = re.match(r'(ockham\.weight .*dense<"0x)([0-9A-F]+)(">.*)', line)
    text = narrow_types(line, kind)
    if not match or text == line:
        return text
    values = np.frombuffer(bytes.fromhex(match[2]), np.float32)
    head, tail = (narrow_types(match[i], kind) for i in (1, 3))
    return head + encode(values, kind).tobytes().hex().upper() + tail


def narrow_line(line, kind):
    # The logarithm of a sum may stay wide.
    if kind == "bf16" and " logsumexp " in line:
        start = line.rindex(" logsumexp ")
        return narrow_types(line[:start], kind) + line[start:]
    return narrow_types(line, kind)


def rename(line, names):
    return re.sub(r"%(\w+)", lambda m: f"%{m[1]}_" if m[1] in names else m[0], line)


def narrow_text(text, kind):
    lines, renamed = [], set()
    for line in text.splitlines():
        if line.startswith("ockham.weight"):
            lines.append(narrow_weight(line, kind))
        elif line.startswith("func.func"):
            lines.append(line)
            arguments = re.findall(r"%(\w+): (tensor<[^ ]*xf32>)", line)
            for name, wide in arguments:
                narrow = narrow_types(wide, kind)
                if narrow != wide:
                    renamed.add(name)
                    lines.append(f"  %{name}_ = tfm.cast %{name} : {wide} to {narrow}")
        elif line.startswith("  return"):
            lines += widen_results(line, lines, kind)
        elif line.startswith("  "):
            lines.append(narrow_line(rename(line, renamed), kind))
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def widen_results(line, before, kind):
    values, types = line[len("  return ") :].split(" : ")
    lines, names = [], []
    for i, (value, wide) in enumerate(zip(values.split(", "), types.split(", "))):
        narrow = narrow_types(wide, kind)
        # The second result of attention may be one that stayed wide.
        logarithm = any(" logsumexp " in text for text in before)
        if narrow == wide or (kind == "bf16" and logarithm and i > 0):
            names.append(value)
            continue
        names.append(f"%out{i}")
        lines.append(f"  %out{i} = tfm.cast {value} : {narrow} to {wide}")
    return [*lines, f"  return {', '.join(names)} : {types}"]
