"""Our publisher, through the Python binding. Commands: ``open PATH``, ``close PATH``, ``stop``."""

from __future__ import annotations

import asyncio

import burrow
from burrow_common import connected, lease, log_lines, open_room, report
from common import Commands, arguments, emit, hang_frame, payload, run, timestamp_us, track_names

options = arguments("our publisher", ours=True)


async def used(tracks: list[burrow.Track]) -> None:
    """Waits until every track has a subscriber; there is no event for that, only a counter."""
    for track in tracks:
        while track.stats.subscribers == 0:
            await asyncio.sleep(0.01)


async def publish(tracks: dict[str, burrow.Track], stop: asyncio.Event) -> None:
    if not options.no_wait:
        await used(list(tracks.values()))
        emit("used")
    group = 0
    while not stop.is_set() and (options.groups == 0 or group < options.groups):
        for name, track in tracks.items():
            for index in range(options.frames):
                make = hang_frame if options.hang else lambda *shape, name=name: payload(name, *shape)
                await track.send(
                    make(group, index, options.size),
                    timestamp_us=timestamp_us(group, index),
                    key=index == 0,
                    end_of_group=index == options.frames - 1,
                    datagram=options.datagrams,
                )
        emit("sent", group=group)
        group += 1
        await asyncio.sleep(options.interval_ms / 1000)
    if options.groups:
        for track in tracks.values():
            track.end()
    emit("published", groups=group)


async def main(commands: Commands) -> None:
    log_lines(options.log)
    async with burrow.Engine() as engine:
        reporting = asyncio.create_task(report(engine, rooms=False))
        rooms: dict[str, burrow.Room] = {}
        kept: dict[str, burrow.Track] = {}
        publishing = None
        tokens = await lease(engine, options)
        room = open_room(engine, options, None if options.idle else options.path, None, tokens)
        tracks = {}
        if not options.idle:
            tracks = {name: room.publish(name, max_age_ms=options.max_age_ms) for name in track_names(options)}
        if not await connected(room):
            await commands.ended.wait()
            return
        if tracks:
            emit("announced", path=options.path)
            publishing = asyncio.create_task(publish(tracks, commands.ended))
        while (line := await next_command(commands, publishing)) is not None:
            verb, _, path = line.partition(" ")
            if verb == "open":
                # One room announces one broadcast; so every further one is a room of its own.
                rooms[path] = open_room(engine, options, path, None)
                kept[path] = rooms[path].publish("data")
                await rooms[path].opened
                emit("announced", path=path)
            elif verb == "close":
                await rooms.pop(path).leave()
                del kept[path]
                emit("unannounced", path=path)
        if publishing is not None:
            publishing.cancel()
        for other in rooms.values():
            await other.leave()
        reporting.cancel()


async def next_command(commands: Commands, publishing: asyncio.Task[None] | None) -> str | None:
    """Waits for a command but raises what went wrong while publishing."""
    waiting = asyncio.create_task(commands.lines.get())
    pending = {waiting}
    if publishing is not None and not publishing.done():
        pending.add(publishing)
    done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    if publishing is not None and publishing in done:
        publishing.result()
    return await waiting


run(main, options.timeout)
