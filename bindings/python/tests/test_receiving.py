"""The receiving side: figures, silence, pauses, and what happens when nobody pulls or all is over."""

from __future__ import annotations

import contextlib
import time
import unittest

from media_support import HEIGHT, PACKET, RATE, WIDTH, MediaTest, brightness, joined, loudness, picture, shares, tone
from support import PATIENCE, burrow
from test_examples import voice


class FiguresTest(MediaTest):
    def test_subscribers_are_counted(self) -> None:
        microphone, camera = self.alice.publish_audio(), self.alice.publish_video()
        speaker, screen = self.bob.subscribe_audio("alice"), self.bob.subscribe_video("alice")

        def step(number: int) -> None:
            microphone.push_audio(tone(500, number))
            camera.push_video(picture(number), WIDTH, HEIGHT)
            speaker.pull_audio(PACKET)
            screen.pull_video()

        self.until(lambda: microphone.stats.subscribers == 1 and camera.stats.subscribers == 1, step)
        self.until(lambda: speaker.stats.frames > 20 and screen.stats.frames > 20, step)
        for track in (microphone, camera, speaker, screen):
            self.assertGreater(track.stats.bytes, 0)
        self.assertGreater(speaker.stats.groups, 10)
        self.assertEqual((speaker.info.name, screen.info.name), ("audio", "video"))
        self.assertEqual((speaker.info.kind, screen.info.kind), (burrow.TrackKind.AUDIO, burrow.TrackKind.VIDEO))
        # They do not begin anew with another subscription to the same.
        before = (speaker.stats, speaker.media_stats)
        speaker.update(paused=True)
        self.until(lambda: speaker.info.state == burrow.TrackState.WAITING)
        self.assertEqual(speaker.info.name, "")
        speaker.update()
        self.until(lambda: speaker.media_stats.frames > before[1].frames, step)
        self.assertGreater(speaker.stats.frames, before[0].frames)
        self.assertGreaterEqual(speaker.media_stats.played_us, before[1].played_us)
        self.until(lambda: microphone.stats.subscribers == 1, step)

    def test_every_figure_that_applies(self) -> None:
        noise = voice(RATE)
        microphone, camera = self.alice.publish_audio(), self.alice.publish_video()
        speaker, screen = self.bob.subscribe_audio("alice"), self.bob.subscribe_video("alice")
        levels, voices, skews, delays = [], [], [], []
        for number in self.every(4.0, 0.02):
            microphone.push_audio(noise[number % 50 * 1920 : number % 50 * 1920 + 1920])
            if number % 2 == 0:
                camera.push_video(picture(number), WIDTH, HEIGHT)
            # A packet comes late now and then, and one never.
            if number in (120, 121, 122):
                time.sleep(0.08)
            speaker.pull_audio(PACKET)
            screen.pull_video()
            levels.append(speaker.media_stats.level)
            voices.append(speaker.media_stats.is_voice)
            skews.append(screen.media_stats.skew_ms)
            delays.append(screen.media_stats.delay_ms)
        sound, sight = speaker.media_stats, screen.media_stats
        for name in ("bitrate_bps", "target_delay_ms", "delay_ms", "frames", "bytes", "played_us"):
            self.assertGreater(getattr(sound, name), 0, f"{name} of {sound}")
        self.assertGreater(max(levels), 60)
        self.assertIn(1, voices)
        self.assertAlmostEqual(sound.bitrate_bps, 32_000, delta=16_000)
        for figures in (sound, sight):
            self.assertGreater(figures.codec_us, figures.longest_codec_us)
            self.assertGreater(figures.longest_codec_us, 0)
        self.assertLess(sound.codec_us, 2_000_000)
        for name in (
            "width", "height", "bitrate_bps", "frame_rate", "target_delay_ms", "frames", "bytes", "key_frames",
        ):  # fmt: skip
            self.assertGreater(getattr(sight, name), 0, f"{name} of {sight}")
        self.assertAlmostEqual(sight.frame_rate, 25, delta=5)
        self.assertTrue(any(skews), "sound and pictures were never compared")
        self.assertGreater(max(delays), 0)
        self.assertLess(max(map(abs, skews[100:])), 125)
        self.assertGreater(sound.stretched_us + sound.concealed_us + sound.late_frames, 0)

    def test_frozen_and_unfrozen(self) -> None:
        camera, screen = self.alice.publish_video(), self.bob.subscribe_video("alice")
        for number in self.every(4.0, 1 / 30):
            if not 60 <= number < 80:
                camera.push_video(picture(number), WIDTH, HEIGHT)
            screen.pull_video()
        figures = screen.media_stats
        self.assertEqual(figures.freezes, 1)
        self.assertAlmostEqual(figures.frozen_us, 700_000, delta=200_000)

    def test_wishes_are_told(self) -> None:
        speaker = self.bob.subscribe_audio("alice")
        screen = self.bob.subscribe_video("alice", priority=7, max_age_ms=300)
        self.assertEqual((speaker.info.priority, speaker.info.max_age_ms), (80, 500))
        self.assertEqual((screen.info.priority, screen.info.max_age_ms), (7, 300))
        speaker.update(max_delay_ms=900, paused=True)
        screen.update()
        self.assertEqual((speaker.info.priority, speaker.info.max_age_ms), (80, 1000))
        self.assertTrue(speaker.info.flags & 16, "not told that it is paused")
        self.assertEqual((screen.info.priority, screen.info.max_age_ms), (60, 500))
        # Of several pictures the large ones go first.
        for size, priority in (((1280, 720), 60), ((640, 360), 59), ((180, 320), 58)):
            screen.update(width=size[0], height=size[1])
            self.assertEqual(screen.info.priority, priority)
        screen.update(width=64, height=36, priority=9)
        self.assertEqual(screen.info.priority, 9)

    def test_delay_within_its_bounds(self) -> None:
        """As the host changes its mind, so does the delay."""
        microphone = self.alice.publish_audio()
        speaker = self.bob.subscribe_audio("alice", min_delay_ms=150)
        delays = []
        for number in self.every(5.0, 0.02):
            if number == 100:
                speaker.update()
            microphone.push_audio(tone(500, number))
            speaker.pull_audio(PACKET)
            delays.append((speaker.media_stats.target_delay_ms, speaker.media_stats.delay_ms))
        self.assertEqual(delays[95][0], 150)
        self.assertGreater(delays[95][1], 120)
        self.assertLess(delays[-1][0], 100)
        self.assertLess(delays[-1][1], 120)


