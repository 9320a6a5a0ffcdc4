"""Camera, microphone, screen and loudspeaker of a person: what is pushed and pulled, and a record of all of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import burrow
import numpy as np
from looks import CUSHION_MS, HEIGHT, PACKET, RATE, WIDTH, Look, enlarged, number_in, psnr
from source import write_wave

STEP_US = 10_000
#: More than this behind, and what was not pushed is left out.
LATE_US = 500_000
#: Without a picture for so long somebody was away.
GAP_US = 1_500_000
#: How often figures are taken, in steps.
EVERY = 50
#: As it is, whatever the line carries: between processes of one machine it is only the machine that seems narrow.
CAMERA = burrow.Encoding(width=WIDTH, height=HEIGHT, frame_rate=RATE, bitrate_bps=400_000, renditions=1, fixed=True)
MICROPHONE = burrow.Encoding(bitrate_bps=32_000, fixed=True)


class View:
    """Another person as seen and heard here, also over several stays in the room."""

    def __init__(self, name: str, look: Look, told: Callable[..., None]) -> None:
        self.name, self.look, self.told = name, look, told
        self._is_new = True
        self.eye: burrow.VideoTrack | None = None
        self.ear: burrow.AudioTrack | None = None
        #: Number, when it was taken, when it was shown, and how good it is.
        self.pictures: list[tuple[int, int, int, float]] = []
        #: When it was recorded (0: nothing was there) and whether it is made up; all samples.
        self.packets: list[tuple[int, int]] = []
        self.sound = bytearray()
        self.began_us = 0
        self.wrong = self.smaller = 0
        #: Time, bytes of pictures and of sound so far, delay of both in ms.
        self.figures: list[tuple[int, int, int, int, int]] = []
        #: Number, time, width, height, planes of some of them.
        self.kept: list[tuple[int, int, int, int, bytes]] = []
        self._bytes = [0, 0]

    def open(self, room: burrow.Room, path: str) -> None:
        self.close()
        self._is_new = True
        self.eye = room.subscribe_video(path)
        self.ear = room.subscribe_audio(path, min_delay_ms=CUSHION_MS)

    def close(self) -> None:
        for index, track in enumerate((self.eye, self.ear)):
            if track is not None:
                self._bytes[index] += track.media_stats.bytes
                track.close()
        self.eye = self.ear = None

    def look_at(self, keep_every_us: int) -> None:
        if self.eye is None or (picture := self.eye.pull_video()) is None:
            return
        now = burrow.now_us()
        rows = np.frombuffer(picture.planes[0], np.uint8).reshape(-1, picture.strides[0])[:, : picture.width]
        number = number_in(rows)
        if number < 0:
            self.wrong += 1
            return
        if self.pictures and now - self.pictures[-1][2] > GAP_US:
            self.told("seen again", who=self.name, after_ms=(now - self.pictures[-1][2]) // 1000)
        elif self._is_new:
            self.told("seen", who=self.name, taken_us=picture.timestamp_us)
        self._is_new = False
        if rows.shape != (HEIGHT, WIDTH):
            self.smaller += 1
            rows = enlarged(rows)
        self.pictures.append((number, picture.timestamp_us, now, round(psnr(self.look.luma(number), rows), 2)))
        if not self.kept or now - self.kept[-1][1] >= keep_every_us:
            self.kept.append((number, now, picture.width, picture.height, picture.tobytes()))

    def listen(self) -> None:
        if self.ear is None:
            # Goes on without a gap: all records of a person have one beat.
            self._add(0, 0, bytes(2 * PACKET))
            return
        sound = self.ear.pull_audio(PACKET)
        self._add(sound.timestamp_us, int(sound.flags), bytes(sound))

    def _add(self, stamp: int, flags: int, samples: bytes) -> None:
        self.began_us = self.began_us or burrow.now_us()
        self.packets.append((stamp, flags))
        self.sound += samples

    def measure(self) -> None:
        if self.eye is None or self.ear is None:
            return
        video, audio = self.eye.media_stats, self.ear.media_stats
        self.figures.append(
            (burrow.now_us(), self._bytes[0] + video.bytes, self._bytes[1] + audio.bytes, video.delay_ms, audio.delay_ms)
        )

    def report(self, folder: Path, prefix: str) -> dict[str, Any]:
        sound, pictures = folder / f"{prefix}-{self.name}.wav", folder / f"{prefix}-{self.name}.i420"
        write_wave(sound, np.frombuffer(bytes(self.sound), np.int16))
        pictures.write_bytes(b"".join(data for *_, data in self.kept))
        return {
            "pictures": self.pictures,
            "packets": self.packets,
            "began_us": self.began_us,
            "wrong": self.wrong,
            "smaller": self.smaller,
            "figures": self.figures,
            "sound": sound.name,
            "kept": [place for *place, _ in self.kept],
            "kept_in": pictures.name,
        }


class Devices:
    """Pushes and pulls on a thread of its own, in steps of 10 ms."""

    def __init__(self, look: Look, looks: dict[str, Look], told: Callable[..., None]) -> None:
        self.views = {name: View(name, other, told) for name, other in looks.items()}
        #: Number and time of every picture, time of every packet of sound.
        self.taken: list[tuple[int, int]] = []
        self.spoken: list[int] = []
        #: Time and sealing epoch whenever that changes.
        self.epochs: list[tuple[int, int]] = []
        #: Time and frames that could be opened so far.
        self.opened: list[tuple[int, int]] = []
        self.late_us = 0
        self._look = look
        self._camera: burrow.VideoTrack | None = None
        self._microphone: burrow.AudioTrack | None = None
        self._room: burrow.Room | None = None
        self._lock = threading.Lock()
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over = True
        if self._thread.is_alive():
            self._thread.join(5)

    def enter(self, room: burrow.Room, publish: bool = True) -> None:
        with self._lock:
            self._room = room
            if publish:
                self._camera = room.publish_video(encoding=CAMERA)
                self._microphone = room.publish_audio(encoding=MICROPHONE)

    def leave(self) -> None:
        with self._lock:
            for view in self.views.values():
                view.close()
            for track in (self._camera, self._microphone):
                if track is not None:
                    track.close()
            self._room = self._camera = self._microphone = None

    def mute(self, muted: bool) -> None:
        with self._lock:
            if self._microphone is not None:
                self._microphone.set_muted(muted)

    def show(self, name: str, path: str) -> bool:
        """Whether there is a room to see somebody in."""
        with self._lock:
            if self._room is None or name not in self.views:
                return False
            self.views[name].open(self._room, path)
            return True

    def hide(self, name: str) -> None:
        with self._lock:
            if name in self.views:
                self.views[name].close()

    def _run(self) -> None:
        begin, step, pictures = burrow.now_us(), 0, 0
        while not self._over:
            now = burrow.now_us()
            due = begin + step * STEP_US
            if now < due:
                time.sleep((due - now) / 1_000_000)
            elif now - due > LATE_US:
                # The machine stood still; what was not recorded then is lost.
                self.late_us = max(self.late_us, now - due)
                begin += now - due
            else:
                self.late_us = max(self.late_us, now - due)
            due = begin + step * STEP_US
            with self._lock:
                if step % 2 == 0:
                    self._speak(due)
                if step * RATE // 100 >= pictures:
                    self._film(pictures & 0xFFFF, due)
                    pictures += 1
                for view in self.views.values():
                    if step % 2 == 0:
                        view.listen()
                    view.look_at(1_000_000)
                    if step % EVERY == 0:
                        view.measure()
                if step % EVERY == 0 and self._room is not None:
                    stats, now = self._room.stats, burrow.now_us()
                    self.opened.append((now, stats.opened_frames))
                    if not self.epochs or self.epochs[-1][1] != stats.sealing_epoch:
                        self.epochs.append((now, stats.sealing_epoch))
            step += 1

    def _speak(self, due: int) -> None:
        if self._microphone is not None:
            self._microphone.push_audio(self._look.packet(len(self.spoken)), timestamp_us=due)
            self.spoken.append(due)

    def _film(self, number: int, due: int) -> None:
        if self._camera is not None:
            self._camera.push_video(self._look.picture(number), WIDTH, HEIGHT, timestamp_us=due)
            self.taken.append((number, due))

    def report(self, folder: Path, prefix: str) -> dict[str, Any]:
        with self._lock:
            return {
                "taken": self.taken,
                "spoken": self.spoken,
                "epochs": self.epochs,
                "opened": self.opened,
                "late_us": self.late_us,
                "views": {name: view.report(folder, prefix) for name, view in self.views.items()},
            }
