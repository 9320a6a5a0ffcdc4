"""Rooms, tracks and frames through a relay in the same process."""

from __future__ import annotations

import array
import asyncio
import gc
import json
import tempfile
import threading
import time
import unittest
from pathlib import Path

from support import PATIENCE, AsyncLibraryTest, LibraryTest, burrow


class ThreadTest(LibraryTest):
    """Without an event loop."""

    def test_publish_and_subscribe(self) -> None:
        engine = self.engine()
        relay = self.relay(engine)
        alice = self.room(engine, relay, path="alice")
        bob = self.room(engine, relay)
        sent = alice.publish("data", max_age_ms=10_000)
        got = bob.subscribe("alice", "data", max_age_ms=10_000)
        alice.opened.wait(PATIENCE)
        bob.opened.wait(PATIENCE)
        self.assertIn(alice.info.version, list(burrow.Version))
        wait_for_subscriber(self, engine, sent)
        for number in range(5):
            self.assertTrue(sent.push(b"%d" % number, key=True, timestamp_us=1000 * (number + 1), end_of_group=True))
        frames = [got.next_frame(PATIENCE) for _ in range(5)]
        self.assertEqual([bytes(frame) for frame in frames if frame], [b"0", b"1", b"2", b"3", b"4"])
        self.assertEqual([frame.sequence for frame in frames if frame], [0] * 5)
        self.assertEqual(len({frame.group for frame in frames if frame}), 5)
        self.assertTrue(all(frame.is_key for frame in frames if frame))
        self.assertEqual(got.info.direction, burrow.Direction.SUBSCRIBED)
        sent.end()
        self.assertIsNone(got.next_frame(PATIENCE))
        self.assertEqual(got.info.state, burrow.TrackState.ENDED)

    def test_qlog_files(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            # The second run does not write over the files of the first.
            for _ in range(2):
                with burrow.Engine() as engine:
                    relay = engine.start_relay("127.0.0.1:0", open=True, qlog_dir=folder, reset_secret=bytes(32))
                    relay.started.wait(PATIENCE)
                    room = engine.open_room(f"moqt://{relay.info.address}", insecure=True, qlog_dir=folder)
                    room.opened.wait(PATIENCE)
                    room.leave().wait(PATIENCE)
            files = sorted(Path(folder).iterdir())
            self.assertEqual([file.suffix for file in files], [".sqlog"] * 4)
            for file in files:
                # JSON text sequences (RFC 7464): a record separator before every line.
                records = [json.loads(line) for line in file.read_text().replace("\x1e", "").splitlines() if line]
                self.assertEqual(records[0]["qlog_format"], "JSON-SEQ")
                self.assertTrue(any(record.get("name") == "transport:packet_sent" for record in records))

    def test_buffers_of_all_kinds(self) -> None:
        engine = self.engine()
        relay = self.relay(engine)
        alice = self.room(engine, relay, path="alice")
        bob = self.room(engine, relay)
        sent = alice.publish("data", max_age_ms=10_000)
        got = bob.subscribe("alice", "data", max_age_ms=10_000)
        wait_for_subscriber(self, engine, sent)
        text = b"burrow!!"
        words = array.array("H", [1, 2, 3])
        kinds = [
            text, bytearray(text), memoryview(text), memoryview(bytearray(text))[::2], words, b"", memoryview(b""),
            memoryview(bytearray(16)).cast("B", (4, 4)),
        ]  # fmt: skip
        for kind in kinds:
            self.assertTrue(sent.push(kind, key=True))
        for kind in kinds:
            frame = got.next_frame(PATIENCE)
            self.assertIsNotNone(frame)
            self.assertEqual(bytes(frame), memoryview(kind).tobytes())
        with self.assertRaises(TypeError):
            sent.push("text")
        with self.assertRaises(TypeError):
            sent.push(None)
        # A pushed bytearray is not locked afterwards.
        kinds[1].append(1)

    def test_views_outlive_everything(self) -> None:
        """A slice of a frame stays readable when the frame, the track, the room and the engine are gone."""
        engine = burrow.Engine()
        relay = self.relay(engine)
        alice = self.room(engine, relay, path="alice")
        bob = self.room(engine, relay)
        sent = alice.publish("data", max_age_ms=10_000)
        got = bob.subscribe("alice", "data", max_age_ms=10_000)
        wait_for_subscriber(self, engine, sent)
        sent.push(b"x" * 100_000, key=True)
        frame = got.next_frame(PATIENCE)
        self.assertIsNotNone(frame)
        part = frame.data[10:20]
        self.assertTrue(part.readonly)
        with self.assertRaises(TypeError):
            part[0] = 0
        frame.close()
        frame.close()
        with self.assertRaises(ValueError):
            _ = frame.data
        for thing in (got, sent, bob, alice, relay):
            thing.close()
        engine.close()
        gc.collect()
        self.assertEqual(bytes(part), b"x" * 10)
        self.assertEqual(engine._loans.count, 1)
        del part, frame
        gc.collect()
        self.assertEqual(engine._loans.count, 0)

    def test_loans_are_limited_and_come_back(self) -> None:
        engine = self.engine()
        relay = self.relay(engine)
        alice = self.room(engine, relay, path="alice")
        bob = self.room(engine, relay)
        sent = alice.publish("data", max_age_ms=30_000)
        got = bob.subscribe("alice", "data", max_age_ms=30_000)
        wait_for_subscriber(self, engine, sent)
        for number in range(100):
            self.assertTrue(sent.push(b"%d" % number, key=number == 0))
        kept = [got.next_frame(PATIENCE) for _ in range(64)]
        self.assertNotIn(None, kept)
        self.assertIsNone(got.pull())
        kept.clear()
        gc.collect()
        rest = []
        while len(rest) < 36 and (frame := got.next_frame(PATIENCE)) is not None:
            rest.append(bytes(frame))
            frame.close()
        self.assertEqual(rest, [b"%d" % number for number in range(64, 100)])

    def test_wrong_kind(self) -> None:
        engine = self.engine()
        relay = self.relay(engine)
        alice = self.room(engine, relay, path="alice")
        bob = self.room(engine, relay)
        sent = alice.publish("data")
        got = bob.subscribe("alice", "data")
        with self.assertRaises(burrow.WrongKindError):
            sent.pull()
        with self.assertRaises(burrow.WrongKindError):
            got.push(b"x")
        with self.assertRaises(burrow.WrongKindError):
            sent.update(priority=1)
        with self.assertRaises(burrow.WrongKindError):
            bob.publish("data")
        with self.assertRaises(burrow.ExistsError):
            alice.publish("data")
        sent.end()
        with self.assertRaises(burrow.ClosedError):
            sent.push(b"x")

    def test_participants_and_snapshots(self) -> None:
        engine = self.engine()
        relay = self.relay(engine)
        bob = self.room(engine, relay)
        bob.opened.wait(PATIENCE)
        people = [self.room(engine, relay, path=f"people/{number}") for number in range(20)]
        for person in people:
            person.publish("data")
        deadline = time.monotonic() + PATIENCE
        while len(bob.participants()) < 20 and time.monotonic() < deadline:
            engine.next_event(0.1)
        there = bob.participants()
        self.assertEqual({entry.path for entry in there}, {f"people/{number}" for number in range(20)})
        self.assertEqual(len({entry.id for entry in there}), 20)
        self.assertEqual(bob.info.participant_count, 20)
        self.assertGreater(bob.stats.mtu, 0)
        self.assertIsInstance(bob.stats_json(), dict)
        self.assertIsInstance(relay.stats_json(), dict)
        people[7].leave().wait(PATIENCE)
        while len(bob.participants()) > 19 and time.monotonic() < deadline:
            engine.next_event(0.1)
        self.assertNotIn("people/7", [entry.path for entry in bob.participants()])

    def test_releasing_a_room_leaves_it(self) -> None:
        engine = self.engine()
        relay = self.relay(engine)
        bob = self.room(engine, relay)
        alice = self.room(engine, relay, path="alice")
        alice.publish("data")
        wait_until(self, engine, lambda: len(bob.participants()) == 1)
        del alice
        gc.collect()
        wait_until(self, engine, lambda: not bob.participants())

    def test_failed_connection(self) -> None:
        engine = self.engine()
        room = engine.open_room("moqt://127.0.0.1:1", path="alice", insecure=True, connect_timeout_ms=500)
        with self.assertRaises((burrow.TransportError, burrow.DeadlineError)) as caught:
            room.opened.wait(PATIENCE)
        self.assertTrue(caught.exception.text)
        self.assertEqual(room.info.state, burrow.RoomState.CLOSED)
        with self.assertRaises(burrow.ClosedError):
            room.publish("late")

    def test_two_threads_wait_for_different_things(self) -> None:
        engine = self.engine()
        relay = self.relay(engine)
        rooms = [self.room(engine, relay) for _ in range(8)]
        failures: list[BaseException] = []

        def wait(room: burrow.Room) -> None:
            try:
                room.opened.wait(PATIENCE)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=wait, args=(room,)) for room in rooms]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual(failures, [])
        self.assertTrue(all(room.opened.done for room in rooms))

    def test_calls_from_many_threads(self) -> None:
        engine = self.engine()
        relay = self.relay(engine)
        alice = self.room(engine, relay, path="alice")
        tracks = [alice.publish(str(number)) for number in range(4)]
        stop = time.monotonic() + 1.0
        failures: list[BaseException] = []

        def hammer(number: int) -> None:
            try:
                while time.monotonic() < stop:
                    tracks[number % 4].push(b"x" * 100, key=True)
                    _ = alice.info, alice.stats, relay.info
                    bob = self.room(engine, relay)
                    bob.subscribe("alice", str(number % 4)).close()
                    bob.close()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=hammer, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            engine.next_event(0.01)
        self.assertEqual(failures, [])


