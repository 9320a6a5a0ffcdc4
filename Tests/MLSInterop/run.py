#!/usr/bin/env python3
"""Groups in which our members and those of mls-rs, or of OpenMLS, are together, each in a process of its own.

    python3 Tests/MLSInterop/run.py                 all cases
    python3 Tests/MLSInterop/run.py --list          their names
    python3 Tests/MLSInterop/run.py --only race     those whose name contains a text
    python3 Tests/MLSInterop/run.py --operations 200 --seed 7

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

import against_mls_rs  # noqa: E402
import against_openmls  # noqa: E402
import at_random  # noqa: E402
from parties import Failure, Missing, Refused, everybody_leaves, present  # noqa: E402
from register import registry  # noqa: E402

assert against_mls_rs and against_openmls


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="run cases whose name contains this")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    parser.add_argument("--operations", type=int, default=int(os.environ.get("BURROW_MLS_OPERATIONS", "60")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("BURROW_MLS_SEED", "1")))
    options = parser.parse_args()
    chosen = [*registry, (f"at random, {options.operations} operations", lambda: at_random.run(options))]
    chosen = [entry for entry in chosen if not options.only or any(text in entry[0] for text in options.only)]
    if options.list:
        print("\n".join(name for name, _ in chosen))
        return 0
    passed, failed, skipped = 0, 0, 0
    started = time.monotonic()
    for name, function in chosen:
        begun = time.monotonic()
        problem = ""
        try:
            with everybody_leaves():
                function()
        except Missing as missing:
            skipped += 1
            print(f"skip  {name}: {missing}", flush=True)
            continue
        except (Failure, Refused) as failure:
            problem = str(failure)
        except Exception:
            problem = traceback.format_exc()
        seconds = time.monotonic() - begun
        if not problem:
            passed += 1
            print(f"pass  {name} ({seconds:.1f} s)", flush=True)
            continue
        failed += 1
        print(f"FAIL  {name} ({seconds:.1f} s): {problem}", flush=True)
        for party in present:
            print(f"  {party.name}:", *(line[:160] for line in party.process.history[-8:]), sep="\n    ")
    print(f"in {time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not chosen else 0


sys.exit(main())
