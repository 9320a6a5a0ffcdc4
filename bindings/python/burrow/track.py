"""A track: frames that are published or received."""

from __future__ import annotations

import asyncio
import ctypes
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from . import _abi
from ._library import check, lib, sized
from .errors import ClosedError, LimitError, StaleHandleError, error_for
from .frame import Frame
from .handle import Handle
from .request import Request, wake
from .types import Direction, Event, FrameFlags, TrackInfo, TrackKind, TrackState, TrackStats

if TYPE_CHECKING:
    from .room import Room


def track_request(
    priority: int,
    max_age_ms: int,
    ordered: bool,
    latest_only: bool,
    start_group: int | None,
    end_group: int | None,
    recorded: bool,
) -> Any:
    want = _abi.burrow_track_request()
    check(lib.burrow_config_init(ctypes.byref(want), ctypes.sizeof(want)))
    want.priority, want.max_age_ms = priority, max_age_ms
    for wanted, flag in (
        (ordered, _abi.BURROW_TRACK_ORDERED),
        (latest_only, _abi.BURROW_TRACK_LATEST_ONLY),
        (start_group is not None, _abi.BURROW_TRACK_START_GROUP),
        (end_group is not None, _abi.BURROW_TRACK_END_GROUP),
        (recorded, _abi.BURROW_TRACK_RECORDED),
    ):
        want.flags |= flag if wanted else 0
    want.start_group, want.end_group = start_group or 0, end_group or 0
    return want


def address_of(data: Any) -> tuple[int, int, Any]:
    """Where the bytes of a buffer are, how many, and what keeps them there during the call."""
    if isinstance(data, bytes):
        keeper: Any = ctypes.c_char_p(data)
        return ctypes.cast(keeper, ctypes.c_void_p).value or 0, len(data), keeper
    view = memoryview(data)
    if not view.c_contiguous:
        view = memoryview(view.tobytes())
    view = view.cast("B") if view.nbytes else memoryview(b"")
    if view.readonly:
        return address_of(view.tobytes())
    keeper = (ctypes.c_uint8 * view.nbytes).from_buffer(view)
    return ctypes.addressof(keeper), view.nbytes, keeper


