#!/usr/bin/env python3
"""Groups in which our members and those of MDK 0.8 are together, each in a process of its own.

    python3 Tests/Groups/run.py                 all cases
    python3 Tests/Groups/run.py --list          their names
    python3 Tests/Groups/run.py --only race     those whose name contains a text
    python3 Tests/Groups/run.py --operations 200 --seed 7

Ends with the line ``N passed, N failed, N skipped``; the exit code is 1 when a case failed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import cases  # noqa: E402
import chance  # noqa: E402
from members import Failure, Missing, Refused, mdk_python, our_program  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="run cases whose name contains this")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    parser.add_argument("--operations", type=int, default=int(os.environ.get("BURROW_GROUP_OPERATIONS", "30")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("BURROW_GROUP_SEED", "1")))
    options = parser.parse_args()
    chosen = [*cases.registry, (f"at random, {options.operations} operations", lambda: chance.run(options))]
    chosen = [entry for entry in chosen if not options.only or any(text in entry[0] for text in options.only)]
    if options.list:
        print("\n".join(name for name, _ in chosen))
        return 0
    try:
        our_program()
        mdk_python()
    except Missing as missing:
        print(f"skip  {len(chosen)} cases: {missing}")
        print(f"0 passed, 0 failed, {len(chosen)} skipped")
        return 0
    passed, failed = 0, []
    started = time.monotonic()
    for name, function in chosen:
        begun = time.monotonic()
        try:
            function()
        except (Failure, Refused) as failure:
            problem = str(failure)
        except Exception:
            problem = traceback.format_exc()
        else:
            passed += 1
            print(f"pass  {name} ({time.monotonic() - begun:.1f} s)", flush=True)
            continue
        failed.append(name)
        print(f"FAIL  {name} ({time.monotonic() - begun:.1f} s): {problem}", flush=True)
        for member in cases.present:
            print(f"  {member.name}:", *(line[:160] for line in member.process.history[-12:]), sep="\n    ")
    print(f"in {time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {len(failed)} failed, 0 skipped")
    return 1 if failed or not chosen else 0


sys.exit(main())
