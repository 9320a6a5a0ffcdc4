"""Rooms that take their keys from a group, with the tests in the place of Nostr relays."""

from __future__ import annotations

import hashlib
import hmac
import json
import signal
import subprocess
import sys
import time
import unittest
from typing import Any

from media_support import HEIGHT, WIDTH, picture, tone
from support import PATIENCE, burrow, environment
from test_groups import PeopleTest, Somebody
from test_protected_rooms import catalogue, header

CALL = b"a call"
LABEL = "SFrame 1.0 Base Key"


class Caller(Somebody):
    """A member in a call, who publishes sound and pictures and listens to everybody."""

    def __init__(self, test: CallTest) -> None:
        super().__init__(test, None)
        self.test = test
        self.ears: dict[str, burrow.AudioTrack] = {}
        self.eyes: dict[str, burrow.VideoTrack] = {}
        self.pictures: dict[str, int] = {}
        self.next_us = 0
        #: What a relay has for us that we do not get.
        self.is_cut_off = False

    def enter(self, group: burrow.Group, home: burrow.Relay, **options: Any) -> None:
        self.group = group
        self.room = self.test.room(self.engine, home, group=group, call_id=CALL, **options)
        self.room.opened.wait(PATIENCE)
        self.path = self.room.info.path
        self.microphone, self.camera = self.room.publish_audio(), self.room.publish_video()

    def listen(self, path: str) -> None:
        self.eyes[path] = self.room.subscribe_video(path)
        # What a busy machine does to a player in real time is not what is tested here.
        self.ears[path] = self.room.subscribe_audio(path, min_delay_ms=400)
        self.pictures[path] = 0

    def step(self, number: int) -> None:
        # Sound without a gap, however late this thread is: what is missing then was lost on the way.
        if abs(self.next_us - burrow.now_us()) > 900_000:
            self.next_us = burrow.now_us()
        self.microphone.push_audio(tone(440, number), timestamp_us=self.next_us)
        self.next_us += 20_000
        if number % 4 == 0:
            self.camera.push_video(picture(number), WIDTH, HEIGHT)
        for path, ear in self.ears.items():
            ear.pull_audio(960)
            self.pictures[path] += self.eyes[path].pull_video() is not None
        self.pump()

    def figures(self) -> burrow.RoomStats:
        """Not those that were there before."""
        old = self.room.stats.measured_us
        self.until(lambda: self.room.stats.measured_us > old)
        return self.room.stats

    def told(self) -> list[tuple[int, str]]:
        return [(e.status, e.text) for e in self.seen if e.kind == burrow.EventKind.PROTECTION]


class CallTest(PeopleTest):
    def setUp(self) -> None:
        super().setUp()
        self.relays = self.engine()
        self.home = self.relay(self.relays)

    def deliver(self, *people: Caller) -> None:
        """Takes events from everybody to everybody who is not cut off, without waiting for anything."""
        for sender in people:
            for event in sender.out:
                sender.engine.nostr.published(event["id"])
                for person in people:
                    if person is not sender and not person.is_cut_off:
                        person.engine.nostr.ingest(json.dumps(event))
            sender.out = []

    def friends(self, count: int) -> tuple[list[Caller], list[burrow.Group]]:
        """The first one founds a group with the others."""
        people = [Caller(self) for _ in range(count)]
        for person in people[1:]:
            person.identity.publish_key_package(["wss://relay.example"]).wait(PATIENCE)
        self.carry(*people)
        founded = people[0].identity.create_group(
            "friends", relays=["wss://relay.example"], members=[person.pubkey for person in people[1:]]
        )
        founded.created.wait(PATIENCE)
        self.carry(*people)
        groups = [founded]
        for person in people[1:]:
            groups.append(person.identity.group(founded.id))
            groups[-1].join().wait(PATIENCE)
        self.carry(*people)
        # Who joins has new keys within ten seconds, which could come before what others change: here they have them now.
        for group in groups[1:]:
            rotation = group.rotate()
            self.carry(*people)
            rotation.wait(PATIENCE)
        return people, groups

    def run_call(self, people: list[Caller], condition: Any, seconds: float = PATIENCE) -> None:
        """Everybody pushes and pulls in real time, and events are delivered, until something holds."""
        begin, number = time.monotonic(), 0
        while not condition():
            self.assertLess(time.monotonic() - begin, seconds, f"it did not come about: {[p.told() for p in people]}")
            for person in people:
                person.step(number)
            self.deliver(*people)
            number += 1
            time.sleep(max(begin + number * 0.02 - time.monotonic(), 0))

    def run_for(self, people: list[Caller], seconds: float) -> None:
        end = time.monotonic() + seconds
        self.run_call(people, lambda: time.monotonic() >= end, seconds + PATIENCE)

    def meet(self, people: list[Caller], groups: list[burrow.Group]) -> None:
        """All enter and see each other."""
        for person, group in zip(people, groups, strict=True):
            person.enter(group, self.home)
        for person in people:
            for other in people:
                if other is not person:
                    person.listen(other.path)
        self.run_call(people, lambda: all(min(person.pictures.values()) > 5 for person in people))


