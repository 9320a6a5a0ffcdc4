#!/usr/bin/env python3
"""Records somebody's camera and microphone: pictures to a Y4M file, sound to a WAV file, in step with each other.

    subscribe_media.py --pin <fingerprint> --video alice.y4m --audio alice.wav moqt://localhost:4443 alice
    subscribe_media.py --pin <fingerprint> --audio alice.wav --rate 16000 --seconds 10 moqt://localhost:4443 alice

Ends when the participant leaves, or after --seconds.
Needs the burrow package (bindings/python) on the path and libburrow; see BURROW_LIBRARY.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import wave
from pathlib import Path

import burrow

STEP_MS = 10


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Records somebody's pictures to a Y4M and sound to a WAV file.")
    parser.add_argument("url", help="the room: moqt://host[:port][/path][?jwt=token]")
    parser.add_argument("path", help="who is recorded")
    parser.add_argument("--video", type=Path, help="the Y4M file to be written")
    parser.add_argument("--audio", type=Path, help="the WAV file to be written")
    parser.add_argument("--seconds", type=float, default=0.0, help="end after so much was recorded")
    parser.add_argument("--size", default="0x0", help="as in 640x360: the pictures that fit this size; the largest without")
    parser.add_argument("--frame-rate", type=int, default=30, help="pictures per second in the file")
    parser.add_argument("--rate", type=int, default=48_000, help="samples per second in the file")
    parser.add_argument("--channels", type=int, default=1, choices=(1, 2), help="mono or stereo")
    parser.add_argument("--pin", action="append", default=[], help="SHA-256 of an acceptable certificate, hex")
    parser.add_argument("--insecure", action="store_true", help="accept any certificate: for tests only")
    options = parser.parse_args()
    if not options.video and not options.audio:
        parser.error("nothing to record: give --video, --audio or both")
    return options


class Film:
    """Writes pictures at a fixed rate: the last one again while there is no new one."""

    def __init__(self, file: Path, rate: int) -> None:
        self.target = file.open("wb")
        self.rate = rate
        self.size: tuple[int, int] | None = None
        self.last = b""
        self.written = 0
        self.new = 0

    def show(self, picture: burrow.Picture) -> None:
        """Takes a picture; one of another size than the first is scaled to it."""
        if self.size is None:
            width, height = self.size = picture.width, picture.height
            header = f"YUV4MPEG2 W{width} H{height} F{self.rate}:1 Ip A1:1 C420jpeg\n"
            self.target.write(header.encode())
        self.last = burrow.convert_picture(picture, burrow.VideoFormat.I420, *self.size)
        self.new += 1

    def advance(self, recorded_ms: int) -> None:
        """Fills the file up to a time. What was before the first picture looks like the first."""
        while self.size is not None and self.written * 1000 < recorded_ms * self.rate:
            self.target.write(b"FRAME\n" + self.last)
            self.written += 1


async def record(
    engine: burrow.Engine,
    video: burrow.VideoTrack | None,
    audio: burrow.AudioTrack | None,
    options: argparse.Namespace,
) -> None:
    film = Film(options.video, options.frame_rate) if options.video else None
    sound = wave.open(str(options.audio), "wb") if options.audio else None
    if sound is not None:
        sound.setparams((options.channels, 2, options.rate, 0, "NONE", "not compressed"))
    events = engine.events()
    over = asyncio.create_task(departure(events, options.path))
    begin, step, recorded = burrow.now_us(), 0, 0
    started = False
    while not over.done() and not (options.seconds and recorded >= options.seconds * 1000):
        await asyncio.sleep(max(begin + step * STEP_MS * 1000 - burrow.now_us(), 0) / 1_000_000)
        step += 1
        # Pulling is the clock: the library evens out the network and makes up what is missing.
        if video is not None and film is not None and (picture := video.pull_video()) is not None:
            film.show(picture)
            started = True
        if audio is not None and sound is not None:
            frames = options.rate * STEP_MS // 1000
            piece = audio.pull_audio(frames, sample_rate=options.rate, channels=options.channels)
            started = started or piece.timestamp_us != 0
            if started:
                sound.writeframes(bytes(piece))
        if started:
            recorded += STEP_MS
            if film is not None:
                film.advance(recorded)
    over.cancel()
    if sound is not None:
        sound.close()
    if film is not None:
        film.target.close()
    news = f", {film.new} pictures" if film is not None else ""
    print(f"recorded {recorded / 1000:.1f} s of '{options.path}'{news}", flush=True)


async def departure(events: burrow.EventStream, path: str) -> None:
    """Ends when the participant leaves, or the room is over."""
    async for event in events:
        if event.kind == burrow.EventKind.PARTICIPANT_LEFT and event.text == path:
            return
        if event.kind == burrow.EventKind.ROOM_STATE and event.state == burrow.RoomState.CLOSED:
            return


async def main(options: argparse.Namespace) -> None:
    width, _, height = options.size.partition("x")
    async with burrow.Engine() as engine:
        room = engine.open_room(options.url, pins=options.pin, insecure=options.insecure)
        async with room:
            video = room.subscribe_video(options.path, width=int(width), height=int(height)) if options.video else None
            audio = room.subscribe_audio(options.path) if options.audio else None
            await record(engine, video, audio, options)


if __name__ == "__main__":
    try:
        asyncio.run(main(arguments()))
    except (burrow.BurrowError, OSError, ValueError, wave.Error) as error:
        sys.exit(f"subscribe_media: {error}")
    except KeyboardInterrupt:
        pass
