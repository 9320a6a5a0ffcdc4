"""What the demo judges a call by: a good call passes, and each check fails when its subject is bad."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import os
import re
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import support
from support import LibraryTest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "demo"))

try:
    import av  # noqa: F401
    import numpy as np

    REASON = support.REASON
except ImportError as error:
    REASON = f"{error.name} is not installed; scripts/test-python.sh takes an interpreter that has it"

if not REASON:
    import checks
    import page
    import plots
    import wire
    from line import Line
    from looks import HEIGHT, PACKET, SAMPLE_RATE, WIDTH, Look, Material, enlarged, mark, number_in, psnr
    from record import Record
    from source import write_wave
    from story import GHOST, NAMES, Marks

SECOND = 1_000_000
#: The scene: four are there from 0 to 12 s, calm is from 1 to 8, Dave is removed at 10.
CALM, MUTED, UNMUTED, LOST, BACK, LEFT, REMOVED, ENDED = (n * SECOND for n in (1, 8, 9, 8, 9, 10, 10, 12))
ORIGIN = 5 * SECOND


def header(kid: int, counter: int) -> bytes:
    return bytes([0x99]) + kid.to_bytes(2, "big") + counter.to_bytes(2, "big")


def material() -> Material:
    """Noise that is easy to tell apart, and bursts of noise in place of words."""
    random = np.random.default_rng(1)
    pictures = random.integers(30, 220, (8, HEIGHT * 3 // 2, WIDTH), np.uint8)
    speech, utterances, length = [], [], SAMPLE_RATE // PACKET * PACKET
    for number in range(4):
        noise = random.normal(0, 4000, length) * (0.6 + 0.4 * np.sin(np.arange(length) / (300 + 70 * number)))
        speech += [np.zeros(length // 2, np.int16), noise.astype(np.int16)]
        begin = number * (length // 2 + length) + length // 2
        utterances.append((begin, begin + length))
    return Material(pictures, np.concatenate(speech), utterances)


class Scene:
    """A call in which everything is as it should be, made up."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.material = folder, material()
        self.keys = {name: f"{index + 1:02x}" * 32 for index, name in enumerate(NAMES)}
        self.reports: dict[str, dict[str, Any]] = {}
        for name in [*NAMES, GHOST]:
            self.reports[name] = self.report(name)
        self.frames = [frame for name in NAMES for frame in self.sent(name)]

    def record(self) -> Record:
        asked = {name: ORIGIN - SECOND for name in NAMES}
        times = {"muted": ("Bob", MUTED), "left": ("Bob", LEFT), "removed": ("Dave", REMOVED)}
        moments: dict[str, Any] = {name: (who, at + ORIGIN) for name, (who, at) in times.items()}
        marks = Marks(
            asked=asked, calm=(CALM + ORIGIN, MUTED + ORIGIN), unmuted_us=UNMUTED + ORIGIN, call_id="call",
            lost=("Carol", LOST + ORIGIN, BACK + ORIGIN), removed_us=REMOVED + ORIGIN, ended_us=ENDED + ORIGIN, **moments,
        )  # fmt: skip
        events: dict[str, list[dict[str, Any]]] = {}
        for name in NAMES:
            over = {"Bob": LEFT, "Dave": REMOVED}.get(name, ENDED) + ORIGIN + 20_000
            events[name] = [
                {"event": "accepting", "at_us": ORIGIN - SECOND},
                {"event": "member", "who": "Bob", "muted": True, "at_us": ORIGIN + MUTED + 40_000},
                {"event": "epoch", "epoch": 4, "at_us": ORIGIN + REMOVED + 30_000},
                {"event": "ended", "reason": "hangup", "at_us": over},
            ]
        acts = [(ORIGIN - SECOND, "Alice", "starts a call"), (ORIGIN + ENDED, "Alice", "ends it <for> all")]
        return Record(
            self.folder, self.material, NAMES, marks, events, acts, copy.deepcopy(self.reports), list(self.frames), self.keys, "moqt://relay",
        )  # fmt: skip

    def report(self, name: str) -> dict[str, Any]:
        pictures = [(number, ORIGIN - SECOND + number * 100_000) for number in range(130)]
        spoken = [ORIGIN - SECOND + number * 20_000 for number in range(650)]
        views = {}
        for other in NAMES:
            if other != name.split("'")[0]:
                views[other] = self.view(name, other, pictures, spoken)
        opened = [(ORIGIN + at, min(at, REMOVED) // 1000) for at in range(9 * SECOND, 12 * SECOND, 250_000)]
        used = {"cpu_s": 1.5, "memory_mb": 60.0}
        return {"taken": pictures, "spoken": spoken, "epochs": [], "opened": opened, "late_us": 0, "views": views} | used

    def view(self, name: str, other: str, pictures: list[tuple[int, int]], spoken: list[int]) -> dict[str, Any]:
        """Half a second later, until one of both is gone."""
        ends = [{"Bob": LEFT, "Dave": REMOVED}.get(one.split("'")[0], ENDED) + ORIGIN for one in (name, other)]
        seen = [[number, at, at + 500_000, 40.0] for number, at in pictures if at + 550_000 < min(ends)]
        file = f"{name}-{other}.wav"
        packets, samples, look = [], [], Look(self.material, NAMES.index(other))
        for number, at in enumerate(spoken):
            there, muted = at < min(ends), other == "Bob" and ORIGIN + MUTED <= at < ORIGIN + UNMUTED
            packets.append([at if there else 0, 0 if there and not muted else 2])
            samples.append(look.packet(number) if there and not muted else np.zeros(PACKET, np.int16))
        write_wave(self.folder / file, np.concatenate(samples))
        (self.folder / f"{name}-{other}.i420").write_bytes(look.picture(seen[0][0]).tobytes())
        return {
            "pictures": seen, "packets": packets, "began_us": ORIGIN - SECOND, "wrong": 0, "smaller": 0, "sound": file,
            "figures": [[at, at // 20, at // 200, 50, 60] for at in range(ORIGIN, ORIGIN + ENDED, SECOND // 2)],
            "kept": [[seen[0][0], seen[0][2], WIDTH, HEIGHT]], "kept_in": f"{name}-{other}.i420",
        }  # fmt: skip

    def sent(self, name: str) -> list[wire.Seen]:
        """What a relay has of one of them: the catalogue, and pictures under two epochs."""
        path, instance = f"burrow/group/{self.keys[name]}", self.keys[name][:32]
        frames = []
        for number in range(300):
            at = ORIGIN + number * 40_000
            epoch = 3 if at <= ORIGIN + REMOVED or name == "Dave" else 4
            data = header(1 << 4 | epoch, number) + os.urandom(1100)
            frames.append(wire.Seen(path, "1", 1, number // 30, number % 30, at, data))
        inside = {"v": 1, "suite": 4, "instance": instance}
        inside["sealed"] = base64.b64encode(header(3, 0) + os.urandom(200)).decode()
        document = json.dumps({"burrow": inside}).encode()
        return [wire.Seen(path, wire.CATALOGUE, 1, 0, 0, ORIGIN, document), *frames]


def replaced(record: Record, index: int, **changes: Any) -> Record:
    record.frames[index] = dataclasses.replace(record.frames[index], **changes)
    return record


@unittest.skipIf(REASON, REASON)
class ChecksTest(LibraryTest):
    scene: Scene

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if REASON:
            return
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.scene = Scene(Path(folder.name))

    def fails(self, name: str, record: Record, why: str) -> None:
        judged = checks.attempt(name, checks.CHECKS[name], record)
        self.assertFalse(judged.passed, judged.said)
        self.assertRegex(judged.said, why)

    def judged(self, name: str, record: Record) -> checks.Judged:
        return checks.attempt(name, checks.CHECKS[name], record)

    def test_a_good_call_passes(self) -> None:
        record = self.scene.record()
        for one in checks.judge(record):
            if one.name == "speech" and "No module" in one.said:
                continue
            with self.subTest(one.name):
                self.assertTrue(one.passed, one.said)

    def test_pictures(self) -> None:
        record = self.scene.record()
        for entry in record.reports["Bob"]["views"]["Dave"]["pictures"]:
            entry[3] = 31.0
        self.fails("pictures", record, r"31\.0 dB \(of Dave at Bob\)")
        record = self.scene.record()
        view = record.reports["Bob"]["views"]["Dave"]
        view["pictures"] = view["pictures"][::2]
        self.fails("pictures", record, r"50% shown \(of Dave at Bob\)")
        record = self.scene.record()
        record.reports["Bob"]["views"]["Dave"]["wrong"] = 1
        self.fails("pictures", record, "1 damaged")
        record = self.scene.record()
        record.reports["Bob"]["views"]["Dave"]["pictures"] = []
        self.fails("pictures", record, "Bob saw nothing of Dave")

    def test_speech(self) -> None:
        try:
            import pesq  # noqa: F401
        except ImportError:
            self.skipTest("pesq is not installed")
        # One that is bad is enough, and so are some that are not good.
        for loud, spoiled in ((3000, ["Carol"]), (40, ["Bob", "Carol", "Dave"])):
            record = self.scene.record()
            for other in spoiled:
                view = record.reports["Alice"]["views"][other]
                good = record.sound(view)
                noise = np.random.default_rng(2).normal(0, loud, len(good))
                view["sound"] = f"noisy-{other}.wav"
                write_wave(self.scene.folder / view["sound"], np.clip(good + noise, -32000, 32000))
            self.fails("speech", record, r"\(at Alice\)")
            with self.subTest(loud):
                self.assertEqual(min(record.scores.values()) < 2.5, len(spoiled) == 1, record.scores)
        record = self.scene.record()
        record.marks.calm = (CALM + ORIGIN, CALM + ORIGIN + SECOND)
        self.fails("speech", record, "not hear enough")

    def test_first_picture(self) -> None:
        record = self.scene.record()
        record.reports["Bob"]["views"]["Dave"]["pictures"] = [
            [n, at, shown + 400_000, db] for n, at, shown, db in record.reports["Bob"]["views"]["Dave"]["pictures"]
        ]
        self.fails("join to first picture", record, "p95 900 ms of 12")

    def test_mute(self) -> None:
        record = self.scene.record()
        record.events["Carol"][1]["at_us"] += 300_000
        self.fails("mute", record, "after 340 ms")
        record = self.scene.record()
        del record.events["Carol"][1]
        self.fails("mute", record, "2 of 3 were told")
        record = self.scene.record()
        view = record.reports["Dave"]["views"]["Bob"]
        sound = record.sound(view).copy()
        place = next(i for i, (stamp, _) in enumerate(view["packets"]) if stamp > ORIGIN + MUTED + 500_000)
        sound[place * PACKET] = 3000
        write_wave(self.scene.folder / "loud.wav", sound)
        view["sound"] = "loud.wav"
        self.fails("mute", record, "Bob was heard by Dave")

    def test_back(self) -> None:
        record = self.scene.record()
        record.marks.lost = ("Carol", LOST + ORIGIN, BACK + ORIGIN - 3 * SECOND)
        view = record.reports["Alice"]["views"]["Carol"]
        shown = view["pictures"]
        view["pictures"] = [entry for entry in shown if not 6 * SECOND <= entry[1] - ORIGIN <= 11 * SECOND]
        self.fails("back after a loss of the network", record, "pictures both ways 5")
        view["pictures"] = [entry for entry in view["pictures"] if entry[1] < ORIGIN + 6 * SECOND]
        self.fails("back after a loss of the network", record, "Alice saw nothing of Carol any more")

    def test_a_removed_member(self) -> None:
        name = "a removed member decodes nothing"
        late = ORIGIN + REMOVED + 500_000
        for reader in ("Dave", GHOST):
            record = self.scene.record()
            record.reports[reader]["views"]["Alice"]["pictures"].append([9, late, late + 50_000, 40.0])
            self.fails(name, record, "^1 pictures")
            record = self.scene.record()
            record.reports[reader]["views"]["Alice"]["packets"].append([late, 0])
            self.fails(name, record, "1 packets of sound")
        # A stamp in the midst of earlier ones is none.
        record = self.scene.record()
        record.reports[GHOST]["views"]["Alice"]["packets"][100][0] = late
        self.assertTrue(self.judged(name, record).passed)
        record = self.scene.record()
        record.reports[GHOST]["opened"][-1] = (ORIGIN + 12 * SECOND, 10**6)
        self.fails(name, record, "opened 990000 frames after")
        # Who never saw anything proves nothing.
        record = self.scene.record()
        record.reports[GHOST]["views"]["Alice"]["pictures"] = []
        record.reports[GHOST]["views"]["Carol"]["pictures"] = []
        self.fails(name, record, "shown 0 of each")
        # Nor does somebody who changes no key.
        record = self.scene.record()
        path = f"burrow/group/{self.scene.keys['Alice']}"
        kept = [f for f in record.frames if f.path != path or f.at_us <= ORIGIN + REMOVED]
        self.fails(name, dataclasses.replace(record, frames=kept), "Alice goes on with the old key")
        record = self.scene.record()
        slow = wire.Seen(path, "1", 1, 99, 0, ORIGIN + REMOVED + 2 * SECOND, header(1 << 4 | 3, 5000) + bytes(32))
        record.frames.append(slow)
        self.fails(name, record, "2000 ms after the removal")

    def test_a_removed_member_is_not_seen(self) -> None:
        record = self.scene.record()
        late = ORIGIN + REMOVED + SECOND
        record.reports["Carol"]["views"]["Dave"]["pictures"].append([9, late - 50_000, late, 40.0])
        self.fails("a removed member is not seen", record, "^1 pictures")
        record = self.scene.record()
        del record.events["Carol"][2]
        self.fails("a removed member is not seen", record, "Carol was not told")

    def test_what_a_relay_may_see(self) -> None:
        name = "the relay can read nothing"
        first = header(1 << 4 | 3, 0)
        unit = b"\x65" + os.urandom(300)
        clear = {
            "H.264 in the clear": first + len(unit).to_bytes(4, "big") + unit,
            r"can read b'\\x00\\x00\\x00\\x01g'": first + os.urandom(50) + b"\0\0\0\1\x67" + os.urandom(50),
            'can read b\'"video"\'': first + os.urandom(50) + b'"video"' + os.urandom(50),
            "can read b'Carol'": first + os.urandom(50) + b"Carol" + os.urandom(50),
            "bits of entropy": first + bytes(200_000),
            "no room for a tag": first + b"short",
            "frames for track 2": header(2 << 4 | 3, 0) + os.urandom(100),
        }
        for why, data in clear.items():
            with self.subTest(why):
                self.fails(name, replaced(self.scene.record(), 1, data=data), why)
        open_catalogue = json.dumps({"video": {"renditions": {}}}).encode()
        self.fails(name, replaced(self.scene.record(), 0, data=open_catalogue), "not sealed")
        extra = json.loads(self.scene.frames[0].data) | {"audio": {}}
        self.fails(name, replaced(self.scene.record(), 0, data=json.dumps(extra).encode()), "more than it has to")
        record = self.scene.record()
        kept = [frame for frame in record.frames if self.scene.keys["Bob"] not in frame.path]
        self.fails(name, dataclasses.replace(record, frames=kept), "nothing of Bob")

    def test_nonces(self) -> None:
        name = "no nonce twice"
        record = self.scene.record()
        again = dataclasses.replace(record.frames[1], data=record.frames[1].data[:5] + os.urandom(64))
        record.frames.append(again)
        self.fails(name, record, "1 with a nonce that was used")
        # The same frame once more is none, and another instance has other keys.
        record = self.scene.record()
        record.frames.append(record.frames[1])
        self.assertTrue(self.judged(name, record).passed)
        inside = json.loads(record.frames[0].data)
        inside["burrow"]["instance"] = "ff" * 16
        record.frames.append(dataclasses.replace(record.frames[0], data=json.dumps(inside).encode(), generation=2))
        record.frames.append(dataclasses.replace(again, generation=2))
        self.assertTrue(self.judged(name, record).passed)
        record.frames.append(dataclasses.replace(again, generation=3))
        self.fails(name, record, "1 of an unknown publisher")

    def test_the_end(self) -> None:
        record = self.scene.record()
        record.events["Carol"].pop()
        self.fails("the end for all", record, "Carol's call ended 0 times")
        record = self.scene.record()
        record.events["Carol"][-1]["at_us"] += 5 * SECOND
        self.fails("the end for all", record, "for the last 5020 ms")

    def test_what_cannot_be_judged_fails(self) -> None:
        record = self.scene.record()
        record.reports.pop("Bob")
        self.fails("pictures", record, "could not be judged: KeyError")


@unittest.skipIf(REASON, REASON)
class PageTest(LibraryTest):
    def test_the_page_has_everything_and_says_what_failed(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            record = Scene(folder).record()
            good = checks.Judged("speech", True, "PESQ <4>")
            text = page.write(record, [good], folder).read_text()
            self.assertIn("1 of 1 checks passed", text)
            self.assertIn("PESQ &lt;4&gt;", text)
            self.assertIn("ends it &lt;for&gt; all", text)
            self.assertEqual(len(re.findall("data:image/jpeg;base64,", text)), 12)
            self.assertEqual(len(re.findall("data:audio/wav;base64,", text)), 4)
            self.assertEqual(text.count("<svg"), 1 + 3 * 4)
            self.assertFalse(re.search(r"(src|href)=.?https?:", text))
            self.assertTrue((folder / "sound" / "Alice-hears-Bob.wav").exists())
            bad = checks.Judged("no nonce twice", False, "1 with a nonce")
            text = page.write(record, [good, bad], folder).read_text()
            self.assertIn("FAILED: no nonce twice", text)
            self.assertNotIn("checks passed", text)

    def test_charts(self) -> None:
        drawn = plots.chart([plots.Line("a", "#111", [(0, 1), (1, 2), (1.5, None), (2, 3), (3, 4)])], 4, "ms", [(1, 2)], 2)
        self.assertEqual(drawn.count("<polyline"), 2)
        self.assertIn('class="limit"', drawn)
        self.assertEqual(plots.chart([], 0, "ms").count("<polyline"), 0)


@unittest.skipIf(REASON, REASON)
class PartsTest(LibraryTest):
    def test_numbers_come_back_from_pictures(self) -> None:
        look = Look(material(), 1)
        for number in (0, 1, 500, 65535):
            picture = look.picture(number)[:HEIGHT]
            self.assertEqual(number_in(picture), number)
            self.assertGreater(psnr(look.luma(number), picture), 90)
        self.assertLess(psnr(look.luma(1), look.picture(2)[:HEIGHT]), 20)
        # A smaller picture of something smooth is still like it.
        smooth = np.add.outer(np.arange(HEIGHT) // 2, np.arange(WIDTH) // 4).astype(np.uint8)
        mark(smooth, 300)
        self.assertEqual(number_in(smooth[::2, ::2]), 300)
        self.assertGreater(psnr(smooth, enlarged(smooth[::2, ::2])), 38)
        self.assertEqual(number_in(np.full((HEIGHT, WIDTH), 128, np.uint8)), -1)

    def test_what_was_recorded_is_read_again(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / "frames"
            frames = [wire.Seen(f"p/{n % 2}", str(n % 3), 1 + n % 2, n, 2 * n, 3 * n, bytes(n)) for n in range(20)]
            with file.open("wb") as out:
                recorder = wire.Recorder(out)
                for frame in frames:
                    recorder.add(frame)
                out.write(b"\0\1cut off")
            self.assertEqual(list(wire.recorded(file)), frames)

    def test_a_line_that_is_cut(self) -> None:
        import asyncio
        import socket

        async def main() -> None:
            loop = asyncio.get_running_loop()
            far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with far, near:
                for end in (far, near):
                    end.bind(("127.0.0.1", 0))
                    end.setblocking(False)
                line = Line(far.getsockname())
                host, _, port = line.address.rpartition(":")
                await loop.sock_sendto(near, b"one", (host, int(port)))
                data, before = await asyncio.wait_for(loop.sock_recvfrom(far, 100), 5)
                self.assertEqual(data, b"one")
                line.cut(os.getpid())
                await loop.sock_sendto(near, b"lost", (host, int(port)))
                await loop.sock_sendto(far, b"lost as well", before)
                for _ in range(500):
                    if line.dropped == 2:
                        break
                    await asyncio.sleep(0.01)
                self.assertEqual(line.dropped, 2)
                line.mend()
                await loop.sock_sendto(near, b"two", (host, int(port)))
                data, after = await asyncio.wait_for(loop.sock_recvfrom(far, 100), 5)
                self.assertEqual(data, b"two")
                self.assertNotEqual(before, after)
                await loop.sock_sendto(far, b"answer", after)
                self.assertEqual(await asyncio.wait_for(loop.sock_recv(near, 100), 5), b"answer")
                line.close()

        asyncio.run(main())


if __name__ == "__main__":
    unittest.main()
