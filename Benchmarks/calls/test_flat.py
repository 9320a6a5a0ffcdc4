"""What judges whether processes stay as large as they are, tried on series that are known."""

from __future__ import annotations

import random
import unittest

from flat import HEAP_SLACK_KB, PERSON_KB, Series


def series(what: str, values: list[int], people: list[int] | None = None) -> Series:
    one = Series("somebody", what)
    for index, value in enumerate(values):
        one.add(20.0 * index, value, people[index] if people else 0)
    return one


class Flat(unittest.TestCase):
    def test_noise_is_flat(self) -> None:
        noise = random.Random(7)
        values = [20_000 + noise.randrange(-300, 300) for _ in range(90)]
        self.assertTrue(series("memory", values).judge()[0])
        self.assertTrue(series("heap", values).judge()[0])

    def test_warming_up_is_flat(self) -> None:
        values = [15_000 + min(index, 6) * 1_000 for index in range(90)]
        self.assertTrue(series("memory", values).judge()[0])

    def test_leak_is_not(self) -> None:
        # 20 kB with each who comes and goes.
        self.assertFalse(series("memory", [20_000 + 40 * index for index in range(90)]).judge()[0])
        self.assertFalse(series("heap", [20_000 + 20 * index for index in range(90)]).judge()[0])

    def test_little_of_each_new_person_may_be_remembered(self) -> None:
        people = list(range(90))
        self.assertTrue(series("heap", [20_000 + (PERSON_KB - 1) * one for one in people], people).judge()[0])
        self.assertFalse(series("heap", [20_000 + 3 * PERSON_KB * one for one in people], people).judge()[0])

    def test_a_step_is_not_flat(self) -> None:
        step = 3 * HEAP_SLACK_KB + 200
        self.assertFalse(series("heap", [20_000] * 45 + [20_000 + step] * 45).judge()[0])

    def test_descriptors_and_threads_are_equal(self) -> None:
        self.assertTrue(series("descriptors", [11] * 90).judge()[0])
        self.assertTrue(series("descriptors", [11, 12, 11] * 30).judge()[0])
        self.assertFalse(series("descriptors", [11] * 60 + [12] * 30).judge()[0])
        self.assertTrue(series("threads", [7] * 60 + [6] * 30).judge()[0])

    def test_too_few_say_nothing(self) -> None:
        self.assertFalse(series("threads", [6, 6, 6]).judge()[0])

    def test_slope(self) -> None:
        self.assertAlmostEqual(series("memory", [1_000 + index for index in range(90)]).per_hour(), 180)


if __name__ == "__main__":
    unittest.main()
