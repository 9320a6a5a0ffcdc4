#!/usr/bin/env python3
"""The demo: four people in an encrypted group call. Plays it, judges it, and writes a page about it.

    make demo
    make demo DEMO="--relay moq-rs"
    make demo DEMO="--moq-relay URL --nostr-relay URL"
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import time
from pathlib import Path

import checks
import page
import story
from cast import Failure, Stage
from record import Record
from source import Missing, prepare

ROOT = Path(__file__).resolve().parent.parent
#: It ends by itself, whatever happens.
LIMIT = 150.0
#: When something fails and people were held up by the machine for longer than this, it is played once more.
STALL_MS, ATTEMPTS = 60, 3


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--relay", choices=("burrow", "moq-rs"), default="burrow", help="the MoQ relay to start")
    parser.add_argument("--moq-relay", metavar="URL", help="a MoQ relay that is there already")
    parser.add_argument("--pin", action="append", default=[], help="SHA-256 of its certificate, instead of authorities")
    parser.add_argument("--nostr-relay", metavar="URL", action="append", default=[], help="a Nostr relay that is there already")
    parser.add_argument("--seconds", type=float, default=12, help="how long all four talk undisturbed")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "demo", help="where the page and the sound go")
    return parser.parse_args()


async def play(options: argparse.Namespace, work: Path) -> Record:
    stage = Stage(work, story.NAMES, LIMIT)
    try:
        if options.nostr_relay:
            stage.nostr = options.nostr_relay
        else:
            await stage.start_nostr_relay()
        if options.moq_relay:
            stage.moq, stage.pins = options.moq_relay, options.pin
        else:
            await stage.start_moq_relay(options.relay)
        # By a certificate's fingerprint a relay can be trusted under any address, also that of a line before it.
        if stage.pins:
            stage.lay_line()
        tap = await stage.tap(work / "relay.frames")
        marks = await story.run(stage, options.seconds)
        await tap.stop()
        return Record.collect(stage, marks)
    except BaseException:
        (work.parent / "failure.log").write_text(stage.log())
        raise
    finally:
        await stage.close()


def stalled_ms(record: Record) -> int:
    """The longest time anybody's camera and microphone were held up by the machine."""
    return max(report["late_us"] for report in record.reports.values()) // 1000


def main() -> int:
    options = arguments()
    folder: Path = options.folder
    began = time.monotonic()
    try:
        prepare(folder / "material")
        for attempt in range(ATTEMPTS):
            record, judged = once(options, folder / "work")
            failed = [one for one in judged if not one.passed]
            stall = stalled_ms(record)
            if not failed or stall <= STALL_MS or attempt == ATTEMPTS - 1:
                break
            print("\n".join(f"   FAIL {one.name}: {one.said}" for one in failed))
            print(f"-- the machine held people up for {stall} ms, so once more", flush=True)
    except Missing as reason:
        print(f"error: {reason}", file=sys.stderr)
        return 2
    except (Failure, TimeoutError) as error:
        print(f"FAIL  the call did not go as planned: {error or 'it took too long'}", file=sys.stderr)
        print(f"      what everybody said is in {folder / 'failure.log'}", file=sys.stderr)
        return 1
    file = page.write(record, judged, folder)
    for one in judged:
        print(f"   {'ok  ' if one.passed else 'FAIL'} {one.name}: {one.said}")
    (folder / "figures.json").write_text(json.dumps({one.name: one.said for one in judged}, indent=1) + "\n")
    if not failed:
        shutil.rmtree(folder / "work", ignore_errors=True)
    shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    print(f"   {time.monotonic() - began:.0f} s, people were held up for {stall} ms at most; the page: {shown}")
    print(f"{len(judged) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def once(options: argparse.Namespace, work: Path) -> tuple[Record, list[checks.Judged]]:
    """Plays it and judges what came of it."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    record = asyncio.run(asyncio.wait_for(play(options, work), LIMIT))
    print("-- judging what came of it", flush=True)
    return record, checks.judge(record)


if __name__ == "__main__":
    sys.exit(main())
