#!/usr/bin/env python3
"""Rooms of 2, 4, 8 and 16 people on one machine, each a process that sends sound and 180p video and takes everybody's.

    scripts/bench-media.sh people [--people 2,4,8,16] [--seconds 60] [--fps 15,30] [--bitrate 150000]
                                  [--no-video] [--markdown docs/performance.md]

Each number of people is measured at each number of pictures a second, in the order given. A queue that grows shows as
pictures that come later and later: the delays of the first and the last quarter are compared. A receiver may hold back
sound for as long as it takes to be even, and sound's buffer grows to that when the machine has too little time for all;
that has an end, and what is aimed at is shown beside it. Memory is what a process alone has; the relay's is listed apart.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

from rig import BUILD, PEER, Failed, Process, Rig, Sizes, cpu_seconds, wait_until

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import memory_kb  # noqa: E402
from sections import write_section  # noqa: E402

WARM = 10


def quarter(buckets: list[list[int]], start: int, end: int) -> tuple[float, float]:
    """Median and 95th percentile of the delays in that time, in ms, weighted by nothing: buckets are as long."""
    some = [row for row in buckets if start <= row[0] <= end and row[1]]
    if not some:
        return float("nan"), float("nan")
    return statistics.mean(row[2] for row in some) / 1000, statistics.mean(row[3] for row in some) / 1000


def grown(told: dict, name: str, start: int, end: int) -> int:
    index = told["names"].index(name)
    rows = [row for row in told["sums"] if start <= row[0] <= end]
    return rows[-1][index] - rows[0][index] if len(rows) > 1 else 0


def mean(told: dict, name: str, start: int, end: int, others: int) -> float:
    index = told["names"].index(name)
    rows = [row[index] for row in told["sums"] if start <= row[0] <= end]
    return statistics.mean(rows) / others if rows else float("nan")


def room(count: int, seconds: float, sizes: Sizes) -> dict:
    """One room; figures a person."""
    content = sizes.options(True)
    with Rig("burrow") as rig:
        url = rig.relay()
        people: list[Process] = []
        for index in range(count):
            command = [PEER, "person", "--url", url, "--people", count, "--index", index, "--seconds", seconds + WARM, *content]
            people.append(Process(command, log=rig.stack.log))
            rig.processes.append(people[-1])
        for one in people:
            one.line("ready", 30)
        for one in people:
            one.send("go")
        start = time.monotonic_ns() // 1000 + WARM * 1_000_000
        end = start + int(seconds * 1e6)
        wait_until(start)
        processes = [rig.relay_process, *people]
        before = [cpu_seconds(one.pid) for one in processes]
        memory = [memory_kb(one.pid)["private"] for one in processes]
        wait_until(end, f"{count} people")
        cpu = [(cpu_seconds(one.pid) - was) / seconds * 100 for one, was in zip(processes, before)]
        after = [memory_kb(one.pid)["private"] for one in processes]
        for one in people:
            one.send("stop")
        told = [json.loads(one.line("{", 30)) for one in people]
    others = count - 1
    first = [quarter(one["buckets"], start, start + (end - start) // 4) for one in told]
    last = [quarter(one["buckets"], end - (end - start) // 4, end) for one in told]
    pictures = sum(sum(row[1] for row in one["buckets"] if start <= row[0] <= end) for one in told)
    played = sum(grown(one, "played", start, end) for one in told)
    return {
        "has_video": sizes.video,
        "cpu_person_pct": statistics.mean(cpu[1:]),
        "cpu_relay_pct": cpu[0],
        "cpu_all_pct": sum(cpu),
        "memory_person_mb": statistics.mean(after[1:]) / 1024,
        "memory_growth_mb": (statistics.mean(after[1:]) - statistics.mean(memory[1:])) / 1024,
        "memory_relay_mb": after[0] / 1024,
        "first_p50_ms": statistics.median(p50 for p50, _ in first),
        "last_p50_ms": statistics.median(p50 for p50, _ in last),
        "first_p95_ms": statistics.median(p95 for _, p95 in first),
        "last_p95_ms": statistics.median(p95 for _, p95 in last),
        "sound_first_ms": statistics.mean(mean(one, "delay", start, start + (end - start) // 4, others) for one in told),
        "sound_last_ms": statistics.mean(mean(one, "delay", end - (end - start) // 4, end, others) for one in told),
        "target_last_ms": statistics.mean(mean(one, "target", end - (end - start) // 4, end, others) for one in told),
        "queued_last": statistics.mean(mean(one, "queued", end - 5_000_000, end, others) for one in told),
        "shown_fps": pictures / seconds / count / others,
        "concealed_pct": 100 * sum(grown(one, "concealed", start, end) for one in told) / max(played, 1),
        "freezes_per_min": sum(grown(one, "freezes", start, end) for one in told) / count / others / seconds * 60,
        "damaged": sum(grown(one, "damaged", start, end) for one in told),
        "pace_p99_ms": max(one["audio_late_us"]["p99"] for one in told) / 1000,
    }


COLUMNS = (
    ("cpu_person_pct", "CPU a person, % of a core"), ("cpu_relay_pct", "CPU of the relay, %"),
    ("cpu_all_pct", "CPU of all, %"), ("memory_person_mb", "memory a person, MB"),
    ("memory_growth_mb", "its growth, MB"), ("memory_relay_mb", "memory of the relay, MB"),
    ("first_p50_ms", "video delay p50, first quarter, ms"), ("last_p50_ms", "last quarter, ms"),
    ("first_p95_ms", "p95, first, ms"), ("last_p95_ms", "p95, last, ms"),
    ("sound_first_ms", "sound's buffer, first, ms"), ("sound_last_ms", "last, ms"), ("target_last_ms", "aimed at, ms"),
    ("shown_fps", "pictures a second of each"), ("concealed_pct", "audio concealed, %"),
    ("freezes_per_min", "freezes a minute of each"), ("pace_p99_ms", "lateness of the senders' clocks p99, ms"),
)  # fmt: skip


def grows(one: dict) -> bool:
    """Whether there is a queue that becomes longer: the delay at the end against that at the beginning.

    Where nothing comes at the end there is no delay to compare, and no reason to call that well.
    """
    pairs = [("sound_first_ms", "sound_last_ms")]
    if one["has_video"]:
        pairs.append(("first_p50_ms", "last_p50_ms"))
    return any(not one[last] <= 1.2 * one[first] + 20 for first, last in pairs)


def markdown(results: dict[tuple[int, int], dict], seconds: float, sizes: Sizes, command: str) -> str:
    kernel = ".".join(platform.release().split(".")[:2])
    out = [
        "## People in one room", "", "Measured by", "", f"    {command}", "",
        f"on {os.cpu_count()} cores ({platform.machine()}, Linux {kernel}): everybody is a process that sends Opus at"
        f" {sizes.audio_bitrate // 1000} kbit/s"
        + (f" and {sizes.width}x{sizes.height} at {sizes.video_bitrate // 1000} kbit/s" if sizes.video else "")
        + f", hears everybody else mixed and decodes all their pictures, for {seconds:g} s."
        " The relay and everybody share the machine.", "",
        "| people | pictures a second of a camera | " + " | ".join(what for _, what in COLUMNS) + " | queue |",
        "|" + "---|" * (3 + len(COLUMNS)),
    ]  # fmt: skip
    for (count, fps), one in results.items():
        if "failed" in one:
            out.append(f"| {count} | {fps} | not measured: {one['failed']} |" + " |" * len(COLUMNS))
            continue
        cells = [f"{one[key]:.0f}" if abs(one[key]) >= 100 else f"{one[key]:.3g}" for key, _ in COLUMNS]
        out.append(f"| {count} | {fps} | " + " | ".join(cells) + f" | {'grows' if grows(one) else 'does not grow'} |")
    return "\n".join(out) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", default="2,4,8,16")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--fps", default="15,30")
    parser.add_argument("--no-video", action="store_true")
    parser.add_argument("--bitrate", type=int, default=150_000)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path, default=BUILD / "media" / "people.json")
    options = parser.parse_args()
    sizes = Sizes(320, 180, 30, options.bitrate, video=not options.no_video)
    rates = [int(rate) for rate in options.fps.split(",")] if sizes.video else [0]
    results: dict[tuple[int, int], dict] = {}
    begin = time.monotonic()
    command = " ".join(["scripts/bench-media.sh people", *sys.argv[1:]])
    for count, fps in [(int(count), fps) for count in options.people.split(",") for fps in rates]:
        try:
            one = room(count, options.seconds, replace(sizes, fps=fps or sizes.fps))
        except Failed as error:
            one = {"failed": str(error)}
        results[count, fps] = one
        shown = " ".join(f"{key}={value if isinstance(value, str) else round(value, 2)}" for key, value in one.items())
        print(f"[{time.monotonic() - begin:5.0f} s] {count} people, {fps} pictures a second: {shown}", flush=True)
        rows = [{"people": count, "fps": fps, **one} for (count, fps), one in results.items()]
        options.json.write_text(json.dumps(rows))
    text = markdown(results, options.seconds, sizes, command)
    print("\n" + text)
    if options.markdown:
        write_section(options.markdown, "media-people", text)
    return 1 if any("failed" in one or grows(one) for one in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
