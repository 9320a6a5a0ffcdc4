"""A call of a group: ringing, answering, who is in them, and the room where they are."""

from __future__ import annotations

import asyncio
import ctypes
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any

from . import _abi
from ._library import check, encode_optional, lib, sized
from .call_types import Admission, CallEndedError, CallInfo, CallMember, CallReason, CallState, word
from .errors import BurrowError, ClosedError, StaleHandleError
from .handle import Handle
from .request import Request, wake
from .room import Connection, Room, room_configuration
from .types import Event, EventKind

if TYPE_CHECKING:
    from .engine import Engine
    from .group import Group
    from .identity import Identity


def open_call(identity: Identity, group: Group, options: dict[str, Any]) -> Call:
    """See Identity.start_call()."""
    configuration, keeper = call_configuration(group, **options)
    engine = identity.engine

    def call() -> tuple[int, int]:
        out, id = ctypes.c_void_p(), ctypes.c_uint64()
        check(lib.burrow_call_start(identity.handle, ctypes.byref(configuration), ctypes.byref(out), ctypes.byref(id)))
        assert out.value is not None
        return out.value, id.value

    made: Call = engine._register(call, lambda handle, request: Call(engine, handle, identity, request))
    del keeper
    return made


def call_configuration(
    group: Group | None,
    *,
    video: bool,
    muted: bool,
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
) -> tuple[Any, Any]:
    """A configuration of the header, and what keeps the memory it points to."""
    raw = _abi.burrow_call_config()
    check(lib.burrow_config_init(ctypes.byref(raw), ctypes.sizeof(raw)))
    for wanted, flag in (
        (video, _abi.BURROW_CALL_VIDEO),
        (muted, _abi.BURROW_CALL_MUTED),
        (silent, _abi.BURROW_CALL_SILENT),
        (by_group, _abi.BURROW_CALL_BY_GROUP),
    ):
        raw.flags |= flag if wanted else 0
    raw.group = None if group is None else group.handle
    raw.relays = encode_optional(_lines(relays), "relays")
    raw.last_relays = encode_optional(_lines(last_relays), "last_relays")
    raw.token_url = encode_optional(token_url, "token_url")
    raw.ring_ms, raw.connect_ms, raw.grace_ms, raw.alone_ms = ring_ms, connect_ms, grace_ms, alone_ms
    room, keeper = room_configuration(connection or Connection())
    raw.room = ctypes.addressof(room)
    return raw, (room, keeper)


def _lines(urls: str | Iterable[str]) -> str | None:
    return urls or None if isinstance(urls, str) else "\n".join(urls) or None


