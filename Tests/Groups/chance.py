"""Three members of ours and three of MDK in one group, doing things at random and at the same time.

In each round some members change the group in the same epoch, and others write; everything reaches everybody in an order
of its own. One commit of the round has to win for all, everybody has to read everything, and nobody may disagree.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from cases import change, people
from members import Any_, Failure, Json, Ours, Refused, Theirs, agree, check


@dataclass
class Round:
    """What happens in one epoch."""

    commits: list[tuple[Any_, Json, Json]] = field(default_factory=list)
    messages: list[tuple[Any_, Json, str]] = field(default_factory=list)
    #: What came late, to whom.
    late: list[tuple[Any_, str]] = field(default_factory=list)
    #: Asked to be removed.
    leaver: Any_ | None = None


class Life:
    def __init__(self, members: list[Any_], seed: int) -> None:
        self.dice = random.Random(seed)
        self.inside = list(members)
        self.outside: list[Any_] = []
        self.left: list[Any_] = []
        #: Messages on their way: for how many rounds still, to whom, and what.
        self.late: list[tuple[int, Any_, Json, str]] = []
        self.operations = 0
        self.races = 0
        self.log: list[str] = []
        founder = members[3]
        others = [member for member in members if member is not founder]
        second = members[0]
        self.gid, welcomes = founder.create(
            [member.key_package() for member in others], name="chance", admins=[founder.key, second.key]
        )
        for member, welcome in zip(others, welcomes, strict=True):
            member.join(welcome)
        agree(self.gid, self.inside)

    def is_admin(self, member: Any_) -> bool:
        return member.key in self.inside[0].group(self.gid)["admins"]

    def change(self, author: Any_) -> tuple[str, dict[str, object]]:
        """Something that this member may change."""
        if not self.is_admin(author):
            return "self_update", {}
        admins = self.inside[0].group(self.gid)["admins"]
        choices = ["self_update", "update", "update"]
        plain = [member for member in self.inside if member.key not in admins]
        if len(self.inside) > 3 and plain:
            choices.append("remove")
        if self.outside:
            choices += ["add"] * 3
        op = self.dice.choice(choices)
        if op == "update":
            if plain and self.dice.random() < 0.2 and len(admins) < 3:
                return op, {"admins": [*admins, self.dice.choice(plain).key]}
            return op, {"name": f"name {self.dice.randrange(10**6)}"}
        if op == "remove":
            return op, {"pubkeys": [self.dice.choice(plain).key]}
        if op == "add":
            return op, {"members": [self.dice.choice(self.outside).key_package()]}
        return op, {}

    def begin(self) -> Round:
        now = Round()
        for member in self.inside:
            member.out.clear()
            member.inbox.clear()
            if isinstance(member, Ours):
                member.welcomes.clear()
                if self.dice.random() < 0.15:
                    member.ask("restart")
                    member.out.clear()
                member.ask("group", gid=self.gid, clock=self.dice.choice([-3, -1, 0, 0, 1, 3]))
        leavers = [member for member in self.inside if not self.is_admin(member)]
        if leavers and len(self.inside) > 4 and self.dice.random() < 0.15:
            now.leaver = self.dice.choice(leavers)
        else:
            for author in self.dice.sample(self.inside, self.dice.choice([0, 1, 1, 2, 2, 3])):
                op, more = self.change(author)
                event = author.change(op, self.gid, **more)
                welcomes = author.last_welcomes if isinstance(author, Theirs) else []
                fate = ""
                if isinstance(author, Ours):
                    fate = self.dice.choice(["", "", "", "", "lost", "unconfirmed"])
                self.log.append(f"{author.name} {op} {fate}".rstrip())
                if isinstance(author, Ours) and fate == "lost":
                    author.failed(event)
                    self.operations += 1
                    continue
                now.commits.append((author, event, {"op": op, "more": more, "welcomes": welcomes, "fate": fate}))
        writers = self.dice.sample(self.inside, self.dice.choice([0, 1, 2, 3]))
        for author in writers:
            text = f"text {self.dice.randrange(10**9)}"
            now.messages.append((author, author.send(self.gid, text), text))
        self.operations += len(now.commits) + len(now.messages) + (now.leaver is not None)
        return now

    def leave(self, now: Round) -> None:
        """Asks first, so that everybody who takes it up does so in the same epoch."""
        who = now.leaver
        assert who is not None
        self.log.append(f"{who.name} leaves")
        if isinstance(who, Ours):
            who.ask("leave", gid=self.gid)
            proposal = who.out[-1]
        else:
            proposal = who.change("leave", self.gid)
        for member in self.inside:
            member.out.clear()
        for member in self.inside:
            if member is who:
                continue
            member.receive(proposal)
            if isinstance(member, Ours):
                member.ask("timer")
            for event in member.out:
                now.commits.append((member, event, {"op": "takes it up", "more": {"pubkeys": [who.key]}, "welcomes": []}))

    @staticmethod
    def rank(entry: tuple[Any_, Json, Json]) -> tuple[int, str]:
        return entry[1]["created_at"], entry[1]["id"]

    def deliver(self, now: Round) -> None:
        for member in self.inside:
            items: list[tuple[tuple[int, str], Callable[[], object]]] = []
            for entry in now.commits:
                author, event, details = entry
                act = author.accepted if author is member else member.receive
                if author is member and isinstance(author, Ours) and details.get("fate") == "unconfirmed":
                    author.failed(event)
                    act = author.receive
                items.append((self.rank(entry), lambda act=act, event=event: act(event)))
            for author, event, text in now.messages:
                if author is member:
                    continue
                if self.dice.random() < 0.2:
                    self.late.append((self.dice.randrange(1, 4), member, event, text))
                else:
                    items.append(((0, ""), lambda event=event: member.receive(event)))
            waiting = [entry for entry in self.late if entry[1] is member]
            for entry in waiting:
                if entry[0] == 0:
                    items.append(((0, ""), lambda event=entry[2]: member.receive(event)))
                    now.late.append((member, entry[3]))
            self.dice.shuffle(items)
            threatened = any(member.key in entry[2]["more"].get("pubkeys", []) for entry in now.commits)
            if threatened and not member.is_ours:
                # Once MDK believes that it is out it does not look back.
                items.sort(key=lambda item: item[0])
            for _, act in items:
                try:
                    act()
                except Refused as refusal:
                    if not (threatened and not member.is_ours):
                        raise Failure(str(refusal)) from refusal

    def step(self) -> None:
        before = self.inside[0].group(self.gid)["epoch"]
        self.late = [(rounds - 1, *rest) for rounds, *rest in self.late if rounds > 0]
        now = self.begin()
        if now.leaver is not None:
            self.leave(now)
        self.deliver(now)
        gone: list[str] = []
        if now.commits:
            self.races += len(now.commits) > 1
            author, event, details = min(now.commits, key=self.rank)
            self.log.append(f"{author.name}'s {details['op']} wins of {len(now.commits)}")
            gone = details["more"].get("pubkeys", [])
            if details["op"] == "add":
                welcomes = details["welcomes"]
                if isinstance(author, Ours):
                    welcomes = [entry["rumor"] for entry in author.welcomes]
                check(len(welcomes) == 1, f"{len(welcomes)} invitations")
                key = details["more"]["members"][0]["pubkey"]
                guest = next(member for member in self.outside if member.key == key)
                guest.join(welcomes[0])
                self.outside.remove(guest)
                self.inside.append(guest)
                self.operations += 1
                if guest in self.left:
                    # MDK still has its own proposal to leave, and says nothing before another commit.
                    self.left.remove(guest)
                    change(self.gid, self.inside, self.inside[0], "self_update")
                    before += 1
        for member in [member for member in self.inside if member.key in gone]:
            check(member.group(self.gid)["state"] == "inactive", f"{member.name} is still in")
            self.inside.remove(member)
            self.outside.append(member)
            if member is now.leaver and not member.is_ours:
                self.left.append(member)
        after = self.inside[0].group(self.gid)["epoch"]
        check(after == before + bool(now.commits), f"epoch {after} after {before} and {len(now.commits)} commits")
        agree(self.gid, self.inside)
        # What was on its way to somebody who is out, or was out since, is nobody's any more.
        self.late = [entry for entry in self.late if entry[1].key not in gone and not self.is_new(entry[1], now)]
        late = {(member.name, text) for _, member, _, text in self.late}
        for author, _, text in now.messages:
            for member in self.inside:
                if member is author or self.is_new(member, now) or (member.name, text) in late:
                    continue
                check(text in member.inbox, f"{member.name} did not get {author.name}'s {text!r}")
        for member, text in now.late:
            if member in self.inside:
                check(text in member.inbox, f"{member.name} did not get {text!r}, which was late")

    def is_new(self, member: Any_, now: Round) -> bool:
        return any(
            any(package["pubkey"] == member.key for package in entry[2]["more"].get("members", [])) for entry in now.commits
        )


def run(options: argparse.Namespace) -> None:
    with people(3, 3) as members:
        life = Life(members, options.seed)
        try:
            while life.operations < options.operations:
                life.step()
        except Exception:
            print(f"  seed {options.seed}, after {life.operations} operations; last: {'; '.join(life.log[-12:])}")
            raise
        print(f"  {life.operations} operations, {life.races} races, seed {options.seed}")
