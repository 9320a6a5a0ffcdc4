"""A received frame whose bytes are lent by the library."""

from __future__ import annotations

import ctypes
import threading
import weakref
from collections.abc import Callable
from typing import Any

from ._library import lib
from .types import FrameFlags


class Loans:
    """Counts the bytes of one engine that Python still can see.

    Destroying an engine takes its memory away, also from memoryviews; so an engine with loans is only shut down and
    destroyed when the last view of its memory is gone.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._count = 0
        self._when_idle: Callable[[], object] | None = None

    def add(self) -> None:
        with self._lock:
            self._count += 1

    def give_back(self, buffer: int) -> None:
        lib.burrow_release(buffer)
        with self._lock:
            self._count -= 1
            ready, self._when_idle = (self._when_idle, None) if self._count == 0 else (None, self._when_idle)
        if ready:
            ready()

    def when_idle(self, action: Callable[[], object]) -> bool:
        """Runs the action now, or when the last loan ends; says which (True: now)."""
        with self._lock:
            if self._count:
                self._when_idle = action
                return False
        action()
        return True

    @property
    def count(self) -> int:
        return self._count


class Frame:
    """One frame. ``data`` is a read-only memoryview of the library's own memory: nothing was copied.

    The memory goes back when the frame is closed and no slice of ``data`` is held any more. A track lends 64
    frames at a time, so frames that are kept should be copied with ``bytes(frame.data)``.
    """

    __slots__ = ("_view", "flags", "timestamp_us", "duration_us", "group", "sequence", "__weakref__")

    def __init__(self, raw: Any, loans: Loans) -> None:
        self.flags = FrameFlags(raw.flags)
        self.timestamp_us: int = raw.timestamp_us
        self.duration_us: int = raw.duration_us
        #: The number of its group.
        self.group: int = raw.group
        #: Its position in the group, from 0.
        self.sequence: int = raw.sequence
        if raw.len and raw.data:
            memory = (ctypes.c_uint8 * raw.len).from_address(raw.data)
        else:
            memory = (ctypes.c_uint8 * 0)()
        if raw.buffer:
            # Every memoryview and slice keeps the array alive, so the buffer outlives all of them.
            loans.add()
            # At the end of the interpreter it stays: code that runs then may still look at a view.
            weakref.finalize(memory, loans.give_back, raw.buffer).atexit = False
        self._view: memoryview | None = memoryview(memory).cast("B").toreadonly()

    @property
    def data(self) -> memoryview:
        if self._view is None:
            raise ValueError("this frame was closed")
        return self._view

    @property
    def is_key(self) -> bool:
        """Whether it starts a group."""
        return bool(self.flags & FrameFlags.KEY)

    def close(self) -> None:
        """Gives the memory back, or lets the last slice do it."""
        self._view = None

    def __len__(self) -> int:
        return len(self.data)

    def __bytes__(self) -> bytes:
        return bytes(self.data)

    def __enter__(self) -> Frame:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        size = "closed" if self._view is None else f"{len(self._view)} bytes"
        return f"<Frame {self.group}/{self.sequence} {size} at {self.timestamp_us} us {self.flags!r}>"
