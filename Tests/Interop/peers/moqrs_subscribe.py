"""A subscriber made of the moq-rs package: checks every frame, or watches participants come and go."""

from __future__ import annotations

import asyncio

import moq
from common import Checker, Commands, arguments, emit, note, run, track_names

options = arguments("moq-rs subscriber", subscriber=True)
moq.log_level(options.log)


async def read_group(group: moq.GroupConsumer, name: str, checker: Checker) -> None:
    index = 0
    try:
        while (frame := await group.read_frame()) is not None:
            checker.frame(name, frame.payload, group.sequence, index, frame.timestamp_us)
            index += 1
    except moq.Error as error:
        note(f"{name}: group {group.sequence} ended after {index} frames: {error!r}")


async def read_track(client: moq.Client, name: str, checker: Checker, stop: asyncio.Event) -> None:
    """Follows one track; with --reconnect it subscribes again when the subscription breaks."""
    readers: set[asyncio.Task[None]] = set()
    subscription = moq.Subscription(priority=60, max_age_us=0 if options.latest else options.max_age_ms * 1000)
    while not stop.is_set():
        try:
            broadcast = await client.announced_broadcast(options.path)
            track = await broadcast.subscribe_track(name, subscription)
            emit("subscribed", track=name)
            while options.datagrams and (datagram := await track.recv_datagram()) is not None:
                checker.frame(name, datagram.payload, datagram.sequence, 0, datagram.timestamp_us)
            while (group := await track.recv_group()) is not None:
                task = asyncio.create_task(read_group(group, name, checker))
                readers.add(task)
                task.add_done_callback(readers.discard)
        except moq.Error as error:
            note(f"{name}: {error!r}")
            if not options.reconnect:
                raise
            await asyncio.sleep(0.1)
            continue
        if not options.reconnect:
            break
        await asyncio.sleep(0.1)
    if readers:
        await asyncio.wait(readers)
    emit("ended", track=name)


async def fetch(client: moq.Client, name: str) -> None:
    """Asks for one group by its number, outside of any subscription."""
    broadcast = await client.announced_broadcast(options.path)
    again = Checker([name], options)
    again.every = 0
    try:
        group = await broadcast.fetch_group(name, options.fetch)
        await read_group(group, name, again)
        emit("fetched", group=options.fetch, frames=again.count, problems=again.problems)
    except moq.Error as error:
        emit("fetch-failed", group=options.fetch, text=repr(error))


async def participants(client: moq.Client, prefix: str) -> None:
    async for update in client.announced(prefix):
        emit("participant", path=update.prefix, active=update.active)


async def watch(session: moq.Session) -> None:
    while True:
        status = await session.status()
        emit("status", status=status.name.lower(), epoch=session.epoch())


async def end(session: moq.Session) -> None:
    """Reports what the relay ended the session with, if it did."""
    try:
        await session.closed()
    except moq.Error as error:
        details = moq.protocol_error(error)
        if details is not None:
            emit("refused", status=details.kind.name if details.kind else "", code=details.code, text=details.message)
        else:
            emit("lost", text=repr(error))


async def main(commands: Commands) -> None:
    client = moq.Client(
        options.url,
        tls_verify=options.fingerprint is not None,
        tls_fingerprints=[options.fingerprint] if options.fingerprint else None,
        reconnect=options.reconnect,
        websocket_enabled=False,
        subscribe=moq.OriginProducer(),
    )
    async with client:
        emit("connected")
        tasks = [asyncio.create_task(watch(client.session)), asyncio.create_task(end(client.session))]
        if options.watch is not None:
            tasks.append(asyncio.create_task(participants(client, options.watch)))
            await commands.ended.wait()
        else:
            names = track_names(options)
            checker = Checker(names, options)
            reading = asyncio.gather(*(read_track(client, name, checker, commands.ended) for name in names))
            stopping = asyncio.create_task(commands.ended.wait())
            while not checker.complete():
                done, _ = await asyncio.wait({reading, stopping}, timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
                if reading in done:
                    reading.result()
                if done:
                    break
            if options.fetch >= 0 and checker.complete():
                await fetch(client, names[0])
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            checker.report()
        for task in tasks:
            task.cancel()


run(main, options.timeout)
