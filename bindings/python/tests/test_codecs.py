"""Encoders and decoders without a room."""

from __future__ import annotations

import unittest

from media_support import HEIGHT, PACKET, RATE, WIDTH, brightness, joined, loudness, picture, share, tone
from support import LibraryTest, burrow


class SoundTest(LibraryTest):
    def setUp(self) -> None:
        self.host = self.engine()

    def test_a_tone_goes_through(self) -> None:
        encoder = burrow.AudioEncoder(self.host, burrow.Encoding(music=True, channels=2, bitrate_bps=96_000))
        decoder = burrow.AudioDecoder(self.host)
        heard = []
        for number in range(100):
            self.assertTrue(encoder.push_audio(tone(440, number, channels=2), channels=2))
            frame = encoder.pull()
            assert frame is not None
            self.assertEqual((frame.timestamp_us, frame.duration_us), (number * 20_000, 20_000))
            self.assertTrue(decoder.push(frame.data, timestamp_us=frame.timestamp_us))
            sound = decoder.pull_audio(PACKET)
            assert sound is not None
            self.assertEqual(sound.timestamp_us, number * 20_000)
            heard.append(sound)
        self.assertIsNone(encoder.pull())
        self.assertIsNone(decoder.pull_audio(1))
        samples = joined(heard[10:])
        self.assertGreater(share(samples, 440), 0.98)
        self.assertAlmostEqual(loudness(samples), 12_000 / 2**0.5, delta=800)
        self.assertEqual(encoder.media_stats.frames, 100)
        self.assertEqual(decoder.media_stats.damaged_frames, 0)

    def test_the_end_completes_the_last_packet(self) -> None:
        encoder = burrow.AudioEncoder(self.host)
        encoder.push_audio(bytes(2 * PACKET // 2))
        self.assertIsNone(encoder.pull())
        encoder.finish()
        self.assertIsNotNone(encoder.pull())
        with self.assertRaises(burrow.ClosedError):
            encoder.pull()

    def test_what_is_lost_is_made_up(self) -> None:
        encoder, decoder = burrow.AudioEncoder(self.host), burrow.AudioDecoder(self.host)
        flags = []
        for number in range(50):
            encoder.push_audio(tone(300, number))
            frame = encoder.pull()
            assert frame is not None
            decoder.push(b"" if number == 30 else bytes(frame.data))
            sound = decoder.pull_audio(RATE // 50)
            assert sound is not None
            flags.append(sound.flags)
        self.assertEqual([n for n, flag in enumerate(flags) if flag & burrow.AudioFlags.CONCEALED], [30])
        with self.assertRaises(burrow.DamagedError):
            decoder.push(b"\xff\xff\xff")

    def test_mistakes_have_names(self) -> None:
        encoder, decoder = burrow.AudioEncoder(self.host), burrow.AudioDecoder(self.host)
        with self.assertRaises(burrow.FormatError):
            encoder.push_audio(bytes(100), sample_rate=11_025)
        with self.assertRaises(burrow.InvalidArgumentError):
            burrow.AudioEncoder(self.host, burrow.Encoding(frame_ms=7))
        with self.assertRaises(burrow.DamagedError):
            burrow.AudioDecoder(self.host, b"OpusHeadless")
        decoder.end()
        with self.assertRaises(burrow.ClosedError):
            decoder.push(b"x")
        decoder.close()
        with self.assertRaises(burrow.ClosedError):
            decoder.pull_audio(10)


class PicturesTest(LibraryTest):
    def setUp(self) -> None:
        self.host = self.engine()

    def test_pictures_go_through_in_order(self) -> None:
        encoder = burrow.VideoEncoder(self.host, burrow.Encoding(frame_rate=30))
        decoder = burrow.VideoDecoder(self.host)
        shown = []
        for number in range(60):
            if number == 20:
                encoder.request_keyframe()
            self.assertTrue(encoder.push_video(picture(number), WIDTH, HEIGHT))
            while (frame := encoder.pull()) is not None:
                self.assertEqual(frame.is_key, number in (0, 20))
                self.assertTrue(decoder.push(frame.data, timestamp_us=frame.timestamp_us))
            while (decoded := decoder.pull_video()) is not None:
                self.assertAlmostEqual(decoded.timestamp_us, number * 33_333, delta=60)
                self.assertAlmostEqual(brightness(decoded), 40 + number, delta=4)
                shown.append(number)
                del decoded
        self.assertGreater(len(shown), 55)
        self.assertEqual(shown, sorted(set(shown)))
        stats = encoder.media_stats
        self.assertEqual((stats.width, stats.height, stats.key_frames), (WIDTH, HEIGHT, 2))
        self.assertEqual(stats.frames + stats.dropped_frames, 60)

    def test_three_pictures_are_lent(self) -> None:
        encoder, decoder = burrow.VideoEncoder(self.host), burrow.VideoDecoder(self.host)
        held = []
        for number in range(20):
            encoder.push_video(picture(number), WIDTH, HEIGHT)
            frame = encoder.pull()
            if frame is None or not decoder.push(frame.data):
                continue
            decoded = decoder.pull_video()
            if decoded is not None:
                held.append(decoded)
        self.assertEqual(len(held), 3)
        decoder.close()
        self.assertAlmostEqual(brightness(held[0]), 40, delta=4)

    def test_what_is_no_picture(self) -> None:
        decoder = burrow.VideoDecoder(self.host)
        with self.assertRaises(burrow.InvalidArgumentError):
            decoder.push(b"")
        with self.assertRaises(burrow.DamagedError):
            burrow.VideoDecoder(self.host, b"\x01\x42\x00")
        with self.assertRaises(burrow.FormatError):
            burrow.VideoEncoder(self.host).push_video(bytes(8 * 8 * 3 // 2), 8, 8)


if __name__ == "__main__":
    unittest.main()
