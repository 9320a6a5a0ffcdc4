"""Calls of hosts that come back, that need tokens, that lose their relay, or that cannot reach it."""

from __future__ import annotations

import json
import tempfile
import time
import unittest
from pathlib import Path

from call_support import Friend, FriendsTest
from support import PATIENCE, burrow
from test_tokens import SHARED, Service, issue


class AbsenceTest(FriendsTest):
    def test_a_call_that_came_meanwhile_was_missed(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        stored = {"storage_path": Path(folder.name) / "bob", "storage_key": bytes(32)}
        alice, bob = self.befriend([self.friend("alice"), self.friend("bob", **stored)])
        bob.engine.close()
        self.people.remove(bob)
        call = alice.start(ring_ms=200)
        self.until(lambda: call.is_over)
        self.assertEqual(call.reason, burrow.CallReason.TIMEOUT)
        # Bob is back, and it is over.
        again = self.friend("bob again", **stored)
        again.group = again.me.groups()[0]
        self.until(lambda: self.missed(again))
        (missed,) = {event.subject for event in self.missed(again)}
        info = missed.info
        self.assertEqual((info.call_id, info.caller, info.is_outgoing), (call.info.call_id, alice.pubkey, False))
        self.assertEqual((missed.state, again.me.calls), (burrow.CallState.ENDED, []))
        # Calls that come now ring, and are taken.
        call = alice.start()
        again.take(self.rings(again))
        self.all_active([alice, again])
        call.hang_up()
        self.all_over([alice, again])
        self.assertEqual(len(self.missed(again)), 1)

    def missed(self, person: Friend) -> list[burrow.Event]:
        """What was told of calls that were over before they were taken."""
        reason = int(burrow.CallReason.MISSED)
        calls = [event for event in person.seen if event.kind == burrow.EventKind.CALL_STATE]
        return [event for event in calls if event.value >> 8 == reason]


class WayTest(FriendsTest):
    def test_a_call_of_two_by_messages_of_the_group(self) -> None:
        alice, bob = self.friends("alice", "bob")
        before = len(self.nostr.events)
        call = alice.start(by_group=True)
        incoming = self.rings(bob)
        self.until(lambda: call.detail == burrow.CallDetail.REMOTE_RINGING)
        self.assertEqual((call.info.is_pair, incoming.info.is_pair), (True, True))
        bob.take(incoming)
        self.all_active([alice, bob])
        call.hang_up()
        self.all_over([alice, bob])
        self.assertEqual(incoming.reason, burrow.CallReason.REMOTE_HANGUP)
        self.assertEqual({event["kind"] for event in self.nostr.events[before:]}, {445})


class TokenCallTest(FriendsTest):
    def setUp(self) -> None:
        super().setUp()
        self.guarded = self.relays.start_relay(jwt_keys=SHARED)
        self.guarded.started.wait(PATIENCE)
        self.home, self.connection = self.guarded, burrow.Connection(pins=[self.guarded.info.fingerprint])

    def test_tokens_for_the_call_and_no_more(self) -> None:
        alice, bob = self.friends("alice", "bob")
        with Service(lambda request: (200, issue(request, 4))) as service:
            call = alice.start(token_url=service.url)
            bob.take(self.rings(bob), token_url=service.url)
            self.all_active([alice, bob])
            self.until(lambda: alice.hears(bob) and bob.hears(alice))
            # Both have a second one soon, and nothing is interrupted.
            self.until(lambda: len(service.requests) >= 4)
            until = time.monotonic() + 1.5
            self.until(lambda: time.monotonic() > until)
            self.assertEqual((alice.call.state, alice.call.detail), (burrow.CallState.ACTIVE, burrow.CallDetail.OK))
            call.hang_up()
            self.all_over([alice, bob])
        wanted = [json.loads(request["body"]) for request in service.requests]
        prefix = f"burrow/{alice.group.info.nostr_id.hex()}"
        paths = {f"{prefix}/{person.pubkey.hex()}" for person in (alice, bob)}
        self.assertEqual({tuple(want["put"]) for want in wanted}, {(path,) for path in paths})
        self.assertEqual({tuple(want["get"]) for want in wanted}, {(prefix,)})
        for person in (alice, bob):
            details = [
                event.value & 0xFF for event in person.seen if event.kind == burrow.EventKind.CALL_STATE
            ]
            self.assertNotIn(burrow.CallDetail.RECONNECTING, details)

    def test_who_has_no_token_is_not_in_the_call(self) -> None:
        alice, bob = self.friends("alice", "bob")
        with Service(lambda request: (200, issue(request))) as service:
            call = alice.start(token_url=service.url)
            accepted = bob.take(self.rings(bob))
            self.all_over([alice, bob])
        self.assertEqual(bob.call.reason, burrow.CallReason.AUTH_FAILED)
        self.assertEqual((bob.call.state, call.reason), (burrow.CallState.FAILED, burrow.CallReason.AUTH_FAILED))
        with self.assertRaises(burrow.UnauthorizedError):
            accepted.wait(0)


class RelayTest(FriendsTest):
    def test_the_last_relay_is_for_who_has_no_other(self) -> None:
        alice, bob = self.friends("alice", "bob")
        alice.leave()
        alice.call = alice.me.start_call(alice.group, last_relays=[self.home.url], connection=self.connection)
        bob.take(self.rings(bob))
        self.all_active([alice, bob])
        self.assertEqual(bob.call.info.relay.rstrip("/"), self.home.url.rstrip("/"))
        alice.call.hang_up()
        self.all_over([alice, bob])

    def test_another_network_is_nothing_to_hear_of(self) -> None:
        alice, bob = self.friends("alice", "bob")
        call = alice.start()
        bob.take(self.rings(bob))
        self.all_active([alice, bob])
        self.until(lambda: bob.hears(alice))
        for person in (alice, bob):
            person.engine.network_changed(burrow.NetworkChange.SWITCHED)
            tones = sum(bob.tones.values())
            self.until(lambda tones=tones: sum(bob.tones.values()) > tones + 25)
        self.assertEqual((call.state, bob.call.state), (burrow.CallState.ACTIVE, burrow.CallState.ACTIVE))
        call.hang_up()
        self.all_over([alice, bob])

    def test_a_relay_that_stays_away_ends_the_call(self) -> None:
        alice, bob = self.friends("alice", "bob")
        alice.start(grace_ms=700)
        bob.take(self.rings(bob), grace_ms=700)
        self.all_active([alice, bob])
        self.until(lambda: alice.hears(bob))
        gone = time.monotonic()
        self.home.close()
        self.until(lambda: alice.call.detail == burrow.CallDetail.RECONNECTING)
        self.all_over([alice, bob])
        self.assertGreater(time.monotonic() - gone, 0.6)
        # Who gives up first says so.
        reasons = {alice.call.reason, bob.call.reason}
        self.assertIn(burrow.CallReason.RELAY_UNREACHABLE, reasons)
        self.assertLessEqual(reasons, {burrow.CallReason.RELAY_UNREACHABLE, burrow.CallReason.FAILED})

    def test_the_call_goes_where_the_callee_can_go(self) -> None:
        """Bob does not trust the first relay: the second one is as good."""
        alice, bob = self.friends("alice", "bob")
        other = self.relay(self.relays)
        both = burrow.Connection(pins=[self.home.info.fingerprint, other.info.fingerprint])
        alice.leave()
        alice.call = alice.me.start_call(alice.group, relays=[self.home.url, other.url], connection=both)
        incoming = self.rings(bob)
        self.assertEqual(alice.call.info.relay.rstrip("/"), self.home.url.rstrip("/"))
        bob.leave()
        bob.call = incoming
        incoming.accept(connection=burrow.Connection(pins=[other.info.fingerprint]))
        self.until(lambda: alice.call.info.relay.rstrip("/") == other.url.rstrip("/"))
        alice.leave()
        self.all_active([alice, bob])
        self.assertEqual(incoming.info.relay.rstrip("/"), other.url.rstrip("/"))
        self.until(lambda: alice.hears(bob) and bob.hears(alice))
        self.assertEqual(self.home.info.broadcasts, 0)
        alice.call.hang_up()
        self.all_over([alice, bob])


if __name__ == "__main__":
    unittest.main()
