"""Calls of two and three people in one process, each with an engine of their own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import unittest

from call_support import Friend, FriendsTest
from support import PATIENCE, AsyncLibraryTest, burrow, environment


class PairTest(FriendsTest):
    def test_ring_accept_talk_mute_hang_up(self) -> None:
        alice, bob = self.friends("alice", "bob")
        call = alice.start(video=True)
        self.assertEqual(call.state, burrow.CallState.OUTGOING)
        self.until(lambda: call.started.done)
        call.started.wait(0)
        incoming = self.rings(bob)
        self.assertIs(bob.me.next_call(0), incoming)
        self.assertIsNone(bob.me.next_call(0))
        info = incoming.info
        self.assertEqual((info.caller, info.call_id, info.is_video), (alice.pubkey, call.info.call_id, True))
        self.assertEqual((info.is_outgoing, call.info.is_outgoing), (False, True))
        self.assertEqual((incoming.group.id, incoming.identity), (bob.group.id, bob.me))
        with self.assertRaises(burrow.ClosedError):
            _ = incoming.room
        # The other side knows that it rings.
        self.until(lambda: call.detail == burrow.CallDetail.REMOTE_RINGING)
        # Nobody is in the room before they agreed to be.
        self.until(lambda: self.home.info.broadcasts == 1)
        self.assertEqual(self.home.info.sessions, 1)
        accepted = bob.take(incoming)
        self.all_active([alice, bob])
        self.until(lambda: accepted.done)
        accepted.wait(0)
        call.active.wait(0)
        self.assertEqual(call.info.relay.split("?")[0].rstrip("/"), self.home.url.rstrip("/"))
        self.until(lambda: alice.hears(bob) and bob.hears(alice) and alice.sees(bob) and bob.sees(alice))
        self.assertEqual([member.pubkey for member in call.members()], [bob.pubkey])

        call.set_muted(True)
        self.until(lambda: [member.is_muted for member in bob.member(alice)] == [True])
        call.set_muted(False)
        call.set_video(False)
        self.until(lambda: [(m.is_muted, m.has_video) for m in bob.member(alice)] == [(False, False)])

        hanging = call.hang_up()
        self.all_over([alice, bob])
        self.until(lambda: hanging.done)
        hanging.wait(0)
        self.assertEqual((call.reason, incoming.reason), (burrow.CallReason.HANGUP, burrow.CallReason.REMOTE_HANGUP))
        self.assertEqual(incoming.over.wait(0), burrow.CallReason.REMOTE_HANGUP)
        self.assertEqual((alice.me.calls, bob.me.calls), ([], []))
        with self.assertRaises(burrow.BurrowError):
            call.hang_up().wait(PATIENCE)
        self.until(lambda: self.home.info.broadcasts == 0)

    def test_decline_busy_and_cancel(self) -> None:
        alice, bob = self.friends("alice", "bob")
        declined = alice.start()
        self.rings(bob).decline().wait(PATIENCE)
        self.until(lambda: declined.is_over)
        self.assertEqual(declined.reason, burrow.CallReason.DECLINED)
        with self.assertRaises(burrow.CallEndedError) as caught:
            declined.active.wait(0)
        self.assertEqual(caught.exception.reason, burrow.CallReason.DECLINED)
        # Taken back before it is answered, by giving the object back.
        taken_back = alice.start()
        ringing = self.rings(bob)
        taken_back.close()
        self.until(lambda: ringing.is_over)
        self.assertIn(ringing.reason, (burrow.CallReason.MISSED, burrow.CallReason.CANCELLED))
        # Who is in a call is busy for others.
        talking = alice.start()
        bob.take(self.rings(bob))
        self.all_active([alice, bob])
        carol = self.friend("carol")
        carol.me.publish_key_package().wait(PATIENCE)
        groups = self.found([bob, carol])
        busy = carol.start(groups[1])
        self.until(lambda: busy.is_over)
        self.assertEqual(busy.reason, burrow.CallReason.BUSY)
        self.assertEqual(talking.state, burrow.CallState.ACTIVE)
        with self.assertRaises(burrow.BurrowError):
            alice.me.start_call(alice.group, relays=self.home.url).started.wait(PATIENCE)
        talking.hang_up()
        self.all_over([alice, bob])


class GroupTest(FriendsTest):
    def test_late_join_and_the_end_for_all(self) -> None:
        alice, bob, carol = people = self.friends("alice", "bob", "carol")
        call = alice.start()
        at_carol = self.rings(carol)
        bob.take(self.rings(bob))
        self.all_active([alice, bob])
        self.until(lambda: alice.hears(bob) and bob.hears(alice))
        # She does not want to, and nobody is told; it goes on without her.
        at_carol.decline()
        available = self.rings(carol, burrow.CallState.AVAILABLE)
        self.assertEqual(available.info.call_id, call.info.call_id)
        call.set_muted(True)
        self.until(lambda: all(member.is_muted for member in bob.member(alice)) and bob.member(alice))
        # Then she does, and sees how everybody is, although that was said before she came.
        carol.take(available)
        self.all_active(people)
        self.until(lambda: carol.hears(bob) and alice.hears(carol) and bob.hears(carol))
        self.until(lambda: [member.is_muted for member in carol.member(alice)] == [True])
        self.assertEqual({member.pubkey for member in call.members()}, {bob.pubkey, carol.pubkey})
        # One leaves, and the others go on.
        bob.call.hang_up()
        self.until(lambda: not any(member.is_present for member in alice.member(bob) + carol.member(bob)))
        self.assertEqual((call.state, carol.call.state), (burrow.CallState.ACTIVE, burrow.CallState.ACTIVE))
        call.hang_up(for_all=True)
        self.all_over(people)
        self.assertEqual(carol.call.reason, burrow.CallReason.REMOTE_HANGUP)


class CoroutineTest(AsyncLibraryTest):
    async def test_in_coroutines(self) -> None:
        test = FriendsTest()

        def prepare() -> list[Friend]:
            test.setUp()
            return test.friends("alice", "bob")

        try:
            alice, bob = await asyncio.to_thread(prepare)
            answered = asyncio.Event()
            answering = asyncio.create_task(self.answer(test, bob, answered))
            async with alice.me.start_call(alice.group, relays=test.home.url, connection=test.connection) as call:
                room = await call.entered
                self.assertIs(room, call.room)
                talking = asyncio.create_task(self.talk(room))
                await asyncio.wait_for(call.active, PATIENCE)
                async for members in call.roster():
                    if any(member.is_announced for member in members):
                        break
                await asyncio.wait_for(answered.wait(), PATIENCE)
                talking.cancel()
            self.assertEqual(call.reason, burrow.CallReason.HANGUP)
            self.assertEqual(await asyncio.wait_for(answering, PATIENCE), burrow.CallReason.REMOTE_HANGUP)
        finally:
            for person in test.people:
                person.engine.close()
            test.doCleanups()

    async def answer(self, test: FriendsTest, bob: Friend, answered: asyncio.Event) -> int:
        async for call in bob.me.incoming():
            accepted = call.accept(connection=test.connection)
            talking = asyncio.create_task(self.talk(await call.entered))
            await accepted
            answered.set()
            reason = await call.over
            talking.cancel()
            return int(reason)
        return -1

    async def talk(self, room: burrow.Room) -> None:
        track = room.publish_audio()
        while True:
            track.push_audio(bytes(1920))
            await asyncio.sleep(0.02)


LEAVES = """
import contextlib, sys
from call_support import FriendsTest, burrow
test = FriendsTest()
test.setUp()
alice, bob = test.friends("alice", "bob")
alice.start(video=True)
bob.take(test.rings(bob))
test.all_active([alice, bob])
test.until(lambda: alice.hears(bob))
print("active", flush=True)
if sys.argv[1] == "thread":
    import threading, time
    def go_on():
        # Its engines go while it runs.
        with contextlib.suppress(burrow.BurrowError):
            test.until(lambda: False, patience=60)
    threading.Thread(target=go_on, daemon=True).start()
    time.sleep(0.3)
# The end of the program, with everything open.
test.nostr.__exit__()
"""


class ExitTest(FriendsTest):
    def test_the_interpreter_ends_in_a_call(self) -> None:
        for how in ("plain", "thread"):
            with self.subTest(how):
                program = subprocess.run(
                    [sys.executable, "-c", LEAVES, how],
                    env={**environment(), "PYTHONPATH": ":".join(path for path in sys.path if path)},
                    capture_output=True, text=True, timeout=4 * PATIENCE,
                )  # fmt: skip
                self.assertEqual((program.returncode, program.stdout, program.stderr), (0, "active\n", ""))


if __name__ == "__main__":
    unittest.main()
