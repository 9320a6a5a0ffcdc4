"""What a call was like, from what its sender and its receiver wrote down.

Delays are between the moment something was recorded and the moment it was heard or shown. Sound: where the marker
tones lay in what was pulled, and between them what the library says the time stamp of the pulled samples is. Pictures:
by the number drawn into them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from rig import Call

CONCEALED, SILENT = 1, 2
MARK_EVERY_US, MARK_CENTRE_US, MARKS = 500_000, 30_000, 16
FREEZE_MS = 150
JUMP_US = 50_000


def quantile(values: Iterable[float], share: float) -> float | None:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None


def ms(us: float | None) -> float | None:
    return None if us is None else round(us / 1000, 1)


class Figures:
    def __init__(self, call: Call) -> None:
        self.call = call
        got = call.received
        #: (when, how long after it was recorded, or None when it was made up or nothing came yet)
        self.heard = [
            (at, at - stamp if stamp and not flags & CONCEALED else None, flags) for at, stamp, flags in got.get("pulls", [])
        ]
        #: (when, how long after it was taken, the number)
        self.shown = [
            (at, at - call.begin - number * 1_000_000 // call.fps, number)
            for at, number, _, _ in got.get("shown", []) if number >= 0
        ]
        self.unreadable = sum(number < 0 for _, number, _, _ in got.get("shown", []))

    # -- sound ----------------------------------------------------------------------------------------------

    def marks(self) -> dict[int, int]:
        """The delay of each tone that was heard, by its number."""
        found: dict[int, int] = {}
        for at, kind, _ in self.call.received.get("marks", []):
            latest = (at - self.call.begin - MARK_CENTRE_US) // MARK_EVERY_US
            number = latest - (latest - kind) % MARKS
            if number >= 0:
                found.setdefault(number, at - self.call.begin - MARK_CENTRE_US - number * MARK_EVERY_US)
        return found

    def mark_delays(self, start: int, end: int) -> tuple[list[int], int]:
        """Of the tones recorded in a span of time; and how many were never heard."""
        found = self.marks()
        first = -(-(start - self.call.begin - MARK_CENTRE_US) // MARK_EVERY_US)
        last = (end - self.call.begin - MARK_CENTRE_US - 2_000_000) // MARK_EVERY_US
        wanted = range(max(first, 0), last + 1)
        # A tone that is taken for another one seems to be seconds late.
        delays = [found[number] for number in wanted if number in found and found[number] < 4_000_000]
        return delays, len(wanted) - len(delays)

    def sound_delays(self, start: int, end: int) -> list[int]:
        return [delay for at, delay, _ in self.heard if delay is not None and start <= at < end]

    def counted(self, kind: str, name: str, start: int, end: int, side: str = "received") -> int:
        """How much a counter of the library grew."""
        log = self.call.received if side == "received" else self.call.sent
        index = log[f"{kind}_names"].index(name)
        rows = [row for row in log[kind] if start <= row[0] < end]
        return rows[-1][index] - rows[0][index] if len(rows) > 1 else 0

    def share(self, name: str, start: int, end: int) -> float | None:
        played = self.counted("audio", "played", start, end)
        return round(100 * self.counted("audio", name, start, end) / played, 3) if played else None

    def unheard_us(self, start: int, end: int) -> int:
        """How much of what was recorded was never heard: what the time stamps jump over where sound is made up, and jumps
        larger than stretching makes."""
        lost, before, made_up = 0, None, False
        for at, delay, _ in self.heard:
            if not start <= at < end:
                continue
            if delay is None:
                made_up = True
                continue
            stamp = at - delay
            if before is not None and (made_up or stamp - before > JUMP_US):
                # Every pull is 10 ms.
                lost += max(stamp - before - 10_000, 0)
            before, made_up = stamp, False
        return lost

    def late_for(self, limit_us: int, start: int, end: int) -> float:
        """Seconds in which the sound was later than that."""
        return sum(delay > limit_us for delay in self.sound_delays(start, end)) * 0.01

    # -- pictures -------------------------------------------------------------------------------------------

    def picture_delays(self, start: int, end: int) -> list[int]:
        return [delay for at, delay, _ in self.shown if start <= at < end]

    def gaps(self, start: int, end: int) -> list[int]:
        """From each picture to the next; the edges count as pictures."""
        times = [start, *(at for at, _, _ in self.shown if start <= at < end), end]
        return [b - a for a, b in zip(times, times[1:])]

    def frozen(self, start: int, end: int) -> float:
        """Seconds a minute of pictures that stood still, as browsers count them: for 150 ms more than usual."""
        gaps = self.gaps(start, end)
        usual = sum(gaps) / len(gaps)
        still = sum(gap for gap in gaps if gap > max(3 * usual, usual + FREEZE_MS * 1000))
        return round(still / (end - start) * 60, 2)

    def skews(self, start: int, end: int) -> list[float]:
        """How much later each picture was than the sound of its time, in ms."""
        sound = [(at, delay) for at, delay, _ in self.heard if delay is not None]
        times = [at for at, _ in sound]
        skews = []
        for at, delay, _ in self.shown:
            if not start <= at < end or not sound:
                continue
            near = sound[min(bisect_left(times, at), len(sound) - 1)]
            if abs(near[0] - at) < 30_000:
                skews.append((delay - near[1]) / 1000)
        return skews

    # -- all of it ------------------------------------------------------------------------------------------

    def rate(self, kind: str, start: int, end: int) -> float:
        """kbit/s that arrived."""
        span = self.counted(kind, "at", start, end)
        return self.counted(kind, "bytes", start, end) * 8000 / span if span else 0

    def usual(self) -> dict[str, float | None]:
        """The figures that every row has."""
        start, end = self.call.start, self.call.end
        tones, missing = self.mark_delays(start, end)
        stamps, pictures = self.sound_delays(start, end), self.picture_delays(start, end)
        skews = self.skews(start, end)
        late = [self.call.sent["audio_late_us"], self.call.sent["video_late_us"], self.call.received["pull_late_us"]]
        return {
            "mouth_to_ear_ms": ms(quantile(tones, 0.5)),
            "mouth_to_ear_p95_ms": ms(quantile(tones, 0.95)),
            "tones_missing": missing,
            "by_stamps_ms": ms(quantile(stamps, 0.5)),
            "concealed_pct": self.share("concealed", start, end),
            "unheard_pct": round(100 * self.unheard_us(start, end) / (end - start), 3),
            "recovered_pct": self.share("recovered", start, end),
            "stretched_pct": self.share("stretched", start, end),
            "video_ms": ms(quantile(pictures, 0.5)),
            "video_p95_ms": ms(quantile(pictures, 0.95)),
            "video_max_ms": ms(max(pictures, default=None)),
            "fps": round(len(pictures) / (end - start) * 1e6, 1),
            "frozen_s_per_min": self.frozen(start, end),
            "longest_gap_ms": ms(max(self.gaps(start, end))),
            "unreadable": self.unreadable,
            "skew_p50_ms": quantile(skews, 0.5),
            "skew_p95_ms": quantile((abs(skew) for skew in skews), 0.95),
            "skew_p1_ms": quantile(skews, 0.01),
            "skew_p99_ms": quantile(skews, 0.99),
            "audio_kbps": round(self.rate("audio", start, end), 1),
            "video_kbps": round(self.rate("video", start, end), 1),
            "pace_p99_ms": ms(max(one["p99"] for one in late)),
            "stall_ms": ms(max(one["max"] for one in late)),
            **{f"cpu_{name}_pct": round(100 * value, 1) for name, value in self.call.cpu.items()},
        }

    def narrowed(self, drop: int, back: int) -> dict[str, float | None]:
        """A line that becomes narrow at one time and wide again at another."""
        delays = self.sound_delays(drop, back)
        old = self.rate("video", drop - 10_000_000, drop)
        recovery = None
        step = 200_000
        for at in range(back, self.call.end - 2_000_000, step):
            if self.rate("video", at, at + 2_000_000) >= 0.9 * old:
                recovery = (at - back) / 1e6
                break
        return {
            "audio_lost_s": round(self.unheard_us(drop, back + 5_000_000) / 1e6, 2),
            "audio_worst_s": round(max(delays, default=0) / 1e6, 2),
            "video_worst_s": round(max(self.picture_delays(drop, back), default=0) / 1e6, 2),
            "audio_late_s": round(self.late_for(200_000, drop, self.call.end), 2),
            "old_kbps": round(old),
            "recovery_s": recovery,
        }

    def blacked_out(self, dark: int, light: int) -> dict[str, float | None]:
        """After a time without any packet: what came first."""
        picture = next((at - light for at, delay, _ in self.shown if at > light and at - delay > dark - 200_000), None)
        sound = next((at - light for at, delay, flags in self.heard if at > light and delay is not None and not flags), None)
        return {"first_picture_ms": ms(picture), "first_sound_ms": ms(sound)}

    def rebound(self, at: int) -> dict[str, float | None]:
        gaps = self.gaps(at - 500_000, at + 5_000_000)
        return {"video_gap_ms": ms(max(gaps))}
