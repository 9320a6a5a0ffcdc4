"""The cells of the table: what is started, and which figures come of it."""

from __future__ import annotations

import json
import os
import re
import signal
import time

from harness import BUILD, Failed, Session, Stack, memory_kb

AUDIO = "audio,size=160,rate=50,gop=1,prio=80,age=500"
VIDEO = "video,size=6000,rate=30,key=60000,gop=60,prio=60,age=500"


def fan_out(stack: Stack, seconds: float, subscribers: int, track: str) -> dict:
    with Session(stack) as s:
        s.relay()
        publisher = s.peer("publish", "--path", "room/pub", "--track", track)
        s.ready(publisher)
        subscriber = s.peer("subscribe", "--path", "room/pub", "--track", track, "--count", subscribers)
        s.ready(subscriber)
        time.sleep(0.5)
        w = s.window(seconds, publisher, subscriber)
        t = w.track(track.split(",")[0])
        if not t["received"]:
            raise Failed("nothing arrived")
        expected = max(1, w.expected())
        return {
            "cpu_us_per_frame": w.relay_cpu / t["received"] * 1e6,
            "relay_cpu_pct": w.relay_cpu / seconds * 100,
            "p50_ms": t["latency"]["p50"] / 1e3,
            "p99_ms": t["p99"] / 1e3,
            "lost_pct": 100 * (1 - t["received"] / expected),
            "pace_late_p99_ms": w.results[0]["pace_late_us"]["p99"] / 1e3,
            "stall_ms": w.results[0]["pace_late_us"]["max"] / 1e3,
        }


def bulk(stack: Stack, seconds: float, mbit: float) -> dict:
    track = f"bulk,size=10000,rate={mbit * 1e6 / 80000},gop=250,prio=60,age=500"
    with Session(stack) as s:
        s.relay()
        publisher = s.peer("publish", "--path", "room/pub", "--track", track)
        s.ready(publisher)
        subscriber = s.peer("subscribe", "--path", "room/pub", "--track", track)
        s.ready(subscriber)
        time.sleep(0.5)
        w = s.window(seconds, publisher, subscriber)
        t = w.track("bulk")
        if not t["received"]:
            raise Failed("nothing arrived")
        return {
            "cpu_s_per_gb": w.relay_cpu / (t["received_bytes"] / 1e9),
            "goodput_mbit": t["received_bytes"] * 8 / seconds / 1e6,
            "lost_pct": 100 * (1 - t["received"] / max(1, w.expected())),
            "p99_ms": t["p99"] / 1e3,
        }


def sustained(stack: Stack, seconds: float, rates: list[int]) -> dict:
    """The highest goodput over rising rates that loses no more than 1 %; stops after two that do."""
    best, bad, steps = 0.0, 0, {}
    for rate in rates:
        r = bulk(stack, seconds, rate)
        steps[rate] = (round(r["goodput_mbit"]), round(r["lost_pct"], 1))
        if r["lost_pct"] <= 1:
            best = max(best, r["goodput_mbit"])
            bad = 0
        else:
            bad += 1
            if bad == 2:
                break
    return {"sustained_mbit": best, "steps": steps}


def first_frame(stack: Stack, seconds: float, count: int, rtt_ms: float = 0) -> dict:
    """New connections in turn to a track that has one frame; over a network with that round trip, or loopback."""
    track = "state,size=400,rate=0,prio=100,age=10000"
    with Session(stack) as s:
        s.relay()
        publisher = s.peer("publish", "--path", "room/pub", "--track", track)
        s.ready(publisher)
        time.sleep(0.3)
        url = s.impair(1, f"both.delay={rtt_ms / 2}ms") if rtt_ms else None
        client = s.peer("first", "--path", "room/pub", "--track", track, "--count", count, url=url)
        r = json.loads(client.line("{", 60))
        if not r["first_frame_us"]["count"]:
            raise Failed("no first frame")
        p50 = r["first_frame_us"]["p50"] / 1e3
        return {
            "p50_ms": p50,
            **({"round_trips": p50 / rtt_ms} if rtt_ms else {}),
            "p99_ms": r["first_frame_us"]["p99"] / 1e3,
            "connect_p50_ms": r["linked_us"]["p50"] / 1e3,
            "missed": count - r["first_frame_us"]["count"],
        }


