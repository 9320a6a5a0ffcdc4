#!/usr/bin/env python3
"""Answers every call of its groups, plays a file, and hangs up. Or calls a group to play the file there.

    bot.py --state bot --play news.wav wss://relay.example
    bot.py --state bot --play news.wav --film test.y4m --call friends wss://relay.example

Prints its public key: invite it to a group, for instance with `burrow group invite`. Sound is a WAV file with 16 bits,
pictures are a Y4M file. Needs the burrow package (bindings/python) on the path and libburrow; see BURROW_LIBRARY.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import wave
from contextlib import suppress
from functools import partial
from pathlib import Path

import burrow
from member import answer_calls, arguments, connection, somebody

PIECE_MS = 20


class Stage:
    """Our tracks in the room of a call."""

    def __init__(self, call: burrow.Call, room: burrow.Room, films: bool) -> None:
        self.call, self.films = call, films
        self.enter(room)

    def enter(self, room: burrow.Room) -> None:
        self.room = room
        self.microphone = room.publish_audio()
        self.camera = room.publish_video() if self.films else None

    def follow(self) -> None:
        """The call may have gone to another relay: then its room is another one, and has no tracks of ours."""
        if self.call.room is not self.room:
            self.enter(self.call.room)


async def play_sound(stage: Stage, file: Path, begin_us: int) -> None:
    """Pushes the samples at the times at which they would be recorded."""
    with wave.open(str(file)) as sound:
        rate, channels, played = sound.getframerate(), sound.getnchannels(), 0
        while piece := sound.readframes(rate * PIECE_MS // 1000):
            time_us = begin_us + played * 1_000_000 // rate
            await asyncio.sleep(max(time_us - burrow.now_us(), 0) / 1_000_000)
            # What is said on the way from one relay to another nobody hears.
            with suppress(burrow.ClosedError):
                stage.follow()
                stage.microphone.push_audio(piece, sample_rate=rate, channels=channels, timestamp_us=time_us)
            played += len(piece) // (2 * channels)


async def play_film(stage: Stage, file: Path, begin_us: int) -> None:
    with file.open("rb") as film:
        head = {word[:1]: word[1:] for word in film.readline().decode().split()}
        width, height = int(head["W"]), int(head["H"])
        rate, scale = (int(number) for number in head.get("F", "30:1").split(":"))
        size, shown = width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2), 0
        while film.readline().startswith(b"FRAME"):
            time_us = begin_us + shown * 1_000_000 * scale // rate
            await asyncio.sleep(max(time_us - burrow.now_us(), 0) / 1_000_000)
            picture = film.read(size)
            with suppress(burrow.ClosedError):
                stage.follow()
                if stage.camera is not None:
                    stage.camera.push_video(picture, width, height, timestamp_us=time_us)
            shown += 1


async def play(options: argparse.Namespace, call: burrow.Call) -> None:
    stage = Stage(call, await call.entered, bool(options.film))
    await call.active
    begin_us = burrow.now_us()
    parts = [play_sound(stage, options.play, begin_us)]
    if options.film:
        parts.append(play_film(stage, options.film, begin_us))
    await asyncio.gather(*parts)
    # What was pushed last is still on its way through codec and network.
    await asyncio.sleep(0.5)


async def talk(options: argparse.Namespace, call: burrow.Call) -> None:
    """Plays until the end of the file, or until nobody listens any more."""
    playing = asyncio.create_task(play(options, call))
    over = asyncio.create_task(wait_for_the_end(call))
    done, _ = await asyncio.wait([playing, over], return_when=asyncio.FIRST_COMPLETED)
    for task in (playing, over):
        task.cancel()
    if playing in done:
        await playing


async def wait_for_the_end(call: burrow.Call) -> None:
    await call.over


async def announce(options: argparse.Namespace) -> None:
    """Calls a group, plays, and hangs up."""
    async with somebody(options) as me:
        group = next((group for group in me.groups() if group.info.name == options.call), None)
        if group is None:
            raise ValueError(f"no group is called {options.call}")
        async with me.start_call(group, video=bool(options.film), relays=options.moq, connection=connection(options)) as call:
            print(f"calling '{options.call}'", flush=True)
            await talk(options, call)
        print(f"over: {call.reason_text}", flush=True)


if __name__ == "__main__":
    parser = arguments("Answers every call of its groups and plays a file.")
    parser.add_argument("--play", type=Path, required=True, help="the WAV file it plays")
    parser.add_argument("--film", type=Path, help="the Y4M file it shows")
    parser.add_argument("--call", metavar="GROUP", help="call this group instead of waiting")
    parser.add_argument("--moq", action="append", default=[], metavar="URL", help="a MoQ relay to prefer for that")
    given = parser.parse_args()
    try:
        asyncio.run(announce(given) if given.call else answer_calls(given, partial(talk, given)))
    except (burrow.BurrowError, OSError, ValueError, wave.Error) as error:
        sys.exit(f"bot: {error}")
    except KeyboardInterrupt:
        pass
