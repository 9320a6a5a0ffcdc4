"""Pictures: formats, sizes, renditions, key frames, muting and pausing, and memory that outlives what it came from."""

from __future__ import annotations

import gc
import time
import unittest

from media_support import HEIGHT, WIDTH, MediaTest, brightness, picture
from support import LibraryTest, burrow

ALL_FORMATS = list(burrow.VideoFormat) if burrow is not None else []


def gradient(width: int, height: int) -> bytes:
    """An I420 picture that gets brighter to the right."""
    row = bytes(40 + 160 * column // width for column in range(width))
    return row * height + bytes([128]) * (2 * ((width + 1) // 2) * ((height + 1) // 2))


class CameraTest(MediaTest):
    def show(self, seconds: float, camera: burrow.VideoTrack, screen: burrow.VideoTrack, **more) -> list[tuple[int, int, int, int]]:
        """Pushes numbered pictures and gives number, brightness and size of those that came."""
        seen = []
        for number in self.every(seconds, 1 / 30):
            if number in more.get("actions", {}):
                more["actions"][number]()
            camera.push_video(picture(number), WIDTH, HEIGHT)
            shown = screen.pull_video()
            if shown is not None:
                seen.append((number, brightness(shown), shown.width, shown.height))
        return seen

    def test_every_format_pushed(self) -> None:
        screen = self.bob.subscribe_video("alice")
        camera = self.alice.publish_video()
        for format in ALL_FORMATS:
            with self.subTest(format.name):
                source = burrow.allocate_picture(self.host, burrow.VideoFormat.I420, WIDTH, HEIGHT)
                source.planes[0][:] = bytes(source.strides[0] * HEIGHT)
                for row in range(HEIGHT):
                    start = row * source.strides[0]
                    source.planes[0][start : start + WIDTH] = gradient(WIDTH, 1)[:WIDTH]
                data = burrow.convert_picture(source, format)
                seen: list[burrow.Picture] = []

                def step(number: int, format=format, data=data, seen=seen) -> None:
                    camera.push_video(data, WIDTH, HEIGHT, format=format)
                    shown = screen.pull_video()
                    if shown is not None:
                        seen[:] = [shown]

                self.until(lambda: bool(seen), step, pause=1 / 30)
                for number in range(5):
                    step(number)
                    time.sleep(1 / 30)
                row = bytes(seen[0].planes[0])[seen[0].strides[0] * 90 :]
                self.assertEqual(seen[0].format, burrow.VideoFormat.I420)
                for column in (20, 160, 300):
                    self.assertAlmostEqual(row[column], 40 + 160 * column // WIDTH, delta=8)
                # Grey stays grey.
                self.assertAlmostEqual(seen[0].planes[1][40 * seen[0].strides[1] + 80], 128, delta=4)

    def test_rows_with_a_gap_and_from_below(self) -> None:
        """What push_video() makes of a buffer is packed; the call itself takes any stride."""
        import ctypes

        from burrow import _abi
        from burrow._library import check, lib, sized

        camera = self.alice.publish_video()
        screen = self.bob.subscribe_video("alice")
        memory = (ctypes.c_uint8 * (512 * HEIGHT * 2))()
        for row in range(HEIGHT):
            # The lower half is bright; the file is upside down.
            memory[row * 512 : row * 512 + WIDTH] = [200 if row < HEIGHT // 2 else 50] * WIDTH
        chroma = (ctypes.c_uint8 * (WIDTH * HEIGHT))(*([128] * (WIDTH * HEIGHT)))
        raw = sized(_abi.burrow_video_frame)
        raw.format, raw.width, raw.height = int(burrow.VideoFormat.I420), WIDTH, HEIGHT
        raw.plane[0], raw.stride[0] = ctypes.addressof(memory) + 512 * (HEIGHT - 1), -512
        for plane in (1, 2):
            raw.plane[plane], raw.stride[plane] = ctypes.addressof(chroma), WIDTH // 2
        seen: list[burrow.Picture] = []

        def step(_: int) -> None:
            check(lib.burrow_track_push_video(camera.handle, ctypes.byref(raw)))
            if (shown := screen.pull_video()) is not None:
                seen[:] = [shown]

        self.until(lambda: bool(seen), step)
        shown = seen[0]
        self.assertAlmostEqual(shown.planes[0][20 * shown.strides[0] + 100], 50, delta=8)
        self.assertAlmostEqual(shown.planes[0][160 * shown.strides[0] + 100], 200, delta=8)

    def test_odd_sizes_are_cut(self) -> None:
        camera = self.alice.publish_video()
        screen = self.bob.subscribe_video("alice")
        seen: list[burrow.Picture] = []

        def step(number: int) -> None:
            camera.push_video(picture(60, 321, 181), 321, 181)
            if (shown := screen.pull_video()) is not None:
                seen[:] = [shown]

        self.until(lambda: bool(seen), step)
        self.assertEqual((seen[0].width, seen[0].height), (320, 180))
        self.assertAlmostEqual(brightness(seen[0]), 100, delta=4)

    def test_size_changes_on_the_way(self) -> None:
        """Smaller by the encoding, then larger by what is pushed; every picture has one of the sizes."""
        camera = self.alice.publish_video()
        screen = self.bob.subscribe_video("alice")
        small = burrow.Encoding(width=WIDTH // 2, height=HEIGHT // 2)
        seen = self.show(3.0, camera, screen, actions={45: lambda: camera.set_encoding(small)})
        sizes = [size for _, _, *size in seen]
        self.assertEqual(sizes[0], [WIDTH, HEIGHT])
        self.assertEqual(sizes[-1], [WIDTH // 2, HEIGHT // 2])
        self.assertEqual(sum(a != b for a, b in zip(sizes, sizes[1:], strict=False)), 1, sizes)
        for number, value, *_ in seen[5:]:
            self.assertLess(abs(40 + number - value), 14)
        self.assertEqual((camera.media_stats.width, camera.media_stats.height), (WIDTH // 2, HEIGHT // 2))
        camera.set_encoding(burrow.Encoding())
        later: list[tuple[int, int]] = []

        def step(number: int) -> None:
            camera.push_video(picture(number, 480, 270), 480, 270)
            if (shown := screen.pull_video()) is not None:
                later.append((shown.width, shown.height))

        self.until(lambda: later and later[-1] == (480, 270), step, pause=1 / 30)

    def test_bit_rate_changes(self) -> None:
        """Noise is hard to encode, so what is sent is what is allowed. Not so hard, though, that most is left out."""
        import random

        source = random.Random(3)
        chroma = bytes([128]) * (WIDTH * HEIGHT // 2)
        frames = [bytes(112 + value % 32 for value in source.randbytes(WIDTH * HEIGHT)) + chroma for _ in range(8)]
        encoding = {"frame_rate": 30, "fixed": True}
        camera = self.alice.publish_video(encoding=burrow.Encoding(bitrate_bps=800_000, **encoding))
        screen = self.bob.subscribe_video("alice")
        sizes = []
        for number in self.every(7.0, 1 / 30):
            if number == 105:
                camera.set_encoding(burrow.Encoding(bitrate_bps=200_000, **encoding))
            camera.push_video(frames[number % 8], WIDTH, HEIGHT)
            screen.pull_video()
            sizes.append(camera.media_stats.bytes)
        before, after = (sizes[104] - sizes[44]) * 4, (sizes[209] - sizes[149]) * 4
        self.assertAlmostEqual(before, 800_000, delta=350_000)
        self.assertAlmostEqual(after, 200_000, delta=200_000)

    def test_key_frame_on_request(self) -> None:
        camera = self.alice.publish_video(encoding=burrow.Encoding(keyframe_interval_ms=60_000))
        screen = self.bob.subscribe_video("alice")
        counts = []

        def count() -> None:
            counts.append(camera.media_stats.key_frames)

        # Two at once count as one. In one go, because the encoder makes a key picture of a change of scene, too.
        request = camera.request_keyframe
        self.show(4.0, camera, screen, actions={45: count, 48: request, 51: request, 75: count, 78: request, 110: count})
        before, once, twice = counts
        self.assertEqual((once, twice), (before + 1, before + 2))

    def test_mute_keeps_the_last_picture(self) -> None:
        camera = self.alice.publish_video()
        screen = self.bob.subscribe_video("alice")
        seen = self.show(
            3.5, camera, screen, actions={45: lambda: camera.set_muted(True), 75: lambda: camera.set_muted(False)}
        )
        numbers = [number for number, *_ in seen]
        self.assertFalse([number for number in numbers if 55 < number <= 75], "pictures came while muted")
        self.assertGreater(len([number for number in numbers if number > 80]), 15)
        for number, value, *_ in seen[5:]:
            self.assertLess(abs(40 + number - value), 14)

    def test_pause_and_back(self) -> None:
        camera = self.alice.publish_video()
        screen = self.bob.subscribe_video("alice", paused=True)
        seen = self.show(
            5.0, camera, screen, actions={45: lambda: screen.update(), 105: lambda: screen.update(paused=True)}
        )
        numbers = [number for number, *_ in seen]
        self.assertGreater(min(numbers), 44)
        self.assertGreater(len(numbers), 30)
        self.assertLess(max(numbers), 115)

    def test_renditions(self) -> None:
        """Three sizes are offered; the size it is shown at chooses; switching leaves no hole."""
        wide, high = 640, 360
        camera = self.alice.publish_video(encoding=burrow.Encoding(renditions=3, keyframe_interval_ms=1000))
        screen = self.bob.subscribe_video("alice", width=160, height=90)
        frames = [picture(number, wide, high) for number in range(160)]
        shown: list[tuple[float, int, int]] = []
        switches = {90: (640, 360), 180: (320, 180), 270: (160, 90)}
        for number in self.every(12.0, 1 / 30):
            if number in switches:
                screen.update(width=switches[number][0], height=switches[number][1])
            camera.push_video(frames[number % 160], wide, high)
            # Twice as often as pictures come, so that the holes are theirs.
            for _ in range(2):
                picked = screen.pull_video()
                if picked is not None:
                    shown.append((time.monotonic(), picked.width, number))
                time.sleep(0.01)
        offers = sorted(offer.width for offer in self.bob.media("alice"))
        self.assertEqual(offers, [160, 320, 640])
        widths = [width for _, width, _ in shown]
        changes = [widths[0]] + [b for a, b in zip(widths, widths[1:], strict=False) if a != b]
        self.assertEqual(changes, [160, 640, 320, 160])
        late = [later[2] for begin, later in zip(shown, shown[1:], strict=False) if later[0] - begin[0] > 0.3]
        self.assertFalse(late, "the picture stood still")

    def test_switches_take_no_longer_than_a_group(self) -> None:
        """Also to a smaller size, whose key frames are always sent behind those of the larger one."""
        camera = self.alice.publish_video(encoding=burrow.Encoding(renditions=3, keyframe_interval_ms=1000))
        screen = self.bob.subscribe_video("alice")
        frames = [picture(number, 640, 360) for number in range(30)]
        wishes = [(640, 360), (300, 170), (160, 90), (640, 360), (160, 90)]
        took: dict[int, int] = {}
        for number in self.every(60 * len(wishes) / 30, 1 / 30):
            turn = number // 60
            if number % 60 == 0:
                screen.update(width=wishes[turn][0], height=wishes[turn][1])
            camera.push_video(frames[number % 30], 640, 360)
            shown = screen.pull_video()
            wanted = {640: 640, 300: 320, 160: 160}[wishes[turn][0]]
            if shown is not None and shown.width == wanted:
                took.setdefault(turn, number % 60)
        self.assertEqual(sorted(took), list(range(len(wishes))), took)
        self.assertLess(max(took.values()), 45, took)

    def test_nothing_is_encoded_while_nobody_watches(self) -> None:
        """But for one picture, from which the catalogue knows what there will be."""
        camera = self.alice.publish_video()
        for number in self.every(1.0, 1 / 30):
            camera.push_video(picture(number), WIDTH, HEIGHT)
        self.assertEqual((camera.media_stats.frames, camera.media_stats.renditions), (1, 0))
        screen = self.bob.subscribe_video("alice")
        begin, seen = time.monotonic(), []

        def step(number: int) -> None:
            camera.push_video(picture(60), WIDTH, HEIGHT)
            if (shown := screen.pull_video()) is not None and abs(brightness(shown) - 100) < 4:
                seen.append(time.monotonic() - begin)

        self.until(lambda: bool(seen), step, pause=1 / 30)
        self.assertLess(seen[0], 0.7)
        self.assertEqual(camera.media_stats.renditions, 1)
        screen.end()
        self.until(lambda: camera.media_stats.renditions == 0)
        before = camera.media_stats.frames
        for number in self.every(0.5, 1 / 30):
            camera.push_video(picture(number), WIDTH, HEIGHT)
        self.assertEqual(camera.media_stats.frames, before)

    def test_who_comes_sees_a_picture_that_stands_still(self) -> None:
        """A host that shows one picture and pushes no other."""
        camera = self.alice.publish_video()
        for number in (0, 30, 60):
            camera.push_video(picture(number), WIDTH, HEIGHT)
            time.sleep(0.1)
        screen = self.bob.subscribe_video("alice")
        values: list[int] = []

        def step(number: int) -> None:
            if (shown := screen.pull_video()) is not None:
                values.append(brightness(shown))

        self.until(lambda: bool(values) and abs(values[-1] - 100) < 4, step)

    def test_figures_of_the_sender(self) -> None:
        camera = self.alice.publish_video(encoding=burrow.Encoding(renditions=2))
        screen = self.bob.subscribe_video("alice")
        self.show(1.0, camera, screen)
        stats = camera.media_stats
        self.assertEqual((stats.renditions, stats.width, stats.height), (1, WIDTH, HEIGHT))
        self.assertGreater(stats.estimate_bps, 100_000)
        self.assertGreater(stats.bitrate_bps, 50_000)
        self.assertGreater(stats.key_frames, 0)
        self.assertGreater(stats.longest_codec_us, 0)
        self.assertGreaterEqual(stats.codec_us, stats.longest_codec_us)

    def test_wrong_encodings_are_refused(self) -> None:
        camera, microphone = self.alice.publish_video(), self.alice.publish_audio()
        wrong = [
            (camera, {"bitrate_bps": 9_999}), (camera, {"bitrate_bps": 50_000_001}),
            (camera, {"keyframe_interval_ms": 99}), (camera, {"keyframe_interval_ms": 3_600_001}),
            (camera, {"renditions": 2}), (camera, {"frame_rate": 121}), (camera, {"width": 15}),
            (microphone, {"bitrate_bps": 5_999}), (microphone, {"bitrate_bps": 510_001}),
            (microphone, {"channels": 2}), (microphone, {"frame_ms": 15}),
        ]  # fmt: skip
        for track, fields in wrong:
            with self.subTest(**fields), self.assertRaises(burrow.InvalidArgumentError):
                track.set_encoding(burrow.Encoding(**fields))
        with self.assertRaises(burrow.InvalidArgumentError):
            self.alice.publish_video(name="other", encoding=burrow.Encoding(keyframe_interval_ms=1))

    def test_renditions_nobody_wants_are_not_encoded(self) -> None:
        camera = self.alice.publish_video(encoding=burrow.Encoding(renditions=3))
        screen = self.bob.subscribe_video("alice", width=80, height=45)
        self.show(1.5, camera, screen)
        before = camera.media_stats.bytes
        self.show(1.0, camera, screen)
        small = camera.media_stats.bytes - before
        screen.update()
        self.show(2.0, camera, screen)
        before = camera.media_stats.bytes
        self.show(1.0, camera, screen)
        self.assertGreater(camera.media_stats.bytes - before, small)

    def test_three_pictures_on_loan(self) -> None:
        camera = self.alice.publish_video()
        screen = self.bob.subscribe_video("alice")
        kept: list[burrow.Picture] = []

        def step(number: int) -> None:
            camera.push_video(picture(number), WIDTH, HEIGHT)
            if (shown := screen.pull_video()) is not None:
                kept.append(shown)

        self.until(lambda: len(kept) == 3, step, pause=1 / 30)
        for number in range(10):
            step(number)
            time.sleep(1 / 30)
        self.assertEqual(len(kept), 3, "a fourth was lent")
        kept.pop(0)
        gc.collect()
        self.until(lambda: len(kept) == 3, step, pause=1 / 30)

    def test_a_picture_outlives_everything(self) -> None:
        camera = self.alice.publish_video()
        screen = self.bob.subscribe_video("alice")
        kept: list[burrow.Picture] = []

        def step(number: int) -> None:
            camera.push_video(picture(60), WIDTH, HEIGHT)
            if (shown := screen.pull_video()) is not None:
                kept.append(shown)

        self.until(lambda: bool(kept), step, pause=1 / 30)
        plane = kept[0].planes[0]
        value = brightness(kept[0])
        screen.close()
        self.alice.close()
        self.bob.close()
        self.host.close()
        gc.collect()
        self.assertEqual(brightness(kept[0]), value)
        kept.clear()
        gc.collect()
        self.assertEqual(plane[len(plane) // 2], value)
        with self.assertRaises(TypeError):
            plane[0] = 1

    def test_many_pictures_leave_no_memory_behind(self) -> None:
        camera = self.alice.publish_video()
        screen = self.bob.subscribe_video("alice")
        self.show(2.0, camera, screen)
        gc.collect()
        self.assertEqual(self.host._loans.count, 0)


class PictureTest(LibraryTest):
    def test_allocate_every_format(self) -> None:
        engine = self.engine()
        planes = {"I420": 3, "NV12": 2, "NV21": 2, "RGBA": 1, "BGRA": 1}
        for format in ALL_FORMATS:
            for width, height in ((16, 16), (321, 181), (1, 1), (4096, 16)):
                with self.subTest(format=format.name, width=width, height=height):
                    made = burrow.allocate_picture(engine, format, width, height)
                    self.assertEqual((made.format, made.width, made.height), (format, width, height))
                    self.assertEqual(len(made.planes), planes[format.name])
                    if format in (burrow.VideoFormat.RGBA, burrow.VideoFormat.BGRA):
                        self.assertEqual(bytes(made.planes[0][:3]), bytes(3))
                    else:
                        self.assertEqual((made.planes[0][0], made.planes[1][0]), (16, 128))
                    made.planes[0][0] = 77
                    self.assertEqual(made.planes[0][0], 77)

    def test_convert_between_all_formats(self) -> None:
        engine = self.engine()
        for first in ALL_FORMATS:
            for second in ALL_FORMATS:
                with self.subTest(first=first.name, second=second.name):
                    source = burrow.allocate_picture(engine, burrow.VideoFormat.RGBA, 64, 48)
                    source.planes[0][:] = bytes([200, 100, 50, 255]) * (len(source.planes[0]) // 4)
                    middle = burrow.allocate_picture(engine, first, 64, 48)
                    self.fill(middle, burrow.convert_picture(source, first))
                    last = burrow.allocate_picture(engine, second, 64, 48)
                    self.fill(last, burrow.convert_picture(middle, second))
                    pixels = burrow.convert_picture(last, burrow.VideoFormat.RGBA)
                    for value, wanted in zip(pixels[4 * (64 * 24 + 32) :][:4], (200, 100, 50, 255), strict=True):
                        self.assertAlmostEqual(value, wanted, delta=5)

    @staticmethod
    def fill(target: burrow.Picture, data: bytes) -> None:
        from burrow.media import plane_rows, row_bytes

        at = 0
        for index, rows in enumerate(plane_rows(target.format, target.height)):
            width = row_bytes(target.format, target.width, index)
            for row in range(rows):
                start = row * target.strides[index]
                target.planes[index][start : start + width] = data[at : at + width]
                at += width

    def test_convert_scales(self) -> None:
        engine = self.engine()
        source = burrow.allocate_picture(engine, burrow.VideoFormat.I420, 320, 180)
        self.fill(source, gradient(320, 180))
        half = burrow.convert_picture(source, burrow.VideoFormat.I420, 160, 90)
        self.assertEqual(len(half), 160 * 90 * 3 // 2)
        for column in (10, 80, 150):
            self.assertAlmostEqual(half[160 * 45 + column], 40 + column, delta=4)

    def test_convert_turns(self) -> None:
        """Turned clockwise by a quarter the left column becomes the first row."""
        engine = self.engine()
        source = burrow.allocate_picture(engine, burrow.VideoFormat.I420, 64, 32)
        self.fill(source, gradient(64, 32))
        source.rotation = 90
        upright = burrow.convert_picture(source, burrow.VideoFormat.I420, 32, 64)
        self.assertAlmostEqual(upright[16], 40, delta=6)
        self.assertAlmostEqual(upright[32 * 63 + 16], 200, delta=6)
        source.rotation = 180
        over = burrow.convert_picture(source, burrow.VideoFormat.I420)
        self.assertGreater(over[0], over[63])

    def test_sizes_that_are_none(self) -> None:
        engine = self.engine()
        for format, width, height in (
            (burrow.VideoFormat.I420, 0, 16),
            (burrow.VideoFormat.I420, 16, 0),
            (burrow.VideoFormat.RGBA, 4097, 16),
            (burrow.VideoFormat.NV12, 16, 5000),
            (99, 16, 16),
        ):
            with self.subTest(format=format, width=width, height=height), self.assertRaises(burrow.FormatError):
                burrow.allocate_picture(engine, format, width, height)
        engine.close()
        with self.assertRaises(burrow.ClosedError):
            burrow.allocate_picture(engine, burrow.VideoFormat.I420, 16, 16)


if __name__ == "__main__":
    unittest.main()
