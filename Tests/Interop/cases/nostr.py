"""Nostr: our client and upstream's, each as sender and as receiver, through upstream's relay."""

from __future__ import annotations

import json
import os
import time

from harness import environment
from harness.case import Stage, case, check
from harness.process import Peer

#: Secret keys of the people in these cases.
SENDER, RECEIVER = "11" * 32, "22" * 32
WAYS = ("plain", "auth", "tls")
#: Who sends and who receives; the key of "remote" is not in our library.
PAIRS = [(sender, receiver) for sender in ("burrow", "nostrsdk") for receiver in ("burrow", "nostrsdk")]
REMOTE_PAIRS = [("remote", "remote"), ("remote", "nostrsdk"), ("nostrsdk", "remote")]


async def client(stage: Stage, whose: str, url: str, secret: str, *options: str, name: str = "") -> tuple[Peer, str]:
    """A client that is connected, and its public key."""
    peer = await stage.spawn("nostr", whose, "--url", url, "--secret", secret, *options, name=name)
    connected = await peer.wait("connected", 20)
    return peer, connected["key"]


async def do(peer: Peer, what: str, **fields: object) -> None:
    await peer.command(json.dumps({"do": what, **fields}))


for way in WAYS:
    for pairs in (PAIRS, [] if way == "tls" else REMOTE_PAIRS):
        for sender, receiver in pairs:

            @case(f"nostr/{way}/{sender}-sends/{receiver}-receives", limit=40)
            async def exchange(stage: Stage, way: str = way, sender: str = sender, receiver: str = receiver) -> None:
                """An event and a wrapped message: one stored, one of each live."""
                options, trust = [], []
                if way == "tls":
                    root, cert, key = environment.make_authority(stage.folder)
                    options, trust = ["--tls-cert", str(cert), "--tls-key", str(key)], ["--roots", str(root)]
                elif way == "auth":
                    options = ["--auth", "both", "--auth-dm"]
                _, url, plain = await stage.nostr_relay(*options)

                def place(whose: str) -> tuple[str, list[str]]:
                    # Upstream's client cannot be told whom to trust, so it takes the relay's other door.
                    return (plain, []) if whose == "nostrsdk" else (url, trust)

                one, at = place(sender)
                left, author = await client(stage, sender, one, SENDER, *at, name=f"{sender} sender")
                await do(left, "publish", event={"kind": 1, "content": "stored"})
                published = await left.wait("published")
                check(published["accepted"] == 1, f"not accepted: {published}")
                one, at = place(receiver)
                right, reader = await client(stage, receiver, one, RECEIVER, *at, name=f"{receiver} receiver")
                await do(right, "subscribe", filter={"kinds": [1], "authors": [author]})
                stored = await right.wait("event")
                check(stored["content"] == "stored" and stored["id"] == published["id"], f"another event: {stored}")
                await do(right, "subscribe", filter={"kinds": [1059], "#p": [reader]})
                await right.wait("subscribed", where=lambda _: len(right.all("subscribed")) == 2)
                await do(left, "publish", event={"kind": 1, "content": "live ☎"})
                await right.wait("event", where=lambda event: event["content"] == "live ☎")
                await do(left, "send", to=reader, content="for you alone")
                message = await right.wait("message")
                check(message["sender"] == author, f"sealed by {message['sender']}")
                check(message["content"] == "for you alone" and message["kind"] == 14, f"not as it was: {message}")


@case("nostr/plain/ipv6", limit=40)
async def ipv6(stage: Stage) -> None:
    """A relay that only has an IPv6 address, for both clients."""
    environment.require_ipv6()
    _, url, _ = await stage.nostr_relay("--host", "::1")
    left, author = await client(stage, "burrow", url, SENDER, name="sender")
    right, reader = await client(stage, "nostrsdk", url, RECEIVER, name="receiver")
    await do(right, "subscribe", filter={"kinds": [1059], "#p": [reader]})
    await right.wait("subscribed")
    await do(left, "send", to=reader, content="by the other protocol")
    message = await right.wait("message")
    check(message["sender"] == author and message["content"] == "by the other protocol", f"not as it was: {message}")


@case("nostr/tls/unknown-authority-is-refused", limit=30)
async def stranger(stage: Stage) -> None:
    """Without the authority's certificate the relay is not believed, and gets no message."""
    _, cert, key = environment.make_authority(stage.folder)
    _, url, _ = await stage.nostr_relay("--tls-cert", str(cert), "--tls-key", str(key))
    peer = await stage.spawn("nostr", "burrow", "--url", url)
    lost = await peer.wait("lost", 15)
    check(lost["status"] == "BURROW_ERR_TLS_UNKNOWN_ISSUER", f"reported as {lost}")


