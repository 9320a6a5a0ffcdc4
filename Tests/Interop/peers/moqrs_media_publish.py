"""Publishes the pattern with the encoders inside the moq-rs package, in real time.

Reports what stood on the wire, so that a receiver of another make can be compared with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import time

import media_pattern as pattern
import moq
from common import Commands, arguments, emit, run, without_timestamp
from moqrs_media import Encoders, read_frames

options = arguments("moq-rs media publisher")
moq.log_level(options.log)


async def main(commands: Commands) -> None:
    origin = moq.OriginProducer()
    client = moq.Client(
        options.url,
        tls_verify=options.fingerprint is not None,
        tls_fingerprints=[options.fingerprint] if options.fingerprint else None,
        reconnect=False,
        websocket_enabled=False,
        publish=origin,
    )
    async with client:
        broadcast = origin.create_broadcast(options.path)
        encoders = Encoders(broadcast)
        sent: dict[str, list[str]] = {"video": [], "audio": []}

        def keep(kind: str, frame: moq.Frame) -> None:
            timestamp, data = without_timestamp(frame.payload)
            if data:
                sent[kind].append(f"{timestamp} {hashlib.sha256(data).hexdigest()[:16]}")

        reading = [
            asyncio.create_task(read_frames(broadcast.consume(), kind, lambda _g, _i, frame, kind=kind: keep(kind, frame)))
            for kind in ("video", "audio")
        ]
        await asyncio.sleep(0.1)
        broadcast.announce()
        emit("connected")
        emit("announced", path=options.path)
        # The readers above count as subscribers, so the others are waited for by command.
        if not options.no_wait:
            await commands.lines.get()
        started = time.monotonic()

        async def pause(timestamp: int) -> None:
            await asyncio.sleep(max(started + (timestamp - pattern.START_US) / 1_000_000 - time.monotonic(), 0))

        await encoders.encode(options.frames, pause)
        encoders.finish()
        await asyncio.wait_for(asyncio.gather(*reading), 20)
        emit("published", sent=sent)
        await commands.ended.wait()


run(main, options.timeout)
