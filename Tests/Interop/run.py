#!/usr/bin/env python3
"""Interoperability with the upstream Rust stack, in separate processes over real sockets.

    python3 Tests/Interop/run.py                 all cases
    python3 Tests/Interop/run.py --list          their names
    python3 Tests/Interop/run.py --only matrix   those whose name contains a text (may be repeated)

Ends with the line ``N passed, N failed, N skipped``; the exit code is 1 when a case failed.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import cases  # noqa: E402
from harness.case import Case, Stage, registry  # noqa: E402
from harness.environment import Missing  # noqa: E402
from harness.process import Failure  # noqa: E402

assert cases


class Runner:
    """Runs cases a few at a time and counts how they end."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.passed = 0
        self.failures: list[str] = []
        self.skips: dict[str, list[str]] = {}
        self.places = asyncio.Semaphore(options.jobs)
        self.waiting_places = asyncio.Semaphore(options.jobs)

    async def run(self, chosen: list[Case]) -> None:
        await asyncio.gather(*(self._placed(case) for case in chosen if not case.heavy))
        for case in chosen:
            if case.heavy:
                await self._placed(case)

    async def _placed(self, case: Case) -> None:
        async with self.waiting_places if case.idle else self.places:
            await self._one(case)

    async def _one(self, case: Case) -> None:
        stage = Stage(case.name, self.options.log)
        started = time.monotonic()
        error = ""
        try:
            await asyncio.wait_for(case.run(stage), case.limit)
        except Missing as missing:
            self.skips.setdefault(str(missing), []).append(case.name)
            print(f"skip  {case.name}: {missing}", flush=True)
            await stage.close()
            return
        except Failure as failure:
            error = str(failure)
        except TimeoutError:
            error = f"not over after {case.limit:.0f} s"
        except Exception:
            error = traceback.format_exc()
        await stage.close()
        seconds = time.monotonic() - started
        if not error:
            self.passed += 1
            print(f"pass  {case.name} ({seconds:.1f} s) {stage.figures}".rstrip(), flush=True)
            return
        self.failures.append(case.name)
        print(f"FAIL  {case.name} ({seconds:.1f} s): {error}", flush=True)
        for peer in stage.peers:
            print(peer.log(self.options.lines), flush=True)
        print(flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="run cases whose name contains this")
    parser.add_argument("--without", action="append", default=[], help="leave out cases whose name contains this")
    parser.add_argument("--match", help="run cases whose name matches this regular expression")
    parser.add_argument("--jobs", type=int, default=3, help="cases at the same time")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    parser.add_argument("--log", default="warn", help="log level of the peers")
    parser.add_argument("--lines", type=int, default=40, help="log lines a peer in the report of a failure")
    options = parser.parse_args()
    chosen = [case for case in registry if not options.only or any(text in case.name for text in options.only)]
    chosen = [case for case in chosen if not any(text in case.name for text in options.without)]
    if options.match:
        chosen = [case for case in chosen if re.search(options.match, case.name)]
    if options.list:
        print("\n".join(case.name for case in chosen))
        return 0
    runner = Runner(options)
    started = time.monotonic()
    asyncio.run(runner.run(chosen))
    if runner.failures:
        print("failed: " + ", ".join(runner.failures))
    for reason, names in runner.skips.items():
        print(f"skipped {len(names)}: {reason}")
    print(f"in {time.monotonic() - started:.0f} s")
    skipped = sum(len(names) for names in runner.skips.values())
    print(f"{runner.passed} passed, {len(runner.failures)} failed, {skipped} skipped")
    return 1 if runner.failures or not chosen else 0


sys.exit(main())
