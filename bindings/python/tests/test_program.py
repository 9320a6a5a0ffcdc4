"""The console program ``burrow``, run as people run it."""

from __future__ import annotations

import importlib
import json
import signal
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path
from typing import Any

from nostr_support import SmallRelay
from support import PATIENCE, REASON, burrow, environment


@unittest.skipIf(burrow is None, REASON)
class ProgramTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        given = {
            "env": environment(), "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.PIPE, "text": True,
        } | options  # fmt: skip
        program: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-m", "burrow", *arguments],
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            **given,
        )

        def stop() -> None:
            if program.poll() is None:
                program.kill()
            program.communicate()

        self.addCleanup(stop)
        return program

    def run_it(self, *arguments: str, status: int = 0, said: str = "") -> str:
        program = self.start(*arguments)
        output, errors = program.communicate(said, timeout=8 * PATIENCE)
        self.assertEqual(program.returncode, status, f"burrow {' '.join(arguments)}: {output}{errors}")
        return output if status == 0 else errors

    def open_relay(self, *options: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
        program = self.start("relay", "--listen", "127.0.0.1:0", "--json", *options)
        assert program.stdout is not None
        first = program.stdout.readline()
        self.assertTrue(first, "the relay said nothing")
        return program, json.loads(first)


class RelayProgramTest(ProgramTest):
    def test_a_relay_is_probed(self) -> None:
        program, relay = self.open_relay("--open")
        report = json.loads(self.run_it("probe", relay["url"], "--pin", relay["fingerprint"], "--json"))
        self.assertEqual(sorted(report["versions"]), ["moq-lite-02", "moq-lite-03", "moq-lite-04", "moq-lite-05"])
        for name, found in report["versions"].items():
            self.assertTrue(found["ok"], (name, found))
            self.assertGreater(found["mtu"], 1000)
        self.assertTrue(report["round_trip"]["ok"], report)
        self.assertEqual(report["round_trip"]["frames"], 20)
        assert program.stdout is not None
        with burrow.Engine() as engine, engine.open_room(relay["url"], pins=[relay["fingerprint"]]) as room:
            room.opened.wait(PATIENCE)
            self.assertTrue(any(json.loads(line)["sessions"] for line in iter(program.stdout.readline, "")))
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=PATIENCE)
        self.assertEqual((program.returncode, errors), (0, ""))

    def test_a_probe_says_what_does_not_work(self) -> None:
        program, relay = self.open_relay("--public", "lobby")
        wrong = self.start("probe", relay["url"], "--pin", "00" * 32, "--json", "--timeout", "3")
        report = json.loads(wrong.communicate(timeout=2 * PATIENCE)[0])
        self.assertEqual(wrong.returncode, 1)
        self.assertEqual({found["error"] for found in report["versions"].values()}, {"BURROW_ERR_TLS_WRONG_PIN"})
        self.assertIsNone(report["round_trip"])
        output = self.run_it("probe", relay["url"], "--pin", relay["fingerprint"], "--path", "lobby")
        self.assertRegex(output, r"through it +20 frames, each in [\d.]+ ms")
        program.terminate()
        self.assertEqual(program.wait(PATIENCE), 0)

    def test_what_is_wrong_is_said_in_a_sentence(self) -> None:
        self.assertIn("burrow relay: ", self.run_it("relay", "--listen", "127.0.0.1:0", status=1))
        self.assertIn("not-there", self.run_it("relay", "--jwt-keys", str(self.folder / "not-there"), status=2))
        self.assertIn("no identity", self.run_it("identity", "show", "--state", str(self.folder / "x"), status=2))
        self.run_it("dance", status=2)
        self.assertIn(burrow.version_string(), self.run_it("--version"))


