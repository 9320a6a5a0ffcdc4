"""Samples and pictures through a relay and back."""

from __future__ import annotations

import unittest

from media_support import HEIGHT, WIDTH, MediaTest, brightness, joined, loudness, picture, tone
from support import burrow


class PairTest(MediaTest):
    def test_a_tone_arrives(self) -> None:
        microphone = self.alice.publish_audio()
        speaker = self.bob.subscribe_audio("alice")
        heard = []
        for number in self.every(2.0, 0.02):
            self.assertTrue(microphone.push_audio(tone(440, number)))
            heard.append(speaker.pull_audio(960))
        last = joined(heard[-25:])
        self.assertGreater(loudness(last), 6_000, speaker.media_stats)
        crossings = sum(1 for a, b in zip(last, last[1:], strict=False) if a < 0 <= b)
        self.assertAlmostEqual(crossings / (len(last) / 48_000), 440, delta=6)
        self.assertNotIn(burrow.AudioFlags.SILENT, heard[-1].flags)
        self.assertEqual(speaker.info.state, burrow.TrackState.LIVE)

    def test_pictures_arrive_in_time(self) -> None:
        camera = self.alice.publish_video()
        screen = self.bob.subscribe_video("alice")
        seen = []
        for number in self.every(2.0, 1 / 30):
            camera.push_video(picture(number), WIDTH, HEIGHT)
            shown = screen.pull_video()
            if shown is not None:
                seen.append((number, brightness(shown), shown.width, shown.height))
        self.assertGreater(len(seen), 40, screen.media_stats)
        for number, value, width, height in seen[5:]:
            self.assertEqual((width, height), (WIDTH, HEIGHT))
            # What is shown was pushed within the last third of a second.
            self.assertLess(abs(40 + number - value), 12)
        offers = {offer.kind: offer for offer in self.bob.media("alice")}
        self.assertEqual((offers[burrow.TrackKind.VIDEO].width, offers[burrow.TrackKind.VIDEO].height), (WIDTH, HEIGHT))


if __name__ == "__main__":
    unittest.main()
