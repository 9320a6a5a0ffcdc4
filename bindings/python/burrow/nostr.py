"""Nostr relays of an engine: the list of them, subscriptions, publications."""

from __future__ import annotations

import asyncio
import collections
import ctypes
import enum
import json
import time
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _abi
from ._library import check, encode, encode_optional, lib
from .errors import CancelledError
from .request import Request, wake
from .types import Event, EventKind

if TYPE_CHECKING:
    from .choice import RelaySelection
    from .engine import Engine
    from .identity import Identity


class NostrRelayState(enum.IntEnum):
    """How a Nostr relay is doing."""

    CONNECTING = _abi.BURROW_NOSTR_CONNECTING
    CONNECTED = _abi.BURROW_NOSTR_CONNECTED
    WAITING = _abi.BURROW_NOSTR_WAITING


class ServerKind(enum.IntEnum):
    """What a published list of servers is for; the numbers are the kinds of the events."""

    RELAYS = _abi.BURROW_LIST_RELAYS
    INBOX = _abi.BURROW_LIST_INBOX
    KEY_PACKAGES = _abi.BURROW_LIST_KEY_PACKAGES
    MOQ = _abi.BURROW_LIST_MOQ


@dataclass(frozen=True)
class NostrEvent:
    """An event whose signature was verified, or the inside of a wrap, which has none."""

    id: str
    pubkey: str
    created_at: int
    kind: int
    tags: list[list[str]]
    content: str
    #: As it was signed.
    json: str

    @classmethod
    def _read(cls, text: str) -> NostrEvent:
        fields = json.loads(text)
        names = ("id", "pubkey", "created_at", "kind", "tags", "content")
        return cls(**{name: fields[name] for name in names}, json=text)


@dataclass(frozen=True)
class RelayResult:
    """What one relay made of an event."""

    url: str
    #: BURROW_OK when it has the event.
    status: int
    #: What it said.
    text: str


@dataclass(frozen=True)
class NostrRelayInfo:
    """A relay of the list."""

    state: NostrRelayState
    status: int
    connections: int
    since_us: int
    events: int
    repeated_events: int
    invalid_events: int
    bad_messages: int
    rate_limits: int
    published: int
    text: str
    url: str


class Publication(Request):
    """An event on its way; ends when each relay has answered or its time is over."""

    def __init__(self, engine: Engine, id: int) -> None:
        super().__init__(engine, id)
        #: The answers so far, in the order in which they came.
        self.results: list[RelayResult] = []

    @classmethod
    def _start(cls, engine: Engine, function: Any, *arguments: Any) -> Publication:
        return engine._request(function, *arguments, make=cls)

    @property
    def event_id(self) -> str:
        """The event's id, once at least one relay has it."""
        return self.event.text if self.event is not None and self.event.status == 0 else ""

    def _notice(self, event: Event) -> None:
        if event.kind == EventKind.NOSTR_RESULT:
            self.results.append(RelayResult(event.text, event.status, event.data.decode(errors="replace")))


class Lookup(Request):
    """A list of servers that is looked for: ``urls = await lookup`` raises NotFoundError when there is none."""

    def __init__(self, engine: Engine, id: int) -> None:
        super().__init__(engine, id)
        self.urls: list[str] = []

    def __await__(self) -> Generator[Any, None, Any]:
        yield from super().__await__()
        return self.urls

    def _notice(self, event: Event) -> None:
        if event.kind == EventKind.DISCOVERED:
            self.urls.append(event.text)


