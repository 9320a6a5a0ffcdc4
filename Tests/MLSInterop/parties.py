"""Members of one MLS group, ours and others', each in a process of its own, behind the same calls."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "Tests" / "Groups"))

from members import Failure, Json, Missing, Process, Refused, check  # noqa: E402

__all__ = ["Failure", "Json", "Missing", "Refused", "check"]  # for the cases
LABEL = b"agreement"


@cache
def our_program() -> Path:
    """The program in Tests/MLSPeer: BURROW_MLS_PEER, or the newest that was built."""
    chosen = os.environ.get("BURROW_MLS_PEER")
    if chosen:
        return Path(chosen)
    places = [ROOT / ".build" / kind / "burrow-mls-peer" for kind in ("release", "debug")]
    found = [place for place in places if place.exists()]
    if not found:
        raise Missing("burrow-mls-peer is not built")
    return max(found, key=lambda place: place.stat().st_mtime)


@cache
def interpreter(module: str, what: str) -> Path:
    """The interpreter that has a peer: BURROW_MLS_PYTHON, or the one that scripts/bootstrap.sh prepares."""
    python = Path(os.environ.get("BURROW_MLS_PYTHON", ROOT / ".venv-mls" / "bin" / "python"))
    if not python.exists():
        raise Missing(f"{what}: there is no .venv-mls, run scripts/bootstrap.sh")
    answer = subprocess.run([python, "-c", f"import {module}"], capture_output=True, text=True, timeout=60)
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines() or ["?"]
        raise Missing(f"{what}: cannot be loaded ({lines[-1]})")
    return python


class Party:
    """What all kinds have."""

    def __init__(self, name: str, command: list[str], **more: Any) -> None:
        self.name = name
        self.process = Process(name, command)
        present.append(self)
        self.ask("hello", name=name, **more)

    def ask(self, op: str, **more: Any) -> Json:
        return self.process.ask(op, **more)

    def key_package(self) -> str:
        return self.ask("key_package")["bytes"]

    def create(self, group_id: str) -> None:
        self.ask("create", group_id=group_id)

    def join(self, welcome: str) -> None:
        self.ask("join", welcome=welcome)

    def receive(self, message: str, sender: Party) -> Json:
        return self.ask("process", bytes=message, **{"from": sender.name})

    def seal(self, text: str) -> str:
        return self.ask("seal", data=text.encode().hex())["bytes"]

    def exported(self, label: bytes = LABEL, context: bytes = b"", length: int = 32) -> str:
        return self.ask("export", label=label.hex(), context=context.hex(), length=length)["bytes"]


class Ours(Party):
    def __init__(self, name: str, **more: Any) -> None:
        super().__init__(name, [str(our_program())], **more)

    def state(self) -> Json:
        return self.ask("state")

    def leaf(self, name: str) -> int:
        """The leaf of a member."""
        for member in self.state()["members"]:
            if member["name"] == name:
                return member["leaf"]
        raise Failure(f"{self.name}: knows no {name}")

    def removal(self, who: Party) -> Json:
        return {"remove": self.leaf(who.name)}


class MLSRS(Party):
    def __init__(self, name: str) -> None:
        python = interpreter("mls_rs_uniffi", "mls-rs")
        super().__init__(name, [str(python), str(HERE / "peers" / "mls_rs_peer.py")])

    def removal(self, who: Party) -> Json:
        return {"remove": who.name}


class OpenMLS(Party):
    def __init__(self, name: str) -> None:
        python = interpreter("gbp_stack", "OpenMLS")
        super().__init__(name, [str(python), str(HERE / "peers" / "openmls_peer.py")])


def refused(party: Party, message: str, sender: Party) -> None:
    try:
        reply = party.receive(message, sender)
    except Refused:
        return
    check(False, f"{party.name} took what it should not: {reply}")


#: Members of the case that runs, for the report of a failure.
present: list[Party] = []


@contextmanager
def everybody_leaves() -> Iterator[None]:
    """Ends the processes of a case."""
    present.clear()
    try:
        yield
    finally:
        for party in present:
            party.process.close()


class Group:
    """Those who are in a group now, and the messages between them."""

    def __init__(self, founder: Party, group_id: str = "00112233445566778899aabbccddeeff") -> None:
        self.members: list[Party] = [founder]
        founder.create(group_id)

    def others(self, *without: Party) -> list[Party]:
        return [member for member in self.members if member not in without]

    def deliver(self, message: str, sender: Party, kind: str, gone: Party | None = None) -> None:
        """Everybody but the sender takes a message for what it is; for one it may be the end."""
        for member in self.others(sender):
            wanted = "removed" if member is gone else kind
            found = member.receive(message, sender)["kind"]
            check(found == wanted, f"{member.name} took it for {found} instead of {wanted}")

    def commit(self, author: Party, gone: Party | None = None, **request: Any) -> Json:
        """A commit of one that all others take, also one who is removed by it."""
        result = author.ask("commit", **request)
        self.deliver(result["commit"], author, "commit", gone)
        author.ask("merge")
        if gone:
            self.members.remove(gone)
            refused(gone, self.members[0].seal("not for everybody"), self.members[0])
        return result

    def add(self, author: Party, *who: Party) -> None:
        result = self.commit(author, key_packages=[party.key_package() for party in who])
        for party in who:
            party.join(result["welcome"])
            self.members.append(party)

    def remove(self, author: Any, who: Party) -> None:
        self.commit(author, who, **author.removal(who))

    def say(self, sender: Party, text: str) -> None:
        """A message that everybody reads."""
        message = sender.seal(text)
        for member in self.others(sender):
            reply = member.receive(message, sender)
            check(reply.get("data") == text.encode().hex(), f"{member.name} did not read {text!r}: {reply}")

    def everybody_says(self) -> None:
        for member in self.members:
            self.say(member, f"{member.name} is here")

    def agree(self) -> None:
        """Everybody exports the same, of several lengths."""
        for label, context, length in ((LABEL, b"", 32), (b"SFrame 1.0 Base Key", b"\x01\x02", 16), (b"", b"", 100)):
            found = {member.name: member.exported(label, context, length) for member in self.members}
            check(len(set(found.values())) == 1, f"exports differ: {found}")