def idle(stack: Stack, seconds: float, count: int) -> dict:
    with Session(stack) as s:
        relay = s.relay()
        # the first connection pays for what is allocated once
        s.ready(s.peer("idle", "--count", "1"))
        time.sleep(0.3)
        before = memory_kb(relay.pid)
        client = s.peer("idle", "--count", count)
        s.ready(client, timeout=60)
        time.sleep(2)
        w = s.window(seconds, client, drain=0)
        after = memory_kb(relay.pid)
        return {
            "cpu_pct": w.relay_cpu / seconds * 100,
            "cpu_us_per_connection_s": w.relay_cpu / seconds / count * 1e6,
            "kb_per_connection": (after["pss"] - before["pss"]) / count,
            "private_kb_per_connection": (after["private"] - before["private"]) / count,
            "base_mb": before["pss"] / 1024,
        }


def rooms(stack: Stack, seconds: float, count: int, tracks: list[str]) -> dict:
    """Rooms of four; ten rooms a process, so that no process of clients is the bottleneck alone."""
    with Session(stack) as s:
        s.relay()
        options = [x for t in tracks for x in ("--track", t)]
        peers = []
        for first in range(0, count, 10):
            span = f"{first}-{min(count, first + 10)}"
            peers.append(s.peer("rooms", "--rooms", span, "--size", "4", *options))
        s.ready(*peers, timeout=70)
        time.sleep(1)
        w = s.window(seconds, *peers, drain=2)
        expected, result = max(1, w.expected()), {}
        on_time = sum(t["on_time"] for r in w.results for t in r["tracks"].values())
        planned = seconds * count * 4 * 3 * sum(float(re.search(r"rate=([\d.]+)", t).group(1)) for t in tracks)
        result["goodput_mbit"] = w.received_bytes() * 8 / seconds / 1e6
        result["delivered_pct"] = 100 * w.received() / planned
        result["on_time_pct"] = 100 * on_time / planned
        result["lost_pct"] = 100 * (1 - w.received() / expected)
        result["started_pct"] = 100 * sum(p.started[0] for p in peers) / sum(p.started[1] for p in peers)
        result["cpu_us_per_frame"] = w.relay_cpu / max(1, w.received()) * 1e6
        result["relay_cpu_pct"] = w.relay_cpu / seconds * 100
        result["audio_p99_ms"] = w.track("audio")["p99"] / 1e3
        return result


def impaired(stack: Stack, seconds: float, seed: int, settings: list[str], subscribers: int = 4) -> dict:
    """Publisher and relay side by side, the subscribers behind the bad network."""
    with Session(stack) as s:
        s.relay()
        options = ["--path", "room/pub", "--track", AUDIO, "--track", VIDEO]
        publisher = s.peer("publish", *options)
        s.ready(publisher)
        url = s.impair(seed, *settings)
        subscriber = s.peer("subscribe", *options, "--count", subscribers, url=url)
        s.ready(subscriber)
        time.sleep(2)
        w = s.window(seconds, publisher, subscriber, drain=3)
        out = {}
        for name in ("audio", "video"):
            t = w.track(name)
            out[f"{name}_p50_ms"] = t["latency"]["p50"] / 1e3
            out[f"{name}_p99_ms"] = t["p99"] / 1e3
            out[f"{name}_lost_pct"] = 100 * (1 - t["received"] / max(1, w.expected_of(name)))
        out["stall_ms"] = w.results[0]["pace_late_us"]["max"] / 1e3
        return out


