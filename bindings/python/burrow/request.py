"""One asynchronous operation: await it, or wait for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, TypeVar

from . import _abi
from ._library import check, lib
from .errors import error_for
from .types import Event, EventKind

if TYPE_CHECKING:
    from .engine import Engine

R = TypeVar("R", bound="Request")


class Request:
    """Something that was started and ends exactly once.

    ``await request`` in a coroutine, or ``request.wait(timeout)`` in a thread. Both raise what went wrong and
    may be used any number of times. Nobody has to: a request that is dropped is simply not looked at.
    """

    def __init__(self, engine: Engine, id: int) -> None:
        self._engine = engine
        self.id = id
        self._event: Event | None = None
        self._closed = False
        self._futures: list[asyncio.Future[None]] = []

    @classmethod
    def _over(cls, engine: Engine) -> Request:
        """One that ended well before anybody asked for it."""
        request = cls(engine, 0)
        request._event = Event(EventKind.DONE, 0, 0, 0, 0, 0, 0, None, "")
        return request

    @property
    def done(self) -> bool:
        return self._event is not None or self._closed

    @property
    def event(self) -> Event | None:
        """The completion event, once there is one."""
        return self._event

    def cancel(self) -> None:
        """Asks for it to be given up; it still ends, with CancelledError or its result."""
        check(lib.burrow_request_cancel(self._engine._alive(), self.id))

    def wait(self, timeout: float | None = None) -> None:
        """Waits in this thread. Raises TimeoutError when it is not over in time, and what went wrong."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.done:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"request {self.id} is not over after {timeout} s")
            self._engine._pump(left, lambda: self.done)
        self._raise()

    def __await__(self) -> Generator[Any, None, None]:
        if not self.done:
            loop = asyncio.get_running_loop()
            self._engine._attach(loop)
            future: asyncio.Future[None] = loop.create_future()
            self._futures.append(future)
            try:
                yield from future.__await__()
            finally:
                if future in self._futures:
                    self._futures.remove(future)
        self._raise()

    def _raise(self) -> None:
        if self._event is None:
            raise error_for(_abi.BURROW_ERR_CLOSED, "the engine was closed before the request was over")
        if self._event.status < 0:
            raise error_for(self._event.status, self._event.text, self._event.value)

    def _notice(self, event: Event) -> None:
        """Something came that belongs to it, before its end."""

    def _complete(self, event: Event | None) -> None:
        self._event, self._closed = event, event is None
        futures, self._futures = self._futures, []
        for future in futures:
            wake(future)


def wake(future: asyncio.Future[None]) -> None:
    """Ends a future from whatever thread drains the engine."""
    loop = future.get_loop()
    try:
        running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        running = None

    def finish() -> None:
        if not future.done():
            future.set_result(None)

    if running is loop:
        finish()
    elif not loop.is_closed():
        loop.call_soon_threadsafe(finish)
