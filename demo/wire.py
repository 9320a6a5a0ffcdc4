"""Frames as a relay sees them: the file in which they are kept, and what can be read of them without a key."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

HEADER = struct.Struct("!HHQIQI")
CATALOGUE = "catalog.json"
#: What stands in a sealed catalogue, and nothing else.
SEALED = {"v", "suite", "instance", "sealed"}


class NotSealed(ValueError):
    """Something on the wire is not what protection makes of it."""


@dataclass(frozen=True)
class Seen:
    """One frame on its way through the relay."""

    path: str
    track: str
    #: Counts how often this path was announced.
    generation: int
    group: int
    sequence: int
    at_us: int
    data: bytes


class Recorder:
    """Writes frames to a file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._names: dict[str, int] = {}

    def add(self, seen: Seen) -> None:
        key = json.dumps([seen.path, seen.track])
        number = self._names.get(key)
        if number is None:
            number = self._names[key] = len(self._names) + 1
            self._file.write(HEADER.pack(0, number, 0, 0, 0, len(key)) + key.encode())
        header = HEADER.pack(number, seen.generation, seen.group, seen.sequence, seen.at_us, len(seen.data))
        self._file.write(header + seen.data)


def recorded(file: Path) -> Iterator[Seen]:
    """All that was recorded; what was being written when its writer ended is left out."""
    names: dict[int, list[str]] = {}
    with file.open("rb") as source:
        while len(head := source.read(HEADER.size)) == HEADER.size:
            number, generation, group, sequence, at_us, length = HEADER.unpack(head)
            if len(data := source.read(length)) < length:
                return
            if number == 0:
                names[generation] = json.loads(data)
            else:
                path, track = names[number]
                yield Seen(path, track, generation, group, sequence, at_us, data)


@dataclass(frozen=True)
class Sealed:
    """What the header of an SFrame (RFC 9605) says, and what follows it."""

    kid: int
    counter: int
    rest: bytes

    @property
    def track(self) -> int:
        return self.kid >> 4

    @property
    def epoch(self) -> int:
        """The low four bits of the epoch."""
        return self.kid & 15


def sealed(frame: bytes) -> Sealed:
    if not frame:
        raise NotSealed("an empty frame")
    numbers, place = [], 1
    for bits in (frame[0] >> 4, frame[0] & 15):
        if bits & 8:
            length = (bits & 7) + 1
            if len(frame) < place + length:
                raise NotSealed("the header is cut off")
            numbers.append(int.from_bytes(frame[place : place + length], "big"))
            place += length
        else:
            numbers.append(bits)
    if len(frame) < place + 16:
        raise NotSealed("there is no room for a tag")
    return Sealed(numbers[0], numbers[1], frame[place:])


def catalogue(document: bytes) -> tuple[str, bytes]:
    """The instance of a publisher and the sealed rest of its catalogue, which has nothing else."""
    try:
        whole = json.loads(document)
        inside = whole["burrow"]
        if set(whole) != {"burrow"} or set(inside) != SEALED:
            raise NotSealed(f"a catalogue says more than it has to: {sorted(whole)} {sorted(inside)}")
        return inside["instance"], base64.b64decode(inside["sealed"])
    except (KeyError, TypeError, ValueError) as error:
        raise error if isinstance(error, NotSealed) else NotSealed(f"a catalogue is not sealed: {error!r}") from error
