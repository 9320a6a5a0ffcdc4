#!/usr/bin/env python3
"""Writes burrow/_abi.py from include/burrow.h, or checks that it is up to date.

    python3 bindings/python/generate.py                      write the table
    python3 bindings/python/generate.py --check              compare it, and compile a C probe that confirms the
                                                             size and offsets of every struct and every constant
    python3 bindings/python/generate.py --check --library P  also look up every function in a library

The header is simple on purpose (no macros with behaviour, no bit-fields, nothing passed by value), so a few
expressions read it completely; whatever they do not understand is an error, never skipped.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
HEADER = HERE.parent.parent / "include" / "burrow.h"
TABLE = HERE / "burrow" / "_abi.py"

SCALARS = {
    "int8_t": "c_int8", "uint8_t": "c_uint8", "int16_t": "c_int16", "uint16_t": "c_uint16",
    "int32_t": "c_int32", "uint32_t": "c_uint32", "int64_t": "c_int64", "uint64_t": "c_uint64",
    "size_t": "c_size_t", "float": "c_float", "double": "c_double",
}  # fmt: skip


class Unknown(Exception):
    """The header says something this reader does not understand."""


@dataclass
class Field:
    name: str
    type: str
    annotation: str


@dataclass
class Header:
    """What the header declares, in its order."""

    scalars: dict[str, str] = field(default_factory=dict)
    opaque: list[str] = field(default_factory=list)
    constants: dict[str, int] = field(default_factory=dict)
    structs: dict[str, list[Field]] = field(default_factory=dict)
    callbacks: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    functions: dict[str, tuple[str, list[str]]] = field(default_factory=dict)


def preprocess(text: str) -> str:
    """Takes away comments, preprocessor lines, attributes and the wrapping for C++."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"^[ \t]*#.*?(?<!\\)$", "", text, flags=re.M | re.S)
    text = re.sub(r'extern\s+"C"\s*\{', "", text)
    text = re.sub(r"\bBURROW_(NONNULL|NULLABLE|WARN_UNUSED|API)\b", " ", text)
    return re.sub(r"\s+", " ", text).strip()


def parse(text: str) -> Header:
    """Reads every declaration; raises on the first that is not understood."""
    header = Header()
    rest = preprocess(text)
    while rest and rest != "}":
        for pattern, handle in DECLARATIONS:
            if match := pattern.match(rest):
                handle(header, *match.groups())
                rest = rest[match.end() :].strip()
                break
        else:
            raise Unknown(f"not understood: {rest[:120]}")
    return header


def on_enum(header: Header, body: str) -> None:
    for entry in filter(None, (part.strip() for part in body.split(","))):
        match = re.fullmatch(r"(BURROW_\w+) = (-?\w+)", entry)
        if not match:
            raise Unknown(f"constant without a written value: {entry}")
        header.constants[match[1]] = int(match[2], 0)


def on_struct(header: Header, tag: str, body: str, name: str) -> None:
    if tag != name:
        raise Unknown(f"struct {tag} is called {name}")
    fields: list[Field] = []
    for entry in filter(None, (part.strip() for part in body.split(";"))):
        first, *others = [part.strip() for part in entry.split(",")]
        match = re.fullmatch(r"(.*?[\s*])(\w+)(?:\[(\w+)\])?", first)
        if not match or (others and "*" in first):
            raise Unknown(f"field of {name}: {entry}")
        fields.append(struct_field(header, match[1], match[2], match[3]))
        fields += [struct_field(header, match[1], other, None) for other in others]
    header.structs[name] = fields


def struct_field(header: Header, base: str, name: str, length: str | None) -> Field:
    base = " ".join(base.replace("*", " * ").split())
    if length is not None:
        count = header.constants[length] if length in header.constants else int(length, 0)
        if base == "char":
            return Field(name, f"ctypes.c_char * {count}", "bytes")
        if base.endswith("*"):
            return Field(name, f"ctypes.c_void_p * {count}", "ctypes.Array[ctypes.c_void_p]")
        return Field(name, f"{scalar(header, base)} * {count}", f"ctypes.Array[{scalar(header, base)}]")
    if base.endswith("*"):
        if base == "const char *":
            return Field(name, "ctypes.c_char_p", "bytes | None")
        if base in ("const char * const *", "const char *const *"):
            # Typed loosely: an array of pointers is assigned to it.
            return Field(name, "ctypes.POINTER(ctypes.c_char_p)", "Any")
        return Field(name, "ctypes.c_void_p", "int | None")
    return Field(name, scalar(header, base), "int")


