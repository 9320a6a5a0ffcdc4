"""Protected rooms: who has the keys hears and sees, and nobody else does anything but count."""

from __future__ import annotations

import base64
import ctypes
import hashlib
import hmac
import json
import signal
import subprocess
import sys
import unittest
from typing import Any
from unittest import mock

from media_support import HEIGHT, WIDTH, MediaTest, joined, loudness, picture, tone
from support import PATIENCE, burrow, environment

CALL = b"a call"
SECRETS = {epoch: bytes([epoch]) * 32 for epoch in range(1, 10)}
LOUD, SILENT = 1_000, 400


class ProtectedTest(MediaTest):
    """Nobody is in a room yet."""

    def setUp(self) -> None:
        self.host = self.engine()
        self.home = self.relay(self.host)
        self.events: list[burrow.Event] = []

    def enter(self, path: str | None, *epochs: int, home: Any = None, **options: Any) -> burrow.Room:
        wishes = {"path": path, "protected": True, "call_id": CALL, **options}
        room = self.room(self.host, home or self.home, **wishes)
        for epoch in epochs:
            room.set_key(epoch, SECRETS[epoch])
        room.opened.wait(PATIENCE)
        return room

    def stats(self, room: burrow.Room) -> burrow.RoomStats:
        """Not those that were there before."""
        old = room.stats.measured_us
        self.until(lambda: room.stats.measured_us > old)
        return room.stats

    def take_all(self, track: burrow.Track, into: list[Any]) -> None:
        while (frame := track.pull()) is not None:
            into.append((frame.group, frame.sequence, bytes(frame)))
            frame.close()


class CallIdTest(ProtectedTest):
    def test_it_is_still_there_when_the_room_is_opened(self) -> None:
        """Its memory belongs to Python, and other memory of that size is taken between."""
        from burrow.room import lib

        seen, real = [], lib.burrow_room_open

        def look(engine: Any, config: Any, out: Any, request: Any) -> int:
            raw = config._obj
            seen.append(ctypes.string_at(raw.call_id, raw.call_id_len))
            return int(real(engine, config, out, request))

        call_id = bytes(range(200, 232))
        with mock.patch.object(lib, "burrow_room_open", look):
            self.enter(None, call_id=call_id)
        self.assertEqual(seen, [call_id])


class Listener:
    """Somebody who subscribes to Alice's sound and pictures, and what came of it."""

    def __init__(self, room: burrow.Room, cushion_ms: int = 0) -> None:
        self.room = room
        self.ear = room.subscribe_audio("alice", min_delay_ms=cushion_ms)
        self.eye = room.subscribe_video("alice")
        self.heard: dict[int, burrow.Sound] = {}
        self.seen: list[int] = []

    def step(self, number: int) -> None:
        self.heard[number] = self.ear.pull_audio(960)
        if self.eye.pull_video() is not None:
            self.seen.append(number)

    def loudest(self, begin: int, end: int) -> float:
        return loudness(joined([self.heard[number] for number in range(begin, end)]))

    def pictures(self, begin: int, end: int) -> list[int]:
        return [number for number in self.seen if begin <= number < end]


