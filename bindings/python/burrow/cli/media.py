"""Microphones, cameras and loudspeakers of the console program: files, pipes, and devices through ffmpeg."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import burrow

#: Sound goes in and out in pieces of this length.
PIECE_MS = 20
RATE = 48_000
#: What ffmpeg calls the devices of this system.
DEVICES = {"mic": "pulse:default", "speaker": "pulse:default", "camera": "v4l2:/dev/video0"}


def device(name: str) -> tuple[str, str] | None:
    """The format and the name with which ffmpeg opens a device: "mic", "camera", "device:alsa:hw:1", "/dev/video1"."""
    if name.startswith("/dev/video"):
        return "v4l2", name
    said = DEVICES.get(name) or (name.removeprefix("device:") if name.startswith("device:") else "")
    format, _, which = said.partition(":")
    return (format, which) if which else None


def ffmpeg(*arguments: str, **pipes: Any) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(["ffmpeg", "-nostdin", "-v", "error", *arguments], **pipes)
    except FileNotFoundError:
        raise ValueError("this needs ffmpeg, which is not installed") from None


def decoded(source: str, *wanted: str) -> subprocess.Popen[bytes]:
    """Whatever ffmpeg can read, as it is wanted on a pipe."""
    where = device(source)
    opened = ("-f", where[0], "-i", where[1]) if where else ("-i", source)
    return ffmpeg(*opened, *wanted, "-", stdout=subprocess.PIPE)


class Source(threading.Thread):
    """Pushes pieces of something at their times. What comes late, from a device or a pipe, moves all that follows."""

    def __init__(self, name: str, *, loop: bool = False) -> None:
        super().__init__(daemon=True)
        self.source = name
        self.loop = loop
        self.over = threading.Event()
        self.track: Any = None
        self.trouble = ""
        self._program: subprocess.Popen[bytes] | None = None
        # What is wrong with a file is said before anybody is called.
        self._again = self.open()
        self._first = next(self._again, None)
        if self._first is None:
            raise ValueError(f"{name}: there is nothing in it")

    def open(self) -> Iterator[tuple[bytes, float]]:
        """The pieces, each with its length in seconds."""
        raise NotImplementedError

    def push(self, piece: bytes) -> None:
        raise NotImplementedError

    def pieces(self) -> Iterator[tuple[bytes, float]]:
        assert self._first is not None
        yield self._first
        yield from self._again
        while self.loop and not self.over.is_set():
            yield from self.open()

    def begin(self, track: Any) -> None:
        """Pushes to this track from now on."""
        self.track = track
        if self.ident is None:
            self.start()

    def run(self) -> None:
        due = time.monotonic()
        try:
            for piece, seconds in self.pieces():
                due = max(due + seconds, time.monotonic() - 0.2)
                if self.over.wait(max(due - time.monotonic(), 0)):
                    break
                try:
                    self.push(piece)
                except burrow.ClosedError:
                    # The room is gone, and there may be another one soon.
                    continue
        except (burrow.BurrowError, OSError, ValueError) as error:
            if not self.over.is_set():
                self.trouble = f"{self.source}: {error}"
        finally:
            self.close()

    def close(self) -> None:
        self.over.set()
        if self._program is not None and self._program.poll() is None:
            self._program.terminate()

    def _pipe(self, *wanted: str) -> IO[bytes]:
        if self.source == "-":
            return sys.stdin.buffer
        self._program = decoded(self.source, *wanted)
        assert self._program.stdout is not None
        return self._program.stdout


class SoundSource(Source):
    """A microphone: a WAV file, "-" for raw samples (16 bits, 48 kHz, mono), a device, or what else ffmpeg reads."""

    rate, channels = RATE, 1

    def open(self) -> Iterator[tuple[bytes, float]]:
        if self.source.lower().endswith(".wav"):
            with wave.open(self.source) as file:
                if file.getsampwidth() != 2 or file.getnchannels() > 2:
                    raise ValueError(f"{self.source} has not 16 bits and one or two channels")
                self.rate, self.channels = file.getframerate(), file.getnchannels()
                while data := file.readframes(self.rate * PIECE_MS // 1000):
                    yield data, len(data) / (2 * self.channels * self.rate)
        else:
            pipe = self._pipe("-vn", "-f", "s16le", "-ar", str(RATE), "-ac", "1")
            while data := pipe.read(RATE * PIECE_MS // 1000 * 2):
                yield data[: len(data) // 2 * 2], len(data) / (2 * RATE)

    def push(self, piece: bytes) -> None:
        self.track.push_audio(piece, sample_rate=self.rate, channels=self.channels)


class PictureSource(Source):
    """A camera: a Y4M file, "-" for Y4M on the standard input, a device, or what else ffmpeg reads."""

    width = height = 0

    def open(self) -> Iterator[tuple[bytes, float]]:
        with contextlib.ExitStack() as opened:
            if self.source.lower().endswith(".y4m"):
                pipe: IO[bytes] = opened.enter_context(Path(self.source).open("rb"))
            else:
                pipe = self._pipe("-an", "-f", "yuv4mpegpipe", "-pix_fmt", "yuv420p")
            head = {word[:1]: word[1:] for word in pipe.readline(1000).decode(errors="replace").split()}
            if head.get("Y") != "UV4MPEG2" or not head.get("C", "420").startswith("420") or "p1" in head.get("C", ""):
                raise ValueError(f"{self.source} is not a Y4M file with pictures in 4:2:0 and 8 bits")
            self.width, self.height = int(head["W"]), int(head["H"])
            rate, _, scale = head.get("F", "30:1").partition(":")
            size = self.width * self.height + 2 * ((self.width + 1) // 2) * ((self.height + 1) // 2)
            while pipe.readline(1000).startswith(b"FRAME") and len(data := pipe.read(size)) == size:
                yield data, int(scale or 1) / int(rate)

    def push(self, piece: bytes) -> None:
        self.track.push_video(piece, self.width, self.height)


class Loudspeaker(threading.Thread):
    """Takes the sum of all sound as it is played: into a WAV file, "-" for raw samples (16 bits, 48 kHz, stereo) on the
    standard output, a device through ffmpeg, or nowhere. Without it nobody's sound would move on."""

    def __init__(self, target: str | None) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.room: burrow.Room | None = None
        self.trouble = ""
        self._wave: wave.Wave_write | None = None
        self._pipe: IO[bytes] | None = None
        self._program: subprocess.Popen[bytes] | None = None
        if target == "-":
            self._pipe = sys.stdout.buffer
        elif target and (where := device(target)):
            raw = ("-f", "s16le", "-ar", str(RATE), "-ac", "2", "-i", "-")
            self._program = ffmpeg(*raw, "-f", where[0], where[1], stdin=subprocess.PIPE)
            self._pipe = self._program.stdin
        elif target:
            self._wave = wave.open(target, "wb")  # noqa: SIM115
            self._wave.setparams((2, 2, RATE, 0, "NONE", "not compressed"))

    def begin(self, room: burrow.Room) -> None:
        """Plays what is heard in this room from now on."""
        self.room = room
        if self.ident is None:
            self.start()

    def run(self) -> None:
        begin, count = time.monotonic(), 0
        assert self.room is not None
        try:
            while not self.over.wait(max(begin + count * PIECE_MS / 1000 - time.monotonic(), 0)):
                count += 1
                try:
                    sound = bytes(self.room.mix_audio(RATE * PIECE_MS // 1000))
                except burrow.ClosedError:
                    continue
                if self._wave is not None:
                    self._wave.writeframes(sound)
                if self._pipe is not None:
                    self._pipe.write(sound)
                    self._pipe.flush()
        except (burrow.BurrowError, OSError) as error:
            if not self.over.is_set():
                self.trouble = f"the loudspeaker: {error}"

    def close(self) -> None:
        self.over.set()
        if self.is_alive():
            self.join(2)
        if self._wave is not None:
            self._wave.close()
        if self._program is not None and self._program.stdin is not None:
            with contextlib.suppress(OSError):
                self._program.stdin.close()
            self._program.terminate()
