"""What a track can do besides carrying frames: versions, ranges, fetching, datagrams, losing the relay."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
import unittest
from typing import Any

from support import PATIENCE, AsyncLibraryTest, LibraryTest, burrow


class PairTest(LibraryTest):
    """Alice publishes, Bob listens."""

    def pair(self, version: int = 0, **track: Any) -> tuple[burrow.Engine, burrow.Room, burrow.Room, burrow.Track]:
        engine = self.engine()
        relay = self.relay(engine, versions=burrow.Version(version))
        alice = self.room(engine, relay, path="alice")
        bob = self.room(engine, relay)
        sent = alice.publish("data", max_age_ms=30_000, **track)
        alice.opened.wait(PATIENCE)
        bob.opened.wait(PATIENCE)
        return engine, alice, bob, sent

    def until(self, engine: burrow.Engine, condition: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it did not come about")
            engine.next_event(0.01)

    def frames(self, track: burrow.Track, count: int) -> list[tuple[int, int, bytes]]:
        found = []
        for _ in range(count):
            frame = track.next_frame(PATIENCE)
            self.assertIsNotNone(frame, f"only {found}")
            found.append((frame.group, frame.sequence, bytes(frame)))
            frame.close()
        return sorted(found)

    def test_every_version(self) -> None:
        for version in burrow.Version:
            if version == burrow.Version.ANY:
                continue
            with self.subTest(version.name):
                engine, alice, bob, sent = self.pair(version)
                self.assertEqual((alice.info.version, bob.info.version), (version, version))
                got = bob.subscribe("alice", "data", max_age_ms=30_000)
                self.until(engine, lambda sent=sent: sent.stats.subscribers == 1)
                sent.push(b"a", key=True, timestamp_us=5_000_000)
                sent.push(b"b", timestamp_us=5_020_000)
                first = got.next_frame(PATIENCE)
                second = got.next_frame(PATIENCE)
                self.assertEqual((bytes(first), bytes(second)), (b"a", b"b"))
                if version >= burrow.Version.LITE_05:
                    self.assertEqual((first.timestamp_us, second.timestamp_us), (5_000_000, 5_020_000))
                engine.close()

    def test_late_subscriber_gets_the_current_group_whole(self) -> None:
        engine, alice, bob, sent = self.pair()
        early = bob.subscribe("alice", "data", max_age_ms=30_000)
        self.until(engine, lambda: sent.stats.subscribers == 1)
        for number in range(3):
            sent.push(b"%d" % number, key=True)
            sent.push(b"%d+" % number)
        self.frames(early, 6)
        late = bob.subscribe("alice", "data", latest_only=True)
        self.assertEqual(self.frames(late, 2), [(2, 0, b"2"), (2, 1, b"2+")])
        sent.push(b"2++")
        self.assertEqual(self.frames(late, 1), [(2, 2, b"2++")])

    def test_two_subscriptions_of_one_track(self) -> None:
        engine, alice, bob, sent = self.pair()
        one = bob.subscribe("alice", "data", max_age_ms=30_000)
        two = bob.subscribe("alice", "data", max_age_ms=30_000)
        self.until(engine, lambda: sent.stats.subscribers >= 1)
        for number in range(5):
            sent.push(b"%d" % number, key=True)
            expected = [(number, 0, b"%d" % number)]
            self.assertEqual(self.frames(one, 1), expected)
            self.assertEqual(self.frames(two, 1), expected)
        one.end()
        sent.push(b"rest", key=True)
        self.assertEqual(self.frames(two, 1), [(5, 0, b"rest")])
        two.close()
        self.until(engine, lambda: sent.stats.subscribers == 0)

    def test_range_of_what_is_here_already(self) -> None:
        engine, alice, bob, sent = self.pair()
        keeper = bob.subscribe("alice", "data", max_age_ms=30_000)
        self.until(engine, lambda: sent.stats.subscribers == 1)
        for number in range(6):
            sent.push(b"%d" % number, key=True, end_of_group=True)
        self.frames(keeper, 6)
        part = bob.subscribe("alice", "data", max_age_ms=30_000, start_group=2, end_group=4)
        self.assertEqual([group for group, _, _ in self.frames(part, 3)], [2, 3, 4])
        sent.push(b"6", key=True)
        self.frames(keeper, 1)
        self.assertIsNone(part.next_frame(0.2))

    def test_range_of_what_the_publisher_keeps(self) -> None:
        for version in (burrow.Version.LITE_05, burrow.Version.LITE_03):
            with self.subTest(version.name):
                engine, alice, bob, sent = self.pair(version)
                for number in range(6):
                    sent.push(b"%d" % number, key=True, end_of_group=True)
                part = bob.subscribe("alice", "data", max_age_ms=30_000, start_group=2, end_group=4)
                self.assertEqual([group for group, _, _ in self.frames(part, 3)], [2, 3, 4])
                sent.push(b"6", key=True)
                self.assertIsNone(part.next_frame(0.2))
                engine.close()

    def test_fetch(self) -> None:
        engine, alice, bob, sent = self.pair(burrow.Version.LITE_05)
        got = bob.subscribe("alice", "data", max_age_ms=30_000)
        self.until(engine, lambda: sent.stats.subscribers == 1)
        for number in range(4):
            sent.push(b"%d" % number, key=True)
            sent.push(b"%d+" % number, end_of_group=True)
        self.frames(got, 8)
        request = got.fetch(1)
        request.wait(PATIENCE)
        again = [got.next_frame(PATIENCE) for _ in range(2)]
        self.assertEqual([(frame.group, bytes(frame)) for frame in again if frame], [(1, b"1"), (1, b"1+")])
        self.assertTrue(all(frame.flags & burrow.FrameFlags.FETCHED for frame in again if frame))
        with self.assertRaises(burrow.NotFoundError):
            got.fetch(77).wait(PATIENCE)
        with self.assertRaises(burrow.LimitError):
            got.fetch(-1)
        with self.assertRaises(burrow.WrongKindError):
            sent.fetch(0)

    def test_fetch_needs_a_newer_version(self) -> None:
        engine, alice, bob, sent = self.pair(burrow.Version.LITE_04)
        got = bob.subscribe("alice", "data", max_age_ms=30_000)
        self.until(engine, lambda: sent.stats.subscribers == 1)
        sent.push(b"x", key=True)
        self.frames(got, 1)
        with self.assertRaises(burrow.VersionError):
            got.fetch(99).wait(PATIENCE)

    def test_datagrams(self) -> None:
        for version in (burrow.Version.LITE_05, burrow.Version.LITE_03):
            with self.subTest(version.name):
                engine, alice, bob, sent = self.pair(version)
                got = bob.subscribe("alice", "data", max_age_ms=30_000)
                self.until(engine, lambda sent=sent: sent.stats.subscribers == 1)
                # Datagrams may be lost, even here; ten of them are not.
                for number in range(10):
                    sent.push(b"%d" % number, datagram=True)
                frame = got.next_frame(PATIENCE)
                self.assertIsNotNone(frame)
                self.assertRegex(bytes(frame), rb"^\d$")
                self.assertEqual(bool(frame.flags & burrow.FrameFlags.DATAGRAM), version == burrow.Version.LITE_05)
                engine.close()

    def test_update(self) -> None:
        engine, alice, bob, sent = self.pair()
        got = bob.subscribe("alice", "data", priority=10, max_age_ms=30_000)
        self.until(engine, lambda: sent.stats.subscribers == 1)
        got.update(priority=200, max_age_ms=2_000, ordered=True)
        info = got.info
        self.assertEqual((info.priority, info.max_age_ms), (200, 2_000))
        sent.push(b"x", key=True)
        self.frames(got, 1)
        for wrong in ({"priority": 256}, {"priority": 1000}):
            with self.assertRaises(burrow.BurrowError):
                got.update(**wrong)

    def test_large_frame_and_limit(self) -> None:
        engine, alice, bob, sent = self.pair()
        got = bob.subscribe("alice", "data", max_age_ms=30_000)
        self.until(engine, lambda: sent.stats.subscribers == 1)
        large = bytes(range(256)) * 16_000
        self.assertTrue(sent.push(large, key=True, end_of_group=True))
        frame = got.next_frame(PATIENCE)
        self.assertIsNotNone(frame)
        self.assertEqual(hashlib.sha256(frame.data).digest(), hashlib.sha256(large).digest())
        with self.assertRaises(burrow.LimitError):
            sent.push(bytes(16 * 1024 * 1024 + 1), key=True)

    def test_track_ends_when_its_publisher_leaves(self) -> None:
        engine, alice, bob, sent = self.pair()
        got = bob.subscribe("alice", "data", max_age_ms=30_000)
        self.until(engine, lambda: sent.stats.subscribers == 1)
        sent.push(b"last words", key=True)
        self.frames(got, 1)
        alice.leave().wait(PATIENCE)
        self.until(engine, lambda: not bob.participants())

    def test_names_and_paths(self) -> None:
        engine, alice, bob, sent = self.pair()
        with self.assertRaises(burrow.BurrowError):
            alice.publish("")
        with self.assertRaises(burrow.BurrowError):
            alice.publish("n" * 300)
        with self.assertRaises(ValueError):
            alice.publish("a\0b")
        odd = alice.publish("ä/ö \n%41\U0001f426")
        got = bob.subscribe("alice", "ä/ö \n%41\U0001f426", max_age_ms=30_000)
        self.until(engine, lambda: odd.stats.subscribers == 1)
        odd.push(b"x", key=True)
        self.frames(got, 1)
        self.assertEqual(got.info.name, "ä/ö \n%41\U0001f426")


class TokenTest(LibraryTest):
    """A relay that wants tokens."""

    SECRET = b"0123456789abcdef0123456789abcdef"

    def key(self) -> str:
        return json.dumps({"kty": "oct", "alg": "HS256", "key_ops": ["verify"], "k": self.encoded(self.SECRET)})

    def token(self, **claims: Any) -> str:
        parts = [{"typ": "JWT", "alg": "HS256"}, {"root": "room", "put": [""], "get": [""], **claims}]
        text = ".".join(self.encoded(json.dumps(part).encode()) for part in parts)
        return text + "." + self.encoded(hmac.new(self.SECRET, text.encode(), hashlib.sha256).digest())

    @staticmethod
    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    def test_accepted_and_refused(self) -> None:
        engine = self.engine()
        relay = engine.start_relay(jwt_keys=self.key())
        relay.started.wait(PATIENCE)

        def enter(way: str) -> burrow.Room:
            room = engine.open_room(relay.url + way, pins=[relay.info.fingerprint])
            room.opened.wait(PATIENCE)
            return room

        enter(f"/room?jwt={self.token()}")
        enter(f"/room/inner?jwt={self.token(exp=int(time.time()) + 60)}")
        for wrong in ("", "/room", f"/other?jwt={self.token()}", f"/room?jwt={self.token(exp=1)}", "/room?jwt=x"):
            with self.subTest(wrong), self.assertRaises(burrow.UnauthorizedError):
                enter(wrong)


class LossTest(AsyncLibraryTest):
    """The relay goes away and comes back."""

    async def test_reconnect(self) -> None:
        async with asyncio.timeout(PATIENCE * 2):
            await self.reconnect()

    async def reconnect(self) -> None:
        elsewhere = burrow.Engine()
        self.addCleanup(elsewhere.close)
        first = elsewhere.start_relay(open=True, host_names=["localhost"])
        await first.started
        address, fingerprint = first.info.address, first.info.fingerprint
        async with burrow.Engine() as engine:
            stream = engine.events()
            alice = engine.open_room(f"moqt://{address}", insecure=True, path="alice", reconnect_max_ms=300)
            bob = engine.open_room(f"moqt://{address}", insecure=True, reconnect_max_ms=300)
            await alice.opened
            await bob.opened
            sent = alice.publish("data", max_age_ms=30_000)
            got = bob.subscribe("alice", "data", max_age_ms=30_000)
            await self.heard(sent, got, b"before")
            await first.stop()
            elsewhere.close()
            await self.state(stream, burrow.RoomState.RECONNECTING)
            other = burrow.Engine()
            self.addCleanup(other.close)
            second = other.start_relay(address, open=True)
            await second.started
            self.assertNotEqual(second.info.fingerprint, fingerprint)
            await self.state(stream, burrow.RoomState.RESTORED)
            await self.heard(sent, got, b"after")
            self.assertGreaterEqual(bob.info.reconnects, 1)

    async def heard(self, sent: burrow.Track, got: burrow.Track, what: bytes) -> None:
        """Says something again and again until it arrives."""
        async def speak() -> None:
            while True:
                await sent.send(what, key=True)
                await asyncio.sleep(0.05)

        speaking = asyncio.create_task(speak())
        async for frame in got:
            if bytes(frame) == what:
                break
        speaking.cancel()

    async def state(self, stream: burrow.EventStream, state: burrow.RoomState) -> None:
        async for event in stream:
            if event.kind == burrow.EventKind.ROOM_STATE and event.state == state:
                return
        self.fail(f"no {state!r}")


if __name__ == "__main__":
    unittest.main()
