"""Sound: rates, channels, formats and pieces of any size, mixing, muting and pausing, who speaks."""

from __future__ import annotations

import struct
import unittest

from media_support import PACKET, RATE, MediaTest, joined, loudness, share, shares, tone
from support import burrow
from test_examples import voice


class FormatTest(MediaTest):
    def test_stereo(self) -> None:
        """Each ear hears its own tone."""
        microphone = self.alice.publish_audio(encoding=burrow.Encoding(channels=2, music=True))
        speaker = self.bob.subscribe_audio("alice")
        heard = []
        for number in self.every(2.0, 0.02):
            left, right = (struct.unpack(f"{PACKET}h", tone(hertz, number)) for hertz in (500, 1000))
            pairs = [value for pair in zip(left, right, strict=True) for value in pair]
            self.assertTrue(microphone.push_audio(struct.pack(f"{2 * PACKET}h", *pairs), channels=2))
            heard.append(speaker.pull_audio(PACKET, channels=2))
        whole = joined(heard[-25:])
        self.assertEqual(len(whole), 25 * 2 * PACKET)
        self.assertGreater(share(whole[0::2], 500), 0.9)
        self.assertGreater(share(whole[1::2], 1000), 0.9)
        self.assertEqual({offer.channels for offer in self.bob.media("alice")}, {2})

    def test_stereo_heard_with_one_ear(self) -> None:
        microphone = self.alice.publish_audio(encoding=burrow.Encoding(channels=2))
        speaker = self.bob.subscribe_audio("alice")
        heard = []
        for number in self.every(1.5, 0.02):
            microphone.push_audio(tone(500, number, channels=2), channels=2)
            heard.append(speaker.pull_audio(PACKET))
        self.assertGreater(shares(joined(heard[-25:]), 500), 0.9)

    def test_for_a_transcription(self) -> None:
        """16 kHz, floating point, as speech recognition wants it."""
        microphone = self.alice.publish_audio()
        speaker = self.bob.subscribe_audio("alice")
        heard = []
        for number in self.every(1.5, 0.02):
            microphone.push_audio(tone(500, number))
            heard.append(speaker.pull_audio(320, format=burrow.AudioFormat.F32, sample_rate=16_000))
        whole = joined(heard[-25:])
        self.assertEqual((whole.typecode, len(whole)), ("f", 25 * 320))
        self.assertGreater(shares(whole, 500, 16_000), 0.9)
        self.assertAlmostEqual(loudness(whole), 12_000 / 32_768 / 2**0.5, delta=0.06)

    def test_every_rate_pushed(self) -> None:
        for rate in (8_000, 16_000, 24_000, 32_000, 44_100, 48_000):
            with self.subTest(rate):
                name = f"from-{rate}"
                room = self.room(self.host, self.home, path=name, prefix="nobody")
                microphone = room.publish_audio()
                speaker = self.bob.subscribe_audio(name)
                heard = []
                for number in self.every(1.2, 0.02):
                    self.assertTrue(microphone.push_audio(tone(500, number, rate), sample_rate=rate))
                    heard.append(speaker.pull_audio(rate // 50, sample_rate=rate))
                self.assertGreater(shares(joined(heard[-15:]), 500, rate), 0.9)
                room.close()

    def test_floating_point_is_cut_off_not_wrapped(self) -> None:
        microphone = self.alice.publish_audio()
        speaker = self.bob.subscribe_audio("alice")
        # Twice as loud as can be, and what is no number at all.
        loud = struct.pack(f"{PACKET}f", *(value / 6_000 for value in struct.unpack(f"{PACKET}h", tone(500, 0))))
        odd = struct.pack(f"{PACKET}f", *([float("nan"), float("inf"), -float("inf"), 0.0] * (PACKET // 4)))
        heard = []
        for number in self.every(2.0, 0.02):
            microphone.push_audio(odd if number == 50 else loud, format=burrow.AudioFormat.F32)
            heard.append(speaker.pull_audio(PACKET, format=burrow.AudioFormat.F32))
        whole = joined(heard)
        self.assertTrue(all(abs(value) <= 1.5 for value in whole), "not a number came through")
        self.assertGreater(shares(joined(heard[-20:]), 500), 0.7)

    def onset(self, pull: int, rate: int, name: str) -> float:
        """Pushes silence and then a tone; by how many milliseconds the time stamps are wrong where it is heard."""
        room = self.room(self.host, self.home, path=name, prefix="nobody")
        microphone = room.publish_audio()
        speaker = self.bob.subscribe_audio(name)
        begin, pulled, start = burrow.now_us(), 0, 50
        for number in self.every(2.0, 0.02):
            piece = tone(500, number) if number >= start else bytes(2 * PACKET)
            microphone.push_audio(piece, timestamp_us=begin + number * 20_000)
            while pulled < (number + 1) * rate // 50:
                sound = speaker.pull_audio(pull, sample_rate=rate)
                pulled += pull
                loud = next((at for at, value in enumerate(sound.samples) if abs(value) > 3_000), None)
                if loud is not None:
                    room.close()
                    return (sound.timestamp_us + loud * 1_000_000 / rate - begin) / 1000 - start * 20
        self.fail("no tone was heard")

    def test_timestamps_are_those_of_the_samples(self) -> None:
        """Whatever is pulled at once, and also when samples wait in between. The codec itself delays by 6.5 ms."""
        for pull, rate in ((PACKET // 2, RATE), (2880, RATE), (441, 44_100)):
            with self.subTest(pull=pull, rate=rate):
                wrong = []
                # On a busy machine the playout may be making up sound just then.
                while not wrong or abs(wrong[-1] - 6.5) > 5 and len(wrong) < 3:
                    wrong.append(self.onset(pull, rate, f"{pull}-at-{rate}-{len(wrong)}"))
                self.assertAlmostEqual(wrong[-1], 6.5, delta=5, msg=f"{wrong}")

    def pieces(self, push_sizes: list[int], pull_sizes: list[int]) -> list[burrow.Sound]:
        """Pushes and pulls as many samples as the time calls for, in pieces of these sizes."""
        microphone = self.alice.publish_audio()
        speaker = self.bob.subscribe_audio("alice")
        source = b"".join(tone(500, number) for number in range(50)) * 4
        begin, pushed, pulled, turn, heard = burrow.now_us(), 0, 0, 0, []
        for number in self.every(2.5, 0.01):
            while pushed + push_sizes[turn % len(push_sizes)] <= (number + 1) * 480:
                count = push_sizes[turn % len(push_sizes)]
                turn += 1
                piece = source[2 * pushed : 2 * (pushed + count)]
                self.assertTrue(microphone.push_audio(piece, timestamp_us=begin + pushed * 1_000_000 // RATE))
                pushed += count
            while pulled < (number + 1) * 480:
                heard.append(speaker.pull_audio(pull_sizes[len(heard) % len(pull_sizes)]))
                pulled += len(heard[-1].samples)
        return heard

    def test_pushed_in_any_size(self) -> None:
        heard = self.pieces([1, 7, 160, 441, 960, 1023, 2048, 480], [PACKET])
        self.assertGreater(shares(joined(heard)[-RATE:], 500), 0.9)

    def test_pulled_in_any_size(self) -> None:
        heard = self.pieces([PACKET], [48, 100, 441, 960])
        self.assertGreater(shares(joined(heard)[-RATE:], 500), 0.9)

    def test_pulled_in_the_largest_size(self) -> None:
        heard = self.pieces([PACKET], [2880])
        self.assertGreater(shares(joined(heard)[-RATE:], 500), 0.9)

    def test_packets_that_share_groups(self) -> None:
        """Five by five they are heard as well, in a fifth of the groups."""
        microphone = self.alice.publish_audio(encoding=burrow.Encoding(packets_per_group=5))
        speaker = self.bob.subscribe_audio("alice")
        heard = []
        for number in self.every(3.0, 0.02):
            microphone.push_audio(tone(500, number))
            heard.append(speaker.pull_audio(PACKET))
        self.assertGreater(shares(joined(heard[50:]), 500), 0.9)
        self.until(lambda: speaker.stats.frames > 100)
        # Both are right at last: groups are counted elsewhere, and told now and then.
        self.until(lambda: abs((figures := speaker.stats).frames - 5 * figures.groups) < 0.1 * figures.frames)
        with self.assertRaises(burrow.InvalidArgumentError):
            microphone.set_encoding(burrow.Encoding(packets_per_group=1))
        with self.assertRaises(burrow.InvalidArgumentError):
            self.alice.publish_audio("more", encoding=burrow.Encoding(packets_per_group=51))

    def test_a_second_at_once(self) -> None:
        microphone = self.alice.publish_audio()
        second = b"".join(tone(500, number) for number in range(50))
        self.assertTrue(microphone.push_audio(second))
        taken = [microphone.push_audio(second) for _ in range(20)]
        self.assertIn(False, taken, "no limit")
        self.until(lambda: microphone.push_audio(tone(500, 0)))


class RoomTest(MediaTest):
    def test_mix(self) -> None:
        """Both are heard, the one with less gain is less loud, and both together are not cut off."""
        carol = self.room(self.host, self.home, path="carol", prefix="nobody")
        microphones = {500: self.alice.publish_audio(), 1000: carol.publish_audio()}
        first = self.bob.subscribe_audio("alice")
        second = self.bob.subscribe_audio("carol", gain_percent=25)
        heard = []
        for number in self.every(3.0, 0.02):
            for hertz, microphone in microphones.items():
                microphone.push_audio(tone(hertz, number))
            if number == 100:
                second.update(gain_percent=100)
            heard.append(self.bob.mix_audio(PACKET))
        del first
        quiet, even = (joined(heard[part])[0::2] for part in (slice(70, 95), slice(125, 150)))
        self.assertAlmostEqual(share(quiet, 1000) / share(quiet, 500), 1 / 16, delta=0.03)
        self.assertAlmostEqual(share(even, 1000) / share(even, 500), 1, delta=0.2)
        self.assertEqual(heard[-1].timestamp_us, 0)

    def test_mix_is_softened(self) -> None:
        """Three loud voices at four times the gain stay in range, and are no square wave."""
        rooms = [self.alice] + [self.room(self.host, self.home, path=name, prefix="nobody") for name in ("carol", "dave")]
        microphones = [room.publish_audio() for room in rooms]
        tracks = [self.bob.subscribe_audio(name, gain_percent=400) for name in ("alice", "carol", "dave")]
        heard = []
        for number in self.every(1.6, 0.02):
            for microphone in microphones:
                microphone.push_audio(tone(500, number, amplitude=30_000))
            heard.append(self.bob.mix_audio(PACKET, channels=1, format=burrow.AudioFormat.F32))
        self.assertEqual(len(tracks), 3)
        whole = joined(heard[-20:])
        self.assertLessEqual(max(map(abs, whole)), 1.0)
        self.assertGreater(loudness(whole), 0.4)

    def test_mix_of_nobody_is_silence(self) -> None:
        sound = self.bob.mix_audio(PACKET)
        self.assertFalse(any(sound.samples))
        self.assertIn(burrow.AudioFlags.SILENT, sound.flags)

    def test_mute_and_back(self) -> None:
        microphone = self.alice.publish_audio()
        speaker = self.bob.subscribe_audio("alice")
        heard = []
        for number in self.every(4.0, 0.02):
            if number in (75, 150):
                microphone.set_muted(number == 75)
            self.assertTrue(microphone.push_audio(tone(500, number)))
            heard.append(speaker.pull_audio(PACKET))
        self.assertGreater(shares(joined(heard[50:70]), 500), 0.9)
        # Not at once nothing at all: a little noise fades away, so that nobody thinks the line is dead.
        self.assertLess(loudness(joined(heard[90:145])), 500, "muted is not silent")
        self.assertLess(shares(joined(heard[90:145]), 500), 0.1)
        self.assertGreater(shares(joined(heard[180:]), 500), 0.9)

    def test_pause_and_back(self) -> None:
        """Who pauses costs the line nothing."""
        microphone = self.alice.publish_audio()
        speaker = self.bob.subscribe_audio("alice", paused=True)
        heard, frames = [], []
        for number in self.every(4.0, 0.02):
            if number == 75:
                speaker.update()
            elif number == 140:
                speaker.update(paused=True)
            microphone.push_audio(tone(500, number))
            heard.append(speaker.pull_audio(PACKET))
            frames.append(speaker.media_stats.frames)
        self.assertEqual(frames[74], 0)
        self.assertEqual(loudness(joined(heard[:74])), 0)
        self.assertGreater(shares(joined(heard[110:138]), 500), 0.9)
        self.assertEqual(frames[170], frames[-1], "packets came although it was paused")
        self.assertLess(loudness(joined(heard[175:])), 500)
        self.assertLess(shares(joined(heard[175:]), 500), 0.1)

    def test_bit_rate_changes(self) -> None:
        noise = voice(RATE)
        microphone = self.alice.publish_audio(encoding=burrow.Encoding(bitrate_bps=16_000, fixed=True))
        speaker = self.bob.subscribe_audio("alice")
        sizes = []
        for number in self.every(4.0, 0.02):
            if number == 100:
                microphone.set_encoding(burrow.Encoding(bitrate_bps=96_000, fixed=True))
            microphone.push_audio(noise[number % 50 * 1920 : number % 50 * 1920 + 1920])
            speaker.pull_audio(PACKET)
            sizes.append(microphone.media_stats.bytes)
        before, after = sizes[99] - sizes[49], sizes[199] - sizes[149]
        self.assertAlmostEqual(before, 2_000, delta=1_000)
        self.assertAlmostEqual(after, 12_000, delta=4_000)

    def test_who_speaks(self) -> None:
        carol = self.room(self.host, self.home, path="carol", prefix="nobody")
        microphones = {"alice": self.alice.publish_audio(), "carol": carol.publish_audio()}
        tracks = [self.bob.subscribe_audio(path) for path in microphones]
        talk, hush = voice(RATE), bytes(PACKET * 2)

        def step(who: str):
            def push(number: int) -> None:
                at = number % 50 * 1920
                for path, microphone in microphones.items():
                    microphone.push_audio(talk[at : at + 1920] if path == who else hush)
                self.bob.mix_audio(PACKET)

            return push

        def dominant() -> str:
            found = [event for event in self.of_kind(burrow.EventKind.SPEAKER) if event.subject is self.bob]
            return found[-1].text if found else ""

        self.until(lambda: dominant() == "alice", step("alice"))
        numbers = {person.path: person.id for person in self.bob.participants()}
        self.assertEqual(self.of_kind(burrow.EventKind.SPEAKER)[-1].participant, numbers["alice"])
        self.assertGreater(tracks[0].media_stats.level, tracks[1].media_stats.level)
        self.until(lambda: dominant() == "carol", step("carol"))
        # Whoever spoke goes on being the one while nobody else does, or nobody is; it does not flap.
        self.assertLess(len(self.of_kind(burrow.EventKind.SPEAKER)), 5)

    def test_nothing_yet(self) -> None:
        speaker = self.bob.subscribe_audio("nobody-is-here")
        sound = speaker.pull_audio(PACKET)
        self.assertFalse(any(sound.samples))
        self.assertIn(burrow.AudioFlags.SILENT, sound.flags)
        self.assertEqual(sound.timestamp_us, 0)

    def test_last_words(self) -> None:
        """After the microphone is gone there is silence, not the last packet again and again."""
        microphone = self.alice.publish_audio()
        speaker = self.bob.subscribe_audio("alice")
        heard = []
        for number in self.every(4.5, 0.02):
            if number < 75:
                microphone.push_audio(tone(500, number))
            elif number == 75:
                microphone.end()
            heard.append(speaker.pull_audio(PACKET))
        self.assertGreater(shares(joined(heard[40:70]), 500), 0.9)
        self.assertLess(shares(joined(heard[100:]), 500), 0.1)
        self.assertLess(loudness(joined(heard[-10:])), 60)
        with self.assertRaises(burrow.ClosedError):
            microphone.push_audio(tone(500, 0))
        speaker.end()
        with self.assertRaises(burrow.ClosedError):
            speaker.pull_audio(PACKET)


if __name__ == "__main__":
    unittest.main()
