"""Identities, state files and groups, with the tests in the place of Nostr relays."""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from support import PATIENCE, LibraryTest, burrow, environment

RELAYS = ["wss://relay.example"]
STORAGE_KEY = bytes(range(32))


class Somebody:
    """An engine with one identity, as a process of its own would have it."""

    def __init__(self, test: LibraryTest, path: Path | None, key: str | None = None) -> None:
        self.engine = test.engine(host_relays=True)
        self.identity = self.engine.open_identity(key, storage_path=path, storage_key=None if path is None else STORAGE_KEY)
        self.identity.opened.wait(PATIENCE)
        self.pubkey = self.identity.public_key
        #: What is to be published, and what happened, in the order of events.
        self.out: list[dict[str, object]] = []
        self.seen: list[burrow.Event] = []

    def pump(self, timeout: float = 0) -> None:
        while (event := self.engine.next_event(timeout)) is not None:
            if event.kind == burrow.EventKind.NOSTR_OUT:
                self.out.append(json.loads(event.text))
            else:
                self.seen.append(event)
            timeout = 0

    def settle(self) -> None:
        """Comes back when everything that went in has been worked on: identities are opened in the same order."""
        with contextlib.suppress(burrow.ExistsError):
            self.engine.open_identity(self.identity.export()).opened.wait(PATIENCE)
        self.pump()

    def until(self, found: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not found():
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not happen; there was {self.seen}")
            self.pump(0.1)

    def texts(self) -> list[str]:
        return [json.loads(event.text)["content"] for event in self.seen if event.kind == burrow.EventKind.GROUP_MESSAGE]

    def kinds(self) -> list[int]:
        return [event.kind for event in self.seen]


class PeopleTest(LibraryTest):
    """Alice, Bob and what is between them."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def carry(self, *people: Somebody) -> None:
        """Takes what everybody has to publish to everybody else, as a relay would, until nothing more comes."""
        while True:
            for person in people:
                person.settle()
            events = [(person, event) for person in people for event in person.out]
            if not events:
                return
            for person in people:
                person.out = []
            for sender, event in events:
                for person in people:
                    if person is sender:
                        person.engine.nostr.published(event["id"])
                    else:
                        person.engine.nostr.ingest(json.dumps(event))

    def pair(self, alice_path: Path | None = None, bob_path: Path | None = None) -> tuple[Somebody, Somebody]:
        alice, bob = Somebody(self, alice_path), Somebody(self, bob_path)
        alice.identity.publish_key_package(RELAYS).wait(PATIENCE)
        self.carry(alice, bob)
        return alice, bob

    def group(self, alice: Somebody, bob: Somebody) -> tuple[burrow.Group, burrow.Group]:
        """Bob founds a group with Alice, who joins."""
        founded = bob.identity.create_group("friends", relays=RELAYS, members=[alice.pubkey])
        founded.created.wait(PATIENCE)
        self.carry(alice, bob)
        invited = alice.identity.group(founded.id)
        self.assertEqual(invited.info.state, burrow.GroupState.INVITED)
        self.assertEqual(invited.info.inviter, bob.pubkey)
        self.assertEqual(invited.info.name, "friends")
        invited.join().wait(PATIENCE)
        self.carry(alice, bob)
        # Who joins has new keys within ten seconds, which could come before what Bob changes: here they have them now.
        rotation = invited.rotate()
        self.carry(alice, bob)
        rotation.wait(PATIENCE)
        return invited, founded

    def assertAgree(self, *groups: burrow.Group) -> None:
        secrets = {group.export_secret("test", b"context", 48) for group in groups}
        self.assertEqual(len(secrets), 1)
        self.assertEqual(len({group.info.epoch for group in groups}), 1)


class GroupTest(PeopleTest):
    def test_a_group_lives(self) -> None:
        self.assertTrue(burrow.has_feature("groups"))
        alice, bob = self.pair()
        at_alice, at_bob = self.group(alice, bob)
        self.assertEqual(at_alice.info.state, burrow.GroupState.ACTIVE)
        self.assertAgree(at_alice, at_bob)
        for group in (at_alice, at_bob):
            self.assertEqual({member.pubkey for member in group.members()}, {alice.pubkey, bob.pubkey})
            self.assertEqual(group.relays, RELAYS)
        self.assertIn(burrow.GroupFlags.ADMIN, at_bob.info.flags)
        self.assertNotIn(burrow.GroupFlags.ADMIN, at_alice.info.flags)

        at_alice.send("hello").wait(PATIENCE)
        at_bob.send("hello yourself", tags=[["q", "x"]]).wait(PATIENCE)
        self.carry(alice, bob)
        self.assertEqual((alice.texts(), bob.texts()), (["hello yourself"], ["hello"]))

        rotation = at_alice.rotate()
        self.carry(alice, bob)
        rotation.wait(PATIENCE)
        self.assertAgree(at_alice, at_bob)
        with self.assertRaises(burrow.NotAdminError):
            at_alice.remove(bob.pubkey).wait(PATIENCE)
        with self.assertRaises(burrow.InvalidArgumentError):
            at_alice.export_secret("marmot")

        renaming = at_bob.rename("old friends")
        self.carry(alice, bob)
        renaming.wait(PATIENCE)
        self.assertEqual(at_alice.info.name, "old friends")
        self.assertIn(burrow.EventKind.GROUP_DATA, alice.kinds())

        removal = at_bob.remove(alice.pubkey)
        self.carry(alice, bob)
        removal.wait(PATIENCE)
        self.assertEqual(at_alice.info.state, burrow.GroupState.REMOVED)
        self.assertEqual([member.pubkey for member in at_bob.members()], [bob.pubkey])
        with self.assertRaises(burrow.NotMemberError):
            at_alice.export_secret("test")
        with self.assertRaises(burrow.NotMemberError):
            at_alice.send("anybody there?").wait(PATIENCE)

    def test_everything_survives_the_process(self) -> None:
        files = [self.folder / "alice", self.folder / "bob"]
        alice, bob = self.pair(*files)
        at_alice, at_bob = self.group(alice, bob)
        at_bob.send("first").wait(PATIENCE)
        self.carry(alice, bob)
        secret = at_alice.export_secret("test", b"context", 48)
        id = at_alice.id
        # A change that no relay has heard of yet.
        lost = at_bob.rename("written down")
        bob.settle()
        self.assertFalse(lost.done)
        alice.engine.close()
        bob.engine.close()

        alice, bob = Somebody(self, files[0]), Somebody(self, files[1])
        self.assertEqual([group.id for group in alice.identity.groups()], [id])
        at_alice, at_bob = alice.identity.group(id), bob.identity.group(id)
        self.assertEqual(at_alice.export_secret("test", b"context", 48), secret)
        self.assertIn(burrow.GroupFlags.CHANGE_PENDING, at_bob.info.flags)
        self.carry(alice, bob)
        self.assertEqual(at_alice.info.name, "written down")
        at_alice.send("second").wait(PATIENCE)
        self.carry(alice, bob)
        self.assertEqual(bob.texts(), ["second"])
        self.assertAgree(at_alice, at_bob)

    def test_what_nobody_has_taken_comes_again(self) -> None:
        files = [self.folder / "alice", self.folder / "bob"]
        alice, bob = self.pair(*files)
        _, at_bob = self.group(alice, bob)
        at_bob.send("is anybody there?").wait(PATIENCE)
        bob.settle()
        (event,) = bob.out
        alice.engine.nostr.ingest(json.dumps(event))
        # It has arrived, and Alice's process ends before anybody has looked.
        select.select([alice.engine.event_fd()], [], [], PATIENCE)
        alice.engine.close()
        bob.engine.close()
        alice, bob = Somebody(self, files[0]), Somebody(self, files[1])
        alice.settle()
        bob.settle()
        self.assertEqual(alice.texts(), ["is anybody there?"])
        # Bob was never told that a relay has it.
        self.assertEqual([again["id"] for again in bob.out], [event["id"]])
        bob.engine.nostr.published(event["id"])
        bob.settle()
        alice.engine.close()
        bob.engine.close()
        alice, bob = Somebody(self, files[0]), Somebody(self, files[1])
        alice.settle()
        bob.settle()
        self.assertEqual((alice.texts(), bob.out), ([], []))

    def test_an_invitation_waits_in_the_file(self) -> None:
        path = self.folder / "alice"
        alice, bob = self.pair(path)
        founded = bob.identity.create_group("later", relays=RELAYS, members=[alice.pubkey])
        self.carry(alice, bob)
        alice.engine.close()
        alice = Somebody(self, path)
        (invited,) = alice.identity.groups()
        self.assertEqual(invited.info.state, burrow.GroupState.INVITED)
        invited.join().wait(PATIENCE)
        self.carry(alice, bob)
        self.assertAgree(invited, founded)

    def test_an_invitation_is_declined(self) -> None:
        alice, bob = self.pair()
        founded = bob.identity.create_group("no", relays=RELAYS, members=[alice.pubkey])
        self.carry(alice, bob)
        invited = alice.identity.group(founded.id)
        invited.leave().wait(PATIENCE)
        self.assertEqual(invited.info.state, burrow.GroupState.GONE)
        self.assertEqual(alice.identity.groups(), [])

    def test_what_no_relay_takes_has_not_happened(self) -> None:
        alice, bob = self.pair()
        _, at_bob = self.group(alice, bob)
        epoch = at_bob.info.epoch
        change = at_bob.rotate()
        bob.until(lambda: bool(bob.out))
        with self.assertRaises(burrow.ChangePendingError):
            at_bob.rename("x").wait(PATIENCE)
        bob.engine.nostr.published(bob.out.pop()["id"], accepted=False)
        with self.assertRaises(burrow.NotPublishedError):
            change.wait(PATIENCE)
        self.assertEqual(at_bob.info.epoch, epoch)
        again = at_bob.rotate()
        self.carry(alice, bob)
        again.wait(PATIENCE)
        self.assertEqual(at_bob.info.epoch, epoch + 1)

    def test_somebody_leaves(self) -> None:
        alice, bob = self.pair()
        at_alice, at_bob = self.group(alice, bob)
        with self.assertRaises(burrow.GroupError):
            at_bob.leave().wait(PATIENCE)
        at_alice.leave().wait(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while at_alice.info.state == burrow.GroupState.ACTIVE and time.monotonic() < deadline:
            self.carry(alice, bob)
        self.assertEqual(at_alice.info.state, burrow.GroupState.REMOVED)
        self.assertEqual(at_bob.info.member_count, 1)


class KillTest(PeopleTest):
    """A member whose process is killed again and again, as another member sees it."""

    #: How often; as for the same test of the layers below.
    KILLS = int(os.environ.get("BURROW_KILLS", "5"))

    def test_a_killed_process_forgets_nothing(self) -> None:
        path = self.folder / "bob"
        alice, bob = self.pair(None, path)
        self.group(alice, bob)
        relay: list[str] = []
        bob.engine.close()
        chance = random.Random(8)
        published = []
        for _ in range(self.KILLS):
            with self.process(path) as child:
                assert child.stdin is not None and child.stdout is not None
                for text in relay:
                    child.stdin.write(text + "\n")
                child.stdin.flush()
                for _ in range(chance.randrange(1, 20)):
                    published.append(child.stdout.readline())
                time.sleep(chance.random() / 100)
                child.kill()
                # What it had said before it died counts.
                published += child.stdout.readlines()
            for line in published:
                if line.endswith("\n"):
                    alice.engine.nostr.ingest(line)
            published = []
            alice.settle()
            for event in alice.out:
                relay.append(json.dumps(event))
                alice.engine.nostr.published(event["id"])
            alice.out = []
        texts = alice.texts()
        self.assertEqual(len(texts), len(set(texts)))
        self.assertGreaterEqual(len(texts), self.KILLS)
        # Nothing was refused: no key was used twice, and no message was of a state that others do not know.
        refused = [event.text for event in alice.seen if event.kind == burrow.EventKind.NOSTR_REFUSED]
        self.assertEqual([text for text in refused if "seen before" not in text], [])
        bob = Somebody(self, path)
        for text in relay:
            bob.engine.nostr.ingest(text)
        self.carry(alice, bob)
        (at_bob,) = bob.identity.groups()
        self.assertAgree(alice.identity.group(at_bob.id), at_bob)

    def process(self, path: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), STORAGE_KEY.hex()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            text=True,
        )


#: Says something as often as it can; everything that is to be published goes to standard output.
CHILD = """
import json, select, sys, uuid
import burrow

engine = burrow.Engine(host_relays=True)
identity = engine.open_identity(storage_path=sys.argv[1], storage_key=bytes.fromhex(sys.argv[2]))
identity.opened.wait(15)
(group,) = identity.groups()
while True:
    while select.select([sys.stdin], [], [], 0)[0]:
        engine.nostr.ingest(sys.stdin.readline())
    request = group.send(uuid.uuid4().hex)
    while not request.done:
        event = engine.next_event(0.1)
        while event is not None:
            if event.kind == burrow.EventKind.NOSTR_OUT:
                sys.stdout.write(event.text + "\\n")
                sys.stdout.flush()
                engine.nostr.published(json.loads(event.text)["id"])
            event = engine.next_event(0)
"""


class StateFileTest(LibraryTest):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "state"

    def open(self, engine: burrow.Engine, key: str | None = None, storage_key: bytes = STORAGE_KEY) -> burrow.Identity:
        identity = engine.open_identity(key, storage_path=self.path, storage_key=storage_key)
        identity.opened.wait(PATIENCE)
        return identity

    def test_keys_are_kept(self) -> None:
        with self.engine() as engine:
            identity = self.open(engine)
            pubkey, key = identity.public_key, identity.export()
            self.assertTrue(key.startswith("nsec1"))
            self.assertEqual(burrow.parse_public_key(burrow.format_public_key(pubkey)), pubkey)
        self.assertNotIn(key.encode(), self.path.read_bytes())
        with self.engine() as engine:
            self.assertEqual(self.open(engine).public_key, pubkey)
        with self.engine() as engine:
            self.assertEqual(self.open(engine, key).public_key, pubkey)
        with self.engine() as engine, self.assertRaises(burrow.ExistsError):
            self.open(engine, "1" * 64)
        with self.engine() as engine, self.assertRaises(burrow.StorageKeyError):
            self.open(engine, storage_key=bytes(32))

    def test_one_at_a_time(self) -> None:
        first, second = self.engine(), self.engine()
        identity = self.open(first)
        with self.assertRaises(burrow.StorageInUseError):
            self.open(second)
        identity.leave().wait(PATIENCE)
        self.open(second)
        with self.assertRaises(burrow.ClosedError):
            identity.publish_key_package(RELAYS).wait(PATIENCE)

    def test_other_files_are_refused(self) -> None:
        self.path.write_bytes(b"something else entirely, and a good deal of it" * 20)
        before = self.path.read_bytes()
        with self.assertRaises(burrow.StorageDamagedError):
            self.open(self.engine())
        self.assertEqual(self.path.read_bytes(), before)

    def test_arguments(self) -> None:
        somebody = Somebody(self, None)
        somebody.identity.publish_key_package(RELAYS).wait(PATIENCE)
        group = somebody.identity.create_group("x", relays=RELAYS)
        group.created.wait(PATIENCE)
        group.send("for nobody").wait(PATIENCE)
        somebody.settle()
        key_package, _, message = somebody.out
        engine = self.engine(host_relays=True)
        with self.assertRaises(burrow.NostrKeyError):
            engine.open_identity("nsec1nonsense")
        with self.assertRaises(burrow.InvalidArgumentError):
            engine.open_identity(storage_path=self.path)
        identity = engine.open_identity()
        identity.opened.wait(PATIENCE)
        for text in ("", "{}", "[]", json.dumps(message | {"content": "x"}), json.dumps(message | {"kind": -1})):
            with self.assertRaises(burrow.NostrEventError):
                engine.nostr.ingest(text)
        engine.nostr.ingest(json.dumps(message))
        while (event := engine.next_event(PATIENCE)) is not None:
            if event.kind == burrow.EventKind.NOSTR_REFUSED:
                break
        self.assertIsNotNone(event)
        self.assertEqual((event.data.hex(), event.status), (message["id"], burrow.NotFoundError.code))
        with self.assertRaises(burrow.NotFoundError):
            identity.group(b"unknown")
        with self.assertRaises(burrow.NotFoundError):
            identity.create_group("x", relays=RELAYS, members=[somebody.pubkey]).created.wait(PATIENCE)
        engine.nostr.ingest(json.dumps(key_package))
        identity.create_group("x", relays=RELAYS, members=[somebody.pubkey]).created.wait(PATIENCE)
        with self.assertRaises(burrow.InvalidArgumentError):
            identity.create_group("x", relays=[])
        with self.assertRaises(burrow.NostrKeyError):
            burrow.parse_public_key("npub1nonsense")
        alone = burrow.Identity(engine)
        with self.assertRaises(burrow.WrongKindError):
            alone.publish_key_package(RELAYS)
        with self.assertRaises(burrow.ExistsError):
            engine.open_identity(identity.export()).opened.wait(PATIENCE)

    def test_engine_ends_in_good_order(self) -> None:
        engine = self.engine()
        identity = self.open(engine)
        group = identity.create_group("x", relays=RELAYS)
        rotation = group.rotate()
        engine.shutdown().wait(PATIENCE)
        with self.assertRaises(burrow.CancelledError):
            rotation.wait(PATIENCE)
        with self.assertRaises(burrow.ClosedError):
            group.rotate()
        engine.close()
        again = self.open(self.engine())
        self.assertEqual([group.info.name for group in again.groups()], ["x"])


if __name__ == "__main__":
    unittest.main()
