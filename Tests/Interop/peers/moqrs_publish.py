"""A publisher made of the moq-rs package. Commands: ``open PATH``, ``close PATH``, ``stop``."""

from __future__ import annotations

import asyncio

import moq
from common import Commands, arguments, emit, hang_frame, payload, run, timestamp_us, track_names

options = arguments("moq-rs publisher")
moq.log_level(options.log)


async def publish(broadcast: moq.BroadcastProducer, tracks: list[moq.TrackProducer], stop: asyncio.Event) -> None:
    if not options.no_wait:
        await asyncio.gather(*(track.demand().used() for track in tracks))
        # The question for track information counts as use already; who asked it has yet to subscribe, and would
        # begin with the newest of what is published until then.
        await asyncio.sleep(0.3)
        emit("used")
    group = 0
    while not stop.is_set() and (options.groups == 0 or group < options.groups):
        for track in tracks:
            if options.datagrams:
                track.append_datagram(payload(track.name, group, 0, options.size), timestamp_us(group, 0))
                continue
            producer = track.append_group()
            for index in range(options.frames):
                if options.hang:
                    data = hang_frame(group, index, options.size)
                else:
                    data = payload(track.name, group, index, options.size)
                producer.write_frame(data, timestamp_us(group, index))
            producer.finish()
        emit("sent", group=group)
        group += 1
        await asyncio.sleep(options.interval_ms / 1000)
    for track in tracks:
        track.finish()
    emit("published", groups=group)


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
    origin = moq.OriginProducer()
    client = moq.Client(
        options.url,
        tls_verify=options.fingerprint is not None,
        tls_fingerprints=[options.fingerprint] if options.fingerprint else None,
        reconnect=options.reconnect,
        websocket_enabled=False,
        publish=origin,
    )
    async with client:
        emit("connected")
        watching = asyncio.gather(watch(client.session), end(client.session), return_exceptions=True)
        others: dict[str, moq.BroadcastProducer] = {}
        publishing = None
        if not options.idle:
            broadcast = origin.create_broadcast(options.path)
            # Without a max age of its own a track keeps what is published before its subscriber came.
            info = moq.TrackInfo(max_age_us=options.max_age_ms * 1000)
            tracks = [broadcast.publish_track(name, info) for name in track_names(options)]
            broadcast.announce()
            emit("announced", path=options.path)
            publishing = asyncio.create_task(publish(broadcast, tracks, commands.ended))
        while (line := await next_command(commands, publishing)) is not None:
            verb, _, path = line.partition(" ")
            if verb == "open":
                others[path] = origin.create_broadcast(path)
                others[path].publish_track("data")
                others[path].announce()
                emit("announced", path=path)
            elif verb == "close":
                others.pop(path).close()
                emit("unannounced", path=path)
        if publishing is not None:
            publishing.cancel()
        watching.cancel()
        session = client.session
    # The farewell leaves from a thread of the library; a process that ends first would just fall silent.
    try:
        await asyncio.wait_for(session.closed(), 1)
    except (TimeoutError, moq.Error):
        pass
    await asyncio.sleep(0.1)


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
