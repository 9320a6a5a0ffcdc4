"""Tokens made and read."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from media_support import HEIGHT, PACKET, WIDTH, MediaTest, joined, picture, shares, tone
from support import PATIENCE, AsyncLibraryTest, LibraryTest, burrow

SHARED = json.dumps(
    {"alg": "HS256", "kty": "oct", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "kid": "test-key"}
)
#: Made by another program with the key above.
KNOWN = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6InRlc3Qta2V5In0."
    "eyJyb290Ijoicm9vbS8xMjMiLCJwdXQiOlsiYWxpY2UiXSwiZ2V0IjpbIiJdLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTc2NzIyNTYwMH0."
    "owBAFL7rSy93DnAkRV8VBIP9Q2mh4morYRt417tMbhA"
)
FIELDS = ("room/123", ("alice",), ("",), 4102444800, 1767225600)


class TokenTest(LibraryTest):
    def claims(self, *fields: Any) -> Any:
        return burrow.TokenClaims(*(fields or FIELDS))

    def test_a_token_made_elsewhere(self) -> None:
        self.assertEqual(burrow.sign_token(self.claims(), SHARED), KNOWN)
        self.assertEqual(burrow.verify_token(KNOWN, SHARED), self.claims())
        self.assertEqual(burrow.verify_token(KNOWN, json.dumps({"keys": [json.loads(SHARED)]})), self.claims())

    def test_many_paths(self) -> None:
        claims = burrow.TokenClaims("", tuple(f"a/{n}" for n in range(100)), tuple("bcdef"))
        self.assertEqual(burrow.verify_token(burrow.sign_token(claims, SHARED), SHARED), claims)

    def test_what_is_not_believed(self) -> None:
        other = SHARED.replace("AAEC", "BBEC")
        with self.assertRaises(burrow.UnauthorizedError):
            burrow.verify_token(KNOWN, other)
        with self.assertRaises(burrow.TokenExpiredError):
            burrow.verify_token(burrow.sign_token(burrow.TokenClaims(publish=("a",), expires=1), SHARED), SHARED)
        for wrong in ("", "a.b", KNOWN + "!", KNOWN.replace(".", "")):
            with self.assertRaises(burrow.TokenError):
                burrow.verify_token(wrong, SHARED)
        with self.assertRaises(burrow.TokenError):
            burrow.sign_token(burrow.TokenClaims("room"), SHARED)
        with self.assertRaises(burrow.TokenKeyError):
            burrow.sign_token(self.claims(), "{}")
        with self.assertRaises(burrow.InvalidArgumentError):
            burrow.sign_token(burrow.TokenClaims("room", ("a",), expires=-1), SHARED)


class Service:
    """A token service on loopback: ``answer`` decides what each request gets."""

    def __init__(self, answer: Any) -> None:
        service = self
        self.requests: list[dict[str, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.requests.append({"path": self.path, "proof": self.headers["Authorization"], "body": body})
                status, text = answer(service.requests[-1])
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/token?room=1"
        self.thread = threading.Thread(target=self.server.serve_forever, name="service")

    def __enter__(self) -> Service:
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


def issue(request: dict[str, Any], seconds: int = 600) -> str:
    """What is wanted, for a while."""
    wanted, now = json.loads(request["body"]), int(time.time())
    claims = burrow.TokenClaims(
        wanted.get("root", ""), tuple(wanted.get("put", ())), tuple(wanted.get("get", ("",))), now + seconds, now
    )
    return burrow.sign_token(claims, SHARED)


class ServiceTest(LibraryTest):
    def test_a_token_and_the_next(self) -> None:
        engine = self.engine()
        me = burrow.Identity(engine)
        people: list[bytes] = []

        def answer(request: dict[str, Any]) -> tuple[int, str]:
            if len(people) == 2:
                return 403, ""
            people.append(engine.nostr.check_proof(request["proof"], service.url, "POST", request["body"]))
            token = issue(request, 3)
            return (200, token) if len(people) == 1 else (201, json.dumps({"token": token}))

        with Service(answer) as service:
            start = time.monotonic()
            lease = me.request_token(service.url, burrow.TokenClaims("room/1", ("me",), ("",)))
            first = lease.next(PATIENCE)
            claims = burrow.verify_token(first, SHARED)
            self.assertEqual(claims.publish, ("me",))
            second = lease.next(PATIENCE)
            # At four fifths of its life, and not before.
            self.assertGreater(time.monotonic() - start, 2.3)
            self.assertGreater(lease.expires, claims.expires)
            self.assertEqual(lease.token, second)
            self.assertEqual(people, [me.public_key] * 2)
            self.assertEqual(service.requests[0]["path"], "/token?room=1")
            with self.assertRaises(burrow.UnauthorizedError):
                lease.next(PATIENCE)
            self.assertEqual(len(service.requests), 3)

    def test_a_token_that_stays_good(self) -> None:
        engine = self.engine()
        token = burrow.sign_token(burrow.TokenClaims(publish=("a",)), SHARED)
        with Service(lambda _: (200, token)) as service:
            lease = burrow.Identity(engine).request_token(service.url)
            self.assertEqual(lease.next(PATIENCE), token)
            lease.wait(PATIENCE)
            self.assertEqual(service.requests[0]["body"], b"{}")

    def test_services_that_give_none(self) -> None:
        engine = self.engine()
        me = burrow.Identity(engine)
        old = burrow.sign_token(burrow.TokenClaims(publish=("a",), expires=1), SHARED)
        answers = (
            (401, "", burrow.UnauthorizedError), (302, "", burrow.ProtocolError), (404, "", burrow.NotFoundError),
            (500, "", burrow.PeerError), (503, "", burrow.OverloadedError), (200, "hello", burrow.PeerError),
            (200, "{}", burrow.PeerError), (200, old, burrow.TokenExpiredError),
            (200, "a" * 70_000, burrow.ProtocolError),
        )  # fmt: skip
        for status, text, expected in answers:
            with Service(lambda _, answer=(status, text): answer) as service, self.assertRaises(expected):
                me.request_token(service.url).next(PATIENCE)
            self.assertEqual(len(service.requests), 1)
        with self.assertRaises(burrow.UnreachableError):
            me.request_token(service.url).next(PATIENCE)
        for wrong in ("ws://a.example", "https://", "a.example", "https://a@b.example"):
            with self.assertRaises(burrow.InvalidArgumentError):
                me.request_token(wrong)


class RenewalTest(MediaTest):
    def setUp(self) -> None:
        self.events: list[burrow.Event] = []

    def test_a_call_goes_on_with_each_token(self) -> None:
        """Sound and pictures between two people whose tokens are replaced after six seconds."""
        self.host = self.engine()
        home = self.host.start_relay(jwt_keys=SHARED)
        home.started.wait(PATIENCE)
        pins = [home.info.fingerprint]
        with Service(lambda request: (200, issue(request, 8))) as service:
            rooms = []
            for name in ("alice", "bob"):
                lease = burrow.Identity(self.host).request_token(service.url, burrow.TokenClaims("r", ("",), ("",)))
                url = f"{home.url}/r?jwt={lease.next(PATIENCE)}"
                rooms.append(self.host.open_room(url, pins=pins, path=name, media=True, token=lease))
            alice, bob = rooms
            for room in rooms:
                room.opened.wait(PATIENCE)
            microphone = alice.publish_audio()
            speaker = bob.subscribe_audio("alice")
            camera, screen = alice.publish_video(), bob.subscribe_video("alice")
            heard = []
            for number in self.every(8.0, 0.02):
                microphone.push_audio(tone(500, number))
                heard.append(speaker.pull_audio(PACKET))
                if number % 2 == 0:
                    camera.push_video(picture(number // 2), WIDTH, HEIGHT)
                screen.pull_video()
            sound, pictures = speaker.media_stats, screen.media_stats
        self.assertGreaterEqual(len(service.requests), 4)
        states = [event.state for event in self.events if event.kind == burrow.EventKind.ROOM_STATE]
        self.assertNotIn(burrow.RoomState.RECONNECTING, states)
        self.assertFalse([event for event in self.events if event.kind == burrow.EventKind.PARTICIPANT_LEFT])
        self.assertGreater(shares(joined(heard[-250:]), 500), 0.9)
        # A connection that was made again would cost half a second.
        self.assertLess(sound.concealed_us, 200_000)
        self.assertGreater(sound.frames, 380)
        self.assertEqual((sound.damaged_frames, pictures.damaged_frames), (0, 0))
        self.assertGreater(pictures.frames, 170)


class ServiceCoroutineTest(AsyncLibraryTest):
    async def test_until_it_is_not_wanted_any_more(self) -> None:
        with Service(lambda request: (200, issue(request))) as service:
            async with burrow.Engine() as engine:
                lease = burrow.Identity(engine).request_token(service.url)
                async for token in lease:
                    self.assertEqual(token, lease.token)
                    lease.close()
                self.assertTrue(lease.done)
                lost = burrow.Identity(engine).request_token(service.url)
                await asyncio.wait_for(anext(lost), PATIENCE)


if __name__ == "__main__":
    unittest.main()
