"""Writes what the encoders inside the moq-rs package make of the pattern to a packet file; no network."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import moq
from common import Commands, emit, run, without_timestamp
from media_pattern import Packet
from moqrs_media import Encoders, no_pause, read_frames

parser = argparse.ArgumentParser(description="moq-rs encoder")
parser.add_argument("--timeout", type=float, default=60.0)
parser.add_argument("--log", default="warn")
parser.add_argument("--output", type=Path, required=True)
parser.add_argument("--pictures", type=int, default=60)
options = parser.parse_args()
moq.log_level(options.log)


async def main(_: Commands) -> None:
    broadcast = moq.OriginProducer().create_broadcast("local")
    encoders = Encoders(broadcast)
    packets: list[Packet] = []

    def keep(kind: str, _group: int, index: int, frame: moq.Frame) -> None:
        timestamp, data = without_timestamp(frame.payload)
        if data:
            packets.append(Packet(kind, timestamp, kind == "audio" or index == 0, data))

    reading = [
        asyncio.create_task(
            read_frames(broadcast.consume(), kind, lambda group, index, frame, kind=kind: keep(kind, group, index, frame))
        )
        for kind in ("video", "audio")
    ]
    await asyncio.sleep(0.1)
    await encoders.encode(options.pictures, no_pause)
    encoders.finish()
    await asyncio.wait_for(asyncio.gather(*reading), 20)
    options.output.write_text("".join(packet.line() for packet in packets))
    kinds = [packet.kind for packet in packets]
    emit("encoded", video=kinds.count("video"), audio=kinds.count("audio"))


run(main, options.timeout)
