"""Calls of groups: keys come from the group by themselves, whatever happens to it, over upstream's relays of both kinds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from harness.case import Address, Stage, case, check
from harness.process import Peer

from .groups import ALICE, BOB, agree, do, member, offer

CAROL = "66" * 32


async def report(peer: Peer) -> dict[str, Any]:
    count = len(peer.all("report"))
    await do(peer, "report")
    return await peer.wait("report", where=lambda _: len(peer.all("report")) > count)


async def latest(peer: Peer) -> dict[str, Any]:
    await report(peer)
    return peer.all("report")[-1]


async def until(peer: Peer, condition: Callable[[dict[str, Any]], bool], seconds: float = 25) -> dict[str, Any]:
    """Waits until what a peer says of its call is so."""
    for _ in range(int(seconds / 0.2)):
        if condition(said := await latest(peer)):
            return said
        await asyncio.sleep(0.2)
    told = {key: said[key] for key in ("epoch", "members", "told")}
    check(False, f"{peer.name}: it did not come about: {told} {said['room']} {said['heard']}")
    return said


def seen(said: dict[str, Any], whose: str) -> int:
    """How many pictures of a member were shown."""
    return sum(heard["pictures"] for path, heard in said["heard"].items() if said["members"].get(path) == whose)


async def enter(peer: Peer, home: Address) -> None:
    await do(peer, "enter", url=home.url, fingerprint=home.fingerprint)
    entered = await peer.wait("entered", 20)
    check(entered["status"] == "BURROW_OK", f"not entered: {entered}")


def check_flawless(said: dict[str, Any], who: str) -> None:
    """Everything that came was opened, and nothing that was shown or played was made up."""
    figures = said["room"]
    check(figures["forged_frames"] == figures["unprotected_frames"] == 0, f"{who}: {figures}")
    for path, heard in said["heard"].items():
        check(heard["wrong"] == 0 and heard["video"]["damaged_frames"] == 0, f"{who} of {path}: {heard}")
        check(heard["audio"]["damaged_frames"] == 0, f"{who} of {path}: {heard}")


@case("calls/moqrs-relay", limit=90)
async def call(stage: Stage) -> None:
    """Two members see each other, a third is added during the call and removed again."""
    _, url, _ = await stage.nostr_relay()
    home = await stage.relay("moqrs")
    alice, who_alice = await member(stage, "alice", url, ALICE)
    bob, who_bob = await member(stage, "bob", url, BOB)
    carol, who_carol = await member(stage, "carol", url, CAROL)
    await offer(stage, alice, url, who_alice)
    await offer(stage, carol, url, who_carol)
    await do(bob, "found", name="friends", relays=[url], members=[who_alice])
    await alice.wait("joined", 20)
    await agree(alice, bob)
    for peer in (alice, bob):
        await enter(peer, home)
    await until(alice, lambda said: seen(said, who_bob) > 25)
    await until(bob, lambda said: seen(said, who_alice) > 25)
    # Somebody joins, and sees and is seen.
    await do(bob, "invite", member=who_carol)
    await carol.wait("joined", 20)
    await enter(carol, home)
    for peer in (alice, bob):
        await until(peer, lambda said: seen(said, who_carol) > 25)
    said = await until(carol, lambda said: min(seen(said, who_alice), seen(said, who_bob)) > 25)
    check_flawless(said, "carol")
    # New keys of a device change nothing for anybody.
    before = said["epoch"]
    await do(alice, "rotate")
    await alice.wait("rotated", 20, where=lambda done: done["status"] == "BURROW_OK")
    for peer in (alice, bob, carol):
        said = await until(peer, lambda said: said["room"]["sealing_epoch"] > before)
        check_flawless(said, peer.name)
    # Who is removed sees nothing any more, and is not seen.
    await do(bob, "remove", member=who_carol)
    await carol.wait("removed", 20)
    for peer in (alice, bob):
        said = await until(peer, lambda said: None in said["members"].values())
        count = seen(said, who_alice) + seen(said, who_bob)
        said = await until(peer, lambda said, count=count: seen(said, who_alice) + seen(said, who_bob) > count + 25)
        check_flawless(said, peer.name)
        said = await until(peer, lambda said: bool(said["told"]))
        check(
            {(text.split("/")[-1], status) for text, status, _, _ in said["told"]} == {(who_carol, "BURROW_ERR_NOT_MEMBER")},
            f"{peer.name} was told {said['told']}",
        )
    last = await latest(carol)
    await asyncio.sleep(1)
    after = await latest(carol)
    check(after["room"]["opened_frames"] == last["room"]["opened_frames"], f"carol still opens frames: {after['room']}")
    check(after["room"]["sealing_epoch"] == after["room"]["newest_epoch"] == -1, f"carol has keys: {after['room']}")
    stage.figures = f"{said['room']['opened_frames']} frames opened"


@case("calls/keys-elsewhere", limit=60)
async def elsewhere(stage: Stage) -> None:
    """A call of two whose signals upstream's library signs and wraps, and opens: it has the keys of both."""
    _, url, _ = await stage.nostr_relay()
    home = await stage.relay("moqrs")
    alice, who_alice = await member(stage, "alice", url, ALICE, "remote")
    bob, who_bob = await member(stage, "bob", url, BOB, "remote")
    await offer(stage, alice, url, who_alice)
    await do(bob, "found", name="friends", relays=[url], members=[who_alice])
    await alice.wait("joined", 20)
    await agree(alice, bob)
    await do(bob, "call", url=home.url, fingerprint=home.fingerprint)
    ringing = await alice.wait("call", 20, where=lambda call: call["state"] == "incoming")
    check(ringing["caller"] == who_bob and ringing["pair"], f"rings as {ringing}")
    name = ringing["id"]
    await bob.wait("call", 20, where=lambda call: call["detail"] == "remote_ringing")
    await do(alice, "answer", id=name, fingerprint=home.fingerprint)
    for peer in (alice, bob):
        await peer.wait("call", 20, where=lambda call: call["state"] == "active" and call["detail"] == "ok")
    await until(alice, lambda said: seen(said, who_bob) > 5)
    await until(bob, lambda said: seen(said, who_alice) > 5)
    await do(alice, "hang up", id=name)
    await alice.wait("call", 20, where=lambda call: call["state"] == "ended" and call["reason"] == "hangup")
    await bob.wait("call", 20, where=lambda call: call["state"] == "ended" and call["reason"] == "remote hangup")
