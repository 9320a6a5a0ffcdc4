"""Planned lives of groups in which our members and those of OpenMLS are together, and the frames they protect (RFC 9605).

That stack exports 32 bytes with the epoch as context, numbers keys as leaf << 16 | epoch, and puts metadata in front of the
header where the RFC has it behind, so frames here have none. It takes handshakes only as PrivateMessage, and does not keep
proposals for a commit that names them.
"""

from __future__ import annotations

from parties import Failure, Group, OpenMLS, Ours, Party, Refused, check
from register import case

LABEL = "gbp/sframe v1"


class Call(Group):
    """A group with frames; the first of ours knows who sits where."""

    def __init__(self, founder: Party) -> None:
        self.members = [founder]
        if isinstance(founder, Ours):
            # The length of group ids that the other side can tell us.
            founder.create("00112233445566778899aabbccddeeff")

    def add(self, author: Party, *who: Party) -> None:
        for party in who:
            package = party.ask("key_package")
            request = package.get("bare") if isinstance(author, OpenMLS) else package["bytes"]
            result = self.commit(author, key_packages=[request or package["bytes"]])
            party.join(result["welcome"])
            self.members.append(party)

    def remove(self, author: Party, who: Party) -> None:
        leaf = self.witness.leaf(who.name)
        result = author.ask("commit", remove=leaf)
        for member in self.others(author, who):
            check(member.receive(result["commit"], author)["kind"] == "commit", f"{member.name} took no commit")
        author.ask("merge")
        self.members.remove(who)
        if isinstance(who, Ours):
            check(who.receive(result["commit"], author)["kind"] == "removed", f"{who.name} is not removed")

    @property
    def witness(self) -> Ours:
        for member in self.members:
            if isinstance(member, Ours):
                return member
        raise Failure("none of ours is in the group")

    def base_key(self, member: Ours) -> str:
        epoch = member.state()["epoch"]
        return member.exported(LABEL.encode(), epoch.to_bytes(8, "big"), 32)

    def begin_frames(self, suite: int) -> None:
        self.suite, self.counter = suite, 0
        witness = self.witness
        self.epoch = witness.state()["epoch"]
        for member in self.members:
            if isinstance(member, OpenMLS):
                state = member.ask("state")
                check(state["epoch"] == self.epoch, f"{member.name} is in epoch {state['epoch']}, not {self.epoch}")
                member.ask("frames", suite=suite, label=LABEL, leaf=witness.leaf(member.name))

    def frame(self, sender: Party, data: str) -> str:
        if isinstance(sender, OpenMLS):
            return sender.ask("frame_seal", data=data)["bytes"]
        assert isinstance(sender, Ours)
        key_id = self.witness.leaf(sender.name) << 16 | self.epoch & 0xFFFF
        self.counter += 1
        return sender.ask(
            "frame_seal", base_key=self.base_key(sender), suite=self.suite, kid=key_id, counter=self.counter, data=data
        )["bytes"]

    def opened(self, member: Party, frame: str) -> tuple[str, int]:
        """What is in a frame, and the leaf it says it is from."""
        if isinstance(member, OpenMLS):
            reply = member.ask("frame_open", bytes=frame)
            return reply["data"], reply["leaf"]
        assert isinstance(member, Ours)
        reply = member.ask("frame_open", base_key=self.base_key(member), suite=self.suite, bytes=frame)
        check(reply["kid"] & 0xFFFF == self.epoch & 0xFFFF, f"frame of epoch {reply['kid'] & 0xFFFF}")
        return reply["data"], reply["kid"] >> 16

    def everybody_shows(self, suite: int = 4) -> None:
        """Frames of everybody that everybody opens: what they export and derive is the same."""
        self.begin_frames(suite)
        for sender in self.members:
            leaf = self.witness.leaf(sender.name)
            for data in ("00", "68656c6c6f", "ab" * 1200):
                frame = self.frame(sender, data)
                for member in self.others(sender):
                    check(self.opened(member, frame) == (data, leaf), f"{member.name} opens {sender.name}'s frame wrongly")


