"""A call over real relays: rust-nostr's LocalRelay, burrow-relay and people, each a process, with all they say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "media")]

from harness import BUILD, ROOT, Failed, cpu_seconds  # noqa: E402
from rig import Sizes  # noqa: E402

__all__ = ["BUILD", "CLOCK", "PEER", "ROOT", "Failed", "Line", "Person", "Program", "Scene", "Sizes", "cpu_seconds"]

PEER = BUILD / "call-peer"
NOSTR_PYTHON = Path(os.environ.get("BURROW_NOSTR_PYTHON", ROOT / ".venv" / "bin" / "python"))
NOSTR_RELAY = ROOT / "Tests" / "Interop" / "peers" / "nostrsdk_relay.py"
MOQ_RELAY = Path(os.environ.get("BURROW_RELAY", ROOT / "build" / "bin" / "burrow-relay"))
#: How long anything may take that is not measured.
PATIENCE = 30.0


class Clock:
    """Time in which this machine ran: whoever is stopped, with all that they wait for, has not waited."""

    SLICE_S, LATE_S = 0.5, 3.0

    def __init__(self) -> None:
        self.paused_s = 0.0
        self.pauses = 0

    def now(self) -> float:
        return time.monotonic() - self.paused_s

    def slept(self, planned_s: float, since: float) -> None:
        """After something that should have taken no longer than planned."""
        late = time.monotonic() - since - planned_s
        if late > self.LATE_S:
            self.paused_s += late
            self.pauses += 1


CLOCK = Clock()


@dataclass(frozen=True)
class Line:
    """One thing that happened: when, what, and the rest of it."""

    at_us: int
    what: str
    rest: list[str]


class Program:
    """A process whose lines are kept, the last of them at least."""

    KEPT = 2000

    def __init__(self, name: str, command: list[object], log: Path) -> None:
        self.name = name
        self.lines: list[Line] = []
        #: How many lines are gone from the beginning of the list.
        self.forgotten = 0
        self.ended = False
        self._changed = threading.Condition()
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file
            )
        self.pid = self.process.pid
        threading.Thread(target=self._read, daemon=True).start()

    def parse(self, text: str) -> Line:
        return Line(time.monotonic_ns() // 1000, "text", text.split())

    def _read(self) -> None:
        assert self.process.stdout is not None
        for raw in self.process.stdout:
            line = self.parse(raw.decode(errors="replace").strip())
            with self._changed:
                self.lines.append(line)
                if len(self.lines) > 2 * self.KEPT:
                    self.forgotten += self.KEPT
                    del self.lines[: self.KEPT]
                self._changed.notify_all()
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    @property
    def position(self) -> int:
        """Where the next line will stand; for ``until``."""
        with self._changed:
            return self.forgotten + len(self.lines)

    def until(self, what: str, after: int = 0, timeout: float = PATIENCE, where: Callable[[Line], bool] | None = None) -> Line:
        """The first such line from that position on."""
        deadline = CLOCK.now() + timeout
        at = after
        with self._changed:
            while True:
                at = max(at, self.forgotten)
                for line in self.lines[at - self.forgotten :]:
                    at += 1
                    if line.what == what and (where is None or where(line)):
                        return line
                left = deadline - CLOCK.now()
                if self.ended or left <= 0:
                    why = "it ended" if self.ended else f"not within {timeout:.0f} s"
                    last = "; ".join(" ".join([one.what, *one.rest]) for one in self.lines[-8:])
                    raise Failed(f"{self.name}: no '{what}', {why}; its last words: {last[:600]}")
                began, slice_s = time.monotonic(), min(left, Clock.SLICE_S)
                self._changed.wait(slice_s)
                CLOCK.slept(slice_s, began)

    def end(self, patience: float = 5) -> int | None:
        """Asks it to end, and makes it. Its exit code; None when it had to be made."""
        assert self.process.stdin is not None and self.process.stdout is not None
        code: int | None = None
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return code


class Person(Program):
    """Somebody with libburrow: call-peer."""

    def parse(self, text: str) -> Line:
        words = text.split()
        if len(words) < 2 or not words[0].isdigit():
            return super().parse(text)
        return Line(int(words[0]), words[1], words[2:])

    def do(self, command: str) -> int:
        """Gives a command; the position from which on to look for what comes of it."""
        assert self.process.stdin is not None
        position = self.position
        try:
            self.process.stdin.write(command.encode() + b"\n")
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise Failed(f"{self.name} is gone") from None
        return position

    def state(self, state: int, detail: int | None = None, after: int = 0, timeout: float = PATIENCE) -> Line:
        """The moment the call is in that state."""
        wanted = [str(state)] if detail is None else [str(state), str(detail)]
        return self.until("call", after, timeout, lambda line: line.rest[: len(wanted)] == wanted)

    def usage(self) -> dict[str, int]:
        line = self.until("usage", self.do("usage"))
        return {name: int(value) for name, value in (word.split("=") for word in line.rest)}


class Scene:
    """The relays and everybody; whatever happens, all of them end."""

    def __init__(self, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
        self.log = log
        self.programs: list[Program] = []

    def __enter__(self) -> Scene:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for program in reversed(self.programs):
            if program.name == "burrow-relay":
                program.process.send_signal(signal.SIGTERM)
            program.end(3)

    def start_relays(self, seconds: float) -> None:
        for file in (NOSTR_PYTHON, MOQ_RELAY, PEER):
            if not file.exists():
                raise Failed(f"{file} is not there")
        self.nostr = Program("LocalRelay", [NOSTR_PYTHON, NOSTR_RELAY, "--timeout", seconds], self.log)
        self.programs.append(self.nostr)
        ready = self.nostr.until("text", where=lambda line: '"ready",' in line.rest)
        self.nostr_url = ready.rest[ready.rest.index('"url":') + 1].strip('",}')
        self.relay = Program("burrow-relay", [MOQ_RELAY, "--open", "--listen", "127.0.0.1:0"], self.log)
        self.programs.append(self.relay)
        said = {
            word: self.relay.until("text", where=lambda line, word=word: line.rest[0] == word).rest[1]
            for word in ("listening", "fingerprint")
        }
        self.moq_url, self.pin = f"moqt://{said['listening']}", said["fingerprint"]

    def start_person(self, name: str, index: int, sizes: Sizes, *more: object) -> Person:
        command = [PEER, "--nostr", self.nostr_url, "--moq", self.moq_url, "--pin", self.pin, "--index", index]
        person = Person(name, [*command, *sizes.options(True), *more], self.log)
        self.programs.append(person)
        return person

    def end(self, program: Program) -> int | None:
        self.programs.remove(program)
        return program.end()

    def gather(self, people: list[Person]) -> list[str]:
        """Their keys, when they are known to relays; and a group, founded by the first of them."""
        keys = [person.until("key").rest[0] for person in people]
        people[0].do(" ".join(["found", *keys[1:]]))
        people[0].until("founded")
        for person in people[1:]:
            person.until("member")
        return keys
