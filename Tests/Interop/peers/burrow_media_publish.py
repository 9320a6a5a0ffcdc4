"""Publishes encoded packets from a file as a hang broadcast, through the Python binding."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import burrow
from burrow_common import connected, log_lines, open_room, report
from common import Commands, arguments, emit, hang_header, run
from media_pattern import HEIGHT, RATE, START_US, WIDTH, read_packets

options = arguments("our media publisher", ours=True, media=True)

CATALOGUE = {
    "video": {
        "renditions": {
            "video": {
                "codec": "avc3.42c00d",
                "container": {"kind": "legacy"},
                "codedWidth": WIDTH,
                "codedHeight": HEIGHT,
                "framerate": RATE,
                "bitrate": 600_000,
                "jitter": 34,
            }
        }
    },
    "audio": {
        "renditions": {
            "audio": {
                "codec": "opus",
                "container": {"kind": "legacy"},
                "sampleRate": 48_000,
                "numberOfChannels": 1,
                "bitrate": 64_000,
                "jitter": 20,
            }
        }
    },
    "user": {"name": "Alice"},
}


async def used(tracks: list[burrow.Track], end: asyncio.Event) -> bool:
    """Waits until every track has a subscriber; false when told to end before."""
    for track in tracks:
        while track.stats.subscribers == 0:
            if end.is_set():
                return False
            await asyncio.sleep(0.01)
    return True


async def main(commands: Commands) -> None:
    log_lines(options.log)
    packets = read_packets(Path(options.packets)) if options.packets else []
    async with burrow.Engine() as engine:
        reporting = asyncio.create_task(report(engine, rooms=False))
        room = open_room(engine, options, options.path, None)
        catalogue = room.publish("catalog.json", priority=100, max_age_ms=5000)
        document = Path(options.catalogue).read_bytes() if options.catalogue else json.dumps(CATALOGUE).encode()
        await catalogue.send(document.strip(), key=True, end_of_group=True)
        tracks = {
            "video": room.publish("video", priority=60, max_age_ms=30_000),
            "audio": room.publish("audio", priority=80, max_age_ms=30_000),
        }
        if not await connected(room):
            await commands.ended.wait()
            return
        emit("announced", path=options.path)
        if not await used(list(tracks.values()), commands.ended):
            return
        emit("used")
        started = time.monotonic()
        for packet in packets:
            await asyncio.sleep(max(started + (packet.timestamp_us - START_US) / 1_000_000 - time.monotonic(), 0))
            await tracks[packet.kind].send(
                hang_header(packet.timestamp_us) + packet.data,
                timestamp_us=packet.timestamp_us,
                key=packet.key,
                end_of_group=packet.kind == "audio",
            )
        emit("published", packets=len(packets))
        await commands.ended.wait()
        reporting.cancel()


run(main, options.timeout)
