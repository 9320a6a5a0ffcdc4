"""Relay x publisher x subscriber x version: everything arrives, unaltered, once and in order.

The upstream package cannot pin a version, so our side does: our relay where there is one, else our clients.
Where no side is ours the combination only shows that the upstream stack works here at all.
"""

from __future__ import annotations

from harness.case import Stage, case, check, check_complete

VERSIONS = ("05", "04", "03", "02")
GROUPS, FRAMES = 8, 3


def register(relay: str, publisher: str, subscriber: str, version: str) -> None:
    ours = "burrow" in (relay, publisher, subscriber)
    name = f"matrix/{relay}-relay/{publisher}-publisher/{subscriber}-subscriber/" + (version if ours else "newest")

    @case(name, limit=40)
    async def run(stage: Stage) -> None:
        pinned = version if ours else ""
        home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []), versions=pinned)

        def client(whose: str) -> list[str]:
            # With our relay its version mask decides and our clients offer everything.
            pin = ["--versions", pinned] if whose == "burrow" and relay != "burrow" else []
            return [*home.options(), "--path", "room/alice", "--timeout", "30", *pin]

        shape = ["--groups", str(GROUPS), "--frames", str(FRAMES), "--size", "300"]
        # Before 05 a transported frame has no timestamp.
        stamped = version == "05" and ours or not ours
        speaker = await stage.spawn("publish", publisher, *client(publisher), *shape)
        await speaker.wait("announced")
        checks = ["--timestamps"] if stamped else []
        listener = await stage.spawn("subscribe", subscriber, *client(subscriber), *shape, *checks)
        done = await listener.wait("done", 25)
        check_complete(done, GROUPS * FRAMES, stamped)
        for peer in (speaker, listener):
            for event in peer.all("connected"):
                spoken = event.get("version")
                check(spoken in (None, pinned), f"{peer.name} speaks {spoken} instead of {pinned}")


for relay in ("burrow", "moqrs"):
    for publisher in ("burrow", "moqrs"):
        for subscriber in ("burrow", "moqrs"):
            if "burrow" in (relay, publisher, subscriber):
                for version in VERSIONS:
                    register(relay, publisher, subscriber, version)
            else:
                register(relay, publisher, subscriber, "05")