class KeysTest(CallTest):
    def test_keys_follow_the_group_without_a_gap(self) -> None:
        people, groups = self.friends(3)
        alice, bob, carol = people
        self.meet(people, groups)
        for person, group in zip(people, groups, strict=True):
            self.assertEqual(person.path, f"burrow/{group.info.nostr_id.hex()}/{person.pubkey.hex()}")
            entries = {entry.path: entry.member for entry in person.room.participants()}
            self.assertEqual(entries, {other.path: other.pubkey for other in people if other is not person})
            joined = {e.text: e.data for e in person.seen if e.kind == burrow.EventKind.PARTICIPANT_JOINED}
            self.assertEqual(joined, {other.path: other.pubkey for other in people if other is not person})
        # Sound goes on over changes of keys: nothing is made up and nothing is dropped.
        self.run_for(people, 0.6)
        ear = bob.ears[alice.path]
        before, epoch = ear.media_stats, groups[0].info.epoch
        for changer in (1, 2, 1):
            rotation = groups[changer].rotate()
            self.run_call(people, lambda: len({group.info.epoch for group in groups}) == 1 and rotation.done)
            self.run_for(people, 0.7)
        after = ear.media_stats
        reached = groups[0].info.epoch
        self.assertEqual(reached, epoch + 3)
        for person in people:
            figures = person.figures()
            self.assertEqual((figures.sealing_epoch, figures.newest_epoch), (reached, reached))
            dropped = (figures.unknown_key_frames, figures.forged_frames, figures.replayed_frames, figures.unsealed_frames)
            self.assertEqual(dropped, (0, 0, 0, 0))
        gaps = (after.concealed_us - before.concealed_us, after.late_frames, after.dropped_frames, after.damaged_frames)
        self.assertEqual(gaps, (0, before.late_frames, before.dropped_frames, 0))
        self.assertGreater(after.frames - before.frames, 80)
        # Carol is removed, but the news of it do not reach her: she goes on with what she has, and it is of no use.
        carol.is_cut_off = True
        removal = groups[0].remove(carol.pubkey)
        self.run_call(people, lambda: removal.done and groups[1].info.epoch == groups[0].info.epoch)
        seen, figures = dict(carol.pictures), carol.figures()
        self.run_for(people, 1.0)
        self.assertEqual(carol.figures().newest_epoch, reached)
        self.assertLessEqual(carol.figures().opened_frames - figures.opened_frames, 12)
        self.run_for(people, 0.5)
        opened = carol.figures().opened_frames
        self.run_for(people, 0.5)
        self.assertEqual(carol.figures().opened_frames, opened)
        self.assertLessEqual(max(carol.pictures[path] - seen[path] for path in seen), 6)
        # And nothing of hers is opened, although she still sends with keys that the others had.
        for person in (alice, bob):
            self.assertEqual(person.told(), [(burrow.NotMemberError.code, carol.path)])
            self.assertIsNone({entry.path: entry.member for entry in person.room.participants()}[carol.path])
            count = person.pictures[carol.path]
            self.run_for(people, 0.3)
            self.assertEqual(person.pictures[carol.path], count)
        self.assertEqual(alice.figures().sealing_epoch, groups[0].info.epoch)
        # Alice and Bob go on.
        count = bob.pictures[alice.path]
        self.run_call(people, lambda: bob.pictures[alice.path] > count + 5)
        missing = {(e.state, e.value) for e in carol.seen if e.kind == burrow.EventKind.PROTECTION}
        self.assertEqual(missing, {((reached + 1) & 15, reached)})
        # Without the group there are no keys.
        alice.identity.leave().wait(PATIENCE)
        alice.until(lambda: alice.room.stats.newest_epoch == -1)
        self.assertEqual(alice.figures().sealing_epoch, -1)
        carol.identity.leave().wait(PATIENCE)

    def test_somebody_new_sees_the_first_key_frame(self) -> None:
        people, groups = self.friends(2)
        alice, bob = people
        self.meet(people, groups)
        carol = Caller(self)
        carol.identity.publish_key_package(["wss://relay.example"]).wait(PATIENCE)
        everybody = [*people, carol]
        for person in everybody:
            person.pump()
        self.deliver(*everybody)
        invitation = groups[0].invite(carol.pubkey)

        def step(condition: Any) -> None:
            begin, number = time.monotonic(), 0
            while not condition():
                self.assertLess(time.monotonic() - begin, PATIENCE)
                for person in people:
                    person.step(number)
                carol.pump()
                self.deliver(*everybody)
                number += 1
                time.sleep(0.02)

        step(lambda: invitation.done and carol.identity.groups())
        group = carol.identity.groups()[0]
        joining = group.join()
        step(lambda: joining.done)
        carol.enter(group, self.home)
        for person in people:
            carol.listen(person.path)
            person.listen(carol.path)
        self.run_call(everybody, lambda: all(min(person.pictures.values()) > 5 for person in everybody))
        # Whoever joined changes its keys soon; all go on with that.
        self.run_call(everybody, lambda: {p.room.stats.sealing_epoch for p in everybody} == {group.info.epoch})
        for person in everybody:
            self.assertEqual(person.figures().forged_frames, 0)
            self.assertEqual(person.told(), [])
        for person in people:
            self.assertEqual(person.figures().unknown_key_frames, 0)
        # The first picture that was decoded is a key frame: nothing before it was tried.
        self.assertEqual([eye.media_stats.damaged_frames for eye in carol.eyes.values()], [0, 0])

    def test_arguments(self) -> None:
        (alice, bob), groups = self.friends(2)
        nostr_id = groups[0].info.nostr_id.hex()
        for path, taken in (
            ("", ""),
            (f"burrow/{nostr_id}/{alice.pubkey.hex()}/b", f"burrow/{nostr_id}/{alice.pubkey.hex()}/b"),
        ):
            room = self.room(alice.engine, self.home, group=groups[0], path=path)
            self.assertEqual(room.info.path, taken)
            with self.assertRaises(burrow.WrongKindError):
                room.set_key(9, bytes(32))
            with self.assertRaises(burrow.WrongKindError):
                room.remove_key(1)
        room = self.room(alice.engine, self.home, group=groups[0], prefix="burrow/elsewhere")
        self.assertEqual(room.info.path, f"burrow/elsewhere/{alice.pubkey.hex()}")
        for path in ("alice", f"burrow/{bob.pubkey.hex()}", f"burrow//{alice.pubkey.hex()}"[:8]):
            with self.assertRaises(burrow.InvalidArgumentError):
                self.room(alice.engine, self.home, group=groups[0], path=path)
        with self.assertRaises(burrow.InvalidArgumentError):
            self.room(bob.engine, self.home, group=groups[0])
        alice.identity.leave().wait(PATIENCE)
        with self.assertRaises(burrow.NotMemberError):
            self.room(alice.engine, self.home, group=groups[0])


