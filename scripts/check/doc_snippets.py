#!/usr/bin/env python3
"""Code that documents quote is in the files they name, which are compiled or run by tests.

A block after `<!-- from path -->` has to stand in that file line by line, indented as a whole or not. A line with nothing but
`...` or `/* ... */` in it stands for anything that is left out. In docs/guide.md every block of a language is quoted so.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from common import ROOT, files, finish, relative

LANGUAGES = ("c", "python", "dart")
#: Documents in which no code stands that nothing compiles or runs.
STRICT = ("docs/guide.md",)
BLOCK = re.compile(r"^(?:<!-- from (?P<source>\S+) -->\n)?```(?P<language>\w*)\n(?P<code>.*?)^```$", re.M | re.S)
LEFT_OUT = re.compile(r"\s*(?:\.\.\.|/\* \.\.\. \*/|// \.\.\.)\s*")


def parts(code: str) -> list[list[str]]:
    """The pieces of a block that stand in one place each."""
    found: list[list[str]] = [[]]
    for line in code.splitlines():
        if LEFT_OUT.fullmatch(line):
            found.append([])
        else:
            found[-1].append(line.rstrip())
    trimmed = (textwrap.dedent("\n".join(part)).strip("\n") for part in found)
    return [part.splitlines() for part in trimmed if part]


def position(part: list[str], source: list[str], start: int) -> int:
    """Where a piece ends in a file, or -1."""
    for first in range(start, len(source) - len(part) + 1):
        window = textwrap.dedent("\n".join(source[first : first + len(part)]))
        if window.splitlines() == part or window.strip("\n").splitlines() == part:
            return first + len(part)
    return -1


def check(path: Path, problems: list[str]) -> int:
    text = path.read_text(encoding="utf-8")
    count = 0
    for block in BLOCK.finditer(text):
        where = f"{relative(path)}:{text.count(chr(10), 0, block.start()) + 1}"
        if block["source"] is None:
            if relative(path) in STRICT and block["language"] in LANGUAGES:
                problems.append(f"{where}: the block does not say which file it is from")
            continue
        count += 1
        file = ROOT / block["source"]
        if not file.is_file():
            problems.append(f"{where}: {block['source']} is not there")
            continue
        source = [line.rstrip() for line in file.read_text(encoding="utf-8").splitlines()]
        end = 0
        for part in parts(block["code"]):
            end = position(part, source, end)
            if end < 0:
                problems.append(f"{where}: this is not in {block['source']}: {part[0].strip()}")
                break
    return count


def main() -> None:
    problems: list[str] = []
    listed = files(".md")
    count = sum(check(path, problems) for path in listed)
    finish(problems, f"{count} quotations in {len(listed)} documents")


main()
