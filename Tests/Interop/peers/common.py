"""What every peer program shares: its line protocol, its options and its payloads.

A peer is a process of its own. It prints one JSON object a line on standard output, takes one command a
line on standard input and ends when standard input ends, so that no peer outlives the test that started it.
Only the standard library is used: the peers run in different virtual environments.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import struct
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

HEADER = struct.Struct("!4sIII")
MAGIC = b"BRW1"
MINIMUM_SIZE = HEADER.size


def emit(event: str, **fields: Any) -> None:
    """Reports one event to whoever started this peer."""
    sys.stdout.write(json.dumps({"event": event, "at": round(time.monotonic(), 6), **fields}) + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Writes a line for a person who reads the log of a failed case."""
    sys.stderr.write(f"{time.monotonic():.3f} {text}\n")
    sys.stderr.flush()


def payload(track: str, group: int, index: int, size: int) -> bytes:
    """The one content this frame may have; the receiver computes it again from the header."""
    size = max(size, MINIMUM_SIZE)
    seed = f"{track}/{group}/{index}/{size}".encode()
    body = hashlib.shake_128(seed).digest(size - HEADER.size) if size > HEADER.size else b""
    return HEADER.pack(MAGIC, group, index, size) + body


def timestamp_us(group: int, index: int) -> int:
    """The presentation time of a frame: whole milliseconds, never 0, the same on every run."""
    return 1_000_000 + group * 100_000 + index * 1_000


def hang_header(timestamp: int) -> bytes:
    """What stands before every frame of an upstream media track: a varint timestamp in microseconds."""
    return (timestamp | 0xC000_0000_0000_0000).to_bytes(8, "big")


def hang_frame(group: int, index: int, size: int) -> bytes:
    """The same payload as an upstream media track carries it."""
    return hang_header(timestamp_us(group, index)) + payload("", group, index, size)


def without_timestamp(data: bytes) -> tuple[int, bytes]:
    """Splits a frame of an upstream media track into its timestamp and its payload."""
    if not data:
        return -1, data
    length = 1 << (data[0] >> 6)
    value = int.from_bytes(data[:length], "big") & ((1 << (8 * length - 2)) - 1)
    return value, data[length:]


class Checker:
    """Judges received frames: content, order inside a group, what is missing at the end."""

    def __init__(self, tracks: list[str], options: argparse.Namespace) -> None:
        self.groups, self.frames, self.size = options.groups, options.frames, options.size
        self.timestamps, self.hang = options.timestamps, options.hang
        self.every = options.report_every
        self.seen: dict[str, set[tuple[int, int]]] = {track: set() for track in tracks}
        self.problems: list[str] = []
        self.count = 0
        self.octets = 0
        self.duplicates = 0
        self.stamped = 0

    def frame(self, track: str, data: bytes | memoryview, sequence: int, index: int, timestamp: int | None) -> int:
        """Takes one frame and returns the group number it carries, or -1 when it is not one of ours."""
        data = bytes(data)
        if self.hang:
            # Upstream media tracks decide by themselves which frames share a group.
            timestamp, data = without_timestamp(data)
            index = HEADER.unpack_from(data)[2] if len(data) >= HEADER.size else index
        if len(data) < HEADER.size:
            self.problem(f"{track}: frame of {len(data)} bytes in group {sequence}")
            return -1
        magic, group, inner, size = HEADER.unpack_from(data)
        name = track if not self.hang else ""
        if magic != MAGIC or size != len(data) or data != payload(name, group, inner, size):
            self.problem(f"{track}: wrong content, {len(data)} bytes, sequence {sequence}, index {index}")
            return -1
        if inner != index:
            self.problem(f"{track}: group {group} frame {inner} came as frame {index}")
        if self.groups and size != max(self.size, MINIMUM_SIZE):
            self.problem(f"{track}: group {group} frame {inner} has {size} bytes")
        if self.timestamps and timestamp is not None:
            if timestamp == timestamp_us(group, inner):
                self.stamped += 1
            else:
                self.problem(f"{track}: group {group} frame {inner} is stamped {timestamp}")
        if (group, inner) in self.seen[track]:
            self.duplicates += 1
        self.seen[track].add((group, inner))
        self.count += 1
        self.octets += len(data)
        if self.every and self.count % self.every == 0:
            emit(
                "frame",
                track=track,
                group=group,
                index=inner,
                sequence=sequence,
                size=size,
                timestamp_us=timestamp,
                sha256=hashlib.sha256(data).hexdigest(),
            )
        return group

    def problem(self, text: str) -> None:
        if len(self.problems) < 20:
            self.problems.append(text)
        note(text)

    def complete(self) -> bool:
        wanted = self.groups * self.frames
        return self.groups > 0 and all(len(seen) >= wanted for seen in self.seen.values())

    def report(self, **more: Any) -> None:
        missing = []
        for track, seen in self.seen.items():
            for group in range(self.groups):
                missing += [[track, group, index] for index in range(self.frames) if (group, index) not in seen]
        emit(
            "done",
            frames=self.count,
            bytes=self.octets,
            duplicates=self.duplicates,
            stamped=self.stamped,
            missing=len(missing),
            missing_first=missing[:8],
            problems=self.problems,
            **more,
        )


