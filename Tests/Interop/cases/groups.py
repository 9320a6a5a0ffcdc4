"""Groups of ours, and of ours and MDK's, whose events go through upstream's Nostr relay by themselves."""

from __future__ import annotations

import asyncio
import json

from harness.case import Stage, case, check
from harness.process import Peer

ALICE, BOB = "33" * 32, "44" * 32


async def member(stage: Stage, name: str, url: str, secret: str, whose: str = "burrow") -> tuple[Peer, str]:
    """A member who is connected, and their public key."""
    peer = await stage.spawn("groups", whose, "--url", url, "--secret", secret, name=name)
    connected = await peer.wait("connected", 20)
    return peer, connected["key"]


async def do(peer: Peer, what: str, **fields: object) -> None:
    await peer.command(json.dumps({"do": what, **fields}))


async def offer(stage: Stage, peer: Peer, url: str, key: str) -> None:
    """Has key packages published, and waits until the relay has them."""
    await do(peer, "offer", relays=[url])
    watcher = await stage.spawn("nostr", "nostrsdk", "--url", url, "--secret", "55" * 32, name="watcher")
    await watcher.wait("connected", 20)
    await do(watcher, "subscribe", filter={"kinds": [30443], "authors": [key]})
    await watcher.wait("event", 20)


async def agree(*peers: Peer) -> None:
    """Waits until all have the same secrets."""
    for attempt in range(100):
        answers = []
        for peer in peers:
            count = len(peer.all("secret"))
            await do(peer, "secret")
            await peer.wait("secret", where=lambda _, peer=peer, count=count: len(peer.all("secret")) > count)
            answers.append(peer.all("secret")[-1])
        if len({(answer["secret"], answer["epoch"]) for answer in answers}) == 1:
            return
        await asyncio.sleep(0.02 * min(attempt + 1, 10))
    check(False, f"they do not agree: {answers}")


for way in ("plain", "auth", "remote-keys", "remote-keys-auth"):

    @case(f"groups/{way}", limit=60)
    async def live(stage: Stage, way: str = way) -> None:
        """Key packages, an invitation, messages and new keys, between two engines that only share a relay; also when
        upstream's library holds the keys of both."""
        _, url, _ = await stage.nostr_relay(*(["--auth", "both"] if way.endswith("auth") else []))
        whose = "remote" if way.startswith("remote") else "burrow"
        alice, who = await member(stage, "alice", url, ALICE, whose)
        bob, _ = await member(stage, "bob", url, BOB, whose)
        if not way.endswith("auth"):
            await offer(stage, alice, url, who)
        else:
            await do(alice, "offer", relays=[url])
            await alice.wait("offered")
        # Nobody watches a relay that asks who we are, so it is tried until the key packages are there.
        for attempt in range(20):
            await do(bob, "found", name="friends", relays=[url], members=[who])
            await bob.wait("founded", where=lambda _, attempt=attempt: len(bob.all("founded")) > attempt)
            founded = bob.all("founded")[-1]
            if founded["status"] == "BURROW_OK":
                break
        check(founded["status"] == "BURROW_OK", f"not founded: {founded}")
        await alice.wait("joined", 20, where=lambda joined: joined["status"] == "BURROW_OK")
        await do(bob, "say", content="hello")
        await alice.wait("message", 20, where=lambda message: message["content"] == "hello")
        await do(alice, "say", content="hello yourself ☎")
        await bob.wait("message", 20, where=lambda message: message["content"] == "hello yourself ☎")
        await do(bob, "rename", name="old friends")
        await bob.wait("renamed", 20, where=lambda done: done["status"] == "BURROW_OK")
        await alice.wait("data", 20, where=lambda data: data["name"] == "old friends")
        await do(alice, "rotate")
        await alice.wait("rotated", 20, where=lambda done: done["status"] == "BURROW_OK")
        await agree(alice, bob)


@case("groups/relay-killed", limit=90)
async def killed(stage: Stage) -> None:
    """The relay is killed and started again while both speak: everything said arrives once."""
    options = ["--db", str(stage.folder / "events")]
    relay, url, _ = await stage.nostr_relay(*options)
    options += ["--port", url.rsplit(":", 1)[1]]
    alice, who = await member(stage, "alice", url, ALICE)
    bob, _ = await member(stage, "bob", url, BOB)
    await offer(stage, alice, url, who)
    await do(bob, "found", name="friends", relays=[url], members=[who])
    await alice.wait("joined", 20)
    for number in range(6):
        if number % 3 == 1:
            relay.kill()
            await stage.until_ended(relay)
        await do(bob, "say", content=f"bob {number}")
        await do(alice, "say", content=f"alice {number}")
        if number % 3 == 1:
            relay, _, _ = await stage.nostr_relay(*options)
    for name, peer in (("bob", alice), ("alice", bob)):
        for number in range(6):
            await peer.wait("message", 40, where=lambda said, text=f"{name} {number}": said["content"] == text)
        contents = [said["content"] for said in peer.all("message")]
        check(len(contents) == len(set(contents)), f"something came twice: {contents}")
    await agree(alice, bob)


for founder, joiner in (("burrow", "mdk"), ("mdk", "burrow"), ("remote", "mdk"), ("mdk", "remote")):

    @case(f"groups/{founder}-founds/{joiner}-joins", limit=60)
    async def together(stage: Stage, founder: str = founder, joiner: str = joiner) -> None:
        """A group of both: what is said and changed on one side arrives on the other, epoch after epoch."""
        _, url, _ = await stage.nostr_relay()
        alice, who = await member(stage, f"{joiner} alice", url, ALICE, joiner)
        bob, _ = await member(stage, f"{founder} bob", url, BOB, founder)
        await offer(stage, alice, url, who)
        await do(bob, "found", name="friends", relays=[url], members=[who])
        founded = await bob.wait("founded", 20)
        check(founded["status"] == "BURROW_OK", f"not founded: {founded}")
        joined = await alice.wait("joined", 20)
        check(joined["status"] == "BURROW_OK", f"not joined: {joined}")
        for number in range(3):
            await do(bob, "say", content=f"bob {number}")
            await alice.wait("message", 20, where=lambda said, text=f"bob {number}": said["content"] == text)
            await do(alice, "say", content=f"alice {number}")
            await bob.wait("message", 20, where=lambda said, text=f"alice {number}": said["content"] == text)
            await do(bob, "rename", name=f"name {number}")
            await alice.wait("data", 20, where=lambda data, text=f"name {number}": data["name"] == text)
            epochs = len(bob.all("epoch"))
            await do(alice, "rotate")
            await alice.wait("rotated", 20, where=lambda _, number=number: len(alice.all("rotated")) > number)
            await bob.wait("epoch", 20, where=lambda _, epochs=epochs: len(bob.all("epoch")) > epochs)
