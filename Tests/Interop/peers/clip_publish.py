"""Sends real input through our own encoders, in real time."""

from __future__ import annotations

import asyncio

import burrow
import clip_source as source
from burrow_common import connected, log_lines, open_room, report
from common import Commands, arguments, emit, run

options = arguments("our clip publisher", ours=True, clip=True)


async def main(commands: Commands) -> None:
    log_lines(options.log)
    # What takes long is done before the clock runs.
    pieces = list(source.pieces(options.what, options.seconds))
    async with burrow.Engine() as engine:
        reporting = asyncio.create_task(report(engine, rooms=False))
        room = open_room(engine, options, options.path, None)
        size = {"width": source.WIDTH, "height": source.HEIGHT, "frame_rate": source.RATE}
        video = room.publish_video(encoding=burrow.Encoding(bitrate_bps=options.bitrate, **size))
        audio = room.publish_audio(encoding=burrow.Encoding(bitrate_bps=32_000))
        if not await connected(room):
            await commands.ended.wait()
            return
        emit("announced", path=options.path)
        await commands.lines.get()
        begin = burrow.now_us() + 100_000
        worst = 0
        for piece in pieces:
            time_us = begin + piece.time_us
            await asyncio.sleep(max(time_us - burrow.now_us(), 0) / 1_000_000)
            worst = max(worst, burrow.now_us() - time_us)
            if piece.picture is not None:
                video.push_video(piece.picture, source.WIDTH, source.HEIGHT, timestamp_us=time_us)
            elif piece.samples is not None:
                audio.push_audio(piece.samples, timestamp_us=time_us)
        emit("pushed", late_ms=worst // 1000, video_bytes=video.media_stats.bytes, audio_bytes=audio.media_stats.bytes,
             dropped=video.media_stats.dropped_frames)  # fmt: skip
        await commands.ended.wait()
        reporting.cancel()


run(main, options.timeout)
