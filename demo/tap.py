#!/usr/bin/env python3
"""Somebody at the relay: no member of the group, no key. Records every frame of every track as the relay has it."""

from __future__ import annotations

import argparse
import select
import sys
import time
from pathlib import Path

import burrow
from wire import CATALOGUE, Recorder, Seen

#: Tracks have numbers for names; people here send sound and pictures.
TRACKS = (CATALOGUE, "1", "2")


class Tap:
    def __init__(self, room: burrow.Room, recorder: Recorder) -> None:
        self._room, self._recorder = room, recorder
        self._tracks: dict[str, list[tuple[str, int, burrow.Track]]] = {}
        self._generations: dict[str, int] = {}

    def happened(self, event: burrow.Event) -> None:
        path = event.text
        if event.kind == burrow.EventKind.PARTICIPANT_JOINED:
            generation = self._generations[path] = self._generations.get(path, 0) + 1
            tracks = [(name, self._room.subscribe(path, name, max_age_ms=5_000)) for name in TRACKS]
            self._tracks[path] = [(name, generation, track) for name, track in tracks]
        elif event.kind == burrow.EventKind.PARTICIPANT_LEFT:
            self.pull()
            for _, _, track in self._tracks.pop(path, []):
                track.close()

    def pull(self) -> None:
        for path, tracks in self._tracks.items():
            for name, generation, track in tracks:
                try:
                    while (frame := track.pull()) is not None:
                        with frame:
                            place = (generation, frame.group, frame.sequence)
                            self._recorder.add(Seen(path, name, *place, burrow.now_us(), bytes(frame)))
                except burrow.BurrowError:
                    # It has ended, or there is none of that name.
                    continue


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moq", required=True)
    parser.add_argument("--pin", action="append", default=[])
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--timeout", type=float, default=120)
    options = parser.parse_args()
    end = time.monotonic() + options.timeout
    with burrow.Engine() as engine, options.file.open("wb") as file:
        room = engine.open_room(options.moq, pins=options.pin)
        room.opened.wait(15)
        tap = Tap(room, Recorder(file))
        print('{"event": "ready"}', flush=True)
        # Until standard input ends.
        while time.monotonic() < end and not select.select([sys.stdin], [], [], 0.01)[0]:
            while (event := engine.next_event(0)) is not None:
                tap.happened(event)
            tap.pull()
        tap.pull()


if __name__ == "__main__":
    main()