class AsyncTest(AsyncLibraryTest):
    """In an event loop."""

    async def test_publish_and_subscribe(self) -> None:
        async with burrow.Engine() as engine, self.relay(engine) as relay:
            async with self.room(engine, relay, path="alice") as alice, self.room(engine, relay) as bob:
                sent = alice.publish("data", max_age_ms=10_000)
                got = bob.subscribe("alice", "data", max_age_ms=10_000)

                async def speak() -> None:
                    while sent.stats.subscribers == 0:
                        await asyncio.sleep(0.01)
                    for number in range(50):
                        await sent.send(b"%d" % number, key=number % 10 == 0)
                    sent.end()

                speaking = asyncio.create_task(speak())
                received = []
                async with asyncio.timeout(PATIENCE):
                    async for frame in got:
                        received.append((frame.group, frame.sequence, bytes(frame)))
                await speaking
                # Groups may overtake each other; inside a group the order is the order.
                self.assertEqual([data for _, _, data in sorted(received)], [b"%d" % number for number in range(50)])

    async def test_events_tell_the_story(self) -> None:
        async with burrow.Engine() as engine:
            stream = engine.events()
            async with self.relay(engine) as relay, self.room(engine, relay) as bob:
                alice = self.room(engine, relay, path="alice")
                alice.publish("data")
                async with asyncio.timeout(PATIENCE):
                    joined = await first(stream, burrow.EventKind.PARTICIPANT_JOINED)
                    self.assertEqual((joined.text, joined.subject), ("alice", bob))
                    self.assertNotEqual(joined.participant, 0)
                    await alice.leave()
                    left = await first(stream, burrow.EventKind.PARTICIPANT_LEFT)
                    self.assertEqual((left.text, left.participant), ("alice", joined.participant))

    async def test_events_before_the_stream_are_not_lost(self) -> None:
        async with burrow.Engine() as engine:
            async with self.relay(engine):
                pass
            async with asyncio.timeout(PATIENCE):
                state = await first(engine.events(), burrow.EventKind.RELAY_STATE)
            self.assertEqual(state.state, burrow.RelayState.LISTENING)

    async def test_two_streams_see_the_same(self) -> None:
        async with burrow.Engine() as engine:
            one, two = engine.events(), engine.events()
            async with self.relay(engine), asyncio.timeout(PATIENCE):
                first_kinds = [(await anext(one)).kind for _ in range(2)]
                second_kinds = [(await anext(two)).kind for _ in range(2)]
            self.assertEqual(first_kinds, second_kinds)

    async def test_streams_end_with_the_engine(self) -> None:
        engine = burrow.Engine()
        stream = engine.events()
        waiting = asyncio.create_task(collect(stream))
        await asyncio.sleep(0)
        engine.close()
        async with asyncio.timeout(PATIENCE):
            self.assertIsInstance(await waiting, list)

    async def test_frames_end_when_the_engine_closes_underneath(self) -> None:
        engine = burrow.Engine()
        relay = self.relay(engine)
        await relay.started
        got = self.room(engine, relay).subscribe("nobody", "nothing")
        waiting = asyncio.create_task(collect(got))
        await asyncio.sleep(0.05)
        engine.close()
        async with asyncio.timeout(PATIENCE):
            self.assertEqual(await waiting, [])

    async def test_cancelled_wait(self) -> None:
        async with burrow.Engine() as engine, self.relay(engine) as relay:
            got = self.room(engine, relay).subscribe("nobody", "nothing")
            waiting = asyncio.create_task(collect(got))
            await asyncio.sleep(0.05)
            waiting.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await waiting
            self.assertIsNone(got.pull())

    async def test_failure_is_raised_where_it_is_awaited(self) -> None:
        async with burrow.Engine() as engine:
            with self.assertRaises((burrow.TransportError, burrow.DeadlineError)):
                async with engine.open_room("moqt://127.0.0.1:1", insecure=True, connect_timeout_ms=500):
                    self.fail("connected to nobody")

    async def test_cancelled_request(self) -> None:
        async with burrow.Engine() as engine:
            room = engine.open_room("moqt://127.0.0.1:1", insecure=True, connect_timeout_ms=60_000)
            room.opened.cancel()
            async with asyncio.timeout(PATIENCE):
                with self.assertRaises(burrow.BurrowError):
                    await room.opened

    async def test_wrong_pin(self) -> None:
        async with burrow.Engine() as engine, self.relay(engine) as relay:
            with self.assertRaises(burrow.TlsWrongPinError):
                async with engine.open_room(relay.url, pins=[bytes(32)]):
                    self.fail("trusted a stranger")

    async def test_another_loop_later(self) -> None:
        engine = burrow.Engine()
        self.addCleanup(engine.close)

        def elsewhere() -> None:
            async def use() -> None:
                async with asyncio.timeout(PATIENCE):
                    await self.relay(engine).started

            for _ in range(2):
                asyncio.run(use())

        await asyncio.to_thread(elsewhere)
        async with asyncio.timeout(PATIENCE):
            await self.relay(engine).started


async def first(stream: burrow.EventStream, kind: burrow.EventKind) -> burrow.Event:
    async for event in stream:
        if event.kind == kind:
            return event
    raise AssertionError(f"no {kind!r}")


async def collect(things: object) -> list[object]:
    return [thing async for thing in things]  # type: ignore[attr-defined]


def wait_until(test: unittest.TestCase, engine: burrow.Engine, condition: object) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():  # type: ignore[operator]
        test.assertLess(time.monotonic(), deadline, "it did not come about")
        engine.next_event(0.02)


def wait_for_subscriber(test: unittest.TestCase, engine: burrow.Engine, track: burrow.Track) -> None:
    wait_until(test, engine, lambda: track.stats.subscribers > 0)


if __name__ == "__main__":
    unittest.main()
