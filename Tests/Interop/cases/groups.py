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


async def offer(stage: Stage, peer: Peer, url: str, key: str, devices: int = 1) -> None:
    """Has key packages published, and waits until the relay has them of so many devices."""
    await do(peer, "offer", relays=[url])
    watcher = await stage.spawn("nostr", "nostrsdk", "--url", url, "--secret", "55" * 32, name="watcher")
    await watcher.wait("connected", 20)
    await do(watcher, "subscribe", filter={"kinds": [30443], "authors": [key]})
    await watcher.wait("event", 20, where=lambda _: len(watcher.all("event")) >= devices)


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


async def hear(speaker: Peer, text: str, *others: Peer) -> None:
    await do(speaker, "say", content=text)
    for other in others:
        await other.wait("message", 20, where=lambda said: said["content"] == text)


async def finish(peer: Peer, what: str, word: str, **fields: object) -> None:
    """Does something and waits until it is done."""
    count = len(peer.all(word))
    await do(peer, what, **fields)
    await peer.wait(word, 20, where=lambda _: len(peer.all(word)) > count)
    done = peer.all(word)[-1]
    check(done.get("status", "BURROW_OK") == "BURROW_OK", f"{what} did not succeed: {done}")


@case("groups/returning", limit=60)
async def returning(stage: Stage) -> None:
    """Somebody who was removed is invited again and takes a while to accept: what is said meanwhile is heard then."""
    _, url, _ = await stage.nostr_relay()
    alice, who = await member(stage, "alice", url, ALICE)
    carol, third = await member(stage, "carol", url, "66" * 32)
    bob, _ = await member(stage, "bob", url, BOB)
    for peer, key in ((alice, who), (carol, third)):
        await offer(stage, peer, url, key)
    await do(bob, "found", name="friends", relays=[url], members=[who, third])
    for peer in (alice, carol):
        await peer.wait("joined", 20, where=lambda joined: joined["status"] == "BURROW_OK")
    await hear(bob, "hello both", alice, carol)
    await finish(bob, "remove", "removal", member=who)
    await alice.wait("removed", 20)
    await finish(alice, "hesitate", "hesitating")
    await finish(alice, "offer", "offered", relays=[url])
    await finish(bob, "invite", "invited", member=who)
    await alice.wait("invited here", 20, where=lambda _: len(alice.all("invited here")) > 1)
    await hear(bob, "while you think about it", carol)
    await do(alice, "join")
    await alice.wait("message", 20, where=lambda said: said["content"] == "while you think about it")
    await hear(alice, "here again", bob, carol)
    await agree(alice, bob, carol)


for whose in ("burrow", "mdk"):

    @case(f"groups/devices-invited-by-{whose}", limit=60)
    async def devices(stage: Stage, whose: str = whose) -> None:
        """Two devices of one person in a group of somebody else: both hear and speak, and go together."""
        _, url, _ = await stage.nostr_relay()
        bob, _ = await member(stage, f"{whose} bob", url, BOB, whose)
        phone, alice = await member(stage, "phone", url, ALICE)
        await offer(stage, phone, url, alice)
        await do(bob, "found", name="friends", relays=[url], members=[alice])
        await phone.wait("joined", 20, where=lambda joined: joined["status"] == "BURROW_OK")
        await hear(bob, "hello phone", phone)
        tablet, _ = await member(stage, "tablet", url, ALICE)
        await offer(stage, tablet, url, alice, devices=2)
        await finish(bob, "invite", "invited", member=alice)
        await tablet.wait("joined", 20, where=lambda joined: joined["status"] == "BURROW_OK")
        await hear(bob, "hello both", phone, tablet)
        await hear(phone, "from the phone", bob, tablet)
        await hear(tablet, "from the tablet", bob, phone)
        await finish(phone, "rotate", "rotated")
        await agree(phone, tablet)
        await finish(tablet, "rotate", "rotated")
        await agree(phone, tablet)
        await hear(bob, "with new keys", phone, tablet)
        await finish(bob, "remove", "removal", member=alice)
        await phone.wait("removed", 20)
        await tablet.wait("removed", 20)


for whose in ("burrow", "mdk"):

    @case(f"groups/devices-beside-{whose}", limit=60)
    async def own_devices(stage: Stage, whose: str = whose) -> None:
        """An admin adds a tablet, changes the group with it, and removes the phone with it."""
        _, url, _ = await stage.nostr_relay()
        bob, other = await member(stage, f"{whose} bob", url, BOB, whose)
        phone, alice = await member(stage, "phone", url, ALICE)
        await offer(stage, bob, url, other)
        await do(phone, "found", name="ours", relays=[url], members=[other])
        await bob.wait("joined", 20, where=lambda joined: joined["status"] == "BURROW_OK")
        await offer(stage, phone, url, alice)
        tablet, _ = await member(stage, "tablet", url, ALICE)
        await offer(stage, tablet, url, alice, devices=2)
        await finish(phone, "invite", "invited", member=alice)
        await tablet.wait("joined", 20, where=lambda joined: joined["status"] == "BURROW_OK")
        await hear(bob, "hello both", phone, tablet)
        await hear(tablet, "from the tablet", bob, phone)
        await finish(tablet, "rename", "renamed", name="still ours")
        await bob.wait("data", 20, where=lambda data: data["name"] == "still ours")
        await agree(phone, tablet)
        await hear(phone, "from the phone", bob, tablet)
        await finish(tablet, "remove", "removal", member=alice)
        await phone.wait("removed", 20)
        await hear(bob, "hello tablet", tablet)
        await hear(tablet, "only me now", bob)