PUBLISHER = """
import sys, burrow
engine = burrow.Engine(host_relays=True)
me = engine.open_identity(storage_path=sys.argv[2], storage_key=bytes(range(32)))
me.opened.wait(15)
room = engine.open_room(
    sys.argv[1], insecure=True, group=me.groups()[0], call_id=b"a call", keep_alive_ms=200
)
microphone, notes = room.publish_audio(), room.publish("notes")
for number in range(10**9):
    microphone.push_audio(bytes(1920))
    notes.push(b"PLAIN WORDS %d " % number * 4, key=number % 5 == 0)
    __import__("time").sleep(0.01)
"""


def key_and_salt(base: bytes, kid: int) -> tuple[bytes, bytes]:
    """Of a track, made of a base key as RFC 9605 says."""
    secret = hmac.digest(bytes(32), base, hashlib.sha256)
    number = kid.to_bytes(8, "big") + (4).to_bytes(2, "big")
    key = hmac.digest(secret, b"SFrame 1.0 Secret key " + number + b"\x01", hashlib.sha256)[:16]
    return key, hmac.digest(secret, b"SFrame 1.0 Secret salt " + number + b"\x01", hashlib.sha256)[:12]


class WireTest(CallTest):
    def context(self, path: str, instance: bytes) -> bytes:
        size = len(path).to_bytes(1, "big") if len(path) < 64 else (len(path) | 0x4000).to_bytes(2, "big")
        return bytes([len(CALL)]) + CALL + size + path.encode() + instance

    def test_a_restarted_sender_repeats_no_nonce_and_keys_are_exported(self) -> None:
        alice, bob = Somebody(self, self.folder / "alice"), Caller(self)
        alice.identity.publish_key_package(["wss://relay.example"]).wait(PATIENCE)
        self.carry(alice, bob)
        at_alice, at_bob = self.group(alice, bob)
        prefix, who = f"burrow/{at_bob.info.nostr_id.hex()}", alice.pubkey.hex()
        alice.engine.close()
        home = self.relay(self.relays, idle_timeout_ms=1_000)
        tap = self.room(self.relays, home, keep_alive_ms=200)
        bob.room = self.room(bob.engine, home, group=at_bob, path="", call_id=CALL, keep_alive_ms=200)
        path = f"{prefix}/{who}"
        notes = bob.room.subscribe(path, "notes")
        used: set[tuple[bytes, bytes]] = set()
        instances, words = set(), 0
        for _ in range(2):
            tracks = [tap.subscribe(path, name, max_age_ms=5_000) for name in ("catalog.json", "1", "2")]
            frames: list[list[tuple[int, int, bytes]]] = [[], [], []]
            before = words
            command = [sys.executable, "-c", PUBLISHER, home.url, str(self.folder / "alice")]
            process = subprocess.Popen(command, env=environment())
            try:
                deadline = time.monotonic() + 2 * PATIENCE
                while not (frames[0] and len(frames[1]) > 20 and len(frames[2]) > 20 and words > before + 5):
                    self.assertLess(time.monotonic(), deadline)
                    for track, into in zip(tracks, frames, strict=True):
                        while (frame := track.pull()) is not None:
                            into.append((frame.group, frame.sequence, bytes(frame)))
                            frame.close()
                    while (frame := notes.pull()) is not None:
                        self.assertIn(b"PLAIN WORDS", bytes(frame))
                        words += 1
                        frame.close()
                    bob.pump()
                    while self.relays.next_event(0) is not None:
                        pass
                    time.sleep(0.02)
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
            for track in tracks:
                track.close()
            deadline = time.monotonic() + PATIENCE
            while path in [entry.path for entry in tap.participants()]:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.02)
            instance, sealed = catalogue(frames[0][0][2])
            instances.add(instance)
            base, epoch = at_bob.export_secret(LABEL, self.context(path, instance), 16)
            for frame in [sealed] + [entry[2] for entry in frames[1] + frames[2]]:
                kid, counter = header(frame)
                self.assertEqual(kid & 15, epoch & 15)
                key, salt = key_and_salt(base, kid)
                nonce = bytes(a ^ b for a, b in zip(salt, counter.to_bytes(12, "big"), strict=True))
                self.assertNotIn((key, nonce), used)
                used.add((key, nonce))
                self.assertNotIn(b"PLAIN", frame)
            # What is on the wire opens with what the group exports.
            opener = burrow.Opener(path, instance, call_id=CALL)
            self.addCleanup(opener.close)
            self.assertEqual(opener.context, self.context(path, instance))
            opener.set_key(epoch, base, exported=True)
            group, _, _ = frames[0][0]
            document = opener.open(sealed, track=0, kind=burrow.Protected.CATALOGUE, group=group, key=True)
            self.assertIn("notes", json.loads(document)["burrow"]["data"])
        self.assertEqual(len(instances), 2)
        self.assertGreater(len(used), 80)
        self.assertEqual(bob.figures().forged_frames, 0)

    def test_what_a_relay_does_to_frames_is_counted_and_nothing_else(self) -> None:
        people, groups = self.friends(2)
        alice, bob = people
        alice.room = self.room(alice.engine, self.home, group=groups[0], call_id=CALL)
        path = alice.room.info.path
        tap = self.room(self.relays, self.home)
        tracks = [tap.subscribe(path, name, max_age_ms=9_000, start_group=0) for name in ("catalog.json", "1")]
        notes = alice.room.publish("notes", max_age_ms=60_000)
        count, frames = 40, [[], []]  # type: tuple[int, list[list[Any]]]
        alice.until(lambda: notes.stats.subscribers)
        for number in range(count):
            notes.push(b"note %d" % number, key=True)

        def captured() -> bool:
            for track, into in zip(tracks, frames, strict=True):
                while (frame := track.pull()) is not None:
                    into.append((frame.group, bytes(frame)))
                    frame.close()
            while self.relays.next_event(0) is not None:
                pass
            return bool(frames[0]) and len(frames[1]) == count

        alice.until(captured)
        alice.room.close()
        sealed = [frame for _, frame in sorted(frames[1])]
        away = self.relay(self.relays)
        bob.room = self.room(bob.engine, away, group=groups[1], path="", call_id=CALL)
        heard, read = bob.room.subscribe(path, "notes", max_age_ms=60_000), []
        evil = self.room(self.relays, away, path=path, prefix="nobody")
        offers, shown = evil.publish("catalog.json"), evil.publish("1", max_age_ms=60_000)
        for group in range(sorted(frames[0])[0][0] + 1):
            offers.push(frames[0][0][1] if group == frames[0][0][0] else b"\0", key=True)
        bob.until(lambda: shown.stats.subscribers)
        bad = set()
        for number, frame in enumerate(sealed):
            if number % 8 == 3:
                # One is damaged, the next is a repetition of the one before, and then two change places.
                frame = frame[:-1] + bytes([frame[-1] ^ 1])
            elif number % 8 == 4:
                frame = sealed[number - 2]
            elif number % 8 in (6, 7):
                frame = sealed[number ^ 1]
            if number % 8 in (3, 4, 6, 7):
                bad.add(number)
            shown.push(frame, key=True)

        def pull() -> None:
            while (frame := heard.pull()) is not None:
                read.append(bytes(frame))
                frame.close()

        def complete() -> bool:
            pull()
            stats = bob.room.stats
            return stats.forged_frames + stats.replayed_frames >= len(bad) and len(read) >= count - len(bad)

        bob.until(complete)
        figures = bob.figures()
        self.assertEqual(sorted(read), sorted(b"note %d" % n for n in range(count) if n not in bad))
        self.assertIn(figures.forged_frames + figures.replayed_frames - len(bad), range(frames[0][0][0] + 1))
        self.assertEqual(figures.unknown_key_frames, 0)


if __name__ == "__main__":
    unittest.main()
