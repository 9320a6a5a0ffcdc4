#!/usr/bin/env python3
"""Calls over bad networks: 360p30 capped at 800 kbit/s and Opus at 32 kbit/s, one host each side of a relay.

    scripts/bench-media.sh impairment [--rows NAME,..] [--seconds S] [--rounds N] [--stacks burrow,moq-rs]
                                      [--where sender,receiver] [--markdown docs/performance.md] [--list]

udpimpair stands between the relay and either the sender or the receiver. A run in which one of the threads that hand
samples and pictures in and out was held up by the machine for more than 60 ms is repeated, at most twice.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path

from rig import BUILD, Failed, Sizes, call
from rows import PATIENCE_MS, ROWS, Row, events_of, judge, judge_upstream

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from sections import write_section  # noqa: E402

STALL_MS = 60
REPEATS = 2
SHOWN = ("mouth_to_ear_ms", "mouth_to_ear_p95_ms", "concealed_pct", "unheard_pct", "recovered_pct", "video_ms",
         "video_p95_ms", "fps", "frozen_s_per_min", "skew_p95_ms", "video_kbps", "audio_kbps", "stall_ms")  # fmt: skip
FURTHER = (
    ("mouth_to_ear_p95_ms", "mouth to ear p95, ms"), ("unheard_pct", "never heard, %"),
    ("recovered_pct", "audio from redundancy, %"), ("stretched_pct", "stretched, %"), ("video_ms", "video p50, ms"),
    ("video_p95_ms", "video p95, ms"), ("fps", "pictures a second"), ("skew_p95_ms", "skew p95, ms"),
    ("video_kbps", "video, kbit/s"), ("audio_kbps", "audio, kbit/s"), ("stall_ms", "longest stall of the machine, ms"),
)  # fmt: skip
HOW = f"""\
360p30 capped at 800 kbit/s and Opus at 32 kbit/s from one process through a relay to another, udpimpair between the relay
and the sender or the receiver. Mouth to ear is from the recording of a sample to its being pulled, without devices,
measured by marker tones in recorded speech; pictures carry their number. Native threads hand both in and out. Never heard
is what the time stamps of the sound jump over; "audio lost" adds that up. Video counts as frozen as browsers count it.
libwebrtc is one to one without a relay, with redundant audio in brackets. moq-rs has encoders and decoders but no
playout: its mouth to ear is the time until 99 of 100 packets are decoded, concealed is what was not decoded
{PATIENCE_MS} ms after it was recorded, lost what was not after a second; its sender is paced by Python."""


def run(row: Row, stack: str, where: str, seconds: float, seed: int, keep: Path | None) -> dict:
    """One run of one row, again when the machine stalled."""
    for repeated in range(REPEATS + 1):
        length = seconds * row.longer
        try:
            one = call(stack, length, list(row.settings), events_of(row, length), where, seed, Sizes())
            result = judge(row, one, length) if stack == "burrow" else judge_upstream(row, one, length)
        except Failed as error:
            return {"failed": str(error)}
        result["repeated"] = repeated
        if keep:
            trace = {"begin": one.begin, "start": one.start, "end": one.end, "sent": one.sent, "received": one.received}
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{row.name}-{stack}-{where}-{seed}.json").write_text(json.dumps(trace))
        if result["stall_ms"] <= STALL_MS:
            break
    return result


def median(runs: list[dict], key: str) -> float | None:
    values = [one[key] for one in runs if isinstance(one.get(key), (int, float))]
    return statistics.median(values) if values else None


def number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def markdown(results: dict, seconds: float, rounds: int, command: str) -> str:
    columns = [name for name in ("burrow/sender", "burrow/receiver", "moq-rs/sender", "moq-rs/receiver")
               if any(name in by for by in results.values())]  # fmt: skip
    titles = {"burrow": "ours", "moq-rs": "moq-rs"}
    kernel = ".".join(platform.release().split(".")[:2])
    machine = f"on {os.cpu_count()} cores ({platform.machine()}, Linux {kernel}), {rounds} rounds of {seconds:g} s, medians."
    out = ["## Calls over bad networks", "", "Measured by", "", f"    {command}", "", machine, "", HOW, ""]
    heads = [f"{titles[name.split('/')[0]]}, {name.split('/')[1]}'s line" for name in columns]
    out += [f"| line | figure | libwebrtc | goal | {' | '.join(heads)} | |", "|" + "---|" * (5 + len(columns))]
    for name, row in ROWS.items():
        if name not in results:
            continue
        for at, wish in enumerate(row.wishes):
            values = {column: median(results[name].get(column, []), wish.key) for column in columns}
            ours = [value for column, value in values.items() if column.startswith("burrow")]
            measured = [value for value in ours if value is not None]
            verdict = ""
            if ours:
                verdict = "reached" if len(measured) == len(ours) and max(measured) <= wish.goal else "missed"
            cells = [number(values[column]) for column in columns]
            line = [row.what if at == 0 else "", f"{wish.what}, {wish.unit}", wish.theirs, f"<= {wish.goal:g}", *cells, verdict]
            out.append("| " + " | ".join(line) + " |")
    out += ["", "Further figures of the same runs:", ""]
    out += ["| line | stack | " + " | ".join(what for _, what in FURTHER) + " |", "|" + "---|" * (2 + len(FURTHER))]
    for name, by in results.items():
        for column in columns:
            if column in by:
                cells = [number(median(by[column], key)) for key, _ in FURTHER]
                out.append(f"| {ROWS[name].what} | {heads[columns.index(column)]} | " + " | ".join(cells) + " |")
    failures = [
        f"- {name}, {column}, round {at + 1}: {one['failed']}"
        for name, by in results.items() for column, runs in by.items() for at, one in enumerate(runs) if "failed" in one
    ]
    return "\n".join([*out, *(["", "Not measured:", "", *failures] if failures else []), ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--stacks", default="burrow,moq-rs")
    parser.add_argument("--where", default="sender,receiver")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path, default=BUILD / "media" / "impairment.json")
    parser.add_argument("--from-json", type=Path, help="only make the table of an earlier run")
    parser.add_argument("--traces", type=Path, help="a folder for everything that was noted")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        print("\n".join(f"{row.name:<10} {row.what}" for row in ROWS.values()))
        return 0
    if options.from_json:
        saved = json.loads(options.from_json.read_text())
        text = markdown(saved["results"], saved["seconds"], saved["rounds"], saved["command"])
        print(text)
        if options.markdown:
            write_section(options.markdown, "media-impairment", text)
        return 0
    unknown = [name for name in options.rows.split(",") if name not in ROWS]
    if unknown:
        parser.error(f"no row {', '.join(unknown)}; see --list")
    kinds = [(stack, where) for where in options.where.split(",") for stack in options.stacks.split(",")]
    names = options.rows.split(",")
    results: dict[str, dict[str, list[dict]]] = {}
    begin, done, total = time.monotonic(), 0, len(names) * len(kinds) * options.rounds
    command = " ".join(["scripts/bench-media.sh impairment", *sys.argv[1:]])
    for turn in range(options.rounds):
        for name in names:
            # Without anything in between it makes no difference where it is.
            row, places = ROWS[name], kinds
            if not row.settings:
                places = [(stack, where) for stack, where in kinds if where == kinds[0][1]]
            for stack, where in places[:: -1 if turn % 2 else 1]:
                result = run(row, stack, where, options.seconds, options.seed + turn, options.traces)
                results.setdefault(name, {}).setdefault(f"{stack}/{where}", []).append(result)
                if not row.settings:
                    for _, other in kinds:
                        if other != where:
                            results[name].setdefault(f"{stack}/{other}", []).append(result)
                done += 1
                keys = [wish.key for wish in row.wishes] + [key for key in SHOWN if key in result]
                shown = result.get("failed") or " ".join(f"{key}={result.get(key)}" for key in dict.fromkeys(keys))
                print(f"[{time.monotonic() - begin:5.0f} s {done}/{total}] {name} {stack} {where}: {shown}", flush=True)
                saved = {"results": results, "seconds": options.seconds, "rounds": options.rounds, "command": command}
                options.json.parent.mkdir(parents=True, exist_ok=True)
                options.json.write_text(json.dumps(saved))
    text = markdown(results, options.seconds, options.rounds, command)
    print("\n" + text)
    if options.markdown:
        write_section(options.markdown, "media-impairment", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
