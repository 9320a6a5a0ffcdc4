"""Somebody who can be called and who calls: has a tone of their own, shows pictures with who and when, takes every call.

Commands: ``{"do": "cast", "keys": {hex: index}}`` says who everybody is, ``{"do": "found", "members": [hex]}``, ``{"do":
"invite", "member": hex}``, ``{"do": "epoch"}``, ``{"do": "start"}``, ``{"do": "join"}`` (a call that goes on without us),
``{"do": "mute", "muted": bool}``, ``{"do": "leave"}``, ``{"do": "end"}`` (for all), ``{"do": "report"}``. ``{"do": "witness",
"who": [hex], "id": n}`` says ``witnessed`` once everybody named was seen and heard from now on.
"""

from __future__ import annotations

import argparse
import asyncio
import cmath
import math
import struct
import time
from dataclasses import asdict
from typing import Any

import burrow
from burrow_common import log_lines
from common import Commands, emit, run
from nostr_common import obey

RATE, WIDTH, HEIGHT = 48_000, 160, 90
#: A picture has a band of 16 black and white blocks: four bits who, twelve bits when.
BLOCK, BAND = WIDTH // 16, 16
#: Pictures and pieces of their tone after which somebody was seen and heard.
PICTURES, TONES = 3, 3
#: How often a piece of sound is looked at, in steps.
EVERY = 5
#: What a busy machine does to a player in real time is not what is tested here.
CUSHION_MS = 200


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nostr", required=True)
    parser.add_argument("--moq", action="append", required=True, help="the MoQ relays to call on")
    parser.add_argument("--fingerprint", required=True)
    parser.add_argument("--index", type=int, required=True, help="whose tone and pictures these are")
    parser.add_argument("--step-ms", type=int, default=20, help="the length of a packet of sound")
    parser.add_argument("--picture-steps", type=int, default=6)
    parser.add_argument("--grace-ms", type=int, default=0)
    parser.add_argument("--log", default="warn")
    parser.add_argument("--timeout", type=float, default=90)
    return parser.parse_args()


options = arguments()
PACKET = RATE * options.step_ms // 1000


def frequency(index: int) -> int:
    return 400 + 150 * index


def tone(index: int) -> bytes:
    """As long as packets are: all frequencies go into 20 ms without a rest, so that pieces join without a click."""
    turn = 2 * math.pi * frequency(index) / RATE
    return struct.pack(f"{PACKET}h", *(int(9000 * math.sin(turn * number)) for number in range(PACKET)))


def tone_share(samples: Any, index: int) -> float:
    """How much of the energy is somebody's tone, by every fourth sample: near 1 for it, near 0 for all else."""
    some = list(samples)[::4]
    energy = sum(value * value for value in some)
    if energy < len(some) * 500 * 500:
        return 0.0
    step, turn, total = cmath.exp(-8j * math.pi * frequency(index) / RATE), complex(1), complex(0)
    for value in some:
        total += value * turn
        turn *= step
    return 2 * abs(total) ** 2 / (len(some) * energy)


