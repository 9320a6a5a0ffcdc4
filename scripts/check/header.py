#!/usr/bin/env python3
"""Reads include/burrow.h: which functions it declares and how each is documented.

    header.py functions                 the names, one a line
    header.py version-script            the linker version script of the release library
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HEADER = ROOT / "include" / "burrow.h"

#: The symbol version node of every release before 1.0.
VERSION_NODE = "BURROW_0"


@dataclass
class Function:
    """One function declaration of the header."""

    name: str
    returns: str
    parameters: list[str]
    line: int
    doc: str | None
    raw_parameters: list[str] = field(default_factory=list)

    @property
    def returns_nothing(self) -> bool:
        return self.returns.split()[-1:] == ["void"]


def _blank(match: re.Match[str]) -> str:
    """Replaces text by as many newlines as it had, so that line numbers stay true."""
    return "\n" * match.group(0).count("\n")


def _parameter_name(text: str) -> str | None:
    """The name in one parameter declaration; None for `void`, '' when it has none."""
    text = text.strip()
    if text in ("", "void"):
        return None
    pointer = re.search(r"\(\s*\*\s*(?:\w+\s+)*(\w+)\s*\)\s*\(", text)
    if pointer:
        return pointer.group(1)
    text = re.sub(r"\[[^\]]*\]", "", text)
    words = re.findall(r"\w+", text)
    if len(words) < 2 or text.rstrip().endswith("*"):
        return ""
    return words[-1]


def _split_parameters(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for char in text:
        depth += char in "([" and 1 or 0
        depth -= char in ")]" and 1 or 0
        if char == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += char
    parts.append(current)
    return [part.strip() for part in parts if part.strip()]


def functions(path: Path = HEADER) -> list[Function]:
    """All functions marked BURROW_API, in the order of the header."""
    source = path.read_text(encoding="utf-8")
    docs: dict[int, str] = {}
    # Documentation comments become a marker that names them; other comments and directives vanish.
    def keep(match: re.Match[str]) -> str:
        comment = match.group(0)
        if comment.startswith("/**") and not comment.startswith("/**<"):
            docs[len(docs)] = comment
            return f"@doc{len(docs) - 1}@" + _blank(match)
        return _blank(match) or " "

    text = re.sub(r"/\*.*?\*/|//[^\n]*", keep, source, flags=re.S)
    text = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", _blank, text, flags=re.M)

    found = []
    for match in re.finditer(r"(?:@doc(\d+)@\s*)?(?:BURROW_WARN_UNUSED\s+)?\bBURROW_API\b([^;{}]*);", text):
        doc, declaration = match.group(1), match.group(2)
        head = re.search(r"\b(burrow_\w+)\s*\(", declaration)
        if not head:
            continue
        depth, end = 0, head.end() - 1
        for end in range(head.end() - 1, len(declaration)):
            depth += {"(": 1, ")": -1}.get(declaration[end], 0)
            if depth == 0:
                break
        raw = _split_parameters(declaration[head.end():end])
        names = [name for name in map(_parameter_name, raw) if name is not None]
        returns = re.sub(r"\bBURROW_[A-Z_]+(?:\([^)]*\))?", " ", declaration[:head.start()])
        found.append(
            Function(
                name=head.group(1),
                returns=" ".join(returns.split()),
                parameters=names,
                line=text.count("\n", 0, match.start(2) + head.start()) + 1,
                doc=docs[int(doc)] if doc is not None else None,
                raw_parameters=raw,
            )
        )
    return found


def version_script(names: list[str]) -> str:
    listed = "".join(f"    {name};\n" for name in sorted(names))
    head = f"{VERSION_NODE} {{\n"
    if listed:
        head += f"  global:\n{listed}"
    return head + "  local:\n    *;\n};\n"


def main() -> int:
    names = [function.name for function in functions()]
    match sys.argv[1:]:
        case ["functions"]:
            print("\n".join(names))
        case ["version-script"]:
            print(version_script(names), end="")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
