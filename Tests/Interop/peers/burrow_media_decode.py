"""Pulls what others have encoded and decodes it outside of the room; judges pictures and sound by the pattern."""

from __future__ import annotations

import asyncio

import burrow
import media_pattern as pattern
from burrow_common import connected, log_lines, open_room, report
from common import Commands, arguments, emit, run

options = arguments("our subscriber with decoders of its own", subscriber=True, ours=True)
PACKET = pattern.SAMPLE_RATE * pattern.PACKET_US // 1_000_000


class Decoders:
    """Gathers numbers of pictures and how much of the sound is its tone."""

    def __init__(self, engine: burrow.Engine, room: burrow.Room) -> None:
        self.video = room.subscribe_video(options.path, host_codec=True)
        self.audio = room.subscribe_audio(options.path, host_codec=True)
        self.pictures, self.sound = burrow.VideoDecoder(engine), burrow.AudioDecoder(engine)
        self.numbers: list[int] = []
        self.times: list[int] = []
        self.heard: list[tuple[int, bytes]] = []

    def take(self) -> None:
        while (frame := self.video.pull()) is not None:
            self.pictures.push(frame.data, timestamp_us=frame.timestamp_us, end_of_group=True)
            while (picture := self.pictures.pull_video()) is not None:
                number = pattern.number_in(picture.planes[0], picture.strides[0])
                if number != pattern.TEASER:
                    self.numbers.append(number)
                    self.times.append(frame.timestamp_us)
                del picture
        while (frame := self.audio.pull()) is not None:
            self.sound.push(frame.data)
            while (sound := self.sound.pull_audio(PACKET)) is not None:
                self.heard.append((frame.timestamp_us, bytes(sound)))

    def listened(self) -> dict[str, object]:
        offsets = [time - pattern.picture_us(number) for number, time in zip(self.numbers, self.times) if number >= 0]
        offset = sorted(offsets)[len(offsets) // 2] if offsets else 0
        shares = []
        for timestamp, pcm in self.heard:
            time_us = timestamp - offset
            if time_us >= pattern.START_US + 200_000 and pattern.is_clear(time_us, pattern.PACKET_US):
                shares.append(pattern.tone_share(pcm, pattern.tone_at(time_us)))
        return {"judged": len(shares), "clear": sum(share > 0.9 for share in shares)}


def offers(room: burrow.Room) -> set[burrow.TrackKind]:
    """What is offered, as far as the catalogue is known."""
    try:
        return {offer.kind for offer in room.media(options.path)}
    except burrow.NotFoundError:
        return set()


async def main(commands: Commands) -> None:
    log_lines(options.log)
    async with burrow.Engine() as engine:
        reporting = asyncio.create_task(report(engine))
        room = open_room(engine, options, None, None)
        if not await connected(room):
            await commands.ended.wait()
            return
        decoders = Decoders(engine, room)
        while len(offers(room)) < 2 and not commands.ended.is_set():
            await asyncio.sleep(0.01)
        emit("catalog")
        while max(decoders.numbers, default=0) < options.frames and not commands.ended.is_set():
            await asyncio.sleep(0.005)
            decoders.take()
        await asyncio.sleep(0.5)
        decoders.take()
        numbers = decoders.numbers
        ascending = all(a < b for a, b in zip(numbers, numbers[1:]))
        emit("watched", pictures=len(numbers), wrong=numbers.count(-1), ascending=ascending, last=numbers[-1:])
        emit("listened", **decoders.listened())
        await commands.ended.wait()
        reporting.cancel()


run(main, options.timeout)
