"""What engine, room, track and relay have in common: a handle that is released exactly once."""

from __future__ import annotations

import weakref
from typing import Any

from ._library import lib
from .errors import ClosedError


class Handle:
    """Owns one reference to a handle of the library.

    ``close()`` gives it up at a chosen time; a finalizer does so when the object is forgotten, and at the end of
    the interpreter. Closing twice is fine.
    """

    _what = "handle"

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle
        self._finalizer = weakref.finalize(self, lib.burrow_release, handle)

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._handle is None

    @property
    def handle(self) -> int:
        """The token of the library, for calls that this package does not wrap."""
        if self._handle is None:
            raise ClosedError(f"this {self._what} was closed")
        return self._handle

    def close(self) -> None:
        """Gives the handle back now."""
        if self._handle is not None:
            self._handle = None
            self._finalizer()

    def __enter__(self) -> Any:
        if self._handle is None:
            raise ClosedError(f"this {self._what} was closed")
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
