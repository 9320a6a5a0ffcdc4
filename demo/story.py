"""What happens in the demo: four people, one call."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, field

import burrow
from cast import PATIENCE, Actor, Stage
from line import Line

NAMES = ["Alice", "Bob", "Carol", "Dave"]
ALICE, BOB, CAROL, DAVE = NAMES
#: Dave again, with a copy of his keys, who hears of nothing that happens in the group.
GHOST = "Dave's copy"


@dataclass
class Marks:
    """When things were done, in microseconds; what the checks need to know."""

    #: Whoever asked to be in the call, and when.
    asked: dict[str, int] = field(default_factory=dict)
    #: Everybody is there and nothing disturbs them.
    calm: tuple[int, int] = (0, 0)
    call_id: str = ""
    #: When somebody was muted, by that person's clock.
    muted: tuple[str, int] = ("", 0)
    unmuted_us: int = 0
    lost: tuple[str, int, int] = ("", 0, 0)
    left: tuple[str, int] = ("", 0)
    removed: tuple[str, int] = ("", 0)
    #: When the removal was certain.
    removed_us: int = 0
    ended_us: int = 0


async def found_group(stage: Stage) -> None:
    """All have key packages out; Alice founds the group, the others join by themselves."""
    await asyncio.gather(*(stage.enter(name) for name in NAMES))
    await stage.introduce()
    alice = stage.people[ALICE]
    stage.act(ALICE, "founds a group with Bob, Carol and Dave")
    await alice.do("found", name="friends", members=[stage.keys[name] for name in NAMES[1:]])
    await alice.until("founded")
    for name in NAMES[1:]:
        await stage.people[name].until("in group")
    await settle(stage)


async def settle(stage: Stage) -> None:
    """Whoever joins has new keys soon after; waits until all have the same for half a second."""
    same, since = set(), 0
    while True:
        asked = burrow.now_us()
        for actor in stage.people.values():
            await actor.do("epoch")
        epochs = {(await actor.until("at epoch", after_us=asked))["epoch"] for actor in stage.people.values()}
        if epochs != same or len(epochs) > 1:
            same, since = epochs, asked
        elif asked - since > 500_000:
            return
        await asyncio.sleep(0.05)


async def join(stage: Stage, marks: Marks, name: str, how: str = "accept") -> None:
    await stage.people[name].do(how)
    asked = await stage.people[name].until("accepting")
    marks.asked[name] = asked["at_us"]


async def see_each_other(stage: Stage, names: list[str]) -> None:
    for name in names:
        for other in names:
            if other != name:
                await stage.people[name].until("seen", who=other)


async def run(stage: Stage, calm: float) -> Marks:
    """Plays it; ``calm`` seconds in the middle nothing happens but talk."""
    marks, people = Marks(), stage.people
    ghost = await prepare_copy(stage)
    await found_group(stage)

    stage.act(ALICE, "starts a video call")
    await join(stage, marks, ALICE, "start")
    await people[ALICE].until("offered")
    for name in NAMES[1:]:
        await people[name].until("ringing", caller=ALICE)
    for name in (BOB, CAROL):
        stage.act(name, "accepts")
        await join(stage, marks, name)
    marks.call_id = (await people[ALICE].until("active"))["call_id"]
    await see_each_other(stage, [ALICE, BOB, CAROL])
    await asyncio.sleep(3)

    stage.act(DAVE, "comes late")
    await join(stage, marks, DAVE)
    await see_each_other(stage, NAMES)
    # Until the sound of who came has settled.
    await asyncio.sleep(3)
    begin = stage.act("all", "talk")
    await asyncio.sleep(calm)

    marks.calm = (begin, stage.act(BOB, "is muted"))
    await people[BOB].do("mute", muted=True)
    marks.muted = (BOB, (await people[BOB].until("muting"))["at_us"])
    await asyncio.sleep(2)
    marks.unmuted_us = stage.act(BOB, "can be heard again")
    await people[BOB].do("mute", muted=False)
    await asyncio.sleep(2)

    if stage.line is not None:
        await lose_network(stage, stage.line, marks)

    marks.left = (BOB, stage.act(BOB, "leaves"))
    await people[BOB].do("leave")
    await people[BOB].until("ended")
    await asyncio.sleep(1)

    await haunt(stage, ghost, marks.call_id)
    marks.removed = (DAVE, stage.act(ALICE, "removes Dave from the group"))
    await people[ALICE].do("remove", key=stage.keys[DAVE])
    marks.removed_us = (await people[ALICE].until("removed member"))["at_us"]
    await people[DAVE].until("removed")
    await asyncio.sleep(3)
    await ghost.do("report")
    await ghost.until("reported")

    marks.ended_us = stage.act(ALICE, "ends the call for all")
    await people[ALICE].do("end")
    await people[ALICE].until("ended")
    await asyncio.sleep(1)
    stage.act("all", "are done")
    for actor in people.values():
        await actor.do("report")
        await actor.until("reported")
    return marks


async def lose_network(stage: Stage, line: Line, marks: Marks) -> None:
    carol = stage.people[CAROL]
    lost = stage.act(CAROL, "loses the network")
    line.cut(carol.process)
    await asyncio.sleep(3)
    back = stage.act(CAROL, "has a network again, another one")
    line.mend()
    await carol.do("network")
    marks.lost = (CAROL, lost, back)
    await carol.until("seen again", after_us=back)
    await asyncio.sleep(2)


async def prepare_copy(stage: Stage) -> Actor:
    """Started early, so that it is there when it is needed."""
    storage = str(stage.folder / "copy.burrow")
    ghost = await stage.person(GHOST, "--role", DAVE, "--offline", "--storage", storage)
    await ghost.until("waiting")
    return ghost


async def haunt(stage: Stage, ghost: Actor, call_id: str) -> None:
    """Dave's keys on a machine that never hears that he was removed: it sees until the keys change."""
    for file in stage.folder.glob(f"{DAVE}.burrow*"):
        shutil.copy(file, stage.folder / file.name.replace(DAVE, "copy"))
    await ghost.do("open")
    await ghost.until("ready")
    await ghost.do("cast", keys=stage.keys)
    await ghost.do("lurk", call_id=call_id)
    for name in (ALICE, CAROL):
        await ghost.until("seen", PATIENCE, who=name)
    await asyncio.sleep(1)
