"""Media: upstream decodes what we publish, and we decode what upstream's encoders publish.

Once with packets of their encoders, which tests catalogue and containers alone, and once with samples and pictures
through our own codecs and our playout.
"""

from __future__ import annotations

import json
from typing import Any

from harness.case import Stage, case, check
from harness.environment import PEERS
from harness.process import Event, Peer

VERSIONS = ("05", "04", "03", "02")
PICTURES, PACKETS = 60, 100
LONGER = 120
# What the decoders may keep to themselves: they give a picture out when the next has come.
HELD = 4
VIDEO = {"codec": "avc3.42c00d", "size": [320, 240], "bitrate": 600_000, "framerate": 30.0}
AUDIO = {"codec": "opus", "rate": 48_000, "channels": 1}


def subset(wanted: dict[str, Any], seen: dict[str, Any]) -> bool:
    return all(seen[key] == value for key, value in wanted.items())


def client(stage_options: list[str], whose: str, relay: str, version: str) -> list[str]:
    """With our relay its version mask decides and our clients offer everything."""
    pin = ["--versions", version] if whose == "burrow" and relay != "burrow" else []
    return [*stage_options, "--path", "room/alice", "--timeout", "40", *pin]


def register_decoded(relay: str, version: str) -> None:
    @case(f"media/{relay}-relay/moqrs-decodes-ours/{version}", limit=60)
    async def run(stage: Stage) -> None:
        packets = stage.folder / "packets"
        encoder = await stage.spawn("media_encode", "moqrs", "--output", str(packets), "--pictures", str(PICTURES))
        await encoder.wait("encoded", 20)
        home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []), versions=version)
        speaker = await stage.spawn(
            "media_publish", "burrow", *client(home.options(), "burrow", relay, version), "--packets", str(packets)
        )
        await speaker.wait("announced")
        listener = await stage.spawn(
            "media_subscribe",
            "moqrs",
            *client(home.options(), "moqrs", relay, version),
            *("--frames", str(PICTURES - HELD), "--groups", str(PACKETS - HELD)),
        )
        catalog = await listener.wait("catalog")
        check(subset(VIDEO, catalog["video"]["video"]), f"catalogue was taken for {catalog['video']}")
        check(subset(AUDIO, catalog["audio"]["audio"]), f"catalogue was taken for {catalog['audio']}")
        watched = await listener.wait("watched", 20)
        check(watched["wrong"] == 0, f"{watched['wrong']} of {watched['pictures']} pictures are wrong")
        check(watched["ascending"] and watched["first"] == [0], f"pictures out of order from {watched['first']}")
        check_listened(await listener.wait("listened", 20))


def check_listened(listened: Event) -> None:
    """Their decoder gave out the whole sound, each piece with the tone of its time."""
    check(listened["judged"] > 50, f"only {listened['judged']} packets could be judged: {listened}")
    check(listened["ascending"], f"sound out of order: {listened}")
    check(listened["least"] > 0.9, f"the tone is only {listened['least']} of the sound: {listened}")


