#!/usr/bin/env python3
"""What calls cost: how long until there is a picture, what four people need, and what an engine needs that does nothing.

    scripts/bench-calls.sh [setup] [four] [idle] [--calls 24] [--seconds 30] [--rounds 2] [--markdown docs/performance.md]

Everybody is a process without Python; relays are LocalRelay of rust-nostr and burrow-relay, on the same machine.

setup   two people, then four: from calling to the first picture of somebody who accepts as soon as it rings. Signals are what
        the offer takes from the moment there is a room until it rings, and the acceptance until who called knows of it.
four    four people with 640x360 at 30 pictures a second, 800 kbit/s: CPU beside the bare codecs that encode one and decode
        three of them, four processes likewise, at the same time. Memory is all that is resident but the clip.
idle    an engine with an identity and one Nostr relay.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from scene import BUILD, PEER, Failed, Person, Program, Scene, Sizes, cpu_seconds

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from rig import BARE, pictures, speech  # noqa: E402
from sections import write_section  # noqa: E402

#: States of calls as they are in the header.
OUTGOING, INCOMING, CONNECTING, ACTIVE, ENDED = 1, 2, 3, 4, 6
#: As it is, whatever the line carries, so that the bare codecs do the same.
SIZES = Sizes(more=("--fixed",))
#: One person's calls are heard five times a minute.
OFFERS = 4
CODECS = ("video_encode", "video_decode", "audio_encode", "audio_decode")
NAMES = ("alice", "bob", "carol", "dave")


def resident_kb(pid: int) -> dict[str, int]:
    """What a process has in memory, apart from the clip that it plays."""
    sums = {"all": 0, "own": 0}
    is_clip = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"^[0-9a-f]+-[0-9a-f]+ ", line):
            is_clip = line.endswith((".i420", ".s16"))
        elif not is_clip and (match := re.match(r"^(Rss|Private_Clean|Private_Dirty):\s+(\d+) kB", line)):
            sums["all" if match.group(1) == "Rss" else "own"] += int(match.group(2))
    return sums


# -- set-up ----------------------------------------------------------------------------------------------------


def one_call(caller: Person, others: list[Person]) -> dict[str, float]:
    """The times of a call that all others accept, in ms, and its end."""
    people = [caller, *others]
    mark = {person.name: person.position for person in people}
    caller.do("call")
    seen = [person.until("first", after=mark[person.name]) for person in people]
    tap = caller.until("tap", after=mark[caller.name]).at_us
    room = caller.until("room", after=mark[caller.name]).at_us
    answered = caller.until("call", after=mark[caller.name], where=lambda line: line.rest[0] in ("3", "4")).at_us
    rang = [person.state(INCOMING, after=mark[person.name]).at_us for person in others]
    taken = [person.until("tap", after=mark[person.name]).at_us for person in others]
    for person in people:
        person.state(ACTIVE, 9, after=mark[person.name])
    offer, acceptance = min(rang) - room, max(answered - min(taken), 0)
    times = {
        "picture": seen[0].at_us - tap,
        "answering": statistics.median(one.at_us - at for one, at in zip(seen[1:], taken)),
        "room": room - tap,
        "offer": offer,
        "acceptance": acceptance,
        "signals": offer + acceptance,
    }
    mark = {person.name: person.position for person in people}
    for person in people:
        person.do("hang")
    for person in people:
        person.state(ENDED, after=mark[person.name])
    return {name: value / 1000 for name, value in times.items()}


def measure_setup(count: int, calls: int) -> list[dict[str, float]]:
    """That many calls between so many people, everybody calling in turn."""
    results: list[dict[str, float]] = []
    while len(results) < calls:
        with Scene(BUILD / "calls" / "setup.log") as scene:
            scene.start_relays(300)
            people = [scene.start_person(name, index, SIZES) for index, name in enumerate(NAMES[:count])]
            scene.gather(people)
            for person in people:
                person.do("auto")
            # New keys come by themselves soon after joining.
            time.sleep(3)
            for turn in range(min(OFFERS * count, calls - len(results))):
                caller = people[turn % count]
                results.append(one_call(caller, [person for person in people if person is not caller]))
                # Hung up, and not yet the next call: farewells are on their way.
                time.sleep(0.5)
    return results


# -- four people -----------------------------------------------------------------------------------------------


class Bare:
    """As many processes at once as there are people, with the codecs alone."""

    def __init__(self, others: int, seconds: float) -> None:
        command: list[object] = [BARE, "--pictures", pictures(SIZES.width, SIZES.height), "--speech", speech()]
        command += ["--width", SIZES.width, "--height", SIZES.height, "--video-bitrate", SIZES.video_bitrate]
        command += ["--audio-bitrate", SIZES.audio_bitrate, "--seconds", seconds, "--others", others]
        self._limit = seconds + 30
        self._running = [subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE) for _ in range(others + 1)]

    def results(self) -> dict[str, float]:
        try:
            alone = [json.loads(one.communicate(timeout=self._limit)[0]) for one in self._running]
        except (ValueError, subprocess.TimeoutExpired):
            raise Failed("media-bare did not do its work") from None
        finally:
            self.end()
        each = {f"{key}_us": statistics.mean(one[key]["cpu_us"] for one in alone) for key in CODECS}
        return {"bare": statistics.mean(one["cpu_s"] / one["seconds"] * 100 for one in alone), **each}

    def end(self) -> None:
        for one in self._running:
            one.kill()


def see_everybody(people: list[Person]) -> None:
    for person in people:
        seen: set[str] = set()
        while len(seen) < len(people) - 1:
            seen.add(person.until("first", where=lambda line, seen=seen: line.rest[0] not in seen).rest[0])


def measure_people(count: int, seconds: float) -> dict[str, float]:
    with Scene(BUILD / "calls" / "four.log") as scene:
        scene.start_relays(seconds + 120)
        people = [scene.start_person(name, index, SIZES) for index, name in enumerate(NAMES[:count])]
        scene.gather(people)
        for person in people:
            person.do("auto")
        people[0].do("call")
        see_everybody(people)
        time.sleep(8)
        programs: list[Program] = [*people, scene.relay]
        before = [cpu_seconds(one.pid) for one in programs]
        used = [person.usage() for person in people]
        began = time.monotonic()
        # At the same time, so that the processor is as fast for both and what they share as crowded.
        bare = Bare(count - 1, seconds)
        try:
            time.sleep(seconds)
        except BaseException:
            bare.end()
            raise
        took = time.monotonic() - began
        cpu = [(cpu_seconds(one.pid) - was) / took * 100 for one, was in zip(programs, before)]
        now = [person.usage() for person in people]
        memory = [resident_kb(one.pid) for one in programs]
        alone = bare.results()
    others = count - 1
    shown = [(new["shown"] - old["shown"]) / took / others for new, old in zip(now, used)]
    concealed = sum(new["concealed"] - old["concealed"] for new, old in zip(now, used))
    played = sum(new["played"] - old["played"] for new, old in zip(now, used))
    return {
        "cpu": statistics.mean(cpu[:-1]),
        "cpu_relay": cpu[-1],
        "memory": max(one["all"] for one in memory[:-1]) / 1024,
        "memory_own": max(one["own"] for one in memory[:-1]) / 1024,
        "memory_relay": memory[-1]["all"] / 1024,
        "fps": statistics.mean(shown),
        "concealed": 100 * concealed / max(played, 1),
        **alone,
        "ratio": statistics.mean(cpu[:-1]) / alone["bare"],
    }


def measure_four(seconds: float, rounds: int) -> dict[str, float]:
    rows = []
    for turn in range(rounds):
        row = measure_people(4, seconds)
        print(f"   round {turn + 1}: {json.dumps({key: round(value, 2) for key, value in row.items()})}", flush=True)
        rows.append(row)
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]}


# -- doing nothing ---------------------------------------------------------------------------------------------


def switches(pid: int) -> int:
    """How often threads of a process went to sleep of their own accord."""
    texts = [status.read_text() for status in Path(f"/proc/{pid}/task").glob("*/status")]
    return sum(int(number) for text in texts for number in re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M))


def measure_idle(seconds: float) -> dict[str, float]:
    with Scene(BUILD / "calls" / "idle.log") as scene:
        scene.start_relays(seconds + 60)
        person = Person("idle", [PEER, "--nostr", scene.nostr_url], scene.log)
        scene.programs.append(person)
        person.until("key")
        time.sleep(5)
        before, woken = cpu_seconds(person.pid), switches(person.pid)
        time.sleep(seconds)
        memory = resident_kb(person.pid)
        return {
            "cpu": (cpu_seconds(person.pid) - before) / seconds * 100,
            "wakes": (switches(person.pid) - woken) / seconds,
            "memory": memory["all"] / 1024,
            "memory_own": memory["own"] / 1024,
        }


# -- the table -------------------------------------------------------------------------------------------------


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


Row = tuple[str, str, float, float | None]


def rows_of(results: dict) -> list[Row]:
    rows: list[Row] = []
    for who, key in (("two people", "setup2"), ("four people", "setup4")):
        if not (calls := results.get(key)):
            continue

        def p(name: str, share: float = 0.5, calls: list[dict[str, float]] = calls) -> float:
            return quantile([one[name] for one in calls], share)

        rows += [
            (f"{who}: calling to the first picture, p50", "ms", p("picture"), 350),
            (f"{who}: of that signals, p50", "ms", p("signals"), 100),
            (f"{who}: calling to the first picture, p95", "ms", p("picture", 0.95), None),
            (f"{who}: calling to the room, p50", "ms", p("room"), None),
            (f"{who}: room to ringing, p50", "ms", p("offer"), None),
            (f"{who}: accepting to the caller's knowing, p50", "ms", p("acceptance"), None),
            (f"{who}: accepting to the first picture, p50", "ms", p("answering"), None),
        ]
    if four := results.get("four"):
        rows += [
            ("four people: CPU a person beside the bare codecs", "x", four["ratio"], 1.2),
            ("four people: CPU a person, of a core", "%", four["cpu"], None),
            ("four people: CPU of the bare codecs, of a core", "%", four["bare"], None),
            ("four people: CPU of the relay, of a core", "%", four["cpu_relay"], None),
            ("four people: most memory of a process", "MB", four["memory"], 60),
            ("four people: of that its own, without code that others share", "MB", four["memory_own"], None),
            ("four people: pictures a second of each", "", four["fps"], None),
            ("four people: sound concealed", "%", four["concealed"], None),
        ]
    if idle := results.get("idle"):
        rows += [
            ("doing nothing, one Nostr relay: CPU, of a core", "%", idle["cpu"], 0.1),
            ("doing nothing: memory", "MB", idle["memory"], 12),
            ("doing nothing: of that its own, without code that others share", "MB", idle["memory_own"], None),
            ("doing nothing: times a second a thread wakes", "", idle["wakes"], None),
        ]
    return rows


def markdown(results: dict, command: str, options: argparse.Namespace) -> str:
    kernel = ".".join(platform.release().split(".")[:2])
    out = [
        "## Calls", "", "Measured by", "", f"    {command}", "",
        f"on {os.cpu_count()} cores ({platform.machine()}, Linux {kernel}): processes of C on one machine, with LocalRelay of"
        f" rust-nostr and burrow-relay. Set-up: {options.calls} calls each, everybody accepts as soon as it rings. Four people:"
        f" 640x360 at 30 pictures a second, 800 kbit/s, Opus at 32 kbit/s, {options.rounds} rounds of {options.seconds:g} s, and"
        " four processes that encode one and decode three of that with the bare codecs at the same time. Doing nothing: a minute.",
        "", "| what | measured | goal | |", "|---|---|---|---|",
    ]  # fmt: skip
    for what, unit, value, goal in rows_of(results):
        verdict = "" if goal is None else "reached" if value <= goal else "missed"
        shown = f"{value:.0f}" if value >= 100 else f"{value:.3g}"
        out.append(f"| {what}{', ' + unit if unit else ''} | {shown} | {'' if goal is None else f'<= {goal:g}'} | {verdict} |")
    return "\n".join(out) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=["setup", "four", "idle", []], help="without any: all")
    parser.add_argument("--calls", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path, default=BUILD / "calls" / "calls.json")
    options = parser.parse_args()
    # Parts may be measured one at a time: what was measured before is kept.
    results = json.loads(options.json.read_text()) if options.parts and options.json.exists() else {}
    steps = {
        "setup2": ("setup", lambda: measure_setup(2, options.calls)),
        "setup4": ("setup", lambda: measure_setup(4, options.calls)),
        "four": ("four", lambda: measure_four(options.seconds, options.rounds)),
        "idle": ("idle", lambda: measure_idle(60)),
    }
    status = 0
    options.json.parent.mkdir(parents=True, exist_ok=True)
    for key, (part, measure) in steps.items():
        if options.parts and part not in options.parts:
            continue
        try:
            results[key] = measure()
        except Failed as error:
            print(f"FAIL {key}: {error}", file=sys.stderr)
            status = 1
        options.json.write_text(json.dumps(results))
    words = [word for word in sys.argv[1:] if word not in options.parts]
    text = markdown(results, " ".join(["scripts/bench-calls.sh", *words]), options)
    print("\n" + text)
    if options.markdown:
        write_section(options.markdown, "calls", text)
    return status


if __name__ == "__main__":
    sys.exit(main())
