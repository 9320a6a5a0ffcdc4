#!/usr/bin/env python3
"""Measures our stack against moq-rs, and both against bare UDP, in one interleaved run.

    Benchmarks/run.py [--quick] [--only NAME[,NAME]] [--rounds N] [--seconds S] [--stacks burrow,moq-rs]
                      [--markdown docs/performance.md] [--json FILE] [--list]

Relay, publisher and subscribers are separate processes. Python only starts them, reads /proc and adds up: frames
are paced, written, read and timed by native threads (peer.c), by the same code for every stack. Within a round
each cell is run by one stack and then the other, the order alternating between rounds; a ratio is the median of the
rounds' ratios. Everything is bounded in time and ends by itself.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import platform
import re
import resource
import select
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "bench"
AUDIO = "audio,size=160,rate=50,gop=1,prio=80,age=500"
VIDEO = "video,size=6000,rate=30,key=60000,gop=60,prio=60,age=500"
TICK = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A cell could not be measured; the reason is shown in the table."""


# -- processes ------------------------------------------------------------------------------------


class Process:
    """A native program that answers in lines; killed when it does not end by itself."""

    def __init__(self, command, env=None, log=None):
        self.command = [str(c) for c in command]
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log if log is not None else subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
        )
        self.pid = self.process.pid
        self.buffer = b""

    def line(self, start: str, timeout: float) -> str:
        """The next line that begins like that."""
        until = time.monotonic() + timeout
        fd = self.process.stdout.fileno()
        while True:
            while b"\n" in self.buffer:
                line, self.buffer = self.buffer.split(b"\n", 1)
                text = line.decode(errors="replace")
                if text.startswith(start):
                    return text
            left = until - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                raise Failed(f"{Path(self.command[0]).name} {self.command[1]}: no '{start}' within {timeout:.0f} s")
            data = os.read(fd, 65536)
            if not data:
                raise Failed(f"{Path(self.command[0]).name} {self.command[1]}: ended early")
            self.buffer += data

    def send(self, text: str):
        try:
            self.process.stdin.write(text.encode() + b"\n")
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError):
            pass

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass


