#!/usr/bin/env python3
"""Files for the media examples, and what has to be in the files that come out.

    media_files.py write FOLDER    in.y4m and in.wav: two and a half seconds that brighten, and a tone of 1 kHz
    media_files.py check FOLDER    the same in out.y4m and out.wav
    media_files.py hum HZ          a tone as a microphone gives it, on the standard output, until nobody listens
    media_files.py hear FILE HZ    that tone in the samples that came out
"""

from __future__ import annotations

import math
import struct
import sys
import time
import wave
from array import array
from pathlib import Path

WIDTH, HEIGHT, PICTURES, RATE = 160, 96, 75, 48_000
TONE = [int(9000 * math.sin(2 * math.pi * n / 48)) for n in range(48)]


def write(folder: Path) -> None:
    chroma = bytes([128]) * (WIDTH * HEIGHT // 2)
    with (folder / "in.y4m").open("wb") as video:
        video.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F30:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(PICTURES):
            video.write(b"FRAME\n" + bytes([40 + 2 * number]) * (WIDTH * HEIGHT) + chroma)
    with wave.open(str(folder / "in.wav"), "wb") as audio:
        audio.setparams((1, 2, RATE, 0, "NONE", ""))
        audio.writeframes(struct.pack("48h", *TONE) * (RATE // 48 * PICTURES // 30))


def check(folder: Path) -> list[str]:
    """What is wrong; nothing when all is as it should be."""
    problems = []
    header, _, rest = (folder / "out.y4m").read_bytes().partition(b"\n")
    if not header.startswith(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F30:1 ".encode()):
        problems.append(f"the pictures are {header!r}")
    size = 6 + WIDTH * HEIGHT * 3 // 2
    centre = 6 + HEIGHT // 2 * WIDTH + WIDTH // 2
    shades = [rest[start + centre] for start in range(0, len(rest) - size + 1, size)]
    if len(rest) % size:
        problems.append("the last picture is incomplete")
    if len(set(shades)) < 30 or shades[-1] < 170 or any(a > b + 2 for a, b in zip(shades, shades[1:], strict=False)):
        problems.append(f"they do not brighten: {shades}")
    with wave.open(str(folder / "out.wav")) as audio:
        count = audio.getnframes()
        if (audio.getnchannels(), audio.getframerate()) != (1, RATE):
            problems.append("the sound is in another format")
        samples = struct.unpack(f"{count}h", audio.readframes(count))
    if abs(count / RATE - len(shades) / 30) > 0.1:
        problems.append(f"{count / RATE:.2f} s of sound beside {len(shades) / 30:.2f} s of pictures")
    middle = samples[count // 4 : count // 4 + RATE]
    crossings = sum(a < 0 <= b for a, b in zip(middle, middle[1:], strict=False))
    if abs(crossings - 1000) > 15:
        problems.append(f"the tone has {crossings} Hz")
    return problems


def hum(frequency: int) -> None:
    """16 bits, 48 kHz, mono, at the pace of the clock."""
    piece = array("h", (int(9000 * math.sin(2 * math.pi * frequency * n / RATE)) for n in range(RATE // 50))).tobytes()
    begin = time.monotonic()
    try:
        for number in range(60 * 50):
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            time.sleep(max(begin + number / 50 - time.monotonic(), 0))
    except BrokenPipeError:
        # The interpreter would say so once more.
        sys.stderr.close()


def hear(file: Path, frequency: int) -> list[str]:
    """What is wrong when there is less than a third of a second of this tone."""
    samples = array("h", file.read_bytes())
    found = 0
    for start in range(0, len(samples) - RATE // 50, RATE // 50):
        piece = samples[start : start + RATE // 50]
        crossings = sum(a < 0 <= b for a, b in zip(piece, piece[1:], strict=False))
        found += max(piece) > 2000 and abs(crossings - frequency // 50) <= 1
    return [] if found > 16 else [f"{found} of {len(samples) * 50 // RATE} pieces in {file.name} are a tone of {frequency} Hz"]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", folder]:
            write(Path(folder))
        case ["check", folder]:
            if found := check(Path(folder)):
                sys.exit("\n".join(found))
        case ["hum", frequency]:
            hum(int(frequency))
        case ["hear", file, frequency]:
            if found := hear(Path(file), int(frequency)):
                sys.exit("\n".join(found))
        case _:
            sys.exit(__doc__)
