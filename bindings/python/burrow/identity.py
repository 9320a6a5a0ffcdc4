"""A person: a Nostr key, and the groups it is in."""

from __future__ import annotations

import asyncio
import ctypes
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _abi
from ._library import check, encode, encode_optional, lib, read_text
from .handle import Handle
from .nostr import NostrEvent, Publication, ServerKind, key_bytes, relay_texts
from .request import Request
from .types import Event

if TYPE_CHECKING:
    from .engine import Engine
    from .group import Group


class Identity(Handle):
    """Signs and publishes events, sends and opens wrapped messages, and has groups if it was made with them.

    ``async with engine.open_identity(...) as alice`` waits until its state file is read, and closes it in the end.
    """

    _what = "identity"

    def __init__(
        self,
        engine: Engine,
        secret_key: str | None = None,
        *,
        groups: bool = False,
        storage_path: str | Path | None = None,
        storage_key: bytes | None = None,
    ) -> None:
        """A new key, or one given as "nsec1…" or 64 hexadecimal digits; or the one in the state file."""
        configuration = _abi.burrow_identity_config()
        check(lib.burrow_config_init(ctypes.byref(configuration), ctypes.sizeof(configuration)))
        configuration.storage_path = encode_optional(None if storage_path is None else str(storage_path), "storage_path")
        memory = ctypes.create_string_buffer(32)
        if storage_key is not None:
            if len(storage_key) != 32:
                raise ValueError("a storage key has 32 bytes")
            ctypes.memmove(memory, bytes(storage_key), 32)
            configuration.storage_key = ctypes.addressof(memory)
        wanted = ctypes.byref(configuration) if groups or storage_path is not None else None

        def call() -> tuple[int, int]:
            out, id = ctypes.c_void_p(), ctypes.c_uint64()
            handle = engine._alive()
            if secret_key is None:
                check(lib.burrow_identity_generate(handle, wanted, ctypes.byref(out), ctypes.byref(id)))
            else:
                text = encode(secret_key, "secret_key")
                check(lib.burrow_identity_import(handle, text, wanted, ctypes.byref(out), ctypes.byref(id)))
            assert out.value is not None
            return out.value, id.value

        self._engine = engine
        #: Ends when it is open, or cannot be; None when it is from the beginning.
        self.opened: Request | None = None
        try:
            if wanted is None:
                super().__init__(call()[0])
            else:
                engine._register(call, self._begin)
        finally:
            ctypes.memset(memory, 0, 32)

    def _begin(self, handle: int, opened: Request) -> Identity:
        super().__init__(handle)
        self.opened = opened
        return self

    async def __aenter__(self) -> Identity:
        try:
            if self.opened is not None:
                await self.opened
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        try:
            if not self.closed and not self._engine.closed:
                await asyncio.wait_for(self.leave(), 3)
        finally:
            self.close()

    @property
    def engine(self) -> Engine:
        return self._engine

    @property
    def public_key(self) -> bytes:
        """32 bytes; raises BlockingIOError while they are still to be read from the state file."""
        memory = (ctypes.c_uint8 * 32)()
        if check(lib.burrow_identity_pubkey(self.handle, memory)) == _abi.BURROW_AGAIN:
            raise BlockingIOError("the identity is not open yet")
        return bytes(memory)

    @property
    def npub(self) -> str:
        """The public key for people."""
        return format_public_key(self.public_key)

    def export(self) -> str:
        """The secret key as "nsec1…", for a safe."""
        return read_text(lib.burrow_identity_export, self.handle)

    def leave(self) -> Request:
        """Closes the identity and its file; the request ends when that is done."""
        return self._engine._request(lib.burrow_close, self.handle)

    # -- events ------------------------------------------------------------------------------------------------

    def publish(self, event: Mapping[str, Any] | NostrEvent | str, relays: Iterable[str] = ()) -> Publication:
        """Signs an event and publishes it: a mapping with "kind", and as wanted "content", "tags" and "created_at".

        What is signed already, by whomever, is verified and left as it is. Without ``relays`` it goes to all relays of
        the engine's list. ``await publication`` raises unless at least one relay has the event.
        """
        text = encode(_json(event), "event")
        urls, count = relay_texts(relays)
        return Publication._start(self._engine, lib.burrow_nostr_publish, self.handle, text, urls, count)

    def send(
        self,
        recipient: bytes | str,
        message: Mapping[str, Any] | str,
        relays: Iterable[str] = (),
        *,
        ephemeral: bool = False,
    ) -> Publication:
        """Seals and wraps a message for one person and publishes it where that person receives such messages."""
        text = encode(_json(message), "message")
        urls, count = relay_texts(relays)
        flags = _abi.BURROW_NOSTR_EPHEMERAL if ephemeral else 0
        return Publication._start(self._engine, lib.burrow_nostr_send, self.handle, key_bytes(recipient), text, urls, count, flags)

    def open(self, wrap: NostrEvent | str) -> NostrEvent:
        """Opens a wrapped message; raises NostrUnreadableError when it is not for us or not genuine."""
        text = encode(_json(wrap), "wrap")
        memory = ctypes.create_string_buffer(len(text) + 1)
        length = ctypes.c_size_t()
        check(lib.burrow_nostr_open(self.handle, text, memory, len(memory), ctypes.byref(length)))
        return NostrEvent._read(memory.value.decode())

    # -- lists and proofs --------------------------------------------------------------------------------------

    def publish_list(self, kind: ServerKind, urls: Iterable[str]) -> Publication:
        """Publishes a list of servers, the best first, in place of the one before."""
        texts, count = relay_texts(urls)
        function = lib.burrow_discovery_publish
        return Publication._start(self._engine, function, self.handle, int(kind), texts, count)

    def http_proof(self, url: str, method: str = "GET", body: bytes | None = None) -> str:
        """The value of the Authorization header for one request (NIP-98)."""
        memory = None if body is None else (ctypes.c_uint8 * max(len(body), 1)).from_buffer_copy(body or b"\0")
        texts = (encode(url, "url"), encode(method, "method"))
        return read_text(lib.burrow_nip98_make, self.handle, *texts, memory, 0 if body is None else len(body))

    # -- groups ------------------------------------------------------------------------------------------------

    def publish_key_package(self, relays: str | Iterable[str] = ()) -> Request:
        """Makes a key package, with which others can invite this identity, and has it published: to these relays, or to
        all of the engine's list."""
        urls, count = texts(relays, "relays")
        return self._engine._request(lib.burrow_key_package_publish, self.handle, urls, count)

    def create_group(
        self,
        name: str = "",
        *,
        relays: str | Iterable[str],
        members: Iterable[bytes] = (),
        description: str = "",
    ) -> Group:
        """Founds a group; ``await group.created`` tells how that ended. Key packages of members are looked for."""
        from .group import create_group

        return create_group(self, name, description, relays, list(members))

    def group(self, id: bytes) -> Group:
        """The group of this id, as events name it."""
        from .group import Group

        out = ctypes.c_void_p()
        memory = (ctypes.c_uint8 * max(len(id), 1)).from_buffer_copy(id or b"\0")
        check(lib.burrow_group_open(self.handle, memory, len(id), ctypes.byref(out)))
        assert out.value is not None
        return Group(self, out.value, None)

    def groups(self) -> list[Group]:
        """All groups of this identity, and those it is invited to."""
        from .group import Group

        count = ctypes.c_size_t()
        capacity = 16
        while True:
            handles = (ctypes.c_void_p * capacity)()
            status = lib.burrow_group_list(self.handle, handles, capacity, ctypes.byref(count))
            if status != _abi.BURROW_ERR_BUFFER_TOO_SMALL:
                check(status)
                return [Group(self, handle, None) for handle in handles[: count.value] if handle]
            capacity = count.value * 2

    def _notice(self, event: Event | None) -> None:
        """Events about identities are for the host; nothing waits inside one."""


def texts(values: str | Iterable[str], what: str) -> tuple[Any, int]:
    """An array of texts for C; a single text counts as one."""
    chosen = [values] if isinstance(values, str) else list(values)
    encoded = [encode(value, what) for value in chosen]
    return (ctypes.c_char_p * max(len(encoded), 1))(*encoded), len(encoded)


def parse_public_key(text: str) -> bytes:
    """The 32 bytes of an "npub1…", an "nprofile1…" or 64 hexadecimal digits."""
    memory = (ctypes.c_uint8 * 32)()
    check(lib.burrow_pubkey_parse(encode(text, "text"), memory))
    return bytes(memory)


def format_public_key(key: bytes) -> str:
    """The "npub1…" of 32 bytes."""
    return read_text(lib.burrow_pubkey_format, key_bytes(key))


def _json(value: Mapping[str, Any] | NostrEvent | str) -> str:
    if isinstance(value, str):
        return value
    return value.json if isinstance(value, NostrEvent) else json.dumps(dict(value))
