#!/usr/bin/env python3
"""The release library exports exactly the functions of the header, under the version node."""

import header
from common import LIBRARY, finish, need_library, output

need_library()
wanted = {function.name for function in header.functions()}
problems = []
exported = set()
for line in output("nm", "-D", "--defined-only", "--with-symbol-versions", str(LIBRARY)).splitlines():
    kind, symbol = line.split()[-2:]
    name, _, version = symbol.partition("@")
    version = version.lstrip("@")
    if name == header.VERSION_NODE or kind.islower():
        continue
    exported.add(name)
    if version != header.VERSION_NODE:
        problems.append(f"{name} has version '{version}', not {header.VERSION_NODE}")
problems += [f"{name} is exported but not in include/burrow.h" for name in sorted(exported - wanted)]
problems += [f"{name} is in include/burrow.h but not exported" for name in sorted(wanted - exported)]

finish(problems, f"{len(wanted)} functions")