class Commands:
    """Lines from standard input, in order; ``None`` once it ended."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[str | None] = asyncio.Queue()
        self.ended = asyncio.Event()

    async def start(self) -> None:
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        self._task = loop.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            text = line.decode().strip()
            if text == "stop":
                break
            await self.lines.put(text)
        self.ended.set()
        await self.lines.put(None)


def arguments(
    description: str,
    subscriber: bool = False,
    relay: bool = False,
    ours: bool = False,
    media: bool = False,
    clip: bool = False,
    service: bool = False,
) -> argparse.Namespace:
    """Parses the options; each role knows the same ones in every implementation."""
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--timeout", type=float, default=60.0, help="seconds after which the peer gives up")
    p.add_argument("--log", default="warn", help="log level of the library, to standard error")
    if ours:
        p.add_argument("--versions", default="", help="moq-lite versions to offer, as in 05,04; empty: all")
    if relay:
        p.add_argument("--bind", default="127.0.0.1:0")
        p.add_argument("--cert", help="PEM file; without it a certificate is made at start")
        p.add_argument("--key", help="PEM file")
        p.add_argument("--reject", type=int, default=0, help="refuse every session with this code")
        p.add_argument("--accept-query", help="refuse (403) every session with another query than this")
        p.add_argument("--jwk", help="file of the key or key set that tokens must be signed with")
        if service:
            p.add_argument("--lifetime", type=int, default=600, help="seconds a token is good")
        if ours:
            p.add_argument("--open", action="store_true", help="let everybody in")
        return p.parse_args()
    p.add_argument("--url", required=True)
    p.add_argument("--fingerprint", help="SHA-256 of the certificate, hex; without it nothing is verified")
    if ours:
        p.add_argument("--secure", action="store_true", help="verify even without a fingerprint")
        p.add_argument("--token-service", default="", help="where tokens for the room come from, one after the other")
        p.add_argument("--secret", default="", help="protect the room with this secret, hex")
        p.add_argument("--host-codec", action="store_true", help="encode or decode outside of the room")
    p.add_argument("--path", default="room/peer", help="the broadcast")
    p.add_argument("--track", default="data", help="track name; with --tracks the names end in -0, -1 ...")
    p.add_argument("--tracks", type=int, default=1)
    p.add_argument("--groups", type=int, default=5, help="0: until stopped")
    p.add_argument("--frames", type=int, default=3, help="frames in a group")
    p.add_argument("--size", type=int, default=200, help="bytes in a frame")
    p.add_argument("--interval-ms", type=float, default=20.0, help="time between two published groups")
    p.add_argument("--max-age-ms", type=int, default=20_000)
    p.add_argument("--reconnect", action="store_true")
    p.add_argument("--datagrams", action="store_true", help="frames travel as datagrams, each a group of its own")
    p.add_argument("--hang", action="store_true", help="a varint timestamp stands before every payload")
    if clip:
        p.add_argument("--what", choices=("call", "flash"), required=True)
        p.add_argument("--seconds", type=float, default=10.0, help="how much of it is sent")
        p.add_argument("--bitrate", type=int, default=0)
    if subscriber:
        p.add_argument("--watch", default=None, help="only report participants below this prefix")
        p.add_argument("--fetch", type=int, default=-1, help="at the end ask for this group again")
        p.add_argument("--latest", action="store_true", help="only the newest group, nothing older")
        p.add_argument("--timestamps", action="store_true", help="check the timestamps as well")
        p.add_argument("--report-every", type=int, default=1, help="report every n-th frame; 0: none")
    else:
        if media:
            p.add_argument("--packets", help="file of encoded packets")
            p.add_argument("--catalogue", help="file of another catalogue than that of the packets")
        p.add_argument("--no-wait", action="store_true", help="publish without waiting for subscribers")
        p.add_argument("--idle", action="store_true", help="publish nothing, wait for commands")
    return p.parse_args()


def track_names(options: argparse.Namespace) -> list[str]:
    if options.tracks == 1:
        return [options.track]
    return [f"{options.track}-{n}" for n in range(options.tracks)]


def run(main: Callable[[Commands], Awaitable[None]], timeout: float) -> None:
    """Runs a peer to its end: every way out is an event, and the exit code tells failures."""

    async def whole() -> None:
        commands = Commands()
        await commands.start()
        await asyncio.wait_for(main(commands), timeout)

    try:
        asyncio.run(whole())
    except TimeoutError:
        emit("error", kind="Timeout", text=f"not finished after {timeout} s")
        sys.stdout.flush()
        exit_now(3)
    except Exception as error:  # whatever it is, the test must see it
        traceback.print_exc()
        details = getattr(error, "details", None)
        if details is not None:
            # An upstream protocol error says which code the peer gave.
            kind = details.kind.name if details.kind is not None else ""
            emit("refused", status=kind, code=details.code, text=details.message)
        emit("error", kind=type(error).__name__, text=f"{error}", representation=repr(error))
        exit_now(2)
    emit("end")
    exit_now(0)


def exit_now(code: int) -> None:
    """Leaves without waiting for threads of the library under test."""
    import os

    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