def register_pushed(relay: str, version: str, *more: str) -> None:
    what = "a-host-encodes" if more else "we-push"

    @case(f"media/{relay}-relay/moqrs-decodes-what-{what}/{version}", limit=60)
    async def run(stage: Stage) -> None:
        home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []), versions=version)
        speaker = await stage.spawn(
            "media_push", "burrow", *client(home.options(), "burrow", relay, version), "--frames", str(LONGER), *more
        )
        await speaker.wait("announced")
        # Pictures of before the sound count as well, so a few less than what is pushed are asked for.
        listener = await stage.spawn(
            "media_subscribe",
            "moqrs",
            *client(home.options(), "moqrs", relay, version),
            *("--frames", str(LONGER - 2 * HELD), "--groups", str(LONGER * 50 // 30 - 2 * HELD)),
        )
        catalog = await listener.wait("catalog")
        (video,), (audio,) = catalog["video"].values(), catalog["audio"].values()
        check(video["codec"].startswith("avc3.42") and video["size"] == [320, 240], f"video was taken for {video}")
        check(subset(AUDIO, audio), f"audio was taken for {audio}")
        for track in (*catalog["video"], *catalog["audio"]):
            await listener.wait("subscribed", where=lambda event, track=track: event["track"] == track)
        await speaker.command("begin")
        watched = await listener.wait("watched", 30)
        check(watched["wrong"] <= 1, f"{watched['wrong']} of {watched['pictures']} pictures are wrong: {watched}")
        check(watched["ascending"], f"pictures out of order: {watched}")
        check_listened(await listener.wait("listened", 20))


def register_pulled(relay: str, version: str) -> None:
    @case(f"media/{relay}-relay/we-pull-what-moqrs-encodes/{version}", limit=60)
    async def run(stage: Stage) -> None:
        home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []), versions=version)
        speaker = await stage.spawn(
            "media_publish", "moqrs", *client(home.options(), "moqrs", relay, version), "--frames", str(LONGER)
        )
        await speaker.wait("announced")
        listener = await stage.spawn(
            "media_pull", "burrow", *client(home.options(), "burrow", relay, version), "--frames", str(LONGER - HELD)
        )
        await listener.wait("catalog")
        await speaker.command("begin")
        check_pulled(listener, await listener.wait("watched", 30), await listener.wait("listened", 10))
        matched = await listener.wait("matched", 10)
        check(matched["pictures"] > LONGER // 3 and matched["median_ms"] < 60, f"sound and pictures apart: {matched}")


def register_decoded_by_host(relay: str, version: str) -> None:
    @case(f"media/{relay}-relay/a-host-decodes-what-moqrs-encodes/{version}", limit=60)
    async def run(stage: Stage) -> None:
        home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []), versions=version)
        speaker = await stage.spawn(
            "media_publish", "moqrs", *client(home.options(), "moqrs", relay, version), "--frames", str(LONGER)
        )
        await speaker.wait("announced")
        listener = await stage.spawn(
            "media_decode", "burrow", *client(home.options(), "burrow", relay, version), "--frames", str(LONGER - HELD)
        )
        await listener.wait("catalog")
        await speaker.command("begin")
        watched, listened = await listener.wait("watched", 30), await listener.wait("listened", 10)
        # Nothing is left out here: what the host does not decode is its own decision.
        check(watched["pictures"] >= LONGER - 2 * HELD and watched["wrong"] == 0, f"pictures are missing: {watched}")
        check(watched["ascending"], f"pictures out of order: {watched}")
        check(listened["judged"] >= 80 and listened["clear"] >= 0.95 * listened["judged"], f"the wrong sound: {listened}")