@case("nostr/tls/other-name-is-refused", limit=30)
async def other_name(stage: Stage) -> None:
    """A certificate for another host is not believed."""
    root, cert, key = environment.make_authority(stage.folder, host="elsewhere.example")
    _, url, _ = await stage.nostr_relay("--tls-cert", str(cert), "--tls-key", str(key))
    peer = await stage.spawn("nostr", "burrow", "--url", url, "--roots", str(root))
    lost = await peer.wait("lost", 15)
    check(lost["status"] == "BURROW_ERR_TLS_WRONG_HOST", f"reported as {lost}")


#: What a bad server does, and how we call that. What is only counted ends the connection after a while.
FAULTS = {
    "redirect": "BURROW_ERR_PROTOCOL",
    "no-http": "BURROW_ERR_PROTOCOL",
    "endless-answer": "BURROW_ERR_PROTOCOL",
    "endless-frames": "BURROW_ERR_PROTOCOL",
    "endless-fragments": "BURROW_ERR_PROTOCOL",
    "pings": "BURROW_ERR_PROTOCOL",
    "huge-message": "BURROW_ERR_PROTOCOL",
    "compressed": "BURROW_ERR_PROTOCOL",
    "masked": "BURROW_ERR_PROTOCOL",
    "garbage": "BURROW_OK",
    "forged": "BURROW_OK",
    "strangers": "BURROW_OK",
}


@case("nostr/faults", limit=60)
async def faults(stage: Stage) -> None:
    """Servers that misbehave, all at once beside a good one: each is left for the right reason, the good one is not."""
    _, good, _ = await stage.nostr_relay()
    bad = {fault: await stage.nostr_relay("--fault", fault) for fault in FAULTS}
    urls = [url for _, url, _ in bad.values()]
    options = [word for url in [good, *urls] for word in ("--url", url)]
    peer = await stage.spawn("nostr", "burrow", *options, "--secret", SENDER)
    ours = (await peer.wait("connected", where=lambda event: event["url"] == good))["key"]
    await do(peer, "subscribe", filter={"kinds": [1], "authors": [ours]})
    for fault, status in FAULTS.items():
        server, url, _ = bad[fault]
        lost = await peer.wait("lost", 30, where=lambda event, url=url: event["url"] == url)
        check(lost["status"] == status, f"{fault}: reported as {lost}")
        check(not server.all("swallowed"), f"{fault}: all of it was read")
    for number in range(20):
        await do(peer, "publish", event={"kind": 1, "content": str(number)})
    await peer.wait("event", where=lambda _: len(peer.all("event")) == 20)
    check(not [event for event in peer.all("lost") if event["url"] == good], "the good relay was left")
    await do(peer, "relays")
    relays = {relay["url"]: relay for relay in (await peer.wait("relays"))["relays"]}
    for fault, figure in (("garbage", "bad_messages"), ("forged", "invalid_events")):
        check(relays[bad[fault][1]][figure] >= 30, f"{fault}: not counted: {relays[bad[fault][1]]}")
    check(relays[good]["state"] == 2 and relays[good]["events"] >= 20, f"the good relay: {relays[good]}")


@case("nostr/faults/those-that-wait", limit=60, idle=True)
async def waiting(stage: Stage) -> None:
    """Servers that do nothing, or next to nothing, are given up after their time."""
    bad = {fault: await stage.nostr_relay("--fault", fault) for fault in ("silence", "slow-answer", "half-open")}
    options = [word for _, url, _ in bad.values() for word in ("--url", url)]
    peer = await stage.spawn("nostr", "burrow", *options, "--secret", SENDER)
    half = bad["half-open"][1]
    await peer.wait("connected", where=lambda event: event["url"] == half)
    await do(peer, "publish", event={"kind": 1, "content": "into the void"})
    for server, _, _ in bad.values():
        await server.wait("left", 30)
    check(not peer.all("published"), "somebody is said to have the event")