class CallTest(ProtectedTest):
    def test_keys_decide_who_hears_and_sees(self) -> None:
        alice = self.enter("alice", 1)
        microphone, camera = alice.publish_audio(), alice.publish_video()
        # What a busy machine does to a player in real time is not to be heard in Bob's ear.
        bob, carol = Listener(self.enter("bob", 1), cushion_ms=300), Listener(self.enter("carol", 1))
        stranger = Listener(self.enter(None))
        later = self.enter("dave")
        listeners = [bob, carol, stranger]
        dave: Listener | None = None
        began, concealed = burrow.now_us(), 0
        for number in self.every(4.4, 0.02):
            microphone.push_audio(tone(440, number), timestamp_us=began + number * 20_000)
            concealed = bob.ear.media_stats.concealed_us if number == 40 else concealed
            if number % 2 == 0:
                camera.push_video(picture(number), WIDTH, HEIGHT)
            if number == 70:
                # Somebody joins: all who are there get the next epoch, and the new one has no other.
                for room in (alice, bob.room, carol.room):
                    room.set_key(2, SECRETS[2])
                later.set_key(2, SECRETS[2])
                dave = Listener(later)
                listeners.append(dave)
            if number == 150:
                # Carol is removed.
                for room in (alice, bob.room):
                    room.set_key(3, SECRETS[3], removal=True)
                assert dave is not None
                dave.room.set_key(3, SECRETS[3])
            for listener in listeners:
                listener.step(number)
        assert dave is not None
        # Sound and pictures went on over both changes: every packet came, nothing was made up, and nothing is silent.
        for begin, end in ((40, 90), (90, 150), (150, 215)):
            tenths = [bob.loudest(at, at + 5) for at in range(begin, end, 5)]
            self.assertGreater(min(tenths), LOUD, tenths)
        heard = bob.ear.media_stats
        self.assertGreater(heard.frames, 190)
        made_up = (heard.concealed_us - concealed, heard.late_frames, heard.dropped_frames, heard.damaged_frames)
        self.assertEqual(made_up, (0, 0, 0, 0))
        steps = [b - a for a, b in zip(bob.seen, bob.seen[1:], strict=False) if a >= 40]
        self.assertLess(max(steps), 40, bob.seen)
        self.assertGreater(len(bob.pictures(150, 220)), 15)
        # Who joined begins with the first key frame of the epoch.
        self.assertLess(dave.seen[0], 145, dave.seen)
        self.assertGreater(dave.loudest(120, 150), LOUD)
        self.assertGreater(dave.loudest(180, 220), LOUD)
        # Who was removed has heard and seen all until then, and nothing afterwards.
        self.assertGreater(carol.loudest(100, 145), LOUD)
        self.assertLess(carol.loudest(180, 220), SILENT)
        self.assertEqual(carol.pictures(175, 220), [])
        self.assertEqual(len(self.stranger_saw(stranger)), 0)
        removed, without = self.stats(carol.room), self.stats(stranger.room)
        self.assertGreater(removed.unknown_key_frames, 30)
        self.assertEqual((without.opened_frames, without.newest_epoch), (0, -1))
        self.assertGreater(without.unknown_key_frames, 0)
        for room in (alice, bob.room, dave.room):
            figures = self.stats(room)
            # A newcomer also gets what is left of the group before its epoch.
            unknown = 0 if room is dave.room else figures.unknown_key_frames
            self.assertEqual((figures.forged_frames, unknown, figures.newest_epoch), (0, 0, 3))
        sent = self.stats(alice)
        self.assertEqual((sent.sealing_epoch, sent.unsealed_frames), (3, 0))
        told = self.of_kind(burrow.EventKind.PROTECTION)
        self.assertEqual({(event.status, event.text) for event in told}, {(burrow.KeyMissingError.code, "alice")})
        self.assertEqual({(e.state, e.value) for e in told if e.subject is carol.room}, {(3, 2)})
        self.assertEqual(next((e.state, e.value) for e in told if e.subject is stranger.room), (1, -1))
        self.assertLessEqual({event.subject for event in told}, {carol.room, stranger.room})

    def stranger_saw(self, stranger: Listener) -> list[int]:
        self.assertLess(stranger.loudest(0, len(stranger.heard)), 1)
        with self.assertRaises(burrow.NotFoundError):
            stranger.room.media("alice")
        return stranger.seen


def keys(instance: bytes, kid: int, secret: bytes, path: bytes = b"alice") -> tuple[bytes, bytes]:
    """The key and the salt of a track, made as the documentation says."""

    def expand(key: bytes, info: bytes, count: int) -> bytes:
        return hmac.digest(key, info + b"\x01", hashlib.sha256)[:count]

    context = bytes([len(CALL)]) + CALL + bytes([len(path)]) + path + instance
    base = expand(hmac.digest(b"burrow", secret, hashlib.sha256), b"SFrame 1.0 Base Key" + context, 16)
    sframe = hmac.digest(bytes(32), base, hashlib.sha256)
    number = kid.to_bytes(8, "big") + (4).to_bytes(2, "big")
    return (
        expand(sframe, b"SFrame 1.0 Secret key " + number, 16),
        expand(sframe, b"SFrame 1.0 Secret salt " + number, 12),
    )


def header(frame: bytes) -> tuple[int, int]:
    """The key number and the counter of an SFrame."""
    place = 1
    numbers = []
    for bits in (frame[0] >> 4, frame[0] & 15):
        if bits & 8:
            numbers.append(int.from_bytes(frame[place : place + (bits & 7) + 1], "big"))
            place += (bits & 7) + 1
        else:
            numbers.append(bits)
    return numbers[0], numbers[1]


