"""The calls of an engine and of an identity: those that come, and those that go on."""

from __future__ import annotations

import asyncio
import collections
import time
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any, cast

from . import _abi
from ._library import lib
from .errors import BurrowError
from .handle import Handle
from .request import wake
from .streams import BACKLOG
from .types import EventKind

if TYPE_CHECKING:
    from .call import Call
    from .engine import Engine
    from .group import Group
    from .identity import Identity
    from .room import Connection


class CallBook:
    """The calls of an engine that are not over. They go on also when nobody holds them, so it does."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._calls: dict[int, Call] = {}
        self._forgotten: collections.deque[int] = collections.deque(maxlen=BACKLOG)

    def all(self) -> list[Call]:
        with self._engine._lock:
            return list(self._calls.values())

    def add(self, handle: int, call: Call) -> None:
        self._calls[handle] = call

    def remove(self, handle: int) -> None:
        self._calls.pop(handle, None)

    def forget(self, handle: int) -> None:
        """The host has closed a call; what is still said about it is nobody's."""
        with self._engine._lock:
            self.remove(handle)
            self._forgotten.append(handle)

    def clear(self) -> None:
        self._calls.clear()

    def meet(self, kind: int, handle: int) -> Any:
        """What an event is about that nobody has made here: a call of others, or the room of a call."""
        objects = self._engine._objects
        if kind in (EventKind.CALL_STATE, EventKind.CALL_MEMBER) and handle not in self._forgotten:
            from .call import Call

            if lib.burrow_retain(handle) == _abi.BURROW_OK:
                objects[handle] = call = Call(self._engine, handle, None, None)
                return call
        elif EventKind.ROOM_STATE <= kind <= EventKind.PROTECTION:
            for call in self.all():
                call._find_room()
            return objects.get(handle)
        return None

    def whose(self, group: bytes) -> Identity | None:
        """The identity that is in a group."""
        for found in list(self._engine._objects.values()):
            if isinstance(found, Handle) and found._what == "identity" and not found.closed:
                identity = cast("Identity", found)
                try:
                    identity.group(group).close()
                except BurrowError:
                    continue
                return identity
        return None


class Callee:
    """What an identity does with calls."""

    def __init__(self) -> None:
        self._ringing: collections.deque[Call] = collections.deque(maxlen=64)
        self._waiting_for_calls: list[asyncio.Future[None]] = []

    @property
    def _identity(self) -> Identity:
        return cast("Identity", self)

    def start_call(
        self,
        group: Group,
        *,
        video: bool = False,
        muted: bool = False,
        silent: bool = False,
        by_group: bool = False,
        relays: str | Iterable[str] = (),
        last_relays: str | Iterable[str] = (),
        connection: Connection | None = None,
        token_url: str | None = None,
        ring_ms: int = 0,
        connect_ms: int = 0,
        grace_ms: int = 0,
        alone_ms: int = 0,
    ) -> Call:
        """Calls everybody in a group; ``await call.started`` tells when the offer is out. See burrow_call_config.

        ``by_group`` has the signals of a call of two in the group, which all devices of both hear, and not in gift wraps.
        ``relays`` are MoQ relays to prefer; without them the group's list, then ours, decide, and then come ``last_relays``.
        ``connection`` says whom to trust there.
        """
        options = {name: value for name, value in locals().items() if name not in ("self", "group")}
        from .call import open_call

        return open_call(self._identity, group, options)

    @property
    def calls(self) -> list[Call]:
        """All calls that are not over, also those of a group that go on without us."""
        return [call for call in self._identity.engine._calls.all() if call.identity is self]

    def next_call(self, timeout: float | None = None) -> Call | None:
        """Waits in this thread for a call that comes in; None when none came in time.

        Calls that rang before are given first, each once, but none that is over.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            call = self._take_call()
            if call is not None:
                return call
            left = None if deadline is None else deadline - time.monotonic()
            if (left is not None and left <= 0) or self._identity.closed or self._identity.engine._over:
                return None
            self._identity.engine._pump(left, lambda: bool(self._ringing))

    async def incoming(self) -> AsyncIterator[Call]:
        """``async for call in identity.incoming()``: every call that comes in, until the engine ends."""
        while not self._identity.closed and not self._identity.engine.closed:
            call = self._take_call()
            if call is not None:
                yield call
                continue
            loop = asyncio.get_running_loop()
            self._identity.engine._attach(loop)
            if self._identity.engine._over:
                return
            if not self._ringing:
                future: asyncio.Future[None] = loop.create_future()
                self._waiting_for_calls.append(future)
                try:
                    await future
                finally:
                    if future in self._waiting_for_calls:
                        self._waiting_for_calls.remove(future)

    def _take_call(self) -> Call | None:
        while self._ringing:
            call = self._ringing.popleft()
            if not call.is_over and not call.closed:
                return call
        return None

    def _ring(self, call: Call) -> None:
        if call not in self._ringing:
            self._ringing.append(call)
        self._wake_callee()

    def _wake_callee(self) -> None:
        futures, self._waiting_for_calls = self._waiting_for_calls, []
        for future in futures:
            wake(future)
