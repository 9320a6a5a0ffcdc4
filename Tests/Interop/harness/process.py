"""One peer process: started, listened to, commanded and ended, never waited for without a bound."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Event = dict[str, Any]
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Failure(AssertionError):
    """A peer did not do what the case wants."""


class Peer:
    """A process with line JSON on standard output; keeps everything it said for the log of a failure."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.events: list[Event] = []
        self.noise: list[str] = []
        self.ended = False
        self.code: int | None = None
        self._changed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self._process: asyncio.subprocess.Process | None = None
        self._started = time.monotonic()

    async def start(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **environment},
            cwd=folder,
            limit=1 << 22,
        )
        self._tasks = [asyncio.create_task(self._read_events()), asyncio.create_task(self._read_noise())]

    async def _read_events(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        while line := await self._process.stdout.readline():
            text = line.decode(errors="replace").strip()
            try:
                event = json.loads(text)
            except ValueError:
                event = {"event": "text", "text": text}
            async with self._changed:
                self.events.append(event)
                self._changed.notify_all()
        self.code = await self._process.wait()
        async with self._changed:
            self.ended = True
            self._changed.notify_all()

    async def _read_noise(self) -> None:
        assert self._process is not None and self._process.stderr is not None
        while line := await self._process.stderr.readline():
            if len(self.noise) < 4000:
                self.noise.append(ESCAPES.sub("", line.decode(errors="replace").rstrip()))

    async def wait(
        self, event: str, timeout: float = 15.0, after: int = 0, where: Callable[[Event], bool] | None = None
    ) -> Event:
        """The first event of that kind from position ``after`` on; an error or end before it is a failure."""

        def scan() -> Event | None:
            for entry in self.events[after:]:
                if entry["event"] == event and (where is None or where(entry)):
                    return entry
                if entry["event"] == "error" and event != "error":
                    what = f"{entry.get('kind')}: {entry.get('text')} {entry.get('representation')}"
                    raise Failure(f"{self.name}: {what}")
            if self.ended:
                raise Failure(f"{self.name}: ended with code {self.code} without '{event}'")
            return None

        async def search() -> Event:
            async with self._changed:
                while (found := scan()) is None:
                    await self._changed.wait()
                return found

        try:
            return await asyncio.wait_for(search(), timeout)
        except TimeoutError:
            raise Failure(f"{self.name}: no '{event}' within {timeout:.0f} s") from None

    def all(self, event: str) -> list[Event]:
        return [entry for entry in self.events if entry["event"] == event]

    @property
    def position(self) -> int:
        """Where the next event will stand; for ``wait(after:)``."""
        return len(self.events)

    async def command(self, line: str) -> None:
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise Failure(f"{self.name}: gone before the command '{line}'") from None

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Sends a signal to exactly this process."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def stop(self, timeout: float = 3.0) -> None:
        """Asks politely, then kills; afterwards the process is gone."""
        if self._process is None:
            return
        if self._process.returncode is None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            try:
                await asyncio.wait_for(self._process.wait(), timeout)
            except TimeoutError:
                self.noise.append(f"[killed: still running {timeout:.0f} s after it was asked to end]")
                self.kill()
        for task in self._tasks:
            try:
                await asyncio.wait_for(task, 3)
            except (TimeoutError, asyncio.CancelledError):
                pass

    def log(self, limit: int = 30) -> str:
        """What the peer said, shortened in the middle."""
        lines = [f"--- {self.name} (exit code {self.code})"]
        lines += shorten([json.dumps(event)[:300] for event in self.events], limit)
        if self.noise:
            lines += [f"--- {self.name}, standard error"] + shorten([line[:300] for line in self.noise], limit)
        return "\n".join(lines)


def shorten(lines: list[str], limit: int) -> list[str]:
    if len(lines) <= limit:
        return lines
    half = limit // 2
    return lines[:half] + [f"    ... {len(lines) - 2 * half} lines ..."] + lines[-half:]
