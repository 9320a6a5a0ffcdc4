#!/usr/bin/env python3
"""Lets a shared library load on a C library that is older than the one it was linked with.

    relax_glibc.py FILE

The Linux library of mdk-python 0.8.0 asks for glibc 2.39, of which it takes nothing but two weak symbols. The loader
refuses it elsewhere all the same, unless the version itself is marked as weak too. Then both symbols are null, which
the program is prepared for. Where glibc is new enough nothing changes.
"""

from __future__ import annotations

import platform
import struct
import sys
from pathlib import Path

VERSIONS_NEEDED = 0x6FFFFFFE  # SHT_GNU_verneed
WEAK = 2  # VER_FLG_WEAK


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def relax(path: Path, have: tuple[int, ...]) -> list[str]:
    """Marks what is newer than ``have``; answers the names of these versions."""
    image = bytearray(path.read_bytes())
    if image[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"{path} is no 64-bit little-endian ELF file")
    (start,) = struct.unpack_from("<Q", image, 0x28)
    size, count = struct.unpack_from("<HH", image, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", image, start + index * size) for index in range(count)]
    changed = []
    for section in sections:
        if section[1] != VERSIONS_NEEDED:
            continue
        strings, library = sections[section[6]][4], section[4]
        while True:
            _, versions, _, first, next_library = struct.unpack_from("<HHIII", image, library)
            entry = library + first
            for _ in range(versions):
                _, flags, _, name, next_entry = struct.unpack_from("<IHHII", image, entry)
                text = image[strings + name : image.index(0, strings + name)].decode()
                if text.startswith("GLIBC_2.") and number(text[6:]) > have and not flags & WEAK:
                    struct.pack_into("<H", image, entry + 4, flags | WEAK)
                    changed.append(text)
                entry += next_entry
            if not next_library:
                break
            library += next_library
    if changed:
        path.write_bytes(image)
    return changed


if __name__ == "__main__":
    print("relaxed:", *(relax(Path(sys.argv[1]), number(platform.libc_ver()[1])) or ["nothing to do"]))
