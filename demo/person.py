#!/usr/bin/env python3
"""One person of the demo: a process with libburrow and nothing else that could make a call.

Commands come as lines of JSON on standard input, and what happens goes to standard output likewise, each line with the
time in microseconds. It ends when standard input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import threading
from pathlib import Path
from typing import Any

import burrow
from calling import Calling
from looks import Look, Material
from media import Devices

STORAGE_KEY = bytes(range(32))


_telling = threading.Lock()


def tell(what: str, **fields: Any) -> None:
    line = json.dumps({"event": what, "at_us": burrow.now_us(), **fields}) + "\n"
    with _telling:
        sys.stdout.write(line)
        sys.stdout.flush()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--role", default="", help="who of everybody this is, when that is not its name")
    parser.add_argument("--everybody", required=True, help="the names of all people, in their order")
    parser.add_argument("--material", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where reports go")
    parser.add_argument("--storage", type=Path, help="the state file")
    parser.add_argument("--nostr", action="append", default=[])
    parser.add_argument("--moq", required=True)
    parser.add_argument("--pin", action="append", default=[])
    parser.add_argument("--offline", action="store_true", help="has a state file and hears of nothing new")
    parser.add_argument("--timeout", type=float, default=120)
    return parser.parse_args()


class Person:
    """Carries out commands, and tells what happens."""

    def __init__(self, options: argparse.Namespace, engine: burrow.Engine) -> None:
        self.options, self.engine = options, engine
        names = options.everybody.split(",")
        material = Material.read(options.material)
        looks = {name: Look(material, index) for index, name in enumerate(names)}
        self.devices = Devices(looks.pop(options.role or options.name), looks, tell)
        self.names: dict[bytes, str] = {}
        self.calling = Calling(engine, self.devices, tell, options.moq, options.pin, self.names)
        self.me: burrow.Identity
        self._tasks: set[asyncio.Task[None]] = set()

    def group(self) -> burrow.Group:
        return self.me.groups()[0]

    async def open(self) -> None:
        storage = self.options.storage
        self.me = self.engine.open_identity(storage_path=storage, storage_key=STORAGE_KEY if storage else None)
        assert self.me.opened is not None
        await self.me.opened
        if not self.options.offline:
            for url in self.options.nostr:
                self.engine.nostr.add_relay(url)
            self.engine.nostr.authenticate(self.me)
            await self.me.publish_key_package(self.options.nostr)
        self.devices.start()
        tell("ready", key=self.me.public_key.hex())

    # -- commands ----------------------------------------------------------------------------------------------

    async def cast(self, keys: dict[str, str]) -> None:
        self.names.update({bytes.fromhex(key): name for name, key in keys.items()})

    async def found(self, name: str, members: list[str]) -> None:
        group = self.me.create_group(name, relays=self.options.nostr, members=[bytes.fromhex(key) for key in members])
        assert group.created is not None
        await group.created
        tell("founded", id=group.id.hex())

    async def epoch(self) -> None:
        tell("at epoch", epoch=self.group().info.epoch)

    async def start(self) -> None:
        await self.calling.start(self.me, self.group())

    async def accept(self) -> None:
        await self.calling.accept()

    async def lurk(self, call_id: str) -> None:
        await self.calling.lurk(self.group(), call_id)

    async def mute(self, muted: bool) -> None:
        tell("muting" if muted else "unmuting")
        await self.calling.mute(muted)

    async def leave(self) -> None:
        await self.calling.end(for_all=False)

    async def end(self) -> None:
        await self.calling.end(for_all=True)

    async def remove(self, key: str) -> None:
        tell("removing")
        await self.group().remove(bytes.fromhex(key))
        tell("removed member", epoch=self.group().info.epoch)

    async def network(self) -> None:
        self.engine.network_changed(burrow.NetworkChange.SWITCHED)
        tell("network changed")

    async def report(self) -> None:
        spent = resource.getrusage(resource.RUSAGE_SELF)
        used = {"cpu_s": spent.ru_utime + spent.ru_stime, "memory_mb": spent.ru_maxrss / 1024}
        file = self.options.folder / f"{self.options.name}.json"
        file.write_text(json.dumps(self.devices.report(self.options.folder, self.options.name) | used))
        tell("reported", file=file.name)

    # -- events ------------------------------------------------------------------------------------------------

    async def join(self, group: burrow.Group) -> None:
        await group.join()
        tell("in group", members=len(group.members()))

    def happened(self, event: burrow.Event) -> None:
        if event.kind == burrow.EventKind.GROUP_STATE and event.state == burrow.GroupState.INVITED:
            tell("invited")
            self._spawn(self.join(self.me.group(event.data)))
        elif event.kind == burrow.EventKind.GROUP_STATE and event.state == burrow.GroupState.REMOVED:
            tell("removed")
        elif event.kind == burrow.EventKind.GROUP_EPOCH:
            tell("epoch", epoch=event.value)
        elif event.kind == burrow.EventKind.ROOM_STATE:
            tell("room", state=burrow.RoomState(event.state).name.lower())
        elif event.kind == burrow.EventKind.PROTECTION:
            tell("refused frames", path=event.text, status=burrow.status_name(event.status))
        self.calling.happened(event)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Any) -> None:
        try:
            await work
        except Exception as error:
            tell("error", kind=type(error).__name__, text=str(error))

    async def live(self) -> None:
        events = self.engine.events()

        async def watch() -> None:
            async for event in events:
                self.happened(event)

        self._spawn(watch())
        if self.options.offline:
            # Its state file comes later.
            tell("waiting")
        else:
            await self.open()
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            command = json.loads(line)
            self._spawn(getattr(self, command.pop("do"))(**command))
        self.devices.stop()


async def main() -> None:
    options = arguments()
    async with burrow.Engine(host_relays=options.offline) as engine:
        await asyncio.wait_for(Person(options, engine).live(), options.timeout)


if __name__ == "__main__":
    asyncio.run(main())
