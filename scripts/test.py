#!/usr/bin/env python3
"""Runs every stage of the tests, shows that it goes on, and counts.

    scripts/test.py                 all stages
    scripts/test.py swift cabi      only these
    scripts/test.py --list          what there is

A stage is a program. Its counts are read from its output: a line `N passed, N failed, N skipped`, or what
`swift test`, unittest and pytest print. A stage without counts counts as one test. All of its output is kept in
build/log/test-STAGE.log. The last line printed counts everything.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "log"
JOBS = os.environ.get("BURROW_JOBS") or str(os.cpu_count() or 2)
PYTHON = ".venv/bin/python" if (ROOT / ".venv/bin/python").exists() else sys.executable
#: Stages that load the library take the one that is shipped.
ENVIRONMENT = {
    "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1",
    "BURROW_LIBRARY": os.environ.get("BURROW_LIBRARY", str(ROOT / "build" / "lib" / "libburrow.so.0")),
}
TERMINAL = sys.stdout.isatty()


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    #: Names of what failed, and of what was skipped with its reason.
    failures: list[str] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)

    def add(self, other: Counts) -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def read_plain(text: str) -> Counts | None:
    """The last `N passed, N failed[, N skipped]`; lines beginning with FAIL or skip name the tests."""
    found = re.findall(r"^\s*(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\.?\s*$", text, re.M)
    if not found:
        return None
    passed, failed, skipped = found[-1]
    return Counts(
        int(passed), int(failed), int(skipped or 0),
        re.findall(r"^\s*FAIL(?:ED)?:?\s+(.+)$", text, re.M),
        re.findall(r"^\s*skip(?:ped)?:?\s+(\D.*)$", text, re.M | re.I),
    )


def read_swift(text: str) -> Counts | None:
    """What Swift Testing prints on one line for every test."""
    if not re.search(r"Test run with \d+ tests?", text):
        return None
    ended = r"(?:with \d+ test cases? )?{} after"
    name = r'^\S+ Test (?!run\b|case\b)("(?:[^"\\]|\\.)*"|\S.*?) '
    passed = re.findall(name + ended.format("passed"), text, re.M)
    failed = re.findall(name + ended.format("failed"), text, re.M)
    skipped = re.findall(name + r"(?:skipped|was cancelled after [\d.]+ seconds)(?:: (.*))?$", text, re.M)
    return Counts(
        len(passed), len(failed), len(skipped),
        failed, [f"{test}: {reason or 'no reason given'}" for test, reason in skipped],
    )


def read_unittest(text: str) -> Counts | None:
    """The summary of Python's unittest, which may be printed more than once."""
    counts = Counts()
    runs = re.findall(r"^Ran (\d+) tests? in .*\n\n(OK|FAILED|NO TESTS RAN)(?: \((.*)\))?", text, re.M)
    if not runs:
        return None
    for total, _, details in runs:
        parts = dict(part.split("=") for part in details.split(", ") if "=" in part)
        failed = sum(int(parts.get(key, 0)) for key in ("failures", "errors", "unexpected successes"))
        skipped = int(parts.get("skipped", 0))
        counts.add(Counts(max(0, int(total) - failed - skipped), failed, skipped))
    counts.failures = re.findall(r"^(?:FAIL|ERROR): (.+)$", text, re.M)
    # Several parts of one test may fail; then it is still one test that did not pass.
    broken = {" ".join(name.split()[:2]) for name in counts.failures}
    counts.passed += max(0, counts.failed - len(broken))
    counts.failed = min(counts.failed, len(broken)) or counts.failed
    counts.skips = [f"{test}: {reason}" for test, reason in re.findall(r"^(\S+).*\.\.\. skipped '(.*)'$", text, re.M)]
    return counts


def read_pytest(text: str) -> Counts | None:
    found = re.findall(r"^=* ?((?:\d+ \w+,? ?)+) in [\d.]+s.*$", text, re.M)
    if not found:
        return None
    parts = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", found[-1])}
    return Counts(
        parts.get("passed", 0),
        parts.get("failed", 0) + parts.get("error", 0) + parts.get("errors", 0),
        parts.get("skipped", 0),
        re.findall(r"^FAILED (\S+)", text, re.M),
        re.findall(r"^SKIPPED \S+ (.+)$", text, re.M),
    )