class Track(Handle):
    """One published or subscribed sequence of frames.

    Publishing: ``push()`` or ``await send()``. Receiving: ``async for frame in track``, ``next_frame(timeout)`` in a
    thread, or ``pull()`` when an event says that there is something.
    """

    _what = "track"

    def __init__(self, room: Room, handle: int) -> None:
        super().__init__(handle)
        #: The room it belongs to, which is not left as long as somebody holds one of its tracks.
        self.room = room
        self._engine = room._engine
        self._news = 0
        self._futures: list[asyncio.Future[None]] = []

    # -- publishing --------------------------------------------------------------------------------------------

    def push(
        self,
        data: Any,
        *,
        timestamp_us: int = 0,
        duration_us: int = 0,
        key: bool = False,
        end_of_group: bool = False,
        datagram: bool = False,
    ) -> bool:
        """Publishes one frame: anything with the buffer interface, copied before this returns.

        False when more frames wait for the engine than it keeps, and this one was not taken.
        """
        frame = sized(_abi.burrow_encoded_frame)
        for wanted, flag in (
            (key, FrameFlags.KEY),
            (end_of_group, FrameFlags.END_OF_GROUP),
            (datagram, FrameFlags.DATAGRAM),
        ):
            frame.flags |= int(flag) if wanted else 0
        frame.timestamp_us, frame.duration_us = timestamp_us, duration_us
        address, length, keeper = address_of(data)
        frame.data, frame.len = address, length
        status = check(lib.burrow_track_push_encoded(self.handle, ctypes.byref(frame)))
        del keeper
        return status == _abi.BURROW_OK

    async def send(self, data: Any, **options: Any) -> None:
        """Like push(), but waits while the engine's queue is full."""
        pause = 0.001
        while not self.push(data, **options):
            # There is no event for a queue with room again; it empties within a turn of the engine's loop.
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.05)

    # -- receiving ---------------------------------------------------------------------------------------------

    def pull(self) -> Frame | None:
        """The next received frame, or None when none waits or 64 frames are on loan.

        Raises ClosedError when the track is over and everything was taken.
        """
        raw = sized(_abi.burrow_encoded_frame)
        status = check(lib.burrow_track_pull_encoded(self.handle, ctypes.byref(raw)))
        return Frame(raw, self._engine._loans) if status == _abi.BURROW_OK else None

    def next_frame(self, timeout: float | None = None) -> Frame | None:
        """Waits in this thread for a frame; None when none came in time or the track has ended.

        Raises what made the track fail. Frames of a track that is over can be told from a pause by ``info.state``.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            news = self._news
            frame, over = self._take()
            if frame is not None or over:
                return frame
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return None
            self._engine._pump(left, lambda news=news: self._news != news)  # type: ignore[misc]

    async def frames(self) -> AsyncIterator[Frame]:
        """Yields every frame until the track ends; raises what made it fail."""
        while True:
            news = self._news
            frame, over = self._take()
            if frame is not None:
                yield frame
                # Lets the memory go before the next one is taken, unless the reader kept something of it.
                del frame
                continue
            if over:
                return
            await self._changed(news)

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self.frames()

    def _take(self) -> tuple[Frame | None, bool]:
        """A frame, or whether there will never be one."""
        if self._handle is None:
            return None, True
        try:
            return self.pull(), False
        except (ClosedError, StaleHandleError):
            if self._engine.closed:
                return None, True
            info = self.info
            if info.state == TrackState.FAILED:
                raise error_for(info.status, info.text) from None
            return None, True

    async def _changed(self, news: int) -> None:
        loop = asyncio.get_running_loop()
        self._engine._attach(loop)
        if self._news != news or self._engine._over:
            return
        future: asyncio.Future[None] = loop.create_future()
        self._futures.append(future)
        try:
            await future
        finally:
            if future in self._futures:
                self._futures.remove(future)

    def _notice(self, event: Event | None) -> None:
        """Something happened to this track, or to the whole engine."""
        self._news += 1
        futures, self._futures = self._futures, []
        for future in futures:
            wake(future)

    # -- both ----------------------------------------------------------------------------------------------------

    def fetch(self, group: int) -> Request:
        """Asks for one group again; its frames come like others, marked FETCHED."""
        if not 0 <= group < 2**62:
            raise LimitError(f"no group has the number {group}")
        return self._engine._request(lib.burrow_track_fetch, self.handle, group)

    def update(
        self,
        *,
        priority: int = 0,
        max_age_ms: int = 0,
        ordered: bool = False,
        latest_only: bool = False,
        start_group: int | None = None,
        end_group: int | None = None,
    ) -> None:
        """Changes how a subscribed track is wanted; all wishes are replaced."""
        want = track_request(priority, max_age_ms, ordered, latest_only, start_group, end_group, False)
        check(lib.burrow_track_update(self.handle, ctypes.byref(want)))

    def end(self) -> None:
        """Unpublishes or unsubscribes; close() does the same when nobody else holds the track."""
        check(lib.burrow_close(self.handle, None))

    @property
    def info(self) -> TrackInfo:
        raw = sized(_abi.burrow_track_info)
        check(lib.burrow_track_info_get(self.handle, ctypes.byref(raw)))
        return TrackInfo(
            direction=Direction(raw.direction),
            state=TrackState(raw.state),
            status=raw.status,
            kind=TrackKind(raw.kind),
            flags=raw.flags,
            priority=raw.priority,
            max_age_ms=raw.max_age_ms,
            path=raw.path.decode(errors="replace"),
            name=raw.name.decode(errors="replace"),
            text=raw.text.decode(errors="replace"),
        )

    @property
    def stats(self) -> TrackStats:
        raw = sized(_abi.burrow_track_stats)
        check(lib.burrow_track_stats_get(self.handle, ctypes.byref(raw), None))
        return TrackStats(**{name: getattr(raw, name) for name in TrackStats.__dataclass_fields__})

    def close(self) -> None:
        super().close()
        self._notice(None)
