#!/usr/bin/env python3
"""Every error of MLS is in the table of docs/group-rules.md, with a test that names it."""

import re

from common import ROOT, finish

#: What no message can bring about.
NOBODYS = {"cryptoFailure"}

problems = []
source = (ROOT / "Sources/BurrowSDK/MLS/MLSError.swift").read_text(encoding="utf-8")
codes = set(re.findall(r"^        case (\w+)$", source, re.M))
table = (ROOT / "docs/group-rules.md").read_text(encoding="utf-8")
rows = re.findall(r"^\| ([A-Z]\d+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", table, re.M)


def body(test: str) -> str:
    """The text of a test, given as File.function."""
    name, _, function = test.partition(".")
    path = ROOT / "Tests/MLSTests" / f"{name}.swift"
    if not path.exists():
        return ""
    text = path.read_text(encoding="utf-8")
    start = re.search(rf"func {function}\(", text)
    if not start:
        return ""
    end = re.search(r"^    \}$", text[start.end() :], re.M)
    return text[start.start() : start.end() + end.end()] if end else ""


named: set[str] = set()
for rule, errors, tests in rows:
    bodies = {test: body(test) for test in re.findall(r"`([\w.]+)`", tests)}
    problems += [f"rule {rule}: there is no test {test}" for test, text in bodies.items() if not text]
    wanted = re.findall(r"`(\w+)`", errors)
    named.update(wanted)
    for code in wanted:
        if code not in codes:
            problems.append(f"rule {rule}: there is no error {code}")
        elif not any(re.search(rf"\.{code}\b", text) for text in bodies.values()):
            problems.append(f"rule {rule}: none of its tests expects {code}")
    for test, text in bodies.items():
        if text and not any(re.search(rf"\.{code}\b", text) for code in wanted):
            problems.append(f"rule {rule}: {test} expects none of its errors")
problems += [f"error {code} is in no row of docs/group-rules.md" for code in sorted(codes - named - NOBODYS)]
finish(problems, f"{len(rows)} rules, {len(named)} errors")
