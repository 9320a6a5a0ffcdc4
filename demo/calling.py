"""The call as a person makes it: start, accept, mute, leave, end. All that knows how calls are made is here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import burrow


def detail(number: int) -> str:
    known = burrow.CallDetail._value2member_map_
    return known[number].name.lower().replace("_", " ") if number in known else str(number)


class Calling:
    """One person's calls. Tells what happens as ``told(what, **fields)``; shows who is there with ``devices``."""

    def __init__(
        self, engine: burrow.Engine, devices: Any, told: Callable[..., None], url: str, pins: list[str], names: dict[bytes, str]
    ) -> None:
        self.engine, self.devices, self.told, self.names = engine, devices, told, names
        self._url = url
        self._trust: dict[str, Any] = {"pins": pins}
        self._call: burrow.Call | None = None
        self._paths: dict[str, str] = {}
        self._muted: dict[str, bool | None] = {}
        self._following: set[asyncio.Task[None]] = set()

    async def start(self, me: burrow.Identity, group: burrow.Group) -> None:
        self.told("accepting")
        self._call = me.start_call(group, video=True, relays=[self._url], connection=burrow.Connection(**self._trust))
        self._follow(self._call)
        await self._call.started
        self.told("offered")

    async def accept(self) -> None:
        """Takes the call that rings, or that goes on without us."""
        assert self._call is not None
        self.told("accepting")
        self._follow(self._call)
        await self._call.accept(connection=burrow.Connection(**self._trust))

    async def lurk(self, group: burrow.Group, call_id: str) -> None:
        """Listens to a call with the keys of this group without being in it."""
        room = self.engine.open_room(self._url, **self._trust, group=group, path="", call_id=call_id.encode(), media=True)
        self.devices.enter(room, publish=False)
        await room.opened
        self.told("active")

    async def mute(self, muted: bool) -> None:
        assert self._call is not None
        self.devices.mute(muted)
        await self._call.set_muted(muted)

    async def end(self, for_all: bool) -> None:
        assert self._call is not None
        await self._call.hang_up(for_all=for_all)

    # -- what happens ------------------------------------------------------------------------------------------

    def _follow(self, call: burrow.Call) -> None:
        task = asyncio.create_task(self._live(call))
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def _live(self, call: burrow.Call) -> None:
        """Camera and microphone are on as long as there is a room."""
        try:
            self.devices.enter(await call.entered)
            self._meet()
            await call.active
            self.told("active", call_id=call.info.call_id)
        except burrow.CallEndedError:
            pass
        await call.over
        self.devices.leave()
        self.told("ended", reason=call.reason_text)

    def happened(self, event: burrow.Event) -> None:
        if event.kind == burrow.EventKind.CALL_STATE and isinstance(event.subject, burrow.Call):
            call = event.subject
            self.told("call", state=call.state.name.lower(), detail=detail(call.detail))
            if call.state in (burrow.CallState.INCOMING, burrow.CallState.AVAILABLE):
                if call is not self._call:
                    self.told("ringing", caller=self.names.get(call.info.caller, "?"))
                self._call = call
        elif event.kind == burrow.EventKind.CALL_MEMBER:
            if event.state == burrow.CallMemberChange.UNKNOWN:
                self.told("unknown broadcast", path=event.text)
            else:
                self._meet()
        elif event.kind == burrow.EventKind.PARTICIPANT_JOINED and self._call is None:
            # Only who lurks has a room without a call; whose broadcast it is stands in the path.
            for key, name in self.names.items():
                if key.hex() in event.text.split("/"):
                    self.devices.show(name, event.text)

    def _meet(self) -> None:
        """Compares who is in the call with who is shown."""
        if self._call is None or self._call.closed or self._call.is_over:
            return
        here = {}
        for member in self._call.members():
            name = self.names.get(member.pubkey, "?")
            if member.is_announced and member.path:
                here[member.path] = name
            if member.is_muted is not None and self._muted.get(name) != member.is_muted:
                self._muted[name] = member.is_muted
                self.told("member", who=name, muted=member.is_muted)
        for path in self._paths.keys() - here.keys():
            name = self._paths.pop(path)
            self.told("gone", who=name)
            self.devices.hide(name)
        for path, name in here.items():
            if path not in self._paths and self.devices.show(name, path):
                self._paths[path] = name
                self.told("joined", who=name)
