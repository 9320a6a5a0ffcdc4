"""What a header declares, as the writers of the bindings see it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


class Unknown(Exception):
    """The header says something this generator does not understand."""


@dataclass(frozen=True)
class Type:
    """A type of the header.

    ``kind`` is "void", "char", "scalar" (``name`` is a type of stdint.h or size_t), "struct", "opaque", "callback",
    "pointer" (``target``) or "array" (``target``, ``count``).
    """

    kind: str
    name: str = ""
    #: The header's own name of a scalar, such as burrow_status; else the same as name.
    alias: str = ""
    target: Type | None = None
    count: int = 0
    const: bool = False

    def points_to(self, *kinds: str) -> bool:
        return self.kind == "pointer" and self.target is not None and self.target.kind in kinds

    @property
    def is_text(self) -> bool:
        """Text that is read: a pointer to constant characters."""
        return self.points_to("char") and self.target is not None and self.target.const

    @property
    def is_texts(self) -> bool:
        """An array of texts."""
        return self.points_to("pointer") and self.target is not None and self.target.is_text


@dataclass
class Documentation:
    """A documentation comment, taken apart."""

    #: Paragraphs, each one line.
    paragraphs: list[str] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)
    returns: str = ""
    threading: str = ""
    ownership: str = ""
    since: str = ""

    @classmethod
    def read(cls, comment: str | None) -> Documentation:
        """Reads `/** ... */` with the tags of this header; an unknown tag is an error."""
        made = cls()
        if not comment:
            return made
        text = re.sub(r"^/\*+<?|\*+/$", "", comment.strip())
        lines = [re.sub(r"^\s*\*? ?", "", line).rstrip() for line in text.splitlines()]
        body, *tags = re.split(r"(?m)^\s*@", "\n".join(lines))
        made.paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", body) if part.strip()]
        for tag in tags:
            word, _, rest = tag.partition(" ")
            rest = " ".join(rest.split())
            if word == "param":
                name, _, rest = rest.partition(" ")
                made.parameters[name] = rest.strip()
            elif word == "return":
                made.returns = rest
            elif word in ("threading", "ownership", "since"):
                setattr(made, word, rest)
            else:
                raise Unknown(f"tag @{word}")
        return made


@dataclass
class Constant:
    name: str
    value: int
    documentation: Documentation


@dataclass
class Constants:
    """One anonymous enumeration."""

    title: str
    members: list[Constant]


@dataclass
class Field:
    name: str
    type: Type
    documentation: Documentation


@dataclass
class Struct:
    name: str
    fields: list[Field]
    documentation: Documentation


@dataclass
class Opaque:
    name: str
    documentation: Documentation


@dataclass
class Scalar:
    """A name of the header's own for a scalar."""

    name: str
    type: Type
    documentation: Documentation


@dataclass
class Parameter:
    name: str
    type: Type


@dataclass
class Function:
    """A function, or the type of a function the host hands in."""

    name: str
    result: Type
    parameters: list[Parameter]
    documentation: Documentation


@dataclass
class Header:
    """Everything, in the order of the header."""

    scalars: list[Scalar] = field(default_factory=list)
    opaques: list[Opaque] = field(default_factory=list)
    constants: list[Constants] = field(default_factory=list)
    structs: list[Struct] = field(default_factory=list)
    callbacks: list[Function] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
