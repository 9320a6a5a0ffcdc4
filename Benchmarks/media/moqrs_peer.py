"""The same call with the codecs and the transport of the moq-rs package, for comparison.

    moqrs_peer.py send|receive --url URL --path P [options of media-peer]

The package has encoders and decoders but no playout: a decoded packet is noted when it comes, not when it would be heard.
Sound goes in when the last sample of a packet was recorded. Speaks like media-peer; see main.c. Runs in .venv.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import mmap
import os
import sys
import time
from pathlib import Path

import moq

PACKET_US, PACKET = 20_000, 960
BLOCKS = 16
MAX_AGE_US = 1_000_000


def now_us() -> int:
    return time.monotonic_ns() // 1000


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Commands:
    """Lines of standard input; its end stops like "stop"."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[str] = asyncio.Queue()
        self.stopped = asyncio.Event()

    async def start(self) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        self.task = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while (line := await reader.readline()) and line != b"stop\n":
            await self.lines.put(line.decode().strip())
        self.stopped.set()


class Late:
    def __init__(self) -> None:
        self.values: list[int] = []

    def told(self) -> dict[str, int]:
        ordered = sorted(self.values) or [0]
        return {"p50": ordered[len(ordered) // 2], "p99": ordered[int(0.99 * (len(ordered) - 1))], "max": ordered[-1]}


class Film:
    """Pictures forth and back, each with its number in a band of blocks at the top."""

    def __init__(self, file: str, width: int, height: int) -> None:
        self.width, self.height, self.size = width, height, width * height * 3 // 2
        with open(file, "rb") as source:
            self.memory = mmap.mmap(source.fileno(), 0, prot=mmap.PROT_READ)
        self.count = len(self.memory) // self.size

    def picture(self, number: int) -> bytes:
        cycle = 2 * (self.count - 1)
        at = number % cycle
        at = at if at < self.count else cycle - at
        picture = bytearray(self.memory[at * self.size : (at + 1) * self.size])
        block = self.width // BLOCKS
        row = bytearray(picture[: self.width])
        for bit in range(BLOCKS):
            row[bit * block : (bit + 1) * block] = bytes([235 if number >> bit & 1 else 16]) * block
        picture[: self.width * (self.height // 15)] = row * (self.height // 15)
        return bytes(picture)


def number_of(data: bytes, width: int, height: int) -> int:
    row = height // 30 * width
    number = 0
    for bit in range(BLOCKS):
        value = data[row + (2 * bit + 1) * width // (2 * BLOCKS)]
        if 96 < value < 160:
            return -1
        number |= int(value >= 160) << bit
    return number


def client(options: argparse.Namespace, **what: object) -> moq.Client:
    return moq.Client(options.url, tls_verify=False, reconnect=True, websocket_enabled=False, **what)


async def send(options: argparse.Namespace, commands: Commands) -> None:
    film = Film(options.pictures, options.width, options.height)
    sound = Path(options.speech).read_bytes()
    sound = sound[: len(sound) // (2 * PACKET) * 2 * PACKET]
    origin = moq.OriginProducer()
    late = {"audio": Late(), "video": Late()}
    async with client(options, publish=origin):
        broadcast = origin.create_broadcast(options.path)
        layout = moq.VideoPixelFormat.I420
        video = broadcast.encode_video(
            moq.VideoEncoderInput(format=layout, width=options.width, height=options.height, framerate=options.fps),
            moq.VideoEncoderOutput(
                codec=moq.VideoCodec.H264, track="video", bitrate=options.video_bitrate, gop=2 * options.fps,
                kind=moq.VideoEncoderKind.SOFTWARE(),
            ),
        )  # fmt: skip
        audio = broadcast.encode_audio(
            "audio",
            moq.AudioEncoderInput(format=moq.AudioSampleFormat.S16, sample_rate=48_000, channels=1),
            moq.AudioEncoderOutput(
                codec=moq.AudioCodec.opus(), bitrate=options.audio_bitrate, frame_duration_us=PACKET_US
            ),
        )
        broadcast.announce()
        say("ready")
        if await commands.lines.get() != "go":
            return
        begin = now_us() + 50_000
        say(f"begun {begin}")

        async def speak() -> None:
            number = 0
            while not commands.stopped.is_set():
                at = begin + number * PACKET_US
                await asyncio.sleep(max(at + PACKET_US - now_us(), 0) / 1e6)
                late["audio"].values.append(now_us() - at - PACKET_US)
                place = number * 2 * PACKET % len(sound)
                audio.write(moq.AudioFrame(timestamp_us=at, data=sound[place : place + 2 * PACKET]))
                number += 1

        async def film_it() -> None:
            number = 0
            while not commands.stopped.is_set():
                at = begin + number * 1_000_000 // options.fps
                data = film.picture(number)
                await asyncio.sleep(max(at - now_us(), 0) / 1e6)
                late["video"].values.append(now_us() - at)
                video.write(moq.VideoFrame(timestamp_us=at, data=data))
                number += 1

        await asyncio.gather(speak(), film_it())
        say(json.dumps({f"{kind}_late_us": one.told() for kind, one in late.items()}))


async def receive(options: argparse.Namespace, commands: Commands) -> None:
    arrived: list[tuple[int, int]] = []
    shown: list[tuple[int, int, int, int]] = []
    async with client(options, subscribe=moq.OriginProducer()) as session:
        say("ready")
        if await commands.lines.get() != "go":
            return
        broadcast = await session.announced_broadcast(options.path)
        catalog = None
        async for catalog in await broadcast.subscribe_catalog():
            if catalog.video and catalog.audio:
                break
        assert catalog is not None

        async def listen() -> None:
            (name, rendition), *_ = catalog.audio.items()
            output = moq.AudioDecoderOutput(format=moq.AudioSampleFormat.S16, max_age_us=MAX_AGE_US)
            async for frame in await broadcast.decode_audio(name, rendition, output):
                arrived.append((now_us(), frame.timestamp_us))

        async def watch() -> None:
            (name, rendition), *_ = catalog.video.items()
            output = moq.VideoDecoderOutput(format=moq.VideoPixelFormat.I420, max_age_us=MAX_AGE_US)
            async for frame in await broadcast.decode_video(name, rendition, output):
                number = number_of(frame.data, frame.width, frame.height)
                shown.append((now_us(), number, frame.timestamp_us, frame.height))

        tasks = [asyncio.create_task(listen()), asyncio.create_task(watch())]
        await commands.stopped.wait()
        for task in tasks:
            task.cancel()
        failures = [task.exception() for task in tasks if task.done() and not task.cancelled()]
        say(json.dumps({"arrived": arrived, "shown": shown, "failures": [repr(one) for one in failures if one]}))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("role", choices=("send", "receive"))
    parser.add_argument("--url", required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--pictures")
    parser.add_argument("--speech")
    for name, value in (("fps", 30), ("width", 640), ("height", 360), ("video-bitrate", 800_000), ("audio-bitrate", 32_000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    moq.log_level("warn")
    commands = Commands()
    await commands.start()
    role = send if options.role == "send" else receive
    await asyncio.wait_for(role(options, commands), options.seconds + 120)
    # Without waiting for threads of the package.
    sys.stdout.flush()
    os._exit(0)


asyncio.run(main())
