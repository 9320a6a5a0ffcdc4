"""Identities, relays, publications, subscriptions and wraps."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import unittest
from pathlib import Path

from nostr_support import SmallRelay
from support import PATIENCE, AsyncLibraryTest, LibraryTest, burrow, environment

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "python" / "nostr_message.py"
SECRET = "7f7ff03d123792d6ac594bfa67bf6d0c0ab55b6b1fdb6249303fe861f1ccba9a"


def sockets() -> set[str]:
    """The sockets that this process has open."""
    links = set()
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            links.add(os.readlink(f"/proc/self/fd/{name}"))
    return {link for link in links if link.startswith("socket:")}


class IdentityTest(LibraryTest):
    def test_keys_in_all_their_forms(self) -> None:
        engine = self.engine()
        me = burrow.Identity(engine, SECRET)
        again = burrow.Identity(engine, me.export())
        self.assertEqual(me.public_key, again.public_key)
        self.assertEqual(burrow.parse_public_key(me.npub), me.public_key)
        self.assertEqual(burrow.parse_public_key(me.public_key.hex()), me.public_key)
        self.assertNotEqual(burrow.Identity(engine).public_key, me.public_key)
        for wrong in ("", "nsec1", me.npub, SECRET[:-1]):
            with self.assertRaises(burrow.NostrKeyError):
                burrow.Identity(engine, wrong)

    def test_proofs_are_good_once(self) -> None:
        engine = self.engine()
        me = burrow.Identity(engine)
        header = me.http_proof("https://a.example/x?y", "POST", b"body")
        with self.assertRaises(burrow.UnauthorizedError):
            engine.nostr.check_proof(header, "https://a.example/x", "POST", b"body")
        self.assertEqual(engine.nostr.check_proof(header, "https://a.example/x?y", "POST", b"body"), me.public_key)
        with self.assertRaises(burrow.UnauthorizedError):
            engine.nostr.check_proof(header, "https://a.example/x?y", "POST", b"body")

    def test_a_host_with_relays_of_its_own(self) -> None:
        before = sockets()
        engine = self.engine(host_relays=True)
        alice, bob = burrow.Identity(engine), burrow.Identity(engine)
        with self.assertRaises(burrow.WrongKindError):
            engine.nostr.add_relay("wss://a.example")
        subscription = engine.nostr.subscribe({"kinds": [1059]})
        alice.send(bob.public_key, {"kind": 14, "content": "hello"}).wait(PATIENCE)
        out = engine.next_event(PATIENCE)
        self.assertEqual(out.kind, burrow.EventKind.NOSTR_OUT)
        engine.nostr.ingest(out.text)
        wrap = subscription.next(PATIENCE)
        self.assertEqual(bob.open(wrap).content, "hello")
        self.assertEqual(bob.open(wrap).pubkey, alice.public_key.hex())
        with self.assertRaises(burrow.NostrUnreadableError):
            alice.open(wrap)
        with self.assertRaises(burrow.NostrEventError):
            engine.nostr.ingest(out.text.replace("a", "b", 1))
        # A list that has to be looked for, and a request that only a relay could answer.
        with self.assertRaises(burrow.NotFoundError):
            engine.nostr.fetch_list(bob.public_key, burrow.ServerKind.INBOX).wait(PATIENCE)
        self.assertLessEqual(sockets(), before)


class ThreadTest(LibraryTest):
    def test_publish_and_receive(self) -> None:
        engine = self.engine()
        me = burrow.Identity(engine)
        with SmallRelay() as relay, SmallRelay() as strict:
            strict.refuse = "blocked: not you"
            engine.nostr.add_relay(relay.url)
            engine.nostr.add_relay(strict.url)
            publication = me.publish({"kind": 1, "content": "stored", "tags": [["t", "x"]]})
            publication.wait(PATIENCE)
            results = {result.url: (result.status, result.text) for result in publication.results}
            self.assertEqual(results[relay.url][0], 0)
            self.assertEqual(burrow.status_name(results[strict.url][0]), "BURROW_ERR_NOSTR_REFUSED")
            self.assertEqual(results[strict.url][1], "blocked: not you")
            self.assertEqual(publication.event_id, relay.events[0]["id"])

            subscription = engine.nostr.subscribe({"kinds": [1], "authors": [me.public_key.hex()]})
            event = subscription.next(PATIENCE)
            self.assertEqual((event.content, event.tags), ("stored", [["t", "x"]]))
            me.publish({"kind": 1, "content": "live"}).wait(PATIENCE)
            self.assertEqual(subscription.next(PATIENCE).content, "live")
            self.assertTrue(subscription.stored)
            subscription.close()
            self.assertIsNone(subscription.next(PATIENCE))
            subscription.wait(PATIENCE)

            refused = me.publish({"kind": 1}, [strict.url])
            with self.assertRaises(burrow.NostrRefusedError):
                refused.wait(PATIENCE)
            first, second = engine.nostr.relays
            self.assertEqual((first.url, first.state), (relay.url, burrow.NostrRelayState.CONNECTED))
            self.assertEqual((first.published, second.published), (2, 0))
            engine.nostr.remove_relay(relay.url)
            self.assertEqual([info.url for info in engine.nostr.relays], [strict.url])

    def test_events_wait_for_a_host_that_is_slow(self) -> None:
        """More stored events than the queue of the engine holds: none is lost."""
        engine = self.engine()
        writer = burrow.Identity(engine)
        with SmallRelay() as relay:
            engine.nostr.add_relay(relay.url)
            publications = [writer.publish({"kind": 1, "content": str(number)}) for number in range(120)]
            for publication in publications:
                publication.wait(PATIENCE)
            # Each event comes once for each of these, and nobody takes any before all are there.
            subscriptions = [engine.nostr.subscribe({"kinds": [1]}) for _ in range(40)]
            for subscription in subscriptions:
                seen = {subscription.next(PATIENCE).content for _ in range(120)}
                self.assertEqual(len(seen), 120)
            while (event := engine.next_event(0)) is not None:
                self.assertNotEqual(event.kind, burrow.EventKind.OVERFLOW)


class CoroutineTest(AsyncLibraryTest):
    async def test_messages_reach_who_is_elsewhere(self) -> None:
        """The sender shares one relay with the world, the recipient reads another; the inbox list leads there."""
        with SmallRelay() as common, SmallRelay() as private:
            async with burrow.Engine() as here, burrow.Engine() as there:
                alice, bob = burrow.Identity(here), burrow.Identity(there)
                here.nostr.add_relay(common.url)
                there.nostr.add_relay(private.url)
                with self.assertRaises(burrow.NotFoundError):
                    await here.nostr.fetch_list(bob.public_key, burrow.ServerKind.MOQ)
                there.nostr.add_relay(common.url)
                await bob.publish_list(burrow.ServerKind.INBOX, [private.url])
                await bob.publish_list(burrow.ServerKind.MOQ, ["moqt://127.0.0.1:4443", "moqt://b.example"])
                there.nostr.remove_relay(common.url)
                servers = await here.nostr.fetch_list(bob.public_key, burrow.ServerKind.MOQ)
                self.assertEqual(servers, ["moqt://127.0.0.1:4443", "moqt://b.example"])

                async with there.nostr.subscribe({"kinds": [1059], "#p": [bob.public_key.hex()]}) as wraps:
                    await asyncio.wait_for(wraps.until_stored(), PATIENCE)
                    publication = alice.send(bob.public_key, {"kind": 14, "content": "found you"})
                    await asyncio.wait_for(publication, PATIENCE)
                    self.assertEqual([result.url for result in publication.results], [private.url])
                    wrap = await asyncio.wait_for(anext(wraps), PATIENCE)
                    message = bob.open(wrap)
                self.assertEqual((message.content, message.pubkey), ("found you", alice.public_key.hex()))
                self.assertNotIn(alice.public_key.hex(), wrap.json)
                self.assertFalse([event for event in common.events if event["kind"] == 1059])


@unittest.skipUnless(EXAMPLE.exists(), "the examples are not beside the binding")
class ExampleTest(LibraryTest):
    def test_message_between_two_people(self) -> None:
        with SmallRelay() as one, SmallRelay() as two:
            result = subprocess.run(
                [sys.executable, str(EXAMPLE), "--text", "see you at eight", one.url, two.url],
                env=environment(), capture_output=True, text=True, timeout=60,
            )  # fmt: skip
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"alice receives at: {one.url}, {two.url}", result.stdout)
        self.assertIn(f"bob receives at: {two.url}, {one.url}", result.stdout)
        self.assertIn("bob reads from alice: see you at eight", result.stdout)


if __name__ == "__main__":
    unittest.main()
