#!/usr/bin/env python3
"""Functions, types, statuses and events that documents name are in the header."""

import re

from common import ROOT, files, finish, relative

HEADER = set(re.findall(r"\b(?:burrow|BURROW)_\w+", (ROOT / "include" / "burrow.h").read_text(encoding="utf-8")))
#: A file of the Dart binding.
OTHERS = {"burrow_abi"}
# Other names in capitals may be variables of the environment.
NAME = re.compile(r"(?<![\w/.-])(?:burrow_|BURROW_(?:ERR|EVENT|ROOM|LIST|KEY|ENCODING)_)\w*[A-Za-z0-9]\b(?!_?\*)")

problems = []
listed = [path for path in files(".md") if relative(path) != "CHANGELOG.md"]
names = 0
for path in listed:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        # What ends in an underscore or goes on with a star stands for several.
        for name in NAME.findall(line):
            names += 1
            if name not in HEADER and name not in OTHERS:
                problems.append(f"{relative(path)}:{number}: {name} is not in the header")

finish(problems, f"{names} names in {len(listed)} documents")