def cpu_seconds(pid: int) -> float:
    """CPU time of a process: nanoseconds of the scheduler for living threads, else what /proc counts."""
    total, found = 0, False
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            total += int(Path(path).read_text().split()[0])
            found = True
        except (OSError, IndexError, ValueError):
            continue
    if found:
        return total / 1e9
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_kb(pid: int) -> dict[str, int]:
    """Memory of a process: its share (Pss) and what it alone has."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    value = {k: int(v) for k, v in re.findall(r"^(\w+):\s+(\d+) kB", text, re.M)}
    return {"pss": value["Pss"], "private": value["Private_Clean"] + value["Private_Dirty"]}


def sleep_until(ns: int):
    left = ns - time.monotonic_ns()
    if left > 0:
        time.sleep(left / 1e9)


# -- stacks -------------------------------------------------------------------------------------------


class Stack:
    def __init__(self, name: str, peer: Path, library: str | None = None, scheme: str = "https"):
        self.name, self.peer, self.library, self.scheme = name, peer, library, scheme
        self.log = open(BUILD / f"{name}.log", "ab")

    def command(self, role: str, *options):
        extra = ["--library", self.library] if self.library else []
        return [self.peer, role, *extra, *options]

    def run(self, role: str, *options, env=None) -> Process:
        return Process(self.command(role, *options), env=env, log=self.log)


def find_stacks(names: list[str]) -> list[Stack]:
    found = []
    for name in names:
        if name == "moq-rs":
            where = os.environ.get("MOQRS_LIBRARY")
            pattern = str(ROOT / ".venv/lib/python*/site-packages/moq_ffi/_uniffi/libmoq_ffi.so")
            library = where or next(iter(sorted(glob.glob(pattern))), None)
            if not library:
                print("skipped: moq-rs (run scripts/bootstrap.sh, or set MOQRS_LIBRARY)", file=sys.stderr)
                continue
            found.append(Stack(name, BUILD / "moqrs-peer", library))
        elif name == "burrow":
            if not (BUILD / "burrow-peer").exists():
                print("skipped: burrow (build the library first)", file=sys.stderr)
                continue
            found.append(Stack(name, BUILD / "burrow-peer"))
        elif name == "udp":
            found.append(Stack(name, BUILD / "udp-peer", scheme="udp"))
    return found


class Session:
    """One cell's processes; whatever happens, all of them end."""

    def __init__(self, stack: Stack):
        self.stack = stack
        self.processes: list[Process] = []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for process in reversed(self.processes):
            process.end()

    def add(self, process: Process) -> Process:
        self.processes.append(process)
        return process

    def relay(self, env=None) -> Process:
        self.relay_process = self.add(self.stack.run("relay", "--bind", "127.0.0.1:0", env=env))
        self.address = self.relay_process.line("listening ", 10).split()[1]
        self.url = f"{self.stack.scheme}://{self.address}"
        return self.relay_process

    def impair(self, seed: int, *settings) -> str:
        """A worse network in front of the relay; the URL behind it."""
        tool = udpimpair()
        command = [tool, "--listen", "127.0.0.1:0", "--target", self.address, "--seed", str(seed), "--duration", "120"]
        for setting in settings:
            command += ["-s", setting]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = process.stderr.readline().decode()
        if not line.startswith("listening "):
            process.kill()
            raise Failed(f"udpimpair: {line.strip()}")
        self.proxy = process

        class Proxy:
            def end(self):
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                    try:
                        process.wait(3)
                    except subprocess.TimeoutExpired:
                        process.kill()
                process.stdout.close()
                process.stderr.close()

        self.processes.append(Proxy())
        return f"{self.stack.scheme}://{line.split()[1]}"

    def peer(self, role: str, *options, url: str | None = None) -> Process:
        return self.add(self.stack.run(role, "--url", url or self.url, *options))

    def ready(self, *peers: Process, timeout: float = 45):
        for peer in peers:
            text = peer.line("ready ", timeout)
            links, wanted, inlets, subscriptions = map(int, re.match(r"ready (\d+)/(\d+) links (\d+)/(\d+)", text).groups())
            if links < wanted:
                raise Failed(f"only {links} of {wanted} connections came up")
            peer.started = (inlets, subscriptions)

    def window(self, seconds: float, *peers: Process, drain: float = 1.0) -> "Window":
        """Lets the peers run for that long, measuring the relay meanwhile; then ends them."""
        begin = time.monotonic_ns() + 150_000_000
        end = begin + int(seconds * 1e9)
        for peer in peers:
            peer.send(f"go {begin} {end}")
        sleep_until(begin)
        cpu, at = cpu_seconds(self.relay_process.pid), time.monotonic_ns()
        sleep_until(end)
        used, after = cpu_seconds(self.relay_process.pid) - cpu, time.monotonic_ns()
        time.sleep(drain)
        if self.relay_process.process.poll() is not None:
            raise Failed("the relay ended")
        for peer in reversed(peers):
            peer.send("stop")
        results = [json.loads(peer.line("{", 15)) for peer in peers]
        return Window(results, used * (seconds / ((after - at) / 1e9)), seconds)


class Window:
    """What happened in a measured window, summed over the peers."""

    def __init__(self, results: list[dict], relay_cpu: float, seconds: float):
        self.results, self.relay_cpu, self.seconds = results, relay_cpu, seconds

    def track(self, name: str) -> dict:
        """Counts of a track over all peers; latencies of the peer that had most frames of it."""
        parts = [r["tracks"][name] for r in self.results if name in r["tracks"]]
        total = {k: sum(p[k] for p in parts) for k in ("sent", "received", "received_bytes", "on_time", "duplicates", "bad")}
        total["latency"] = max((p["latency_us"] for p in parts), key=lambda h: h["count"])
        total["p99"] = worst_p99(parts)
        return total

    def received(self) -> int:
        return sum(t["received"] for r in self.results for t in r["tracks"].values())

    def received_bytes(self) -> int:
        return sum(t["received_bytes"] for r in self.results for t in r["tracks"].values())

    def expected(self) -> int:
        """Frames that should have arrived: per track, what each publisher sent times its subscriptions."""
        return sum(self.expected_of(name) for name in {n for r in self.results for n in r["tracks"]})

    def expected_of(self, name: str) -> int:
        parts = [r["tracks"][name] for r in self.results if name in r["tracks"]]
        publishers = sum(1 for r in self.results if name in r["tracks"] and r["tracks"][name]["sent"]) or 1
        if all(r["role"] == "rooms" for r in self.results):
            return sum(p["sent"] for p in parts) * 3
        return sum(p["sent"] for p in parts) // publishers * sum(p["subscriptions"] for p in parts)