def catalogue(document: bytes) -> tuple[bytes, bytes]:
    """The instance and the sealed part of a protected catalogue, which has nothing else."""
    whole = json.loads(document)
    assert list(whole) == ["burrow"] and set(whole["burrow"]) == {"v", "suite", "instance", "sealed"}, whole
    return bytes.fromhex(whole["burrow"]["instance"]), base64.b64decode(whole["burrow"]["sealed"])


PUBLISHER = """
import sys, burrow
engine = burrow.Engine()
room = engine.open_room(
    sys.argv[1], insecure=True, path="alice", protected=True, call_id=b"a call", keep_alive_ms=200
)
room.set_key(1, bytes([1]) * 32)
microphone, notes = room.publish_audio(), room.publish("notes")
for number in range(10**9):
    microphone.push_audio(bytes(1920))
    notes.push(b"PLAIN WORDS %d " % number * 4, key=number % 5 == 0)
    __import__("time").sleep(0.01)
"""


class WireTest(ProtectedTest):
    def test_a_restarted_publisher_repeats_no_nonce_and_shows_no_plaintext(self) -> None:
        home = self.relay(self.host, idle_timeout_ms=1_000)
        tap = self.room(self.host, home, keep_alive_ms=200)
        bob = self.enter("bob", 1, home=home, keep_alive_ms=200)
        notes, read = bob.subscribe("alice", "notes"), []
        used: dict[tuple[bytes, bytes], bytes] = {}
        instances = set()
        for _ in range(2):
            tracks = [tap.subscribe("alice", name, max_age_ms=5_000) for name in ("catalog.json", "1", "2")]
            frames: list[list[Any]] = [[], [], []]
            count = len(read)

            def step(_: int, tracks: Any = tracks, frames: Any = frames) -> None:
                for track, into in zip(tracks, frames, strict=True):
                    self.take_all(track, into)
                self.take_all(notes, read)

            process = subprocess.Popen([sys.executable, "-c", PUBLISHER, home.url], env=environment())
            try:
                self.until(lambda f=frames: f[0] and len(f[1]) > 20 and len(f[2]) > 20, step)
                self.until(lambda c=count: len(read) > c + 10, step)
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
            self.until(lambda: "alice" not in [entry.path for entry in tap.participants()], step)
            for track in tracks:
                track.close()
            documents = [catalogue(entry[2]) for entry in frames[0]]
            instances.add(documents[0][0])
            self.assertEqual(len({instance for instance, _ in documents}), 1)
            for frame in [sealed for _, sealed in documents] + [entry[2] for entry in frames[1] + frames[2]]:
                kid, counter = header(frame)
                key, salt = keys(documents[0][0], kid, SECRETS[1])
                nonce = bytes(a ^ b for a, b in zip(salt, counter.to_bytes(12, "big"), strict=True))
                self.assertNotIn((key, nonce), used)
                used[key, nonce] = frame
        self.assertEqual(len(instances), 2)
        self.assertGreater(len(used), 80)
        self.assertTrue(all(b"PLAIN WORDS" in frame for _, _, frame in read))
        wire = b"".join(used.values())
        for word in (b"PLAIN", b"WORDS", b"notes", b"opus", b"audio"):
            self.assertNotIn(word, wire)
        # Of who starts anew, a frame may overtake the catalogue that says how it is sealed; it is no more than dropped.
        self.assertLessEqual(self.stats(bob).forged_frames, 2)


NOTHING = b"\0"


