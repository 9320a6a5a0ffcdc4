"""The participants of a room: who speaks, who comes back, who is seen, and who sends what cannot be decoded."""

from __future__ import annotations

import json
import struct
import time
import unittest

from media_support import HEIGHT, PACKET, RATE, WIDTH, MediaTest, joined, picture, shares, tone
from support import PATIENCE, burrow
from test_examples import voice


class SpeakerTest(MediaTest):
    def dominant(self) -> str:
        found = [event for event in self.of_kind(burrow.EventKind.SPEAKER) if event.subject is self.bob]
        return found[-1].text if found else ""

    def talk(self, microphones: dict[str, burrow.AudioTrack], who: str):
        talk, hush = voice(RATE), bytes(PACKET * 2)

        def push(number: int) -> None:
            at = number % 50 * 1920
            for path, microphone in microphones.items():
                microphone.push_audio(talk[at : at + 1920] if path == who else hush)
            self.bob.mix_audio(PACKET)

        return push

    def test_who_leaves_is_released(self) -> None:
        carol = self.room(self.host, self.home, path="carol", prefix="nobody")
        microphones = {"alice": self.alice.publish_audio(), "carol": carol.publish_audio()}
        tracks = [self.bob.subscribe_audio(path) for path in microphones]
        self.until(lambda: self.dominant() == "carol", self.talk(microphones, "carol"))
        carol.leave().wait(PATIENCE)
        del microphones["carol"]
        self.until(lambda: self.dominant() == "alice", self.talk(microphones, "nobody"))
        before = len(self.of_kind(burrow.EventKind.SPEAKER))
        tracks[0].update(paused=True)
        self.until(lambda: len(self.of_kind(burrow.EventKind.SPEAKER)) > before, self.talk(microphones, "alice"))
        last = self.of_kind(burrow.EventKind.SPEAKER)[-1]
        self.assertEqual((last.participant, last.text), (0, ""))
        tracks[0].update()
        self.until(lambda: self.dominant() == "alice", self.talk(microphones, "alice"))
        before = len(self.of_kind(burrow.EventKind.SPEAKER))
        tracks[0].end()
        self.until(lambda: len(self.of_kind(burrow.EventKind.SPEAKER)) > before)
        self.assertEqual(self.of_kind(burrow.EventKind.SPEAKER)[-1].participant, 0)

    def test_two_at_once_do_not_flap(self) -> None:
        carol = self.room(self.host, self.home, path="carol", prefix="nobody")
        microphones = {"alice": self.alice.publish_audio(), "carol": carol.publish_audio()}
        tracks = [self.bob.subscribe_audio(path) for path in microphones]
        talk = voice(RATE)
        for number in self.every(6.0, 0.02):
            for offset, microphone in enumerate(microphones.values()):
                at = (number + 17 * offset) % 50 * 1920
                microphone.push_audio(talk[at : at + 1920])
            self.bob.mix_audio(PACKET)
        self.assertEqual(len(tracks), 2)
        self.assertIn(self.dominant(), microphones)
        self.assertLessEqual(len(self.of_kind(burrow.EventKind.SPEAKER)), 3)


