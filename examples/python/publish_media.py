#!/usr/bin/env python3
"""Publishes a camera and a microphone that are files: pictures from a Y4M file, sound from a WAV file, in real time.

    publish_media.py --pin <fingerprint> --video clip.y4m --audio speech.wav moqt://localhost:4443 alice
    publish_media.py --pin <fingerprint> --video clip.y4m --loop --renditions 3 moqt://localhost:4443 bob

Needs the burrow package (bindings/python) on the path and libburrow; see BURROW_LIBRARY.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import burrow

CHUNK_MS = 20


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Publishes a Y4M and a WAV file as camera and microphone.")
    parser.add_argument("url", help="the room: moqt://host[:port][/path][?jwt=token]")
    parser.add_argument("path", help="the path to announce")
    parser.add_argument("--video", type=Path, help="a Y4M file, 4:2:0 with 8 bits")
    parser.add_argument("--audio", type=Path, help="a WAV file, 16 bits, mono or stereo")
    parser.add_argument("--loop", action="store_true", help="begin again at the end, for ever")
    parser.add_argument("--video-bitrate", type=int, default=0, help="bits per second at most")
    parser.add_argument("--audio-bitrate", type=int, default=0, help="bits per second at most")
    parser.add_argument("--renditions", type=int, default=1, choices=(1, 2, 3), help="how many sizes are offered")
    parser.add_argument("--pin", action="append", default=[], help="SHA-256 of an acceptable certificate, hex")
    parser.add_argument("--insecure", action="store_true", help="accept any certificate: for tests only")
    options = parser.parse_args()
    if not options.video and not options.audio:
        parser.error("nothing to publish: give --video, --audio or both")
    return options


class Pictures:
    """A Y4M file: a line about all pictures, then a line before each."""

    def __init__(self, file: Path) -> None:
        self.source = file.open("rb")
        words = self.source.readline(1000).decode(errors="replace").split()
        if not words or words[0] != "YUV4MPEG2":
            raise ValueError(f"{file} is not a Y4M file")
        values = {word[0]: word[1:] for word in words[1:]}
        self.width, self.height = int(values["W"]), int(values["H"])
        self.rate = Fraction(values.get("F", "30:1").replace(":", "/"))
        layout = values.get("C", "420")
        if not layout.startswith("420") or layout.startswith("420p1"):
            raise ValueError(f"{file} has pictures in {layout}, not in 4:2:0 with 8 bits")
        self.size = self.width * self.height + 2 * ((self.width + 1) // 2) * ((self.height + 1) // 2)
        self.first = self.source.tell()

    def __iter__(self) -> Iterator[bytes]:
        """From the first picture to the last."""
        self.source.seek(self.first)
        while self.source.readline(1000).startswith(b"FRAME"):
            picture = self.source.read(self.size)
            if len(picture) < self.size:
                return
            yield picture


class Samples:
    """A WAV file in pieces of 20 ms."""

    def __init__(self, file: Path) -> None:
        self.source = wave.open(str(file), "rb")
        self.channels, self.rate = self.source.getnchannels(), self.source.getframerate()
        if self.source.getsampwidth() != 2 or self.channels > 2:
            raise ValueError(f"{file} has to have 16 bits and one or two channels")

    def __iter__(self) -> Iterator[bytes]:
        self.source.rewind()
        while piece := self.source.readframes(self.rate * CHUNK_MS // 1000):
            yield piece


async def until(time_us: int) -> None:
    await asyncio.sleep(max(time_us - burrow.now_us(), 0) / 1_000_000)


async def film(track: burrow.VideoTrack, pictures: Pictures, begin: int, loop: bool) -> None:
    """Pushes every picture at its time. Sound and pictures have the same beginning, so they stay in step."""
    number = 0
    while True:
        for picture in pictures:
            time_us = begin + int(number / pictures.rate * 1_000_000)
            await until(time_us)
            track.push_video(picture, pictures.width, pictures.height, timestamp_us=time_us)
            number += 1
        if not loop or not number:
            return


async def speak(track: burrow.AudioTrack, samples: Samples, begin: int, loop: bool) -> None:
    """Pushes samples when the last of them would have been recorded."""
    count = 0
    while True:
        for piece in samples:
            time_us = begin + count * 1_000_000 // samples.rate
            count += len(piece) // (2 * samples.channels)
            await until(begin + count * 1_000_000 // samples.rate)
            track.push_audio(piece, sample_rate=samples.rate, channels=samples.channels, timestamp_us=time_us)
        if not loop or not count:
            return


async def report(tracks: dict[str, burrow.VideoTrack | burrow.AudioTrack]) -> None:
    """Says every five seconds what is sent."""
    while True:
        await asyncio.sleep(5)
        for name, track in tracks.items():
            stats = track.media_stats
            size = f" of {stats.width}x{stats.height}" if stats.width else ""
            print(f"{name}: {stats.frames} frames{size}, {stats.bytes} bytes", file=sys.stderr)


async def main(options: argparse.Namespace) -> None:
    pictures = Pictures(options.video) if options.video else None
    samples = Samples(options.audio) if options.audio else None
    async with burrow.Engine() as engine:
        room = engine.open_room(options.url, path=options.path, pins=options.pin, insecure=options.insecure)
        async with room:
            print(f"connected to {room.info.remote_address} as '{room.info.path}'", file=sys.stderr)
            begin = burrow.now_us()
            tracks: dict[str, burrow.VideoTrack | burrow.AudioTrack] = {}
            work = []
            if pictures is not None:
                encoding = burrow.Encoding(
                    bitrate_bps=options.video_bitrate,
                    renditions=options.renditions,
                    frame_rate=-(-pictures.rate.numerator // pictures.rate.denominator),
                )
                camera = tracks["video"] = room.publish_video(encoding=encoding)
                work.append(film(camera, pictures, begin, options.loop))
            if samples is not None:
                encoding = burrow.Encoding(bitrate_bps=options.audio_bitrate, channels=samples.channels)
                microphone = tracks["audio"] = room.publish_audio(encoding=encoding)
                work.append(speak(microphone, samples, begin, options.loop))
            reporting = asyncio.create_task(report(tracks))
            await asyncio.gather(*work)
            # What was pushed last is still on its way through codec and network.
            await asyncio.sleep(1)
            reporting.cancel()


if __name__ == "__main__":
    try:
        asyncio.run(main(arguments()))
    except (burrow.BurrowError, OSError, ValueError, wave.Error) as error:
        sys.exit(f"publish_media: {error}")
    except KeyboardInterrupt:
        pass