@case("nostr/faults/three-relays", limit=90, idle=True)
async def three(stage: Stage) -> None:
    """One relay is dead, one slow, one repeats itself in disorder: all goes on, and each event comes once."""
    dead, gone, _ = await stage.nostr_relay()
    dead.kill()
    await stage.until_ended(dead)
    bent: dict[str, str] = {}
    for fault in ("slow", "repeats"):
        _, behind, _ = await stage.nostr_relay()
        peer = await stage.spawn("relay", "bent", "--behind", behind, "--fault", fault, "--timeout", "90", name=fault)
        bent[fault] = (await peer.wait("ready"))["url"]
    urls = [gone, *bent.values()]
    options = [word for url in urls[1:] for word in ("--url", url)] + ["--timeout", "90"]
    left, author = await client(stage, "burrow", gone, SENDER, *options, name="sender")
    right, _ = await client(stage, "burrow", gone, RECEIVER, *options, name="receiver")
    total = 40
    await do(right, "subscribe", filter={"kinds": [9], "authors": [author]})
    await right.wait("subscribed")
    for number in range(total):
        await do(left, "publish", event={"kind": 9, "content": str(number)})
    await right.wait("event", where=lambda _: len(right.all("event")) >= total)
    late, _ = await client(stage, "burrow", gone, RECEIVER, *options, name="who comes later")
    await do(late, "subscribe", filter={"kinds": [9], "authors": [author]})
    await late.wait("subscribed")
    await do(left, "publish", event={"kind": 9, "content": "last"})
    total += 1
    await left.wait("published", 45, where=lambda _: len(left.all("published")) >= total)
    wanted = sorted([*map(str, range(total - 1)), "last"])
    for peer in (right, late):
        await peer.wait("event", where=lambda event: event["content"] == "last")
        contents = sorted(event["content"] for event in peer.all("event"))
        check(contents == wanted, f"{peer.name}: {len(contents)} events, {len(set(contents))} of them different")
    for published in left.all("published"):
        check(published["accepted"] == 2, f"accepted by others: {published}")
        statuses = {url: answer[0] for url, answer in published["answers"].items()}
        wanted_statuses = dict(zip(urls, ("BURROW_ERR_UNREACHABLE", "BURROW_OK", "BURROW_OK"), strict=True))
        check(statuses == wanted_statuses, f"answers: {statuses}")
    repeated = [event["count"] for peer in stage.peers if peer.name == "repeats" for event in peer.all("repeated")]
    check(sum(repeated) >= total, "nothing was repeated")
    states = {event["url"] for event in left.all("lost")}
    check(states == {gone}, f"left: {states}")


@case("nostr/relay-killed-again-and-again", limit=60 if "BURROW_NOSTR_KILLS" not in os.environ else 1800)
async def kills(stage: Stage) -> None:
    """A stream of events through a relay that is killed and started again: nothing lost, nothing twice."""
    times = int(os.environ.get("BURROW_NOSTR_KILLS", "2"))
    total = int(os.environ.get("BURROW_NOSTR_EVENTS", str(100 * times)))
    folder = stage.folder / "relay"
    folder.mkdir()
    relay, url, _ = await stage.nostr_relay("--db", str(folder), "--timeout", "1800")
    port = url.rpartition(":")[2]
    left, author = await client(stage, "burrow", url, SENDER, "--timeout", "1800", name="sender")
    right, _ = await client(stage, "burrow", url, RECEIVER, "--timeout", "1800", name="receiver")
    await do(right, "subscribe", filter={"kinds": [9], "authors": [author]})
    await right.wait("subscribed")
    sent = 0
    for turn in range(times + 1):
        until = total * (turn + 1) // (times + 1)
        while sent < until:
            event = {"kind": 9, "content": str(sent), "created_at": int(time.time())}
            await do(left, "publish", event=event, insist=True)
            sent += 1
        if turn == times:
            break
        # In the middle of it.
        wanted = max(len(right.all("event")) + 1, sent - 50)
        await right.wait("event", 120, where=lambda _, wanted=wanted: len(right.all("event")) >= wanted)
        relay.kill()
        await stage.until_ended(relay)
        relay, _, _ = await stage.nostr_relay("--db", str(folder), "--port", port, "--timeout", "1800")
    await right.wait("event", 120, where=lambda _: len(right.all("event")) >= total)
    await left.wait("published", 120, where=lambda _: len(left.all("published")) >= total)
    counts: dict[str, int] = {}
    for event in right.all("event"):
        counts[event["content"]] = counts.get(event["content"], 0) + 1
    missing = [number for number in range(total) if str(number) not in counts]
    twice = [content for content, count in counts.items() if count > 1]
    check(not missing, f"{len(missing)} events lost, first {missing[:5]}")
    check(not twice, f"{len(twice)} events came twice")
    refused = [event for event in left.all("published") if event["accepted"] != 1]
    check(not refused, f"{len(refused)} not accepted, first {refused[:1]}")
    stage.figures = f"{total} events, {times} kills"
