"""Parts of a document that a measuring program writes and the others leave alone."""

from __future__ import annotations

import re
from pathlib import Path


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- begin: {name} -->", f"<!-- end: {name} -->"


def write_section(path: Path, name: str, text: str) -> None:
    """Puts a text between the marks of that name, at the end when there are none yet."""
    begin, end = _marks(name)
    whole = path.read_text() if path.exists() else ""
    section = f"{begin}\n{text.strip()}\n{end}"
    old = re.search(re.escape(begin) + ".*?" + re.escape(end), whole, re.S)
    whole = whole[: old.start()] + section + whole[old.end() :] if old else whole.rstrip() + "\n\n" + section + "\n"
    path.write_text(whole)


def marked_sections(path: Path) -> str:
    """All marked sections of a document, for who writes the rest of it anew."""
    if not path.exists():
        return ""
    found = re.findall(r"<!-- begin: ([\w-]+) -->\n.*?<!-- end: \1 -->", path.read_text(), re.S)
    texts = [re.search(re.escape(_marks(name)[0]) + ".*?" + re.escape(_marks(name)[1]), path.read_text(), re.S) for name in found]
    return "".join(f"\n{text.group(0)}\n" for text in texts if text)
