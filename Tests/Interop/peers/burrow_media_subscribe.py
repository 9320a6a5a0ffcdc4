"""Reads the catalogue and the frames of a hang broadcast, through the Python binding."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import burrow
from burrow_common import connected, log_lines, open_room, report
from common import Commands, arguments, emit, run, without_timestamp

options = arguments("our media subscriber", subscriber=True, ours=True)


async def complete_catalogue(track: burrow.Track) -> dict[str, Any]:
    """The first catalogue with both kinds in it."""
    async for frame in track:
        with frame:
            catalogue = json.loads(bytes(frame.data))
        if all(catalogue.get(kind, {}).get("renditions") for kind in ("video", "audio")):
            return catalogue
    raise RuntimeError("the catalogue's track ended")


async def read(room: burrow.Room, kind: str, name: str, wanted: int) -> list[str]:
    """Timestamp and digest of each frame, in the order of groups."""
    track = room.subscribe(options.path, name, priority=80 if kind == "audio" else 60, max_age_ms=options.max_age_ms, ordered=True)
    emit("subscribed", track=name)
    received: list[str] = []
    async for frame in track:
        with frame:
            timestamp, data = without_timestamp(bytes(frame.data))
            group, index = frame.group, frame.sequence
        if not data:
            continue
        if kind == "video" and index == 0 and not data.startswith(b"\0\0\0\1\x67"):
            emit("odd", group=group, text="a group begins without parameter sets")
        received.append(f"{timestamp} {hashlib.sha256(data).hexdigest()[:16]}")
        if len(received) >= wanted:
            break
    return received


async def main(commands: Commands) -> None:
    log_lines(options.log)
    async with burrow.Engine() as engine:
        reporting = asyncio.create_task(report(engine))
        room = open_room(engine, options, None, None)
        if not await connected(room):
            await commands.ended.wait()
            return
        catalogue = await complete_catalogue(room.subscribe(options.path, "catalog.json", priority=100))
        emit("catalog", catalogue=catalogue)
        (video,) = catalogue["video"]["renditions"]
        (audio,) = catalogue["audio"]["renditions"]
        reading = asyncio.gather(read(room, "video", video, options.frames), read(room, "audio", audio, options.groups))
        stopping = asyncio.create_task(commands.ended.wait())
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            seen = dict(zip(("video", "audio"), reading.result(), strict=True))
            emit("done", received=seen)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        reporting.cancel()


run(main, options.timeout)
