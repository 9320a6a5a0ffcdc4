"""What the programs about Nostr share: options, and commands as lines of JSON.

Clients take ``{"do": "publish", "event": {…}}``, ``{"do": "subscribe", "filter": {…}}``,
``{"do": "send", "to": hex, "content": "…"}`` and say ``published``, ``stored``, ``event``, ``message``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable
from typing import Any

from common import Commands


def nostr_arguments(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--url", action="append", default=[], help="a relay; may be repeated")
    parser.add_argument("--fault", default="", help="how a relay misbehaves")
    parser.add_argument("--roots", default="", help="certificates to trust, a PEM file")
    parser.add_argument("--proxy", default=None, help="what relays are reached through, a URL")
    parser.add_argument("--secret", default="", help="the secret key, in hexadecimal digits")
    parser.add_argument("--remote", action="store_true", help="somebody else than the library has the key")
    parser.add_argument("--quiet", action="store_true", help="count events instead of telling each")
    parser.add_argument("--host", default="127.0.0.1", help="the address a relay listens at")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls-cert", default="")
    parser.add_argument("--tls-key", default="")
    parser.add_argument("--auth", choices=["none", "write", "read", "both"], default="none")
    parser.add_argument("--auth-dm", action="store_true")
    parser.add_argument("--db", default="", help="a folder in which events stay")
    parser.add_argument("--log", default="warn")
    parser.add_argument("--timeout", type=float, default=60)
    return parser.parse_args()


async def obey(commands: Commands, verbs: dict[str, Callable[[dict[str, Any]], Awaitable[None]]]) -> None:
    """Carries out commands until standard input ends."""
    while (line := await commands.lines.get()) is not None:
        command = json.loads(line)
        await verbs[command["do"]](command)
