"""A person: a Nostr key, and the groups it is in."""

from __future__ import annotations

import asyncio
import ctypes
import enum
import inspect
import json
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from . import _abi
from ._library import check, encode, encode_optional, lib, read_text
from .calls import Callee
from .errors import BurrowError, NostrKeyError, NostrUnreadableError
from .handle import Handle
from .nostr import NostrEvent, Publication, ServerKind, key_bytes, relay_texts, server_configuration
from .request import Request
from .tokens import TokenClaims, TokenLease, raw_claims
from .types import Event

if TYPE_CHECKING:
    from .engine import Engine
    from .group import Group


class KeyRequestKind(enum.IntEnum):
    """What the holder of a key is asked to do."""

    SIGN = _abi.BURROW_KEY_SIGN
    ENCRYPT = _abi.BURROW_KEY_ENCRYPT
    DECRYPT = _abi.BURROW_KEY_DECRYPT


@dataclass(frozen=True)
class KeyRequest:
    """Something for who holds the key of an identity that was made with a public key only."""

    kind: KeyRequestKind
    #: The event to sign as JSON, the text to encrypt, the payload to decrypt.
    text: str
    #: 32 bytes: the id of the event to sign, the key to encrypt for, or the one a payload is from.
    data: bytes
    #: What it is answered with.
    number: int
    #: The id of the Request it is for, or 0.
    request: int

    @classmethod
    def of(cls, event: Event) -> KeyRequest:
        """What an event KEY_REQUEST asks for."""
        return cls(KeyRequestKind(event.state), event.text, event.data, event.value, event.request)


#: Returns the signed event as JSON or just the signature, the payload, or the text; or something to await for that.
Signer: TypeAlias = Callable[[KeyRequest], "bytes | str | Awaitable[bytes | str]"]


class _Soon(Request):
    """A text that is there at once or with the end of the request."""

    _text: str | None = None

    @property
    def done(self) -> bool:
        return self._text is not None or super().done

    def _raise(self) -> None:
        if self._text is None:
            super()._raise()
            assert self._event is not None
            self._text = self._event.text


class Opening(_Soon):
    """A wrap that is opened: ``message = await opening``."""

    @property
    def message(self) -> NostrEvent:
        """What was inside; raises what went wrong."""
        self._raise()
        return NostrEvent._read(self._text or "")

    def __await__(self) -> Generator[Any, None, Any]:
        yield from super().__await__()
        return self.message


class Proof(_Soon):
    """A proof that is made: ``header = await proof``."""

    @property
    def header(self) -> str:
        """The value of the Authorization header; raises what went wrong."""
        self._raise()
        return self._text or ""

    def __await__(self) -> Generator[Any, None, Any]:
        yield from super().__await__()
        return self.header


