"""Identities whose key the host has elsewhere. An identity of another engine plays whoever has it."""

from __future__ import annotations

import asyncio
import json
import unittest

from support import PATIENCE, AsyncLibraryTest, LibraryTest, burrow


class Device:
    """Signs what it is asked to, and nothing else."""

    def __init__(self, engine: burrow.Engine) -> None:
        self.engine = engine
        self.identity = burrow.Identity(engine)
        self.asked: list[burrow.KeyRequest] = []

    @property
    def public_key(self) -> bytes:
        return self.identity.public_key

    def __call__(self, request: burrow.KeyRequest) -> str:
        self.asked.append(request)
        if request.kind != burrow.KeyRequestKind.SIGN:
            raise NotImplementedError
        self.identity.publish(request.text)
        while (event := self.engine.next_event(PATIENCE)) is not None:
            if event.kind == burrow.EventKind.NOSTR_OUT:
                return event.text
        raise AssertionError("nothing was signed")


class RemoteKeyTest(LibraryTest):
    def setUp(self) -> None:
        self.host = self.engine(host_relays=True)
        self.device = Device(self.engine(host_relays=True))

    def next(self, kind: burrow.EventKind) -> burrow.Event:
        while (event := self.host.next_event(PATIENCE)) is not None:
            if event.kind == kind:
                return event
        raise AssertionError(f"no {kind.name} came")

    def test_a_signer_answers(self) -> None:
        me = burrow.Identity(self.host, public_key=self.device.public_key, signer=self.device)
        self.assertIsNone(me.opened)
        self.assertEqual(me.public_key, self.device.public_key)
        me.publish({"kind": 1, "content": "signed elsewhere"}).wait(PATIENCE)
        out = json.loads(self.next(burrow.EventKind.NOSTR_OUT).text)
        self.assertEqual((out["content"], out["pubkey"]), ("signed elsewhere", me.public_key.hex()))
        proof = me.prove("https://a.example/x", "POST", b"body")
        proof.wait(PATIENCE)
        self.assertEqual(self.host.nostr.check_proof(proof.header, "https://a.example/x", "POST", b"body"), me.public_key)
        self.assertEqual([request.kind for request in self.device.asked], [burrow.KeyRequestKind.SIGN] * 2)
        self.assertEqual(self.device.asked[1].request, proof.id)
        with self.assertRaises(burrow.WrongKindError):
            me.export()
        with self.assertRaises(burrow.InvalidArgumentError):
            me.http_proof("https://a.example/x")

    def test_a_signer_refuses(self) -> None:
        friend = burrow.Identity(self.host)
        me = burrow.Identity(self.host, public_key=self.device.public_key.hex(), signer=self.device)
        with self.assertRaises(burrow.KeyRefusedError):
            me.send(friend.public_key, {"kind": 14, "content": "hello"}).wait(PATIENCE)
        asked = self.device.asked[-1]
        self.assertEqual((asked.kind, asked.data), (burrow.KeyRequestKind.ENCRYPT, friend.public_key))
        self.assertEqual(json.loads(asked.text)["content"], "hello")
        friend.send(me.public_key, {"kind": 14, "content": "hello"}).wait(PATIENCE)
        wrap = self.next(burrow.EventKind.NOSTR_OUT).text
        with self.assertRaises(burrow.KeyRefusedError):
            me.unwrap(wrap).wait(PATIENCE)
        with self.assertRaises(burrow.NostrUnreadableError):
            friend.unwrap(wrap)

    def test_without_a_signer_requests_are_events(self) -> None:
        me = burrow.Identity(self.host, public_key=self.device.public_key)
        publications = [me.publish({"kind": 1, "content": str(number)}) for number in range(3)]
        requests = [burrow.KeyRequest.of(self.next(burrow.EventKind.KEY_REQUEST)) for _ in publications]
        self.assertEqual([request.request for request in requests], [publication.id for publication in publications])
        with self.assertRaises(burrow.KeyAnswerError):
            me.answer(requests[2], self.device(requests[1]))
        me.answer(requests[1], self.device(requests[1]))
        me.refuse(requests[0])
        with self.assertRaises(burrow.NotFoundError):
            me.refuse(requests[0])
        publications[1].wait(PATIENCE)
        with self.assertRaises(burrow.KeyRefusedError):
            publications[0].wait(PATIENCE)
        with self.assertRaises(burrow.KeyAnswerError):
            publications[2].wait(PATIENCE)

    def test_what_waits_ends(self) -> None:
        me = self.host.open_identity(public_key=self.device.public_key, key_timeout_ms=20)
        assert me.opened is not None
        me.opened.wait(PATIENCE)
        with self.assertRaises(burrow.DeadlineError):
            me.publish({"kind": 1}).wait(PATIENCE)
        other = burrow.Identity(self.host, public_key=self.device.public_key)
        waiting, proof = other.publish({"kind": 1}), other.prove("https://a.example")
        other.leave().wait(PATIENCE)
        for request in (waiting, proof):
            with self.assertRaises(burrow.CancelledError):
                request.wait(PATIENCE)

    def test_a_key_that_is_here_needs_no_request(self) -> None:
        alice, bob = burrow.Identity(self.host), burrow.Identity(self.host)
        alice.send(bob.public_key, {"kind": 14, "content": "hello"}).wait(PATIENCE)
        opening = bob.unwrap(self.next(burrow.EventKind.NOSTR_OUT).text)
        self.assertTrue(opening.done)
        opening.wait(PATIENCE)
        self.assertEqual(opening.message.content, "hello")
        proof = bob.prove("https://a.example/")
        self.assertEqual(self.host.nostr.check_proof(proof.header, "https://a.example/", "GET"), bob.public_key)


class AsyncRemoteKeyTest(AsyncLibraryTest):
    async def test_a_signer_that_takes_its_time(self) -> None:
        elsewhere = burrow.Engine(host_relays=True)
        self.addCleanup(elsewhere.close)
        device = Device(elsewhere)

        async def sign(request: burrow.KeyRequest) -> str:
            await asyncio.sleep(0.01)
            return device(request)

        async with burrow.Engine(host_relays=True) as host:
            me = burrow.Identity(host, public_key=device.public_key, signer=sign)
            publications = [me.publish({"kind": 1, "content": str(number)}) for number in range(5)]
            header = await me.prove("https://a.example/")
            self.assertEqual(host.nostr.check_proof(header, "https://a.example/", "GET"), me.public_key)
            await asyncio.gather(*(asyncio.wait_for(publication, PATIENCE) for publication in publications))
            friend = burrow.Identity(host)
            with self.assertRaises(burrow.KeyRefusedError):
                await me.send(friend.public_key, {"kind": 14})


if __name__ == "__main__":
    unittest.main()
