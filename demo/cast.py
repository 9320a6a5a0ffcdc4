"""The processes of the demo, and everything they said: relays, people, and who listens at the relay."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import burrow
from line import Line
from source import Missing

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "Interop"))

from harness.process import Event, Failure, Peer  # noqa: E402

DEMO = ROOT / "demo"
PEERS = ROOT / "Tests" / "Interop" / "peers"
#: How long anything may take that is not measured.
PATIENCE = 40.0


class Actor(Peer):
    """A person: takes commands, tells what happens."""

    async def do(self, what: str, **fields: Any) -> None:
        await self.command(json.dumps({"do": what, **fields}))

    async def until(self, what: str, timeout: float = PATIENCE, after_us: int = 0, **fields: Any) -> Event:
        """The first event of that kind after a time, with these fields."""
        return await self.wait(
            what,
            timeout,
            where=lambda event: event.get("at_us", 0) >= after_us and all(event.get(k) == v for k, v in fields.items()),
        )

    @property
    def process(self) -> int:
        assert self._process is not None
        return self._process.pid


class Stage:
    """Starts processes and ends all of them."""

    def __init__(self, folder: Path, names: list[str], limit: float) -> None:
        self.folder, self.names, self.limit = folder, names, limit
        self.people: dict[str, Actor] = {}
        self.keys: dict[str, str] = {}
        self.line: Line | None = None
        #: What the story did, with its time.
        self.acts: list[tuple[int, str, str]] = []
        self.nostr: list[str] = []
        self.moq = ""
        self.pins: list[str] = []
        self._peers: list[Peer] = []
        self._program: Peer | None = None

    def act(self, who: str, text: str) -> int:
        """Notes what the story does next."""
        now = burrow.now_us()
        self.acts.append((now, who, text))
        began = self.acts[0][0]
        print(f"   {(now - began) / 1e6:5.1f} s  {who:<6} {text}", flush=True)
        return now

    async def _start(self, peer: Peer, command: list[str], ours: bool = True) -> Peer:
        self._peers.append(peer)
        environment = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
        # One process, one thread: NumPy would otherwise have some of its own.
        environment |= {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "bindings" / "python")} if ours else {}
        try:
            await peer.start(command, environment, self.folder)
        except FileNotFoundError as error:
            raise Missing(f"{error.filename} is not there; run make demo") from error
        return peer

    async def start_nostr_relay(self) -> None:
        """rust-nostr's LocalRelay."""
        python = os.environ.get("BURROW_NOSTR_PYTHON", str(ROOT / ".venv" / "bin" / "python"))
        command = [python, str(PEERS / "nostrsdk_relay.py"), "--timeout", str(self.limit)]
        relay = await self._start(Peer("Nostr relay"), command, ours=False)
        self.nostr = [(await relay.wait("ready", PATIENCE))["url"]]

    async def start_moq_relay(self, kind: str) -> None:
        """Our relay program, or upstream's stack."""
        if kind == "moq-rs":
            python = os.environ.get("BURROW_PEER_PYTHON", str(ROOT / ".venv" / "bin" / "python"))
            command = [python, str(PEERS / "moqrs_relay.py"), "--timeout", str(self.limit)]
            relay = await self._start(Peer("moq-rs"), command, ours=False)
            ready = await relay.wait("ready", PATIENCE)
            address, pin = ready["address"], ready["fingerprint"]
        else:
            program = os.environ.get("BURROW_RELAY", str(ROOT / "build" / "bin" / "burrow-relay"))
            relay = await self._start(Peer("burrow-relay"), [program, "--open", "--listen", "127.0.0.1:0"])
            self._program = relay
            said = {}
            for word in ("listening", "fingerprint"):
                line = await relay.wait("text", PATIENCE, where=lambda event, word=word: event["text"].startswith(word))
                said[word] = line["text"].split()[1]
            address, pin = said["listening"], said["fingerprint"]
        self.moq, self.pins = f"moqt://{address}", [pin]

    def _where(self, moq: str) -> list[str]:
        pins = [word for pin in self.pins for word in ("--pin", pin)]
        return ["--moq", moq, *pins, "--timeout", str(self.limit)]

    async def person(self, name: str, *options: str) -> Actor:
        """Starts one of the people."""
        actor = Actor(name)
        command = [sys.executable, str(DEMO / "person.py"), "--name", name, "--everybody", ",".join(self.names)]
        command += ["--material", str(self.folder.parent / "material"), "--folder", str(self.folder)]
        command += ["--nostr", *self.nostr] if self.nostr else []
        # Whoever calls names the relay to the others, so all of them come through the line.
        command += self._where(f"moqt://{self.line.address}" if self.line is not None else self.moq)
        await self._start(actor, [*command, *options])
        return actor

    async def enter(self, name: str) -> None:
        """Starts one of the people and waits until it can be invited."""
        self.people[name] = actor = await self.person(name, "--storage", str(self.folder / f"{name}.burrow"))
        self.keys[name] = (await actor.until("ready"))["key"]

    async def introduce(self) -> None:
        """Tells everybody whose key is whose; people know that from their contacts."""
        for actor in self.people.values():
            await actor.do("cast", keys=self.keys)

    async def tap(self, file: Path) -> Peer:
        """Somebody who sees what the relay sees."""
        command = [sys.executable, str(DEMO / "tap.py"), "--file", str(file), *self._where(self.moq)]
        peer = await self._start(Peer("tap"), command)
        await peer.wait("ready", PATIENCE)
        return peer

    def lay_line(self) -> None:
        """Puts a line that can be cut before the relay."""
        host, _, port = self.moq.split("//")[1].split("/")[0].rpartition(":")
        self.line = Line((host.strip("[]"), int(port)))

    async def close(self) -> None:
        # Clients first: a relay that dies under them would only fill their logs.
        for peer in reversed(self._peers):
            if peer is self._program:
                # It does not read what would tell it to end.
                peer.kill(signal.SIGTERM)
            await peer.stop()
        if self.line is not None:
            self.line.close()

    def actors(self) -> list[Actor]:
        return [peer for peer in self._peers if isinstance(peer, Actor)]

    def log(self) -> str:
        return "\n".join(peer.log(60) for peer in self._peers)


__all__ = ["Actor", "Event", "Failure", "Peer", "Stage"]
