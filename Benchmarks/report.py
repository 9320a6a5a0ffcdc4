"""Medians, ratios and the table of docs/performance.md."""

from __future__ import annotations

import math
import os
import platform
import statistics


def is_number(v) -> bool:
    return isinstance(v, (int, float)) and not math.isnan(v)


def values(results: dict, cell: str, stack: str, metric: str) -> list[float]:
    rows = results.get(cell, {}).get(stack, [])
    return [r[metric] for r in rows if is_number(r.get(metric))]


def median(results: dict, cell: str, stack: str, metric: str) -> float | None:
    v = values(results, cell, stack, metric)
    return statistics.median(v) if v else None


MOST_LOST = 5
"""A relay that loses more than this many per cent is overloaded: its cost per delivered frame means nothing."""


def ratio(results: dict, cell: str, metric: str) -> float | None:
    """The median of the rounds' ratios; costs only of rounds in which both stacks delivered."""
    ours, theirs = (results.get(cell, {}).get(s, []) for s in ("burrow", "moq-rs"))
    pairs = [(a, b) for a, b in zip(ours, theirs) if is_number(a.get(metric)) and is_number(b.get(metric))]
    if metric.startswith("cpu_"):
        pairs = [(a, b) for a, b in pairs if max(a.get("lost_pct", 0), b.get("lost_pct", 0)) <= MOST_LOST]
    r = [a[metric] / b[metric] for a, b in pairs if b[metric]]
    return statistics.median(r) if r else None


def remark(results: dict, cell: str) -> str:
    """What has to be known to read a row of costs."""
    texts = []
    for stack in ("burrow", "moq-rs"):
        lost = [r["lost_pct"] for r in results.get(cell, {}).get(stack, []) if is_number(r.get("lost_pct"))]
        failed = sum("failed" in r for r in results.get(cell, {}).get(stack, []))
        if lost and statistics.median(lost) > 1:
            texts.append(f"{stack} lost {statistics.median(lost):.0f} %")
        if failed:
            texts.append(f"{stack} failed {failed} x")
    return "; ".join(texts)


ROWS = [  # what, cell, metric, unit, goal of the ratio (None: shown only), "low" or "high"
    ("relay CPU per delivered audio frame, 1 to 50", "audio50", "cpu_us_per_frame", "us", 0.25, "low"),
    ("relay CPU per delivered audio frame, 1 to 200", "audio200", "cpu_us_per_frame", "us", 0.25, "low"),
    ("relay CPU per delivered video frame, 1 to 50", "video50", "cpu_us_per_frame", "us", 0.4, "low"),
    ("relay CPU per delivered video frame, 1 to 200", "video200", "cpu_us_per_frame", "us", 0.4, "low"),
    ("relay CPU per GB, 10 kB frames at 500 Mbit/s", "bulk500", "cpu_s_per_gb", "s", 0.6, "low"),
    ("sustained throughput, at most 1 % lost", "sustained", "sustained_mbit", "Mbit/s", 1.3, "high"),
    ("latency, one subscriber, p50", "latency1", "p50_ms", "ms", 0.6, "low"),
    ("latency, one subscriber, p99", "latency1", "p99_ms", "ms", 0.8, "low"),
    ("latency, 50 subscribers, p99", "audio50", "p99_ms", "ms", 0.4, "low"),
    ("connect to first frame, warm relay, p50", "first", "p50_ms", "ms", 0.7, "low"),
    ("connect to first frame at 50 ms round trip, in round trips", "first-rtt50", "round_trips", "", None, "low"),
    ("idle CPU, 500 connections", "idle500", "cpu_pct", "% of a core", 0.1, "low"),
    ("memory per idle connection", "idle500", "kb_per_connection", "kB", 0.5, "low"),
    ("1 % loss, audio p99", "loss1", "audio_p99_ms", "ms", 1.0, "low"),
    ("1 % loss, video p99", "loss1", "video_p99_ms", "ms", 1.0, "low"),
    ("1 % loss, audio lost", "loss1", "audio_lost_pct", "%", None, "low"),
    ("1 % loss, video lost", "loss1", "video_lost_pct", "%", None, "low"),
    ("5 % loss, audio p99", "loss5", "audio_p99_ms", "ms", 1.0, "low"),
    ("5 % loss, video p99", "loss5", "video_p99_ms", "ms", 1.0, "low"),
    ("5 % loss, audio lost", "loss5", "audio_lost_pct", "%", None, "low"),
    ("5 % loss, video lost", "loss5", "video_lost_pct", "%", None, "low"),
    ("10 % loss, audio p99", "loss10", "audio_p99_ms", "ms", 1.0, "low"),
    ("10 % loss, video p99", "loss10", "video_p99_ms", "ms", 1.0, "low"),
    ("10 % loss, audio lost", "loss10", "audio_lost_pct", "%", None, "low"),
    ("10 % loss, video lost", "loss10", "video_lost_pct", "%", None, "low"),
    ("0-30 ms jitter, reordering, video p99", "jitter", "video_p99_ms", "ms", 0.1, "low"),
    ("0-30 ms jitter, reordering, video lost", "jitter", "video_lost_pct", "%", None, "low"),
    ("0-30 ms jitter, reordering, audio p99", "jitter", "audio_p99_ms", "ms", None, "low"),
    ("0-30 ms jitter, reordering, audio lost", "jitter", "audio_lost_pct", "%", None, "low"),
    ("heap allocations per forwarded audio frame, own code", "allocations", "per_frame_own", "", None, "low"),
    ("heap allocations per forwarded audio frame, all", "allocations", "per_frame_total", "", None, "low"),
    ("heap allocations per forwarded video frame, own code", "allocations-video", "per_frame_own", "", None, "low"),
]


