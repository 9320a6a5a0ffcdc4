"""People in a call, each in a process of their own: gathered in a group, asked what they see, and judged at the end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable

from . import environment
from .case import Address, Stage, check
from .process import Event, Failure, Peer

NAMES = [
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi",
    "ivan", "judy", "kim", "leo", "mia", "nora", "oscar", "peggy",
]  # fmt: skip
#: How long anything may take that is not measured.
PATIENCE = 40.0
#: From here on packets and pictures are fewer, so that all processes fit on two processors.
MANY = 8


class Company:
    """People in one group on a Nostr relay of their own, and the MoQ relay they call each other on."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.people: dict[str, Peer] = {}
        self.keys: dict[str, str] = {}
        self.nostr: Peer
        self.nostr_url = ""
        self.home: Address
        self.spare: Address | None = None
        self._number = 0
        self._files: list[str] = []

    @classmethod
    async def gather(
        cls,
        stage: Stage,
        count: int,
        *options: str,
        way: Callable[[Address], Awaitable[str]] | None = None,
        variables: dict[str, dict[str, str]] | None = None,
        spare: bool = False,
    ) -> Company:
        """So many people, the first of whom has founded a group with the others; ``way`` leads to the MoQ relay for all.

        With a spare relay, who calls names that, too.
        """
        self = cls(stage)
        self.nostr, self.nostr_url, _ = await self.start_nostr()
        await self.start_moq()
        where = self.home.address if way is None else await way(self.home)
        self.spare = await self.another_moq() if spare else None
        many = ["--step-ms", "60", "--picture-steps", "3"] if count >= MANY else []
        common = ["--nostr", self.nostr_url, "--moq", f"moqt://{where}", "--fingerprint", self.home.fingerprint]
        common += ["--moq", self.spare.url] if self.spare is not None else []

        names = NAMES[:count]
        for index, name in enumerate(names):
            more = (variables or {}).get(name)
            self.people[name] = await stage.spawn(
                "caller", "burrow", *common, "--index", str(index), *many, *options, name=name, variables=more
            )
        for name in names:
            self.keys[name] = (await self.people[name].wait("ready", PATIENCE))["key"]
        cast = {self.keys[name]: index for index, name in enumerate(names)}
        for peer in self.people.values():
            await do(peer, "cast", keys=cast)
        first = self.people[names[0]]
        # The relay has acknowledged all key packages, and may still have to store them.
        for attempt in range(20):
            await do(first, "found", members=[self.keys[name] for name in names[1:]])
            await first.wait("founded", PATIENCE, where=lambda _, n=attempt: len(first.all("founded")) > n)
            founded = first.all("founded")[-1]
            if founded["status"] != "BURROW_ERR_NOT_FOUND":
                break
            await asyncio.sleep(0.1)
        check(founded["status"] == "BURROW_OK", f"not founded: {founded}")
        await self.settle(count)
        return self

    async def start_nostr(self, *options: str) -> tuple[Peer, str, str]:
        return await self.stage.nostr_relay("--db", str(self.stage.folder / "events"), "--timeout", "150", *options)

    async def kill_nostr(self) -> None:
        self.nostr.kill()
        await self.stage.until_ended(self.nostr)

    async def restart_nostr(self) -> None:
        """It knows all events that it knew."""
        self.nostr, url, _ = await self.start_nostr("--port", self.nostr_url.rsplit(":", 1)[1])
        check(url == self.nostr_url, f"the Nostr relay came back at {url}")

    async def start_moq(self, *options: str) -> None:
        cert, key = environment.make_certificate(self.stage.folder)
        self._files = ["--open", "--cert", str(cert), "--key", str(key)]
        self.home = await self.stage.relay("burrow", *self._files)

    async def another_moq(self, *options: str) -> Address:
        """A MoQ relay with the same certificate."""
        return await self.stage.relay("burrow", *self._files, *options)

    async def kill_moq(self) -> None:
        self.home.peer.kill()
        await self.stage.until_ended(self.home.peer)

    async def restart_moq(self) -> None:
        self.home = await self.another_moq("--bind", self.home.address)

    async def settle(self, count: int) -> None:
        """Who joins has new keys soon after; waits until all have the same for half a second."""
        same: set[tuple[int, int]] = set()
        since = time.monotonic()
        begun = since
        while len(same) != 1 or time.monotonic() - since < 0.5:
            said = {(event["epoch"], event["members"]) for event in await self.ask("epoch", "at epoch")}
            if said != same or said != {(next(iter(said))[0], count)}:
                same, since = said, time.monotonic()
            check(time.monotonic() - begun < 60, f"the group does not settle: {said}")
            await asyncio.sleep(0.05)

    async def ask(self, what: str, answer: str) -> list[Event]:
        """What all answer."""
        before = {name: len(peer.all(answer)) for name, peer in self.people.items()}
        for peer in self.people.values():
            await do(peer, what, id=0)
        for name, peer in self.people.items():
            await peer.wait(answer, PATIENCE, where=lambda _, n=name, p=peer: len(p.all(answer)) > before[n])
        return [peer.all(answer)[-1] for peer in self.people.values()]

    # -- the call ----------------------------------------------------------------------------------------------

    async def call(self, caller: str = "alice") -> None:
        """Somebody calls, everybody accepts, and sees and hears everybody."""
        before = len(self.people[caller].all("offered"))
        await do(self.people[caller], "start")
        await self.people[caller].wait("offered", PATIENCE, where=lambda _: len(self.people[caller].all("offered")) > before)
        offered = self.people[caller].all("offered")[-1]
        check(offered["status"] == "BURROW_OK", f"no offer: {offered}")
        await self.all_there()

    async def report(self, name: str) -> Event:
        self._number += 1
        number = self._number
        await do(self.people[name], "report", id=number)
        return await self.people[name].wait("report", PATIENCE, where=lambda said: said["id"] == number)

    async def reports(self, names: Iterable[str]) -> dict[str, Event]:
        names = list(names)
        return dict(zip(names, await asyncio.gather(*(self.report(name) for name in names)), strict=True))

    async def witness(self, names: Iterable[str] | None = None, patience: float = PATIENCE) -> None:
        """From now on everybody of these sees new pictures of all others and hears their tones."""
        names = list(names or self.people)
        self._number += 1
        number = self._number
        for name in names:
            others = [self.keys[other] for other in names if other != name]
            await do(self.people[name], "witness", id=number, who=others)
        for name in names:
            try:
                await self.people[name].wait("witnessed", patience, where=lambda event: event["id"] == number)
            except Failure as failure:
                raise Failure(f"{failure}: {await self.report(name)}") from None

    async def until(
        self,
        condition: Callable[[dict[str, Event]], object],
        what: str,
        names: Iterable[str] | None = None,
        patience: float = PATIENCE,
    ) -> dict[str, Event]:
        """Waits until what people say of the call is so."""
        begun = time.monotonic()
        while True:
            said = await self.reports(names or self.people)
            if condition(said):
                return said
            check(time.monotonic() - begun < patience, f"{what}: {json.dumps(said)}")
            await asyncio.sleep(0.1)

    async def agreed(self, names: Iterable[str] | None = None, muted: Iterable[str] = (), patience: float = PATIENCE) -> None:
        """All are in the same call, which is active, and know of all others that they are there, and whether they are muted."""
        names = list(names or self.people)
        quiet = {self.keys[name] for name in muted}

        def same(said: dict[str, Event]) -> bool:
            for name, report in said.items():
                others = {self.keys[other] for other in names if other != name}
                there = {key for key, member in report["members"].items() if member["present"] and member["announced"]}
                known = {key for key in there if report["members"][key]["muted"]}
                if report["state"] != "active" or there != others or known != quiet & others:
                    return False
            return len({report["call"] for report in said.values()}) == 1

        await self.until(same, "they do not agree", names, patience)

    async def all_there(self, names: Iterable[str] | None = None, muted: Iterable[str] = (), patience: float = PATIENCE) -> None:
        names = list(names or self.people)
        await self.agreed(names, muted, patience)
        if not muted:
            await self.witness(names, patience)

    async def hang_up(self, names: Iterable[str] | None = None) -> None:
        """The first ends the call, which is then over for all."""
        names = list(names or self.people)
        said = await self.reports(names)
        for name, report in said.items():
            check(report["strange"] == 0, f"{name} saw pictures of somebody else")
            # Keys that are on their way are no fault; everything else that is refused is.
            refused = [event for event in self.people[name].all("protection") if event["status"] != "BURROW_ERR_KEY_MISSING"]
            check(not refused, f"{name}: {refused}")
        call = said[names[0]]["call"]
        await do(self.people[names[0]], "end")
        for name in names:
            event = await self.people[name].wait(
                "call", PATIENCE, where=lambda event: event["id"] == call and event["state"] in ("ended", "failed")
            )
            wanted = "hangup" if name == names[0] else "remote hangup"
            check((event["state"], event["reason"]) == ("ended", wanted), f"{name}: {event}")

    async def go_home(self) -> None:
        """All processes end by themselves, and well."""
        await asyncio.gather(*(peer.stop(10) for peer in self.people.values()))
        for name, peer in self.people.items():
            check(peer.code == 0, f"{name} ended with {peer.code}")


async def do(peer: Peer, what: str, **fields: object) -> None:
    await peer.command(json.dumps({"do": what, **fields}))
