"""Tokens: accepted, refused, expired, and carried to somebody else's server."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

from harness import environment
from harness.case import Address, Stage, case, check, check_complete
from harness.process import Peer

SECRET = bytes(range(32))


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwk(secret: bytes = SECRET) -> str:
    key = {"alg": "HS256", "key_ops": ["sign", "verify"], "kty": "oct", "k": encoded(secret), "kid": "test-key"}
    return json.dumps(key)


def token(secret: bytes = SECRET, **claims: Any) -> str:
    """An HS256 token for the key above."""
    header = {"typ": "JWT", "alg": "HS256", "kid": "test-key"}
    claims = {"root": "room/123", "put": ["alice"], "get": [""], "exp": int(time.time()) + 600, **claims}
    text = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    return text + "." + encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())


async def guarded_relay(stage: Stage) -> Address:
    (stage.folder / "key.jwk").write_text(jwk())
    return await stage.relay("burrow", "--jwk", "key.jwk")


async def refused(peer: Peer) -> None:
    """The peer must not stay, and must learn why: session code 2."""
    event = await peer.wait("refused", 10)
    if peer.name.startswith("burrow"):
        check(event["status"] == "BURROW_ERR_UNAUTHORIZED", f"reported as {event}")
    else:
        check(event["status"] == "UNAUTHORIZED" and event["code"] == 2, f"reported as {event}")


for whose in ("burrow", "moqrs"):

    @case(f"token/accepted/burrow-relay/{whose}-clients", limit=40)
    async def accepted(stage: Stage, whose: str = whose) -> None:
        home = await guarded_relay(stage)
        way = f"/room/123?jwt={token()}"
        shape = ["--path", "alice", "--groups", "4", "--timeout", "30"]
        speaker = await stage.spawn("publish", whose, *home.options(way), *shape)
        await speaker.wait("announced")
        reader = f"/room/123?jwt={token(put=[])}"
        listener = await stage.spawn("subscribe", whose, *home.options(reader), *shape)
        check_complete(await listener.wait("done", 20), 12)

    for reason, way in (
        ("missing", lambda: "/room/123"),
        ("forged", lambda: f"/room/123?jwt={token(bytes(32))}"),
        ("expired", lambda: f"/room/123?jwt={token(exp=int(time.time()) - 60)}"),
        ("other-path", lambda: f"/room/456?jwt={token()}"),
        ("garbage", lambda: "/room/123?jwt=a.b.c"),
    ):

        @case(f"token/refused/{reason}/burrow-relay/{whose}-client", limit=30)
        async def turned_away(stage: Stage, whose: str = whose, way: Any = way) -> None:
            home = await guarded_relay(stage)
            peer = await stage.spawn("subscribe", whose, *home.options(way()), "--watch", "", "--timeout", "20")
            await refused(peer)

    @case(f"token/expires-during-session/burrow-relay/{whose}-client", limit=40)
    async def expires(stage: Stage, whose: str = whose) -> None:
        home = await guarded_relay(stage)
        way = f"/room/123?jwt={token(exp=int(time.time()) + 3)}"
        peer = await stage.spawn("subscribe", whose, *home.options(way), "--watch", "", "--timeout", "30")
        await peer.wait("connected")
        await asyncio.sleep(1)
        check(not peer.all("refused") and not peer.all("error"), "ended before its token did")
        await refused(peer)

    @case(f"token/not-permitted-to-publish/burrow-relay/{whose}-publisher", limit=40)
    async def not_permitted(stage: Stage, whose: str = whose) -> None:
        """Who may only read is not seen by others when it publishes."""
        home = await guarded_relay(stage)
        way = f"/room/123?jwt={token(put=['alice'])}"
        eyes = await stage.spawn("subscribe", "moqrs", *home.options(way), "--watch", "", "--timeout", "30")
        await eyes.wait("connected")
        mallory = await stage.spawn(
            "publish", whose, *home.options(way), "--path", "mallory", "--no-wait", "--timeout", "30"
        )
        await mallory.wait("connected")
        alice = await stage.spawn("publish", whose, *home.options(way), "--path", "alice", "--timeout", "30")
        await alice.wait("connected")
        await eyes.wait("participant", 10, where=lambda event: event["path"].strip("/") == "alice")
        await asyncio.sleep(0.5)
        seen = {event["path"].strip("/") for event in eyes.all("participant")}
        check(seen == {"alice"}, f"the relay shows {seen}")


for whose in ("burrow", "moqrs"):

    @case(f"token/renewed/{whose}-relay/burrow-clients", limit=60, idle=True)
    async def renewed(stage: Stage, whose: str = whose) -> None:
        """Both sides go on with tokens that live for eight seconds each; nobody is away, and no frame is lost."""
        environment.pyjwt_python()
        private, public = keys_of("EdDSA")
        (stage.folder / "private.jwk").write_text(private)
        (stage.folder / "public.jwk").write_text(public)
        service = await stage.spawn("service", "pyjwt", "--jwk", "private.jwk", "--lifetime", "8")
        tokens = ["--token-service", (await service.wait("ready", 20))["url"]]
        home = await stage.relay(whose, "--jwk", "public.jwk")
        shape = ["--groups", "250", "--frames", "2", "--interval-ms", "40", "--max-age-ms", "5000", "--timeout", "50"]
        left = await stage.spawn("publish", "burrow", *home.options("/room/123"), *tokens, *shape)
        await left.wait("announced", 20)
        right = await stage.spawn(
            "subscribe", "burrow", *home.options("/room/123"), *tokens, *shape, "--report-every", "0"
        )
        check_complete(await right.wait("done", 40), 500)
        for peer in (left, right):
            states = [event["status"] for event in peer.all("status")]
            check(set(states) <= {"connecting", "connected", "closed"}, f"{peer.name}: {states}")
        seen = [event["active"] for event in right.all("participant")]
        check(seen[:1] == [True] and len(seen) <= 2, f"came and went: {seen}")
        check(len(service.all("issued")) >= 4, f"only {len(service.all('issued'))} tokens")


@case("token/delivered/moqrs-relay/burrow-client", limit=30)
async def delivered(stage: Stage) -> None:
    """Path and query of our URL reach somebody else's server as they are."""
    home = await stage.relay("moqrs", "--accept-query", "jwt=a.b-c_d.e")
    way = "/anon/room%20one?jwt=a.b-c_d.e"
    peer = await stage.spawn("subscribe", "burrow", *home.options(way), "--watch", "", "--timeout", "20")
    await peer.wait("connected")
    request = await home.peer.wait("request")
    check(request["path"] == "/anon/room%20one", f"the path came as {request['path']!r}")
    check(request["query"] == "jwt=a.b-c_d.e", f"the query came as {request['query']!r}")
    await home.peer.wait("accepted")


