"""Pictures that show their number and sound whose tone tells the time, so that what comes out of a decoder can be judged.

Only the standard library is used: the peers run in different virtual environments.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WIDTH, HEIGHT, RATE = 320, 240, 30
BITS = 16
BAND = 32
# The tone changes at these times, so that sound can be held against the pictures beside it.
TONES_HZ = (1000, 1500)
TONE_US = 500_000
# Near a change a packet holds some of both tones: codecs look ahead, and lapped blocks ring.
BLUR_US = 30_000
SAMPLE_RATE = 48_000
PACKET_US = 20_000
AMPLITUDE = 8000


# A picture shown before the pattern begins, for the catalogue.
TEASER = 0xFFFF
# Media does not begin at 0, which stands for "now" in our interface.
START_US = 1_000_000


def picture_us(number: int) -> int:
    return START_US + number * 1_000_000 // RATE


def picture(number: int) -> bytes:
    """I420: the number as black and white blocks above a slope that moves."""
    block = WIDTH // BITS
    band = b"".join(bytes([235 if number >> bit & 1 else 16]) * block for bit in range(BITS)) * BAND
    slope = b"".join(bytes([32 + (row + 2 * number) % 192]) * WIDTH for row in range(BAND, HEIGHT))
    return band + slope + bytes([128]) * (WIDTH * HEIGHT // 2)


def number_in(luma: bytes, width: int) -> int:
    """Reads the number back from a decoded picture; -1 when a block is neither black nor white."""
    number, block = 0, width // BITS
    for bit in range(BITS):
        value = luma[(BAND // 2) * width + bit * block + block // 2]
        if 96 < value < 160:
            return -1
        number |= (value >= 160) << bit
    return number


def tone_at(time_us: int) -> int:
    """Which tone is heard at a time of the pattern."""
    return TONES_HZ[(time_us - START_US) // TONE_US % len(TONES_HZ)]


def is_clear(time_us: int, length_us: int) -> bool:
    """Whether only one tone belongs to a piece of sound."""
    into = (time_us - START_US) % TONE_US
    return into >= BLUR_US and into + length_us + BLUR_US <= TONE_US


@cache
def tone(hertz: int, milliseconds: int) -> bytes:
    """Whole periods of a tone, 16 bit, so that pieces join without a click."""
    period = SAMPLE_RATE // hertz
    samples = (int(AMPLITUDE * math.sin(2 * math.pi * n / period)) for n in range(period))
    return b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples) * (milliseconds * hertz // 1000)


def sound(time_us: int) -> bytes:
    """The packet of the pattern that begins at a time."""
    return tone(tone_at(time_us), PACKET_US // 1000)


def tone_share(pcm: bytes, hertz: int) -> float:
    """How much of the sound's energy is a tone: near 1 for the tone, near 0 for noise or silence."""
    samples = array("h", pcm)
    count = len(samples)
    energy = sum(sample * sample for sample in samples)
    if energy < count * (AMPLITUDE / 8) ** 2:
        return 0.0
    step = 2 * math.pi * hertz / SAMPLE_RATE
    real = sum(sample * math.cos(step * n) for n, sample in enumerate(samples))
    imaginary = sum(sample * math.sin(step * n) for n, sample in enumerate(samples))
    return 2 * (real * real + imaginary * imaginary) / (count * energy)


@dataclass(frozen=True)
class Packet:
    """One line of a packet file: what an encoder gave out."""

    kind: str
    timestamp_us: int
    key: bool
    data: bytes

    def line(self) -> str:
        return f"{self.kind} {self.timestamp_us} {int(self.key)} {self.data.hex()}\n"


def read_packets(file: Path) -> list[Packet]:
    """In the order of presentation, as a live source would give them."""
    packets = []
    for line in file.read_text().splitlines():
        kind, timestamp, key, data = line.split()
        packets.append(Packet(kind, int(timestamp), key == "1", bytes.fromhex(data)))
    return sorted(packets, key=lambda packet: packet.timestamp_us)
