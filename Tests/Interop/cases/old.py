"""The oldest published peer, moq-ffi 0.1.2: lite-03 and lite-02, media tracks of the hang container only."""

from __future__ import annotations

from harness.case import Stage, case, check

TRACK = "audio0.opus"


def register(relay: str, publisher: str, subscriber: str, version: str) -> None:
    @case(f"old-peer/{relay}-relay/{publisher}-publisher/{subscriber}-subscriber/{version or 'newest'}", limit=40)
    async def run(stage: Stage) -> None:
        home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []), versions=version)

        def client(whose: str) -> list[str]:
            # The old peer cannot pin a certificate, it only can refuse to look at it.
            mask = ["--versions", version] if whose == "burrow" and relay != "burrow" and version else []
            way = home.options(verify=whose != "old")
            return [*way, *mask, "--path", "room/alice", "--track", TRACK, "--timeout", "35"]

        # The old publisher does not wait for anybody, so the others must not count from group 0.
        speaker = await stage.spawn(
            "publish", publisher, *client(publisher), "--groups", "0", "--frames", "1", "--hang", "--no-wait"
        )
        await speaker.wait("announced")
        listener = await stage.spawn(
            "subscribe", subscriber, *client(subscriber), "--groups", "20", "--frames", "1", "--hang", "--timestamps"
        )
        done = await listener.wait("done", 25)
        check(not done["problems"], f"bad frames: {done['problems']}")
        check(done["frames"] >= 20 and done["duplicates"] == 0, f"{done['frames']} frames, {done['duplicates']} twice")
        check(done["stamped"] == done["frames"], f"{done['stamped']} of {done['frames']} frames had their timestamp")


for version in ("", "03", "02"):
    register("burrow", "old", "burrow", version)
    register("burrow", "burrow", "old", version)
register("burrow", "old", "old", "")
register("burrow", "old", "moqrs", "")
register("burrow", "moqrs", "old", "")
register("moqrs", "old", "moqrs", "")
register("moqrs", "old", "burrow", "")
register("moqrs", "burrow", "old", "")
