"""What the library has to say."""

from __future__ import annotations

import atexit
import ctypes
import logging
from collections.abc import Callable, Iterator
from typing import Any

from . import _abi
from ._library import check, encode_optional, lib
from .types import LogLevel

LEVELS = {
    LogLevel.ERROR: logging.ERROR,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.INFO: logging.INFO,
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.TRACE: 5,
}

_handler: Any = None


def set_log_level(level: LogLevel, component: str | None = None) -> None:
    """Chooses what is logged in this process, for all components or one."""
    check(lib.burrow_log_set_level(int(level), encode_optional(component, "component")))


def read_log() -> tuple[LogLevel, str] | None:
    """Takes the oldest line of the ring that holds the last 512; None when there is none."""
    level, length, capacity = ctypes.c_int32(), ctypes.c_size_t(), 512
    while True:
        buffer = ctypes.create_string_buffer(capacity)
        status = lib.burrow_log_read(ctypes.byref(level), buffer, capacity, ctypes.byref(length))
        if status != _abi.BURROW_ERR_BUFFER_TOO_SMALL:
            break
        capacity = max(length.value, capacity * 2)
    if check(status) == _abi.BURROW_AGAIN:
        return None
    return LogLevel(level.value), buffer.value.decode(errors="replace")


def log_lines() -> Iterator[tuple[LogLevel, str]]:
    """All lines that wait now."""
    while (line := read_log()) is not None:
        yield line


def forward_log(logger: logging.Logger | None = None) -> int:
    """Gives all lines that wait now to Python's logging; returns how many. Call it now and then."""
    target, count = logger or logging.getLogger("burrow"), 0
    for level, text in log_lines():
        target.log(LEVELS.get(level, logging.INFO), "%s", text)
        count += 1
    return count


def set_log_handler(handler: Callable[[LogLevel, str, str], None] | None) -> None:
    """Lets threads of the library call ``handler(level, component, text)`` at once; None removes it.

    It must return soon and call nothing of this package. read_log() and forward_log() do without foreign threads in
    the interpreter and should be preferred.
    """
    global _handler
    if handler is None:
        callback = _abi.burrow_log_fn()
    else:
        chosen = handler

        def call(_: Any, level: int, component: bytes, text: bytes) -> None:
            chosen(LogLevel(level), component.decode(errors="replace"), text.decode(errors="replace"))

        callback = _abi.burrow_log_fn(call)
    check(lib.burrow_log_set_handler(callback, None))
    # Only now has the library let go of the previous one.
    _handler = None if handler is None else callback


@atexit.register
def _no_calls_into_a_dying_interpreter() -> None:
    if _handler is not None:
        lib.burrow_log_set_handler(_abi.burrow_log_fn(), None)
