#!/usr/bin/env python3
"""Nothing was left behind: no notes to oneself, conflict markers, or paths of somebody's machine."""

import re

from common import files, finish, relative

RULES = [
    # Spelled in pieces, so that this file does not find itself.
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b"), "a note to oneself; write an issue instead"),
    (re.compile(r"^(<{7} |>{7} |={7}$)"), "a conflict marker"),
    (re.compile(r"/(home|Users)/[a-z]\w*/|/ro" r"ot/\w"), "a path of one machine"),
]

problems = []
listed = files(".swift", ".c", ".h", ".py", ".sh", ".md", ".cmake", ".in", ".modulemap", "Makefile", "run")
for path in listed:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for pattern, what in RULES:
            if pattern.search(line):
                problems.append(f"{relative(path)}:{number}: {what}: {line.strip()[:80]}")

finish(problems, f"{len(listed)} files")
