"""Tokens that let their holders into MoQ relays."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from . import _abi
from ._library import check, encode, lib, read_text


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
