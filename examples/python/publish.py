#!/usr/bin/env python3
"""Announces a broadcast in a room and publishes one track, a counter or a file.

    publish.py --pin <fingerprint> moqt://localhost:4443 alice counter
    publish.py --pin <fingerprint> moqt://localhost:4443 alice file picture.jpg

Needs the burrow package (bindings/python) on the path and libburrow; see BURROW_LIBRARY.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import burrow

CHUNK = 16 * 1024


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Publishes one track: a counter that goes up, or a file.")
    parser.add_argument("url", help="the room: moqt://host[:port][/path][?jwt=token]")
    parser.add_argument("path", help="the path to announce")
    parser.add_argument("track", help="the name of the track")
    parser.add_argument("file", nargs="?", type=Path, help="sent as one group as soon as somebody subscribes")
    parser.add_argument("--pin", action="append", default=[], help="SHA-256 of an acceptable certificate, hex")
    parser.add_argument("--insecure", action="store_true", help="accept any certificate: for tests only")
    parser.add_argument("--interval", type=float, default=0.5, help="seconds between two frames of the counter")
    parser.add_argument("--count", type=int, default=0, help="end after so many frames of the counter")
    return parser.parse_args()


def chunks(file: Path) -> Iterator[tuple[bytes, bool]]:
    """The file in pieces, each with whether it is the last; an empty file is one empty piece."""
    with file.open("rb") as source:
        piece = source.read(CHUNK)
        while True:
            following = source.read(CHUNK)
            yield piece, not following
            if not following:
                return
            piece = following


async def publish_counter(track: burrow.Track, interval: float, count: int) -> None:
    number = 0
    while not count or number < count:
        text = f"{number} at {burrow.now_us()} us"
        # Every number is a group of its own: who comes late starts with the newest.
        await track.send(text.encode(), key=True, end_of_group=True)
        print(f"{text} ({track.stats.subscribers} subscribers)", flush=True)
        number += 1
        await asyncio.sleep(interval)


async def publish_file(track: burrow.Track, file: Path) -> None:
    print("waiting for a subscriber", file=sys.stderr)
    while track.stats.subscribers == 0:
        await asyncio.sleep(0.02)
    first, total = True, 0
    for piece, last in chunks(file):
        await track.send(piece, key=first, end_of_group=last)
        first, total = False, total + len(piece)
    print(f"{total} bytes of {file}", flush=True)


async def delivered(room: burrow.Room, track: burrow.Track) -> None:
    """Waits, for at most ten seconds, until everything that was pushed has reached the relay."""
    quiet = 0
    for _ in range(33):
        await asyncio.sleep(0.3)
        quiet = quiet + 1 if track.stats.queued_frames == 0 and room.stats.in_flight_bytes == 0 else 0
        if quiet == 3:
            return


async def report(engine: burrow.Engine, room: burrow.Room) -> None:
    """Tells what happens in the room."""
    async for event in engine.events():
        if event.kind == burrow.EventKind.PARTICIPANT_JOINED:
            print(f"'{event.text}' is here", file=sys.stderr)
        elif event.kind == burrow.EventKind.PARTICIPANT_LEFT:
            print(f"'{event.text}' is gone", file=sys.stderr)
        elif event.kind == burrow.EventKind.ROOM_STATE and event.state == burrow.RoomState.RECONNECTING:
            print(f"connection lost: {event.text}; connecting again", file=sys.stderr)
        elif event.kind == burrow.EventKind.ROOM_STATE and event.state == burrow.RoomState.RESTORED:
            print(f"connected again to {room.info.remote_address}", file=sys.stderr)


async def main(options: argparse.Namespace) -> None:
    async with burrow.Engine() as engine:
        room = engine.open_room(options.url, path=options.path, pins=options.pin, insecure=options.insecure)
        reporting = asyncio.create_task(report(engine, room))
        # A room takes tracks before it is connected: they are announced as soon as it is.
        track = room.publish(options.track, max_age_ms=60_000 if options.file else 5_000)
        async with room:
            print(f"connected to {room.info.remote_address} as '{room.info.path}'", file=sys.stderr)
            if options.file:
                await publish_file(track, options.file)
            else:
                await publish_counter(track, options.interval, options.count)
            track.end()
            await delivered(room, track)
        reporting.cancel()


if __name__ == "__main__":
    try:
        asyncio.run(main(arguments()))
    except (burrow.BurrowError, OSError) as error:
        sys.exit(f"publish: {error}")
    except KeyboardInterrupt:
        pass