def read_fuzz(text: str) -> Counts | None:
    """One line for every target that scripts/fuzz.sh ran."""
    passed = re.findall(r"^(\S+) +ok, \d+ runs", text, re.M)
    failed = re.findall(r"^(\S+) +FAILED, see ", text, re.M)
    return Counts(len(passed), len(failed), 0, failed) if passed or failed else None


READERS: list[Callable[[str], Counts | None]] = [read_plain, read_swift, read_unittest, read_pytest, read_fuzz]


@dataclass
class Stage:
    name: str
    what: str
    command: list[str]
    #: Seconds after which it is ended.
    limit: int
    #: Stages without which it makes no sense.
    after: tuple[str, ...] = ()
    #: A file that must be there.
    needs: str | None = None
    #: Read counts from its output; otherwise it is one test.
    counted: bool = True


STAGES = [
    Stage("build", "compile the library and its tests",
          ["swift", "build", "--build-tests", "--jobs", JOBS], 1200, counted=False),
    Stage("swift", "unit tests, the codecs' byte examples, scenes on a simulated network",
          ["swift", "test", "--skip-build"], 900, ("build",)),
    Stage("groups", "members of ours and of MDK 0.8 in groups, each in a process of its own",
          [sys.executable, "Tests/Groups/run.py"], 600, ("build",), "Tests/Groups/run.py"),
    Stage("mls", "members of ours, of mls-rs and of OpenMLS in groups without Marmot, each in a process of its own",
          [sys.executable, "Tests/MLSInterop/run.py"], 300, ("build",), "Tests/MLSInterop/run.py"),
    Stage("release", "link the shipped library and the relay program",
          ["scripts/release.sh"], 1200, counted=False),
    Stage("simulation", "250 calls drawn from seeds, every tenth of them twice; ten minutes of a call of five",
          ["scripts/simulate.sh", "--seeds", "250", "--conference", "10"], 900, ("release",), "scripts/simulate.sh"),
    Stage("model", "10,000 random operations of five members of a group on a bad network, of four seeds",
          ["scripts/group-model.sh", "10000", "4"], 600, ("release",), "scripts/group-model.sh"),
    Stage("install", "C examples built from an installed prefix, by pkg-config and by CMake",
          ["scripts/test-install.sh"], 300, ("release",)),
    Stage("demo", "make demo: four people in an encrypted call, judged by what they received",
          ["scripts/demo.sh"], 420, ("release",), "demo/run.py"),
    Stage("cabi", "C programs against the header, under sanitizers",
          ["scripts/test-cabi.sh"], 900, needs="scripts/test-cabi.sh"),
    Stage("python", "the Python binding",
          ["scripts/test-python.sh"], 600, ("release",), "scripts/test-python.sh"),
    Stage("interop", "separate processes over real sockets, with peers from PyPI",
          [PYTHON, "Tests/Interop/run.py", "--without", "clips/", "--without", "live/"], 900, ("release",),
          "Tests/Interop/run.py"),
    Stage("calls", "calls of 2 to 16 processes; relays killed, people stopped, addresses changed, clocks apart, packets lost",
          [PYTHON, "Tests/Interop/run.py", "--only", "live/", "--jobs", "5"], 300, ("release",), "Tests/Interop/cases/live.py"),
    Stage("quality", "a clip and recorded speech through a call: PSNR, PESQ, lip sync",
          [PYTHON, "Tests/Interop/run.py", "--only", "clips/"], 600, ("release",), "Tests/Interop/cases/clips.py"),
    Stage("fuzz", "every fuzz target for a moment",
          ["scripts/fuzz.sh", "2"], 900, needs="scripts/fuzz.sh"),
    Stage("tools", "the network impairment proxy of the tests",
          ["make", "-s", "-C", "Tests/Tools/udpimpair", "check"], 120, needs="Tests/Tools/udpimpair/Makefile"),
    Stage("figures", "the arithmetic behind the measured tables",
          [sys.executable, "Benchmarks/media/test_figures.py"], 60, needs="Benchmarks/media/test_figures.py"),
    Stage("flatness", "what judges whether a process grows",
          [sys.executable, "Benchmarks/calls/test_flat.py"], 60, needs="Benchmarks/calls/test_flat.py"),
]


def duration(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}" if seconds >= 60 else f"{seconds:.1f} s"