def worst_p99(parts: list[dict]) -> float:
    weighted = [(p["latency_us"]["p99"], p["latency_us"]["count"]) for p in parts if p["latency_us"]["count"]]
    count = sum(c for _, c in weighted)
    return sum(v * c for v, c in weighted) / count if count else float("nan")


def udpimpair() -> Path:
    given = os.environ.get("UDPIMPAIR")
    candidates = [Path(given)] if given else []
    candidates += [BUILD / "udpimpair", ROOT / "build/bin/udpimpair", ROOT.parent / "shared/tools/udpimpair/udpimpair"]
    for path in candidates:
        if path.is_file() and os.access(path, os.X_OK):
            return path
    source = ROOT.parent / "shared/tools/udpimpair/udpimpair.c"
    if source.is_file():
        subprocess.run(["cc", "-O2", "-std=gnu11", "-o", BUILD / "udpimpair", source, "-lm"], check=True)
        return BUILD / "udpimpair"
    raise Failed("udpimpair is not here (set UDPIMPAIR)")


# -- cells ------------------------------------------------------------------------------------------------


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


def first_frame(stack: Stack, seconds: float, count: int) -> dict:
    track = "state,size=400,rate=0,prio=100,age=10000"
    with Session(stack) as s:
        s.relay()
        publisher = s.peer("publish", "--path", "room/pub", "--track", track)
        s.ready(publisher)
        time.sleep(0.3)
        client = s.peer("first", "--path", "room/pub", "--track", track, "--count", count)
        r = json.loads(client.line("{", 60))
        if not r["first_frame_us"]["count"]:
            raise Failed("no first frame")
        return {
            "p50_ms": r["first_frame_us"]["p50"] / 1e3,
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


UDP_CELLS = ("audio50", "audio200", "video50", "latency1")
"""Cells for which the bare UDP floor is measured as well."""


# -- the run ------------------------------------------------------------------------------------------------------


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
                try:
                    value = function(stack, *arguments)
                except Failed as error:
                    value = {"failed": str(error)}
                results.setdefault(name, {}).setdefault(stack.name, []).append(value)
                shown = " ".join(f"{k}={v:.2f}" if isinstance(v, float) else f"{k}={v}" for k, v in value.items())
                print(f"[{time.monotonic() - begin:6.0f} s] round {n + 1} {name} {stack.name}: {shown}", flush=True)
                keep(results)
    return results


def values(results: dict, cell: str, stack: str, metric: str) -> list[float]:
    rows = results.get(cell, {}).get(stack, [])
    return [r[metric] for r in rows if isinstance(r.get(metric), (int, float))]


def median(results: dict, cell: str, stack: str, metric: str) -> float | None:
    v = values(results, cell, stack, metric)
    return statistics.median(v) if v else None


def ratio(results: dict, cell: str, metric: str) -> float | None:
    ours, theirs = (results.get(cell, {}).get(s, []) for s in ("burrow", "moq-rs"))
    pairs = [(a.get(metric), b.get(metric)) for a, b in zip(ours, theirs)]
    r = [a / b for a, b in pairs if isinstance(a, (int, float)) and isinstance(b, (int, float)) and b]
    return statistics.median(r) if r else None


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
        " protocol, no encryption."
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
    return "\n".join(out) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--only", help="cells, separated by commas; a trailing * matches the rest")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--stacks", default="burrow,moq-rs,udp")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path, default=BUILD / "results.json")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    rounds = args.rounds or (1 if args.quick else 3)
    seconds = args.seconds or (3 if args.quick else 6)
    table = cells(args.quick, seconds)
    if args.list:
        print("\n".join(table))
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

    def keep(results):
        args.json.write_text(json.dumps(results, indent=1))

    results = measure(names, table, stacks, rounds, keep)
    shown = " ".join(["Benchmarks/run.py", *sys.argv[1:]])
    text = markdown(results, shown, rounds, seconds)
    print("\n" + text)
    if args.markdown:
        args.markdown.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
