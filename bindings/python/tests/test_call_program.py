"""``burrow call``, run as people run it: files, pipes, something like devices, and a terminal."""

from __future__ import annotations

import array
import os
import pty
import signal
import stat
import subprocess
import threading
import time
import unittest
import wave
from pathlib import Path
from typing import Any

import test_program
from media_support import share, tone
from support import PATIENCE, environment

#: What is played into calls, and what is heard of it.
ALICE, BOB = 440.0, 600.0

FFMPEG = """#!/bin/sh
# What plays and records on the machine of the tests: a device is a file.
echo "$@" >> "$PLACE/asked"
case " $* " in
  *" -i - "*) cat > "$PLACE/played" ;;
  *) while :; do cat "$PLACE/recorded" || exit; done ;;
esac
"""


def heard(samples: bytes, frequency: float, channels: int = 2) -> int:
    """How many pieces of 20 ms sound like somebody."""
    values = array.array("h", samples[: len(samples) // 4 * 4])[::channels]
    return sum(share(values[at : at + 960], frequency) > 0.9 for at in range(0, len(values) - 959, 960))


class CallProgramTest(test_program.PeopleProgramTest):
    def setUp(self) -> None:
        super().setUp()
        self.somebody("alice")
        bob = self.somebody("bob")
        self.assertEqual(self.run_it("identity", "key-package", *self.at("bob")), "published\n")
        self.run_it("group", "create", *self.at("alice"), "friends", "--member", bob)
        self.run_it("group", "join", *self.at("bob"), "friends")
        _, relay = self.open_relay("--open")
        self.moq, self.pin = relay["url"], relay["fingerprint"]

    def wave(self, name: str, frequency: float) -> Path:
        file = self.folder / name
        with wave.open(str(file), "wb") as sound:
            sound.setparams((1, 2, 48_000, 0, "NONE", "not compressed"))
            sound.writeframes(b"".join(tone(frequency, number) for number in range(50)))
        return file

    def answer(self, *options: str, **more: Any) -> subprocess.Popen[str]:
        program = self.start("call", "answer", *self.at("bob"), "--pin", self.pin, *options, **more)
        assert program.stderr is not None
        self.assertEqual(program.stderr.readline(), "waiting for a call\n")
        return program

    def calling(self, *options: str) -> list[str]:
        return ["call", "start", "friends", *self.at("alice"), "--moq", self.moq, "--pin", self.pin, *options]

    def test_in_a_terminal_and_without_one(self) -> None:
        # One test, because making two people and a group takes longer than their calls.
        self.nobody_answers()
        self.files_and_pipes()
        self.devices_and_a_terminal()

    def files_and_pipes(self) -> None:
        out = self.folder / "bob-out.wav"
        bob = self.answer("--audio", str(self.wave("bob.wav", BOB)), "--loop", "--out", str(out))
        alice = self.start(*self.calling("--audio", "-", "--out", "-", "--seconds", "3"), text=False)
        said: list[bytes] = []
        assert alice.stdin is not None and alice.stdout is not None
        reader = threading.Thread(target=lambda: said.append(alice.stdout.read()))  # type: ignore[union-attr]
        reader.start()
        try:
            for number in range(100 * 50):
                alice.stdin.write(tone(ALICE, number))
                alice.stdin.flush()
                if alice.poll() is not None:
                    break
                time.sleep(0.01)
        except BrokenPipeError:
            pass
        reader.join(PATIENCE)
        alice.wait(PATIENCE)
        assert alice.stderr is not None
        told = alice.stderr.read().decode()
        self.assertEqual(alice.returncode, 0, told)
        for line in ("friends: outgoing", "friends: active", "friends: ended: hangup"):
            self.assertIn(line, told)
        spoken, _ = bob.communicate(timeout=PATIENCE)
        self.assertEqual(bob.returncode, 0, spoken)
        self.assertIn("friends: ended: remote hangup", spoken)
        self.assertGreater(heard(said[0], BOB), 20)
        with wave.open(str(out)) as sound:
            self.assertGreater(heard(sound.readframes(sound.getnframes()), ALICE), 20)

    def nobody_answers(self) -> None:
        alice = self.start(*self.calling())
        assert alice.stdout is not None
        self.assertTrue(any("outgoing, sent" in line for line in iter(alice.stdout.readline, "")))
        alice.send_signal(signal.SIGINT)
        said, errors = alice.communicate(timeout=PATIENCE)
        self.assertEqual((alice.returncode, errors), (1, ""))
        self.assertIn("friends: ended: cancelled", said)
        wrong = self.folder / "wrong.y4m"
        wrong.write_bytes(b"nothing of the kind\n")
        self.assertIn("is not a Y4M file", self.run_it(*self.calling("--video", str(wrong)), status=2))
        self.assertIn("wrong.wav", self.run_it(*self.calling("--audio", str(self.folder / "wrong.wav")), status=2))

    def devices_and_a_terminal(self) -> None:
        program = self.folder / "bin" / "ffmpeg"
        program.parent.mkdir()
        program.write_text(FFMPEG)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        (self.folder / "recorded").write_bytes(b"".join(tone(BOB, number) for number in range(50)))
        place = {**environment(), "PATH": f"{program.parent}:{os.environ['PATH']}", "PLACE": str(self.folder)}
        bob = self.answer("--audio", "mic", "--out", "speaker", env=place)
        screen, terminal = pty.openpty()
        self.addCleanup(os.close, screen)
        alice = self.start(
            *self.calling("--audio", str(self.wave("alice.wav", ALICE)), "--loop"),
            stdin=terminal, stdout=terminal, stderr=terminal, env={**environment(), "TERM": "xterm"},
        )  # fmt: skip
        os.close(terminal)
        shown: list[bytes] = []

        def look() -> None:
            try:
                while part := os.read(screen, 4096):
                    shown.append(part)
            except OSError:
                pass

        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()
        assert bob.stdout is not None
        lines = iter(bob.stdout.readline, "")
        self.assertTrue(any(line == "friends: active\n" for line in lines))
        os.write(screen, b"m")
        self.assertTrue(any("muted" in line for line in lines))
        os.write(screen, b"m")
        self.assertTrue(any(": " in line and "muted" not in line for line in lines))
        time.sleep(1.2)
        os.write(screen, b"q")
        self.assertEqual(alice.wait(PATIENCE), 0)
        spoken, errors = bob.communicate(timeout=PATIENCE)
        self.assertEqual((bob.returncode, errors), (0, ""), spoken)
        watcher.join(PATIENCE)
        text = b"".join(shown).decode(errors="replace")
        for word in ("friends  active", "m mute", "you              muted", "good", "ended: hangup"):
            self.assertIn(word, text)
        asked = (self.folder / "asked").read_text()
        self.assertIn("-f pulse -i default -vn -f s16le -ar 48000 -ac 1 -", asked)
        self.assertIn("-f s16le -ar 48000 -ac 2 -i - -f pulse default", asked)
        self.assertGreater(heard((self.folder / "played").read_bytes(), ALICE), 20)


if __name__ == "__main__":
    unittest.main()