class Subscription(Request):
    """Events as they come: ``async for event in subscription``, or ``subscription.next(timeout)`` in a thread.

    Each event comes once. ``close()`` ends it.
    """

    def __init__(self, engine: Engine, id: int) -> None:
        super().__init__(engine, id)
        self._events: collections.deque[NostrEvent] = collections.deque()
        self._waiting: asyncio.Future[None] | None = None
        self._caught_up: list[asyncio.Future[None]] = []
        #: Whether all relays that can be reached have brought what they had stored.
        self.stored = False
        #: Relays that will not serve it, and why.
        self.refusals: list[RelayResult] = []

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> NostrEvent:
        while not self._events:
            if self.done or self._engine.closed:
                raise StopAsyncIteration
            loop = asyncio.get_running_loop()
            self._engine._attach(loop)
            self._waiting = loop.create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return self._events.popleft()

    async def until_stored(self) -> None:
        """Waits until the stored events are through; they wait to be read."""
        if not self.stored and not self.done:
            loop = asyncio.get_running_loop()
            self._engine._attach(loop)
            future: asyncio.Future[None] = loop.create_future()
            self._caught_up.append(future)
            await future

    def next(self, timeout: float | None = None) -> NostrEvent | None:
        """The next event, or None when none came in time or none will come any more."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._events and not self.done:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return None
            self._engine._pump(left, lambda: bool(self._events) or self.done)
        return self._events.popleft() if self._events else None

    def close(self) -> None:
        """Wants no more events."""
        if not self.done and not self._engine.closed:
            self.cancel()

    async def __aenter__(self) -> Subscription:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.close()

    def _raise(self) -> None:
        try:
            super()._raise()
        except CancelledError:
            # The only way in which it ends well.
            pass

    def _notice(self, event: Event) -> None:
        if event.kind == EventKind.NOSTR_EVENT:
            self._events.append(NostrEvent._read(event.text))
        elif event.kind == EventKind.NOSTR_STORED:
            self.stored = True
        elif event.kind == EventKind.NOSTR_CLOSED:
            self.refusals.append(RelayResult(event.text, event.status, event.data.decode(errors="replace")))
        self._wake()

    def _complete(self, event: Event | None) -> None:
        super()._complete(event)
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None:
            wake(self._waiting)
        if self.stored or self.done:
            futures, self._caught_up = self._caught_up, []
            for future in futures:
                wake(future)


class Nostr:
    """``engine.nostr``: the relays of an engine and what comes through them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_relay(
        self,
        url: str,
        *,
        roots_pem: str | None = None,
        pins: Iterable[bytes | str] = (),
        insecure: bool = False,
        system_roots: bool = True,
        anonymous: bool = False,
    ) -> None:
        """Connects to a relay from now on. See burrow_nostr_add_relay()."""
        way = server_configuration(
            roots_pem=roots_pem, pins=pins, insecure=insecure, system_roots=system_roots, anonymous=anonymous
        )
        engine = self._engine._alive()
        check(lib.burrow_nostr_add_relay(engine, encode(url, "url"), ctypes.byref(way)))

    def remove_relay(self, url: str) -> None:
        """Leaves a relay."""
        check(lib.burrow_nostr_remove_relay(self._engine._alive(), encode(url, "url")))

    @property
    def relays(self) -> list[NostrRelayInfo]:
        """The relays in the order in which they were added."""
        engine, count = self._engine._alive(), ctypes.c_size_t()
        while True:
            check(lib.burrow_nostr_list_relays(engine, None, 0, ctypes.byref(count)))
            room = max(count.value, 1)
            array = (_abi.burrow_nostr_relay_info * room)()
            array[0].struct_size = ctypes.sizeof(_abi.burrow_nostr_relay_info)
            status = lib.burrow_nostr_list_relays(engine, array, room, ctypes.byref(count))
            if status != _abi.BURROW_ERR_BUFFER_TOO_SMALL:
                check(status)
                return [_info(array[index]) for index in range(count.value)]

    def authenticate(self, identity: Identity | None) -> None:
        """Chooses in whose name relays are told who we are when they ask; None tells nobody."""
        handle = None if identity is None else identity.handle
        check(lib.burrow_nostr_authenticate(self._engine._alive(), handle))

    def subscribe(
        self, filters: Mapping[str, Any] | Iterable[Mapping[str, Any]], relays: Iterable[str] = ()
    ) -> Subscription:
        """Subscribes to what matches a filter, or any of several."""
        chosen: Any = dict(filters) if isinstance(filters, Mapping) else [dict(one) for one in filters]
        urls, count = relay_texts(relays)
        text = encode(json.dumps(chosen), "filters")
        return self._engine._request(
            lib.burrow_nostr_subscribe, self._engine._alive(), text, urls, count, make=Subscription
        )

    def ingest(self, event: NostrEvent | str) -> None:
        """Takes an event that came another way, for the subscriptions it matches and for groups."""
        text = event.json if isinstance(event, NostrEvent) else event
        check(lib.burrow_nostr_ingest(self._engine._alive(), encode(text, "event")))

    def published(self, event_id: str, accepted: bool = True) -> None:
        """Says what became of an event for groups that came as EventKind.NOSTR_OUT."""
        check(lib.burrow_nostr_published(self._engine._alive(), encode(event_id, "event_id"), int(accepted)))

    def fetch_list(self, public_key: bytes | str, kind: ServerKind) -> Lookup:
        """Looks for a list of servers somebody has published."""
        return self._engine._request(
            lib.burrow_discovery_fetch, self._engine._alive(), key_bytes(public_key), int(kind), make=Lookup
        )

    def select_relay(self, group: Iterable[str] = (), **wishes: Any) -> RelaySelection:
        """Looks for the MoQ relay of a call, by trying: those of the group, of the list of ``own``, and ``standard``.

        With ``offer`` the relays are those of an offer and no others count. See burrow_discovery_select() for the rest:
        ``group_only``, ``private``, ``denied``, ``trusted``, ``roots_pem``, ``pins``, ``insecure``, ``system_roots``,
        ``timeout_ms``.
        """
        from .choice import select_relay

        return select_relay(self._engine, group, **wishes)

    def check_proof(self, header: str, url: str, method: str = "GET", body: bytes | None = None) -> bytes:
        """Who made an HTTP request, by the value of its Authorization header (NIP-98); each is good once."""
        memory = None if body is None else (ctypes.c_uint8 * max(len(body), 1)).from_buffer_copy(body or b"\0")
        key = (ctypes.c_uint8 * 32)()
        check(
            lib.burrow_nip98_check(
                self._engine._alive(),
                encode(header, "header"),
                encode(url, "url"),
                encode(method, "method"),
                memory,
                0 if body is None else len(body),
                key,
            )
        )
        return bytes(key)


