"""Real input through our whole pipeline, in at one process and out at another: how good and how well in step it is."""

from __future__ import annotations

from harness.case import Stage, case, check
from harness.environment import media_python, speech_folder
from harness.process import Event

SECONDS = 12
#: Sound may be early, and late, by so much before it is noticed (ITU-R BT.1359).
EARLY_MS, LATE_MS = 45, 125


#: Longer than this neither side's beat may be held up by the machine, else it is measured once more.
STALL_MS, ATTEMPTS = 60, 3


async def play(stage: Stage, relay: str, what: str, seconds: float, *line: str) -> tuple[Event, str]:
    """Sends something through a relay; what the receiver measured, and everything that may explain it."""
    for attempt in range(ATTEMPTS):
        measured, late, all_of_it = await play_once(stage, relay, what, seconds, *line)
        names = ("pictures", "psnr_db", "worst_db", "pesq", "pesq_read", "pesq_read_codec")
        names += ("flashes", "median_ms", "p95_ms", "p1_ms", "p99_ms")
        shown = [f"{name} {measured[name]}" for name in names if name in measured]
        stage.figures = ", ".join([*shown, f"stall_ms {late}", *([f"attempt {attempt + 1}"] if attempt else [])])
        if late <= STALL_MS:
            break
    return measured, all_of_it


async def play_once(stage: Stage, relay: str, what: str, seconds: float, *line: str) -> tuple[Event, int, str]:
    home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []))
    common = [*home.options(), "--path", "room/alice", "--what", what, "--timeout", "90"]
    speaker = await stage.spawn("publish", "clip", *common, "--bitrate", "500000", "--seconds", str(seconds))
    await speaker.wait("announced", 30)
    if line:
        proxy = await stage.impair(home.address, *line)
        common[common.index("--url") + 1] = f"moqt://{proxy}"
    listener = await stage.spawn("subscribe", "clip", *common)
    await listener.wait("ready", 30)
    await speaker.command("begin")
    measured = await listener.wait("measured", seconds + 60)
    await listener.wait("figures", 5, where=lambda event: event["kind"] == "audio")
    pushed = await speaker.wait("pushed", 5)
    figures = listener.all("figures")
    for peer in stage.peers[::-1]:
        await peer.stop()
    return measured, max(pushed["late_ms"], measured["late_ms"]), f"{measured}; {pushed}; {figures}"


def check_in_step(measured: Event, seconds: float, all_of_it: str) -> None:
    """Sound and pictures are together as closely as nobody notices."""
    enough = seconds / 0.4 * 0.6
    check(min(measured["flashes"], measured["beeps"]) > enough, f"too few flashes or beeps: {all_of_it}")
    check(measured["p95_ms"] <= 40, f"sound and pictures are apart: {all_of_it}")
    together = measured["p99_ms"] <= EARLY_MS and measured["p1_ms"] >= -LATE_MS
    check(together, f"sound and pictures are noticeably apart: {all_of_it}")


def register(relay: str) -> None:
    @case(f"clips/{relay}-relay/pictures-and-speech", limit=240, heavy=True)
    async def call(stage: Stage) -> None:
        """360p30 at 500 kbit/s: at least 36 dB. Speech at 32 kbit/s beside it: PESQ at least 4.0."""
        media_python()
        speech_folder()
        measured, all_of_it = await play(stage, relay, "call", SECONDS)
        check(measured["pictures"] > SECONDS * 30 * 0.7 and not measured["wrong"], f"too few pictures: {all_of_it}")
        check(measured["ascending"], f"pictures out of order: {all_of_it}")
        check(measured["psnr_db"] >= 36, f"pictures are not good enough: {all_of_it}")
        # Pictures are judged in any case; without what judges speech this is not the whole case.
        media_python("pesq")
        check(measured["pesq"] >= 4.0, f"recorded speech is not good enough: {all_of_it}")
        # What a machine reads aloud is hard for the codec itself.
        if "pesq_read" in measured:
            least = measured["pesq_read_codec"] - 0.25
            check(measured["pesq_read"] >= least, f"speech read aloud is worse than what the codec makes of it: {all_of_it}")

    @case(f"clips/{relay}-relay/lip-sync", limit=160, heavy=True)
    async def lips(stage: Stage) -> None:
        """Flashes and beeps: not more than 40 ms apart for 95 of 100."""
        media_python()
        measured, all_of_it = await play(stage, relay, "flash", SECONDS)
        check_in_step(measured, SECONDS, all_of_it)

    @case(f"clips/{relay}-relay/lip-sync-under-jitter", limit=160, heavy=True)
    async def shaken(stage: Stage) -> None:
        """The same when every packet comes up to 50 ms late."""
        media_python()
        measured, all_of_it = await play(stage, relay, "flash", SECONDS, "both.delay=25ms", "both.jitter=50ms")
        check_in_step(measured, SECONDS, all_of_it)


for relay in ("burrow", "moqrs"):
    register(relay)


@case("clips/burrow-relay/a-bad-line", limit=240, heavy=True)
async def lossy(stage: Stage) -> None:
    """A round trip of 50 ms, and one packet of twenty lost: nobody hears it, and the pictures go on."""
    media_python("pesq")
    speech_folder()
    line = ("both.delay=25ms", "both.loss=5%")
    measured, all_of_it = await play(stage, "burrow", "call", SECONDS, *line)
    check(measured["pictures"] > SECONDS * 30 * 0.7 and not measured["wrong"], f"too few pictures: {all_of_it}")
    check(measured["ascending"], f"pictures out of order: {all_of_it}")
    check(measured["psnr_db"] >= 36, f"pictures are not good enough: {all_of_it}")
    check(measured["pesq"] >= 3.5, f"speech is not good enough: {all_of_it}")