class HostileTest(ProtectedTest):
    def capture(self, count: int) -> list[list[Any]]:
        """What a relay sees of Alice: catalogues, sound and pictures, each from its first group on."""
        tap = self.room(self.host, self.home)
        names = ("catalog.json", "1", "2")
        tracks = [tap.subscribe("alice", name, max_age_ms=9_000, start_group=0) for name in names]
        alice = self.enter("alice", 1)
        microphone = alice.publish_audio()
        viewer = Listener(self.enter(None, 1))
        self.until(lambda: microphone.info.state == burrow.TrackState.LIVE)
        camera = alice.publish_video(encoding=burrow.Encoding(keyframe_interval_ms=200))
        frames: list[list[Any]] = [[], [], []]

        def step(number: int) -> None:
            microphone.push_audio(tone(440, number))
            camera.push_video(picture(number), WIDTH, HEIGHT)
            viewer.step(number)
            for track, into in zip(tracks, frames, strict=True):
                self.take_all(track, into)

        self.until(lambda: min(len(frames[1]), len(frames[2])) > count, step)
        alice.close()
        for into in frames:
            into.sort()
            # Groups that were over before the relay asked for them are not to be had, and a camera that nobody watched for a
            # moment leaves one without a frame; something has to stand there.
            there = {entry[0] for entry in into}
            into += [(group, 0, NOTHING) for group in range(into[-1][0]) if group not in there]
            into.sort()
            self.assertEqual([entry[0] for entry in into if entry[1] == 0], list(range(into[-1][0] + 1)))
        return frames

    def test_what_a_relay_does_to_frames_is_counted_and_nothing_else(self) -> None:
        catalogues, sound, pictures = self.capture(40)
        # Now the relay shows them to Bob, in its own way.
        away = self.relay(self.host)
        evil = self.room(self.host, away, path="alice", prefix="nobody")
        bob = Listener(self.enter("bob", 1, home=away))
        offers = evil.publish("catalog.json")
        voice, scenes = evil.publish("1"), evil.publish("2")
        for _, _, document in catalogues:
            offers.push(document, key=True)
        self.until(lambda: voice.stats.subscribers and scenes.stats.subscribers)
        shown = list(sound)
        idle = [frame for _, _, frame in sound + pictures].count(NOTHING)
        forged = idle
        for at in range(10, len(shown) - 3, 8):
            # One is damaged, one takes the place of another, and two change places.
            shown[at] = (*shown[at][:2], shown[at][2][:-1] + bytes([shown[at][2][-1] ^ 1]))
            shown[at + 1] = (*shown[at + 1][:2], shown[at - 1][2])
            forged += 2
            if at + 3 < len(shown):
                shown[at + 2], shown[at + 3] = shown[at + 3], shown[at + 2]
                forged += 2
        for _, _, frame in shown:
            voice.push(frame, key=True)
        for number, (_, sequence, frame) in enumerate(pictures):
            spoiled = number > 10 and number % 7 == 3 and frame != NOTHING
            forged += spoiled
            scenes.push(bytes([*frame[:9], frame[9] ^ 255, *frame[10:]]) if spoiled else frame, key=sequence == 0)
        whole = len(sound) + len(pictures)
        figures = self.stats(bob.room)
        for number in self.every(1.0, 0.02):
            bob.step(number)
        figures = self.stats(bob.room)
        # Of the catalogues those that are overtaken do not come.
        self.assertIn(figures.forged_frames + figures.replayed_frames - forged, range(catalogues[-1][0] + 1), figures)
        self.assertGreater(figures.replayed_frames, 0)
        self.assertGreaterEqual(figures.opened_frames, whole - forged - 2, figures)
        self.assertEqual(bob.eye.media_stats.damaged_frames, 0)
        self.assertEqual(bob.ear.media_stats.damaged_frames, 0)
        # All of it once more, as if the publisher had begun anew: only the last group, which Bob asks for, is shown again.
        for track in (voice, scenes):
            track.close()
        self.until(lambda: bob.ear.info.state != burrow.TrackState.LIVE)
        voice, scenes = evil.publish("1"), evil.publish("2")
        self.until(lambda: voice.stats.subscribers and scenes.stats.subscribers)
        before = self.stats(bob.room)
        for _, _, frame in sound:
            voice.push(frame, key=True)
        for _, sequence, frame in pictures:
            scenes.push(frame, key=sequence == 0)
        for number in self.every(0.5, 0.02):
            bob.step(number)
        after = self.stats(bob.room)
        # What was spoilt the first time is fresh now; the rest is not.
        self.assertGreaterEqual(after.replayed_frames - before.replayed_frames, whole - forged - 40, after)
        self.assertEqual(after.forged_frames - figures.forged_frames, idle)
        # A flood of forgeries raises the alarm, once.
        for _ in range(150):
            voice.push(NOTHING, key=True)
        self.until(lambda: self.rejections(bob.room))
        self.assertEqual([(e.value, e.text) for e in self.rejections(bob.room)], [(100, "alice")])

    def rejections(self, room: burrow.Room) -> list[burrow.Event]:
        events = self.of_kind(burrow.EventKind.PROTECTION)
        return [e for e in events if e.subject is room and e.status == burrow.FrameRejectedError.code]

    def test_what_is_not_protected_is_not_let_in(self) -> None:
        clear = self.room(self.host, self.home, path="alice", prefix="nobody")
        microphone = clear.publish_audio()
        bob = Listener(self.enter("bob", 1))
        for number in self.every(0.4, 0.02):
            microphone.push_audio(tone(440, number))
            bob.step(number)
        self.assertLess(bob.loudest(0, 20), 1)
        self.assertGreater(self.stats(bob.room).unprotected_frames, 0)
        told = self.of_kind(burrow.EventKind.PROTECTION)
        self.assertEqual([(e.status, e.text) for e in told], [(burrow.UnsupportedError.code, "alice")])
        # Nor does anything go out without a key.
        tap = self.room(self.host, self.home)
        catalogues, caught = tap.subscribe("carol", "catalog.json"), []
        carol = self.enter("carol")
        words = carol.publish("words")
        for _ in range(20):
            words.push(b"PLAIN")
        self.until(lambda: self.stats(carol).unsealed_frames == 20)
        self.take_all(catalogues, caught)
        self.assertEqual(caught, [])
        carol.set_key(1, SECRETS[1])
        heard = bob.room.subscribe("carol", "words")
        self.until(lambda: words.stats.subscribers)
        words.push(b"SEALED", key=True)
        self.until(lambda: caught, lambda _: self.take_all(heard, caught))
        self.assertEqual([frame for _, _, frame in caught], [b"SEALED"])