class Identity(Handle, Callee):
    """Signs and publishes events, sends and opens wrapped messages, and has groups if it was made with them.

    ``async with engine.open_identity(...) as alice`` waits until its state file is read, and closes it in the end.
    """

    _what = "identity"

    def __init__(
        self,
        engine: Engine,
        secret_key: str | None = None,
        *,
        public_key: bytes | str | None = None,
        signer: Signer | None = None,
        key_timeout_ms: int = 0,
        groups: bool = False,
        storage_path: str | Path | None = None,
        storage_key: bytes | None = None,
    ) -> None:
        """A new key, or one given as "nsec1…" or 64 hexadecimal digits; or the one in the state file. Without a path
        everything stays in memory.

        With a ``public_key`` the secret one is elsewhere: ``signer`` is called with each KeyRequest, in the thread or task
        that drains the engine, and returns the answer, or something to await for it; what it raises refuses. Without a
        signer requests come as events KEY_REQUEST, for ``KeyRequest.of(event)``.
        """
        configuration = _abi.burrow_identity_config()
        check(lib.burrow_config_init(ctypes.byref(configuration), ctypes.sizeof(configuration)))
        configuration.storage_path = encode_optional(None if storage_path is None else str(storage_path), "storage_path")
        memory = ctypes.create_string_buffer(32)
        if storage_key is not None:
            if len(storage_key) != 32:
                raise ValueError("a storage key has 32 bytes")
            ctypes.memmove(memory, bytes(storage_key), 32)
            configuration.storage_key = ctypes.addressof(memory)
        configuration.key_timeout_ms = key_timeout_ms
        wanted = ctypes.byref(configuration) if groups or storage_path is not None else None

        def call() -> tuple[int, int]:
            out, id = ctypes.c_void_p(), ctypes.c_uint64()
            handle = engine._alive()
            text: bytes | None
            if public_key is not None:
                text = encode(format_public_key(bytes(key_bytes(public_key))), "public_key")
            elif secret_key is not None and secret_key.startswith("npub"):
                raise NostrKeyError("that is a public key: give it as public_key")
            else:
                text = encode_optional(secret_key, "secret_key")
            check(lib.burrow_identity_create(handle, text, wanted, ctypes.byref(out), ctypes.byref(id)))
            assert out.value is not None
            return out.value, id.value

        Callee.__init__(self)
        self._engine = engine
        #: Answers for a key that is elsewhere.
        self.signer = signer
        self._consulting: set[asyncio.Future[None]] = set()
        #: Ends when it is open, or cannot be; None when it is from the beginning.
        self.opened: Request | None = None
        try:
            engine._register(call, self._begin)
        finally:
            ctypes.memset(memory, 0, 32)

    def _begin(self, handle: int, opened: Request) -> Identity:
        Handle.__init__(self, handle)
        self.opened = opened if opened.id else None
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
        """Opens a wrapped message; raises NostrUnreadableError when it is not for us or not genuine.

        For an identity that has its key; ``unwrap()`` is for all.
        """
        text = encode(_json(wrap), "wrap")
        memory = ctypes.create_string_buffer(len(text) + 1)
        length = ctypes.c_size_t()
        check(lib.burrow_nostr_open(self.handle, text, memory, len(memory), ctypes.byref(length), None))
        return NostrEvent._read(memory.value.decode())

    def unwrap(self, wrap: NostrEvent | str) -> Opening:
        """Opens a wrapped message, wherever the key is: ``message = await identity.unwrap(wrap)``."""
        text = encode(_json(wrap), "wrap")
        opening: Opening = self._soon(Opening, len(text) + 1, lib.burrow_nostr_open, text)
        return opening

    # -- lists and proofs --------------------------------------------------------------------------------------

    def publish_list(self, kind: ServerKind, urls: Iterable[str]) -> Publication:
        """Publishes a list of servers, the best first, in place of the one before."""
        texts, count = relay_texts(urls)
        function = lib.burrow_discovery_publish
        return Publication._start(self._engine, function, self.handle, int(kind), texts, count)

    def http_proof(self, url: str, method: str = "GET", body: bytes | None = None) -> str:
        """The value of the Authorization header for one request (NIP-98), for an identity that has its key."""
        proof = self._proof(url, method, body, waits=False)
        return proof.header

    def prove(self, url: str, method: str = "GET", body: bytes | None = None) -> Proof:
        """The same wherever the key is: ``header = await identity.prove(url)``."""
        return self._proof(url, method, body, waits=True)

    def _proof(self, url: str, method: str, body: bytes | None, *, waits: bool) -> Proof:
        memory = None if body is None else (ctypes.c_uint8 * max(len(body), 1)).from_buffer_copy(body or b"\0")
        texts = (encode(url, "url"), encode(method, "method"))
        room = 4096 + 12 * sum(len(text) for text in texts)
        count = 0 if body is None else len(body)
        proof: Proof = self._soon(Proof, room, lib.burrow_nip98_make, *texts, memory, count, waits=waits)
        return proof

    def _soon(self, make: type[Any], room: int, function: Any, *arguments: Any, waits: bool = True) -> Any:
        """Something that is there at once, or with the end of a request."""
        memory = ctypes.create_string_buffer(room)
        length, id = ctypes.c_size_t(), ctypes.c_uint64()
        target = ctypes.byref(id) if waits else None
        with self._engine._lock:
            status = check(function(self.handle, *arguments, memory, room, ctypes.byref(length), target))
            request = make(self._engine, id.value)
            if status == _abi.BURROW_AGAIN:
                self._engine._requests[id.value] = request
            else:
                request._text = memory.value.decode()
        return request

    # -- a key that is elsewhere -------------------------------------------------------------------------------

    def answer(self, request: KeyRequest, result: bytes | str) -> None:
        """Gives what a KeyRequest asks for; raises KeyAnswerError when it is something else."""
        given = result.encode() if isinstance(result, str) else bytes(result)
        memory = (ctypes.c_uint8 * max(len(given), 1)).from_buffer_copy(given or b"\0")
        check(lib.burrow_identity_respond(self.handle, request.number, _abi.BURROW_OK, memory, len(given)))

    def refuse(self, request: KeyRequest, *, unreadable: bool = False) -> None:
        """Does not do what a KeyRequest asks for, or cannot: there is nothing to be decrypted."""
        status = _abi.BURROW_ERR_NOSTR_UNREADABLE if unreadable else _abi.BURROW_ERR_KEY_REFUSED
        check(lib.burrow_identity_respond(self.handle, request.number, status, None, 0))

    def _consult(self, event: Event) -> bool:
        """Lets the signer answer an event; False when there is none."""
        if self.signer is None:
            return False
        request = KeyRequest.of(event)
        try:
            result = self.signer(request)
        except Exception as error:
            self._reply(request, error)
            return True
        if not inspect.isawaitable(result):
            self._reply(request, result)
            return True

        async def finish() -> None:
            try:
                answer = await result
            except Exception as error:
                self._reply(request, error)
            else:
                self._reply(request, answer)

        task = asyncio.ensure_future(finish())
        self._consulting.add(task)
        task.add_done_callback(self._consulting.discard)
        return True

    def _reply(self, request: KeyRequest, result: bytes | str | Exception) -> None:
        try:
            if isinstance(result, Exception):
                self.refuse(request, unreadable=isinstance(result, NostrUnreadableError))
            else:
                self.answer(request, result)
        except BurrowError:
            # What it was for has ended with that already, or nobody waits for it any more.
            pass

    def request_token(self, service: str, claims: TokenClaims | None = None, **way: Any) -> TokenLease:
        """Asks a service for a token for a MoQ relay, and again before its time is over.

        What else may be said is how the service is reached: ``roots_pem``, ``pins``, ``insecure``, ``system_roots``.
        """
        wanted = None if claims is None else ctypes.byref(raw_claims(claims))
        configuration = ctypes.byref(server_configuration(**way))
        url = encode(service, "service")
        made: TokenLease = self._engine._request(lib.burrow_token_request, self.handle, url, wanted, configuration, make=TokenLease)
        return made

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
        """Events about identities are for the host; at the end nobody waits for calls any more."""
        if event is None:
            self._wake_callee()


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
