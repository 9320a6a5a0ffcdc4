#!/usr/bin/env python3
"""Shows who is in a room, and prints the frames of one track.

    subscribe.py --pin <fingerprint> moqt://localhost:4443                     who comes and goes
    subscribe.py --pin <fingerprint> moqt://localhost:4443 alice counter       one track
    subscribe.py --pin <fingerprint> --raw moqt://localhost:4443 alice file > picture.jpg

Needs the burrow package (bindings/python) on the path and libburrow; see BURROW_LIBRARY.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

import burrow


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Shows who is in a room, or prints the frames of one track.")
    parser.add_argument("url", help="the room: moqt://host[:port][/path][?jwt=token]")
    parser.add_argument("path", nargs="?", help="whose broadcast")
    parser.add_argument("track", nargs="?", help="the name of the track")
    parser.add_argument("--pin", action="append", default=[], help="SHA-256 of an acceptable certificate, hex")
    parser.add_argument("--insecure", action="store_true", help="accept any certificate: for tests only")
    parser.add_argument("--list", action="store_true", help="print who is there now, and end")
    parser.add_argument("--count", type=int, default=0, help="end after so many frames")
    parser.add_argument("--raw", action="store_true", help="write the bytes of the frames, and nothing else")
    parser.add_argument("--max-age", type=int, default=5000, help="milliseconds after which old groups are given up")
    options = parser.parse_args()
    if options.path and not options.track:
        parser.error("a path needs a track")
    return options


def describe(frame: burrow.Frame) -> str:
    """One line about a frame: text as text, anything else as the beginning of its bytes."""
    gap = " (after a gap)" if frame.flags & burrow.FrameFlags.DISCONTINUITY else ""
    try:
        content = bytes(frame.data[:4096]).decode()
    except UnicodeDecodeError:
        content = ""
    if not content or not all(character.isprintable() or character.isspace() for character in content):
        content = bytes(frame.data[:24]).hex() + ("..." if len(frame) > 24 else "")
    return f"group {frame.group} frame {frame.sequence}{gap}, {len(frame)} bytes: {content}"


async def print_frames(track: burrow.Track, options: argparse.Namespace) -> None:
    count = 0
    async for frame in track:
        # The memory belongs to the library; leaving the block gives it back.
        with frame:
            if options.raw:
                sys.stdout.buffer.write(frame.data)
            else:
                print(describe(frame), flush=True)
        count += 1
        if count == options.count:
            return
    sys.stdout.flush()
    print(f"the track has ended after {count} frames", file=sys.stderr)


async def report(engine: burrow.Engine, options: argparse.Namespace) -> None:
    """Tells what happens in the room, until it is over."""
    async for event in engine.events():
        if event.kind == burrow.EventKind.PARTICIPANT_JOINED and not options.raw:
            print(f"'{event.text}' is here", flush=True)
        elif event.kind == burrow.EventKind.PARTICIPANT_LEFT and not options.raw:
            print(f"'{event.text}' is gone", flush=True)
        elif event.kind == burrow.EventKind.ROOM_STATE and event.state == burrow.RoomState.RECONNECTING:
            print(f"connection lost: {event.text}; connecting again", file=sys.stderr)
        elif event.kind == burrow.EventKind.ROOM_STATE and event.state == burrow.RoomState.RESTORED:
            print("connected again", file=sys.stderr)
        elif event.kind == burrow.EventKind.ROOM_STATE and event.state == burrow.RoomState.CLOSED:
            return


async def main(options: argparse.Namespace) -> None:
    async with burrow.Engine() as engine:
        room = engine.open_room(options.url, pins=options.pin, insecure=options.insecure)
        if options.list:
            async with room:
                # The relay tells who is there right after the connection stands.
                await asyncio.sleep(0.5)
                for participant in room.participants():
                    print(f"{participant.id}\t{participant.path}")
            return
        reporting = asyncio.create_task(report(engine, options))
        async with room:
            if options.track:
                track = room.subscribe(
                    options.path, options.track, max_age_ms=options.max_age, ordered=options.raw
                )
                await print_frames(track, options)
            else:
                await reporting
        reporting.cancel()


if __name__ == "__main__":
    try:
        asyncio.run(main(arguments()))
    except (burrow.BurrowError, OSError) as error:
        sys.exit(f"subscribe: {error}")
    except KeyboardInterrupt:
        pass
