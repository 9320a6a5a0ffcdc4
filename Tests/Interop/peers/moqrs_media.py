"""The encoders inside the moq-rs package, fed with the pattern."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import media_pattern as pattern
import moq

KEY_EVERY = 15


class Encoders:
    """One H.264 and one Opus rendition of a broadcast."""

    def __init__(self, broadcast: moq.BroadcastProducer) -> None:
        self.video = broadcast.encode_video(
            moq.VideoEncoderInput(
                format=moq.VideoPixelFormat.I420, width=pattern.WIDTH, height=pattern.HEIGHT, framerate=pattern.RATE
            ),
            moq.VideoEncoderOutput(
                codec=moq.VideoCodec.H264,
                track="video",
                bitrate=600_000,
                gop=KEY_EVERY,
                kind=moq.VideoEncoderKind.SOFTWARE(),
            ),
        )
        self.audio = broadcast.encode_audio(
            "audio",
            moq.AudioEncoderInput(format=moq.AudioSampleFormat.S16, sample_rate=pattern.SAMPLE_RATE, channels=1),
            moq.AudioEncoderOutput(codec=moq.AudioCodec.opus(), bitrate=64_000, frame_duration_us=pattern.PACKET_US),
        )

    async def encode(self, pictures: int, pause: Callable[[int], Awaitable[None]]) -> None:
        """Encodes so many pictures and the sound beside them; ``pause`` gets the time of what comes next."""
        heard = pattern.START_US
        for number in range(pictures):
            timestamp = pattern.picture_us(number)
            await pause(timestamp)
            self.video.write(moq.VideoFrame(timestamp_us=timestamp, data=pattern.picture(number)))
            while heard <= timestamp:
                self.audio.write(moq.AudioFrame(timestamp_us=heard, data=pattern.sound(heard)))
                heard += pattern.PACKET_US

    def finish(self) -> None:
        self.video.finish()
        self.audio.finish()


async def read_frames(broadcast: moq.BroadcastConsumer, track: str, taken: Callable[[int, int, moq.Frame], None]) -> None:
    """Reads a track as it is on the wire, container and all."""
    consumer = await broadcast.subscribe_track(track, moq.Subscription(max_age_us=60_000_000))
    async for group in consumer:
        index = 0
        while (frame := await group.read_frame()) is not None:
            taken(group.sequence, index, frame)
            index += 1


async def no_pause(_: int) -> None:
    await asyncio.sleep(0)
