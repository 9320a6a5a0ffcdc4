#!/usr/bin/env python3
"""Measures our stack against moq-rs, and both against bare UDP, in one interleaved run.

    Benchmarks/run.py [--quick] [--only NAME[,NAME]] [--rounds N] [--seconds S] [--stacks burrow,moq-rs]
                      [--markdown docs/performance.md] [--json FILE] [--list]

Relay, publisher and subscribers are separate processes. Python only starts them, reads /proc and adds up: frames
are paced, written, read and timed by native threads (peer.c), by the same code for every stack. Within a round
each cell is run by one stack and then the other, the order alternating between rounds; a ratio is the median of the
rounds' ratios. The stacks burrow-cubic, burrow-bbr and burrow-bbr2 force a controller; BENCH_PROFILE=FILE samples the
relay with perf. Everything is bounded in time and ends by itself.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

from cells import QUIET_CELLS, STALL_MS, UDP_CELLS, cells
from harness import BUILD, Failed, Stack, find_stacks
from report import markdown
from sections import marked_sections


def attempt(name: str, function, stack: Stack, arguments) -> dict:
    """Runs a cell; one about delays again when the machine stalled. The same rule for every stack."""
    repeated = 0
    while True:
        try:
            value = function(stack, *arguments)
        except Failed as error:
            return {"failed": str(error)}
        if name not in QUIET_CELLS or value["stall_ms"] <= STALL_MS or repeated == 3:
            value["repeated"] = repeated
            return value
        repeated += 1


def measure(names: list[str], table: dict, stacks: list[Stack], rounds: int, keep) -> dict:
    results: dict[str, dict[str, list]] = {}
    begin = time.monotonic()
    for n in range(rounds):
        for name in names:
            function, *arguments = table[name]
            order = [s for s in stacks if s.name != "udp" or name in UDP_CELLS]
            if n % 2:
                order.reverse()
            for stack in order:
                value = attempt(name, function, stack, arguments)
                results.setdefault(name, {}).setdefault(stack.name, []).append(value)
                shown = " ".join(f"{k}={v:.2f}" if isinstance(v, float) else f"{k}={v}" for k, v in value.items())
                print(f"[{time.monotonic() - begin:6.0f} s] round {n + 1} {name} {stack.name}: {shown}", flush=True)
                keep(results)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--only", help="cells, separated by commas; a trailing * matches the rest")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--stacks", default="burrow,moq-rs,udp")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path, default=BUILD / "results.json")
    parser.add_argument("--from-json", type=Path, help="make the table of an earlier run's results")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    rounds = args.rounds or (1 if args.quick else 3)
    seconds = args.seconds or (3 if args.quick else 6)
    table = cells(args.quick, seconds)
    if args.list:
        print("\n".join(table))
        return 0
    if args.from_json:
        results = json.loads(args.from_json.read_text())
        done = max(len(rows) for by in results.values() for rows in by.values())
        print(markdown(results, f"scripts/bench.sh --rounds {done} --seconds {seconds:g}", done, seconds))
        return 0
    names = list(table)
    if args.only:
        wanted = args.only.split(",")
        names = [n for n in table if any(n == w or (w.endswith("*") and n.startswith(w[:-1])) for w in wanted)]
        if not names:
            parser.error("no such cell; see --list")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    BUILD.mkdir(parents=True, exist_ok=True)
    stacks = find_stacks(args.stacks.split(","))
    if not stacks:
        print("nothing to measure", file=sys.stderr)
        return 1

    shown = " ".join(["scripts/bench.sh", *sys.argv[1:]])

    def keep(results):
        args.json.write_text(json.dumps(results, indent=1))

    text = markdown(measure(names, table, stacks, rounds, keep), shown, rounds, seconds)
    print("\n" + text)
    if args.markdown:
        args.markdown.write_text(text + marked_sections(args.markdown))
    return 0


if __name__ == "__main__":
    sys.exit(main())