def last_line(path: Path) -> str:
    """The last line that says something, for the progress display."""
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 2000))
        lines = file.read().decode("utf-8", "replace").replace("\r", "\n").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def progress(stage: Stage, started: float, log: Path) -> None:
    text = f"      {stage.name} {duration(time.monotonic() - started)}  {last_line(log)}"
    width = shutil.get_terminal_size().columns - 1 if TERMINAL else 110
    print(f"\r{text[:width]:<{width}}" if TERMINAL else text[:width], end="" if TERMINAL else "\n", flush=True)


def end_group(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            continue


def run(stage: Stage) -> tuple[Counts, float, str]:
    """Runs one stage; what it counted, how long it took, and why it failed without saying so."""
    log = LOGS / f"test-{stage.name}.log"
    started = shown = time.monotonic()
    reason = ""
    with log.open("wb") as output:
        process = subprocess.Popen(
            stage.command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True, env=os.environ | ENVIRONMENT,
        )
        try:
            while True:
                try:
                    status = process.wait(0.2 if TERMINAL else 1)
                    break
                except subprocess.TimeoutExpired:
                    now = time.monotonic()
                    if now - started > stage.limit:
                        reason = f"ended after {stage.limit} s"
                        end_group(process)
                        status = -1
                        break
                    if now - shown >= (0.5 if TERMINAL else 15):
                        shown = now
                        progress(stage, started, log)
        except KeyboardInterrupt:
            end_group(process)
            raise
    if TERMINAL:
        print("\r\033[K", end="")
    text = re.sub(r"\033\[[0-9;]*m", "", log.read_text("utf-8", "replace"))
    counts = next((found for reader in READERS if (found := reader(text))), None) if stage.counted else None
    if counts is None:
        counts = Counts(passed=1) if status == 0 else Counts(failed=1)
    elif status != 0 and counts.failed == 0:
        counts.failed += 1
        reason = reason or f"ended with status {status}"
    return counts, time.monotonic() - started, reason


def grouped(skips: list[str]) -> list[str]:
    """One line for every reason; many tests often share one."""
    reasons: dict[str, list[str]] = {}
    for skip in skips:
        name, _, reason = skip.partition(": ")
        reasons.setdefault(reason or name, []).append(name)
    return [
        f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {reason}" if reason != names[0] else reason
        for reason, names in reasons.items()
    ]


def report(stage: Stage, counts: Counts, seconds: float, reason: str) -> None:
    word = "FAIL" if counts.failed else "ok"
    print(f"{word:<5} {stage.name:<11} {duration(seconds):>7}  {counts}", flush=True)
    if counts.failed:
        if reason:
            print(f"      {reason}")
        for name in counts.failures[:20]:
            print(f"      failed: {name}")
        if not counts.failures:
            log = (LOGS / f"test-{stage.name}.log").read_text("utf-8", "replace").splitlines()
            print("\n".join("      | " + line[:200] for line in log[-25:]))
        print(f"      all of its output: build/log/test-{stage.name}.log", flush=True)
    for line in grouped(counts.skips):
        print(f"      skipped: {line}")


def main() -> int:
    wanted = sys.argv[1:]
    if wanted == ["--list"]:
        for stage in STAGES:
            print(f"{stage.name:<11} {stage.what}")
        return 0
    if unknown := set(wanted) - {stage.name for stage in STAGES}:
        print(f"no stage named {', '.join(sorted(unknown))}; try --list", file=sys.stderr)
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    chosen = [stage for stage in STAGES if not wanted or stage.name in wanted]
    broken: set[str] = set()
    total, times, began = Counts(), [], time.monotonic()
    for stage in chosen:
        print(f"--    {stage.name}: {stage.what}", flush=True)
        blocked = [name for name in stage.after if name in broken]
        if blocked or (stage.needs and not (ROOT / stage.needs).exists()):
            why = f"{blocked[0]} failed" if blocked else f"{stage.needs} is not there"
            counts, seconds, reason = Counts(skipped=1, skips=[why]), 0.0, ""
        else:
            counts, seconds, reason = run(stage)
        report(stage, counts, seconds, reason)
        if counts.failed:
            broken.add(stage.name)
        total.add(counts)
        times.append((stage.name, seconds, counts))
    if len(times) > 1:
        print("\nstage           time  result")
        for name, seconds, counts in times:
            print(f"{name:<11} {duration(seconds):>8}  {counts}")
        print(f"{'all':<11} {duration(time.monotonic() - began):>8}")
    print(total)
    (LOGS / "test.counts").write_text(f"{total.passed} {total.failed} {total.skipped}\n")
    return 1 if total.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
