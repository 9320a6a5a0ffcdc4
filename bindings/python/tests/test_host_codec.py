"""A host with a codec of its own: what it encodes is for everybody, and what others encode is for it to decode.

The library's own codecs without a room play the hardware.
"""

from __future__ import annotations

import json
import struct
import time
import unittest
from typing import Any

from media_support import HEIGHT, PACKET, WIDTH, MediaTest, brightness, joined, picture, shares, tone
from support import PATIENCE, burrow


class CameraOfTheHostTest(MediaTest):
    def encode(self, encoder: burrow.VideoEncoder, number: int) -> bytes:
        encoder.push_video(picture(number), WIDTH, HEIGHT)
        frame = encoder.pull()
        return bytes(frame.data) if frame is not None else b""

    def test_others_see_it(self) -> None:
        camera = self.alice.publish_video(host_codec=True, encoding=burrow.Encoding(bitrate_bps=400_000, frame_rate=30))
        screen = self.bob.subscribe_video("alice")
        encoder = burrow.VideoEncoder(self.host, burrow.Encoding(bitrate_bps=400_000, frame_rate=30))
        seen: list[tuple[int, int]] = []

        def step(number: int) -> None:
            for event in self.of_kind(burrow.EventKind.TRACK_ENCODING):
                self.events.remove(event)
                if event.subject is camera and event.value:
                    encoder.request_keyframe()
            if unit := self.encode(encoder, number):
                self.assertTrue(camera.push(unit))
            shown = screen.pull_video()
            if shown is not None:
                seen.append((number, brightness(shown)))

        self.until(lambda: len(seen) > 20, step, pause=1 / 30)
        for number, light in seen[5:]:
            self.assertLess(abs((number + 40) - light), 12)
        (offer,) = self.bob.media("alice")
        self.assertEqual((offer.kind, offer.width, offer.height), (burrow.TrackKind.VIDEO, WIDTH, HEIGHT))
        self.assertTrue(offer.codec.startswith("avc3.42"), offer.codec)
        self.assertEqual((offer.bitrate_bps, offer.frame_rate, offer.is_supported), (400_000, 30, True))
        stats = camera.media_stats
        self.assertEqual((stats.width, stats.height, stats.renditions), (WIDTH, HEIGHT, 1))
        self.assertEqual(stats.bitrate_bps, 400_000)
        self.assertGreater(stats.frames, 20)
        self.assertTrue(camera.info.flags & burrow._abi.BURROW_TRACK_HOST_CODEC)

    def test_who_comes_later_makes_it_send_a_key_picture(self) -> None:
        camera = self.alice.publish_video(host_codec=True)
        encoder = burrow.VideoEncoder(self.host)

        def step(number: int) -> None:
            if unit := self.encode(encoder, number):
                camera.push(unit)

        self.until(lambda: camera.media_stats.frames > 5, step)
        self.assertEqual(camera.media_stats.renditions, 0)
        self.take_events()
        self.events.clear()
        screen = self.bob.subscribe_video("alice")
        self.until(lambda: any(event.value == 1 for event in self.of_kind(burrow.EventKind.TRACK_ENCODING)), step)
        self.assertEqual(camera.media_stats.renditions, 1)
        self.events.clear()
        screen.close()
        self.until(lambda: camera.media_stats.renditions == 0, step)
        self.until(lambda: bool(self.of_kind(burrow.EventKind.TRACK_ENCODING)), step)

    def test_parameter_sets_that_come_once(self) -> None:
        """As encoders in hardware give them: alone, before everything."""
        encoder = burrow.VideoEncoder(self.host)
        key = self.encode(encoder, 0)
        start = key.index(b"\0\0\0\1\x65")
        sets, slices = key[:start], key[start:]
        self.assertTrue(sets and slices)
        camera = self.alice.publish_video(host_codec=True)
        screen = self.bob.subscribe_video("alice", host_codec=True)
        got: list[bytes] = []
        self.assertTrue(camera.push(sets))

        def step(number: int) -> None:
            camera.push(slices)
            while (frame := screen.pull()) is not None:
                got.append(bytes(frame.data))

        self.until(lambda: bool(got), step, pause=1 / 30)
        self.assertEqual(got[0], key)

    def test_what_is_no_picture_is_refused(self) -> None:
        camera = self.alice.publish_video(host_codec=True)
        with self.assertRaises(burrow.DamagedError):
            camera.push(b"no start code")
        with self.assertRaises(burrow.InvalidArgumentError):
            camera.push(b"")
        with self.assertRaises(burrow.DamagedError):
            camera.push(b"\0\0\0\1\x67\x42")
        # High 10: nobody here could decode it.
        with self.assertRaises(burrow.FormatError):
            camera.push(bytes.fromhex("00000001676e001facd940a02ff9610000030001000003003c8f18319600"))
        unit = self.encode(burrow.VideoEncoder(self.host), 0)
        for wrong in (1, burrow.now_us() - 3_600_000_000, burrow.now_us() + 3_600_000_000, -1, 2**62):
            with self.assertRaises(burrow.InvalidArgumentError):
                camera.push(unit, timestamp_us=wrong)
        with self.assertRaises(burrow.WrongKindError):
            camera.push_video(picture(0), WIDTH, HEIGHT)
        with self.assertRaises(burrow.InvalidArgumentError):
            self.alice.publish_video("three", host_codec=True, encoding=burrow.Encoding(renditions=3))