class QuietTest(MediaTest):
    def end_of_a_tone(self, action) -> tuple[list[float], burrow.AudioTrack]:
        """How loud each tenth of a second is after something ended a tone, and the track it was heard on."""
        self.microphone = self.alice.publish_audio()
        speaker = self.speaker = self.bob.subscribe_audio("alice")
        heard = []
        for number in self.every(3.0, 0.02):
            if number == 75:
                action()
            with contextlib.suppress(burrow.ClosedError):
                self.microphone.push_audio(tone(500, number))
            heard.append(speaker.pull_audio(PACKET))
        self.assertGreater(shares(joined(heard[40:70]), 500), 0.9)
        self.assertGreater(loudness(joined(heard[60:74])), 6_000)
        return [loudness(joined(heard[at : at + 5])) for at in range(75, 150, 5)], speaker

    def check(self, levels: list[float], speaker: burrow.AudioTrack, after: int) -> None:
        self.assertLess(max(levels[after:]), 30, [round(level) for level in levels])
        self.assertLess(speaker.media_stats.concealed_us, 30_000, "what was never said is no loss")

    def test_muted(self) -> None:
        self.check(*self.end_of_a_tone(lambda: self.microphone.set_muted(True)), after=4)

    def test_paused(self) -> None:
        self.check(*self.end_of_a_tone(lambda: self.speaker.update(paused=True)), after=1)

    def test_ended(self) -> None:
        self.check(*self.end_of_a_tone(lambda: self.microphone.end()), after=4)

    def test_left(self) -> None:
        self.check(*self.end_of_a_tone(lambda: self.alice.leave()), after=4)


