"""The engine: threads and sockets of the library, and the one queue of events."""

from __future__ import annotations

import asyncio
import collections
import ctypes
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, overload

from . import _abi
from ._library import check, encode_optional, lib, sized
from .calls import CallBook
from .errors import ClosedError
from .frame import Loans
from .nostr import Nostr
from .request import R, Request
from .streams import BACKLOG, EventStream
from .types import Congestion, Event, EventKind, NetworkChange, Version

if TYPE_CHECKING:
    from pathlib import Path

    from .group import Group
    from .identity import Identity, Signer
    from .relay import Relay
    from .room import Room
    from .tokens import TokenLease


class Engine:
    """Carries any number of rooms and relays; one is enough for a process.

    In coroutines: ``async with Engine() as engine`` and ``async for event in engine.events()``. In threads:
    ``with Engine() as engine`` and ``engine.next_event(timeout)``. Nothing of the library ever calls into Python
    unless a wakeup or a log handler was set, so ending the interpreter is always safe.
    """

    def __init__(
        self,
        *,
        socket_receive_buffer: int = 0,
        socket_send_buffer: int = 0,
        host_relays: bool = False,
        ask_calls: bool = False,
        private_calls: bool = False,
        proxy: str | None = None,
    ) -> None:
        """With ``host_relays`` nothing connects to Nostr relays: see BURROW_ENGINE_HOST_RELAYS. With ``ask_calls`` no call rings
        before Call.admit() said so. With ``private_calls`` calls of others may be on relays in private networks, as they may
        anyway when one of our Nostr relays is there. Through ``proxy``, ``"socks5://user:password@host:port"`` or
        ``"http://host:port"``, relays and token services are reached."""
        configuration = _abi.burrow_engine_config()
        check(lib.burrow_config_init(ctypes.byref(configuration), ctypes.sizeof(configuration)))
        configuration.socket_receive_buffer = socket_receive_buffer
        configuration.socket_send_buffer = socket_send_buffer
        for wanted, flag in (
            (host_relays, _abi.BURROW_ENGINE_HOST_RELAYS),
            (ask_calls, _abi.BURROW_ENGINE_ASK_CALLS),
            (private_calls, _abi.BURROW_ENGINE_PRIVATE_CALLS),
        ):
            configuration.flags |= flag if wanted else 0
        configuration.proxy = encode_optional(proxy, "proxy")
        out = ctypes.c_void_p()
        check(lib.burrow_engine_create(ctypes.byref(configuration), ctypes.byref(out)))
        assert out.value is not None
        self._handle: int | None = out.value
        self._loans = Loans()
        self._requests: dict[int, Request] = {}
        #: What goes through Nostr relays.
        self.nostr = Nostr(self)
        self._objects: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._calls = CallBook(self)
        self._backlog: collections.deque[Event] = collections.deque(maxlen=BACKLOG)
        self._waiting_data: set[int] = set()
        self._streams: weakref.WeakSet[EventStream] = weakref.WeakSet()
        self._lock = threading.RLock()
        self._drained = threading.Condition(self._lock)
        self._draining = False
        self._over = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._fd = -1
        self._wakeup: Any = None
        self._finalizer = weakref.finalize(self, _destroy, out.value, self._loans)

    # -- life ------------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        return self._handle is None

    @property
    def handle(self) -> int:
        """The token of the library, for calls that this package does not wrap."""
        return self._alive()

    def _alive(self) -> int:
        if self._handle is None:
            raise ClosedError("this engine was closed")
        return self._handle

    def __enter__(self) -> Engine:
        self._alive()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def __aenter__(self) -> Engine:
        self._attach(asyncio.get_running_loop())
        return self

    async def __aexit__(self, *exception: object) -> None:
        try:
            if not self.closed and not self._over:
                await asyncio.wait_for(self.shutdown(), 3)
        except (ClosedError, TimeoutError):
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Ends everything at once and joins the library's threads.

        Views of received frames stay readable: as long as some exist the engine is only shut down, and the rest
        follows when they are gone. For a farewell to the peers call ``shutdown().wait()`` first.
        """
        with self._lock:
            if self._handle is None:
                return
            handle, self._handle = self._handle, None
            self._detach()
        self._wakeup = None
        self._finalizer.detach()
        _destroy(handle, self._loans)
        self._finish()

    def shutdown(self) -> Request:
        """Leaves all rooms and stops all relays in good order; the request ends when that is done."""
        return self._request(lib.burrow_close, self._alive())

    def network_changed(self, change: NetworkChange = NetworkChange.UNKNOWN) -> None:
        """Tells that the device has other addresses now, or woke up."""
        check(lib.burrow_engine_network_changed(self._alive(), int(change)))

    # -- what it carries ---------------------------------------------------------------------------------------

    def open_room(
        self,
        url: str,
        *,
        path: str | None = None,
        prefix: str | None = None,
        roots_pem: str | None = None,
        pins: Iterable[bytes | str] = (),
        server_name: str | None = None,
        qlog_dir: str | None = None,
        versions: Version = Version.ANY,
        congestion: Congestion = Congestion.AUTO,
        insecure: bool = False,
        system_roots: bool = True,
        reconnect: bool = True,
        discovery: bool = True,
        media: bool = False,
        connect_timeout_ms: int = 0,
        idle_timeout_ms: int = 0,
        keep_alive_ms: int = 0,
        reconnect_min_ms: int = 0,
        reconnect_max_ms: int = 0,
        last_n: int = 0,
        protected: bool = False,
        call_id: bytes = b"",
        group: Group | None = None,
        token: TokenLease | None = None,
    ) -> Room:
        """Starts connecting to a room; ``await room.opened`` tells how that ended. See burrow_room_config.

        What is published in a protected room waits for the first Room.set_key(). With a group it is protected by that
        group's keys, without a path we announce where its members look, and path="" only listens. The tokens of a lease
        take the place of the one in the URL as they come, without a break; the first one has to be there.
        """
        wishes = {name: value for name, value in locals().items() if name != "self"}
        from .room import open_room

        return open_room(self, **wishes)

    def start_relay(
        self,
        listen: str | Iterable[str] = "127.0.0.1:0",
        *,
        open: bool = False,
        certificate_pem: str | None = None,
        key_pem: str | None = None,
        host_names: Iterable[str] = (),
        jwt_keys: str | None = None,
        public_prefix: str | None = None,
        qlog_dir: str | None = None,
        versions: Version = Version.ANY,
        congestion: Congestion = Congestion.AUTO,
        idle_timeout_ms: int = 0,
        keep_alive_ms: int = 0,
        max_sessions: int = 0,
        max_broadcasts_per_session: int = 0,
        max_subscriptions_per_session: int = 0,
        max_cache_mib: int = 0,
        max_sessions_per_address: int = 0,
        reset_secret: bytes | None = None,
    ) -> Relay:
        """Starts a relay; ``await relay.started`` tells when it listens. See burrow_relay_config."""
        wishes = {name: value for name, value in locals().items() if name != "self"}
        from .relay import start_relay

        return start_relay(self, **wishes)

    def open_identity(
        self,
        secret_key: str | None = None,
        *,
        public_key: bytes | str | None = None,
        signer: Signer | None = None,
        key_timeout_ms: int = 0,
        storage_path: str | Path | None = None,
        storage_key: bytes | None = None,
    ) -> Identity:
        """Opens an identity with groups, see Identity; ``await identity.opened`` tells how that ended."""
        wishes = {name: value for name, value in locals().items() if name != "self"}
        from .identity import Identity

        return Identity(self, groups=True, **wishes)

    # -- events --------------------------------------------------------------------------------------------------

    def events(self) -> EventStream:
        """Every event from now on, and first those that nobody has taken yet."""
        self._alive()
        stream = EventStream(self)
        with self._lock:
            if not self._streams:
                stream._events.extend(self._backlog)
                self._backlog.clear()
                self._waiting_data.clear()
            self._streams.add(stream)
        return stream

    def __aiter__(self) -> EventStream:
        return self.events()

    def next_event(self, timeout: float | None = None) -> Event | None:
        """Takes the next event, waiting up to ``timeout`` seconds (None: without end); None when there is none.

        Raises ClosedError after shutdown, once the last event was taken.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        first = True
        while True:
            with self._lock:
                self._alive()
                if self._backlog:
                    event = self._backlog.popleft()
                    if event.kind == EventKind.TRACK_DATA:
                        self._waiting_data.discard(getattr(event.subject, "_handle", None) or 0)
                    return event
                if self._over:
                    raise ClosedError("the engine is shut down and its last event was taken")
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if left == 0 and not first:
                return None
            first = False
            self._pump(left, lambda: bool(self._backlog))

    def dispatch(self, handler: Callable[[Event], None], timeout: float | None = None) -> bool:
        """Waits for events and calls the handler on this thread for each; False when none came in time.

        The handler may do anything, also close the engine. An exception of it ends this call.
        """
        event = self.next_event(timeout)
        if event is None:
            return False
        while event is not None:
            handler(event)
            if self.closed:
                break
            try:
                event = self.next_event(0)
            except ClosedError:
                break
        return True

    def event_fd(self) -> int:
        """A descriptor that is readable while events wait; only for waiting, and only until close()."""
        fd = ctypes.c_int32(-1)
        check(lib.burrow_engine_event_fd(self._alive(), ctypes.byref(fd)))
        return fd.value

    def set_wakeup(self, function: Callable[[], None] | None) -> None:
        """Sets what a thread of the library calls when events start to wait; keep it short, call nothing of ours.

        Prefer ``events()`` or ``next_event()``: this is the only thing besides a log handler that lets a foreign
        thread into the interpreter.
        """
        previous = self._wakeup
        callback = _abi.burrow_wakeup_fn(lambda _: function()) if function else _abi.burrow_wakeup_fn()
        check(lib.burrow_engine_set_wakeup(self._alive(), callback, None))
        # The previous one is free to go only now that the library has let go of it.
        self._wakeup = callback if function else None
        del previous

    # -- machinery -------------------------------------------------------------------------------------------------

    @overload
    def _request(self, function: Any, *arguments: Any) -> Request: ...
    @overload
    def _request(self, function: Any, *arguments: Any, make: type[R]) -> R: ...
    def _request(self, function: Any, *arguments: Any, make: type[Any] = Request) -> Any:
        """Calls a function whose last parameter is a request and gives that as an object."""
        id = ctypes.c_uint64()
        with self._lock:
            # Under the lock, which routing takes too: the completion may be drained before we know its number.
            check(function(*arguments, ctypes.byref(id)))
            request = make(self, id.value)
            self._requests[id.value] = request
        return request

    def _register(self, call: Callable[[], tuple[int, int]], make: Callable[[int, Request], Any]) -> Any:
        """Makes an object and its request in one step, so that no event about them can come in between."""
        with self._lock:
            handle, id = call()
            request = Request(self, id)
            if id:
                self._requests[id] = request
            made = make(handle, request)
            self._objects[handle] = made
        return made

    def _pump(self, timeout: float | None, satisfied: Callable[[], bool]) -> None:
        """Lets this thread drain events, or wait for the one that does; returns when something happened."""
        with self._lock:
            if satisfied() or self._over or self._handle is None:
                return
            if self._draining:
                # Bounded: the other thread may leave without an event.
                self._drained.wait(0.1 if timeout is None else min(timeout, 0.1))
                return
            self._draining = True
            handle = self._handle
        raw = sized(_abi.burrow_event)
        event, status = None, _abi.BURROW_AGAIN
        try:
            milliseconds = -1 if timeout is None else min(int(timeout * 1000 + 0.999), 2**31 - 1)
            status = lib.burrow_engine_next_event(handle, milliseconds, ctypes.byref(raw))
        finally:
            with self._lock:
                if status == _abi.BURROW_OK:
                    event = self._convert(raw)
                self._draining = False
                self._drained.notify_all()
        if event is not None:
            self._route(event)
        elif status in (_abi.BURROW_ERR_CLOSED, _abi.BURROW_ERR_STALE_HANDLE):
            self._finish()
        elif status == _abi.BURROW_ERR_BUSY:
            time.sleep(0.001)
        else:
            check(status)

    def _drain(self) -> None:
        """The descriptor is readable: takes everything that waits."""
        for _ in range(BACKLOG):
            with self._lock:
                if self._handle is None or self._draining:
                    return
                raw = sized(_abi.burrow_event)
                status = lib.burrow_engine_next_event(self._handle, 0, ctypes.byref(raw))
                event = self._convert(raw) if status == _abi.BURROW_OK else None
            if event is None:
                if status in (_abi.BURROW_ERR_CLOSED, _abi.BURROW_ERR_STALE_HANDLE):
                    self._detach()
                    self._finish()
                return
            self._route(event)

    def _convert(self, raw: Any) -> Event:
        kind = int(raw.kind)
        return Event(
            kind=EventKind(kind) if kind in EventKind._value2member_map_ else kind,
            status=raw.status,
            participant=raw.participant,
            state=raw.state,
            request=raw.request,
            time_us=raw.time_us,
            value=raw.value,
            subject=(self._objects.get(raw.subject) or self._calls.meet(kind, raw.subject)) if raw.subject else None,
            text=(raw.text or b"").decode(errors="replace"),
            data=ctypes.string_at(raw.data, raw.data_len) if raw.data and raw.data_len else b"",
        )

    def _route(self, event: Event) -> None:
        """Gives an event to whom it concerns, then to everybody who reads events."""
        # Without the lock: who holds a key may take a while.
        consult = getattr(event.subject, "_consult", None) if event.kind == EventKind.KEY_REQUEST else None
        if consult is not None and consult(event):
            return
        with self._lock:
            if event.kind == EventKind.DONE:
                request = self._requests.pop(event.request, None)
                if request is not None:
                    request._complete(event)
            elif event.request in self._requests and event.kind not in (EventKind.NOSTR_OUT, EventKind.KEY_REQUEST):
                # What a request brings on the way belongs to it alone.
                self._requests[event.request]._notice(event)
                return
            if event.subject is not None:
                event.subject._notice(event)
            if self._streams:
                for stream in list(self._streams):
                    stream._put(event)
                return
            if event.kind == EventKind.TRACK_DATA:
                # One waiting event per track is enough, as in the library's own queue.
                track = getattr(event.subject, "_handle", None) or 0
                if track in self._waiting_data:
                    return
                self._waiting_data.add(track)
            self._backlog.append(event)

    def _finish(self) -> None:
        """No event will come any more."""
        with self._lock:
            self._over = True
            requests, self._requests = self._requests, {}
            streams = list(self._streams)
            subjects = list(self._objects.values())
            self._calls.clear()
            self._drained.notify_all()
        for request in requests.values():
            request._complete(None)
        for subject in subjects:
            subject._notice(None)
        for stream in streams:
            stream._end()

    def _attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Lets an event loop drain the queue from now on."""
        with self._lock:
            if self._loop is loop or self._handle is None or self._over:
                return
            if self._loop is not None and self._loop.is_running():
                raise RuntimeError("this engine is used by another running event loop")
            self._detach()
            self._fd = self.event_fd()
            # The loop must not keep a forgotten engine alive.
            me = weakref.ref(self)

            def ready() -> None:
                engine = me()
                if engine is not None:
                    engine._drain()

            loop.add_reader(self._fd, ready)
            self._loop = loop

    def _detach(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None and not loop.is_closed():
            fd = self._fd
            try:
                running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
            except RuntimeError:
                running = None
            if running is loop or not loop.is_running():
                loop.remove_reader(fd)
            else:
                loop.call_soon_threadsafe(loop.remove_reader, fd)


def _destroy(handle: int, loans: Loans) -> None:
    """Destroys an engine, or shuts it down now and destroys it when its memory is not looked at any more."""
    if not loans.when_idle(lambda: lib.burrow_engine_destroy(handle)):
        lib.burrow_close(handle, None)
