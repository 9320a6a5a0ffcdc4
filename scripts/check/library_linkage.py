#!/usr/bin/env python3
"""The release library needs no Swift runtime on the host, and contains neither Foundation nor Dispatch."""

import re

from common import LIBRARY, finish, need_library, output

need_library()
problems = []
dynamic = output("readelf", "-dW", str(LIBRARY))
needed = re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic)
for name in needed:
    if re.match(r"lib(swift|Foundation|_Foundation|dispatch|BlocksRuntime|icu)", name):
        problems.append(f"needs {name} at run time")
if not re.search(r"\(SONAME\).*\[libburrow\.so\.0\]", dynamic):
    problems.append("has no soname libburrow.so.0")
if "NODELETE" not in dynamic:
    problems.append("is not marked nodelete")
# Beside itself is fine (wheels bundle copies there); a folder of the machine it was built on is not.
for path in re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.+)\]", dynamic):
    if any(not part.startswith("$ORIGIN") for part in path.split(":")):
        problems.append(f"carries the run path {path}")
if re.search(r"\(TEXTREL\)", dynamic):
    problems.append("has relocations in its code")
sections = output("readelf", "-SW", str(LIBRARY))
if ".symtab" in sections or ".debug_info" in sections:
    problems.append("is not stripped")
if "RWE" in output("readelf", "-lW", str(LIBRARY)):
    problems.append("has a segment that is writable and executable")

# The copy with symbols tells what was linked in statically.
unstripped = LIBRARY.parent / "debug" / (LIBRARY.name + ".debug")
if unstripped.exists():
    symbols = output("nm", str(unstripped))
    for pattern, what in [
        (r" [tTdDrR] \$s(10Foundation|20FoundationEssentials)", "Foundation"),
        (r" [tT] _?dispatch_(async|main|queue_create)", "Dispatch"),
        (r" [tT] swift_task_create", "the Swift concurrency runtime"),
    ]:
        if re.search(pattern, symbols):
            problems.append(f"contains {what}")
else:
    problems.append(f"{unstripped.name} is missing beside it; run scripts/release.sh")

finish([f"{LIBRARY.name} {problem}" for problem in problems], f"needs {len(needed)} libraries")
