#!/usr/bin/env python3
"""What the pipeline adds to the codecs: 720p30 and Opus through it, and through the bare libraries, in turns.

    scripts/bench-media.sh codecs [--rounds 3] [--seconds 20] [--markdown docs/performance.md]

The bare codecs (bare.c) work on the same pictures and samples at the same pace. Of ours, the time of capture to packet is
the CPU of the codec's thread and of handing in, that of packet to picture the CPU of the receiver's codec thread; both
with sound or pictures alone, so that one does not hide in the other.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from figures import Figures
from rig import BARE, BUILD, Failed, Process, Sizes, call, pictures, speech

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from sections import write_section  # noqa: E402

SIZES = {"width": 1280, "height": 720, "video_bitrate": 2_000_000}
#: A packet of 20 ms and the look-ahead of the encoder.
OPUS_DELAY_MS = 26.5
FRAME_MS = 1000 / 30


def bare(seconds: float) -> dict:
    command = [BARE, "--pictures", pictures(1280, 720), "--width", 1280, "--height", 720, "--speech", speech()]
    command += ["--video-bitrate", SIZES["video_bitrate"], "--seconds", seconds]
    answer = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=seconds + 60)
    if answer.returncode:
        raise Failed(f"media-bare: {answer.stderr.strip()}")
    return json.loads(answer.stdout)


def threads_ns(pid: int) -> dict[str, int]:
    """CPU of each kind of thread."""
    used: dict[str, int] = {}
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            name = Path(path).with_name("comm").read_text().strip()
            used[name] = used.get(name, 0) + int(Path(path).read_text().split()[0])
        except (OSError, ValueError, IndexError):
            continue
    return used


class Threads:
    """CPU of the threads of sender and receiver within the measured time, as ``watch`` of a call."""

    def __init__(self) -> None:
        self.used: dict[str, dict[str, int]] = {}

    def __call__(self, people: dict[str, Process], before: dict | None = None) -> dict:
        now = {name: threads_ns(process.pid) for name, process in people.items()}
        if before is not None:
            self.used = {
                name: {thread: ns - before[name].get(thread, 0) for thread, ns in threads.items()}
                for name, threads in now.items()
            }
        return now

    def us(self, who: str, thread: str) -> float:
        return self.used[who].get(thread, 0) / 1000


#: Until what is kept of the last groups has been as large as it becomes.
SETTLING_S = 20


class Allocations:
    """Heap allocations of sender and receiver within the measured time but for its beginning, by Benchmarks/alloccount.c."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        counter = str(BUILD / "alloccount.so")
        self.env = {name: {"LD_PRELOAD": counter, "ALLOCCOUNT_OUT": str(self._file(name))} for name in ("sender", "receiver")}

    @staticmethod
    def _file(name: str) -> Path:
        return BUILD / "media" / f"alloc-{name}.txt"

    def _snapshot(self, name: str, process: Process) -> dict[str, int]:
        out = self._file(name)
        out.unlink(missing_ok=True)
        os.kill(process.pid, signal.SIGUSR2)
        for _ in range(200):
            time.sleep(0.02)
            if out.exists() and out.read_text().endswith("end\n"):
                return {module: int(count) for module, count in (line.split() for line in out.read_text().splitlines()[:-1])}
        raise Failed("the allocation counter did not answer")

    def __call__(self, people: dict[str, Process], before: dict | None = None) -> dict:
        if before is None:
            time.sleep(SETTLING_S)
        now = {name: self._snapshot(name, process) for name, process in people.items() if name in self.env}
        if before is not None:
            self.counts = {name: now[name].get("own", 0) - before[name].get("own", 0) for name in now}
        return now


def only(kind: str) -> Sizes:
    return Sizes(**SIZES, audio=kind == "audio", video=kind == "video", more=("--fixed",))


def pipeline(seconds: float) -> dict:
    """Three calls of ours: pictures alone, sound alone, both."""
    result: dict[str, float] = {}
    for kind in ("video", "audio"):
        threads = Threads()
        one = call("burrow", seconds, sizes=only(kind), watch=threads)
        counted = Figures(one).counted
        # What a busy machine made the pipeline leave out costs nothing.
        frames, arrived = (max(counted(kind, "frames", one.start, one.end, side), 1) for side in ("sent", "received"))
        push_us = one.sent["push_us"] / max(one.sent["pictures"], 1) if kind == "video" else 0
        result[f"{kind}_capture_us"] = threads.us("sender", "burrow-codec") / frames + push_us
        result[f"{kind}_codec_us"] = counted(kind, "codec", one.start, one.end, "sent") / frames
        result[f"{kind}_frames"] = frames
        if kind == "video":
            result["video_picture_us"] = threads.us("receiver", "burrow-codec") / arrived
        result[f"{kind}_transport_us"] = threads.us("sender", "burrow-loop") / frames
    threads = Threads()
    both = call("burrow", seconds, sizes=Sizes(**SIZES, more=("--fixed",)), watch=threads)
    figures = Figures(both).usual()
    result |= {
        "cpu_sender_pct": figures["cpu_sender_pct"], "cpu_receiver_pct": figures["cpu_receiver_pct"],
        "cpu_relay_pct": figures["cpu_relay_pct"], "audio_ms": figures["mouth_to_ear_ms"], "video_ms": figures["video_ms"],
        "concealed_pct": figures["concealed_pct"], "fps": figures["fps"], "video_kbps": figures["video_kbps"],
        "stall_ms": figures["stall_ms"],
    }  # fmt: skip
    for who in ("sender", "receiver"):
        for thread, ns in sorted(threads.used[who].items()):
            result[f"thread[{who} {thread}]"] = ns / 1e7 / seconds
    return result


