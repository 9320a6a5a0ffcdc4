#!/usr/bin/env python3
"""Shows a call second by second, from a file that impairment.py wrote with --traces FOLDER.

    Benchmarks/media/trace.py FILE [--step 1] [--from S] [--to S]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from figures import Figures, quantile
from rig import Call

HEADS = ("s", "sent", "rate", "rtt", "cwnd", "flight", "lost", "tgt", "buf", "heard", "worst", "conc", "recov", "pics", "video",
         "vworst", "gap", "high", "late", "drop")  # fmt: skip


def last(rows: list[list], index: int, start: int, end: int) -> float:
    some = [row[index] for row in rows if start <= row[0] < end]
    return some[-1] if some else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--step", type=float, default=1)
    parser.add_argument("--from", dest="start", type=float, default=-5)
    parser.add_argument("--to", type=float)
    options = parser.parse_args()
    saved = json.loads(options.file.read_text())
    call = Call(saved["begin"], saved["start"], saved["end"], saved["sent"], saved["received"])
    figures = Figures(call)
    got, sent = call.received, call.sent
    names, seen = got["audio_names"], got["video_names"]
    print("sent: kbit/s encoded; rate: kbit/s the line is thought to carry; tgt, buf: of the playout; heard, worst: delay of")
    print("sound, ms; conc, recov: ms of sound; high: height of the pictures; late, drop: packets and pictures")
    print(" ".join(f"{head:>6}" for head in HEADS))
    end = call.end if options.to is None else call.start + int(options.to * 1e6)
    step = int(options.step * 1e6)
    for at in range(call.start + int(options.start * 1e6), end, step):
        until = at + step
        sound = [delay / 1000 for delay in figures.sound_delays(at, until)]
        pictures = [delay / 1000 for delay in figures.picture_delays(at, until)]
        bits = sum(figures.counted(kind, "bytes", at, until + 200_000, "sent") for kind in ("audio", "video")) * 8000 / step
        lost = [row[6] for row in sent["line"] if at <= row[0] < until + 200_000]
        row = (
            (at - call.start) / 1e6, bits, last(sent["line"], 2, at, until) / 1000, last(sent["line"], 1, at, until) / 1000,
            last(sent["line"], 3, at, until) / 1000, last(sent["line"], 4, at, until) / 1000, lost[-1] - lost[0] if lost else 0,
            last(got["audio"], names.index("target"), at, until), last(got["audio"], names.index("delay"), at, until),
            quantile(sound, 0.5) or 0, max(sound, default=0), figures.counted("audio", "concealed", at, until + 200_000) / 1000,
            figures.counted("audio", "recovered", at, until + 200_000) / 1000, len(pictures), quantile(pictures, 0.5) or 0,
            max(pictures, default=0), max(figures.gaps(at, until)) / 1000,
            last(got["video"], seen.index("height"), at, until), figures.counted("audio", "late", at, until + 200_000),
            figures.counted("video", "dropped", at, until + 200_000),
        )  # fmt: skip
        print(" ".join(f"{value:6.1f}" if abs(value) < 1000 else f"{value:6.0f}" for value in row))


main()
