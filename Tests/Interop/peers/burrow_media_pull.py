"""Pulls the pictures and the sound of a broadcast as a player would, and judges both by the pattern."""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import asdict

import burrow
import media_pattern as pattern
from burrow_common import connected, log_lines, open_room, report
from common import Commands, arguments, emit, run

options = arguments("our media subscriber", subscriber=True, ours=True)
STEP_US = 5_000
PACKET = pattern.SAMPLE_RATE * pattern.PACKET_US // 1_000_000


class Player:
    """Pulls on a fixed beat: pictures every 5 ms, sound every 20 ms."""

    def __init__(self, video: burrow.VideoTrack, audio: burrow.AudioTrack) -> None:
        self.video, self.audio = video, audio
        self.pictures: list[tuple[int, int, int]] = []
        self.packets: list[tuple[int, burrow.AudioFlags, bytes, int]] = []

    async def play(self, last: int, seconds: float) -> None:
        """Until a picture with this number or a later one was shown, and a little longer for its sound."""
        begin, step, more = burrow.now_us(), 0, 40
        while step * STEP_US < seconds * 1_000_000 and more:
            await asyncio.sleep(max(begin + step * STEP_US - burrow.now_us(), 0) / 1_000_000)
            if step % 4 == 0:
                sound = self.audio.pull_audio(PACKET)
                self.packets.append((sound.timestamp_us, sound.flags, bytes(sound), burrow.now_us()))
            picture = self.video.pull_video()
            if picture is not None:
                number = pattern.number_in(picture.planes[0], picture.strides[0])
                if number != pattern.TEASER:
                    self.pictures.append((number, picture.timestamp_us, burrow.now_us()))
            if self.pictures and self.pictures[-1][0] >= last:
                more -= 1
            step += 1

    def watched(self) -> dict[str, object]:
        numbers = [number for number, _, _ in self.pictures]
        offsets = [timestamp - pattern.picture_us(number) for number, timestamp, _ in self.pictures if number >= 0]
        return {
            "pictures": len(numbers),
            "first": numbers[:1],
            "last": numbers[-1:],
            "wrong": numbers.count(-1),
            "ascending": all(a < b for a, b in zip(numbers, numbers[1:])),
            "spread_us": max(offsets, default=0) - min(offsets, default=0),
        }

    def listened(self) -> dict[str, object]:
        """Sound by the clock of the pictures: is each piece the tone of its time?"""
        offsets = [timestamp - pattern.picture_us(number) for number, timestamp, _ in self.pictures if number >= 0]
        offset = int(statistics.median(offsets)) if offsets else 0
        shares = []
        for timestamp, flags, pcm, _ in self.packets:
            time_us = timestamp - offset
            if not timestamp or flags or time_us < pattern.START_US + 200_000:
                continue
            if pattern.is_clear(time_us, pattern.PACKET_US):
                shares.append(pattern.tone_share(pcm, pattern.tone_at(time_us)))
        # What is made up counts on, and the sound after it goes on where it stopped: only neighbours are compared.
        pairs = [(a[0], b[0]) for a, b in zip(self.packets, self.packets[1:]) if a[0] and not a[1] and not b[1]]
        return {
            "packets": sum(1 for timestamp, flags, _, _ in self.packets if timestamp and not flags),
            "judged": len(shares),
            "clear": sum(share > 0.9 for share in shares),
            "least": round(min(shares, default=0), 3),
            "ascending": all(a < b for a, b in pairs),
            "concealed": sum(burrow.AudioFlags.CONCEALED in flags for _, flags, _, _ in self.packets),
        }

    def skews_ms(self) -> list[float]:
        """How much later each picture was shown than the sound of its time was played."""
        skews = []
        for _, timestamp, shown in self.pictures:
            for heard, flags, _, played in self.packets:
                if heard and not flags and 0 <= timestamp - heard < pattern.PACKET_US:
                    skews.append((shown - (played + timestamp - heard)) / 1000)
                    break
        return skews


async def main(commands: Commands) -> None:
    log_lines(options.log)
    async with burrow.Engine() as engine:
        reporting = asyncio.create_task(report(engine))
        room = open_room(engine, options, None, None)
        if not await connected(room):
            await commands.ended.wait()
            return
        player = Player(room.subscribe_video(options.path), room.subscribe_audio(options.path))
        wanted = {burrow.TrackKind.VIDEO, burrow.TrackKind.AUDIO}
        while True:
            try:
                offers = room.media(options.path)
            except burrow.NotFoundError:
                offers = []
            if {offer.kind for offer in offers} >= wanted:
                break
            if commands.ended.is_set():
                return
            await asyncio.sleep(0.01)
        emit("catalog", offers=[asdict(offer) for offer in offers])
        await player.play(options.frames, options.timeout - 10)
        skews = [abs(skew) for skew in player.skews_ms()]
        emit("watched", **player.watched())
        emit("listened", **player.listened())
        emit("matched", pictures=len(skews), median_ms=statistics.median(skews) if skews else None)
        emit("figures", video=asdict(player.video.media_stats), audio=asdict(player.audio.media_stats))
        await commands.ended.wait()
        reporting.cancel()


run(main, options.timeout)
