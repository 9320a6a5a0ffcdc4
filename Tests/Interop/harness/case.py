"""A case: a name, what it needs, and a coroutine that gets a ``Stage`` to put peers on."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import environment
from .process import Event, Failure, Peer


class Stage:
    """Starts peers for one case and ends all of them when the case is over."""

    def __init__(self, name: str, log_level: str) -> None:
        self.name = name
        self.peers: list[Peer] = []
        self.log_level = log_level
        # What was measured, for the line that says that the case passed.
        self.figures = ""
        self._folder = tempfile.TemporaryDirectory(prefix="burrow-interop-")
        self.folder = Path(self._folder.name)

    async def spawn(self, role: str, whose: str, *options: str, name: str = "", variables: dict[str, str] | None = None) -> Peer:
        """Starts ``relay``, ``publish`` or ``subscribe`` of ``burrow``, ``clip`` (ours too), ``moqrs`` or ``old``."""
        # Ours, with its key in the hands of upstream's library.
        if is_remote := whose == "remote":
            options, whose = ("--remote", *options), "burrow"
        program = environment.PEERS / f"{whose}_{role}.py"
        variables = {"PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1", **(variables or {})}
        if whose in ("burrow", "clip"):
            python = environment.our_python() if whose == "burrow" else environment.media_python()
            python = environment.nostrsdk_python() if is_remote else python
            variables["BURROW_LIBRARY"] = str(environment.library())
            variables["PYTHONPATH"] = str(environment.BINDING)
        elif whose == "old":
            python = environment.old_python()
        elif whose == "mdk":
            python = environment.mdk_python()
        elif whose == "pyjwt":
            python = environment.pyjwt_python()
        elif whose == "nostrsdk":
            python = environment.nostrsdk_python()
        elif whose == "pypi":
            python = environment.proxy_python()
        elif whose in ("faulty", "bent"):
            python = environment.our_python()
        else:
            python = environment.moqrs_python()
        peer = Peer(name or f"{whose} {role}")
        self.peers.append(peer)
        command = [str(python), str(program), "--log", self.log_level, *options]
        await peer.start(command, variables, self.folder)
        return peer

    async def relay(self, whose: str, *options: str, versions: str = "") -> Address:
        """Starts a relay and waits until it listens."""
        pin = ["--versions", versions] if versions and whose == "burrow" else []
        peer = await self.spawn("relay", whose, "--timeout", "150", *pin, *options)
        ready = await peer.wait("ready", 20)
        return Address(peer, ready["address"], ready["fingerprint"])

    async def nostr_relay(self, *options: str) -> tuple[Peer, str, str]:
        """Starts a Nostr relay: its process, its URL, and its URL without TLS."""
        peer = await self.spawn("relay", "faulty" if "--fault" in options else "nostrsdk", *options)
        ready = await peer.wait("ready", 20)
        return peer, ready["url"], ready["plain"]

    async def until_ended(self, peer: Peer) -> None:
        """Waits for the end of a process that was killed."""
        for _ in range(500):
            if peer.ended:
                return
            await asyncio.sleep(0.01)
        raise Failure(f"{peer.name}: does not end")

    async def impair(self, target: str, *settings: str) -> str:
        """Puts the lossy proxy in front of an address and returns the proxy's own."""
        _, address = await self.proxy(target, *(word for setting in settings for word in ("-s", setting)))
        return address

    async def proxy(self, target: str, *options: str) -> tuple[Peer, str]:
        """The same with any options of the proxy: its process, which takes signals, and its address."""
        tool = environment.impairment_tool()
        peer = Peer("udpimpair")
        self.peers.append(peer)
        command = [str(tool), "--listen", "127.0.0.1:0", "--target", target, "--duration", "120", *options]
        await peer.start(command, {}, self.folder)
        for _ in range(200):
            for line in peer.noise:
                if line.startswith("listening "):
                    return peer, line.split()[1]
            await asyncio.sleep(0.02)
        raise Failure("udpimpair: does not listen")

    async def close(self) -> None:
        # Clients first: a relay that dies under them would only fill their logs.
        for peer in reversed(self.peers):
            await peer.stop()
        self._folder.cleanup()


@dataclass
class Address:
    """A relay that listens."""

    peer: Peer
    address: str
    fingerprint: str

    @property
    def url(self) -> str:
        return f"moqt://{self.address}"

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def options(self, path: str = "", verify: bool = True) -> list[str]:
        """What a client needs to connect here."""
        pin = ["--fingerprint", self.fingerprint] if verify else []
        return ["--url", self.url + path, *pin]


@dataclass(frozen=True)
class Case:
    """A named test with a bound on its duration."""

    name: str
    run: Callable[[Stage], Awaitable[None]]
    limit: float
    heavy: bool
    idle: bool


registry: list[Case] = []


def case(name: str, limit: float = 60.0, heavy: bool = False, idle: bool = False) -> Callable[[Any], Any]:
    """Registers a coroutine as a case; heavy ones run alone, idle ones (which mostly wait) beside the others."""

    def add(function: Callable[[Stage], Awaitable[None]]) -> Callable[[Stage], Awaitable[None]]:
        registry.append(Case(name, function, limit, heavy, idle))
        return function

    return add


def check(condition: object, text: str) -> None:
    """Fails the case with this text when the condition does not hold."""
    if not condition:
        raise Failure(text)


def check_complete(done: Event, frames: int, stamped: bool | None = None) -> None:
    """Everything arrived, unaltered, once."""
    check(not done["problems"], f"bad frames: {done['problems']}")
    check(done["missing"] == 0, f"{done['missing']} frames missing, first {done['missing_first']}")
    check(done["frames"] == frames, f"{done['frames']} frames instead of {frames}")
    check(done["duplicates"] == 0, f"{done['duplicates']} frames came twice")
    if stamped is not None:
        check(done["stamped"] == (frames if stamped else 0), f"{done['stamped']} frames carried their timestamp")
