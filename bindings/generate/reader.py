"""Reads a C header with libclang. What it does not understand is an error, never skipped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from clang.cindex import Cursor, CursorKind, Diagnostic, Index, TypeKind
from model import Constant, Constants, Documentation, Field, Function, Header, Opaque, Parameter, Scalar, Struct, Type
from model import Unknown

#: Stands in for the two headers that are included, so that no compiler and no system headers are needed.
STANDARD = {
    "stddef.h": "typedef __SIZE_TYPE__ size_t;\n#define NULL ((void *)0)\n",
    "stdint.h": "".join(
        f"typedef __INT{bits}_TYPE__ int{bits}_t;\ntypedef __UINT{bits}_TYPE__ uint{bits}_t;\n" for bits in (8, 16, 32, 64)
    ),
}
NUMBERS = {f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)} | {"size_t"}


def read(path: Path) -> Header:
    """What the header declares."""
    folder = path.resolve().parent
    unit = Index.create().parse(
        str(path.resolve()),
        args=["-x", "c", "-std=c99", "-nostdinc", "-I", str(folder), "-fparse-all-comments"],
        unsaved_files=[(str(folder / name), text) for name, text in STANDARD.items()],
    )
    for diagnostic in unit.diagnostics:
        if diagnostic.severity >= Diagnostic.Warning:
            raise Unknown(str(diagnostic))
    reader = Reader()
    for cursor in unit.cursor.get_children():
        if cursor.location.file and Path(cursor.location.file.name).resolve() == path.resolve():
            reader.declaration(cursor)
    return reader.header


class Reader:
    def __init__(self) -> None:
        self.header = Header()
        self.structs: set[str] = set()
        self.opaques: set[str] = set()
        self.scalars: dict[str, Type] = {}
        self.callbacks: set[str] = set()

    def declaration(self, cursor: Cursor) -> None:
        match cursor.kind:
            case CursorKind.ENUM_DECL:
                self.enumeration(cursor)
            case CursorKind.STRUCT_DECL:
                if cursor.is_definition():
                    self.struct(cursor)
            case CursorKind.TYPEDEF_DECL:
                self.name(cursor)
            case CursorKind.FUNCTION_DECL:
                self.function(cursor)
            case _:
                raise Unknown(f"{cursor.location}: {cursor.kind} {cursor.spelling}")

    def enumeration(self, cursor: Cursor) -> None:
        members = []
        for member in cursor.get_children():
            if not any(True for _ in member.get_children()):
                raise Unknown(f"{member.location}: {member.spelling} has no written value")
            # A comment with one star speaks of what follows in general, not of this constant.
            comment = member.raw_comment if (member.raw_comment or "").startswith("/**") else None
            members.append(Constant(member.spelling, member.enum_value, Documentation.read(comment)))
        # "/* ---- area ---- */" is a heading of the header.
        title = cursor.raw_comment or ""
        paragraphs = [] if "----" in title else Documentation.read(title).paragraphs
        self.header.constants.append(Constants(" ".join(paragraphs), members))

    def struct(self, cursor: Cursor) -> None:
        fields = []
        for entry in cursor.get_children():
            if entry.kind != CursorKind.FIELD_DECL or entry.is_bitfield():
                raise Unknown(f"{entry.location}: {entry.kind} in {cursor.spelling}")
            fields.append(Field(entry.spelling, self.type(entry.type), documentation(entry)))
        self.structs.add(cursor.spelling)
        self.header.structs.append(Struct(cursor.spelling, fields, documentation(cursor)))

    def name(self, cursor: Cursor) -> None:
        """A typedef: of a struct above, of one that is never defined, of a scalar, or of a pointer to a function."""
        below = cursor.underlying_typedef_type
        canonical = below.get_canonical()
        if canonical.kind == TypeKind.RECORD:
            tag = canonical.get_declaration().spelling
            if tag != cursor.spelling:
                raise Unknown(f"{cursor.location}: struct {tag} is called {cursor.spelling}")
            if tag not in self.structs:
                self.opaques.add(tag)
                self.header.opaques.append(Opaque(tag, documentation(cursor)))
        elif canonical.kind == TypeKind.POINTER and canonical.get_pointee().kind == TypeKind.FUNCTIONPROTO:
            self.callbacks.add(cursor.spelling)
            prototype = below.get_pointee()
            while prototype.kind not in (TypeKind.FUNCTIONPROTO,):
                prototype = prototype.get_canonical()
            names = [child.spelling for child in cursor.get_children() if child.kind == CursorKind.PARM_DECL]
            self.header.callbacks.append(self.prototype(cursor, prototype, names))
        else:
            kind = self.type(below)
            if kind.kind != "scalar":
                raise Unknown(f"{cursor.location}: {cursor.spelling}")
            self.scalars[cursor.spelling] = kind
            self.header.scalars.append(Scalar(cursor.spelling, kind, documentation(cursor)))

    def function(self, cursor: Cursor) -> None:
        if cursor.type.kind != TypeKind.FUNCTIONPROTO or cursor.type.is_function_variadic():
            raise Unknown(f"{cursor.location}: {cursor.spelling} has no prototype or takes any number of arguments")
        names = [argument.spelling for argument in cursor.get_arguments()]
        self.header.functions.append(self.prototype(cursor, cursor.type, names))

    def prototype(self, cursor: Cursor, prototype: Any, names: list[str]) -> Function:
        parameters = []
        for name, kind in zip(names, prototype.argument_types(), strict=True):
            if not name:
                raise Unknown(f"{cursor.location}: a parameter of {cursor.spelling} has no name")
            read = self.type(kind)
            if read.kind not in ("scalar", "pointer", "callback"):
                raise Unknown(f"{cursor.location}: {cursor.spelling} takes {name} by value")
            parameters.append(Parameter(name, read))
        result = self.type(prototype.get_result())
        if result.kind not in ("scalar", "pointer", "void"):
            raise Unknown(f"{cursor.location}: what {cursor.spelling} returns")
        return Function(cursor.spelling, result, parameters, documentation(cursor))

    def type(self, kind: Any) -> Type:
        const = kind.is_const_qualified()
        if kind.kind in (TypeKind.TYPEDEF, TypeKind.ELABORATED):
            name = kind.get_declaration().spelling
            if name in NUMBERS:
                return Type("scalar", name, name, const=const)
            if name in self.scalars:
                return Type("scalar", self.scalars[name].name, name, const=const)
            for known, word in ((self.structs, "struct"), (self.opaques, "opaque"), (self.callbacks, "callback")):
                if name in known:
                    return Type(word, name, const=const)
            raise Unknown(f"type {kind.spelling}")
        if kind.kind == TypeKind.POINTER:
            return Type("pointer", target=self.type(kind.get_pointee()), const=const)
        if kind.kind == TypeKind.CONSTANTARRAY:
            return Type("array", target=self.type(kind.element_type), count=kind.element_count)
        if kind.kind == TypeKind.VOID:
            return Type("void", const=const)
        if kind.kind in (TypeKind.CHAR_S, TypeKind.CHAR_U):
            return Type("char", const=const)
        # Nullability stands around the type it speaks of.
        if re.search(r"_(Nullable|Nonnull)$", kind.spelling) and kind.get_canonical().kind == TypeKind.POINTER:
            return Type("pointer", target=self.type(kind.get_canonical().get_pointee()), const=const)
        raise Unknown(f"type {kind.spelling} ({kind.kind})")


def documentation(cursor: Cursor) -> Documentation:
    try:
        comment = cursor.raw_comment
        return Documentation.read(comment if (comment or "").startswith("/**") else None)
    except Unknown as unknown:
        raise Unknown(f"{cursor.location}: {cursor.spelling}: {unknown}") from None
