"""Signs and verifies tokens with our library, as commands say."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import burrow
from common import emit
from token_common import serve


def sign(claims: dict[str, Any], key: str) -> str:
    names = {"root": "root", "put": "publish", "get": "subscribe", "exp": "expires", "iat": "issued"}
    wanted = {names[name]: tuple(value) if isinstance(value, list) else value for name, value in claims.items()}
    return burrow.sign_token(burrow.TokenClaims(**wanted), key)


def verify(token: str, keys: str) -> dict[str, Any]:
    found = dataclasses.asdict(burrow.verify_token(token, keys))
    names = {"root": "root", "publish": "put", "subscribe": "get", "expires": "exp", "issued": "iat"}
    return {names[name]: list(value) if isinstance(value, tuple) else value for name, value in found.items() if value}


async def request(command: dict[str, Any]) -> None:
    """Asks a service for tokens, as many as wanted."""
    async with burrow.Engine(proxy=command.get("proxy")) as engine:
        me = burrow.Identity(engine, command["secret"])
        way = {"roots_pem": Path(command["roots"]).read_text()} if "roots" in command else {}
        wanted = burrow.TokenClaims("room/123", ("alice",), ("",))
        lease = me.request_token(command["url"], wanted, **way, **command.get("way", {}))
        try:
            async for token in lease:
                emit("token", token=token, expires=lease.expires)
        except burrow.BurrowError as error:
            emit("no-token", status=error.name, text=str(error))


serve("our tokens", sign, verify, request)