class DecoderOfTheHostTest(MediaTest):
    def test_it_gets_what_others_show(self) -> None:
        camera = self.alice.publish_video()
        screen = self.bob.subscribe_video("alice", host_codec=True)
        decoder = burrow.VideoDecoder(self.host)
        seen: list[tuple[int, int]] = []
        times: list[int] = []

        def step(number: int) -> None:
            camera.push_video(picture(number), WIDTH, HEIGHT)
            while (frame := screen.pull()) is not None:
                if not times:
                    self.assertTrue(frame.is_key)
                times.append(frame.timestamp_us)
                decoder.push(frame.data, timestamp_us=frame.timestamp_us)
            while (decoded := decoder.pull_video()) is not None:
                seen.append((number, brightness(decoded)))
                del decoded

        self.until(lambda: len(seen) > 20, step, pause=1 / 30)
        for number, light in seen[5:]:
            self.assertLess(abs((number + 40) - light), 12)
        self.assertEqual(times, sorted(set(times)))
        self.assertLess(abs(burrow.now_us() - times[-1]), 2_000_000)
        self.assertTrue(self.of_kind(burrow.EventKind.TRACK_DATA))
        stats = screen.media_stats
        self.assertEqual((stats.width, stats.height, stats.damaged_frames), (WIDTH, HEIGHT, 0))
        with self.assertRaises(burrow.WrongKindError):
            screen.pull_video()
        # Another subscription for pictures is one too many, as always.
        with self.assertRaises(burrow.ExistsError):
            self.bob.subscribe_video("alice")

    def test_a_pause_ends_with_a_key_picture(self) -> None:
        camera = self.alice.publish_video()
        screen = self.bob.subscribe_video("alice", host_codec=True)
        frames: list[Any] = []

        def step(number: int) -> None:
            camera.push_video(picture(number), WIDTH, HEIGHT)
            while (frame := screen.pull()) is not None:
                frames.append((frame.is_key, frame.flags))

        self.until(lambda: len(frames) > 5, step, pause=1 / 30)
        screen.update(paused=True)
        self.until(lambda: screen.info.state == burrow.TrackState.WAITING, step, pause=1 / 30)
        for number in range(5):
            step(number)
        frames.clear()
        screen.update(paused=False)
        self.until(lambda: len(frames) > 5, step, pause=1 / 30)
        self.assertTrue(frames[0][0])
        self.assertTrue(frames[0][1] & burrow.FrameFlags.DISCONTINUITY)

    def test_who_does_not_pull_gets_a_key_picture_next(self) -> None:
        """Memory stays bounded, and nothing is given that could not be decoded."""
        encoder = burrow.VideoEncoder(self.host, burrow.Encoding(keyframe_interval_ms=1000))
        units = []
        for number in range(90):
            encoder.push_video(picture(number), WIDTH, HEIGHT)
            frame = encoder.pull()
            if frame is not None:
                units.append((bool(frame.is_key), bytes(frame.data)))
        camera = self.alice.publish_video(host_codec=True)
        screen = self.bob.subscribe_video("alice", host_codec=True)
        self.until(lambda: camera.media_stats.renditions == 1 or bool(camera.push(units[0][1])) and False)
        for _ in range(8):
            for _, unit in units:
                while not camera.push(unit):
                    time.sleep(0.002)
            time.sleep(0.1)
        self.until(lambda: screen.media_stats.dropped_frames > 0)
        seen = -1
        while seen != screen.media_stats.frames:
            seen = screen.media_stats.frames
            time.sleep(0.5)
        first = []
        while (frame := screen.pull()) is not None:
            first.append(frame.is_key)
            del frame
        self.assertLessEqual(len(first), 256)
        after: list[Any] = []

        def step(number: int) -> None:
            camera.push(units[number % len(units)][1])
            while (frame := screen.pull()) is not None:
                after.append((frame.is_key, frame.flags))

        self.until(lambda: bool(after), step, pause=0.01)
        self.assertTrue(after[0][0])
        self.assertTrue(after[0][1] & burrow.FrameFlags.DISCONTINUITY)