def scalar(header: Header, name: str) -> str:
    if name in SCALARS:
        return f"ctypes.{SCALARS[name]}"
    if name in header.scalars:
        return header.scalars[name]
    raise Unknown(f"type {name}")


def parameters(header: Header, text: str) -> list[str]:
    if text.strip() in ("void", ""):
        return []
    return [parameter(header, part.strip()) for part in text.split(",")]


def parameter(header: Header, text: str) -> str:
    match = re.fullmatch(r"(.*?[\s*])(\w+)(\[\w*\])?", text)
    if not match:
        raise Unknown(f"parameter {text}")
    base = " ".join(match[1].replace("*", " * ").split()) + (" *" if match[3] else "")
    return pointer_or_scalar(header, base)


def pointer_or_scalar(header: Header, base: str) -> str:
    if base in header.callbacks:
        return base
    if not base.endswith("*"):
        return scalar(header, base)
    target = base[:-1].strip()
    constant = target.startswith("const ")
    plain = target.removeprefix("const ").strip()
    if plain in header.structs:
        return f"ctypes.POINTER({plain})"
    if plain == "char * const":
        return "ctypes.POINTER(ctypes.c_char_p)"
    if plain == "char":
        return "ctypes.c_char_p" if constant else "ctypes.POINTER(ctypes.c_char)"
    if plain in ("void", "uint8_t") or plain in header.opaque:
        return "ctypes.c_void_p"
    if plain.endswith("*") and plain[:-1].strip() in header.opaque:
        return "ctypes.POINTER(ctypes.c_void_p)"
    return f"ctypes.POINTER({scalar(header, plain)})"


def result(header: Header, text: str) -> str:
    text = " ".join(text.replace("*", " * ").split())
    return "None" if text == "void" else pointer_or_scalar(header, text)


def on_callback(header: Header, kind: str, name: str, text: str) -> None:
    header.callbacks[name] = (result(header, kind), parameters(header, text))


def on_function(header: Header, kind: str, name: str, text: str) -> None:
    header.functions[name] = (result(header, kind), parameters(header, text))


def on_scalar(header: Header, base: str, name: str) -> None:
    header.scalars[name] = scalar(header, base)


DECLARATIONS: list[tuple[re.Pattern[str], Callable[..., None]]] = [
    (re.compile(r"enum \{([^}]*)\};"), on_enum),
    (re.compile(r"typedef struct (\w+) \{([^}]*)\} (\w+);"), on_struct),
    (re.compile(r"typedef struct (\w+) \1;"), lambda header, name: header.opaque.append(name)),
    (re.compile(r"typedef (\w+) (\w+);"), on_scalar),
    (re.compile(r"typedef ([\w *]+?) ?\(\*(\w+)\)\(([^)]*)\);"), on_callback),
    (re.compile(r"([\w *]+?[ *])(burrow_\w+)\(([^)]*)\);"), on_function),
]


def python(header: Header) -> str:
    """The text of the table."""
    lines = [
        '"""The C ABI as ctypes: constants, structs, callbacks and functions.',
        "",
        "Generated by generate.py from include/burrow.h. Do not edit.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "import ctypes",
        "from typing import Any, Final",
        "",
    ]
    lines += [f"{name}: Final = {value}" for name, value in header.constants.items()]
    for name, fields in header.structs.items():
        lines += ["", "", f"class {name}(ctypes.Structure):"]
        lines += [f"    {entry.name}: {entry.annotation}" for entry in fields]
        lines += ["", "    _fields_ = ["]
        lines += [f'        ("{entry.name}", {entry.type}),' for entry in fields]
        lines += ["    ]"]
    lines += ["", ""]
    for name, (kind, types) in header.callbacks.items():
        lines.append(f"{name} = ctypes.CFUNCTYPE({', '.join([kind, *types])})")
    lines += ["", "FUNCTIONS: Final[dict[str, tuple[Any, list[Any]]]] = {"]
    for name, (kind, types) in header.functions.items():
        lines.append(f'    "{name}": ({kind}, [')
        lines += [f"        {entry}," for entry in types]
        lines[-1:] = [lines[-1], "    ]),"] if types else [f'    "{name}": ({kind}, []),']
    lines += ["}", "", "STRUCTS: Final[list[type[ctypes.Structure]]] = ["]
    lines += [f"    {name}," for name in header.structs]
    lines += ["]", ""]
    return "\n".join(lines)


