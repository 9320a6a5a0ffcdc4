"""Signs and verifies tokens with our library, as commands say."""

from __future__ import annotations

import dataclasses
from typing import Any

import burrow
from token_common import serve


def sign(claims: dict[str, Any], key: str) -> str:
    names = {"root": "root", "put": "publish", "get": "subscribe", "exp": "expires", "iat": "issued"}
    wanted = {names[name]: tuple(value) if isinstance(value, list) else value for name, value in claims.items()}
    return burrow.sign_token(burrow.TokenClaims(**wanted), key)


def verify(token: str, keys: str) -> dict[str, Any]:
    found = dataclasses.asdict(burrow.verify_token(token, keys))
    names = {"root": "root", "publish": "put", "subscribe": "get", "expires": "exp", "issued": "iat"}
    return {names[name]: list(value) if isinstance(value, tuple) else value for name, value in found.items() if value}


serve("our tokens", sign, verify)