class LengthsInsteadOfStartCodesTest(MediaTest):
    """A publisher of avc1: parameter sets in the catalogue, units behind their lengths."""

    def setUp(self) -> None:
        super().setUp()
        self.mallory = self.room(self.host, self.home, path="mallory", prefix="nobody")
        self.mallory.opened.wait(PATIENCE)
        self.encoder = burrow.VideoEncoder(self.host, burrow.Encoding(keyframe_interval_ms=500))
        self.first: list[bytes] = self.units(0)
        sets = [unit for unit in self.first if unit[0] & 31 in (7, 8)]
        sequence, second = sets
        description = b"\x01" + sequence[1:4] + b"\xff\xe1" + len(sequence).to_bytes(2, "big") + sequence
        description += b"\x01" + len(second).to_bytes(2, "big") + second
        rendition = {
            "codec": f"avc1.{sequence[1:4].hex()}",
            "description": description.hex(),
            "container": {"kind": "legacy"},
            "codedWidth": WIDTH,
            "codedHeight": HEIGHT,
        }
        self.catalogue, self.copy = self.mallory.publish("catalog.json"), self.mallory.publish("video")
        self.catalogue.push(json.dumps({"video": {"renditions": {"video": rendition}}}).encode(), key=True)
        self.annex_b: list[bytes] = []

    def units(self, number: int) -> list[bytes]:
        """The NAL units of one picture."""
        self.encoder.push_video(picture(number), WIDTH, HEIGHT)
        frame = self.encoder.pull()
        return [] if frame is None else [part for part in bytes(frame.data).split(b"\0\0\0\1") if part]

    def publish(self, number: int) -> None:
        units = self.units(number + 1)
        if not units:
            return
        self.annex_b.append(b"".join(b"\0\0\0\1" + unit for unit in units))
        slices = [unit for unit in units if unit[0] & 31 not in (7, 8)]
        data = b"".join(len(unit).to_bytes(4, "big") + unit for unit in slices)
        key = any(unit[0] & 31 == 5 for unit in slices)
        self.copy.push(struct.pack(">Q", 0xC000_0000_0000_0000 | burrow.now_us()) + data, key=key)

    def test_is_seen(self) -> None:
        screen = self.bob.subscribe_video("mallory")
        seen: list[int] = []

        def step(number: int) -> None:
            self.publish(number)
            if (shown := screen.pull_video()) is not None:
                seen.append(abs(brightness(shown) - 41 - number))

        self.until(lambda: len(seen) > 20, step, pause=1 / 30)
        self.assertLess(max(seen[5:]), 12)
        (offer,) = self.bob.media("mallory")
        self.assertTrue(offer.codec.startswith("avc1.42") and offer.is_supported)

    def test_is_annex_b_for_a_decoder_of_the_host(self) -> None:
        screen = self.bob.subscribe_video("mallory", host_codec=True)
        got: list[bytes] = []

        def step(number: int) -> None:
            self.publish(number)
            while (frame := screen.pull()) is not None:
                got.append(bytes(frame.data))

        self.until(lambda: len(got) > 20, step, pause=1 / 30)
        begin = self.annex_b.index(got[0])
        self.assertEqual(got, self.annex_b[begin : begin + len(got)])
        self.assertEqual(got[0][4] & 31, 7)


class SoundOfTheHostTest(MediaTest):
    def test_both_ways(self) -> None:
        """Alice's packets are for Bob's library; Carol's library is for Bob's decoder."""
        carol = self.room(self.host, self.home, path="carol", prefix="nobody")
        carol.opened.wait(PATIENCE)
        encoder, decoder = burrow.AudioEncoder(self.host), burrow.AudioDecoder(self.host)
        speech = burrow.Encoding(bitrate_bps=32_000)
        alices = self.alice.publish_audio(host_codec=True, encoding=speech)
        carols = carol.publish_audio(encoding=speech)
        hears_alice = self.bob.subscribe_audio("alice")
        hears_carol = self.bob.subscribe_audio("carol", host_codec=True)
        of_alice, of_carol = [], []
        for number in self.every(4, 0.02):
            encoder.push_audio(tone(440, number))
            while (frame := encoder.pull()) is not None:
                self.assertTrue(alices.push(frame.data))
            carols.push_audio(tone(880, number))
            of_alice.append(hears_alice.pull_audio(PACKET))
            while (frame := hears_carol.pull()) is not None:
                decoder.push(frame.data, timestamp_us=frame.timestamp_us)
            while (sound := decoder.pull_audio(PACKET)) is not None:
                of_carol.append(sound)
        self.assertGreater(shares(joined(of_alice[75:175]), 440), 0.9)
        self.assertGreater(len(of_carol), 100)
        self.assertGreater(shares(joined(of_carol[50:100]), 880), 0.9)
        (offer,) = self.bob.media("alice")
        self.assertEqual((offer.codec, offer.sample_rate, offer.channels, offer.bitrate_bps), ("opus", 48_000, 1, 32_000))
        with self.assertRaises(burrow.DamagedError):
            alices.push(b"\xff\xff\xff")
        # Muted, its own packets stay at home.
        alices.set_muted(True)
        sent = alices.media_stats.bytes
        for number in range(20):
            encoder.push_audio(tone(440, number))
            while (frame := encoder.pull()) is not None:
                alices.push(frame.data)
        time.sleep(0.2)
        self.assertLess(alices.media_stats.bytes - sent, 10)


if __name__ == "__main__":
    unittest.main()