class FramesTest(ProtectedTest):
    def test_frames_can_be_had_again_when_they_are_asked_for(self) -> None:
        alice, bob = self.enter("alice", 1), self.enter("bob", 1)
        notes = alice.publish("notes", max_age_ms=60_000)
        live, again, replayed, recorded = [], [], [], []
        track = bob.subscribe("alice", "notes")
        self.until(lambda: notes.stats.subscribers)
        for number in range(6):
            notes.push(b"note %d" % number, key=True)
            notes.push(b"more")
        self.until(lambda: len(live) == 12, lambda _: self.take_all(track, live))
        whole = [(n, i, (b"note %d" % n, b"more")[i]) for n in range(6) for i in range(2)]
        self.assertEqual(sorted(live), whole)
        track.fetch(2).wait(PATIENCE)
        self.until(lambda: len(again) == 2, lambda _: self.take_all(track, again))
        self.assertEqual(again, whole[4:6])
        # Who subscribes again gets the newest group, and older ones only of a recording.
        second = bob.subscribe("alice", "notes", start_group=0, max_age_ms=60_000)
        third = bob.subscribe("alice", "notes", start_group=0, max_age_ms=60_000, recorded=True)

        def step(_: int) -> None:
            self.take_all(second, replayed)
            self.take_all(third, recorded)

        self.until(lambda: len(replayed) == 2 and len(recorded) == 12, step)
        self.assertEqual(sorted(recorded), whole)
        self.assertEqual(replayed, whole[10:])
        self.assertEqual(self.stats(bob).replayed_frames, 10)
        self.assertEqual(self.stats(bob).forged_frames, 0)

    def test_arguments(self) -> None:
        clear = self.room(self.host, self.home)
        with self.assertRaises(burrow.WrongKindError):
            clear.set_key(1, SECRETS[1])
        with self.assertRaises(burrow.WrongKindError):
            clear.remove_key(1)
        with self.assertRaises(burrow.InvalidArgumentError):
            self.room(self.host, self.home, call_id=CALL)
        room = self.enter("alice", 5)
        for epoch, secret in ((5, SECRETS[5]), (4, SECRETS[4]), (6, b"short"), (6, b""), (6, bytes(1025))):
            with self.assertRaises(burrow.InvalidArgumentError):
                room.set_key(epoch, secret)
        self.until(lambda: self.stats(room).newest_epoch == 5)
        room.remove_key(5)
        self.until(lambda: self.stats(room).newest_epoch == -1)
        room.set_key(6, SECRETS[6])
        self.until(lambda: self.stats(room).sealing_epoch == 6)


if __name__ == "__main__":
    unittest.main()
