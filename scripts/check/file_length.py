#!/usr/bin/env python3
"""No file has more than 500 lines. Generated tables say so at their top and are exempt; so is the public header."""

import re

from common import files, finish, relative

LIMIT = 500
#: One header is one promise: it is not cut into pieces.
EXEMPT = {"include/burrow.h"}
GENERATED = re.compile(r"\bgenerated (by|from)\b", re.I)

problems = []
listed = files(".swift", ".c", ".h", ".py", ".sh", ".cmake", ".yml", ".yaml", ".md", "Makefile")
for path in listed:
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) <= LIMIT or relative(path) in EXEMPT or GENERATED.search("\n".join(lines[:6])):
        continue
    problems.append(f"{relative(path)}: {len(lines)} lines, at most {LIMIT}")

finish(problems, f"{len(listed)} files")
