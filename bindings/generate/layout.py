"""Asks a C compiler for the size and the offsets of every struct and the value of every constant of a ctypes table."""

from __future__ import annotations

import ctypes
import importlib.util
import subprocess
import tempfile
from pathlib import Path
from types import ModuleType


def load(path: Path) -> ModuleType:
    """The table as a module of its own."""
    specification = importlib.util.spec_from_file_location("burrow_abi_table", path)
    if specification is None or specification.loader is None:
        raise ImportError(f"cannot load {path}")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def fields(struct: type[ctypes.Structure]) -> list[str]:
    return [entry[0] for entry in struct._fields_]


def constants(table: ModuleType) -> dict[str, int]:
    return {name: value for name, value in vars(table).items() if name.startswith("BURROW_") and isinstance(value, int)}


def probe(table: ModuleType, header: Path) -> dict[str, int]:
    """What the compiler makes of the header, by a name for each number."""
    lines = ["#include <stdio.h>", f'#include "{header}"', "int main(void) {"]

    def show(key: str, value: str) -> None:
        lines.append(f'  printf("%s %lld\\n", "{key}", (long long)({value}));')

    for struct in table.STRUCTS:
        name = struct.__name__
        show(f"sizeof({name})", f"sizeof({name})")
        for entry in fields(struct):
            show(f"{name}.{entry} offset", f"offsetof({name}, {entry})")
            show(f"{name}.{entry} size", f"sizeof((({name} *)0)->{entry})")
    for name in constants(table):
        show(name, name)
    lines += ["  return 0;", "}"]
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "probe.c"), Path(folder, "probe")
        source.write_text("\n".join(lines))
        made = subprocess.run(
            ["cc", "-std=c99", "-w", "-o", str(binary), str(source)], capture_output=True, text=True, timeout=300
        )
        if made.returncode:
            return {"compiler: " + line: 0 for line in made.stderr.splitlines() if "error" in line}
        output = subprocess.run([str(binary)], check=True, capture_output=True, text=True, timeout=300).stdout
    return {key: int(value) for key, _, value in (line.rpartition(" ") for line in output.splitlines())}


def differences(table: ModuleType, header: Path) -> list[str]:
    """Where the table and the C compiler disagree."""
    truth = probe(table, header.resolve())
    if broken := [key for key in truth if key.startswith("compiler: ")]:
        return broken
    here = constants(table)
    for struct in table.STRUCTS:
        here[f"sizeof({struct.__name__})"] = ctypes.sizeof(struct)
        for entry in fields(struct):
            here[f"{struct.__name__}.{entry} offset"] = getattr(struct, entry).offset
            here[f"{struct.__name__}.{entry} size"] = getattr(struct, entry).size
    return [f"{key} is {truth.get(key)}, not {value}" for key, value in here.items() if truth.get(key) != value]


def missing(table: ModuleType, library: Path) -> list[str]:
    """Functions of the table that the library does not have."""
    loaded = ctypes.CDLL(str(library))
    return [f"{name} is not in {library.name}" for name in table.FUNCTIONS if not hasattr(loaded, name)]
