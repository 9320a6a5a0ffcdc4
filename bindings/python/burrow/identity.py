"""A person's Nostr key."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from . import _abi
from ._library import check, encode, lib, read_text
from .handle import Handle
from .nostr import NostrEvent, Publication, ServerKind, key_bytes, relay_texts

if TYPE_CHECKING:
    from .engine import Engine


class Identity(Handle):
    """Signs and publishes events, sends and opens wrapped messages."""

    _what = "identity"

    def __init__(self, engine: Engine, secret_key: str | None = None) -> None:
        """A new key, or one given as "nsec1…" or 64 hexadecimal digits."""
        out = ctypes.c_void_p()
        if secret_key is None:
            check(lib.burrow_identity_generate(engine._alive(), ctypes.byref(out)))
        else:
            text = encode(secret_key, "secret_key")
            check(lib.burrow_identity_import(engine._alive(), text, ctypes.byref(out)))
        assert out.value is not None
        super().__init__(out.value)
        self._engine = engine

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        memory = (ctypes.c_uint8 * 32)()
        check(lib.burrow_identity_pubkey(self.handle, memory))
        return bytes(memory)

    @property
    def npub(self) -> str:
        """The public key for people."""
        return format_public_key(self.public_key)

    def export(self) -> str:
        """The secret key as "nsec1…", for a safe."""
        return read_text(lib.burrow_identity_export, self.handle)

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
        return Publication._start(
            self._engine, lib.burrow_nostr_send, self.handle, key_bytes(recipient), text, urls, count, flags
        )

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
