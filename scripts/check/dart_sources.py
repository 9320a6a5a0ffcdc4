#!/usr/bin/env python3
"""Dart sources parse, and what they name is there: native functions with as many arguments, fields, constants, types.

There is no Dart here, so this stands in for a part of its analyzer. A parser (tree-sitter) finds the names; a name counts as
there when the file declares it, or imports a file of ours that exports it, or a library outside that has it (KNOWN).
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from common import ROOT, files, finish, relative, skip

try:
    import tree_sitter
    import tree_sitter_dart
except ImportError:
    python = ROOT / ".venv-bindings" / "bin" / "python"
    if python.exists() and Path(sys.prefix) != python.parent.parent:
        os.execv(python, [str(python), *sys.argv])
    skip("tree-sitter-dart is not installed in .venv-bindings; run scripts/bootstrap.sh")

PACKAGE = ROOT / "bindings" / "dart" / "lib"
TABLE = PACKAGE / "src" / "generated" / "burrow_abi.dart"

#: What we use of libraries that are not ours. Add a name here when you use it for the first time.
KNOWN = {
    "dart:core": """ArgumentError DateTime Duration Exception Finalizer FormatException Future Iterable List Map MapEntry Never
    Null Object
        Function Record Set StackTrace StateError Stream String Symbol Type Uri UnsupportedError WeakReference bool double
        dynamic int num void Comparable Error Expando override deprecated""",
    "dart:async": "Completer Future FutureOr Stream StreamController StreamSubscription Timer Zone",
    "dart:convert": "",
    "dart:io": "File Platform Directory Process",
    "dart:math": "Random",
    "dart:typed_data": "ByteData Float32List Int16List Uint8List TypedData",
    "dart:ui": "Image PixelFormat",
    "dart:ffi": """Allocator Array Char DefaultAsset Double Finalizable Float Int16 Int32 Int64 Int8 Native NativeCallable
        NativeFinalizer NativeFinalizerFunction NativeFunction NativeType Opaque Pointer Size Struct Uint16 Uint32 Uint64 Uint8
        Void""",
    "package:ffi/ffi.dart": "Arena Utf8",
    "package:hooks/hooks.dart": "BuildError",
    "package:code_assets/code_assets.dart": "CodeAsset DynamicLoadingBundled",
    "package:flutter/foundation.dart": "ChangeNotifier Key",
    "package:flutter/material.dart": """Border BorderRadius BoxConstraints BoxDecoration BoxFit Brightness BuildContext Center
        ChangeNotifier ColoredBox Colors Column DecoratedBox DecorationPosition EdgeInsets Expanded FilledButton GridView Icon
        IconButton Icons InputDecoration Key LayoutBuilder ListTile ListenableBuilder MainAxisAlignment MainAxisSize MaterialApp
        MaterialPageRoute MediaQuery Navigator Padding Positioned RawImage Row SafeArea Scaffold SelectableText SizedBox Stack
        StackFit State
        StatefulWidget StatelessWidget Text TextAlign TextEditingController TextField ThemeData ValueKey VoidCallback Widget""",
}  # fmt: skip
PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_dart.language()))
DECLARATIONS = {
    "class_definition", "enum_declaration", "extension_declaration", "extension_type_declaration", "mixin_declaration",
    "type_alias", "function_signature", "getter_signature",
}  # fmt: skip


@dataclass
class Source:
    path: Path
    tree: tree_sitter.Tree
    declared: set[str] = field(default_factory=set)
    #: Each import or export: what from, its prefix, the names it shows (None: all).
    imports: list[tuple[str, str, set[str] | None]] = field(default_factory=list)
    exports: list[tuple[str, str, set[str] | None]] = field(default_factory=list)


def text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


def walk(node: tree_sitter.Node):  # noqa: ANN201
    yield node
    for child in node.children:
        yield from walk(child)


@cache
def source(path: Path) -> Source:
    read = Source(path, PARSER.parse(path.read_bytes()))
    for node in read.tree.root_node.children:
        if node.type in DECLARATIONS:
            # The name of a function follows its result, that of everything else comes first.
            names = [child for child in node.children if child.type in ("identifier", "type_identifier")]
            if names:
                read.declared.add(text(next((n for n in names if n.type == "identifier"), names[0])))
        elif node.type == "static_final_declaration_list":
            read.declared |= {text(entry.children[0]) for entry in node.named_children}
        elif node.type == "import_or_export":
            line = text(node)
            uri = re.search(r"['\"]([^'\"]+)['\"]", line)
            prefix = re.search(r"\bas (\w+)", line)
            show = re.search(r"\bshow ([\w\s,]+)", line)
            entry = (
                uri[1] if uri else "", prefix[1] if prefix else "",
                set(re.findall(r"\w+", show[1])) if show else None,
            )  # fmt: skip
            (read.exports if line.startswith("export") else read.imports).append(entry)
    # An external function at the top is one node of declarations and annotations.
    read.declared |= set(re.findall(r"^external \S+ (\w+)\(", text(read.tree.root_node), re.M))
    return read


def resolve(uri: str, path: Path) -> Path | None:
    """The file of ours that is meant."""
    if uri.startswith("package:burrow/"):
        return PACKAGE / uri.removeprefix("package:burrow/")
    return None if ":" in uri else (path.parent / uri).resolve()


def exported(uri: str, path: Path, problems: list[str]) -> set[str]:
    """What an import brings."""
    target = resolve(uri, path)
    if target is None:
        if uri not in KNOWN:
            problems.append(f"{relative(path)}: {uri} is not in KNOWN of this check")
        return set(KNOWN.get(uri, "").split())
    if not target.exists():
        problems.append(f"{relative(path)}: {uri} is not there")
        return set()
    read = source(target)
    found = {name for name in read.declared if not name.startswith("_")}
    for more, _, show in read.exports:
        names = exported(more, target, problems)
        found |= names if show is None else names & show
    return found


def check_names(read: Source, problems: list[str]) -> None:
    visible, prefixed = set(KNOWN["dart:core"].split()) | read.declared, {}
    for uri, prefix, show in read.imports:
        names = exported(uri, read.path, problems)
        if prefix:
            prefixed.setdefault(prefix, set()).update(names)
        else:
            visible |= names if show is None else names & show
    nodes, content = list(walk(read.tree.root_node)), read.tree.root_node.text or b""
    visible |= {text(node.children[0]) for node in nodes if node.type == "type_parameter"}
    previous = ""
    for node in nodes:
        if node.child_count or node.type == "comment" or (node.parent is not None and node.parent.type == "combinator"):
            continue
        name, before, previous = text(node), previous, text(node)
        if node.type not in ("identifier", "type_identifier") or not re.match(r"_?[A-Z]|burrow_", name):
            continue
        if before == ".":
            # Behind a prefix it is a name of that library; behind anything else a member, which is not looked at.
            owner = earlier(content, node)
            if owner in prefixed and name not in prefixed[owner]:
                problems.append(f"{where(read, node)}: {owner} has no {name}")
        elif name not in visible:
            problems.append(f"{where(read, node)}: {name} is not declared, or not imported")


def earlier(content: bytes, node: tree_sitter.Node) -> str:
    """The word before the dot before a name."""
    found = re.search(r"(\w+)\s*\.\s*$", content[: node.start_byte].decode())
    return found[1] if found else ""


def where(read: Source, node: tree_sitter.Node) -> str:
    return f"{relative(read.path)}:{node.start_point.row + 1}"


def table() -> tuple[dict[str, int], dict[str, set[str]]]:
    """The functions of the generated table with how many arguments they take, and the structs with their fields."""
    read = TABLE.read_text()
    functions = {
        name: len([part for part in parameters.split(",") if part.strip()])
        for name, parameters in re.findall(r"^external \S+ (burrow_\w+)\(([^;]*?)\);", read, re.M | re.S)
    }
    structs = {
        name: set(re.findall(r"^  external .* (\w+);", body, re.M))
        for name, body in re.findall(r"^final class (burrow_\w+) extends ffi\.Struct \{(.*?)^\}", read, re.M | re.S)
    }
    return functions, structs


def check_calls(read: Source, functions: dict[str, int], problems: list[str]) -> int:
    """Native functions are called with as many arguments as they have."""
    calls = 0
    for node in walk(read.tree.root_node):
        following = node.next_named_sibling
        if node.type != "identifier" or text(node) not in functions or following is None or following.type != "selector":
            continue
        arguments = next((n for n in walk(following) if n.type == "arguments"), None)
        if arguments is None:
            continue
        count = sum(child.type == "argument" for child in arguments.named_children)
        calls += 1
        if count != functions[text(node)]:
            problems.append(f"{where(read, node)}: {text(node)} takes {functions[text(node)]} arguments, not {count}")
    return calls


def check_fields(read: Source, structs: dict[str, set[str]], problems: list[str]) -> int:
    """Fields of structs, by the type their variable was declared with last."""
    content = re.sub(r"//[^\n]*", "", read.tree.root_node.text.decode())
    known: dict[str, str] = {}
    looked = 0
    pattern = re.compile(
        r"(?P<made>\w+)\s*=\s*(?:[^;=]*\.cast<(?P<cast>burrow_\w+)>\(\)|\w+<(?P<new>burrow_\w+)>\()"
        r"|\b(?P<kind>burrow_\w+) (?P<parameter>\w+)[,)]"
        r"|\(?\b(?P<used>\w+)(?: \+ \w+\))?\.ref\.(?P<field>\w+)"
        r"|\b(?P<value>\w+)\.(?P<member>\w+)"
    )
    for found in pattern.finditer(content):
        if found["made"]:
            known[found["made"]] = found["cast"] or found["new"]
        elif found["parameter"]:
            known[found["parameter"]] = "by value " + found["kind"]
        elif found["used"]:
            struct = known.get(found["used"], "").removeprefix("by value ")
            looked += 1
            if struct not in structs:
                problems.append(f"{relative(read.path)}: cannot tell of which struct {found[0]} is a field")
            elif found["field"] not in structs[struct]:
                problems.append(f"{relative(read.path)}: {struct} has no field {found['field']}")
        elif known.get(found["value"], "").startswith("by value "):
            struct = known[found["value"]].removeprefix("by value ")
            looked += 1
            if struct in structs and found["member"] not in structs[struct]:
                problems.append(f"{relative(read.path)}: {struct} has no field {found['member']}")
    return looked


def main() -> None:
    problems: list[str] = []
    functions, structs = table()
    listed = files(".dart")
    calls = looked = 0
    used: set[str] = set()
    for path in listed:
        read = source(path)
        if read.tree.root_node.has_error:
            for node in walk(read.tree.root_node):
                if node.type == "ERROR" or node.is_missing:
                    problems.append(f"{where(read, node)}: does not parse: {text(node)[:60]!r}")
        for uri, _, show in read.exports:
            names = exported(uri, path, problems)
            if missing := (show or set()) - names:
                problems.append(f"{relative(path)}: {uri} has no {', '.join(sorted(missing))}")
        if path != TABLE:
            check_names(read, problems)
            calls += check_calls(read, functions, problems)
            looked += check_fields(read, structs, problems)
            used |= {name for name in functions if re.search(rf"\b{name}\b", text(read.tree.root_node))}
    finish(sorted(set(problems)), f"{len(listed)} files, {calls} calls of {len(used)} native functions, {looked} fields")


main()
