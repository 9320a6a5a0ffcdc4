"""Pushes pictures and sound of the pattern through our own encoders, in real time."""

from __future__ import annotations

import asyncio

import burrow
import media_pattern as pattern
from burrow_codec import EncodingCamera, EncodingMicrophone
from burrow_common import connected, log_lines, open_room, report
from common import Commands, arguments, emit, run

options = arguments("our media publisher", ours=True)
ENCODINGS = {
    "video": burrow.Encoding(bitrate_bps=600_000, keyframe_interval_ms=500, fixed=True),
    "audio": burrow.Encoding(bitrate_bps=64_000, music=True, fixed=True),
}
Camera = burrow.VideoTrack | EncodingCamera
Microphone = burrow.AudioTrack | EncodingMicrophone


async def push(video: Camera, audio: Microphone, pictures: int) -> int:
    """Every picture and packet at its time; returns how far our clock is ahead of the pattern's."""
    offset = burrow.now_us() - pattern.START_US
    heard = pattern.START_US
    for number in range(pictures):
        time_us = pattern.picture_us(number)
        await asyncio.sleep(max(time_us + offset - burrow.now_us(), 0) / 1_000_000)
        video.push_video(pattern.picture(number), pattern.WIDTH, pattern.HEIGHT, timestamp_us=time_us + offset)
        while heard <= time_us:
            while not audio.push_audio(pattern.sound(heard), timestamp_us=heard + offset):
                await asyncio.sleep(0.005)
            heard += pattern.PACKET_US
    return offset


async def main(commands: Commands) -> None:
    log_lines(options.log)
    async with burrow.Engine() as engine:
        reporting = asyncio.create_task(report(engine, rooms=False))
        room = open_room(engine, options, options.path, None)
        if options.host_codec:
            video, audio = EncodingCamera(engine, room, ENCODINGS["video"]), EncodingMicrophone(engine, room, ENCODINGS["audio"])
        else:
            video, audio = room.publish_video(encoding=ENCODINGS["video"]), room.publish_audio(encoding=ENCODINGS["audio"])
        if not await connected(room):
            await commands.ended.wait()
            return
        # What is offered is known from the first picture and samples on: a catalogue has the size in it.
        video.push_video(pattern.picture(pattern.TEASER), pattern.WIDTH, pattern.HEIGHT)
        emit("announced", path=options.path)
        await commands.lines.get()
        offset = await push(video, audio, options.frames)
        emit("pushed", offset=offset, video=video.media_stats.frames, audio=audio.media_stats.frames)
        await commands.ended.wait()
        reporting.cancel()


run(main, options.timeout)
