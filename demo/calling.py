"""The call as a person makes it: start, accept, mute, leave, end. All that knows how calls are made is here.

Signals are messages of the group, and the call is a room of the group on the relay that the first message names.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from typing import Any

import burrow


class Calling:
    """One person's calls. Tells what happens as ``told(what, **fields)``; shows who is there with ``devices``."""

    def __init__(
        self, engine: burrow.Engine, devices: Any, told: Callable[..., None], url: str, pins: list[str], names: dict[bytes, str]
    ) -> None:
        self.engine, self.devices, self.told, self.names = engine, devices, told, names
        self._url = url
        self._trust: dict[str, Any] = {"pins": pins}
        self._group: burrow.Group
        self._call_id = ""
        self._room: burrow.Room | None = None
        self._paths: dict[str, str] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def start(self, me: burrow.Identity, group: burrow.Group) -> None:
        self.told("accepting")
        self._group, self._call_id = group, os.urandom(8).hex()
        await self._say(do="ring", call=self._call_id, relay=self._url)
        self.told("offered")
        await self._enter()

    async def accept(self) -> None:
        """Takes the call that rings."""
        self.told("accepting")
        await self._enter()

    async def lurk(self, group: burrow.Group, call_id: str) -> None:
        """Listens to a call with the keys of this group without being in it."""
        self._room = self.engine.open_room(self._url, **self._trust, group=group, path="", call_id=call_id.encode(), media=True)
        self.devices.enter(self._room, publish=False)
        await self._room.opened
        self.told("active")

    async def mute(self, muted: bool) -> None:
        self.devices.mute(muted)
        await self._say(do="mute", muted=muted)

    async def end(self, for_all: bool) -> None:
        if for_all:
            await self._say(do="end")
        await self._over("hangup")

    async def _say(self, **what: Any) -> None:
        await self._group.send(json.dumps(what))

    async def _enter(self) -> None:
        self._room = self.engine.open_room(
            self._url, **self._trust, group=self._group, call_id=self._call_id.encode(), media=True
        )
        self.devices.enter(self._room)
        await self._room.opened
        self.told("active", call_id=self._call_id)

    async def _over(self, reason: str) -> None:
        room, self._room = self._room, None
        if room is not None:
            self.devices.leave()
            await room.leave()
            self.told("ended", reason=reason)

    # -- what happens ------------------------------------------------------------------------------------------

    def happened(self, event: burrow.Event) -> None:
        if event.kind == burrow.EventKind.GROUP_MESSAGE and isinstance(event.subject, burrow.Identity):
            message = json.loads(event.text)
            self._heard(event.subject.group(event.data), bytes.fromhex(message["pubkey"]), json.loads(message["content"]))
        elif event.kind == burrow.EventKind.GROUP_STATE and event.state == burrow.GroupState.REMOVED:
            self._end("removed")
        elif event.kind == burrow.EventKind.PARTICIPANT_JOINED and (name := self._whose(event.text)) is not None:
            self._paths[event.text] = name
            self.told("joined", who=name)
            self.devices.show(name, event.text)
        elif event.kind == burrow.EventKind.PARTICIPANT_LEFT and (name := self._paths.pop(event.text, None)) is not None:
            self.told("gone", who=name)
            self.devices.hide(name)

    def _whose(self, path: str) -> str | None:
        """By the key in it; that it is theirs is looked after by the room, which opens nothing of others."""
        return next((name for key, name in self.names.items() if key.hex() in path.split("/")), None)

    def _heard(self, group: burrow.Group, sender: bytes, said: dict[str, Any]) -> None:
        who = self.names.get(sender, "?")
        if said["do"] == "ring":
            self._group, self._call_id, self._url = group, said["call"], said["relay"]
            self.told("ringing", caller=who)
        elif said["do"] == "mute":
            self.told("member", who=who, muted=said["muted"])
        elif said["do"] == "end":
            self._end("ended by " + who)

    def _end(self, reason: str) -> None:
        task = asyncio.create_task(self._over(reason))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
