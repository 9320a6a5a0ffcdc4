#!/usr/bin/env python3
"""A long call which people join and leave all the time: nothing may grow in the processes that stay.

    scripts/soak.sh [--minutes 30] [--every 10]

Three people stay, in processes without Python. Every ten seconds something happens: somebody new is invited to
the group, hears of the call, joins it, sees and hears all; or leaves it, is removed from the group, and its process ends.
Each of them is somebody else, of whom a little is remembered, up to a thousand people. After two thirds of
the time the call ends for all and others follow, a minute each. Relays are LocalRelay of rust-nostr and burrow-relay. Memory,
descriptors and threads of them, of the MoQ relay and of the Nostr relay (whose memory holds all events on purpose and is only
shown) are compared whenever nobody else is there: within the long call, and over all the time.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from flat import Series, footprint
from scene import BUILD, CLOCK, Failed, Person, Program, Scene, Sizes

#: States of calls as they are in the header.
INCOMING, ACTIVE, ENDED, AVAILABLE = 2, 4, 6, 8
SIZES = Sizes(160, 90, 5, 60_000, more=("--fixed",))
#: Who stays; two would be in a call of two, which nobody else can join.
NAMES = ("caller", "friend", "other")
#: Who stays has to see at least this share of the pictures that others take, unless the machine holds up all of them.
LEAST_SHOWN, STARVED_US = 0.5, 200_000


class Soak:
    def __init__(self, scene: Scene, every: float, minutes: float) -> None:
        self.scene, self.every, self.minutes = scene, every, minutes
        self.series: dict[tuple[str, str, str], Series] = {}
        self.stages: list[str] = ["whole"]
        self.joined = self.left = self.calls = 0
        self.people: list[Person] = []
        self.guest: Person | None = None
        self.guest_key = ""
        self.shown: dict[str, tuple[float, int]] = {}
        self.slow = self.starved = 0

    # -- what happens ------------------------------------------------------------------------------------------

    def begin(self) -> None:
        # They end by themselves, also when everything stands still for a while.
        self.scene.start_relays(self.minutes * 240 + 600)
        self.people = [self.scene.start_person(name, index, SIZES) for index, name in enumerate(("caller", "friend", "other"))]
        self.scene.gather(self.people)
        for person in self.people[1:]:
            person.do("auto")
        self.call()
        self.began, self.pauses = CLOCK.now(), CLOCK.pauses

    @property
    def age(self) -> float:
        return CLOCK.now() - self.began

    def call(self) -> None:
        marks = [person.position for person in self.people]
        self.people[0].do("call")
        for person, mark in zip(self.people, marks):
            person.state(ACTIVE, 9, after=mark)
        for person, mark in zip(self.people, marks):
            person.until("first", after=mark)
        self.calls += 1

    def hang_up(self) -> None:
        marks = [person.position for person in self.people]
        self.people[0].do("hang all")
        for person, mark in zip(self.people, marks):
            person.state(ENDED, after=mark)

    def join(self) -> None:
        """Somebody new comes in, sees everybody, and is seen by everybody."""
        caller = self.people[0]
        guest = self.scene.start_person("guest", len(NAMES), SIZES)
        self.guest_key = guest.until("key").rest[0]
        marks = [person.position for person in self.people]
        caller.until("invited", after=caller.do(f"invite {self.guest_key}"))
        guest.state(AVAILABLE)
        guest.state(ACTIVE, 9, after=guest.do("accept"))
        seen: set[str] = set()
        position = 0
        while len(seen) < len(self.people):
            line = guest.until("first", after=position, where=lambda line: line.rest[0] not in seen)
            seen.add(line.rest[0])
        for person, mark in zip(self.people, marks):
            person.until("first", after=mark)
        self.guest = guest
        self.joined += 1

    def leave(self) -> None:
        assert self.guest is not None
        guest, self.guest = self.guest, None
        guest.state(ENDED, after=guest.do("hang"))
        mark = guest.position
        self.people[0].do(f"remove {self.guest_key}")
        guest.until("removed", after=mark)
        self.guest_key = ""
        if (code := self.scene.end(guest)) != 0:
            raise Failed(f"somebody who left ended with {code}")
        self.left += 1

    # -- what is measured --------------------------------------------------------------------------------------

    def programs(self) -> list[Program]:
        return [*self.people, self.scene.relay, self.scene.nostr]

    def measure(self, stage: str) -> None:
        now = self.age
        for program in self.programs():
            figures = footprint(program.pid)
            if isinstance(program, Person):
                usage = program.usage()
                figures["heap"] = usage["heap"] // 1024
                self.see(program, usage)
            for what, value in figures.items():
                for kind in {"whole", stage}:
                    key = (kind, program.name, what)
                    self.series.setdefault(key, Series(program.name, what)).add(now, value, self.joined)

    def see(self, person: Person, usage: dict[str, int]) -> None:
        """Whoever stays sees the others; a soak of a dead call says nothing."""
        now = self.age
        if person.name in self.shown:
            since, shown = self.shown[person.name]
            seen = usage["shown"] - shown
            is_starved = usage["late"] > STARVED_US
            self.starved += is_starved
            if seen < (0 if is_starved else LEAST_SHOWN * SIZES.fps * (now - since) * (len(NAMES) - 1)) or not seen:
                self.slow += 1
                print(f"   {person.name} saw only {seen} pictures in {now - since:.0f} s", flush=True)
        self.shown[person.name] = (now, usage["shown"])

    # -- the whole of it ---------------------------------------------------------------------------------------

    def run(self) -> None:
        end = self.minutes * 60
        long_call = end * 2 / 3
        length = 60.0 if self.minutes >= 10 else 4 * self.every
        next_call = long_call
        # Odd steps somebody comes, even ones they go; figures at the end of a step that nobody else is left in.
        step = 0
        told = 0.0
        while self.age < end:
            step += 1
            try:
                self.join() if step % 2 else self.leave()
                self.wait(step * self.every)
            except Failed:
                if self.pauses == CLOCK.pauses:
                    raise
            if self.pauses != CLOCK.pauses:
                self.recover()
                # The next one is somebody who comes, a whole step from now.
                step = 2 * (int(self.age / self.every / 2) + 1)
                self.wait(step * self.every)
            if step % 2:
                continue
            self.measure("the long call" if self.age <= long_call + self.every else "calls of a minute")
            if self.age >= next_call:
                self.hang_up()
                self.call()
                self.shown.clear()
                next_call = self.age + length
            if self.age - told >= 55:
                told = self.age
                self.progress()
        self.hang_up()

    def recover(self) -> None:
        """Everything stood still for a while: who was just coming or going is gone, and those who stay find each other."""
        print(f"   {self.age / 60:4.1f} min: everything stood still, {CLOCK.paused_s:.0f} s by now", flush=True)
        self.pauses = CLOCK.pauses
        self.shown.clear()
        for program in list(self.scene.programs):
            if program.name == "guest":
                self.scene.end(program)
        if self.guest_key:
            self.people[0].do(f"remove {self.guest_key}")
        self.guest, self.guest_key = None, ""
        for _ in range(3):
            before = [person.usage()["shown"] for person in self.people]
            self.wait(self.age + 2 * self.every)
            if all(person.usage()["shown"] - was > SIZES.fps * self.every for person, was in zip(self.people, before)):
                return
        self.people[0].do("hang all")
        self.wait(self.age + 10)
        self.call()

    def wait(self, until: float) -> None:
        while (left := until - self.age) > 0:
            began, planned = time.monotonic(), min(left, 0.5)
            time.sleep(planned)
            CLOCK.slept(planned, began)
            for program in self.programs():
                if program.process.poll() is not None:
                    raise Failed(f"{program.name} ended with {program.process.returncode}")

    def progress(self) -> None:
        figures = []
        for program in self.programs():
            one = [f"{self.series['whole', program.name, what].values[-1]}" for what in ("memory", "descriptors", "threads")]
            figures.append(f"{program.name} {one[0]} kB, {one[1]} descriptors, {one[2]} threads")
        print(f"   {self.age / 60:4.1f} min, {self.joined} joined, {self.left} left: {'; '.join(figures)}", flush=True)


def judge(soak: Soak, told: Callable[[str], None] = print) -> tuple[int, int]:
    passed = failed = 0
    for (kind, who, what), series in soak.series.items():
        if kind == "calls of a minute":
            continue
        is_flat, said = series.judge()
        if who == "LocalRelay" and what == "memory":
            told(f"        {kind}: {who}: {what}: {said} (it keeps all events)")
            continue
        passed, failed = passed + is_flat, failed + (not is_flat)
        told(f"   {'ok  ' if is_flat else 'FAIL'} {kind}: {who}: {what}: {said}")
    if soak.slow > 0.1 * soak.joined:
        failed += 1
        told(f"   FAIL {soak.slow} times too few pictures were seen to call it a call")
    return passed, failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--every", type=float, default=10, help="seconds between one who joins and one who leaves")
    parser.add_argument("--json", type=Path, default=BUILD / "calls" / "soak.json")
    options = parser.parse_args()
    with Scene(BUILD / "calls" / "soak.log") as scene:
        soak = Soak(scene, options.every, options.minutes)
        error = None
        try:
            soak.begin()
            soak.run()
        except (Failed, OSError) as reason:
            error = reason
        rows = [
            {"stage": kind, "who": one.who, "what": one.what, "at_s": one.at_s, "values": one.values}
            for (kind, _, _), one in soak.series.items()
        ]
        options.json.write_text(json.dumps(rows))
    passed, failed = judge(soak)
    if error is not None:
        failed += 1
        print(f"   FAIL after {getattr(soak, 'joined', 0)} who joined: {error}; see {scene.log}")
    if options.minutes < 10:
        print("   in the first minutes memory grows until what is reused is there: so short a time says little about it")
    if soak.starved:
        print(f"   {soak.starved} times in {soak.joined * len(NAMES)} the machine held cameras up for over {STARVED_US // 1000} ms")
    stood = f"; everything stood still {CLOCK.pauses} times, {CLOCK.paused_s:.0f} s" if CLOCK.pauses else ""
    print(f"   {soak.joined} joined, {soak.left} left, {soak.calls} calls{stood}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
