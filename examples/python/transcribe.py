#!/usr/bin/env python3
"""Answers every call of its groups and hands what each participant says to a program that makes text of it.

    transcribe.py --state scribe --with "whisper-cli --no-timestamps -f -" wss://relay.example

Each participant is tapped by themselves at 16 kHz, mono, which is what recognisers want, and cut where they pause. The
program gets one utterance after the other, as a WAV file on its standard input, and prints what it understood. Without one
only times are printed. Tell people that you listen. Needs the burrow package (bindings/python) on the path and libburrow;
see BURROW_LIBRARY.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import math
import shlex
import sys
import wave
from functools import partial

import burrow
from member import answer_calls, arguments

RATE, STEP_MS = 16_000, 20
FRAMES = RATE * STEP_MS // 1000
#: Louder than this is speech, a pause of so many steps ends it, and so many are kept before it begins.
THRESHOLD, PAUSE, LEAD = 300.0, 30, 10
LONGEST = 30_000 // STEP_MS


class Tap:
    """Cuts one participant's sound into utterances."""

    def __init__(self, room: burrow.Room, member: burrow.CallMember) -> None:
        self.path = member.path
        self.listen(room)
        self.who = burrow.format_public_key(member.pubkey)[:16]
        self.steps: list[bytes] = []
        self.quiet = 0
        self.speaks = False

    def listen(self, room: burrow.Room) -> None:
        self.audio = room.subscribe_audio(self.path)

    def step(self) -> bytes | None:
        """Takes the next piece; gives an utterance when one has ended."""
        sound = self.audio.pull_audio(FRAMES, sample_rate=RATE)
        loud = math.sqrt(sum(value * value for value in sound.samples) / FRAMES) > THRESHOLD
        self.quiet = 0 if loud else self.quiet + 1
        self.speaks = self.speaks or loud
        self.steps.append(bytes(sound))
        if not self.speaks:
            del self.steps[:-LEAD]
        elif self.quiet >= PAUSE or len(self.steps) >= LONGEST:
            return self.end()
        return None

    def end(self) -> bytes | None:
        """What was said since the last pause."""
        said, spoke = b"".join(self.steps), self.speaks
        self.steps, self.speaks = [], False
        return said if spoke else None


async def write_down(options: argparse.Namespace, who: str, ended_s: float, samples: bytes) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        sound.writeframes(samples)
    length_s = len(samples) / 2 / RATE
    text = "spoke"
    if options.program:
        pipe = asyncio.subprocess.PIPE
        program = await asyncio.create_subprocess_exec(*shlex.split(options.program), stdin=pipe, stdout=pipe)
        output, _ = await program.communicate(file.getvalue())
        text = output.decode(errors="replace").strip()
    print(f"{ended_s - length_s:7.2f} s  {length_s:5.2f} s  {who}: {text}", flush=True)


async def talk(options: argparse.Namespace, call: burrow.Call) -> None:
    room = await call.entered
    taps: dict[str, Tap] = {}
    begin_us, steps = burrow.now_us(), 0
    # One after the other, so that the text is in the order in which it was said.
    waiting: asyncio.Queue[tuple[str, float, bytes] | None] = asyncio.Queue()
    writing = asyncio.create_task(write_all(options, waiting))
    try:
        while not call.is_over:
            if call.room is not room:
                # The call has moved to another relay.
                room = call.room
                for tap in taps.values():
                    tap.listen(room)
            for member in call.members():
                if member.is_announced and member.path not in taps:
                    taps[member.path] = Tap(room, member)
            if taps and not any(member.is_present for member in call.members()):
                break
            await asyncio.sleep(max(begin_us + steps * STEP_MS * 1000 - burrow.now_us(), 0) / 1_000_000)
            steps += 1
            for tap in taps.values():
                if (said := tap.step()) is not None:
                    waiting.put_nowait((tap.who, steps * STEP_MS / 1000, said))
    except burrow.ClosedError:
        pass
    for tap in taps.values():
        if (said := tap.end()) is not None:
            waiting.put_nowait((tap.who, steps * STEP_MS / 1000, said))
    waiting.put_nowait(None)
    await writing


async def write_all(options: argparse.Namespace, waiting: asyncio.Queue[tuple[str, float, bytes] | None]) -> None:
    while (entry := await waiting.get()) is not None:
        await write_down(options, *entry)


if __name__ == "__main__":
    parser = arguments("Answers every call of its groups and makes text of what is said.")
    parser.add_argument("--with", dest="program", help="a program that reads a WAV file and prints what it understood")
    given = parser.parse_args()
    try:
        asyncio.run(answer_calls(given, partial(talk, given)))
    except (burrow.BurrowError, OSError, ValueError) as error:
        sys.exit(f"transcribe: {error}")
    except KeyboardInterrupt:
        pass