def picture(index: int, number: int) -> bytes:
    bits = index << 12 | number & 0xFFF
    band = b"".join(bytes([235 if bits >> bit & 1 else 16]) * BLOCK for bit in range(16)) * BAND
    shade = bytes([60 + number * 5 % 120])
    return band + shade * (WIDTH * (HEIGHT - BAND)) + bytes([128]) * (WIDTH * HEIGHT // 2)


def read_picture(shown: burrow.Picture) -> tuple[int, int]:
    """Whose it is, and its number; (-1, -1) when a block is neither black nor white."""
    bits = 0
    row = BAND // 2 * shown.height // HEIGHT * shown.strides[0]
    for bit in range(16):
        value = shown.planes[0][row + (2 * bit + 1) * shown.width // 32]
        if 96 < value < 160:
            return -1, -1
        bits |= (value >= 160) << bit
    return bits >> 12, bits & 0xFFF


class View:
    """Somebody else, as seen and heard."""

    def __init__(self, room: burrow.Room, path: str, index: int) -> None:
        self.index = index
        self.eye = room.subscribe_video(path)
        self.ear = room.subscribe_audio(path, min_delay_ms=CUSHION_MS)
        self.pictures = self.tones = self.wrong = self.strange = 0
        self.last = -1

    def step(self, number: int) -> None:
        sound = self.ear.pull_audio(PACKET)
        if (number + self.index) % EVERY == 0 and not sound.flags:
            share = tone_share(sound.samples, self.index)
            self.tones += share > 0.8
        if (shown := self.eye.pull_video()) is not None:
            who, when = read_picture(shown)
            self.strange += who not in (self.index, -1)
            self.wrong += who == -1
            if who == self.index and when != self.last:
                self.last = when
                self.pictures += 1

    def report(self) -> dict[str, Any]:
        seen, heard = self.eye.media_stats, self.ear.media_stats
        return {
            "pictures": self.pictures, "tones": self.tones, "wrong": self.wrong, "strange": self.strange,
            "video": asdict(seen), "audio": asdict(heard),
        }  # fmt: skip


class Caller:
    """One person with camera, microphone, screen and loudspeaker."""

    def __init__(self, engine: burrow.Engine, me: burrow.Identity) -> None:
        self.engine, self.me = engine, me
        self.call: burrow.Call | None = None
        self.index: dict[str, int] = {}
        self._room: burrow.Room | None = None
        self._camera: burrow.VideoTrack | None = None
        self._microphone: burrow.AudioTrack | None = None
        self._muted = False
        self._views: dict[str, View] = {}
        #: Whom we are to see and hear, with what was counted of them before.
        self._awaited: dict[str, tuple[int, int]] = {}
        self._witness = 0
        #: How often something happened that may not: pictures of somebody else, decoded without keys.
        self.strange = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._connection = burrow.Connection(pins=[options.fingerprint])
        self.late_ms = 0

    def group(self) -> burrow.Group:
        return self.me.groups()[0]

    # -- commands ----------------------------------------------------------------------------------------------

    async def cast(self, command: dict[str, Any]) -> None:
        self.index = command["keys"]

    async def found(self, command: dict[str, Any]) -> None:
        group = self.me.create_group("friends", relays=[options.nostr], members=[bytes.fromhex(key) for key in command["members"]])
        assert group.created is not None
        self.spawn(self.told("founded", group.created))

    async def invite(self, command: dict[str, Any]) -> None:
        self.spawn(self.told("invitation out", self.group().invite(bytes.fromhex(command["member"]))))

    async def epoch(self, _: dict[str, Any]) -> None:
        groups = self.me.groups()
        emit("at epoch", epoch=groups[0].info.epoch if groups else -1, members=groups[0].info.member_count if groups else 0)

    async def start(self, _: dict[str, Any]) -> None:
        self._muted = False
        self.call = self.me.start_call(
            self.group(), video=True, relays=options.moq, connection=self._connection, grace_ms=options.grace_ms
        )
        assert self.call.started is not None
        self.spawn(self.told("offered", self.call.started))

    async def join(self, _: dict[str, Any]) -> None:
        self.take(next(call for call in self.me.calls if call.state == burrow.CallState.AVAILABLE))

    async def mute(self, command: dict[str, Any]) -> None:
        assert self.call is not None
        self._muted = command["muted"]
        if self._microphone is not None:
            self._microphone.set_muted(self._muted)
        self.spawn(self.told("said", self.call.set_muted(self._muted)))

    async def leave(self, _: dict[str, Any]) -> None:
        assert self.call is not None
        self.spawn(self.told("left", self.call.hang_up()))

    async def end(self, _: dict[str, Any]) -> None:
        assert self.call is not None
        self.spawn(self.told("ended for all", self.call.hang_up(for_all=True)))

    async def witness(self, command: dict[str, Any]) -> None:
        self._witness = command["id"]
        counted = self.counted()
        self._awaited = {key: counted.get(key, (0, 0)) for key in command["who"]}
        self.look_around()

    async def report(self, command: dict[str, Any]) -> None:
        emit("report", id=command["id"], **self.state())

    def state(self) -> dict[str, Any]:
        call = self.call
        if call is None:
            return {"call": None, "wall": time.time()}
        members = {} if call.is_over else {
            member.pubkey.hex(): {
                "present": member.is_present, "announced": member.is_announced, "muted": member.is_muted,
                "video": member.has_video, "progress": member.progress,
            }
            for member in call.members()
        }  # fmt: skip
        return {
            "call": call.info.call_id if not call.is_over else None,
            "state": call.state.name.lower(),
            "detail": call.detail,
            "reason": call.reason_text,
            "members": members,
            "awaited": self._awaited,
            "views": {path.rsplit("/", 1)[-1][:8]: view.report() for path, view in self._views.items()},
            "strange": self.strange,
            "late_ms": self.late_ms,
            "wall": time.time(),
        }

    # -- what happens ------------------------------------------------------------------------------------------

    def spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def told(self, what: str, request: Any) -> None:
        try:
            await request
            emit(what, status="BURROW_OK")
        except burrow.BurrowError as error:
            emit(what, status=burrow.status_name(error.status), text=str(error))

    def take(self, call: burrow.Call) -> None:
        self.call = call
        self._muted = False
        self.spawn(self.told("accepted", call.accept(connection=self._connection, grace_ms=options.grace_ms)))

    async def watch(self) -> None:
        events = self.engine.events()
        async for event in events:
            if event.kind == burrow.EventKind.GROUP_STATE and event.state == burrow.GroupState.INVITED:
                self.spawn(self.told("joined", self.me.group(event.data).join()))
            elif event.kind == burrow.EventKind.ROOM_STATE:
                emit("room", state=burrow.RoomState(event.state).name.lower())
            elif event.kind == burrow.EventKind.NOSTR_RELAY:
                emit("nostr", state=burrow.NostrRelayState(event.state).name.lower())
            elif event.kind == burrow.EventKind.PROTECTION:
                emit("protection", path=event.text, status=burrow.status_name(event.status))
            elif event.kind == burrow.EventKind.CALL_STATE and isinstance(event.subject, burrow.Call):
                call = event.subject
                emit("call", id=call.info.call_id, state=call.state.name.lower(), detail=call.detail, reason=call.reason_text)
                if call.state == burrow.CallState.INCOMING and call is not self.call:
                    self.take(call)

    def counted(self) -> dict[str, tuple[int, int]]:
        """Pictures and tones of everybody so far."""
        count: dict[str, tuple[int, int]] = {}
        for path, view in self._views.items():
            key = self.whose(path)
            before = count.get(key, (0, 0))
            count[key] = (before[0] + view.pictures, before[1] + view.tones)
        return count

    def whose(self, path: str) -> str:
        return next((key for key in self.index if key in path), "")

    def look_around(self) -> None:
        """Whether all who are awaited were seen and heard."""
        counted = self.counted()
        for key, (pictures, tones) in list(self._awaited.items()):
            now = counted.get(key, (0, 0))
            if now[0] >= pictures + PICTURES and now[1] >= tones + TONES:
                del self._awaited[key]
        if not self._awaited and self._witness:
            emit("witnessed", id=self._witness)
            self._witness = 0

    def enter(self) -> bool:
        """Whether there is a room; tracks are published in each that there is."""
        call = self.call
        if call is None or call.is_over or call.closed:
            self.close()
            return False
        try:
            room = call.room
        except burrow.ClosedError:
            return False
        if room is not self._room:
            self.close()
            self._room = room
            self._microphone = room.publish_audio(
                encoding=burrow.Encoding(bitrate_bps=32_000, music=True, fixed=True, frame_ms=options.step_ms)
            )
            self._camera = room.publish_video(
                encoding=burrow.Encoding(width=WIDTH, height=HEIGHT, bitrate_bps=60_000, renditions=1, fixed=True)
            )
            self._microphone.set_muted(self._muted)
        return True

    def close(self) -> None:
        for view in self._views.values():
            self.strange += view.strange
        self._views.clear()
        self._room = self._camera = self._microphone = None

    async def live(self) -> None:
        """Every step a packet of sound of everybody, every few steps a picture."""
        begin, step, packet = burrow.now_us(), 0, tone(options.index)
        length = options.step_ms * 1000
        while True:
            late = burrow.now_us() - begin - step * length
            self.late_ms = max(self.late_ms, late // 1000)
            if late > 500_000:
                # It stood still; what was not recorded then is lost.
                begin += late
            await asyncio.sleep(max(-late, 0) / 1_000_000)
            try:
                if self.enter():
                    self.step(step, packet)
            except burrow.ClosedError:
                # The call is over, and the event has not come yet.
                self.close()
            step += 1

    def step(self, number: int, packet: bytes) -> None:
        assert self.call is not None and self._room is not None
        assert self._microphone is not None and self._camera is not None
        self._microphone.push_audio(packet)
        if number % options.picture_steps == 0:
            self._camera.push_video(picture(options.index, number // options.picture_steps), WIDTH, HEIGHT)
        if number % EVERY == 0:
            for member in self.call.members():
                if member.is_announced and member.path and member.path not in self._views:
                    self._views[member.path] = View(self._room, member.path, self.index.get(member.pubkey.hex(), -1))
            self.look_around()
        for view in self._views.values():
            view.step(number)


async def main(commands: Commands) -> None:
    log_lines(options.log)
    async with burrow.Engine() as engine:
        engine.nostr.add_relay(options.nostr)
        me = engine.open_identity()
        assert me.opened is not None
        await me.opened
        caller = Caller(engine, me)
        caller.spawn(caller.watch())
        await me.publish_key_package([options.nostr])
        emit("ready", key=me.public_key.hex(), wall=time.time())
        living = asyncio.create_task(caller.live())
        verbs = {
            "cast": caller.cast, "found": caller.found, "invite": caller.invite, "epoch": caller.epoch, "start": caller.start,
            "join": caller.join, "mute": caller.mute, "leave": caller.leave, "end": caller.end, "witness": caller.witness,
            "report": caller.report,
        }  # fmt: skip
        orders = asyncio.create_task(obey(commands, verbs))
        # What fails in either is a failure of the whole.
        done, _ = await asyncio.wait([living, orders], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        living.cancel()
        caller.close()


run(main, options.timeout)
