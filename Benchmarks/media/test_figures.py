"""The arithmetic behind the tables, on calls that are made up."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from figures import Figures  # noqa: E402
from rig import Call  # noqa: E402
from rows import ROWS, judge_upstream  # noqa: E402

SECONDS, FPS = 60, 30
START, BEGIN = 1_000_000_000, 995_050_000
END = START + SECONDS * 1_000_000
LATE = {"p50": 1, "p99": 100, "max": 500}
COUNTERS = ["at", "bytes", "played", "concealed", "recovered", "stretched"]


def call(sound_us: int = 60_000, tone_us: int = 61_500, picture_us: int = 45_000, **missing: range) -> Call:
    """Sound and pictures that are so late, and of which some never come."""
    pulls, tones, pictures, counters = [], [], [], []
    for at in range(BEGIN + sound_us, END, 10_000):
        gone = (at - BEGIN) // 10_000 in missing.get("pulls", range(0))
        pulls.append([at, at - sound_us, int(gone)])
    for number in range((END - BEGIN - tone_us) // 500_000):
        if number not in missing.get("tones", range(0)):
            tones.append([BEGIN + number * 500_000 + 30_000 + tone_us, number % 16, 950])
    for number in range((END - BEGIN) * FPS // 1_000_000):
        taken = BEGIN + number * 1_000_000 // FPS
        if number not in missing.get("pictures", range(0)):
            pictures.append([taken + picture_us, number, taken, 360])
    for at in range(BEGIN, END + 400_000, 200_000):
        seconds = (at - BEGIN) / 1e6
        counters.append([at, int(4000 * seconds), int(1e6 * seconds), int(1e4 * seconds), 0, 0])
    names = {"audio_names": COUNTERS, "video_names": COUNTERS, "audio": counters, "video": counters}
    received = {"pulls": pulls, "marks": tones, "shown": pictures, "pull_late_us": LATE, **names}
    return Call(BEGIN, START, END, {"audio_late_us": LATE, "video_late_us": LATE, **names}, received, {}, FPS)


class FiguresTest(unittest.TestCase):
    def test_delays_of_a_steady_call(self) -> None:
        figures = Figures(call()).usual()
        self.assertEqual(figures["mouth_to_ear_ms"], 61.5)
        self.assertEqual(figures["by_stamps_ms"], 60)
        self.assertEqual(figures["tones_missing"], 0)
        self.assertEqual(figures["video_ms"], 45)
        self.assertEqual(figures["frozen_s_per_min"], 0)
        self.assertEqual(figures["skew_p50_ms"], -15)
        self.assertEqual(figures["concealed_pct"], 1)
        self.assertEqual(figures["unheard_pct"], 0)
        self.assertEqual(figures["audio_kbps"], 32)

    def test_delays_of_seconds(self) -> None:
        """Tones repeat after eight seconds, and are still found when they are some late."""
        self.assertEqual(Figures(call(tone_us=3_500_000)).usual()["mouth_to_ear_ms"], 3500)

    def test_what_is_missing(self) -> None:
        figures = Figures(call(pulls=range(1000, 1003), tones=range(40, 44), pictures=range(600, 612))).usual()
        self.assertEqual(figures["tones_missing"], 4)
        self.assertEqual(figures["unheard_pct"], 0.05)
        self.assertAlmostEqual(figures["longest_gap_ms"], 433.3, places=1)
        self.assertAlmostEqual(figures["frozen_s_per_min"], 0.43, places=2)

    def test_blackout(self) -> None:
        """Pictures of before it do not count, only those that came after."""
        dark, light = START + 30_000_000, START + 33_000_000
        first = (light - BEGIN) * FPS // 1_000_000 + 3
        gone = range((dark - BEGIN) * FPS // 1_000_000, first)
        silent = range((dark - BEGIN) // 10_000, (light - BEGIN) // 10_000 + 9)
        figures = Figures(call(pictures=gone, pulls=silent)).blacked_out(dark, light)
        self.assertAlmostEqual(figures["first_picture_ms"], 100 + 45, delta=34)
        self.assertAlmostEqual(figures["first_sound_ms"], 90, delta=10)

    def test_narrow_line(self) -> None:
        figures = Figures(call(sound_us=250_000)).narrowed(START + 20_000_000, START + 40_000_000)
        self.assertEqual(figures["audio_worst_s"], 0.25)
        self.assertAlmostEqual(figures["audio_late_s"], 40, delta=0.02)
        self.assertEqual(figures["recovery_s"], 0)
        self.assertEqual(figures["old_kbps"], 32)

    def test_without_playout(self) -> None:
        made = call()
        arrived = [[BEGIN + n * 20_000 + (150_000 if n % 50 == 0 else 70_000), BEGIN + n * 20_000] for n in range(3300)]
        upstream = Call(BEGIN, START, END, made.sent, {"arrived": arrived, "shown": made.received["shown"], "failures": []})
        figures = judge_upstream(ROWS["loss5"], upstream, SECONDS)
        self.assertEqual(figures["arrived_p50_ms"], 70)
        self.assertEqual(figures["mouth_to_ear_ms"], 150)
        self.assertAlmostEqual(figures["concealed_pct"], 2, delta=0.1)
        self.assertEqual(figures["lost_pct"], 0)


if __name__ == "__main__":
    unittest.main()
