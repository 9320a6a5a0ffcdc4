"""Large frames and many tracks."""

from __future__ import annotations

from harness.case import Stage, case, check_complete

COMBINATIONS = (
    ("burrow", "burrow", "burrow", "05"),
    ("burrow", "moqrs", "burrow", "05"),
    ("burrow", "burrow", "moqrs", "05"),
    ("burrow", "moqrs", "moqrs", "05"),
    ("moqrs", "burrow", "moqrs", "05"),
    ("moqrs", "moqrs", "burrow", "05"),
    ("burrow", "burrow", "burrow", "02"),
    ("moqrs", "burrow", "burrow", "02"),
    ("moqrs", "moqrs", "moqrs", ""),
)


def name(kind: str, relay: str, publisher: str, subscriber: str, version: str) -> str:
    return f"{kind}/{relay}-relay/{publisher}-publisher/{subscriber}-subscriber/{version or 'newest'}"


async def carry(
    stage: Stage, relay: str, publisher: str, subscriber: str, version: str, frames: int, shape: list[str]
) -> None:
    home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []), versions=version)

    def client(whose: str) -> list[str]:
        mask = ["--versions", version] if whose == "burrow" and relay != "burrow" and version else []
        return [*home.options(), "--path", "room/alice", "--timeout", "60", *mask]

    speaker = await stage.spawn("publish", publisher, *client(publisher), *shape)
    await speaker.wait("announced")
    quiet = ["--report-every", "0"]
    listener = await stage.spawn("subscribe", subscriber, *client(subscriber), *shape, *quiet)
    done = await listener.wait("done", 50)
    check_complete(done, frames)


def register(relay: str, publisher: str, subscriber: str, version: str) -> None:
    @case(name("large-frames", relay, publisher, subscriber, version), limit=70, heavy=True)
    async def large(stage: Stage) -> None:
        """Three groups of two frames of 5 MB, one group every half second."""
        shape = ["--groups", "3", "--frames", "2", "--size", "5000000", "--interval-ms", "500"]
        await carry(stage, relay, publisher, subscriber, version, 6, shape)

    @case(name("many-tracks", relay, publisher, subscriber, version), limit=70, heavy=True)
    async def many(stage: Stage) -> None:
        """200 tracks with five groups each: 2000 frames."""
        shape = ["--tracks", "200", "--groups", "5", "--frames", "2", "--size", "200", "--interval-ms", "100"]
        await carry(stage, relay, publisher, subscriber, version, 2000, shape)


for combination in COMBINATIONS:
    register(*combination)
