"""Members of groups, ours and MDK's, each in a process of its own, behind the same calls."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Any

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PATIENCE = 120.0


class Missing(Exception):
    """Something that is needed is not there; the cases are skipped with this reason."""


class Refused(Exception):
    """A member said no."""


class Failure(AssertionError):
    """A member did not do what the case wants."""


def check(condition: object, text: str) -> None:
    if not condition:
        raise Failure(text)


@cache
def our_program() -> Path:
    """The program in Tests/MarmotPeer: BURROW_MARMOT_PEER, or the newest that was built."""
    chosen = os.environ.get("BURROW_MARMOT_PEER")
    if chosen:
        return Path(chosen)
    places = [ROOT / ".build" / kind / "burrow-marmot-peer" for kind in ("release", "debug")]
    found = [place for place in places if place.exists()]
    if not found:
        raise Missing("burrow-marmot-peer is not built")
    return max(found, key=lambda place: place.stat().st_mtime)


@cache
def mdk_python() -> Path:
    """The interpreter that has MDK: BURROW_MDK_PYTHON, or the one that scripts/bootstrap.sh prepares."""
    python = Path(os.environ.get("BURROW_MDK_PYTHON", ROOT / ".venv-groups" / "bin" / "python"))
    if not python.exists():
        raise Missing(f"MDK: no interpreter {python.name} in {python.parent.parent.name}, run scripts/bootstrap.sh")
    answer = subprocess.run([python, "-c", "import mdk, nostr_sdk, sqlcipher3"], capture_output=True, text=True, timeout=PATIENCE)
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines() or ["?"]
        raise Missing(f"MDK: cannot be loaded ({lines[-1]})")
    return python


class Process:
    """A program that answers one line of JSON for each it gets."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self.history: list[str] = []
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        self.buffer = b""

    def ask(self, op: str, **more: Any) -> Json:
        request = {"op": op, **{key: value for key, value in more.items() if value is not None}}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        reply = json.loads(self.line(op))
        brief = {key: value for key, value in reply.items() if key not in ("events", "event", "welcomes", "published")}
        self.history.append(f"{op} -> {json.dumps(brief)[:300]}")
        if not reply["ok"]:
            raise Refused(f"{self.name}: {op}: {reply['error']}")
        return reply

    def line(self, op: str) -> bytes:
        assert self.process.stdout is not None
        limit = time.monotonic() + PATIENCE
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, limit - time.monotonic()))
            if not ready:
                raise Failure(f"{self.name}: no answer to {op}")
            more = os.read(self.process.stdout.fileno(), 1 << 20)
            if not more:
                raise Failure(f"{self.name}: ended at {op}")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def close(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Member:
    """What both kinds have. Everything that a member wants to publish is put into `out`."""

    is_ours = False

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self.process = Process(name, command)
        self.key: str = self.ask("hello")["pubkey"]
        #: Events to publish, in order.
        self.out: list[Json] = []
        #: Texts of messages that came in.
        self.inbox: list[str] = []
        self.seen: set[str] = set()

    def ask(self, op: str, **more: Any) -> Json:
        return self.process.ask(op, **more)

    def close(self) -> None:
        self.process.close()


class Ours(Member):
    is_ours = True

    def __init__(self, name: str) -> None:
        super().__init__(name, [str(our_program())])
        self.notices: list[Json] = []
        #: Members to invite with what, once the commit counts.
        self.welcomes: list[Json] = []

    def ask(self, op: str, **more: Any) -> Json:
        reply = super().ask(op, **more)
        for event in reply.get("events", []):
            self.out.append(event)
        for notice in reply.get("notices", []):
            self.notices.append(notice)
            if notice["notice"] == "message":
                self.inbox.append(notice["rumor"]["content"])
        if reply.get("welcomes"):
            self.welcomes += reply["welcomes"]
        return reply

    def key_package(self, kind: int = 30443) -> Json:
        published: list[Json] = self.ask("key_package")["published"]
        return next(event for event in published if event["kind"] == kind)

    def group(self, gid: str) -> Json:
        return self.ask("group", gid=gid)["group"]

    def exporter(self, gid: str) -> tuple[int, str]:
        group = self.group(gid)
        return group["epoch"], group["exporter"]

    def create(self, members: list[Json], **more: Any) -> tuple[str, list[Json]]:
        reply = self.ask("create_group", members=members, **more)
        self.welcomes = []
        return reply["gid"], [entry["rumor"] for entry in reply["welcomes"]]

    def join(self, rumor: Json) -> str:
        reply = self.ask("welcome", rumor=rumor)
        check("gid" in reply, f"{self.name}: invitation refused: {reply['notices']}")
        return reply["gid"]

    def receive(self, event: Json) -> Json:
        return self.ask("process", event=event)

    def change(self, op: str, gid: str, **more: Any) -> Json:
        """Asks for a change; the event that makes it is in `out`, and answered."""
        reply = self.ask(op, gid=gid, **more)
        return reply["events"][-1]

    def accepted(self, event: Json) -> None:
        self.ask("published", id=event["id"], accepted=True)

    def failed(self, event: Json) -> None:
        self.ask("published", id=event["id"], accepted=False)

    def send(self, gid: str, text: str, **more: Any) -> Json:
        return self.ask("send", gid=gid, content=text, **more)["events"][-1]


class Theirs(Member):
    def __init__(self, name: str) -> None:
        super().__init__(name, [str(mdk_python()), str(HERE / "peers" / "mdk_peer.py")])
        self.pending_welcomes: list[tuple[str, Json]] = []
        self.results: dict[str, str] = {}

    def key_package(self, kind: int = 30443) -> Json:
        return self.ask("key_package", kind=kind)["event"]

    def group(self, gid: str) -> Json:
        return self.ask("state", gid=gid)["group"]

    def exporter(self, gid: str) -> tuple[int, str]:
        group = self.group(gid)
        epoch = str(group["epoch"])
        known = self.ask("exporters", gid=gid)["exporters"]
        if epoch not in known:
            # It is made when it is needed; this message goes to nobody.
            self.ask("send", gid=gid, content="")
            known = self.ask("exporters", gid=gid)["exporters"]
        return group["epoch"], known.get(epoch, "")

    def create(self, members: list[Json], **more: Any) -> tuple[str, list[Json]]:
        reply = self.ask("create_group", members=members, **more)
        return reply["gid"], reply["welcomes"]

    def join(self, rumor: Json) -> str:
        return self.ask("welcome", rumor=rumor)["gid"]

    def receive(self, event: Json) -> Json:
        reply = self.ask("process", event=event)
        if "rumor" in reply:
            self.inbox.append(reply["rumor"]["content"])
        if "commit" in reply:
            self.out.append(reply["commit"])
        return reply

    def change(self, op: str, gid: str, **more: Any) -> Json:
        reply = self.ask(op, gid=gid, **more)
        self.out.append(reply["event"])
        self.last_welcomes = reply["welcomes"]
        return reply["event"]

    def accepted(self, event: Json) -> None:
        # Through the same door as everybody else's, which keeps a way back.
        self.ask("process", event=event)

    def send(self, gid: str, text: str, **more: Any) -> Json:
        event = self.ask("send", gid=gid, content=text, **more)["event"]
        self.out.append(event)
        return event


Any_ = Ours | Theirs


def agree(gid: str, members: list[Any_]) -> None:
    """All are in the same epoch, and it is the same one."""
    states = {member.name: member.exporter(gid) for member in members}
    check(len(set(states.values())) == 1, f"epochs differ: {states}")
    groups = [member.group(gid) for member in members]
    for field in ("name", "description", "nostr_group_id"):
        check(len({group[field] for group in groups}) == 1, f"{field} differs: {[g[field] for g in groups]}")
    for field in ("members", "admins", "relays"):
        check(len({tuple(sorted(group[field])) for group in groups}) == 1, f"{field} differs")
