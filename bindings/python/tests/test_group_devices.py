"""Several devices of one person in a group: two engines with the same key, each with keys and a leaf of its own."""

from __future__ import annotations

import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from nostr_support import SmallRelay
from support import PATIENCE, LibraryTest, burrow
from test_group_relays import Somebody


class DeviceTest(LibraryTest):
    def setUp(self) -> None:
        self.meeting = self.enterContext(SmallRelay())
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.bob = Somebody(self, self.meeting)
        self.phone = Somebody(self, self.meeting, path=self.folder / "phone")
        self.tablet = self.device("tablet")

    def device(self, name: str) -> Somebody:
        return Somebody(self, self.meeting, path=self.folder / name, secret=self.phone.identity.export())

    def offer(self, device: Somebody) -> None:
        """Has a key package on the relay, in the place of what this device had there."""
        before = self.packages()
        device.identity.publish_key_package([self.meeting.url]).wait(PATIENCE)
        device.until(lambda: self.packages() == before + 2)

    def packages(self) -> int:
        return sum(event["kind"] in (443, 30443) for event in self.meeting.events)

    def join(self, device: Somebody) -> burrow.Group:
        group = device.invited()
        group.join().wait(PATIENCE)
        return group

    def insist(self, change: Callable[[], burrow.Request]) -> None:
        """Again when somebody's own new keys came first, which who has just joined makes at a time of their choice."""
        for _ in range(3):
            try:
                return change().wait(PATIENCE)
            except burrow.LostRaceError:
                continue
        change().wait(PATIENCE)

    def agree(self, *members: tuple[Somebody, burrow.Group]) -> None:
        for _ in range(2):
            newest = max(group.info.epoch for _, group in members)
            for member, group in members:
                member.until(lambda group=group: group.info.epoch >= newest)
        self.assertEqual(len({group.export_secret("test", b"context", 32) for _, group in members}), 1)

    def devices(self, group: burrow.Group, person: Somebody) -> int:
        return sum(member.devices for member in group.members() if member.pubkey == person.public_key)

    def everybody_hears(self, *members: tuple[Somebody, burrow.Group]) -> None:
        for number, (speaker, group) in enumerate(members):
            text = f"{number} at {group.info.epoch}"
            group.send(text).wait(PATIENCE)
            for other, _ in members:
                if other is not speaker:
                    other.until(lambda other=other, text=text: other.texts().count(text) == 1)

    def test_two_devices_of_who_is_invited(self) -> None:
        self.offer(self.phone)
        at_bob = self.bob.identity.create_group("us", relays=[self.meeting.url], members=[self.phone.public_key])
        at_bob.created.wait(PATIENCE)
        at_phone = self.join(self.phone)
        # The phone's next key package is newer than the tablet's, but it is the phone's.
        self.offer(self.tablet)
        self.offer(self.phone)
        self.insist(lambda: at_bob.invite(self.phone.public_key))
        at_tablet = self.join(self.tablet)
        everybody = (self.bob, at_bob), (self.phone, at_phone), (self.tablet, at_tablet)
        self.agree(*everybody)
        for _, group in everybody:
            self.assertEqual(len(group.members()), 2)
            self.assertEqual(self.devices(group, self.phone), 2)
        self.assertNotEqual(at_phone.info.own_leaf, at_tablet.info.own_leaf)
        self.everybody_hears(*everybody)
        for _, group in everybody:
            self.insist(group.rotate)
            self.agree(*everybody)
        # Both are there, although they sign with keys that no key package has.
        with self.assertRaises(burrow.ExistsError):
            at_bob.invite(self.phone.public_key).wait(PATIENCE)
        # One leaves, the other stays.
        at_tablet.leave().wait(PATIENCE)
        self.tablet.until(lambda: at_tablet.info.state == burrow.GroupState.REMOVED)
        rest = everybody[:2]
        self.agree(*rest)
        self.assertEqual(self.devices(at_bob, self.phone), 1)
        self.everybody_hears(*rest)
        # Who is removed goes with all devices. The newest key package is the tablet's, and dates have seconds.
        latest = max(event["created_at"] for event in self.meeting.events)
        self.tablet.until(lambda: time.time() >= latest + 1)
        self.offer(self.tablet)
        self.insist(lambda: at_bob.invite(self.phone.public_key))
        at_tablet = self.join(self.tablet)
        self.insist(lambda: at_bob.remove(self.phone.public_key))
        for device, group in ((self.phone, at_phone), (self.tablet, at_tablet)):
            device.until(lambda group=group: group.info.state == burrow.GroupState.REMOVED)
        self.assertEqual(len(at_bob.members()), 1)

    def test_who_was_invited_is_known_after_a_restart(self) -> None:
        bob = Somebody(self, self.meeting, path=self.folder / "bob")
        self.offer(self.phone)
        at_bob = bob.identity.create_group("us", relays=[self.meeting.url], members=[self.phone.public_key])
        at_bob.created.wait(PATIENCE)
        at_phone = self.join(self.phone)
        self.insist(at_phone.rotate)
        self.agree((bob, at_bob), (self.phone, at_phone))
        bob.engine.close()
        # The phone signs with keys that are in none of its key packages now.
        self.offer(self.phone)
        bob = Somebody(self, self.meeting, path=self.folder / "bob")
        at_bob = bob.identity.groups()[0]
        with self.assertRaises(burrow.ExistsError):
            at_bob.invite(self.phone.public_key).wait(PATIENCE)
        self.offer(self.tablet)
        self.insist(lambda: at_bob.invite(self.phone.public_key))
        at_tablet = self.join(self.tablet)
        self.agree((bob, at_bob), (self.phone, at_phone), (self.tablet, at_tablet))
        self.assertEqual(self.devices(at_bob, self.phone), 2)

    def test_an_admin_adds_and_removes_devices(self) -> None:
        self.offer(self.bob)
        self.offer(self.phone)
        at_phone = self.phone.identity.create_group("ours", relays=[self.meeting.url], members=[self.bob.public_key])
        at_phone.created.wait(PATIENCE)
        at_bob = self.join(self.bob)
        with self.assertRaises(burrow.ExistsError):
            at_phone.invite(self.phone.public_key).wait(PATIENCE)
        self.offer(self.tablet)
        self.offer(self.phone)
        self.insist(lambda: at_phone.invite(self.phone.public_key))
        at_tablet = self.join(self.tablet)
        everybody = (self.bob, at_bob), (self.phone, at_phone), (self.tablet, at_tablet)
        self.agree(*everybody)
        self.everybody_hears(*everybody)
        # Either is the admin's, and after a restart it is still the device it was.
        self.assertIn(burrow.GroupFlags.ADMIN, at_tablet.info.flags)
        self.insist(lambda: at_tablet.rename("still ours"))
        self.agree(*everybody)
        self.assertEqual(at_bob.info.name, "still ours")
        self.tablet.engine.close()
        at_phone.send("while the tablet was off").wait(PATIENCE)
        self.insist(at_phone.rotate)
        self.tablet = self.device("tablet")
        at_tablet = self.tablet.identity.groups()[0]
        self.tablet.until(lambda: "while the tablet was off" in self.tablet.texts())
        everybody = (self.bob, at_bob), (self.phone, at_phone), (self.tablet, at_tablet)
        self.agree(*everybody)
        # The phone is lost.
        self.insist(lambda: at_tablet.remove(self.phone.public_key))
        self.phone.until(lambda: at_phone.info.state == burrow.GroupState.REMOVED)
        rest = (self.bob, at_bob), (self.tablet, at_tablet)
        self.agree(*rest)
        self.everybody_hears(*rest)
        self.assertEqual(self.devices(at_bob, self.phone), 1)
        with self.assertRaises(burrow.InvalidArgumentError):
            at_tablet.remove(self.phone.public_key).wait(PATIENCE)


if __name__ == "__main__":
    unittest.main()
