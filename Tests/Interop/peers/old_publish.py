"""A publisher made of moq-ffi 0.1.2, the oldest published peer (lite-03 and lite-02, client only).

It knows media tracks only: payloads travel as Opus packets in the hang container, one group each, so a
receiver sees a varint timestamp in front of every payload. The track's name is the library's choice and
stands in the catalogue.
"""

from __future__ import annotations

import asyncio

import moq_ffi as moq
from common import Commands, arguments, emit, payload, run, timestamp_us

OPUS_HEAD = b"OpusHead" + bytes([1, 2]) + (312).to_bytes(2, "little") + (48000).to_bytes(4, "little") + bytes(3)

options = arguments("moq-ffi 0.1.2 publisher")
moq.moq_log_level(options.log)


async def main(commands: Commands) -> None:
    origin = moq.MoqOriginProducer()
    broadcast = moq.MoqBroadcastProducer()
    media = broadcast.publish_media("opus", OPUS_HEAD)
    origin.publish(options.path, broadcast)
    client = moq.MoqClient()
    client.set_tls_disable_verify(True)
    client.set_publish(origin)
    # Held until the process ends: this version's cancel() aborts the process.
    _session = await client.connect(options.url)
    emit("connected")
    emit("announced", path=options.path)
    group = 0
    while not commands.ended.is_set() and (options.groups == 0 or group < options.groups):
        media.write_frame(payload("", group, 0, options.size), timestamp_us(group, 0))
        group += 1
        await asyncio.sleep(options.interval_ms / 1000)
    emit("published", groups=group)
    await commands.ended.wait()


run(main, options.timeout)