class PauseTest(MediaTest):
    def test_nothing_is_shown_after_a_pause(self) -> None:
        camera, screen = self.alice.publish_video(), self.bob.subscribe_video("alice")
        for number in self.every(4.0, 1 / 30):
            if number == 60:
                screen.update(paused=True)
            camera.push_video(picture(number), WIDTH, HEIGHT)
            shown = screen.pull_video()
            if number >= 60:
                self.assertIsNone(shown, f"picture {number}")
        came = screen.media_stats.frames
        self.assertLess(came, 70)
        self.assertEqual(screen.info.state, burrow.TrackState.WAITING)

    def test_back_in_time(self) -> None:
        """Who joins or comes back within a group sees what is now, not what was when the group began."""
        camera = self.alice.publish_video()
        screen = self.bob.subscribe_video("alice", paused=True)
        behind: dict[int, int] = {}
        for number in self.every(5.3, 1 / 30):
            if number in (45, 130):
                screen.update()
            elif number == 105:
                screen.update(paused=True)
            camera.push_video(picture(number), WIDTH, HEIGHT)
            if (shown := screen.pull_video()) is not None:
                behind[number] = number - (brightness(shown) - 40)
        self.assertFalse([number for number in behind if number < 45 or 105 <= number < 130])
        for begin, end in ((45, 105), (130, 159)):
            part = {number: late for number, late in behind.items() if begin <= number < end}
            self.assertLess(min(part) - begin, 12, part)
            late = [late for number, late in part.items() if number > begin + 12]
            self.assertGreater(len(late), (end - begin) // 3, part)
            self.assertLessEqual(max(late), 7, part)
        self.assertLessEqual(screen.media_stats.freezes, 1)


class BoundsTest(MediaTest):
    def test_nobody_pulls(self) -> None:
        """Neither packets nor pictures pile up, and the next pull is of now."""
        microphone = self.alice.publish_audio(encoding=burrow.Encoding(frame_ms=10))
        camera = self.alice.publish_video()
        speaker, screen = self.bob.subscribe_audio("alice"), self.bob.subscribe_video("alice")
        begin = burrow.now_us()
        # Seven seconds of sound in a little more than one.
        for number in self.every(9.0, 0.02):
            for _ in range(1):
                microphone.push_audio(tone(500, number))
            camera.push_video(picture(number), WIDTH, HEIGHT)
        self.assertLessEqual(speaker.stats.queued_frames, 256)
        self.assertLessEqual(screen.stats.queued_frames, 256)
        sound = speaker.pull_audio(PACKET)
        self.assertGreater(speaker.media_stats.dropped_frames, 100, speaker.media_stats)
        heard = []
        for number in self.every(1.5, 0.02):
            microphone.push_audio(tone(500, number))
            camera.push_video(picture(number), WIDTH, HEIGHT)
            heard.append(speaker.pull_audio(PACKET))
        self.assertGreater(heard[-1].timestamp_us, begin)
        self.assertLess(burrow.now_us() - heard[-1].timestamp_us, 500_000)
        self.assertGreater(shares(joined(heard[-25:]), 500), 0.9)
        self.assertIsNotNone(sound)


class AfterTheEndTest(MediaTest):
    def test_every_call(self) -> None:
        for how in ("end", "leave"):
            with self.subTest(how):
                name = f"who-{how}"
                publisher = self.room(self.host, self.home, path=name, prefix="nobody")
                listener = self.room(self.host, self.home)
                microphone, camera = publisher.publish_audio(), publisher.publish_video()
                speaker, screen = listener.subscribe_audio(name), listener.subscribe_video(name)

                def step(number: int) -> None:
                    microphone.push_audio(tone(500, number))
                    camera.push_video(picture(number), WIDTH, HEIGHT)
                    speaker.pull_audio(PACKET)
                    screen.pull_video()

                self.until(lambda: screen.media_stats.frames > 5 and speaker.media_stats.frames > 5, step)
                if how == "leave":
                    publisher.leave().wait(PATIENCE)
                    listener.leave().wait(PATIENCE)
                    tracks = (microphone, camera, speaker, screen)
                    self.until(lambda: all(track.info.state == burrow.TrackState.ENDED for track in tracks))
                else:
                    for track in (microphone, camera, speaker, screen):
                        track.end()
                calls = {
                    "push_audio": lambda: microphone.push_audio(tone(500, 0)),
                    "push_video": lambda: camera.push_video(picture(1), WIDTH, HEIGHT),
                    "pull_audio": lambda: speaker.pull_audio(PACKET),
                    "pull_video": screen.pull_video,
                    "set_muted": lambda: microphone.set_muted(True),
                    "set_encoding": lambda: camera.set_encoding(burrow.Encoding()),
                    "request_keyframe": camera.request_keyframe,
                    "update": lambda: screen.update(width=160),
                    "end": microphone.end,
                    "end of a subscription": screen.end,
                }
                if how == "leave":
                    calls["mix_audio"] = lambda: listener.mix_audio(PACKET)
                    calls["media"] = lambda: listener.media(name)
                    calls["subscribe_audio"] = lambda: listener.subscribe_audio("somebody")
                for what, call in calls.items():
                    with self.subTest(what), self.assertRaises(burrow.ClosedError):
                        call()
                self.assertGreater(screen.media_stats.frames, 5)
                self.until(lambda: screen.info.state == burrow.TrackState.ENDED)


if __name__ == "__main__":
    unittest.main()