@unittest.skipIf(burrow is None, REASON)
class PackageTest(unittest.TestCase):
    def test_everything_is_packed(self) -> None:
        """A folder that is not named is left out of the wheel without a word."""
        root = Path(burrow.__file__).resolve().parent
        described = tomllib.loads((root.parent / "pyproject.toml").read_text())
        folders = {str(path.parent.relative_to(root.parent)).replace("/", ".") for path in root.rglob("__init__.py")}
        self.assertEqual(set(described["tool"]["setuptools"]["packages"]), folders)
        module, _, function = described["project"]["scripts"]["burrow"].partition(":")
        self.assertTrue(callable(getattr(importlib.import_module(module), function)))
        self.assertEqual(described["project"]["version"], ".".join(map(str, burrow.version())))


class PeopleProgramTest(ProgramTest):
    """People with a Nostr relay between them."""

    def setUp(self) -> None:
        super().setUp()
        self.nostr = self.enterContext(SmallRelay())

    def somebody(self, name: str) -> str:
        """Makes an identity and gives its npub."""
        return self.run_it("identity", "new", *self.at(name), "--relay", self.nostr.url).strip()

    def at(self, name: str) -> tuple[str, str]:
        return "--state", str(self.folder / name / "identity")


class GroupProgramTest(PeopleProgramTest):
    def test_an_identity(self) -> None:
        alice = self.somebody("alice")
        shown = self.run_it("identity", "show", *self.at("alice")).split()
        self.assertEqual(shown, [alice, burrow.parse_public_key(alice).hex()])
        self.assertEqual((self.folder / "alice" / "identity.key").stat().st_mode & 0o777, 0o600)
        secret = self.run_it("identity", "export", *self.at("alice")).strip()
        self.assertTrue(secret.startswith("nsec1"))
        self.assertIn("exists", self.run_it("identity", "new", *self.at("alice"), status=2).lower())
        again = self.run_it("identity", "new", "--import", *self.at("copy"), "--relay", self.nostr.url, said=secret + "\n")
        self.assertEqual(again.strip(), alice)
        self.run_it("identity", "new", "--import", *self.at("none"), status=1, said="nsec1nothing\n")
        self.assertFalse((self.folder / "none").exists())

        url = "moqt://127.0.0.1:4443"
        self.assertIn(": ok", self.run_it("identity", "servers", *self.at("alice"), "moq", url))
        self.assertEqual(self.run_it("identity", "find", *self.at("copy"), alice, "moq").split(), [url])
        self.assertIn("NOT_FOUND", self.run_it("identity", "find", *self.at("alice"), alice, "inbox", status=1))

    def test_a_group_of_two(self) -> None:
        self.somebody("alice")
        bob = self.somebody("bob")
        self.assertEqual(self.run_it("identity", "key-package", *self.at("bob")), "published\n")
        group = self.run_it("group", "create", *self.at("alice"), "friends", "--member", bob).strip()
        self.assertRegex(self.run_it("group", "list", *self.at("bob")), rf"^{group} invited .* friends\n$")
        self.assertIn(" active ", self.run_it("group", "join", *self.at("bob"), "friends"))

        listener = self.start("group", "listen", *self.at("bob"), "--seconds", "30")
        self.run_it("group", "send", *self.at("alice"), "friends", "hello bob")
        assert listener.stdout is not None
        self.assertTrue(any("hello bob" in line for line in iter(listener.stdout.readline, "")))
        listener.kill()
        listener.wait(PATIENCE)

        self.run_it("group", "moq", *self.at("alice"), group[:8], "moqt://relay.example:4443")
        shown = self.run_it("group", "show", *self.at("bob"), "friends")
        self.assertIn("MoQ moqt://relay.example:4443", shown)
        self.assertIn(f"{bob} 1 devices, this is you", shown)
        self.assertEqual(shown.count("npub1"), 2)
        self.assertRegex(self.run_it("group", "remove", *self.at("alice"), "friends", bob), r"1 members")
        self.assertRegex(self.run_it("group", "list", *self.at("bob")), r" removed ")


if __name__ == "__main__":
    unittest.main()
