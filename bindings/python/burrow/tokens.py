"""Tokens that let their holders into MoQ relays."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _abi
from ._library import check, encode, lib, read_text
from .nostr import Subscription
from .types import Event, EventKind

if TYPE_CHECKING:
    from .engine import Engine


@dataclass(frozen=True)
class TokenClaims:
    """What a token lets its holder do; paths are below ``root``, and an empty one means everything there."""

    root: str = ""
    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    #: Seconds since 1970 from which on it is worth nothing; 0: it stays good.
    expires: int = 0
    #: Seconds since 1970 when it was made; 0: it does not say.
    issued: int = 0


def sign_token(claims: TokenClaims, key: str) -> str:
    """Makes a token with a private key: the JSON text of a JWK with "alg" EdDSA, ES256 or HS256."""
    return read_text(lib.burrow_token_sign, ctypes.byref(raw_claims(claims)), encode(key, "key"))


def verify_token(token: str, keys: str) -> TokenClaims:
    """What a token grants, if it is to be believed by these keys, the JSON text of a JWK or JWKS.

    Raises TokenError, TokenExpiredError or UnauthorizedError when it is not.
    """
    texts = (encode(token, "token"), encode(keys, "keys"))
    claims = _abi.burrow_token_claims()
    claims.struct_size = ctypes.sizeof(claims)
    length = ctypes.c_size_t()
    check(lib.burrow_token_verify(*texts, ctypes.byref(claims), None, 0, ctypes.byref(length)))
    memory = ctypes.create_string_buffer(length.value)
    check(lib.burrow_token_verify(*texts, ctypes.byref(claims), memory, len(memory), ctypes.byref(length)))
    return TokenClaims(
        (claims.root or b"").decode(),
        tuple(claims.publish[index].decode() for index in range(claims.publish_count)),
        tuple(claims.subscribe[index].decode() for index in range(claims.subscribe_count)),
        claims.expires_unix,
        claims.issued_unix,
    )


class TokenLease(Subscription):
    """Tokens of a service as they come: ``async for token in lease``, or ``lease.next(timeout)`` in a thread.

    Each is good until the next one comes; ``close()`` wants no more. Both raise when the service gives none.
    """

    def __init__(self, engine: Engine, id: int) -> None:
        super().__init__(engine, id)
        #: The newest, or "".
        self.token = ""
        #: Seconds since 1970 from which on it is worth nothing; 0: it stays good.
        self.expires = 0

    async def __anext__(self) -> Any:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self._raise()
            raise

    def next(self, timeout: float | None = None) -> Any:
        """The next token, or None when none came in time or none will come any more."""
        token = super().next(timeout)
        if token is None and self.done:
            self._raise()
        return token

    def _notice(self, event: Event) -> None:
        if event.kind == EventKind.TOKEN:
            self.token, self.expires = event.text, event.value
            items: Any = self._events
            items.append(event.text)
        self._wake()


def raw_claims(claims: TokenClaims) -> Any:
    """The struct of the header, which keeps its texts alive."""
    raw = _abi.burrow_token_claims()
    check(lib.burrow_config_init(ctypes.byref(raw), ctypes.sizeof(raw)))
    raw.root = encode(claims.root, "root")
    raw.publish, raw.publish_count = _texts(claims.publish, "publish")
    raw.subscribe, raw.subscribe_count = _texts(claims.subscribe, "subscribe")
    raw.expires_unix, raw.issued_unix = claims.expires, claims.issued
    return raw


def _texts(values: tuple[str, ...], what: str) -> tuple[Any, int]:
    encoded = [encode(value, what) for value in values]
    array = (ctypes.c_char_p * max(len(encoded), 1))(*encoded)
    return ctypes.cast(array, ctypes.POINTER(ctypes.c_char_p)), len(encoded)
