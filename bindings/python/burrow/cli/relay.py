"""``burrow relay``: a relay for development, tests and local networks."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import burrow


def add(parsers: Any) -> None:
    made = parsers.add_parser("relay", help="run a relay", description=__doc__)
    made.add_argument("--listen", action="append", metavar="ADDRESS", help="an address with its port; may be repeated")
    made.add_argument("--open", action="store_true", help="everybody may read and write everything")
    made.add_argument("--public", metavar="PREFIX", help="where sessions without a token may read and write")
    made.add_argument("--jwt-keys", type=Path, metavar="FILE", help="the keys that may sign tokens, a JWK or JWKS")
    made.add_argument("--certificate", type=Path, metavar="FILE", help="PEM; without one it is self-signed")
    made.add_argument("--key", type=Path, metavar="FILE", help="its private key, PEM")
    made.add_argument("--name", action="append", default=[], help="a host name for the self-signed certificate")
    made.add_argument("--json", action="store_true", help="print one JSON object on each change instead of text")
    made.add_argument("--seconds", type=float, help="end by itself after this time")
    made.set_defaults(run=run)


async def run(options: argparse.Namespace) -> int:
    def text(path: Path | None) -> str | None:
        return None if path is None else path.read_text()

    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    async with (
        burrow.Engine() as engine,
        engine.start_relay(
            options.listen or ["127.0.0.1:4443"],
            open=options.open,
            public_prefix=options.public,
            jwt_keys=text(options.jwt_keys),
            certificate_pem=text(options.certificate),
            key_pem=text(options.key),
            host_names=options.name,
        ) as relay,
    ):
        started = {"url": relay.url, "fingerprint": relay.info.fingerprint.hex()}
        print(json.dumps(started) if options.json else "\n".join(f"{name:<12} {said}" for name, said in started.items()))
        sys.stdout.flush()
        watcher = asyncio.ensure_future(watch(relay, options.json))
        try:
            await asyncio.wait_for(over.wait(), options.seconds)
        except TimeoutError:
            pass
        finally:
            watcher.cancel()
    return 0


async def watch(relay: burrow.Relay, as_json: bool) -> None:
    """Shows who is there: on a terminal in one line that changes, else a line for each change."""
    terminal = sys.stdout.isatty() and not as_json
    shown = ""
    while True:
        info = relay.info
        counts = {
            "sessions": info.sessions,
            "broadcasts": info.broadcasts,
            "tracks": info.tracks,
            "subscriptions": info.subscriptions,
        }
        line = json.dumps(counts) if as_json else ", ".join(f"{number} {name}" for name, number in counts.items())
        if line != shown:
            shown = line
            print(f"\r\033[K{line}" if terminal else line, end="" if terminal else "\n", flush=True)
        await asyncio.sleep(0.25)