def probe(header: Header, file: Path) -> dict[str, dict[str, int]]:
    """Compiles the header with the C compiler and asks it for sizes, offsets and values."""
    lines = ["#include <stdio.h>", f'#include "{file}"', "int main(void) {"]

    def show(key: str, value: str) -> None:
        lines.append(f'  printf("%s %lld\\n", "{key}", (long long)({value}));')

    for name, fields in header.structs.items():
        show(f"size {name}", f"sizeof({name})")
        for entry in fields:
            show(f"offset {name}.{entry.name}", f"offsetof({name}, {entry.name})")
            show(f"width {name}.{entry.name}", f"sizeof((({name} *)0)->{entry.name})")
    for name in header.constants:
        show(f"constant {name}", name)
    lines += ["  return 0;", "}"]
    answer: dict[str, dict[str, int]] = {"size": {}, "offset": {}, "width": {}, "constant": {}}
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "probe.c"), Path(folder, "probe")
        source.write_text("\n".join(lines))
        subprocess.run(["cc", "-std=c99", "-o", str(binary), str(source)], check=True, timeout=60)
        output = subprocess.run([str(binary)], check=True, capture_output=True, text=True, timeout=60).stdout
    for line in output.splitlines():
        kind, key, value = line.split()
        answer[kind][key] = int(value)
    return answer


def differences(header: Header, file: Path, table: ModuleType) -> list[str]:
    """Where the ctypes table and the C compiler disagree."""
    truth, found = probe(header, file), []
    for name, fields in header.structs.items():
        struct = getattr(table, name)
        if ctypes.sizeof(struct) != truth["size"][name]:
            found.append(f"sizeof({name}) is {truth['size'][name]}, not {ctypes.sizeof(struct)}")
        for entry in fields:
            key, here = f"{name}.{entry.name}", getattr(struct, entry.name)
            if here.offset != truth["offset"][key] or here.size != truth["width"][key]:
                found.append(f"{key} is at {truth['offset'][key]}, {truth['width'][key]} bytes; not {here}")
    for name, value in truth["constant"].items():
        if getattr(table, name) != value:
            found.append(f"{name} is {value}, not {getattr(table, name)}")
    return found


def load(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location("burrow_abi_table", path)
    if specification is None or specification.loader is None:
        raise Unknown(f"cannot load {path}")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--header", type=Path, default=HEADER)
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when something differs")
    parser.add_argument("--library", type=Path, help="with --check: look up every function in this library")
    parser.add_argument("--json", action="store_true", help="print what the header declares")
    options = parser.parse_args()
    header = parse(options.header.read_text())
    if options.json:
        print(json.dumps({"functions": header.functions, "constants": header.constants}, indent=1))
        return 0
    text = python(header)
    if not options.check:
        options.table.write_text(text)
        print(f"{options.table}: {len(header.functions)} functions, {len(header.structs)} structs")
        return 0
    problems = []
    if not options.table.exists() or options.table.read_text() != text:
        problems.append(f"{options.table.name} is not what generate.py makes of {options.header.name}; run it")
    else:
        problems += differences(header, options.header.resolve(), load(options.table))
    if options.library:
        library = ctypes.CDLL(str(options.library))
        missing = [name for name in header.functions if not hasattr(library, name)]
        problems += [f"{name} is not in {options.library.name}" for name in missing]
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"Python table: {len(header.functions)} functions, {len(header.structs)} structs, as in the header")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
