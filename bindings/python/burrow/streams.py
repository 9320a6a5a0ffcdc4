"""The events of an engine, for who reads them one after the other."""

from __future__ import annotations

import asyncio
import collections
from typing import TYPE_CHECKING

from .request import wake
from .types import Event

if TYPE_CHECKING:
    from .engine import Engine

#: Events kept for a reader that comes later; like the library's own queue.
BACKLOG = 4096


class EventStream:
    """``async for event in engine.events()``: every event from its creation on, until the engine ends."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._events: collections.deque[Event] = collections.deque()
        self._future: asyncio.Future[None] | None = None
        self._ended = False

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._ended or self._engine.closed:
                raise StopAsyncIteration
            loop = asyncio.get_running_loop()
            self._engine._attach(loop)
            if self._events or self._ended:
                continue
            self._future = loop.create_future()
            try:
                await self._future
            finally:
                self._future = None
        return self._events.popleft()

    def close(self) -> None:
        """Stops collecting events."""
        self._end()

    def _put(self, event: Event) -> None:
        if len(self._events) >= BACKLOG:
            self._events.popleft()
        self._events.append(event)
        self._notify()

    def _end(self) -> None:
        self._ended = True
        self._notify()

    def _notify(self) -> None:
        if self._future is not None:
            wake(self._future)
