#!/usr/bin/env python3
"""Every function of the header says what it takes, returns, from which thread, and since when; under 100 functions."""

import re

import header
from common import finish

MAXIMUM = 99

problems = []
found = header.functions()
if not found:
    problems.append("include/burrow.h: no function marked BURROW_API")
if len(found) > MAXIMUM:
    problems.append(f"include/burrow.h: {len(found)} functions, at most {MAXIMUM}")

# A declaration without the mark would be neither exported nor checked.
text = re.sub(r"/\*.*?\*/|//[^\n]*", "", header.HEADER.read_text(encoding="utf-8"), flags=re.S)
text = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", "", text, flags=re.M)
for statement in re.split(r"[;{}]", text):
    match = re.search(r"\b(burrow_\w+)\s*\([^*]", statement)
    if match and "BURROW_API" not in statement and "typedef" not in statement:
        problems.append(f"include/burrow.h: {match.group(1)} is not marked BURROW_API")

names = set()
for function in found:
    where = f"include/burrow.h:{function.line}: {function.name}"
    if function.name in names:
        problems.append(f"{where} is declared twice")
    names.add(function.name)
    if "..." in function.raw_parameters:
        problems.append(f"{where} is variadic")
    if function.doc is None:
        problems.append(f"{where} has no documentation comment")
        continue
    summary = re.sub(r"^\s*/\*\*\s*|^\s*\*\s?", "", function.doc, flags=re.M).strip()
    if not summary or summary.startswith("@"):
        problems.append(f"{where} has no summary")
    documented = re.findall(r"@param(?:\[[^\]]*\])?\s+(\w+)", function.doc)
    for parameter in function.parameters:
        if parameter == "":
            problems.append(f"{where} has a parameter without a name")
        elif parameter not in documented:
            problems.append(f"{where}: no @param for '{parameter}'")
    for name in documented:
        if name not in function.parameters:
            problems.append(f"{where}: @param '{name}' is not a parameter")
    if not function.returns_nothing and not re.search(r"@return\s+\S", function.doc):
        problems.append(f"{where}: no @return")
    if function.returns_nothing and "@return" in function.doc:
        problems.append(f"{where}: @return, but it returns nothing")
    for tag in ("threading", "since"):
        if not re.search(rf"@{tag}\s+\S", function.doc):
            problems.append(f"{where}: no @{tag}")

finish(problems, f"{len(found)} functions")
