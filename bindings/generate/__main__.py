#!/usr/bin/env python3
"""Writes the bindings' tables from include/burrow.h, or checks them.

    scripts/bindings.sh                      write them; `make bindings` does that
    scripts/bindings.sh --check              they are what the header says today, and a C compiler agrees on the size,
                                             the offsets and the values in them
    scripts/bindings.sh --check --library P  and every function is in that library

Written are bindings/python/burrow/_abi.py for ctypes and bindings/dart/lib/src/generated/burrow_abi.dart for dart:ffi. The
header is read with libclang, which scripts/bootstrap.sh installs; without it --check ends with status 77 after what can be
checked all the same.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SKIPPED = 77
sys.path.insert(0, str(HERE))


def tables(header: Path) -> dict[str, str]:
    """The text of each table, by its path below the folder of the bindings."""
    import dart_table
    import python_table
    import reader

    read = reader.read(header)
    return {
        "python/burrow/_abi.py": python_table.write(read),
        "dart/lib/src/generated/burrow_abi.dart": dart_table.write(read),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--header", type=Path, default=ROOT / "include" / "burrow.h")
    parser.add_argument("--bindings", type=Path, default=ROOT / "bindings", help="the folder of the bindings")
    parser.add_argument("--check", action="store_true", help="change nothing; fail when something differs")
    parser.add_argument("--library", type=Path, help="with --check: look up every function in this library")
    options = parser.parse_args()

    from model import Unknown

    try:
        fresh = tables(options.header)
        reason = ""
    except ImportError as error:
        fresh, reason = {}, f"libclang is not there ({error}); run scripts/bootstrap.sh"
    except Unknown as unknown:
        print(f"not understood: {unknown}", file=sys.stderr)
        return 1
    if not options.check:
        if reason:
            print(reason, file=sys.stderr)
            return 1
        for name, text in fresh.items():
            path = options.bindings / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_text() != text:
                path.write_text(text)
                print(f"written: {name}")
        return 0

    problems = [
        f"bindings/{name} is not what the header says; run make bindings"
        for name, text in fresh.items()
        if not (options.bindings / name).exists() or (options.bindings / name).read_text() != text
    ]
    import layout

    table = layout.load(options.bindings / "python/burrow/_abi.py")
    if not problems and shutil.which("cc"):
        problems += layout.differences(table, options.header)
    if options.library:
        problems += layout.missing(table, options.library)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return 1
    print(f"{len(table.FUNCTIONS)} functions, {len(table.STRUCTS)} structs, {len(layout.constants(table))} constants")
    if reason:
        print(reason)
        return SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
