#!/usr/bin/env python3
"""The stripped library with the Swift runtime inside is at most 12 MB."""

from common import LIBRARY, finish, need_library

LIMIT = 12_000_000

need_library()
size = LIBRARY.stat().st_size
problems = []
if size > LIMIT:
    problems.append(f"{LIBRARY.name}: {size / 1e6:.1f} MB, at most {LIMIT / 1e6:.0f} MB")
finish(problems, f"{size / 1e6:.1f} MB of {LIMIT / 1e6:.0f} MB")
