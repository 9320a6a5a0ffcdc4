"""Calls with members whose groups are MDK's and who know of calls what the plan says: no more than its five members of an offer,
participants who find each other by what the relay announces, and signals as today's clients write them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from harness.case import Address, Stage, case, check
from harness.process import Peer

from .groups import ALICE, BOB, do, member, offer

CAROL = "66" * 32
#: Kinds of signals.
OFFER, ANSWER, CANDIDATE, END, UPDATE = range(25050, 25055)


class Plan:
    """Somebody with MDK's groups and the plan's calls, whose media go through upstream's MoQ client."""

    def __init__(self, stage: Stage, peer: Peer, key: str, home: Address) -> None:
        self.stage, self.peer, self.key, self.home = stage, peer, key, home
        self.public = ""

    def path(self, key: str) -> str:
        """Where somebody is in the plan's form; its group id is the one that is public anyway."""
        return f"burrow/{self.public}/{key}"

    async def publish(self) -> Peer:
        """Is in the room of the group."""
        speaker = await self.stage.spawn("publish", "moqrs", *self.home.options(), "--idle", name="plan's media")
        await speaker.wait("connected")
        await speaker.command(f"open {self.path(self.key)}")
        await speaker.wait("announced")
        return speaker

    async def watch(self) -> Peer:
        """Sees who is announced in the room of the group, as the plan's participants do."""
        room = f"burrow/{self.public}"
        eyes = await self.stage.spawn("subscribe", "moqrs", *self.home.options(), "--watch", room, name="plan's eyes")
        await eyes.wait("connected")
        return eyes

    async def call(self, name: str, media: str = "video", **more: object) -> None:
        """The plan's offer, to the letter."""
        content = {"call_id": name, "call_type": media, "moq_relay": self.home.url}
        content |= {"broadcast_path": self.path(self.key), "room": self.public}
        await do(self.peer, "signal", kind=OFFER, content=json.dumps(content), **more)

    async def hears(self, kind: int, name: str, way: str = "group", **wanted: object) -> dict[str, Any]:
        """Waits for a signal, read by the rules of those who never heard of our members: the call's id is a tag."""

        def is_it(event: dict[str, Any]) -> bool:
            content = json.loads(event["content"])
            return (
                event["kind"] == kind
                and event["way"] == way
                and ["call-id", name] in event["tags"]
                and all(content.get(key) == value for key, value in wanted.items())
            )

        heard = await self.peer.wait("signal", 20, where=is_it)
        check(heard["sender"] == heard["author"], f"somebody else wrote it: {heard}")
        check(not any(tag[0] == "h" for tag in heard["tags"]), f"the group is named: {heard}")
        check(self.public not in json.dumps(heard["tags"]), f"the group is named: {heard}")
        return json.loads(heard["content"])

    def check_signals(self) -> None:
        """Nothing that the plan took away was sent."""
        kinds = {event["kind"] for event in self.peer.all("signal")}
        check(not kinds & {ANSWER, CANDIDATE}, f"kinds {kinds} came")


async def meet(stage: Stage, ours: int) -> tuple[Plan, list[Peer], list[str]]:
    """A group that somebody of the plan founded with some of us."""
    _, url, _ = await stage.nostr_relay()
    home = await stage.relay("moqrs")
    peer, key = await member(stage, "mdk alice", url, ALICE, "mdk")
    us: list[Peer] = []
    keys: list[str] = []
    for name, secret in (("bob", BOB), ("carol", CAROL))[:ours]:
        one, who = await member(stage, name, url, secret)
        await offer(stage, one, url, who)
        us.append(one)
        keys.append(who)
    await do(peer, "found", name="friends", relays=[url], members=keys)
    alice = Plan(stage, peer, key, home)
    alice.public = (await peer.wait("founded", 20))["public"]
    for one in us:
        await one.wait("joined", 20, where=lambda joined: joined["status"] == "BURROW_OK")
    # New members change their keys first of all.
    await peer.wait("epoch", 20, where=lambda _: len(peer.all("epoch")) >= ours)
    return alice, us, keys


async def stands(peer: Peer, name: str, state: str, **wanted: object) -> dict[str, Any]:
    def is_it(call: dict[str, Any]) -> bool:
        fields = {"id": name, "state": state, **wanted}
        return all(call[key] == value for key, value in fields.items())

    return await peer.wait("call", 25, where=is_it)


async def answer(peer: Peer, name: str, home: Address) -> None:
    await do(peer, "answer", id=name, fingerprint=home.fingerprint)


async def is_announced(eyes: Peer, path: str, active: bool = True) -> None:
    def is_it(event: dict[str, Any]) -> bool:
        seen = event["path"].strip("/")
        return event["active"] == active and (seen == path or path.endswith(f"/{seen}"))

    await eyes.wait("participant", 20, where=is_it)


