"""Groups whose events go their way through Nostr relays by themselves."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from nostr_support import SmallRelay
from support import PATIENCE, LibraryTest, burrow, environment

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "python" / "group.py"
STORAGE_KEY = bytes(range(32))


class Somebody:
    """An engine with one identity and some relays."""

    def __init__(self, test: LibraryTest, *relays: SmallRelay, path: Path | None = None, secret: str | None = None) -> None:
        self.engine = test.engine()
        for relay in relays:
            self.engine.nostr.add_relay(relay.url)
        key = None if path is None else STORAGE_KEY
        self.identity = self.engine.open_identity(secret, storage_path=path, storage_key=key)
        assert self.identity.opened is not None
        self.identity.opened.wait(PATIENCE)
        self.seen: list[burrow.Event] = []

    @property
    def public_key(self) -> bytes:
        return self.identity.public_key

    def until(self, found: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not found():
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not happen; there was {self.seen}")
            while (event := self.engine.next_event(0.05)) is not None:
                self.seen.append(event)

    def invited(self) -> burrow.Group:
        self.until(lambda: any(group.info.state == burrow.GroupState.INVITED for group in self.identity.groups()))
        return next(group for group in self.identity.groups() if group.info.state == burrow.GroupState.INVITED)

    def texts(self) -> list[str]:
        return [json.loads(event.text)["content"] for event in self.seen if event.kind == burrow.EventKind.GROUP_MESSAGE]


class RelayedGroupTest(LibraryTest):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def relay(self) -> SmallRelay:
        return self.enterContext(SmallRelay())

    def meet(self, alice: Somebody, bob: Somebody, relay: SmallRelay, *, at: SmallRelay) -> tuple[burrow.Group, burrow.Group]:
        """Bob founds a group whose events are on one relay, with Alice, whose key packages are on another."""
        alice.identity.publish_key_package([at.url]).wait(PATIENCE)
        alice.until(lambda: {443, 30443, 10051} <= {event["kind"] for event in at.events + relay.events})
        at_bob = bob.identity.create_group("friends", relays=[relay.url], members=[alice.public_key])
        at_bob.created.wait(PATIENCE)
        at_alice = alice.invited()
        self.assertEqual(at_alice.info.name, "friends")
        at_alice.join().wait(PATIENCE)
        self.assertEqual(at_alice.info.state, burrow.GroupState.ACTIVE)
        # Who joins has new keys within ten seconds, which could come before what Bob changes: here they have them now.
        with contextlib.suppress(burrow.ChangePendingError):
            at_alice.rotate().wait(PATIENCE)
        self.agree(alice, bob, at_alice, at_bob)
        return at_alice, at_bob

    def agree(self, alice: Somebody, bob: Somebody, at_alice: burrow.Group, at_bob: burrow.Group) -> None:
        alice.until(lambda: at_alice.info.epoch >= at_bob.info.epoch)
        bob.until(lambda: at_alice.info.epoch == at_bob.info.epoch)
        self.assertEqual(at_alice.export_secret("test", b"context", 32), at_bob.export_secret("test", b"context", 32))

    def test_a_group_lives_through_relays(self) -> None:
        common, keys, other = self.relay(), self.relay(), self.relay()
        alice, bob = Somebody(self, common), Somebody(self, common)
        alice.identity.publish_list(burrow.ServerKind.INBOX, [other.url]).wait(PATIENCE)
        at_alice, at_bob = self.meet(alice, bob, common, at=keys)
        # The invitation went where Alice receives wraps, and the key packages were found where she has them.
        self.assertEqual([event["kind"] for event in other.events], [1059])
        self.assertEqual(sorted(event["kind"] for event in keys.events), [443, 30443])
        at_bob.send("hello").wait(PATIENCE)
        alice.until(lambda: alice.texts() == ["hello"])
        at_alice.send("hello yourself").wait(PATIENCE)
        bob.until(lambda: bob.texts() == ["hello yourself"])
        at_alice.rotate().wait(PATIENCE)
        self.agree(alice, bob, at_alice, at_bob)
        at_bob.rename("old friends").wait(PATIENCE)
        alice.until(lambda: at_alice.info.name == "old friends")
        at_bob.remove(alice.public_key).wait(PATIENCE)
        alice.until(lambda: at_alice.info.state == burrow.GroupState.REMOVED)

    def test_a_relay_that_breaks_off(self) -> None:
        relay = self.relay()
        alice, bob = Somebody(self, relay), Somebody(self, relay)
        at_alice, at_bob = self.meet(alice, bob, relay, at=relay)
        for number in range(3):
            relay.cut()
            at_bob.send(str(number)).wait(PATIENCE)
            alice.until(lambda: alice.texts() == [str(one) for one in range(number + 1)])
        self.agree(alice, bob, at_alice, at_bob)

    def test_what_a_relay_refuses_has_not_happened(self) -> None:
        relay = self.relay()
        alice, bob = Somebody(self, relay), Somebody(self, relay)
        at_alice, at_bob = self.meet(alice, bob, relay, at=relay)
        self.agree(alice, bob, at_alice, at_bob)
        epoch = at_bob.info.epoch
        relay.refuse = "blocked: not you"
        with self.assertRaises(burrow.NotPublishedError):
            at_bob.rotate().wait(PATIENCE)
        self.assertEqual(at_bob.info.epoch, epoch)
        relay.refuse = ""
        at_bob.rotate().wait(PATIENCE)
        self.agree(alice, bob, at_alice, at_bob)

    def test_a_member_who_was_away(self) -> None:
        relay = self.relay()
        path = self.folder / "alice"
        alice, bob = Somebody(self, relay, path=path), Somebody(self, relay)
        at_alice, at_bob = self.meet(alice, bob, relay, at=relay)
        self.agree(alice, bob, at_alice, at_bob)
        alice.engine.close()
        at_bob.rotate().wait(PATIENCE)
        at_bob.send("while you were away").wait(PATIENCE)
        bob.until(lambda: any(event["kind"] == 445 for event in relay.events[-1:]))
        alice = Somebody(self, relay, path=path)
        alice.until(lambda: alice.texts() == ["while you were away"])
        self.agree(alice, bob, alice.identity.groups()[0], at_bob)

    def test_an_answer_stays_one(self) -> None:
        """Relays bring an invitation again after each start; it was declined before."""
        relay = self.relay()
        path = self.folder / "alice"
        alice, bob = Somebody(self, relay, path=path), Somebody(self, relay)
        alice.identity.publish_key_package().wait(PATIENCE)
        alice.until(lambda: {443, 30443} <= {event["kind"] for event in relay.events})
        for name in ("first", "second"):
            bob.identity.create_group(name, relays=[relay.url], members=[alice.public_key]).created.wait(PATIENCE)
            invited = alice.invited()
            self.assertEqual(invited.info.name, name)
            invited.leave().wait(PATIENCE)
            alice.engine.close()
            alice = Somebody(self, relay, path=path)
        self.assertEqual([event["kind"] for event in relay.events].count(1059), 2)

    def test_somebody_without_key_packages(self) -> None:
        relay = self.relay()
        alice, bob = Somebody(self, relay), Somebody(self, relay)
        with self.assertRaises(burrow.NotFoundError):
            bob.identity.create_group("x", relays=[relay.url], members=[alice.public_key]).created.wait(PATIENCE)

    def test_a_message_waits_for_its_relay(self) -> None:
        relay = self.relay()
        bob = Somebody(self, relay)
        group = bob.identity.create_group("alone", relays=[relay.url])
        group.created.wait(PATIENCE)
        with SmallRelay() as gone:
            url = gone.url
        lost = bob.identity.create_group("lost", relays=[url])
        lost.created.wait(PATIENCE)
        lost.send("into the void").wait(PATIENCE)
        group.send("noted").wait(PATIENCE)
        bob.until(lambda: [event["kind"] for event in relay.events] == [445])
        change = lost.rename("found")
        self.assertFalse(change.done)
        bob.identity.leave().wait(PATIENCE)
        with self.assertRaises(burrow.CancelledError):
            change.wait(PATIENCE)


class ExampleTest(LibraryTest):
    def test_two_programs_meet_in_a_group(self) -> None:
        def start(*arguments: str) -> subprocess.Popen[str]:
            command = [sys.executable, str(EXAMPLE), "--seconds", str(PATIENCE), *arguments]
            return subprocess.Popen(command, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

        with SmallRelay() as relay:
            bob = start("--text", "hello yourself", relay.url)
            self.addCleanup(bob.kill)
            assert bob.stdout is not None
            key = bob.stdout.readline().removeprefix("i am ").strip()
            alice = start(relay.url, key)
            self.addCleanup(alice.kill)
            at_alice, at_bob = alice.communicate()[0].splitlines(), bob.communicate()[0].splitlines()
        self.assertEqual((alice.returncode, bob.returncode), (0, 0), at_alice + at_bob)
        self.assertIn(f"{key}: hello yourself", at_alice)
        self.assertEqual(at_bob[0].split(" by ")[0], "invited to 'friends'")
        self.assertEqual(at_bob[-1], "removed")
        # Both were in the epochs in between, and had the same secrets.
        self.assertTrue({line for line in at_alice if line.startswith("epoch ")} & set(at_bob), at_alice + at_bob)


if __name__ == "__main__":
    unittest.main()