class CallMoment:
    """Something a call comes to: ``await call.active`` in a coroutine, ``call.active.wait(timeout)`` in a thread.

    Raises CallEndedError when the call is over first.
    """

    def __init__(self, call: Call, condition: Callable[[], Any], value: Callable[[], Any] | None = None) -> None:
        self._call = call
        self._condition = condition
        self._value = value

    @property
    def done(self) -> bool:
        return self._call.is_over or bool(self._condition())

    def wait(self, timeout: float | None = None) -> Any:
        """Waits in this thread; TimeoutError when it does not come about in time."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.done:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"the call did not come to it in {timeout} s; it is {self._call.state.name.lower()}")
            news = self._call._news
            self._call.engine._pump(left, lambda news=news: self._call._news != news)  # type: ignore[misc]
        return self._result()

    def __await__(self) -> Generator[Any, None, Any]:
        while not self.done:
            yield from self._call._changed(self._call._news).__await__()
        return self._result()

    def _result(self) -> Any:
        result = self._condition()
        if not result:
            raise CallEndedError(self._call.reason)
        return result if self._value is None else self._value()


class Call(Handle):
    """A call of a group, of two people or of many.

        async with me.start_call(group, video=True) as call:        # rings at the others, hangs up at the end
            await call.active
            microphone = call.room.publish_audio()
            async for members in call.roster():
                ...

    An incoming one comes from ``Identity.incoming()`` or as the subject of an event CALL_STATE; accept() or decline() it. A
    call goes on until it is over, whether somebody holds this object or not; close() hangs up.
    """

    _what = "call"

    def __init__(self, engine: Engine, handle: int, identity: Identity | None, started: Request | None) -> None:
        super().__init__(handle)
        self._engine = engine
        self._identity = identity
        #: Ends when the offer is out, or could not be; None for calls of others.
        self.started = started
        self._room: Room | None = None
        self._news = 0
        self._futures: list[asyncio.Future[None]] = []
        info = self._read()
        self._state, self._detail, self._reason = CallState(info.state), int(info.detail), int(info.reason)
        engine._calls.add(handle, self)

    @property
    def engine(self) -> Engine:
        return self._engine

    @property
    def identity(self) -> Identity | None:
        """Whose call it is; None when nobody holds that identity any more."""
        if self._identity is None:
            self._identity = self._engine._calls.whose(self.info.group_id)
        return self._identity

    @property
    def successor(self) -> Call | None:
        """The call that took its place: when two call each other only one of the calls goes on, and both are in it."""
        other = self.info.other_id
        return next((call for call in self._engine._calls.all() if other and call.info.call_id == other), None)

    @property
    def group(self) -> Group:
        """The group whose keys protect it."""
        identity = self.identity
        if identity is None:
            raise ClosedError("the identity of this call was closed")
        return identity.group(self.info.group_id)

    # -- how it is ---------------------------------------------------------------------------------------------

    @property
    def state(self) -> CallState:
        """As of the newest event that was drained; always readable."""
        return self._state

    @property
    def detail(self) -> int:
        """A CallDetail, or a number this package does not know."""
        return self._detail

    @property
    def reason(self) -> int:
        """Why it is over: a CallReason, or a number this package does not know."""
        return CallReason(self._reason) if self._reason in CallReason._value2member_map_ else self._reason

    @property
    def reason_text(self) -> str:
        """The same for people: "remote hangup"."""
        return word(self._reason)

    @property
    def is_over(self) -> bool:
        return self._state.is_over

    def _read(self) -> Any:
        raw = sized(_abi.burrow_call_info)
        check(lib.burrow_call_info_get(self.handle, ctypes.byref(raw)))
        return raw

    @property
    def info(self) -> CallInfo:
        raw = self._read()
        return CallInfo(
            state=CallState(raw.state),
            detail=raw.detail,
            reason=raw.reason,
            is_video=bool(raw.flags & _abi.BURROW_CALL_VIDEO),
            is_outgoing=bool(raw.flags & _abi.BURROW_CALL_OUTWARD),
            is_pair=bool(raw.flags & _abi.BURROW_CALL_PAIR),
            is_muted=bool(raw.flags & _abi.BURROW_CALL_MUTED),
            has_camera=bool(raw.flags & _abi.BURROW_CALL_CAMERA),
            participant_count=raw.participant_count,
            started_us=raw.started_us,
            since_us=raw.since_us,
            sequence=raw.sequence,
            caller=bytes(raw.caller),
            peer=bytes(raw.peer) if any(raw.peer) else None,
            call_id=raw.call_id.decode(errors="replace"),
            other_id=raw.other_id.decode(errors="replace"),
            group_id=bytes(raw.group_id)[: raw.group_id_len],
            relay=raw.relay.decode(errors="replace"),
            text=raw.text.decode(errors="replace"),
        )

    def members(self) -> list[CallMember]:
        """Who is in it, ourselves not counted: what signals say and what the relay announces, brought together."""
        count, capacity = ctypes.c_size_t(), 16
        while True:
            array = (_abi.burrow_call_member * capacity)()
            array[0].struct_size = ctypes.sizeof(_abi.burrow_call_member)
            status = lib.burrow_call_participants(self.handle, array, capacity, ctypes.byref(count))
            if status != _abi.BURROW_ERR_BUFFER_TOO_SMALL:
                break
            capacity = count.value + 16
        check(status)
        return [
            CallMember(
                pubkey=bytes(entry.pubkey),
                device=entry.device.decode(errors="replace"),
                path=entry.path.decode(errors="replace"),
                id=entry.participant,
                is_muted=None if entry.muted < 0 else bool(entry.muted),
                has_video=None if entry.video < 0 else bool(entry.video),
                is_present=bool(entry.present),
                is_announced=bool(entry.announced),
                progress=entry.progress,
            )
            for entry in array[: count.value]
        ]

    @property
    def room(self) -> Room:
        """Where it is: tracks are published and subscribed there. Raises ClosedError before accept() and after the end.

        The room belongs to the call, which connects and leaves it; its keys follow the group.
        """
        room = self._find_room()
        if room is None:
            raise ClosedError("this call has no room: it was not accepted, or it is over")
        return room

    def _find_room(self) -> Room | None:
        """The room as an object, which then gets the events about it."""
        try:
            handle = self._read().room
        except (ClosedError, StaleHandleError):
            return self._room
        if handle and (self._room is None or self._room._handle != handle):
            try:
                check(lib.burrow_retain(handle))
            except StaleHandleError:
                return self._room
            with self._engine._lock:
                self._room = Room(self._engine, handle, Request._over(self._engine))
                self._room._watcher = self._noticed
                self._engine._objects[handle] = self._room
        return self._room

    # -- waiting -----------------------------------------------------------------------------------------------

    def until(self, condition: Callable[[], Any]) -> CallMoment:
        """When something is so, looked at whenever there is news of the call or its room; gives what the condition gave."""
        return CallMoment(self, condition)

    @property
    def entered(self) -> CallMoment:
        """When there is a room, which it gives: tracks can be published, and are there when the call becomes active."""
        return self.until(self._find_room)

    @property
    def active(self) -> CallMoment:
        """When it is active: somebody of the others is there, or was."""
        return CallMoment(self, lambda: self._state == CallState.ACTIVE, lambda: None)

    @property
    def over(self) -> CallMoment:
        """When it is over; gives the reason."""
        return CallMoment(self, lambda: self.is_over, lambda: self.reason)

    async def roster(self) -> AsyncIterator[list[CallMember]]:
        """Who is in it: now, and again after each change, until it is over. What was missed meanwhile is skipped."""
        last: list[CallMember] | None = None
        while not self.is_over and not self.closed:
            news = self._news
            try:
                members = self.members()
            except (ClosedError, StaleHandleError):
                return
            if members != last:
                last = members
                yield members
                continue
            await self._changed(news)

    async def _changed(self, news: int) -> None:
        """Comes back when there is something newer."""
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

    # -- what the user wants -----------------------------------------------------------------------------------

    def accept(
        self,
        *,
        video: bool | None = None,
        muted: bool = False,
        connection: Connection | None = None,
        token_url: str | None = None,
        connect_ms: int = 0,
        grace_ms: int = 0,
        alone_ms: int = 0,
    ) -> Request:
        """Takes a call that comes in, or joins one that goes on; the request ends when it is active, or over.

        Without ``video`` ours is sent if theirs is. Nothing was connected to before.
        """
        configuration, keeper = call_configuration(
            None,
            video=self.info.is_video if video is None else video,
            muted=muted,
            connection=connection,
            token_url=token_url,
            connect_ms=connect_ms,
            grace_ms=grace_ms,
            alone_ms=alone_ms,
        )
        request = self._engine._request(lib.burrow_call_accept, self.handle, ctypes.byref(configuration))
        del keeper
        return request

    def decline(self, *, busy: bool = False) -> Request:
        """Does not take it. In a group nobody is told, as others may want to."""
        return self._end(_abi.BURROW_CALL_END_BUSY if busy else 0)

    def hang_up(self, *, for_all: bool = False) -> Request:
        """Leaves it, or takes it back; the request ends when the others were told. Admins may end it ``for_all``."""
        return self._end(_abi.BURROW_CALL_END_ALL if for_all else 0)

    def _end(self, flags: int) -> Request:
        return self._engine._request(lib.burrow_call_end, self.handle, flags)

    def set_muted(self, muted: bool) -> Request:
        """Tells the others that we are silent now, or not any more."""
        return self._update(_abi.BURROW_CALL_CHANGE_MUTED, muted=int(muted))

    def set_video(self, video: bool) -> Request:
        """Tells the others that our camera is on, or off."""
        return self._update(_abi.BURROW_CALL_CHANGE_VIDEO, video=int(video))

    def admit(self, admission: Admission) -> Request:
        """Says what becomes of a call that the host was asked about."""
        return self._update(_abi.BURROW_CALL_CHANGE_ADMISSION, admission=int(admission))

    def look(self, *, connection: Connection | None = None) -> Request:
        """Asks the relay who is in a call that goes on without us; members() has the answer."""
        room, keeper = room_configuration(connection or Connection())
        request = self._update(_abi.BURROW_CALL_CHANGE_LOOK, room=ctypes.addressof(room))
        del room, keeper
        return request

    def _update(self, flags: int, **fields: int) -> Request:
        raw = _abi.burrow_call_change()
        check(lib.burrow_config_init(ctypes.byref(raw), ctypes.sizeof(raw)))
        raw.flags = flags
        for name, value in fields.items():
            setattr(raw, name, value)
        return self._engine._request(lib.burrow_call_update, self.handle, ctypes.byref(raw))

    # -- life --------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Gives the handle back now, which hangs up; one that was not answered goes on without us."""
        handle = self._handle
        if handle is not None:
            self._engine._calls.forget(handle)
            super().close()
            if not self.is_over:
                self._state = CallState.ENDED
            self._noticed()

    async def __aenter__(self) -> Call:
        try:
            if self.started is not None:
                await self.started
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        try:
            if not self.closed and not self.is_over and not self._engine.closed:
                await asyncio.wait_for(self.hang_up(), 3)
        except (TimeoutError, BurrowError):
            # Saying goodbye is a courtesy; what the body of the block did is what counts.
            pass
        finally:
            self.close()

    # -- machinery ---------------------------------------------------------------------------------------------

    def _notice(self, event: Event | None) -> None:
        """Something happened to this call, or the engine is over."""
        if event is None:
            if not self.is_over:
                self._state = CallState.ENDED
        elif event.kind == EventKind.CALL_STATE:
            if event.state in CallState._value2member_map_:
                self._state = CallState(event.state)
            self._detail, self._reason = event.value & 0xFF, event.value >> 8 & 0xFF
            if self.is_over:
                self._engine._calls.remove(self._handle or 0)
            elif self._state in (CallState.INCOMING, CallState.ASKED):
                identity = self.identity
                if identity is not None:
                    identity._ring(self)
        self._noticed()

    def _noticed(self) -> None:
        self._news += 1
        futures, self._futures = self._futures, []
        for future in futures:
            wake(future)
