"""Prepares what the people of the demo show and say: a clip of a talking person and recorded speech, decoded once."""

from __future__ import annotations

import json
import sys
import wave
from pathlib import Path

import numpy as np
from looks import HEIGHT, PACKET, RATE, SAMPLE_RATE, WIDTH

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "Interop" / "peers"))

#: Silence before each utterance.
PAUSE = SAMPLE_RATE // 2


class Missing(Exception):
    """Something is not installed."""


def prepare(folder: Path) -> None:
    """Writes ``clip.i420``, ``speech.wav`` and ``utterances.json`` unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "utterances.json").exists():
        return
    try:
        import clip_source
    except ImportError as error:
        raise Missing(f"{error.name} is not installed; run scripts/bootstrap.sh --demo") from error
    if (clip := clip_source.clip_file()) is None:
        raise Missing("the clip is not there; run scripts/bootstrap.sh --demo")
    if not (clip_source.SPEECH / "Front_Center.wav").exists():
        raise Missing("there is no recorded speech; install alsa-utils")
    write_clip(clip, folder / "clip.i420")
    write_speech(clip_source.SPEECH, clip_source.NAMES, folder)


def write_clip(file: Path, out: Path) -> None:
    """The clip forth and back at our rate, so that it can be repeated."""
    import av

    with av.open(str(file)) as container:
        rate = float(container.streams.video[0].average_rate or RATE)
        forth, due = [], 0.0
        for number, frame in enumerate(container.decode(video=0)):
            if number >= due:
                forth.append(frame.reformat(WIDTH, HEIGHT, "yuv420p", interpolation="BICUBIC").to_ndarray())
                due += rate / RATE
    np.stack(forth + forth[-2:0:-1]).tofile(out)


def write_speech(sounds: Path, names: tuple[str, ...], folder: Path) -> None:
    """All recordings one after the other, and where each of them is."""
    pieces, places, position = [], [], 0
    for name in names:
        with wave.open(str(sounds / f"{name}.wav")) as file:
            said = np.frombuffer(file.readframes(1 << 30), np.int16)
        length = -(-(PAUSE + len(said)) // PACKET) * PACKET
        pieces += [np.zeros(PAUSE, np.int16), said, np.zeros(length - PAUSE - len(said), np.int16)]
        places.append((position + PAUSE, position + PAUSE + len(said)))
        position += length
    write_wave(folder / "speech.wav", np.concatenate(pieces))
    (folder / "utterances.json").write_text(json.dumps(places))


def write_wave(file: Path, samples: np.ndarray, rate: int = SAMPLE_RATE) -> None:
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.astype(np.int16).tobytes())