def allocations(seconds: float) -> dict:
    """Our own heap allocations a frame (picture or packet), of sender and receiver."""
    counter = Allocations()
    call("burrow", SETTLING_S + seconds, sizes=Sizes(**SIZES, more=("--fixed",)), env=counter.env, watch=counter)
    return {f"allocations_{who}": count / (80 * seconds) for who, count in counter.counts.items()}


Value = Callable[[dict, dict], float]
ROWS: tuple[tuple[str, str, float | None, Value], ...] = (
    ("capture to packet, video, against encoding alone", "x", 1.10,
     lambda ours, bare: ours["video_capture_us"] / bare["video_encode"]["cpu_us"]),
    ("capture to packet, audio, against encoding alone", "x", 1.3,
     lambda ours, bare: ours["audio_capture_us"] / bare["audio_encode"]["cpu_us"]),
    ("packet to picture, against decoding alone", "x", 1.15,
     lambda ours, bare: ours["video_picture_us"] / bare["video_decode"]["cpu_us"]),
    ("push to pull, audio, beyond the codec's own delay", "ms", 30, lambda ours, bare: ours["audio_ms"] - OPUS_DELAY_MS),
    ("push to pull, video, beyond encoding and decoding", "ms", FRAME_MS,
     lambda ours, bare: ours["video_ms"] - (bare["video_encode"]["p50_us"] + bare["video_decode"]["p50_us"]) / 1000),
    ("CPU of sender and receiver, against the bare codecs", "x", 1.15,
     lambda ours, bare: (ours["cpu_sender_pct"] + ours["cpu_receiver_pct"]) * bare["seconds"] / 100 / bare["cpu_s"]),
    ("CPU of the sender, of a core", "%", None, lambda ours, bare: ours["cpu_sender_pct"]),
    ("CPU of the receiver, of a core", "%", None, lambda ours, bare: ours["cpu_receiver_pct"]),
    ("CPU of the bare codecs, of a core", "%", None, lambda ours, bare: bare["cpu_s"] / bare["seconds"] * 100),
    ("encoding a picture alone", "us", None, lambda ours, bare: bare["video_encode"]["cpu_us"]),
    ("decoding a picture alone", "us", None, lambda ours, bare: bare["video_decode"]["cpu_us"]),
    ("encoding a packet alone", "us", None, lambda ours, bare: bare["audio_encode"]["cpu_us"]),
    ("decoding a packet alone", "us", None, lambda ours, bare: bare["audio_decode"]["cpu_us"]),
)  # fmt: skip


def markdown(rounds: list[dict], seconds: float, command: str) -> str:
    kernel = ".".join(platform.release().split(".")[:2])
    out = [
        "## The pipeline against the codecs alone", "", "Measured by", "", f"    {command}", "",
        f"on {os.cpu_count()} cores ({platform.machine()}, Linux {kernel}): 720p30 at 2 Mbit/s and Opus at 32 kbit/s, sender,"
        f" relay and receiver in processes of their own, the bare libraries with the same settings in turns with them,"
        f" {len(rounds)} rounds of {seconds:g} s, medians of the rounds' ratios.", "",
        "| what | measured | goal | |", "|---|---|---|---|",
    ]  # fmt: skip
    for what, unit, goal, value in ROWS:
        whole = [one for one in rounds if one["ours"]["audio_ms"] is not None and one["ours"]["video_ms"] is not None]
        if not whole:
            out.append(f"| {what}, {unit} | - | {'' if goal is None else f'<= {goal:.3g}'} | not measured |")
            continue
        median = statistics.median(value(one["ours"], one["bare"]) for one in whole)
        verdict = "" if goal is None else "reached" if median <= goal else "missed"
        shown = f"{median:.0f}" if median >= 100 else f"{median:.3g}"
        out.append(f"| {what}, {unit} | {shown} | {'' if goal is None else f'<= {goal:.3g}'} | {verdict} |")
    for who in ("sender", "receiver"):
        counts = [one["allocations"][f"allocations_{who}"] for one in rounds if one["allocations"]]
        if counts:
            median = statistics.median(counts)
            out.append(f"| own heap allocations a frame, {who} | {median:.2f} | 0 | {'reached' if median < 0.005 else 'missed'} |")
    return "\n".join(out) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--no-allocations", action="store_true")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path, default=BUILD / "media" / "codecs.json")
    options = parser.parse_args()
    rounds: list[dict] = []
    begin = time.monotonic()
    for turn in range(options.rounds):
        one: dict = {}
        steps: list[tuple[str, Callable[[float], dict]]] = [("bare", bare), ("ours", pipeline)]
        for name, step in steps[:: -1 if turn % 2 else 1]:
            one[name] = step(options.seconds)
            print(f"[{time.monotonic() - begin:5.0f} s] round {turn + 1} {name}: {json.dumps(one[name])}", flush=True)
        one["allocations"] = {} if options.no_allocations else allocations(min(options.seconds, 10))
        print(f"[{time.monotonic() - begin:5.0f} s] round {turn + 1} allocations: {one['allocations']}", flush=True)
        rounds.append(one)
        options.json.write_text(json.dumps(rounds))
    text = markdown(rounds, options.seconds, " ".join(["scripts/bench-media.sh codecs", *sys.argv[1:]]))
    print("\n" + text)
    if options.markdown:
        write_section(options.markdown, "media-codecs", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
