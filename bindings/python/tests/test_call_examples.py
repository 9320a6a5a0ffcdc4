"""The examples of calls, as programs of their own, all in one call: one plays, one records, one writes down."""

from __future__ import annotations

import array
import importlib.util
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import wave
from pathlib import Path
from unittest import mock

import test_examples
from call_support import FriendsTest
from media_support import picture, share, tone
from support import PATIENCE, burrow, environment

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "python"
WIDTH, HEIGHT = 160, 96
#: What the bot plays.
BOT = 1_000.0

#: Understands nothing, and tells what it was given.
RECOGNISER = """
import io, sys, wave
with wave.open(io.BytesIO(sys.stdin.buffer.read())) as file:
    print("WORDS", file.getframerate(), file.getnchannels(), file.getnframes())
"""


class Program:
    """An example that runs, and the lines it prints."""

    def __init__(self, test: CallExamplesTest, name: str, *options: str, **more: str) -> None:
        command = [sys.executable, str(EXAMPLES / name), "--state", str(test.folder / name), "--pin", test.pin, *options]
        self.process = subprocess.Popen(
            [*command, test.nostr.url], env={**environment(), **more}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        self.name = name
        self.lines: list[str] = []
        self.errors = ""
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._lines, self._errors)]
        for reader in self._readers:
            reader.start()
        test.addCleanup(self.stop)

    def _lines(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append(line.rstrip("\n"))

    def _errors(self) -> None:
        self.errors = (self.process.stderr or sys.stdin).read()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join(PATIENCE)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def said(self, beginning: str) -> str | None:
        """What follows after this in a line, if there is one."""
        if self.process.poll() not in (None, 0):
            raise AssertionError(f"{self.name}: {self.lines} {self.errors}")
        return next((line.removeprefix(beginning) for line in self.lines if line.startswith(beginning)), None)


@unittest.skipUnless(EXAMPLES.is_dir(), "the examples are not beside the binding")
class CallExamplesTest(FriendsTest):
    """A relay of each kind, and something to play."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.pin = self.home.info.fingerprint.hex()
        self.sound, self.film = self.folder / "in.wav", self.folder / "in.y4m"
        with wave.open(str(self.sound), "wb") as file:
            file.setparams((1, 2, 48_000, 0, "NONE", "not compressed"))
            file.writeframes(b"".join(tone(BOT, number) for number in range(150)))
        with self.film.open("wb") as target:
            target.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F15:1 Ip A1:1 C420jpeg\n".encode())
            for number in range(45):
                target.write(b"FRAME\n" + picture(2 * number, WIDTH, HEIGHT))


@unittest.skipUnless(EXAMPLES.is_dir(), "the examples are not beside the binding")
class StageTest(unittest.TestCase):
    def test_the_bot_publishes_again_where_the_call_has_gone(self) -> None:
        sys.path.insert(0, str(EXAMPLES))
        self.addCleanup(sys.path.remove, str(EXAMPLES))
        specification = importlib.util.spec_from_file_location("bot", EXAMPLES / "bot.py")
        assert specification is not None and specification.loader is not None
        bot = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(bot)
        first, second = mock.Mock(), mock.Mock()
        call = mock.Mock(room=first)
        stage = bot.Stage(call, first, True)
        stage.follow()
        call.room = second
        stage.follow()
        stage.follow()
        for room in (first, second):
            room.publish_audio.assert_called_once_with()
            room.publish_video.assert_called_once_with()
        self.assertIs(stage.microphone, second.publish_audio.return_value)
        self.assertIs(stage.camera, second.publish_video.return_value)


class AnsweringTest(CallExamplesTest):
    def test_all_in_one_call(self) -> None:
        into = self.folder / "calls"
        recogniser = self.folder / "recogniser.py"
        recogniser.write_text(RECOGNISER)
        recorder = Program(self, "recorder.py", "--into", str(into), "--calls", "1")
        scribe = Program(self, "transcribe.py", "--with", f"{sys.executable} {recogniser}", "--calls", "1")
        bot = Program(self, "bot.py", "--play", str(self.sound), "--film", str(self.film), "--calls", "1")
        programs = [recorder, scribe, bot]
        alice = self.friend("alice")
        keys = [
            burrow.parse_public_key(self.until(lambda one=one: one.said("i am "), patience=4 * PATIENCE)) for one in programs
        ]
        alice.group = alice.me.create_group("friends", relays=self.nostr.url, members=keys)
        alice.group.created.wait(PATIENCE)
        self.until(lambda: all(one.said("joined 'friends'") is not None for one in programs))
        call = alice.start(video=True)
        self.until(lambda: len(call.members()) == 3 and all(member.is_announced for member in call.members()))
        member = next(member for member in call.members() if member.pubkey == keys[2])
        self.until(lambda: sum(share(one.samples, BOT) > 0.9 for one in alice.heard.get(member.path, [])) >= 5)
        self.until(lambda: alice.pictures[member.path] > 2)
        # It hangs up when it has played everything, and the others go on.
        self.until(lambda: bot.said("over: ") == "hangup", patience=2 * PATIENCE)
        self.assertEqual(call.state, burrow.CallState.ACTIVE)
        call.hang_up(for_all=True)
        self.until(lambda: all(one.process.poll() is not None for one in programs))
        for one in programs:
            one.stop()
            self.assertEqual((one.process.returncode, one.errors), (0, ""), one.lines)
        self.assertEqual(recorder.said("over: "), "remote hangup")

        (folder,) = into.iterdir()
        self.assertEqual(folder.name, call.info.call_id)
        # Alice, the bot and the scribe, who says nothing.
        people = ((alice.pubkey, alice.frequency), (keys[2], BOT))
        names = {burrow.format_public_key(key)[:16]: frequency for key, frequency in people}
        found = 0
        for file in folder.glob("*.wav"):
            with wave.open(str(file)) as sound:
                values = array.array("h", sound.readframes(sound.getnframes()))
            for name, frequency in names.items():
                if file.name.startswith(name):
                    found += 1
                    pieces = [share(values[at : at + 960], frequency) for at in range(0, len(values) - 959, 960)]
                    self.assertGreater(sum(piece > 0.9 for piece in pieces), 20, file.name)
                    film = file.with_suffix(".y4m").read_bytes()
                    self.assertTrue(film.startswith(b"YUV4MPEG2 W"), film[:40])
                    self.assertGreater(film.count(b"FRAME\n"), 10)
        self.assertEqual(found, 2)
        words = [line for line in scribe.lines if "WORDS 16000 1 " in line]
        for name in names:
            self.assertTrue(any(name in line for line in words), scribe.lines)

        # Somebody who was in a group can call it next time.
        announcer = Program(self, "bot.py", "--play", str(self.sound), "--call", "friends", "--moq", self.home.url)
        alice.take(self.until(lambda: next((one for one in alice.me.calls if one.state == burrow.CallState.INCOMING), None)))
        self.until(lambda: alice.call.is_over or any(
            sum(share(one.samples, BOT) > 0.9 for one in pieces) >= 5 for pieces in alice.heard.values()
        ))  # fmt: skip
        self.assertFalse(alice.call.is_over)
        self.until(lambda: announcer.process.poll() is not None, patience=2 * PATIENCE)
        announcer.stop()
        self.assertEqual((announcer.process.returncode, announcer.errors), (0, ""), announcer.lines)
        self.assertEqual(announcer.said("over: "), "hangup")


@unittest.skipUnless(shutil.which("Xvfb"), "Xvfb is not installed")
@unittest.skipUnless(importlib.util.find_spec("tkinter"), "tkinter is not installed")
class CallViewerTest(CallExamplesTest):
    def test_a_call_in_a_window(self) -> None:
        display = test_examples.ViewerTest.screen(self)  # type: ignore[arg-type]
        viewer = Program(self, "viewer.py", "--nostr", DISPLAY=display)
        alice, bob = people = [self.friend("alice"), self.friend("bob")]
        bob.me.publish_key_package().wait(PATIENCE)
        key = burrow.parse_public_key(self.until(lambda: viewer.said("i am "), patience=4 * PATIENCE))
        self.found(people, [key])
        for person, (u, v) in zip(people, ((90, 220), (220, 110)), strict=True):
            person.picture = (test_examples.coloured(u, v), WIDTH, HEIGHT)
        call = alice.start(video=True)
        bob.take(self.rings(bob))
        self.until(lambda: any(member.pubkey == key and member.is_announced for member in call.members()), patience=2 * PATIENCE)
        red = blue = 0
        deadline = time.monotonic() + 2 * PATIENCE
        while not (red > 900 and blue > 900):
            self.assertLess(time.monotonic(), deadline, f"{red} red and {blue} blue pixels; {viewer.lines} {viewer.errors}")
            soon = time.monotonic() + 0.5
            self.until(lambda soon=soon: time.monotonic() > soon)
            pixels = test_examples.ViewerTest.screenshot(self)  # type: ignore[arg-type]
            red = sum(r > 160 and g < 90 and b < 90 for r, g, b in pixels)
            blue = sum(b > 160 and r < 110 for r, g, b in pixels)
        call.hang_up(for_all=True)
        self.all_over(people)
        self.until(lambda: not any(b > 160 and r < 110 for r, g, b in test_examples.ViewerTest.screenshot(self)))  # type: ignore[arg-type]
        self.assertIsNone(viewer.process.poll(), viewer.errors)


if __name__ == "__main__":
    unittest.main()