def number(v: float | None) -> str:
    if v is None:
        return "-"
    return f"{v:.0f}" if abs(v) >= 100 else f"{v:.1f}" if abs(v) >= 10 else f"{v:.2f}"


def markdown(results: dict, command: str, rounds: int, seconds: float) -> str:
    out = ["# Performance", ""]
    out.append("Measured by")
    out += ["", f"    {command}", ""]
    cores, kernel = os.cpu_count(), ".".join(platform.release().split(".")[:2])
    out.append(
        f"on {cores} cores ({platform.machine()}, Linux {kernel}), over loopback, {rounds} interleaved rounds of {seconds:g} s per"
        " cell (10 s for latency, idle and the bad networks). Ours is the release library; moq-rs is the wheel moq-rs"
        " 0.5.1 (moq-ffi 0.4.18), driven through its own C interface by the same measuring program. Relay, publisher and"
        " subscribers are processes of their own. Values are medians over the rounds, the ratio is the median of the"
        " rounds' ratios (ours / moq-rs). Audio is 160 B at 50/s, one group a frame; video is 6 kB at 30/s with 60 kB"
        " key frames every 2 s. \"UDP\" is a relay of the same shape that only calls recvmmsg and sendmmsg: no"
        " protocol, no encryption. Cells about delays are repeated when the publisher's own clock thread was held up for more"
        " than 60 ms, so that they show the stack and not the machine."
    )
    out += ["", "| what | ours | moq-rs | UDP | ratio | goal | |", "|---|---|---|---|---|---|---|"]
    for what, cell, metric, unit, goal, sense in ROWS:
        if cell not in results:
            continue
        ours, theirs, floor = (median(results, cell, s, metric) for s in ("burrow", "moq-rs", "udp"))
        r = ratio(results, cell, metric)
        verdict = ""
        if goal is not None and r is not None:
            verdict = "reached" if (r <= goal if sense == "low" else r >= goal) else "missed"
        note = remark(results, cell) if "lost" not in metric else ""
        verdict = "; ".join(x for x in (verdict, note) if x)
        sign = "<=" if sense == "low" else ">="
        out.append(
            f"| {what}{', ' + unit if unit else ''} | {number(ours)} | {number(theirs)} | {number(floor)} | {number(r)} |"
            f" {f'{sign} {goal}' if goal is not None else ''} | {verdict} |"
        )
    counted = [c for c in results if c.startswith("rooms")]
    if counted:
        out += ["", "Rooms of four, everyone publishes and takes the other three. \"On time\" is what arrived within 500 ms,"]
        out += ["as a share of what should have been sent.", ""]
        out += ["| rooms | stack | delivered % | on time % | goodput Mbit/s | relay CPU % | CPU per frame us | audio p99 ms |"]
        out += ["|---|---|---|---|---|---|---|---|"]
        for cell in counted:
            for stack in results[cell]:
                row = [number(median(results, cell, stack, m)) for m in (
                    "delivered_pct", "on_time_pct", "goodput_mbit", "relay_cpu_pct", "cpu_us_per_frame", "audio_p99_ms")]
                out.append(f"| {cell.removeprefix('rooms').replace('video', ' with video')} | {stack} | " + " | ".join(row) + " |")
    failures = [
        f"- {cell}, {stack}, round {i + 1}: {r['failed']}"
        for cell, by in results.items() for stack, rows in by.items() for i, r in enumerate(rows) if "failed" in r
    ]
    if failures:
        out += ["", "Not measured:", "", *failures]
    out += ["", "Where the time and the memory go, and what was tried: [profile.md](profile.md)."]
    return "\n".join(out) + "\n"
