"""A relay that is killed and comes back, and a network that loses packets."""

from __future__ import annotations

import asyncio

from harness import environment
from harness.case import Stage, case, check, check_complete

# A killed relay says no goodbye: upstream peers notice after 10 s of silence, then connect again with backoff.
PATIENCE = 45.0


def register_restart(relay: str, publisher: str, subscriber: str, version: str = "") -> None:
    @case(f"restart/{relay}-relay/{publisher}-publisher/{subscriber}-subscriber/{version or 'newest'}", 110, idle=True)
    async def run(stage: Stage) -> None:
        """The relay is killed mid-stream and started again on the same port with the same certificate."""
        cert, key = environment.make_certificate(stage.folder)
        files = ["--cert", str(cert), "--key", str(key), *(["--open"] if relay == "burrow" else [])]
        home = await stage.relay(relay, *files, versions=version)
        common = ["--path", "room/alice", "--groups", "0", "--frames", "2", "--reconnect", "--timeout", "100"]

        def client(whose: str) -> list[str]:
            mask = ["--versions", version] if whose == "burrow" and relay != "burrow" and version else []
            return [*home.options(), *common, *mask]

        speaker = await stage.spawn("publish", publisher, *client(publisher), "--interval-ms", "50")
        await speaker.wait("announced")
        listener = await stage.spawn("subscribe", subscriber, *client(subscriber))
        await listener.wait("frame", 15, where=lambda event: event["group"] >= 5)
        home.peer.kill()
        await asyncio.sleep(1.0)
        after = listener.position
        floor = max(event["group"] for event in listener.all("frame"))
        again = await stage.relay(relay, "--bind", home.address, *files, versions=version)
        check(again.address == home.address, f"the relay came back at {again.address}")
        await listener.wait("frame", PATIENCE, after, lambda event: event["group"] > floor + 20)
        # Both sides must know what happened.
        for peer, whose in ((speaker, publisher), (listener, subscriber)):
            if whose == "burrow":
                states = [event["status"] for event in peer.all("status")]
                check("reconnecting" in states, f"{peer.name} saw no 'reconnecting': {states}")
                check("restored" in states, f"{peer.name} saw no 'restored': {states}")
        await listener.command("stop")
        done = await listener.wait("done", 10)
        check(not done["problems"], f"bad frames: {done['problems']}")


for combination in (
    ("burrow", "burrow", "burrow"),
    ("moqrs", "burrow", "burrow"),
    ("burrow", "burrow", "moqrs"),
    ("burrow", "moqrs", "burrow"),
    ("moqrs", "burrow", "moqrs"),
    ("moqrs", "moqrs", "burrow"),
    ("moqrs", "burrow", "burrow", "02"),
    ("moqrs", "moqrs", "moqrs"),
):
    register_restart(*combination)


def register_loss(relay: str, publisher: str, subscriber: str, version: str) -> None:
    @case(f"loss/{relay}-relay/{publisher}-publisher/{subscriber}-subscriber/{version or 'newest'}", 70, idle=True)
    async def run(stage: Stage) -> None:
        """10 % of the packets are lost in each direction on the way of both clients; nothing may be missing."""
        home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []), versions=version)
        shape = ["--groups", "100", "--frames", "2", "--size", "400", "--interval-ms", "30"]

        async def client(whose: str) -> list[str]:
            bent = await stage.impair(home.address, "both.loss=10%", "both.delay=5ms")
            mask = ["--versions", version] if whose == "burrow" and relay != "burrow" and version else []
            way = ["--url", f"moqt://{bent}", "--fingerprint", home.fingerprint]
            return [*way, *mask, "--path", "room/alice", "--timeout", "60"]

        speaker = await stage.spawn("publish", publisher, *await client(publisher), *shape)
        await speaker.wait("announced", 20)
        quiet = ["--report-every", "0"]
        listener = await stage.spawn("subscribe", subscriber, *await client(subscriber), *shape, *quiet)
        check_complete(await listener.wait("done", 50), 200)


for combination in (
    ("burrow", "burrow", "burrow", "05"),
    ("burrow", "moqrs", "burrow", "05"),
    ("burrow", "burrow", "moqrs", "05"),
    ("moqrs", "burrow", "burrow", "05"),
    ("burrow", "burrow", "burrow", "02"),
    ("moqrs", "burrow", "burrow", "03"),
    ("moqrs", "moqrs", "moqrs", ""),
):
    register_loss(*combination)
