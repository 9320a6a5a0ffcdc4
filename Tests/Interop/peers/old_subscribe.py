"""A subscriber made of moq-ffi 0.1.2, the oldest published peer (lite-03 and lite-02, client only).

It reads media tracks only: every payload must carry the hang container's varint timestamp, which the
library takes off. A track without such timestamps cannot be read by this peer.
"""

from __future__ import annotations

import asyncio

import moq_ffi as moq
from common import Checker, Commands, arguments, emit, run

options = arguments("moq-ffi 0.1.2 subscriber", subscriber=True)
options.hang = True
moq.moq_log_level(options.log)


async def participants(origin: moq.MoqOriginProducer, prefix: str) -> None:
    announced = origin.consume().announced(prefix)
    while (announcement := await announced.next()) is not None:
        emit("participant", path=announcement.path(), active=True)


async def read(origin: moq.MoqOriginProducer, checker: Checker) -> None:
    broadcast = await origin.consume().announced_broadcast(options.path).available()
    media = broadcast.subscribe_media(options.track, options.max_age_ms)
    emit("subscribed", track=options.track)
    while not checker.complete() and (frame := await media.next()) is not None:
        # The library took the timestamp off, and it does not tell group numbers.
        stamped = (frame.timestamp_us | 0xC000_0000_0000_0000).to_bytes(8, "big")
        checker.frame(options.track, stamped + frame.payload, 0, 0, None)
    emit("ended", track=options.track)


async def main(commands: Commands) -> None:
    origin = moq.MoqOriginProducer()
    client = moq.MoqClient()
    client.set_tls_disable_verify(True)
    client.set_consume(origin)
    # Held until the process ends: this version's cancel() aborts the process.
    _session = await client.connect(options.url)
    emit("connected")
    if options.watch is not None:
        watching = asyncio.create_task(participants(origin, options.watch))
        await commands.ended.wait()
        watching.cancel()
    else:
        checker = Checker([options.track], options)
        reading = asyncio.create_task(read(origin, checker))
        stopping = asyncio.create_task(commands.ended.wait())
        done, _ = await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if reading in done:
            reading.result()
        checker.report()


run(main, options.timeout)
