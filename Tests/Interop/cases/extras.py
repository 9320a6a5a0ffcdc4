"""What only lite-05 can do: single groups on request, and frames as datagrams."""

from __future__ import annotations

from harness.case import Stage, case, check

COMBINATIONS = (
    ("burrow", "burrow", "burrow"),
    ("burrow", "moqrs", "burrow"),
    ("burrow", "burrow", "moqrs"),
    ("burrow", "moqrs", "moqrs"),
    ("moqrs", "burrow", "burrow"),
    ("moqrs", "burrow", "moqrs"),
    ("moqrs", "moqrs", "burrow"),
    ("moqrs", "moqrs", "moqrs"),
)


def opened(relay: str) -> list[str]:
    return ["--open", "--versions", "05"] if relay == "burrow" else []


def register(relay: str, publisher: str, subscriber: str) -> None:
    who = f"{relay}-relay/{publisher}-publisher/{subscriber}-subscriber"

    @case(f"fetch/{who}", limit=40)
    async def fetch(stage: Stage) -> None:
        """An older group comes again, whole, while the track goes on."""
        home = await stage.relay(relay, *opened(relay))
        common = [*home.options(), "--path", "room/alice", "--frames", "3", "--size", "3000", "--timeout", "35"]
        speaker = await stage.spawn("publish", publisher, *common, "--groups", "0", "--interval-ms", "100")
        await speaker.wait("announced", 15)
        listener = await stage.spawn("subscribe", subscriber, *common, "--groups", "6", "--fetch", "2")
        fetched = await listener.wait("fetched", 20)
        check(fetched["frames"] == 3 and not fetched["problems"], f"group 2 came as {fetched}")

    @case(f"datagrams/{who}", limit=40)
    async def datagrams(stage: Stage) -> None:
        """Frames arrive as datagrams; some may be lost, even here, but not many."""
        home = await stage.relay(relay, *opened(relay))
        shape = ["--groups", "0", "--frames", "1", "--size", "500", "--datagrams", "--timeout", "35"]
        common = [*home.options(), "--path", "room/alice", *shape]
        speaker = await stage.spawn("publish", publisher, *common, "--interval-ms", "20")
        await speaker.wait("announced", 15)
        listener = await stage.spawn("subscribe", subscriber, *common)
        first = await listener.wait("frame", 15)
        await listener.wait("frame", 15, where=lambda event: event["group"] >= first["group"] + 50)
        await listener.command("stop")
        done = await listener.wait("done", 10)
        check(not done["problems"], f"bad frames: {done['problems']}")
        check(done["frames"] >= 45, f"only {done['frames']} of 50 arrived")


for combination in COMBINATIONS:
    register(*combination)