for code in (403, 401):

    @case(f"token/rejected-{code}/moqrs-relay/burrow-client", limit=30)
    async def rejected(stage: Stage, code: int = code) -> None:
        home = await stage.relay("moqrs", "--reject", str(code))
        way = "/room?jwt=wrong"
        peer = await stage.spawn("subscribe", "burrow", *home.options(way), "--watch", "", "--timeout", "20")
        error = await peer.wait("refused", 12)
        check(error["status"] == "BURROW_ERR_UNAUTHORIZED", f"reported as {error['status']}")


def keys_of(algorithm: str) -> tuple[str, str]:
    """A private key, and what verifies with it; made by another program."""
    extra = {"alg": algorithm, "kid": f"key-{algorithm}"}
    if algorithm == "HS256":
        return jwk(), jwk()
    if algorithm == "EdDSA":
        key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", **extra}
        private = {"d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}
    else:
        key = {
            "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", **extra,
        }  # fmt: skip
        private = {"d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}
    return json.dumps({**key, **private}), json.dumps({"keys": [key]})


ALGORITHMS = ("HS256", "ES256", "EdDSA")


async def signed(signer: Peer, key: str, **claims: Any) -> str:
    claims = {"root": "room/123", "put": ["alice"], "get": [""], "exp": int(time.time()) + 600, **claims}
    before = len(signer.all("signed"))
    await signer.command(json.dumps({"do": "sign", "claims": claims, "key": key}))
    await signer.wait("signed", where=lambda _: len(signer.all("signed")) > before)
    return str(signer.all("signed")[-1]["token"])


@case("token/signed-and-verified/burrow-and-pyjwt", limit=40)
async def both_ways(stage: Stage) -> None:
    """What one signs the other believes, and neither believes what is wrong; by every algorithm."""
    peers = {whose: await stage.spawn("tokens", whose) for whose in ("burrow", "pyjwt")}
    for algorithm in ALGORITHMS:
        private, public = keys_of(algorithm)
        _, others = keys_of(ALGORITHMS[ALGORITHMS.index(algorithm) - 1])
        for left, right in (("burrow", "pyjwt"), ("pyjwt", "burrow")):
            good = await signed(peers[left], private)
            head, body, signature = good.split(".")
            twisted = signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB")
            no_algorithm = encoded(json.dumps({"alg": "none"}).encode())
            other_body = encoded(json.dumps({"root": "", "put": [""], "get": [""]}).encode())
            attempts = {
                "good": (good, public, True),
                "old": (await signed(peers[left], private, exp=int(time.time()) - 60), public, False),
                "other key": (good, others, False),
                "twisted signature": (f"{head}.{body}.{twisted}", public, False),
                "other claims": (f"{head}.{other_body}.{signature}", public, False),
                "no algorithm": (f"{no_algorithm}.{body}.", public, False),
            }
            for what, (text, keys, is_good) in attempts.items():
                peer = peers[right]
                count = len(peer.all("judged"))
                await peer.command(json.dumps({"do": "verify", "token": text, "keys": keys}))
                await peer.wait("judged", where=lambda _, peer=peer, count=count: len(peer.all("judged")) > count)
                verdict = peer.all("judged")[-1]
                name = f"{algorithm}, {left} signs, {right} verifies, {what}"
                check(verdict["good"] == is_good, f"{name}: {verdict}")
                check(not is_good or verdict["claims"]["root"] == "room/123", f"{name}: {verdict}")


for algorithm in ALGORITHMS:

    @case(f"token/signed-by-us/{algorithm}/moqrs-relay/burrow-and-moqrs-clients", limit=60)
    async def ours_elsewhere(stage: Stage, algorithm: str = algorithm) -> None:
        """Upstream's server, whose tokens PyJWT judges, lets those in whose token we have signed, and no others."""
        environment.pyjwt_python()
        private, public = keys_of(algorithm)
        (stage.folder / "key.jwk").write_text(public)
        home = await stage.relay("moqrs", "--jwk", "key.jwk")
        signer = await stage.spawn("tokens", "burrow")
        shape = ["--path", "alice", "--groups", "4", "--timeout", "30"]
        way = f"/room/123?jwt={await signed(signer, private)}"
        speaker = await stage.spawn("publish", "burrow", *home.options(way), *shape)
        await speaker.wait("announced")
        way = f"/room/123?jwt={await signed(signer, private, put=[])}"
        listener = await stage.spawn("subscribe", "moqrs", *home.options(way), *shape)
        check_complete(await listener.wait("done", 20), 12)
        for ways in (
            f"/room/123?jwt={await signed(signer, private, exp=int(time.time()) - 60)}",
            f"/room/456?jwt={await signed(signer, private)}",
            f"/room/123?jwt={await signed(signer, private)}x",
        ):
            peer = await stage.spawn("subscribe", "burrow", *home.options(ways), "--watch", "", "--timeout", "20")
            error = await peer.wait("refused", 12)
            check(error["status"] == "BURROW_ERR_UNAUTHORIZED", f"reported as {error['status']}")


@case("token/from-a-service/moqrs-relay/burrow-client", limit=60)
async def served(stage: Stage) -> None:
    """A service believes our proof and gives us a token, then another; upstream's server lets us in with it."""
    environment.pyjwt_python()
    root, cert, key = environment.make_authority(stage.folder)
    private, public = keys_of("EdDSA")
    (stage.folder / "private.jwk").write_text(private)
    (stage.folder / "public.jwk").write_text(public)
    files = ["--cert", str(cert), "--key", str(key), "--jwk", "private.jwk"]
    service = await stage.spawn("service", "pyjwt", *files, "--lifetime", "8")
    url = (await service.wait("ready", 20))["url"]
    home = await stage.relay("moqrs", "--jwk", "public.jwk")
    client = await stage.spawn("tokens", "burrow")
    ask = {"do": "request", "url": url, "secret": "11" * 32}
    await client.command(json.dumps(ask))
    error = await client.wait("no-token", 15)
    check(error["status"] == "BURROW_ERR_TLS_UNKNOWN_ISSUER", f"reported as {error}")
    await client.command(json.dumps({**ask, "roots": str(root)}))
    token = (await client.wait("token", 15))["token"]
    way = f"/room/123?jwt={token}"
    peer = await stage.spawn("subscribe", "burrow", *home.options(way), "--watch", "", "--timeout", "20")
    second = await client.wait("token", 15, where=lambda event: event["token"] != token)
    check(second["expires"] > int(time.time()), f"over already: {second}")
    await peer.wait("connected")
    people = {event["person"] for event in service.all("issued")}
    check(len(people) == 1 and not service.all("refused"), f"the service saw {people}")
