"""Coming late, changing publishers, and changing addresses in the middle of a stream."""

from __future__ import annotations

import asyncio
import signal

from harness.case import Stage, case, check, check_complete

ENDLESS = ["--path", "room/alice", "--groups", "0", "--frames", "2", "--timeout", "60"]


def pinned(whose: str, relay: str, version: str) -> list[str]:
    return ["--versions", version] if whose == "burrow" and relay != "burrow" and version else []


def opened(relay: str) -> list[str]:
    return ["--open"] if relay == "burrow" else []


def register_late(relay: str, publisher: str, subscriber: str, version: str) -> None:
    @case(f"late-join/{relay}-relay/{publisher}-publisher/{subscriber}-subscriber/{version}", limit=40)
    async def run(stage: Stage) -> None:
        """Who comes in the middle starts with the newest group, from its first frame."""
        home = await stage.relay(relay, *opened(relay), versions=version)
        speaker = await stage.spawn(
            "publish", publisher, *home.options(), *ENDLESS, *pinned(publisher, relay, version),
            "--no-wait", "--interval-ms", "100",
        )  # fmt: skip
        # Somebody who was there first, so that the relay has older groups to give as well.
        early = await stage.spawn("subscribe", "moqrs", *home.options(), *ENDLESS, name="early subscriber")
        await early.wait("frame", 15)
        await speaker.wait("sent", 15, where=lambda event: event["group"] >= 12)
        listener = await stage.spawn(
            "subscribe", subscriber, *home.options(), *ENDLESS, *pinned(subscriber, relay, version), "--latest"
        )
        await listener.wait("subscribed", 15)
        newest = speaker.all("sent")[-1]["group"]
        first = await listener.wait("frame", 15)
        check(first["index"] == 0, f"began inside group {first['group']}")
        check(first["group"] >= newest - 1, f"began with group {first['group']} when {newest} was the newest")


for combination in (
    ("burrow", "burrow", "burrow", "05"),
    ("burrow", "moqrs", "moqrs", "05"),
    ("burrow", "burrow", "burrow", "02"),
    ("moqrs", "burrow", "burrow", "05"),
    ("moqrs", "moqrs", "burrow", "04"),
):
    register_late(*combination)


for older, newer in (("burrow", "burrow"), ("moqrs", "moqrs"), ("burrow", "moqrs"), ("moqrs", "burrow")):

    @case(f"failover/burrow-relay/{older}-then-{newer}-publisher", limit=50)
    async def failover(stage: Stage, older: str = older, newer: str = newer) -> None:
        """Two publishers of one path: the newer is heard, and the older again when the newer has left."""
        home = await stage.relay("burrow", "--open")
        common = [*home.options(), *ENDLESS, "--no-wait", "--interval-ms", "50"]
        first = await stage.spawn("publish", older, *common, "--size", "200", name="first publisher")
        await first.wait("sent", 15)
        for whose in ("burrow", "moqrs"):
            ears = await stage.spawn("subscribe", whose, *home.options(), *ENDLESS, name=f"{whose} before")
            await ears.wait("frame", 15, where=lambda event: event["size"] == 200)
        second = await stage.spawn("publish", newer, *common, "--size", "300", name="second publisher")
        await second.wait("sent", 15, where=lambda event: event["group"] >= 5)
        for whose in ("burrow", "moqrs"):
            ears = await stage.spawn("subscribe", whose, *home.options(), *ENDLESS, name=f"{whose} during")
            await ears.wait("frame", 15, where=lambda event: event["size"] == 300)
        await second.stop()
        for whose in ("burrow", "moqrs"):
            ears = await stage.spawn("subscribe", whose, *home.options(), *ENDLESS, name=f"{whose} after")
            await ears.wait("frame", 15, where=lambda event: event["size"] == 200)


def register_rebind(relay: str, publisher: str, subscriber: str) -> None:
    @case(f"rebind/{relay}-relay/{publisher}-publisher/{subscriber}-subscriber", limit=50)
    async def run(stage: Stage) -> None:
        """The addresses of both clients change on the way; the connections live on."""
        home = await stage.relay(relay, *opened(relay))
        proxies = []

        async def client() -> list[str]:
            bent = await stage.impair(home.address, "both.delay=2ms")
            proxies.append(stage.peers[-1])
            return ["--url", f"moqt://{bent}", "--fingerprint", home.fingerprint, *ENDLESS]

        speaker = await stage.spawn("publish", publisher, *await client(), "--interval-ms", "50")
        await speaker.wait("announced", 15)
        listener = await stage.spawn("subscribe", subscriber, *await client())
        await listener.wait("frame", 15, where=lambda event: event["group"] >= 5)
        for proxy in proxies:
            floor = max(event["group"] for event in listener.all("frame"))
            proxy.kill(signal.SIGUSR1)
            await listener.wait("frame", 15, where=lambda event, floor=floor: event["group"] >= floor + 20)
        await asyncio.sleep(0)
        for peer in (speaker, listener):
            states = [event["status"] for event in peer.all("status")]
            check(not {"reconnecting", "disconnected", "closed"} & set(states), f"{peer.name} saw {states}")


for combination in (
    ("burrow", "burrow", "burrow"),
    ("burrow", "moqrs", "moqrs"),
    ("moqrs", "burrow", "burrow"),
    ("moqrs", "moqrs", "moqrs"),
):
    register_rebind(*combination)


def register_ending(relay: str, publisher: str, subscriber: str, version: str) -> None:
    @case(f"ending/{relay}-relay/{publisher}-publisher/{subscriber}-subscriber/{version}", limit=50)
    async def run(stage: Stage) -> None:
        """A track that ends while most of it still waits for a slow link: all of it arrives.

        Only the links into which we send are slow: the upstream stack gives up what it has not sent when a track
        ends (39 of these 40 frames).
        """
        home = await stage.relay(relay, *opened(relay), versions=version)
        shape = ["--groups", "20", "--frames", "2", "--size", "20000", "--path", "room/alice", "--timeout", "45"]

        async def client(whose: str, sender: str) -> list[str]:
            address = home.address
            if sender == "burrow":
                address = await stage.impair(address, "both.rate=4M", "both.queue=150k", "both.delay=10ms")
            way = ["--url", f"moqt://{address}", "--fingerprint", home.fingerprint]
            return [*way, *shape, *pinned(whose, relay, version)]

        speaker = await stage.spawn("publish", publisher, *await client(publisher, publisher), "--interval-ms", "1")
        await speaker.wait("announced", 15)
        quiet = ["--report-every", "0"]
        listener = await stage.spawn("subscribe", subscriber, *await client(subscriber, relay), *quiet)
        check_complete(await listener.wait("done", 30), 40)


for combination in (
    ("burrow", "burrow", "burrow", "05"),
    ("burrow", "burrow", "burrow", "03"),
    ("burrow", "moqrs", "moqrs", "05"),
    ("burrow", "moqrs", "burrow", "05"),
    ("burrow", "burrow", "moqrs", "05"),
    ("moqrs", "burrow", "moqrs", "05"),
    ("moqrs", "burrow", "moqrs", "03"),
    ("moqrs", "burrow", "burrow", "05"),
):
    register_ending(*combination)