class WhoTest(MediaTest):
    def test_once_each(self) -> None:
        speaker = self.bob.subscribe_audio("alice")
        screen = self.bob.subscribe_video("alice")
        for again in (self.bob.subscribe_audio, self.bob.subscribe_video):
            with self.assertRaises(burrow.ExistsError):
                again("alice")
            # The same path in another form.
            with self.assertRaises(burrow.ExistsError):
                again("/alice/")
        self.bob.subscribe_audio("carol")
        self.bob.subscribe("alice", "audio")
        speaker.end()
        again = self.bob.subscribe_audio("alice")
        screen.close()
        self.bob.subscribe_video("alice")
        # The new one is what is heard.
        microphone = self.alice.publish_audio()
        heard = []
        for number in self.every(1.5, 0.02):
            microphone.push_audio(tone(500, number))
            heard.append(again.pull_audio(PACKET))
        self.assertGreater(shares(joined(heard[-25:]), 500), 0.9)

    def test_a_rendition_by_name(self) -> None:
        camera = self.alice.publish_video("camera", encoding=burrow.Encoding(renditions=2))
        screen = self.bob.subscribe_video("alice", "camera-1", width=WIDTH, height=HEIGHT)
        sizes: set[int] = set()

        def step(number: int) -> None:
            camera.push_video(picture(number), WIDTH, HEIGHT)
            if (shown := screen.pull_video()) is not None:
                sizes.add(shown.width)

        self.until(lambda: sizes, step, pause=1 / 30)
        for number in range(30):
            step(number)
            time.sleep(1 / 30)
        self.assertEqual(sizes, {WIDTH // 2})
        self.assertEqual(screen.info.name, "camera-1")
        other = self.bob.subscribe_audio("alice", "nothing of that name")
        self.assertEqual(other.info.state, burrow.TrackState.WAITING)

    def test_who_comes_back_is_heard_and_seen(self) -> None:
        """In a new room, with a catalogue that says the same as before, twice."""
        speaker, screen = self.bob.subscribe_audio("alice"), self.bob.subscribe_video("alice")
        room = self.alice
        for turn in range(3):
            microphone, camera = room.publish_audio(), room.publish_video()
            heard, seen = [], []

            def step(number: int) -> None:
                microphone.push_audio(tone(500, number))
                camera.push_video(picture(number), WIDTH, HEIGHT)
                heard.append(speaker.pull_audio(PACKET))
                if (shown := screen.pull_video()) is not None:
                    seen.append(shown.width)

            self.until(lambda: len(seen) > 5 and shares(joined(heard[-10:]), 500) > 0.9, step)
            with self.subTest(turn=turn):
                self.assertEqual(speaker.info.state, burrow.TrackState.LIVE)
            if turn == 2:
                break
            room.leave().wait(PATIENCE)
            self.until(lambda: speaker.info.state == burrow.TrackState.WAITING, lambda _: speaker.pull_audio(PACKET))
            room = self.room(self.host, self.home, path="alice", prefix="nobody")
            room.opened.wait(PATIENCE)

    def test_a_track_of_the_same_name_again(self) -> None:
        """So soon that the catalogue never was without it."""
        speaker = self.bob.subscribe_audio("alice")
        for _ in range(3):
            microphone = self.alice.publish_audio()
            heard = []

            def step(number: int) -> None:
                microphone.push_audio(tone(500, number))
                heard.append(speaker.pull_audio(PACKET))

            self.until(lambda: shares(joined(heard[-10:]), 500) > 0.9 if heard else False, step)
            microphone.end()

    def test_last_n(self) -> None:
        """Pictures come of who spoke last; the others wait."""
        watcher = self.room(self.host, self.home, last_n=1)
        carol = self.room(self.host, self.home, path="carol", prefix="nobody")
        rooms = {"alice": self.alice, "carol": carol}
        microphones = {path: room.publish_audio() for path, room in rooms.items()}
        cameras = {path: room.publish_video() for path, room in rooms.items()}
        tracks = [watcher.subscribe_audio(path) for path in rooms]
        screens = {path: watcher.subscribe_video(path) for path in rooms}
        talk, hush = voice(RATE), bytes(PACKET * 2)
        shown: dict[str, int] = {}

        def step(who: str):
            def push(number: int) -> None:
                at = number % 50 * 1920
                for path in rooms:
                    microphones[path].push_audio(talk[at : at + 1920] if path == who else hush)
                    if number % 2 == 0:
                        cameras[path].push_video(picture(number), WIDTH, HEIGHT)
                    if screens[path].pull_video() is not None:
                        shown[path] = shown.get(path, 0) + 1
                watcher.mix_audio(PACKET)

            return push

        for who, other in (("alice", "carol"), ("carol", "alice"), ("alice", "carol")):
            self.until(lambda: screens[other].info.state == burrow.TrackState.WAITING, step(who))
            self.until(lambda: screens[who].info.state == burrow.TrackState.LIVE, step(who))
            shown.clear()
            self.until(lambda: shown.get(who, 0) > 20, step(who))
            self.assertNotIn(other, shown)
        # A place that is given up is taken by the next.
        screens["alice"].update(paused=True)
        self.until(lambda: screens["carol"].info.state == burrow.TrackState.LIVE, step("alice"))
        self.assertEqual(len(tracks), 2)

    def test_silence_is_nobodys_turn(self) -> None:
        """The only one with a microphone counts as the speaker; as long as nothing is said, no pictures go for that."""
        watcher = self.room(self.host, self.home, last_n=1)
        carol = self.room(self.host, self.home, path="carol", prefix="nobody")
        microphone = carol.publish_audio()
        cameras = [room.publish_video() for room in (self.alice, carol)]
        alice, other = watcher.subscribe_video("alice"), watcher.subscribe_video("carol")
        speaker = watcher.subscribe_audio("carol")
        shown = []

        def step(number: int) -> None:
            microphone.push_audio(bytes(PACKET * 2))
            if number % 2 == 0:
                for camera in cameras:
                    camera.push_video(picture(number), WIDTH, HEIGHT)
            shown.extend(path for path, screen in (("alice", alice), ("carol", other)) if screen.pull_video())
            watcher.mix_audio(PACKET)

        def speakers() -> list[str]:
            return [event.text for event in self.of_kind(burrow.EventKind.SPEAKER)]

        self.until(lambda: "carol" in speakers(), step)
        shown.clear()
        self.until(lambda: len(shown) > 20, step)
        self.assertEqual(set(shown), {"alice"})
        self.assertEqual(speaker.info.state, burrow.TrackState.LIVE)


class RelayTest(MediaTest):
    def test_sound_and_pictures_after_the_relay_came_back(self) -> None:
        """Nobody does anything about it: the rooms connect again, and the tracks that were there go on."""
        home = self.engine()
        relay = self.relay(home)
        url, listen = relay.url, relay.url.rpartition("/")[2]
        rooms = [
            self.host.open_room(url, insecure=True, reconnect_min_ms=20, reconnect_max_ms=100, **options)
            for options in ({"path": "alice", "prefix": "nobody"}, {})
        ]
        alice, bob = rooms
        microphone, camera = alice.publish_audio(), alice.publish_video()
        speaker, screen = bob.subscribe_audio("alice"), bob.subscribe_video("alice")
        heard: list[burrow.Sound] = []
        shown: list[int] = []

        def step(number: int) -> None:
            microphone.push_audio(tone(500, number))
            if number % 2 == 0:
                camera.push_video(picture(number), WIDTH, HEIGHT)
            heard.append(speaker.pull_audio(PACKET))
            if (seen := screen.pull_video()) is not None:
                shown.append(seen.width)

        def plays() -> bool:
            return len(shown) > 5 and shares(joined(heard[-10:]), 500) > 0.9

        for _ in range(3):
            self.until(plays, step)
            relay.stop().wait(PATIENCE)
            states = [burrow.RoomState.RECONNECTING] * 2
            self.until(lambda: [room.info.state for room in rooms] == states, step)  # noqa: B023
            heard.clear()
            shown.clear()
            relay = self.relay(home, listen=listen)
        self.until(plays, step)


class BadPublisherTest(MediaTest):
    def test_a_rendition_that_cannot_be_decoded(self) -> None:
        """Its parameters say so only in the stream; the other rendition is shown instead."""
        camera = self.alice.publish_video()
        source = self.bob.subscribe("alice", "video")
        mallory = self.room(self.host, self.home, path="mallory", prefix="nobody")
        catalogue, bad, good = (mallory.publish(name) for name in ("catalog.json", "bad", "good"))
        renditions = {
            name: {
                "codec": "avc3.42c01f",
                "container": {"kind": "legacy"},
                "codedWidth": width,
                "codedHeight": width * 9 // 16,
            }
            for name, width in (("bad", 1280), ("good", WIDTH))
        }
        catalogue.push(json.dumps({"video": {"renditions": renditions}}).encode(), key=True)
        screen = self.bob.subscribe_video("mallory")
        # A sequence of the high 4:4:4 profile: profile 244, level 30, chroma format 3, 20 x 12 macroblocks.
        bits = "1" + "00100" + "0" + "1" + "1" + "0" + "0" + "1" + "011" + "010" + "0" + "000010100" + "0001100" + "11001"
        bits += "0" * (-len(bits) % 8)
        sequence = bytes([0x67, 244, 0, 30]) + int(bits, 2).to_bytes(len(bits) // 8, "big")
        unit = b"\0\0\0\1" + sequence + b"\0\0\0\1\x68\xce\x3c\x80" + b"\0\0\0\1\x65\x88\x84\0\x33\xff"
        shown = []

        def step(number: int) -> None:
            camera.push_video(picture(number), WIDTH, HEIGHT)
            bad.push(struct.pack(">Q", 0xC000_0000_0000_0000 | burrow.now_us()) + unit, key=True)
            while (frame := source.pull()) is not None:
                good.push(bytes(frame.data), key=bool(frame.flags & burrow.FrameFlags.KEY))
            if (picked := screen.pull_video()) is not None:
                shown.append(picked.width)

        self.until(lambda: len(shown) > 10, step, pause=1 / 30)
        self.assertEqual(set(shown), {WIDTH})
        self.assertEqual(screen.info.name, "good")
        self.assertGreater(screen.media_stats.damaged_frames, 0)

    def test_a_hundred_catalogues_a_second(self) -> None:
        """Figures that settle: pictures go on without a hole, and the host hears of them once a second."""
        camera = self.alice.publish_video()
        tap = self.bob.subscribe("alice", "video")
        mallory = self.room(self.host, self.home, path="mallory", prefix="nobody")
        catalogue, copy = mallory.publish("catalog.json"), mallory.publish("video")
        screen = self.bob.subscribe_video("mallory")
        shown: list[float] = []

        def tell(number: int) -> None:
            rendition = {
                "codec": "avc3.42c01f",
                "container": {"kind": "legacy"},
                "codedWidth": WIDTH,
                "codedHeight": HEIGHT,
                "bitrate": 300_000 + number,
                "jitter": 20 + number % 100,
            }
            catalogue.push(json.dumps({"video": {"renditions": {"video": rendition}}}).encode(), key=True)

        def step(number: int) -> None:
            if number % 3 == 0:
                camera.push_video(picture(number), WIDTH, HEIGHT)
            while (frame := tap.pull()) is not None:
                copy.push(bytes(frame.data), key=bool(frame.flags & burrow.FrameFlags.KEY))
            if screen.pull_video() is not None:
                shown.append(time.monotonic())

        tell(0)
        self.until(lambda: len(shown) > 10, step, pause=0.01)
        self.events.clear()
        keys, begin = screen.media_stats.key_frames, len(shown)
        for number in self.every(3.0, 0.01):
            tell(number)
            step(number)
        holes = [later - earlier for earlier, later in zip(shown[begin:], shown[begin + 1 :], strict=False)]
        self.assertGreater(len(holes), 50)
        self.assertLess(max(holes), 0.4)
        self.assertLessEqual(screen.media_stats.key_frames - keys, 3)
        news = [event for event in self.of_kind(burrow.EventKind.PARTICIPANT_MEDIA) if event.text == "mallory"]
        self.assertTrue(1 <= len(news) <= 5, f"told {len(news)} times")
        self.until(lambda: self.bob.media("mallory")[0].bitrate_bps == 300_299)

    def test_damaged_packets_and_pictures(self) -> None:
        """They are counted, and what is whole goes on."""
        microphone, camera = self.alice.publish_audio(), self.alice.publish_video(
            encoding=burrow.Encoding(keyframe_interval_ms=500)
        )
        taps = {name: self.bob.subscribe("alice", name) for name in ("catalog.json", "audio", "video")}
        mallory = self.room(self.host, self.home, path="mallory", prefix="nobody")
        copies = {name: mallory.publish(name) for name in taps}
        speaker, screen = self.bob.subscribe_audio("mallory"), self.bob.subscribe_video("mallory")
        count, heard, seen = 0, [], 0

        def step(number: int) -> None:
            nonlocal count, seen
            microphone.push_audio(tone(500, number))
            if number % 2 == 0:
                camera.push_video(picture(number), WIDTH, HEIGHT)
            for name, tap in taps.items():
                while (frame := tap.pull()) is not None:
                    data, key = bytearray(frame.data), bool(frame.flags & burrow.FrameFlags.KEY)
                    count += 1
                    if name != "catalog.json" and count > 200 and count % 11 == 0:
                        # The time stays.
                        data[8:] = bytes(value ^ 0xA5 for value in data[8:])
                    copies[name].push(bytes(data), key=key)
            heard.append(speaker.pull_audio(PACKET))
            seen += screen.pull_video() is not None

        for number in self.every(8.0, 0.02):
            step(number)
        self.assertGreater(screen.media_stats.damaged_frames, 3, screen.media_stats)
        self.assertGreater(seen, 60)
        self.assertGreater(shares(joined(heard[-100:]), 500), 0.5)


if __name__ == "__main__":
    unittest.main()
