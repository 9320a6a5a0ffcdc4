"""Participants coming and going, as the other side sees it."""

from __future__ import annotations

from harness.case import Stage, case, check
from harness.process import Peer


def register(relay: str, publisher: str, watcher: str, version: str) -> None:
    ours = "burrow" in (relay, publisher, watcher)

    @case(f"announcements/{relay}-relay/{publisher}-publisher/{watcher}-watcher/{version if ours else 'newest'}", 50)
    async def run(stage: Stage) -> None:
        pin = version if ours else ""
        home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []), versions=pin)

        def client(whose: str) -> list[str]:
            mask = ["--versions", pin] if whose == "burrow" and relay != "burrow" else []
            return [*home.options(), "--timeout", "45", *mask]

        speaker = await stage.spawn("publish", publisher, *client(publisher), "--idle")
        await speaker.wait("connected")
        await speaker.command("open room/early")
        await speaker.command("open elsewhere/hidden")
        await speaker.wait("announced", where=lambda event: event["path"] == "elsewhere/hidden")
        eyes = await stage.spawn("subscribe", watcher, *client(watcher), "--watch", "room")
        await sees(eyes, "room/early", True)
        await speaker.command("open room/late")
        await sees(eyes, "room/late", True)
        await speaker.command("open room/odd-ä b%2f")
        await sees(eyes, "room/odd-ä b%2f", True)
        await speaker.command("close room/early")
        # On lite-02 the upstream relay never retracts what stood in its first message on an announce stream.
        if not (relay == "moqrs" and watcher == "burrow" and version == "02"):
            await sees(eyes, "room/early", False)
        # The same path again must show up again, and go again.
        after = eyes.position
        await speaker.command("open room/again")
        await sees(eyes, "room/again", True, after)
        await speaker.command("close room/again")
        await sees(eyes, "room/again", False, after)
        after = eyes.position
        await speaker.command("open room/again")
        await sees(eyes, "room/again", True, after)
        await speaker.command("close room/again")
        await sees(eyes, "room/again", False, after)
        # A participant that vanishes without a word: a killed process is gone when its connection times out at
        # the latest, a closed one at once. Here the process ends in good order.
        after = eyes.position
        await speaker.stop()
        await sees(eyes, "room/late", False, after)
        paths = {event["path"].strip("/") for event in eyes.all("participant")}
        inside = {"early", "late", "again", "odd-ä b%2f"}
        check(all(path.removeprefix("room/") in inside for path in paths), f"saw {paths}")


async def sees(eyes: Peer, path: str, active: bool, after: int = 0) -> None:
    short = path.removeprefix("room/")
    await eyes.wait(
        "participant",
        10,
        after,
        lambda event: event["active"] == active and event["path"].strip("/") in (path, short),
    )


for version in ("05", "04", "03", "02"):
    for relay, publisher, watcher in (
        ("burrow", "burrow", "burrow"),
        ("burrow", "moqrs", "burrow"),
        ("burrow", "burrow", "moqrs"),
        ("moqrs", "burrow", "burrow"),
        ("moqrs", "moqrs", "burrow"),
        ("moqrs", "burrow", "moqrs"),
    ):
        register(relay, publisher, watcher, version)
register("burrow", "moqrs", "moqrs", "05")
register("moqrs", "moqrs", "moqrs", "05")
