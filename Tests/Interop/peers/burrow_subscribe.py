"""Our subscriber, through the Python binding: checks every frame, or watches participants come and go."""

from __future__ import annotations

import asyncio

import burrow
from burrow_common import connected, lease, log_lines, open_room, report
from common import Checker, Commands, arguments, emit, note, run, track_names

options = arguments("our subscriber", subscriber=True, ours=True)
subscribed: dict[str, burrow.Track] = {}


async def fetch(track: burrow.Track, again: Checker) -> None:
    """Asks for one group again; its frames come out of the track like others, before the request ends."""
    try:
        await track.fetch(options.fetch)
    except burrow.BurrowError as error:
        emit("fetch-failed", group=options.fetch, text=str(error))
        return
    for _ in range(100):
        if again.count >= options.frames:
            break
        await asyncio.sleep(0.01)
    emit("fetched", group=options.fetch, frames=again.count, problems=again.problems)


async def read_track(room: burrow.Room, name: str, checker: Checker, again: Checker) -> None:
    age = options.max_age_ms
    track = room.subscribe(options.path, name, priority=60, max_age_ms=age, latest_only=options.latest)
    subscribed[name] = track
    emit("subscribed", track=name)
    try:
        async for frame in track:
            with frame:
                judge = again if frame.flags & burrow.FrameFlags.FETCHED else checker
                judge.frame(name, frame.data, frame.group, frame.sequence, frame.timestamp_us)
    except burrow.BurrowError as error:
        note(f"{name}: {error!r}")
        emit("failed", track=name, status=error.name, text=error.text)
    emit("ended", track=name)


async def main(commands: Commands) -> None:
    log_lines(options.log)
    async with burrow.Engine() as engine:
        reporting = asyncio.create_task(report(engine))
        tokens = await lease(engine, options)
        room = open_room(engine, options, None, options.watch, tokens)
        if not await connected(room):
            await commands.ended.wait()
            return
        if options.watch is not None:
            await commands.ended.wait()
        else:
            names = track_names(options)
            checker = Checker(names, options)
            again = Checker(names, options)
            again.every = 0
            reading = asyncio.gather(*(read_track(room, name, checker, again) for name in names))
            stopping = asyncio.create_task(commands.ended.wait())
            while not checker.complete():
                done, _ = await asyncio.wait({reading, stopping}, timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
                if reading in done:
                    reading.result()
                if done:
                    break
            if options.fetch >= 0 and checker.complete():
                await fetch(subscribed[names[0]], again)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            stats = room.stats
            checker.report(reconnects=room.info.reconnects, lost_packets=stats.lost_packets, rtt_us=stats.rtt_us)
        reporting.cancel()


run(main, options.timeout)