@case("calls/plan-calls-a-group", limit=60)
async def group_call(stage: Stage) -> None:
    """An offer of the plan rings, is accepted, and its caller hears and sees that; then mute, the end of one, and of all."""
    alice, (bob, carol), (key, _) = await meet(stage, 2)
    eyes = await alice.watch()
    await alice.publish()
    await alice.call("abc123")
    for peer in (bob, carol):
        ringing = await stands(peer, "abc123", "incoming", detail="ringing")
        check(ringing["video"] and ringing["caller"] == alice.key and not ringing["pair"], f"rings as {ringing}")
    await answer(bob, "abc123", alice.home)
    # By signal, in the members that today's clients know and with the state that says more.
    heard = await alice.hears(UPDATE, "abc123", state="accepted")
    check(heard["call_id"] == "abc123" and heard["broadcast_path"] == alice.path(key), f"accepted with {heard}")
    check((heard["is_muted"], heard["is_video_enabled"], heard["call_type"]) == (False, True, "video"), f"{heard}")
    # And by what the relay announces, where the plan's participants look.
    await is_announced(eyes, alice.path(key))
    active = await stands(bob, "abc123", "active")
    check(active["path"] == alice.path(key), f"is at {active['path']}")
    here = await stands(bob, "abc123", "active", detail="ok")
    check(here["members"] == {alice.path(alice.key): alice.key}, f"sees {here['members']}")
    await alice.hears(UPDATE, "abc123", state="joined")
    await do(bob, "mute", id="abc123")
    muted = await alice.hears(UPDATE, "abc123", is_muted=True)
    check(muted["is_video_enabled"] is not None, f"muted: {muted}")
    # What the plan's caller says in the form of today's clients: a bare text without a scope, so only for itself.
    await do(alice.peer, "signal", kind=END, content="hangup", tags=[["call-id", "abc123"]])
    await do(bob, "hang up", id="abc123")
    left = await alice.hears(END, "abc123", reason="hangup")
    check(left["scope"] == "self", f"left with {left}")
    await stands(bob, "abc123", "ended", reason="hangup")
    await stands(carol, "abc123", "ended", reason="missed")
    await is_announced(eyes, alice.path(key), active=False)
    for peer in (bob, carol):
        chats = peer.all("message")
        check(not chats, f"signals are in the chat of {peer.name}: {chats}")
    alice.check_signals()


@case("calls/plan-calls-one", limit=60)
async def pair_call(stage: Stage) -> None:
    """One of us, in a group of two: ringing, declined and busy are heard; what is accepted never plays media in the clear."""
    alice, (bob,), (key,) = await meet(stage, 1)
    eyes = await alice.watch()
    await alice.publish()
    await alice.call("declined-1", "audio")
    ringing = await stands(bob, "declined-1", "incoming", detail="ringing")
    check(not ringing["video"] and ringing["pair"], f"rings as {ringing}")
    await alice.hears(UPDATE, "declined-1", state="ringing")
    await do(bob, "decline", id="declined-1")
    declined = await alice.hears(END, "declined-1", reason="declined")
    check(declined["scope"] == "call", f"declined with {declined}")
    await alice.call("busy-1")
    await stands(bob, "busy-1", "incoming")
    await do(bob, "decline", id="busy-1", busy=True)
    await alice.hears(END, "busy-1", reason="busy")
    # Taken back while it rings, in a gift wrap this time, where an offer says whom it is for and until when.
    await alice.call("wrapped-1", to=key, tags=[["p", key], ["call-id", "wrapped-1"], ["call-type", "video"]])
    await stands(bob, "wrapped-1", "incoming")
    await alice.hears(UPDATE, "wrapped-1", "wrap", state="ringing")
    await do(alice.peer, "signal", kind=END, content="hangup", to=key, tags=[["call-id", "wrapped-1"]])
    await stands(bob, "wrapped-1", "ended", reason="missed")
    # Accepted: we are there, and what came in the clear is not played, nor does the call count as going.
    await alice.call("accepted-1")
    await stands(bob, "accepted-1", "incoming")
    await answer(bob, "accepted-1", alice.home)
    await alice.hears(UPDATE, "accepted-1", state="accepted")
    await is_announced(eyes, alice.path(key))
    await stands(bob, "accepted-1", "connecting", detail="waiting_media")
    # An offer with another id in the tag than in the content is none; SDP is told as such, and answered.
    await alice.call("this-1", tags=[["call-id", "that-1"]])
    await do(alice.peer, "signal", kind=OFFER, content=json.dumps({"sdp": "v=0"}), tags=[["call-id", "sdp-1"]])
    await alice.hears(END, "sdp-1", reason="unsupported")
    await do(alice.peer, "signal", kind=END, content="hangup", tags=[["call-id", "accepted-1"]])
    await stands(bob, "accepted-1", "ended", reason="remote hangup")
    check(not any(call["id"] in ("this-1", "that-1") for call in bob.all("call")), "a call with two ids came")
    check(not any(call["state"] == "active" for call in bob.all("call")), "media in the clear made a call active")
    alice.check_signals()


@case("calls/plan-is-called", limit=60)
async def called(stage: Stage) -> None:
    """Our offer can be read by who knows the plan's five members, and being announced where it says answers it."""
    alice, (bob, carol), (key, _) = await meet(stage, 2)
    await do(bob, "call", url=alice.home.url, fingerprint=alice.home.fingerprint)
    said = await alice.peer.wait("signal", 20, where=lambda event: event["kind"] == OFFER)
    content = json.loads(said["content"])
    name = content["call_id"]
    check(["call-id", name] in said["tags"] and ["call-type", "video"] in said["tags"], f"tags {said['tags']}")
    check(content["call_type"] == "video" and content["room"] == alice.public, f"offers {content}")
    check(content["broadcast_path"] == alice.path(key), f"offers {content}")
    check(content["moq_relay"].rstrip("/") == alice.home.url, f"offers {content}")
    await stands(carol, name, "incoming")
    # A person needs a moment to answer; who is there within 250 ms counts as having been there before the call.
    await asyncio.sleep(0.5)
    # No signal: the plan has none for this.
    await alice.publish()
    await stands(bob, name, "active", detail="ok")
    await do(bob, "hang up", id=name, all=True)
    await alice.hears(END, name, reason="hangup")
    await stands(bob, name, "ended", reason="hangup")
    await stands(carol, name, "ended")
    alice.check_signals()
