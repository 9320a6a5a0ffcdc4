"""What signers of tokens share: commands in, tokens and claims out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from common import Commands, arguments, emit, run


def serve(
    what: str,
    sign: Callable[[dict[str, Any], str], str],
    verify: Callable[[str, str], dict[str, Any]],
    request: Callable[[dict[str, Any]], Awaitable[None]] | None = None,
) -> None:
    """Obeys {"do": "sign", "claims", "key"}, {"do": "verify", "token", "keys"} and perhaps {"do": "request"}."""
    options = arguments(what, relay=True)

    async def main(commands: Commands) -> None:
        emit("ready")
        tasks: set[asyncio.Task[None]] = set()
        while (line := await commands.lines.get()) is not None:
            command = json.loads(line)
            try:
                if command["do"] == "request" and request is not None:
                    tasks.add(asyncio.ensure_future(request(command)))
                elif command["do"] == "sign":
                    emit("signed", token=sign(command["claims"], command["key"]))
                else:
                    emit("judged", good=True, claims=verify(command["token"], command["keys"]))
            except Exception as error:
                emit("judged", good=False, error=type(error).__name__, text=str(error))

    run(main, options.timeout)


def trusted(token: str, keys: str) -> dict[str, Any]:
    """The claims of a token, by PyJWT."""
    import jwt

    known = json.loads(keys)
    if "keys" in known:
        identifier = jwt.get_unverified_header(token).get("kid")
        known = next(key for key in known["keys"] if key.get("kid") == identifier)
    key = jwt.PyJWK(known)
    claims: dict[str, Any] = jwt.decode(token, key.key, [known["alg"]])
    return claims


def may_enter(path: str, query: str, keys: str) -> bool:
    """Whether a session may come to this path: its token is good, and for this path or one above."""
    tokens = parse_qs(query or "").get("jwt", [])
    try:
        claims = trusted(tokens[0], keys)
    except Exception:
        return False
    root = claims.get("root", "").strip("/")
    place = path.strip("/")
    return not root or place == root or place.startswith(root + "/")

