#!/usr/bin/env python3
"""Answers every call of its groups, says nothing, and writes each participant to files until all others have left.

    recorder.py --state recorder --into calls wss://relay.example

For a call there is a folder, and in it for each participant a WAV and, if there are pictures, a Y4M file, which all begin
at the same moment. Tell people that you record them. Needs the burrow package (bindings/python) on the path and libburrow;
see BURROW_LIBRARY.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import wave
from functools import partial
from pathlib import Path

import burrow
from member import answer_calls, arguments

STEP_MS, RATE, PICTURES = 20, 48_000, 30
FRAMES = RATE * STEP_MS // 1000


class Tape:
    """One participant. What was before they came is silence, or looks like their first picture."""

    def __init__(self, folder: Path, room: burrow.Room, member: burrow.CallMember, steps: int) -> None:
        self.path = member.path
        self.listen(room)
        self.name = folder / (burrow.format_public_key(member.pubkey)[:16] + (f"-{member.id}"))
        self.sound = wave.open(f"{self.name}.wav", "wb")
        self.sound.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        self.sound.writeframes(bytes(2 * FRAMES * steps))
        self.film = None
        self.size = (0, 0)
        self.last = b""
        self.written = 0

    def listen(self, room: burrow.Room) -> None:
        """Takes sound and pictures from this room."""
        self.audio = room.subscribe_audio(self.path)
        self.video = room.subscribe_video(self.path)

    def step(self, steps: int) -> None:
        """Takes what belongs to the moment: pulling is the clock of sound and pictures."""
        self.sound.writeframes(bytes(self.audio.pull_audio(FRAMES)))
        picture = self.video.pull_video()
        if picture is not None:
            if self.film is None:
                self.size = (picture.width, picture.height)
                self.film = open(f"{self.name}.y4m", "wb")
                self.film.write(b"YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n" % (*self.size, PICTURES))
            self.last = burrow.convert_picture(picture, burrow.VideoFormat.I420, *self.size)
        while self.film is not None and self.written * 1000 < steps * STEP_MS * PICTURES:
            self.film.write(b"FRAME\n" + self.last)
            self.written += 1

    def close(self) -> None:
        self.audio.close()
        self.video.close()
        self.sound.close()
        if self.film is not None:
            self.film.close()
        print(f"wrote {self.name.name}: {'sound and pictures' if self.film is not None else 'sound'}", flush=True)


async def follow(call: burrow.Call, folder: Path, tapes: dict[str, Tape], clock: list[int]) -> None:
    """Begins a tape for everybody who comes. One that was begun goes on, also when they come back."""
    async for members in call.roster():
        for member in members:
            if member.is_announced and member.path not in tapes:
                tapes[member.path] = Tape(folder, call.room, member, clock[0])


async def talk(options: argparse.Namespace, call: burrow.Call) -> None:
    room = await call.entered
    folder = options.into / call.info.call_id
    folder.mkdir(parents=True)
    tapes: dict[str, Tape] = {}
    clock = [0]
    following = asyncio.create_task(follow(call, folder, tapes, clock))
    begin_us = burrow.now_us()
    came = False
    try:
        while not call.is_over and not (came and not any(member.is_present for member in call.members())):
            await asyncio.sleep(max(begin_us + clock[0] * STEP_MS * 1000 - burrow.now_us(), 0) / 1_000_000)
            clock[0] += 1
            if call.room is not room:
                # The call has moved to another relay.
                room = call.room
                for tape in tapes.values():
                    tape.listen(room)
            came = came or bool(tapes)
            for tape in tapes.values():
                tape.step(clock[0])
    except burrow.ClosedError:
        pass
    finally:
        following.cancel()
        for tape in tapes.values():
            tape.close()


if __name__ == "__main__":
    parser = arguments("Answers every call of its groups and writes each participant to files.")
    parser.add_argument("--into", type=Path, required=True, help="the folder to write to")
    given = parser.parse_args()
    try:
        asyncio.run(answer_calls(given, partial(talk, given)))
    except (burrow.BurrowError, OSError, ValueError, wave.Error) as error:
        sys.exit(f"recorder: {error}")
    except KeyboardInterrupt:
        pass
