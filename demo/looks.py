"""How a person looks and sounds: the real clip and recorded speech, from another place for each, with numbers to match by.

Nothing but NumPy is needed here. What is decoded from where is in ``source.py``.
"""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

WIDTH, HEIGHT, RATE = 320, 180, 15
SAMPLE_RATE = 48_000
PACKET_US = 20_000
#: How late players play on purpose: what a busy machine does to real time is not what is shown here.
CUSHION_MS = 200
PACKET = SAMPLE_RATE * PACKET_US // 1_000_000

#: Every picture carries its number in a band of black and white blocks at its top.
BITS, BAND = 16, 16
BLOCK = WIDTH // BITS
#: The colour of that band tells people apart, who otherwise have the same face.
TINTS = ((110, 170), (170, 110), (100, 110), (160, 160))


@dataclass(frozen=True)
class Material:
    """What was prepared once for everybody."""

    pictures: np.ndarray
    speech: np.ndarray
    #: Where each utterance begins and ends in the speech, in samples.
    utterances: list[tuple[int, int]]

    @classmethod
    def read(cls, folder: Path) -> Material:
        pictures = np.memmap(folder / "clip.i420", np.uint8, "r").reshape(-1, HEIGHT * 3 // 2, WIDTH)
        with wave.open(str(folder / "speech.wav")) as file:
            speech = np.frombuffer(file.readframes(1 << 30), np.int16)
        return cls(pictures, speech, [tuple(pair) for pair in json.loads((folder / "utterances.json").read_text())])


class Look:
    """What one of the people shows and says."""

    def __init__(self, material: Material, index: int) -> None:
        self.index = index
        self._pictures = material.pictures
        self._first = index * len(material.pictures) // 4
        self._mirrored = index % 2 == 1
        # Everybody begins with another utterance.
        begin = material.utterances[index * 2 % len(material.utterances)][0] // PACKET * PACKET
        self.speech = np.roll(material.speech, -begin)
        self.utterances = sorted(
            ((a - begin) % len(material.speech), (a - begin) % len(material.speech) + b - a)
            for a, b in material.utterances
        )

    def luma(self, number: int) -> np.ndarray:
        """The rows of brightness of a picture, without its number."""
        rows = self._pictures[(self._first + number) % len(self._pictures)][:HEIGHT]
        return rows[:, ::-1] if self._mirrored else rows

    def picture(self, number: int) -> np.ndarray:
        """All planes of I420, with the number."""
        picture = self._pictures[(self._first + number) % len(self._pictures)].copy()
        if self._mirrored:
            picture[:HEIGHT] = picture[:HEIGHT, ::-1]
            chroma = picture[HEIGHT:].reshape(-1, WIDTH // 2)
            chroma[:] = chroma[:, ::-1].copy()
        mark(picture, number)
        chroma = picture[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
        for plane, value in zip(chroma, TINTS[self.index % len(TINTS)], strict=True):
            plane[: BAND // 2] = value
        return picture

    def packet(self, number: int) -> np.ndarray:
        place = number * PACKET % len(self.speech)
        return self.speech[place : place + PACKET]


def mark(luma: np.ndarray, number: int) -> None:
    for bit in range(BITS):
        luma[:BAND, bit * BLOCK : (bit + 1) * BLOCK] = 235 if number >> bit & 1 else 16


def number_in(luma: np.ndarray) -> int:
    """The number of a decoded picture of any size; -1 when a block is neither black nor white."""
    number, (rows, columns) = 0, luma.shape
    for bit in range(BITS):
        value = luma[rows * BAND // 2 // HEIGHT, (2 * bit + 1) * columns // (2 * BITS)]
        if 96 < value < 160:
            return -1
        number |= int(value >= 160) << bit
    return number


def enlarged(luma: np.ndarray) -> np.ndarray:
    """As large as it was taken: a line that carries little makes senders send smaller pictures."""
    for axis, wanted in ((0, HEIGHT), (1, WIDTH)):
        length = luma.shape[axis]
        if length != wanted:
            place = np.clip((np.arange(wanted) + 0.5) * length / wanted - 0.5, 0, length - 1)
            before = np.minimum(place.astype(int), length - 2)
            share = (place - before).reshape((-1, 1) if axis == 0 else (1, -1))
            first, second = np.take(luma, before, axis), np.take(luma, before + 1, axis)
            luma = first * (1 - share) + second * share
    return luma.astype(np.int32)


def psnr(reference: np.ndarray, seen: np.ndarray) -> float:
    """In dB, of the brightness below the band."""
    error = reference[BAND:].astype(np.int32) - seen[BAND:]
    return float(10 * np.log10(255**2 / max(float(np.mean(error * error)), 1e-6)))