def register_both(relay: str, version: str, secret: str = "") -> None:
    @case(f"media/{relay}-relay/we-pull-what-we-push{'-sealed' if secret else ''}/{version}", limit=60)
    async def run(stage: Stage) -> None:
        home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []), versions=version)
        options = [*client(home.options(), "burrow", relay, version), "--secret", secret]
        speaker = await stage.spawn("media_push", "burrow", *options, "--frames", str(LONGER))
        await speaker.wait("announced")
        listener = await stage.spawn("media_pull", "burrow", *options, "--frames", str(LONGER - HELD))
        await listener.wait("catalog")
        await speaker.command("begin")
        check_pulled(listener, await listener.wait("watched", 30), await listener.wait("listened", 10))
        matched = await listener.wait("matched", 10)
        check(matched["pictures"] > LONGER // 3 and matched["median_ms"] < 60, f"sound and pictures apart: {matched}")


def check_pulled(listener: Peer, watched: Event, listened: Event) -> None:
    """Our player showed and played nearly everything, in order and at its time.

    It is a player in real time on a machine that does other things too, so a few pictures may be skipped.
    """
    check(watched["wrong"] == 0, f"pictures without a number: {watched}")
    check(watched["ascending"], f"pictures out of order: {watched}")
    check(watched["pictures"] >= LONGER * 7 // 10, f"too few pictures: {watched}")
    check(watched["last"] >= [LONGER - HELD], f"the end was not shown: {watched}")
    check(listened["judged"] >= 80 and listened["ascending"], f"too little sound, or out of order: {listened}")
    check(listened["clear"] >= 0.9 * listened["judged"], f"the wrong sound: {listened}")


def register_read(relay: str, version: str) -> None:
    @case(f"media/{relay}-relay/we-read-moqrs/{version}", limit=60)
    async def run(stage: Stage) -> None:
        home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []), versions=version)
        speaker = await stage.spawn(
            "media_publish", "moqrs", *client(home.options(), "moqrs", relay, version), "--frames", str(PICTURES)
        )
        await speaker.wait("announced")
        listener = await stage.spawn(
            "media_subscribe",
            "burrow",
            *client(home.options(), "burrow", relay, version),
            *("--frames", str(PICTURES), "--groups", str(PACKETS)),
        )
        await listener.wait("subscribed", where=lambda event: event["track"] == "video")
        await listener.wait("subscribed", where=lambda event: event["track"] == "audio")
        await speaker.command("begin")
        sent = (await speaker.wait("published", 20))["sent"]
        received = (await listener.wait("done", 20))["received"]
        for kind in ("video", "audio"):
            check(received[kind] == sent[kind], f"{kind}: {len(received[kind])} frames differ from {len(sent[kind])}")
        check(not listener.all("odd"), f"{listener.all('odd')}")


def sibling(rendition: dict[str, Any]) -> str | None:
    """A reference as upstream writes it: without the dot that is understood."""
    return rendition["broadcast"].removeprefix("./") if "broadcast" in rendition else None


@case("media/catalogue-in-full")
async def catalogue_in_full(stage: Stage) -> None:
    """One member upstream does not like would cost the whole catalogue, so it is shown all that ours can say."""
    file = PEERS / "catalogue.json"
    home = await stage.relay("moqrs")
    speaker = await stage.spawn(
        "media_publish", "burrow", *client(home.options(), "burrow", "moqrs", "05"), "--catalogue", str(file)
    )
    await speaker.wait("announced")
    listener = await stage.spawn("media_subscribe", "moqrs", *client(home.options(), "moqrs", "moqrs", "05"))
    seen = await listener.wait("catalog")
    written = json.loads(file.read_text())
    for name, rendition in written["video"]["renditions"].items():
        wanted = {
            "codec": rendition["codec"],
            "size": [rendition["codedWidth"], rendition["codedHeight"]],
            "bitrate": rendition["bitrate"],
            "framerate": rendition["framerate"],
            "description": rendition.get("description"),
            "stalled": rendition.get("stalled", False),
            "broadcast": sibling(rendition),
        }
        check(seen["video"].get(name) == wanted, f"{name} was taken for {seen['video'].get(name)}")
    for name, rendition in written["audio"]["renditions"].items():
        wanted = {
            "codec": rendition["codec"],
            "rate": rendition["sampleRate"],
            "channels": rendition["numberOfChannels"],
            "description": rendition.get("description"),
            "broadcast": sibling(rendition),
        }
        check(seen["audio"].get(name) == wanted, f"{name} was taken for {seen['audio'].get(name)}")
    check(seen["display"] == [640, 480] and seen["rotation"] == 270 and seen["flip"] is True, f"display: {seen}")
    check(json.loads(seen["sections"]["user"]) == written["user"], f"user was taken for {seen['sections']}")


for relay in ("burrow", "moqrs"):
    for version in VERSIONS:
        register_decoded(relay, version)
        register_read(relay, version)
        register_pushed(relay, version)
        register_pulled(relay, version)
    register_both(relay, "05")
# Codecs of the host in the place of ours.
register_pushed("moqrs", "05", "--host-codec")
register_decoded_by_host("burrow", "05")
# Their relay carries what we seal as it is: every group and frame where it was sealed for.
register_both("moqrs", "05", secret="5a" * 32)
