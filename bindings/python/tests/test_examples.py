"""The examples of audio and video, as programs of their own."""

from __future__ import annotations

import importlib.util
import math
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import wave
from pathlib import Path

from support import PATIENCE, LibraryTest, environment

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "python"
WIDTH, HEIGHT = 160, 96


def grey(brightness: int, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    return bytes([brightness]) * (width * height) + bytes([128]) * (width * height // 2)


def coloured(u: int, v: int) -> bytes:
    size = WIDTH * HEIGHT
    return bytes([110]) * size + bytes([u]) * (size // 4) + bytes([v]) * (size // 4)


def voice(count: int) -> bytes:
    """Something like speech: a pulse train with its overtones, in syllables, and a little noise."""
    source = random.Random(1)
    out = []
    for n in range(count):
        t = n / 48_000
        pitch = 120 + 20 * math.sin(2 * math.pi * 0.7 * t)
        syllable = max(math.sin(2 * math.pi * 3.5 * t), 0.0)
        value = sum(math.sin(2 * math.pi * pitch * k * t) / k for k in range(1, 16)) + source.uniform(-0.1, 0.1)
        out.append(int(6000 * syllable * value))
    return struct.pack(f"{count}h", *(max(-32768, min(32767, value)) for value in out))


@unittest.skipUnless(EXAMPLES.is_dir(), "the examples are not beside the binding")
class Example(LibraryTest):
    """A relay in this process, and examples that are started beside it."""

    def setUp(self) -> None:
        self.host = self.engine()
        self.home = self.relay(self.host)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(self, name: str, *options: str, path: str = "", **more: str) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [sys.executable, str(EXAMPLES / name), "--pin", self.home.info.fingerprint.hex(), *options, self.home.url]
            + ([path] if path else []),
            env={**environment(), **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Whoever runs the tests in the background may have had it ignored, which is inherited.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

        def stop() -> None:
            if program.poll() is None:
                program.kill()
            program.communicate()

        self.addCleanup(stop)
        return program


class FilesTest(Example):
    def write_files(self, pictures: int, samples: bytes) -> tuple[Path, Path]:
        video, audio = self.folder / "in.y4m", self.folder / "in.wav"
        with video.open("wb") as target:
            target.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F30:1 Ip A1:1 C420jpeg\n".encode())
            for number in range(pictures):
                target.write(b"FRAME\n" + grey(40 + number * 2 % 160))
        with wave.open(str(audio), "wb") as file:
            file.setparams((1, 2, 48_000, 0, "NONE", ""))
            file.writeframes(samples)
        return video, audio

    def test_files_in_and_files_out(self) -> None:
        tone = struct.pack("48h", *(int(9000 * math.sin(2 * math.pi * n / 48)) for n in range(48)))
        video, audio = self.write_files(75, tone * 2500)
        shown, heard = self.folder / "out.y4m", self.folder / "out.wav"
        recorder = self.start("subscribe_media.py", "--video", str(shown), "--audio", str(heard), path="alice")
        time.sleep(1)
        publisher = self.start("publish_media.py", "--video", str(video), "--audio", str(audio), path="alice")
        _, errors = publisher.communicate(timeout=30)
        self.assertEqual(publisher.returncode, 0, errors)
        said, errors = recorder.communicate(timeout=PATIENCE)
        self.assertEqual(recorder.returncode, 0, errors)
        self.assertRegex(said, r"recorded \d+\.\d s of 'alice', \d+ pictures")

        header, _, rest = shown.read_bytes().partition(b"\n")
        self.assertTrue(header.startswith(b"YUV4MPEG2 W160 H96 F30:1 "), header)
        size = 6 + WIDTH * HEIGHT * 3 // 2
        self.assertEqual(len(rest) % size, 0)
        centre = 6 + (HEIGHT // 2) * WIDTH + WIDTH // 2
        brightness = [rest[start + centre] for start in range(0, len(rest), size)]
        self.assertGreater(len(set(brightness)), 40, brightness)
        self.assertTrue(all(a <= b + 2 for a, b in zip(brightness, brightness[1:], strict=False)), brightness)
        self.assertGreater(brightness[-1], 175)
        with wave.open(str(heard)) as file:
            self.assertEqual((file.getnchannels(), file.getframerate()), (1, 48_000))
            count = file.getnframes()
            samples = struct.unpack(f"{count}h", file.readframes(count))
        self.assertAlmostEqual(count / 48_000, len(brightness) / 30, delta=0.1)
        middle = samples[count // 4 : count // 4 + 48_000]
        crossings = sum(a < 0 <= b for a, b in zip(middle, middle[1:], strict=False))
        self.assertAlmostEqual(crossings, 1000, delta=15)

    def test_loop_goes_on(self) -> None:
        video, audio = self.write_files(15, bytes(24_000 * 2))
        publisher = self.start("publish_media.py", "--loop", "--video", str(video), "--audio", str(audio), path="alice")
        screen = self.room(self.host, self.home).subscribe_video("alice")
        deadline, numbers = time.monotonic() + 20, []
        while time.monotonic() < deadline and sum(a > b + 15 for a, b in zip(numbers, numbers[1:])) < 3:
            picture = screen.pull_video()
            if picture is not None:
                numbers.append(picture.planes[0][WIDTH * HEIGHT // 2])
            time.sleep(0.005)
        self.assertIsNone(publisher.poll())
        self.assertGreaterEqual(sum(a > b + 15 for a, b in zip(numbers, numbers[1:])), 3, numbers)
        publisher.send_signal(signal.SIGINT)
        publisher.wait(PATIENCE)
        self.assertEqual(publisher.returncode, 0)

    def test_files_that_are_none(self) -> None:
        wrong = self.folder / "wrong.y4m"
        wrong.write_bytes(b"nothing of the kind\n")
        publisher = self.start("publish_media.py", "--video", str(wrong), path="alice")
        _, errors = publisher.communicate(timeout=PATIENCE)
        self.assertEqual(publisher.returncode, 1)
        self.assertIn("is not a Y4M file", errors)


@unittest.skipUnless(shutil.which("Xvfb"), "Xvfb is not installed")
@unittest.skipUnless(importlib.util.find_spec("tkinter"), "tkinter is not installed")
class ViewerTest(Example):
    def screen(self) -> str:
        """Starts a screen of memory; its content is a file that can be read at any time."""
        read, write = os.pipe()
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "720x480x24", "-fbdir", str(self.folder), "-nolisten", "tcp"],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)

        def stop() -> None:
            server.terminate()
            server.wait(PATIENCE)

        self.addCleanup(stop)
        with os.fdopen(read) as numbers:
            number = numbers.readline().strip()
        if not number:
            self.skipTest("Xvfb does not start")
        return f":{number}"

    def screenshot(self) -> list[tuple[int, int, int]]:
        """The pixels, four apart; the file is in the format of xwd."""
        data = (self.folder / "Xvfb_screen0").read_bytes()
        words = struct.unpack(">25I", data[:100])
        header, width, height, order, stride, colours = words[0], words[4], words[5], words[7], words[12], words[19]
        start = header + colours * 12
        pixels = []
        for row in range(0, height, 4):
            for column in range(0, width, 4):
                at = start + row * stride + column * 4
                value = int.from_bytes(data[at : at + 4], "big" if order else "little")
                pixels.append((value >> 16 & 255, value >> 8 & 255, value & 255))
        return pixels

    def test_everybody_is_seen_and_the_speaker_has_a_ring(self) -> None:
        display = self.screen()
        people = {path: self.room(self.host, self.home, path=path, prefix="nobody") for path in ("alice", "bob")}
        cameras = {path: room.publish_video() for path, room in people.items()}
        microphones = {path: room.publish_audio() for path, room in people.items()}
        pictures = {"alice": coloured(90, 220), "bob": coloured(220, 110)}
        sounds = {"alice": voice(48_000), "bob": bytes(96_000)}
        viewer = self.start("viewer.py", DISPLAY=display)
        red = blue = ring = 0
        begin, number = time.monotonic(), 0
        while time.monotonic() < begin + 25 and viewer.poll() is None and not (red > 900 and blue > 900 and ring > 40):
            for path in people:
                if number % 2 == 0:
                    cameras[path].push_video(pictures[path], WIDTH, HEIGHT)
                at = number % 50 * 1920
                microphones[path].push_audio(sounds[path][at : at + 1920])
            number += 1
            if number % 25 == 0:
                pixels = self.screenshot()
                red = sum(r > 160 and g < 90 and b < 90 for r, g, b in pixels)
                blue = sum(b > 160 and r < 110 for r, g, b in pixels)
                ring = sum((r, g, b) == (0x30, 0xC0, 0x40) for r, g, b in pixels)
            time.sleep(max(begin + number * 0.02 - time.monotonic(), 0))
        self.assertIsNone(viewer.poll(), viewer.poll() is not None and viewer.communicate()[1])
        self.assertGreater(red, 900, "Alice is not seen")
        self.assertGreater(blue, 900, "Bob is not seen")
        self.assertGreater(ring, 40, "nobody has a ring")


if __name__ == "__main__":
    unittest.main()
