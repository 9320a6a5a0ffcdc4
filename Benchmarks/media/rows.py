"""The rows of the table about bad networks: what is done to the line, and what is asked of the call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from figures import Figures, ms, quantile
from rig import Call

#: What a player that waits so long misses is what comes later; for the pipeline without a playout.
PATIENCE_MS = 95


@dataclass(frozen=True)
class Wish:
    """One figure of a row, how another stack does, and what is to be reached."""

    what: str
    key: str
    unit: str
    theirs: str
    goal: float


@dataclass(frozen=True)
class Row:
    name: str
    what: str
    settings: tuple[str, ...]
    wishes: tuple[Wish, ...]
    #: At which share of the time what happens to the line.
    events: tuple[tuple[float, str], ...] = ()
    #: Further figures, from the analysis and the times of the events.
    more: Callable[[Figures, list[int]], dict] | None = None
    longer: float = 1


RTT = ("both.delay=25ms",)


def concealed(theirs: str, goal: float) -> Wish:
    return Wish("audio concealed", "concealed_pct", "%", theirs, goal)


def delayed(theirs: str, goal: float, what: str = "mouth to ear") -> Wish:
    return Wish(what, "mouth_to_ear_ms", "ms", theirs, goal)


def frozen(theirs: str, goal: float) -> Wish:
    return Wish("video frozen, a minute", "frozen_s_per_min", "s", theirs, goal)


ROWS = {row.name: row for row in (
    Row("loopback", "loopback", (), (delayed("58", 50),)),
    Row("clean", "50 ms round trip", RTT, (delayed("80", 72),)),
    Row("loss1", "1 % loss", (*RTT, "both.loss=1%"), (concealed("0.3 (-)", 0), delayed("108-113 with redundancy", 95))),
    Row("loss5", "5 % loss", (*RTT, "both.loss=5%"),
        (concealed("0.5 (0.05)", 0.05), delayed("108-113 with redundancy", 95), frozen("0.3", 0))),
    Row("loss10", "10 % loss", (*RTT, "both.loss=10%"),
        (concealed("1.7 (0.17)", 0.15), delayed("108-113 with redundancy", 95), frozen("1.9", 0.4))),
    Row("bursts", "bursts of four, 5.5 % loss", (*RTT, "both.ge=1.455%,25%"), (concealed("2.6 (0.9)", 0.4),)),
    Row("jitter", "30 ms jitter", (*RTT, "both.jitter=30ms"), (delayed("125-137", 105), concealed("0", 0))),
    Row("narrow", "3 Mbit/s to 300 kbit/s and back", (*RTT, "both.rate=3M"), (
        Wish("audio lost", "audio_lost_s", "s", "1.1", 0.15),
        Wish("worst delay of audio", "audio_worst_s", "s", "1.4", 0.45),
        Wish("worst delay of video", "video_worst_s", "s", "3.3", 0.8),
        Wish("audio over 200 ms late", "audio_late_s", "s", "29-33", 3),
        Wish("90 % of the old rate after", "recovery_s", "s", "18 and more", 5),
    ), ((1 / 3, "both.rate=300k"), (2 / 3, "both.rate=3M")), lambda f, at: f.narrowed(*at), 1.5),
    Row("blackout", "3 s without any packet", RTT, (
        Wish("first picture", "first_picture_ms", "ms", "81-226", 200),
        Wish("first sound", "first_sound_ms", "ms", "48-74", 75),
    ), ((0.5, "both.loss=100%"), (-3, "both.loss=0%")), lambda f, at: f.blacked_out(*at)),
    Row("rebinding", "NAT rebinding", RTT, (Wish("video gap", "video_gap_ms", "ms", "500-2400", 150),),
        ((0.5, "rebind"),), lambda f, at: f.rebound(*at)),
)}  # fmt: skip


def events_of(row: Row, seconds: float) -> list[tuple[float, str]]:
    """In seconds; what is given as negative comes that long after the one before."""
    events: list[tuple[float, str]] = []
    for share, action in row.events:
        events.append((share * seconds if share >= 0 else events[-1][0] - share, action))
    return events


def judge(row: Row, call: Call, seconds: float) -> dict:
    """All figures of one run of ours."""
    figures = Figures(call)
    result = figures.usual()
    if row.more:
        result |= row.more(figures, [call.start + int(at * 1e6) for at, _ in events_of(row, seconds)])
    return result


def judge_upstream(row: Row, call: Call, seconds: float) -> dict:
    """The same of the pipeline without a playout: when sound could have been heard at the earliest."""
    start, end = call.start, call.end
    arrived = call.received["arrived"]
    wanted = range(-(-(start - call.begin) // 20_000), (end - call.begin - 2_000_000) // 20_000)
    came = {round((stamp - call.begin) / 20_000): at - stamp for at, stamp in reversed(arrived)}
    delays = [came[number] for number in wanted if number in came]
    late = sum(came.get(number, 10**9) > PATIENCE_MS * 1000 for number in wanted)
    # What is not there after a second is lost for a call.
    lost = sum(came.get(number, 10**9) > 1_000_000 for number in wanted)
    figures = Figures(call)
    pictures = figures.picture_delays(start, end)
    sent = [call.sent["audio_late_us"], call.sent["video_late_us"]]
    result = {
        "mouth_to_ear_ms": ms(quantile(delays, 0.99)),
        "arrived_p50_ms": ms(quantile(delays, 0.5)),
        "concealed_pct": round(100 * late / max(len(wanted), 1), 3),
        "lost_pct": round(100 * lost / max(len(wanted), 1), 3),
        "video_ms": ms(quantile(pictures, 0.5)),
        "video_p95_ms": ms(quantile(pictures, 0.95)),
        "video_max_ms": ms(max(pictures, default=None)),
        "fps": round(len(pictures) / (end - start) * 1e6, 1),
        "frozen_s_per_min": figures.frozen(start, end),
        "longest_gap_ms": ms(max(figures.gaps(start, end))),
        "pace_p99_ms": ms(max(one["p99"] for one in sent)),
        "stall_ms": ms(max(one["max"] for one in sent)),
        "failures": call.received["failures"],
        **{f"cpu_{name}_pct": round(100 * value, 1) for name, value in call.cpu.items()},
    }
    at = [call.start + int(at * 1e6) for at, _ in events_of(row, seconds)]
    if row.name == "narrow":
        drop, back = at
        there = {number: delay for number, delay in came.items() if drop <= call.begin + number * 20_000 < back}
        span = range((drop - call.begin) // 20_000, (back - call.begin) // 20_000)
        result |= {
            "audio_lost_s": round(sum(there.get(number, 10**9) > 1_000_000 for number in span) * 0.02, 2),
            "audio_worst_s": round(max(there.values(), default=0) / 1e6, 2),
            "video_worst_s": round(max(figures.picture_delays(drop, back), default=0) / 1e6, 2),
            "audio_late_s": round(sum(delay > 200_000 for delay in there.values()) * 0.02, 2),
        }
    elif row.name == "blackout":
        dark, light = at
        first = next((when - light for when, stamp in arrived if when > light and stamp > dark - 200_000), None)
        result |= figures.blacked_out(dark, light) | {"first_sound_ms": ms(first)}
    elif row.name == "rebinding":
        result |= figures.rebound(*at)
    return result
