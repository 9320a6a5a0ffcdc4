"""What the tests of audio and video share: tones, pictures with a number, and a beat to push and pull on."""

from __future__ import annotations

import cmath
import math
import struct
import time
from array import array
from collections.abc import Iterator
from functools import cache
from typing import Any

from support import PATIENCE, LibraryTest, burrow

WIDTH, HEIGHT = 320, 180
RATE = 48_000
#: Samples of one packet.
PACKET = 960


@cache
def tone(frequency: float, packet: int, rate: int = RATE, channels: int = 1, amplitude: int = 12_000) -> bytes:
    """20 ms of a 16-bit sine, the number of the packet counted within a second; all channels the same."""
    count = rate // 50
    start = packet % 50 * count
    values = (int(amplitude * math.sin(2 * math.pi * frequency * (start + i) / rate)) for i in range(count))
    return struct.pack(f"{count * channels}h", *(value for value in values for _ in range(channels)))


def share(samples: Any, frequency: float, rate: int = RATE) -> float:
    """How much of the energy is this tone: 1 for the tone, near 0 for others, noise and silence."""
    energy = sum(value * value for value in samples)
    if not energy:
        return 0.0
    step = cmath.exp(-2j * math.pi * frequency / rate)
    turn, total = complex(1), complex(0)
    for value in samples:
        total += value * turn
        turn *= step
    return 2 * abs(total) ** 2 / (len(samples) * energy)


def shares(samples: Any, frequency: float, rate: int = RATE) -> float:
    """The mean of share() over tenths of a second: stretching may shift the phase in between."""
    length = rate // 10
    parts = [share(samples[at : at + length], frequency, rate) for at in range(0, len(samples) - length + 1, length)]
    return sum(parts) / max(len(parts), 1)


def loudness(samples: Any) -> float:
    """The root of the mean square."""
    return math.sqrt(sum(value * value for value in samples) / max(len(samples), 1))


def joined(sounds: list[burrow.Sound]) -> array[Any]:
    """The samples of some pulled pieces, one after the other."""
    whole = array(sounds[0].samples.format)
    for sound in sounds:
        whole.frombytes(bytes(sound))
    return whole


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A grey I420 picture whose brightness is its number."""
    chroma = 2 * ((width + 1) // 2) * ((height + 1) // 2)
    return bytes([40 + number % 160]) * (width * height) + bytes([128]) * chroma


def brightness(shown: burrow.Picture) -> int:
    """Of the middle of a picture."""
    return shown.planes[0][shown.strides[0] * (shown.height // 2) + shown.width // 2]


class MediaTest(LibraryTest):
    """Alice publishes, Bob subscribes, both through a relay of the same engine."""

    def setUp(self) -> None:
        self.host = self.engine()
        self.home = self.relay(self.host)
        self.alice = self.room(self.host, self.home, path="alice", prefix="nobody")
        self.bob = self.room(self.host, self.home, media=True)
        self.alice.opened.wait(PATIENCE)
        self.bob.opened.wait(PATIENCE)
        self.events: list[burrow.Event] = []

    def take_events(self) -> None:
        while (event := self.host.next_event(0)) is not None:
            self.events.append(event)

    def every(self, seconds: float, step: float) -> Iterator[int]:
        """Counts steps of real time."""
        begin = time.monotonic()
        number = 0
        while number * step < seconds:
            yield number
            self.take_events()
            number += 1
            time.sleep(max(begin + number * step - time.monotonic(), 0))

    def until(self, condition: Any, step: Any = None, patience: float = PATIENCE, pause: float = 0.02) -> None:
        """Does a step again and again until a condition holds."""
        begin = time.monotonic()
        number = 0
        while not condition():
            self.assertLess(time.monotonic() - begin, patience, "it did not come about")
            if step is not None:
                step(number)
            self.take_events()
            number += 1
            time.sleep(max(begin + number * pause - time.monotonic(), 0))

    def of_kind(self, kind: burrow.EventKind) -> list[burrow.Event]:
        return [event for event in self.events if event.kind == kind]
