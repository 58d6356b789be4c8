"""Takes the fatbin out of a compiled model and compares it with what NVIDIA's
`fatbinary` makes of its members.

usage: compare_fatbin.py MODEL.so FATBINARY FOLDER

All must be the same but the text of PTX, of which the other one leaves comments
and indentation out, and with it sizes.
"""

import struct
import subprocess
import sys
from pathlib import Path

MAGIC = struct.pack("<IHH", 0xBA55ED50, 1, 16)
PTX, ELF = 1, 2
NAMES = {PTX: "ptx", ELF: "elf"}
SPECIFIC = 0x100000


def read_members(data):
    """(header without its size, payload) of each; all bytes must be theirs."""
    if data[:8] != MAGIC or struct.unpack_from("<Q", data, 8)[0] != len(data) - 16:
        sys.exit(f"{data[:16].hex()} is no header of {len(data)} bytes")
    members, at = [], 16
    while at < len(data):
        header_bytes, size = struct.unpack_from("<IQ", data, at + 4)
        header = data[at : at + header_bytes]
        if size % 8 or at + header_bytes + size > len(data):
            sys.exit(f"a member at {at} of {len(data)} bytes has {size}")
        payload = data[at + header_bytes : at + header_bytes + size]
        members.append((header[:8] + header[16:], payload))
        at += header_bytes + size
    return members


def strip(text):
    """Lines of PTX without comments and indentation."""
    lines = (line.split("//")[0].split() for line in text.decode().splitlines())
    return [line for line in lines if line]


def main():
    library, fatbinary, folder = sys.argv[1:]
    data = Path(library).read_bytes()
    if data.count(MAGIC) != 1:
        sys.exit(f"{library}: {data.count(MAGIC)} fatbins, expected one")
    start = data.index(MAGIC)
    (size,) = struct.unpack_from("<Q", data, start + 8)
    ours = read_members(data[start : start + 16 + size])
    folder = Path(folder)
    command = [fatbinary, "--64", "--compress=false", f"--create={folder}/theirs"]
    for header, payload in ours:
        kind, arch, flags = (
            struct.unpack_from(format, header, at)[0]
            for format, at in (("<H", 0), ("<I", 20), ("<Q", 32))
        )
        arch = f"{arch}{'a' if flags & SPECIFIC else ''}"
        file = folder / f"{arch}.{NAMES[kind]}"
        if kind == PTX and payload[-1:] != b"\0":
            sys.exit(f"the PTX for sm_{arch} has no closing zero")
        file.write_bytes(payload.rstrip(b"\0") if kind == PTX else payload)
        command.append(f"--image3=kind={NAMES[kind]},sm={arch},file={file}")
        print(f"{NAMES[kind]} for sm_{arch}")
    subprocess.run(command, check=True)
    theirs = read_members((folder / "theirs").read_bytes())
    if len(ours) != len(theirs):
        sys.exit(f"{len(ours)} members, and {len(theirs)} of fatbinary's")
    for number, ((header, payload), (header_2, payload_2)) in enumerate(
        zip(ours, theirs)
    ):
        if header != header_2:
            sys.exit(f"member {number}: {header.hex()}, and {header_2.hex()}")
        if struct.unpack_from("<H", header)[0] == PTX:
            payload, payload_2 = (strip(p.rstrip(b"\0")) for p in (payload, payload_2))
        if payload != payload_2:
            sys.exit(f"member {number}: other code")
    print("the same members")


main()
