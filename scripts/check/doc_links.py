#!/usr/bin/env python3
"""Relative links in the documentation lead somewhere."""

import re

from common import ROOT, files, finish, relative

problems = []
listed = files(".md")
for path in listed:
    text = re.sub(r"^(```|~~~).*?^\1", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:|#", target):
            continue
        file = target.split("#")[0]
        if not (path.parent / file).exists() and not (ROOT / file.lstrip("/")).exists():
            problems.append(f"{relative(path)}: {target} is not there")

finish(problems, f"{len(listed)} documents")
