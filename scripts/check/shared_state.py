#!/usr/bin/env python3
"""Constructs with which a data race or a trap gets past the compiler: only where they are allowed."""

import re

from common import files, finish, relative

#: Pattern, why not, and the folders where it is allowed.
RULES = [
    (re.compile(r"@unchecked\s+Sendable"), "@unchecked Sendable", ("Sources/BurrowSDK/Engine/Shared/",)),
    (re.compile(r"nonisolated\s*\(\s*unsafe\s*\)"), "nonisolated(unsafe)", ("Sources/BurrowSDK/Engine/Shared/",)),
    (re.compile(r"\btry!"), "try! (a trap)", ()),
    (re.compile(r"\bas!"), "as! (a trap)", ()),
    (re.compile(r"\bfatalError\s*\("), "fatalError (a trap)", ()),
    (re.compile(r"\bTask\s*[{.(]|\bTask\.detached"), "a Swift task", ()),
    (re.compile(r"^\s*(?:\w+\s+)*actor\s+\w+"), "an actor", ()),
    (re.compile(r"@testable\b"), "@testable", ()),
]

problems = []
listed = files(".swift", under=("Sources",))
for path in listed:
    name = relative(path)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        code = re.sub(r'"(?:\\.|[^"\\])*"', '""', line).split("//")[0]
        for pattern, what, allowed in RULES:
            if pattern.search(code) and not name.startswith(allowed or ("\0",)):
                place = f" outside {', '.join(allowed)}" if allowed else " in shipped code"
                problems.append(f"{name}:{number}: {what}{place}")

finish(problems, f"{len(listed)} files")