def allocations(stack: Stack, seconds: float, track: str) -> dict:
    """Heap allocations per forwarded frame in steady state, by the library that asked for them."""
    counter = BUILD / "alloccount.so"
    with Session(stack) as s:
        relay = s.relay(env={"LD_PRELOAD": str(counter), "ALLOCCOUNT_OUT": str(BUILD / f"alloc-{stack.name}.txt")})
        publisher = s.peer("publish", "--path", "room/pub", "--track", track)
        s.ready(publisher)
        subscriber = s.peer("subscribe", "--path", "room/pub", "--track", track, "--count", 20)
        s.ready(subscriber)
        time.sleep(3)  # steady state: pools are filled
        out = BUILD / f"alloc-{stack.name}.txt"

        def snapshot() -> dict[str, int]:
            out.unlink(missing_ok=True)
            os.kill(relay.pid, signal.SIGUSR2)
            for _ in range(100):
                time.sleep(0.02)
                if out.exists() and out.read_text().endswith("end\n"):
                    break
            else:
                raise Failed("the allocation counter did not answer")
            rows = (line.split() for line in out.read_text().splitlines()[:-1])
            return {r[0]: int(r[1]) for r in rows}

        rate = float(re.search(r"rate=([\d.]+)", track).group(1))
        before, begin = snapshot(), time.monotonic()
        time.sleep(seconds)
        after, end = snapshot(), time.monotonic()
        for peer in (subscriber, publisher):
            peer.send("stop")
        results = [json.loads(peer.line("{", 15)) for peer in (publisher, subscriber)]
        if not sum(t["outside"] for r in results for t in r["tracks"].values()):
            raise Failed("nothing was forwarded")
        frames = rate * 20 * (end - begin)
        grown = {k: (v - before.get(k, 0)) / frames for k, v in after.items()}
        result = {f"per_frame[{k}]": v for k, v in grown.items() if v > 0.0005}
        result["per_frame_total"] = sum(grown.values())
        result["per_frame_own"] = grown.get("own", 0.0)
        return result


def cells(quick: bool, seconds: float) -> dict[str, tuple]:
    long = max(seconds, 10) if not quick else seconds
    table = {
        "audio50": (fan_out, seconds, 50, AUDIO),
        "audio200": (fan_out, seconds, 200, AUDIO),
        "video50": (fan_out, seconds, 50, VIDEO),
        "video200": (fan_out, seconds, 200, VIDEO),
        "bulk500": (bulk, seconds, 500),
        "sustained": (sustained, min(seconds, 4), [400, 600, 800, 1000, 1250, 1500, 2000, 2500, 3000, 4000]),
        "latency1": (fan_out, long, 1, AUDIO),
        "first": (first_frame, seconds, 20 if quick else 50),
        "first-rtt50": (first_frame, seconds, 10 if quick else 20, 50),
        "idle500": (idle, long, 500),
    }
    for n in (10, 15, 20, 30, 50):
        table[f"rooms{n}"] = (rooms, seconds, n, [AUDIO])
    for n in (10, 20):
        table[f"rooms{n}video"] = (rooms, seconds, n, [AUDIO, VIDEO])
    for share in (1, 5, 10):
        table[f"loss{share}"] = (impaired, long, 7, ["both.delay=25ms", f"both.loss={share}%"])
    table["jitter"] = (impaired, long, 7, ["both.delay=10ms", "both.jitter=30ms", "both.order=free"])
    table["allocations"] = (allocations, seconds, AUDIO)
    table["allocations-video"] = (allocations, seconds, VIDEO)
    return table


QUIET_CELLS = ("latency1", "loss1", "loss5", "loss10", "jitter")
"""Cells about delays: the machine must not stall meanwhile, whatever else it does."""
STALL_MS = 60
"""A publisher that woke this late was stopped by the machine: the cell is repeated, at most three times."""

UDP_CELLS = ("audio50", "audio200", "video50", "latency1")
"""Cells for which the bare UDP floor is measured as well."""
