"""What a member of a group does in a call: pushes the pattern, pulls what the others push, and counts."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import burrow
import media_pattern as pattern

PACKET = pattern.SAMPLE_RATE * pattern.PACKET_US // 1_000_000
#: What a busy machine does to a player in real time is not what is tested here.
CUSHION_MS = 300


class Listener:
    """One participant as we see and hear it."""

    def __init__(self, room: burrow.Room, path: str) -> None:
        self.video = room.subscribe_video(path)
        self.audio = room.subscribe_audio(path, min_delay_ms=CUSHION_MS)
        #: The numbers of the pictures, as they were shown.
        self.pictures: list[int] = []

    def step(self, number: int) -> None:
        if number % 2 == 0:
            self.audio.pull_audio(PACKET)
        picture = self.video.pull_video()
        if picture is not None:
            self.pictures.append(pattern.number_in(picture.planes[0], picture.strides[0]))

    def report(self) -> dict[str, Any]:
        return {
            "pictures": len(self.pictures),
            "wrong": self.pictures.count(-1),
            "last": self.pictures[-1:],
            "video": asdict(self.video.media_stats),
            "audio": asdict(self.audio.media_stats),
        }


class Call:
    """Somebody in a call of a group."""

    def __init__(self, room: burrow.Room, group: burrow.Group) -> None:
        self.room, self.group = room, group
        self.listeners: dict[str, Listener] = {}
        self.told: list[tuple[str, str, int, int]] = []
        self._numbers = 0
        encoding = burrow.Encoding(bitrate_bps=300_000, keyframe_interval_ms=60_000, fixed=True)
        self._camera = self.room.publish_video(encoding=encoding)
        self._microphone = self.room.publish_audio(encoding=burrow.Encoding(bitrate_bps=64_000, music=True, fixed=True))

    def happened(self, event: burrow.Event) -> None:
        """Everybody who announces something is listened to, member or not."""
        if event.kind == burrow.EventKind.PARTICIPANT_JOINED and event.text not in self.listeners:
            self.listeners[event.text] = Listener(self.room, event.text)
        elif event.kind == burrow.EventKind.PROTECTION:
            self.told.append((event.text, burrow.status_name(event.status), event.state, event.value))

    async def live(self) -> None:
        """Every 10 ms: a packet every second time, a picture every fourth time."""
        begin, step = burrow.now_us(), 0
        while True:
            await asyncio.sleep(max(begin + step * 10_000 - burrow.now_us(), 0) / 1_000_000)
            if step % 2 == 0:
                self._microphone.push_audio(pattern.sound(pattern.START_US + step * 10_000))
            if step % 4 == 0:
                self._camera.push_video(pattern.picture(self._numbers % 50_000), pattern.WIDTH, pattern.HEIGHT)
                self._numbers += 1
            for listener in self.listeners.values():
                listener.step(step)
            step += 1

    def report(self) -> dict[str, Any]:
        members = {entry.path: entry.member.hex() if entry.member else None for entry in self.room.participants()}
        return {
            "epoch": self.group.info.epoch,
            "path": self.room.info.path,
            "room": asdict(self.room.stats),
            "members": members,
            "told": self.told,
            "heard": {path: listener.report() for path, listener in self.listeners.items()},
        }