def server_configuration(
    *,
    roots_pem: str | None = None,
    pins: Iterable[bytes | str] = (),
    insecure: bool = False,
    system_roots: bool = True,
    anonymous: bool = False,
) -> Any:
    """How a Nostr relay or a service is reached, for C."""
    configuration = _abi.burrow_nostr_relay_config()
    check(lib.burrow_config_init(ctypes.byref(configuration), ctypes.sizeof(configuration)))
    configuration.roots_pem = encode_optional(roots_pem, "roots_pem")
    chosen = [bytes.fromhex(pin) if isinstance(pin, str) else bytes(pin) for pin in pins]
    if any(len(pin) != 32 for pin in chosen):
        raise ValueError("a pin has 32 bytes")
    if chosen:
        memory = ctypes.create_string_buffer(b"".join(chosen), 32 * len(chosen))
        configuration.pins, configuration.pin_count = ctypes.addressof(memory), len(chosen)
        configuration.kept_alive = memory
    configuration.flags = (
        (_abi.BURROW_NOSTR_INSECURE if insecure else 0)
        | (0 if system_roots else _abi.BURROW_NOSTR_NO_SYSTEM_ROOTS)
        | (_abi.BURROW_NOSTR_ANONYMOUS if anonymous else 0)
    )
    return configuration


def relay_texts(urls: Iterable[str]) -> tuple[Any, int]:
    """An array of URLs for C; none at all is NULL."""
    encoded = [encode(url, "url") for url in urls]
    return ((ctypes.c_char_p * len(encoded))(*encoded), len(encoded)) if encoded else (None, 0)


def key_bytes(key: bytes | str) -> Any:
    """32 bytes for C, from bytes or hexadecimal digits."""
    data = bytes.fromhex(key) if isinstance(key, str) else bytes(key)
    if len(data) != 32:
        raise ValueError("a public key has 32 bytes")
    return (ctypes.c_uint8 * 32).from_buffer_copy(data)


def _info(raw: Any) -> NostrRelayInfo:
    return NostrRelayInfo(
        state=NostrRelayState(raw.state),
        status=raw.status,
        connections=raw.connections,
        since_us=raw.since_us,
        events=raw.events,
        repeated_events=raw.repeated_events,
        invalid_events=raw.invalid_events,
        bad_messages=raw.bad_messages,
        rate_limits=raw.rate_limits,
        published=raw.published,
        text=raw.text.decode(errors="replace"),
        url=raw.url.decode(errors="replace"),
    )
