"""Starting, watching and ending the processes of one measurement."""

from __future__ import annotations

import glob
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "bench"
CONTROLLERS = {"cubic": 1, "bbr": 2, "bbr2": 3}
"""What may follow "burrow-" in the name of a stack, to compare controllers with one another."""
TICK = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A cell could not be measured; the reason is shown in the table."""


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
    def __init__(self, name: str, peer: Path, library: str | None = None, scheme: str = "https", env=None):
        self.name, self.peer, self.library, self.scheme, self.env = name, peer, library, scheme, env or {}
        self.log = open(BUILD / f"{name}.log", "ab")

    def command(self, role: str, *options):
        extra = ["--library", self.library] if self.library else []
        return [self.peer, role, *extra, *options]

    def run(self, role: str, *options, env=None) -> Process:
        return Process(self.command(role, *options), env={**self.env, **(env or {})}, log=self.log)


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
        elif name.split("-")[0] == "burrow":
            if not (BUILD / "burrow-peer").exists():
                print("skipped: burrow (build the library first)", file=sys.stderr)
                continue
            _, _, controller = name.partition("-")
            env = {"BENCH_CONGESTION": str(CONTROLLERS[controller])} if controller else {}
            found.append(Stack(name, BUILD / "burrow-peer", scheme="moqt", env=env))
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

    def profile(self, seconds: float):
        """With BENCH_PROFILE=FILE: samples the relay for the length of the window, for `perf report -i FILE`."""
        target = os.environ.get("BENCH_PROFILE")
        if not target:
            return None
        command = ["perf", "record", "-q", "-F", "1999", "-g", "-o", f"{target}.{self.stack.name}"]
        command += ["-p", str(self.relay_process.pid), "--", "sleep", str(seconds)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def window(self, seconds: float, *peers: Process, drain: float = 1.0) -> "Window":
        """Lets the peers run for that long, measuring the relay meanwhile; then ends them."""
        begin = time.monotonic_ns() + 150_000_000
        end = begin + int(seconds * 1e9)
        for peer in peers:
            peer.send(f"go {begin} {end}")
        sleep_until(begin)
        cpu, at = cpu_seconds(self.relay_process.pid), time.monotonic_ns()
        profiler = self.profile(seconds)
        sleep_until(end)
        used, after = cpu_seconds(self.relay_process.pid) - cpu, time.monotonic_ns()
        time.sleep(drain)
        if profiler:
            profiler.wait(10)
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
