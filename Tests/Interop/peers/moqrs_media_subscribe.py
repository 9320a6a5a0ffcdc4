"""Decodes a broadcast with the decoders inside the moq-rs package and judges pictures and sound."""

from __future__ import annotations

import asyncio

import media_pattern as pattern
import moq
from common import Commands, arguments, emit, run

options = arguments("moq-rs media subscriber", subscriber=True)
moq.log_level(options.log)
MAX_AGE_US = 10_000_000


async def complete_catalog(broadcast: moq.BroadcastConsumer) -> moq.Catalog:
    """The first catalogue with both kinds in it."""
    async for catalog in await broadcast.subscribe_catalog():
        if catalog.video and catalog.audio:
            return catalog
    raise RuntimeError("the catalogue's track ended")


class Judge:
    """What was decoded, held against the pattern; the publisher's clock may have any beginning."""

    def __init__(self) -> None:
        # How far the publisher's clock is ahead of the pattern's, as the first picture tells.
        self.offset: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def watch(self, broadcast: moq.BroadcastConsumer, catalog: moq.Catalog) -> None:
        """Numbers of all decoded pictures, and whether each came with its own timestamp."""
        (name, rendition), *_ = catalog.video.items()
        output = moq.VideoDecoderOutput(format=moq.VideoPixelFormat.I420, max_age_us=MAX_AGE_US)
        consumer = await broadcast.decode_video(name, rendition, output)
        emit("subscribed", track=name)
        numbers: list[int] = []
        wrong = 0
        async for frame in consumer:
            number = pattern.number_in(frame.data, frame.width)
            if number == pattern.TEASER:
                continue
            if number >= 0 and not self.offset.done():
                self.offset.set_result(frame.timestamp_us - pattern.picture_us(number))
            offset = self.offset.result() if self.offset.done() else 0
            wrong += number < 0 or abs(frame.timestamp_us - offset - pattern.picture_us(number)) > 1
            numbers.append(number)
            if len(numbers) >= options.frames:
                break
        emit(
            "watched",
            pictures=len(numbers),
            wrong=wrong,
            ascending=all(a < b for a, b in zip(numbers, numbers[1:])),
            first=numbers[:1],
            offset=self.offset.result() if self.offset.done() else None,
        )

    async def listen(self, broadcast: moq.BroadcastConsumer, catalog: moq.Catalog) -> None:
        """How many packets' worth of sound came, and how much of each was the tone that belongs there."""
        (name, rendition), *_ = catalog.audio.items()
        output = moq.AudioDecoderOutput(format=moq.AudioSampleFormat.S16, max_age_us=MAX_AGE_US)
        consumer = await broadcast.decode_audio(name, rendition, output)
        emit("subscribed", track=name)
        packets: list[tuple[int, bytes]] = []
        async for frame in consumer:
            packets.append((frame.timestamp_us, frame.data))
            if len(packets) >= options.groups:
                break
        offset = await self.offset
        shares = []
        # The first packets are the encoder's run-up.
        for timestamp, data in packets[3:]:
            time = timestamp - offset
            if pattern.is_clear(time, len(data) * 500_000 // pattern.SAMPLE_RATE):
                shares.append(pattern.tone_share(data, pattern.tone_at(time)))
        times = [timestamp for timestamp, _ in packets]
        emit(
            "listened",
            packets=len(packets),
            judged=len(shares),
            least=round(min(shares, default=0), 3),
            ascending=all(a < b for a, b in zip(times, times[1:])),
            begin=times[0] - offset,
        )


async def main(commands: Commands) -> None:
    client = moq.Client(
        options.url,
        tls_verify=options.fingerprint is not None,
        tls_fingerprints=[options.fingerprint] if options.fingerprint else None,
        reconnect=False,
        websocket_enabled=False,
        subscribe=moq.OriginProducer(),
    )
    async with client:
        emit("connected")
        broadcast = await client.announced_broadcast(options.path)
        catalog = await complete_catalog(broadcast)
        emit(
            "catalog",
            video={
                name: {
                    "codec": video.codec,
                    "size": [video.coded.width, video.coded.height] if video.coded else None,
                    "bitrate": video.bitrate,
                    "framerate": video.framerate,
                    "description": video.description.hex() if video.description else None,
                    "stalled": video.stalled,
                    "broadcast": video.broadcast,
                }
                for name, video in catalog.video.items()
            },
            audio={
                name: {
                    "codec": audio.codec,
                    "rate": audio.sample_rate,
                    "channels": audio.channel_count,
                    "description": audio.description.hex() if audio.description else None,
                    "broadcast": audio.broadcast,
                }
                for name, audio in catalog.audio.items()
            },
            display=[catalog.display.width, catalog.display.height] if catalog.display else None,
            rotation=catalog.rotation,
            flip=catalog.flip,
            sections=catalog.sections,
        )
        judge = Judge()
        tasks = [
            asyncio.create_task(judge.watch(broadcast, catalog)),
            asyncio.create_task(judge.listen(broadcast, catalog)),
        ]
        stopping = asyncio.create_task(commands.ended.wait())
        judging = asyncio.gather(*tasks)
        done, _ = await asyncio.wait({judging, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if judging in done:
            judging.result()
            emit("done")
        for task in tasks:
            task.cancel()


run(main, options.timeout)