def cannot_open(call: Call, who: Party, frame: str) -> None:
    try:
        call.opened(who, frame)
    except Refused:
        return
    check(False, f"{who.name} opened a frame it should not")


@case("OpenMLS founds, we join: frames of both, in suites 4 and 5")
def theirs_founds() -> None:
    theirs, ours = OpenMLS("theirs"), Ours("ours")
    call = Call(theirs)
    call.add(theirs, ours)
    call.everybody_shows(4)
    call.everybody_shows(5)
    for _ in range(3):
        call.commit(ours)
        call.everybody_shows()


@case("we found, OpenMLS joins: frames after our updates, its restart, and many of them")
def ours_founds() -> None:
    theirs, ours = OpenMLS("theirs"), Ours("ours")
    call = Call(ours)
    call.add(ours, theirs)
    call.everybody_shows()
    for _ in range(3):
        call.commit(ours)
        call.everybody_shows()
    theirs.ask("restart")
    call.commit(ours)
    call.everybody_shows()
    # Counters of one byte and of two.
    for sender, receiver in ((ours, theirs), (theirs, ours)):
        for number in range(300):
            data = number.to_bytes(2, "big").hex()
            check(call.opened(receiver, call.frame(sender, data))[0] == data, f"frame {number} is wrong")
    for sender, receiver in ((ours, theirs), (theirs, ours)):
        frame = call.frame(sender, "aa")
        check(call.opened(receiver, frame)[0] == "aa", "frame does not open")
        frame = call.frame(sender, "bb")
        cannot_open(call, receiver, frame[:-2] + f"{int(frame[-2:], 16) ^ 1:02x}")


@case("two of ours and two of OpenMLS: each adds and removes the other kind, who opens no frame after")
def mixed() -> None:
    ours = [Ours("ours0"), Ours("ours1")]
    theirs = [OpenMLS("theirs0"), OpenMLS("theirs1")]
    call = Call(ours[0])
    call.add(ours[0], theirs[0])
    call.add(theirs[0], ours[1])
    call.add(ours[1], theirs[1])
    call.everybody_shows()
    call.remove(theirs[0], ours[1])
    call.everybody_shows()
    try:
        call.base_key(ours[1])
    except Refused:
        pass
    else:
        check(False, "a removed member of ours still exports")
    frame = call.frame(ours[0], "aa")
    check(call.opened(theirs[1], frame)[0] == "aa", "frame does not open")
    call.remove(ours[0], theirs[1])
    call.everybody_shows()
    cannot_open(call, theirs[1], call.frame(theirs[0], "bb"))
    cannot_open(call, theirs[1], call.frame(ours[0], "bb"))
    # Places that became free are taken again. A member of theirs has one key package in its life.
    for author, newcomer in ((theirs[0], ours[1]), (ours[0], OpenMLS("theirs2"))):
        call.add(author, newcomer)
        call.everybody_shows()
    for author in (ours[1], ours[0]):
        call.commit(author)
        call.everybody_shows()


@case("OpenMLS and ours commit in one epoch, and each loses once")
def race() -> None:
    ours = [Ours("ours0"), Ours("ours1")]
    theirs = [OpenMLS("theirs0"), OpenMLS("theirs1")]
    call = Call(ours[0])
    call.add(ours[0], ours[1], theirs[0])
    call.everybody_shows()
    # Ours comes first.
    package = theirs[1].key_package()
    theirs[0].ask("commit", key_packages=[package])
    won = ours[0].ask("commit")["commit"]
    theirs[0].ask("discard")
    call.deliver(won, ours[0], "commit")
    ours[0].ask("merge")
    call.everybody_shows()
    # Theirs comes first.
    result = theirs[0].ask("commit", key_packages=[package])
    ours[0].ask("commit")
    call.deliver(result["commit"], theirs[0], "commit")
    theirs[0].ask("merge")
    theirs[1].join(result["welcome"])
    call.members.append(theirs[1])
    call.everybody_shows()
