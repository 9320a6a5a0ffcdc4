#!/usr/bin/env python3
"""A layer imports only layers before it, and only the C modules and system modules meant for it."""

import re

from common import ROOT, files, finish, relative

ORDER = [
    "Base", "Crypto", "Storage", "MLS", "Nostr", "Marmot", "Calls", "QUIC", "MoQ", "Media", "Engine", "ABI",
]

#: Modules beside the layers themselves. Everything not named is refused, Foundation and Dispatch first of all.
ALLOWED = {
    "Base": {"CJansson"},
    "Crypto": {"CSodium", "CGnuTLS", "CSecp256k1"},
    # The state file; beside the engine the only layer with effects.
    "Storage": {"CBurrowShims", "CSQLite"},
    "MLS": set(),
    "Nostr": {"CWslay"},
    "Marmot": set(),
    "Calls": set(),
    "QUIC": {"CBurrowQUIC", "CGnuTLS"},
    "MoQ": set(),
    "Media": {"CBurrowMedia"},
    # All other effects: sockets, threads, files and clocks.
    "Engine": {"Glibc", "CBurrowShims", "Synchronization"},
    # The only layer that sees the public header.
    "ABI": {"CBurrow", "CBurrowShims", "Synchronization"},
}

IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?([A-Za-z_]\w*)"
)
#: What no shipped program may import either.
BANNED = re.compile(r"^(Foundation\w*|Dispatch|NIO\w*|_?Concurrency|Distributed|Observation|RegexBuilder)$")

problems = []
seen = 0
for path in files(".swift", under=("Sources",)):
    parts = path.relative_to(ROOT).parts
    layer = parts[2] if parts[1] == "BurrowSDK" and len(parts) > 3 else None
    if layer is not None and layer not in ORDER:
        problems.append(f"{relative(path)}: '{layer}' is not a layer ({', '.join(ORDER)})")
        continue
    seen += 1
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = IMPORT.match(line)
        if not match:
            continue
        module = match.group(1)
        where = f"{relative(path)}:{number}"
        if layer is None:
            if BANNED.match(module):
                problems.append(f"{where}: shipped code does not import {module}")
        elif module.startswith("Burrow") and module[6:] in ORDER:
            if ORDER.index(module[6:]) >= ORDER.index(layer):
                problems.append(f"{where}: {layer} imports {module}, which is not before it")
        elif module not in ALLOWED[layer]:
            allowed = ", ".join(sorted(ALLOWED[layer])) or "nothing beside layers"
            problems.append(f"{where}: {layer} may not import {module} (allowed: {allowed})")

finish(problems, f"{seen} files")
