"""Planned lives of groups in which our members and those of mls-rs are together."""

from __future__ import annotations

from parties import MLSRS, Group, Ours, Party, check, refused
from register import case


def live(founder: Party, guest: Party) -> None:
    """Join, both update, both write, a message in each epoch."""
    group = Group(founder)
    group.add(founder, guest)
    group.agree()
    group.everybody_says()
    for author in (founder, guest, founder, founder, guest, guest):
        group.commit(author)
        group.agree()
        group.everybody_says()


@case("mls-rs founds, we join, both update")
def theirs_founds() -> None:
    live(MLSRS("theirs"), Ours("ours"))


@case("we found, mls-rs joins, both update")
def ours_founds() -> None:
    live(Ours("ours"), MLSRS("theirs"))


@case("we found with handshakes in the clear, mls-rs joins, both update")
def ours_founds_in_the_clear() -> None:
    live(Ours("ours", public=True), MLSRS("theirs"))


def mixed(public: bool = False) -> tuple[Group, list[Ours], list[MLSRS]]:
    """Two of each in one group, each kind having let in one of the other."""
    ours = [Ours(f"ours{number}", public=public) for number in range(2)]
    theirs = [MLSRS(f"theirs{number}") for number in range(2)]
    group = Group(ours[0])
    group.add(ours[0], theirs[0])
    group.add(theirs[0], ours[1])
    group.add(ours[1], theirs[1])
    group.agree()
    group.everybody_says()
    return group, ours, theirs


@case("each removes one of the other kind, who reads nothing more and comes back")
def removal() -> None:
    group, ours, theirs = mixed()
    for author, gone in ((ours[0], theirs[1]), (theirs[0], ours[1])):
        group.remove(author, gone)
        group.agree()
        group.everybody_says()
    for author, back in ((theirs[0], ours[1]), (ours[0], theirs[1])):
        group.add(author, back)
        group.agree()
        group.everybody_says()


@case("proposals of one kind committed by the other")
def proposals() -> None:
    for public in (False, True):
        group, ours, theirs = mixed(public)
        group.deliver(ours[0].ask("propose", what="update")["bytes"], ours[0], "proposal")
        group.deliver(ours[1].ask("propose", what="update")["bytes"], ours[1], "proposal")
        group.commit(theirs[0])
        group.agree()
        group.everybody_says()

        newcomers = [Ours("ours9"), MLSRS("theirs9")]
        for author, newcomer in ((theirs[0], newcomers[0]), (ours[1], newcomers[1])):
            packages = [newcomer.key_package()]
            for message in author.ask("propose", what="add", key_packages=packages)["bytes"]:
                group.deliver(message, author, "proposal")
        welcome = group.commit(ours[0])["welcome"]
        for newcomer in newcomers:
            newcomer.join(welcome)
            group.members.append(newcomer)
        group.agree()
        group.everybody_says()

        for message in theirs[0].ask("propose", what="remove", name=ours[1].name)["bytes"]:
            group.deliver(message, theirs[0], "proposal")
        group.deliver(ours[0].ask("propose", what="update")["bytes"], ours[0], "proposal")
        group.commit(theirs[1], ours[1])
        group.agree()
        leaf = ours[0].leaf(theirs[0].name)
        group.deliver(ours[0].ask("propose", what="remove", leaf=leaf)["bytes"], ours[0], "proposal")
        group.commit(theirs[1], theirs[0])
        group.agree()
        group.everybody_says()
        for party in (*ours, *theirs, *newcomers):
            party.process.close()


@case("we come in by an external commit")
def external_commit() -> None:
    group, ours, theirs = mixed()
    info = ours[0].ask("group_info")["bytes"]
    newcomer = Ours("ours9")
    commit = newcomer.ask("join_outside", group_info=info)["commit"]
    group.deliver(commit, newcomer, "commit")
    group.members.append(newcomer)
    group.agree()
    group.everybody_says()
    group.commit(theirs[1])
    group.agree()


@case("messages late, in any order and twice")
def disorder() -> None:
    group, ours, theirs = mixed()
    for sender, receiver in ((theirs[0], ours[0]), (ours[0], theirs[0])):
        messages = [sender.seal(f"message {number}") for number in range(20)]
        for number in (19, 0, 7, 18, 3, *range(8, 18)):
            reply = receiver.receive(messages[number], sender)
            check(reply["data"] == f"message {number}".encode().hex(), f"message {number}: {reply}")
            refused(receiver, messages[number], sender)
        refused(receiver, messages[19][:-2] + "00", sender)
    late = theirs[0].seal("from the epoch before")
    group.commit(ours[1])
    check(ours[0].receive(late, theirs[0])["kind"] == "application", "message of the last epoch")
    late = ours[0].seal("from the epoch before")
    group.commit(theirs[1])
    check(theirs[0].receive(late, ours[0])["kind"] == "application", "message of the last epoch")
    group.agree()


@case("two commits of one epoch, and each kind loses once")
def race() -> None:
    group, ours, theirs = mixed()
    for winner, loser in ((theirs[0], ours[0]), (ours[0], theirs[0])):
        lost = loser.ask("commit")["commit"]
        won = winner.ask("commit")["commit"]
        group.deliver(won, winner, "commit")
        winner.ask("merge")
        if isinstance(loser, Ours):
            loser.ask("discard")
        for member in group.others(loser):
            refused(member, lost, loser)
        group.agree()
        group.commit(loser)
        group.agree()
        group.everybody_says()


@case("commits without a path, and a tree with holes that grows and shrinks")
def holes() -> None:
    founder, other = Ours("ours0"), MLSRS("theirs0")
    group = Group(founder)
    group.add(founder, other)
    crowd: list[Party] = []
    for number in range(4):
        pair = [Ours(f"ours{number + 1}", grease=number % 2 == 0), MLSRS(f"theirs{number + 1}")]
        packages = [party.key_package() for party in pair]
        if number % 2 == 0:
            welcome = group.commit(founder, key_packages=packages, path=False)["welcome"]
        else:
            welcome = group.commit(other, key_packages=packages)["welcome"]
        for party in pair:
            party.join(welcome)
            group.members.append(party)
        crowd += pair
        group.agree()
    group.everybody_says()
    for number, gone in enumerate((crowd[0], crowd[3], crowd[4], crowd[7], crowd[6])):
        group.remove((founder, other)[number % 2], gone)
        group.agree()
        group.commit(group.members[number % len(group.members)])
        group.agree()
    for number in range(2):
        newcomer = (Ours, MLSRS)[number](f"newcomer{number}")
        group.add(group.members[-1], newcomer)
        group.agree()
    group.everybody_says()
