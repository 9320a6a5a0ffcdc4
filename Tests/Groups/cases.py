"""Planned lives of groups in which our members and MDK's are together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from members import Any_, Failure, Json, Ours, Refused, Theirs, agree, check

Case = Callable[[], None]
registry: list[tuple[str, Case]] = []


def case(name: str) -> Callable[[Case], Case]:
    def add(function: Case) -> Case:
        registry.append((name, function))
        return function

    return add


#: Members of the case that runs, for the report of a failure.
present: list[Any_] = []


@contextmanager
def people(ours: int, theirs: int) -> Iterator[list[Any_]]:
    present.clear()
    try:
        for number in range(ours):
            present.append(Ours(f"ours{number}"))
        for number in range(theirs):
            present.append(Theirs(f"mdk{number}"))
        yield list(present)
    finally:
        for member in present:
            member.close()


def deliver(event: Json, members: list[Any_], sender: Any_) -> None:
    """A relay takes an event: its sender learns that, everybody else gets it."""
    sender.accepted(event)
    for member in members:
        if member is not sender:
            member.receive(event)


def say(gid: str, members: list[Any_], sender: Any_, text: str, **more: object) -> None:
    """A message reaches everybody."""
    event = sender.send(gid, text, **more)
    sender.out.clear()
    for member in members:
        if member is sender:
            continue
        member.receive(event)
        check(member.inbox[-1:] == [text], f"{member.name} did not get {text!r}: {member.inbox[-3:]}")


def everybody_says(gid: str, members: list[Any_]) -> None:
    for member in members:
        say(gid, members, member, f"{member.name} at {time.monotonic()}")


def change(gid: str, everybody: list[Any_], author: Any_, op: str, /, **more: object) -> list[Json]:
    """A commit of one that all others take; answers the invitations that came with it."""
    event = author.change(op, gid, **more)
    author.out.clear()
    if isinstance(author, Ours):
        author.welcomes.clear()
    deliver(event, everybody, author)
    if isinstance(author, Ours):
        for extra in author.out:
            for member in everybody:
                if member is not author:
                    member.receive(extra)
        author.out.clear()
        return [entry["rumor"] for entry in author.welcomes]
    return author.last_welcomes


def leave(gid: str, members: list[Any_], who: Any_) -> None:
    """Somebody leaves; the first who can takes it up, the others follow."""
    if isinstance(who, Ours):
        who.ask("leave", gid=gid)
        proposal = who.out.pop()
    else:
        proposal = who.change("leave", gid)
        who.out.clear()
    stay = [member for member in members if member is not who]
    for member in stay:
        member.receive(proposal)
        if isinstance(member, Ours):
            member.ask("timer")
    commits = [(event["created_at"], event["id"], member, event) for member in stay for event in member.out]
    check(commits, "nobody took up the leave")
    for member in stay:
        member.out.clear()
    commits.sort(key=lambda entry: entry[:2])
    # All of them are on the relays, and everybody sees all of them.
    for _, _, author, event in commits:
        author.accepted(event)
    for _, _, author, event in commits:
        for member in members:
            if member is not author and not (member is who and is_out(gid, who)):
                member.receive(event)


def is_out(gid: str, member: Any_) -> bool:
    return member.group(gid)["state"] == "inactive"


@case("mdk founds and we join")
def mdk_founds() -> None:
    with people(1, 1) as (us, mdk):
        gid, welcomes = mdk.create([us.key_package()], name="theirs", description="of MDK")
        # Through a real gift wrap once.
        wrapped = mdk.ask("wrap", rumor=welcomes[0], to=us.key)["event"]
        reply = us.ask("welcome", event=wrapped)
        check(reply.get("gid") == gid, f"not joined: {reply}")
        both = [us, mdk]
        agree(gid, both)
        everybody_says(gid, both)
        change(gid, both, us, "self_update")
        agree(gid, both)
        change(gid, both, mdk, "self_update")
        agree(gid, both)
        everybody_says(gid, both)
        try:
            us.ask("update", gid=gid, name="not mine to say")
            raise Failure("a member who is no admin renames the group")
        except Refused:
            pass
        change(gid, both, mdk, "update", name="renamed", relays=["wss://a.example", "wss://b.example"])
        agree(gid, both)
        say(gid, both, us, "with kind 25050", kind=25050, expiration=int(time.time()) + 600)
        say(gid, both, mdk, "with kind 25050", kind=25050, expiration=int(time.time()) + 600)
        leave(gid, both, us)
        check(is_out(gid, us), "we left and are still in")
        check(mdk.group(gid)["members"] == [mdk.key], "MDK still has us")


@case("mdk founds with our older key package")
def mdk_founds_with_old() -> None:
    with people(1, 1) as (us, mdk):
        gid, welcomes = mdk.create([us.key_package(443)], name="old")
        check(us.join(welcomes[0]) == gid, "not joined")
        agree(gid, [us, mdk])
        everybody_says(gid, [us, mdk])


@case("we found and mdk joins")
def we_found() -> None:
    with people(1, 3) as (us, first, second, third):
        gid, welcomes = us.create([first.key_package()], name="ours", description="of us")
        check(first.join(welcomes[0]) == gid, "MDK joined another group")
        members = [us, first]
        agree(gid, members)
        everybody_says(gid, members)
        change(gid, members, first, "self_update")
        agree(gid, members)
        # Also with the kind of older clients.
        welcomes = change(gid, members, us, "add", members=[second.key_package(443), third.key_package()])
        check(len(welcomes) == 2, "not two invitations")
        second.join(welcomes[0])
        third.join(welcomes[1])
        members += [second, third]
        agree(gid, members)
        everybody_says(gid, members)
        change(gid, members, us, "update", name="renamed", description="and described", rotate=True)
        agree(gid, members)
        everybody_says(gid, members)
        change(gid, members, us, "update", admins=[us.key, first.key])
        agree(gid, members)
        change(gid, members, first, "update", name="by the second admin")
        agree(gid, members)
        change(gid, members, us, "remove", pubkeys=[third.key])
        check(is_out(gid, third), "the removed one is still in")
        members.remove(third)
        agree(gid, members)
        # An admin who is removed is none any more.
        change(gid, members, us, "remove", pubkeys=[first.key])
        check(is_out(gid, first), "the removed admin is still in")
        members.remove(first)
        agree(gid, members)
        check(us.group(gid)["admins"] == [us.key], "the removed one is still admin")
        leave(gid, members, second)
        check(is_out(gid, second), "MDK left and is still in")
        check(us.group(gid)["members"] == [us.key], "somebody else is still in")


@case("one leaves and comes back")
def leave_and_return() -> None:
    with people(2, 2) as (us, other, mdk, last):
        gid, welcomes = mdk.create([us.key_package(), other.key_package(), last.key_package()], name="door")
        for member, welcome in zip((us, other, last), welcomes, strict=True):
            member.join(welcome)
        members = [us, other, mdk, last]
        agree(gid, members)
        for who in (us, last):
            leave(gid, members, who)
            check(is_out(gid, who), f"{who.name} left and is still in")
            stay = [member for member in members if member is not who]
            agree(gid, stay)
            everybody_says(gid, stay)
            welcomes = change(gid, stay, mdk, "add", members=[who.key_package()])
            who.join(welcomes[0])
            # MDK still has its own proposal to leave, and says nothing before another commit.
            change(gid, members, mdk, "self_update")
            agree(gid, members)
            everybody_says(gid, members)


@case("admins step down and leave")
def step_down() -> None:
    with people(2, 1) as (us, other, mdk):
        gid, welcomes = us.create([other.key_package(), mdk.key_package()], name="roles", admins=[mdk.key])
        other.join(welcomes[0])
        mdk.join(welcomes[1])
        members = [us, other, mdk]
        agree(gid, members)
        try:
            us.ask("leave", gid=gid)
            raise Failure("an admin leaves")
        except Refused:
            pass
        change(gid, members, us, "self_demote")
        agree(gid, members)
        leave(gid, members, us)
        check(is_out(gid, us), "still in")
        members.remove(us)
        agree(gid, members)
        everybody_says(gid, members)
        try:
            mdk.change("self_demote", gid)
            raise Failure("the last admin steps down")
        except Refused:
            pass


@case("several devices of one person")
def devices() -> None:
    # One program is one device, so both devices of one person are MDK's view of two of our key packages.
    with people(2, 1) as (us, other, mdk):
        first, second = us.key_package(), us.key_package()
        gid, welcomes = mdk.create([first, other.key_package()], name="devices")
        us.join(welcomes[0])
        other.join(welcomes[1])
        members = [us, other, mdk]
        change(gid, members, mdk, "add", members=[second])
        agree(gid, members)
        check(us.group(gid)["leaves"] == 4, "not four leaves")
        check(len(us.group(gid)["members"]) == 3, "a device counts as a member")
        # All devices of a person go at once.
        change(gid, members, mdk, "remove", pubkeys=[us.key])
        check(is_out(gid, us), "still in")
        check(other.group(gid)["leaves"] == 2, "a device stayed")
        members.remove(us)
        agree(gid, members)


@case("we choose MoQ relays")
def media_relays() -> None:
    with people(2, 1) as (us, other, mdk):
        gid, welcomes = us.create([other.key_package()], name="media")
        other.join(welcomes[0])
        relays = ["moqt://media.example:4443", "https://other.example/moq"]
        us.ask("media_relays", gid=gid, urls=relays)
        other.receive(us.out.pop())
        check(other.group(gid)["media_relays"] == us.group(gid)["media_relays"], "relays did not arrive")
        check(len(other.group(gid)["media_relays"]) == 2, "not both relays")
        # Repeated after somebody came.
        members = [us, other]
        event = us.change("add", gid, members=[mdk.key_package()])
        us.out.clear()
        us.welcomes.clear()
        us.accepted(event)
        other.receive(event)
        mdk.join(us.welcomes[0]["rumor"])
        check(len(us.out) == 1, "the choice was not repeated")
        reply = mdk.receive(us.out.pop())
        check(reply.get("rumor", {}).get("kind") == 10053, f"MDK reads something else: {reply}")
        members.append(mdk)
        agree(gid, members)


def race(better: str, worse: str, ours_first: bool) -> None:
    """Two commits of one epoch, in both orders, seen by bystanders of both kinds."""
    with people(3, 3) as everybody:
        us, other, bystander, mdk, last, witness = everybody
        packages = [member.key_package() for member in everybody if member is not mdk]
        gid, welcomes = mdk.create(packages, name="race")
        for member, welcome in zip((m for m in everybody if m is not mdk), welcomes, strict=True):
            member.join(welcome)
        agree(gid, everybody)
        authors = {"ours": us, "mdk": last}
        first, second = authors[better], authors[worse]
        if isinstance(first, Ours):
            # A clock that is behind makes the earlier event, whoever is asked first.
            first.ask("group", gid=gid, clock=-5)
            second.ask("group", gid=gid, clock=0) if isinstance(second, Ours) else None
        elif isinstance(second, Ours):
            second.ask("group", gid=gid, clock=5)
        a = first.change("self_update", gid)
        b = second.change("self_update", gid)
        for member in everybody:
            member.out.clear()
        check((a["created_at"], a["id"]) < (b["created_at"], b["id"]), "the order is not what was wanted")
        # Both authors believe that theirs counts, until they see the other.
        first.accepted(a)
        second.accepted(b)
        orders = {bystander.name: (a, b), witness.name: (b, a), other.name: (b, a), mdk.name: (a, b)}
        for member in everybody:
            if member is first:
                member.receive(b)
            elif member is second:
                member.receive(a)
            else:
                for event in orders[member.name]:
                    member.receive(event)
        agree(gid, everybody)
        everybody_says(gid, everybody)


@case("our commit wins over a later one of mdk")
def race_ours_first() -> None:
    race("ours", "mdk", True)


@case("a commit of mdk wins over a later one of ours")
def race_mdk_first() -> None:
    race("mdk", "ours", False)


@case("a commit that no relay took wins after all")
def abandoned() -> None:
    with people(2, 1) as (us, other, mdk):
        gid, welcomes = mdk.create([us.key_package(), other.key_package()], name="lost")
        us.join(welcomes[0])
        other.join(welcomes[1])
        members = [us, other, mdk]
        mine = us.change("self_update", gid)
        us.out.clear()
        us.failed(mine)
        other.ask("group", gid=gid, clock=5)
        later = other.change("self_update", gid)
        other.out.clear()
        deliver(later, members, other)
        agree(gid, members)
        us.ask("restart")
        us.out.clear()
        for member in members:
            member.receive(mine)
        agree(gid, members)
        check(us.group(gid)["epoch"] == 2, "not in the epoch of our commit")
        everybody_says(gid, members)


@case("events in the wrong order, and a restart after each")
def disorder() -> None:
    with people(2, 1) as (us, other, mdk):
        gid, welcomes = mdk.create([us.key_package(), other.key_package()], name="disorder")
        us.join(welcomes[0])
        other.join(welcomes[1])
        events: list[Json] = []
        for number in range(4):
            events.append(mdk.send(gid, f"message {number}"))
            commit = mdk.change("self_update", gid)
            mdk.out.clear()
            deliver(commit, [other, mdk], mdk)
            events.append(commit)
        events.append(mdk.send(gid, "last"))
        # Relays give the newest first.
        for event in reversed(events):
            us.receive(event)
        agree(gid, [us, other, mdk])
        check(sorted(us.inbox) == ["last", "message 0", "message 1", "message 2", "message 3"], f"got {us.inbox}")
        for event in events:
            other.receive(event)
            other.ask("restart")
        check(len(other.inbox) == 5, f"got {other.inbox}")
        agree(gid, [us, other, mdk])
        everybody_says(gid, [us, other, mdk])
