#!/usr/bin/env python3
"""Two people on Nostr: each publishes where to reach them, one sends the other a wrapped message, both lists are shown.

    nostr_message.py wss://relay.example
    nostr_message.py --roots authority.pem --text "see you at eight" wss://localhost:7447 wss://localhost:7448

Relays learn neither who sends the message nor what it says. Needs the burrow package (bindings/python) on the path and
libburrow; see BURROW_LIBRARY.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import burrow

#: A private message (NIP-17).
PRIVATE_MESSAGE = 14


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Sends a wrapped message between two new identities.")
    parser.add_argument("relays", nargs="+", help="Nostr relays: wss://host[:port]")
    parser.add_argument("--text", default="hello from below")
    parser.add_argument("--roots", type=Path, help="certificates of authorities to trust, a PEM file")
    parser.add_argument("--timeout", type=float, default=30)
    return parser.parse_args()


def join(engine: burrow.Engine, options: argparse.Namespace) -> burrow.Identity:
    """A new person on these relays, who tells them who they are when they ask."""
    for url in options.relays:
        engine.nostr.add_relay(url, roots_pem=options.roots.read_text() if options.roots else None)
    me = burrow.Identity(engine)
    engine.nostr.authenticate(me)
    return me


async def settle(name: str, me: burrow.Identity, relays: list[str]) -> None:
    """Publishes where wraps for this person go."""
    publication = me.publish_list(burrow.ServerKind.INBOX, relays)
    await publication
    taken = [result.url for result in publication.results if result.status == 0]
    print(f"{name} is {me.npub}, known to {', '.join(taken)}", flush=True)


async def exchange(options: argparse.Namespace) -> None:
    # An engine each, so that relays do not learn that the two belong together.
    async with burrow.Engine() as here, burrow.Engine() as there:
        alice, bob = join(here, options), join(there, options)
        await settle("alice", alice, options.relays)
        await settle("bob", bob, list(reversed(options.relays)))
        for name, person, engine in (("alice", alice, there), ("bob", bob, here)):
            urls = await engine.nostr.fetch_list(person.public_key, burrow.ServerKind.INBOX)
            print(f"{name} receives at: {', '.join(urls)}", flush=True)

        wraps = there.nostr.subscribe({"kinds": [1059], "#p": [bob.public_key.hex()]})
        publication = alice.send(bob.public_key, {"kind": PRIVATE_MESSAGE, "content": options.text})
        await publication
        for result in publication.results:
            print(f"{result.url}: {'has it' if result.status == 0 else result.text}", flush=True)
        async for wrap in wraps:
            message = bob.open(wrap)
            author = "alice" if message.pubkey == alice.public_key.hex() else message.pubkey
            print(f"bob reads from {author}: {message.content}", flush=True)
            break
        wraps.close()


def main() -> int:
    options = arguments()
    try:
        asyncio.run(asyncio.wait_for(exchange(options), options.timeout))
    except TimeoutError:
        print("no answer in time", file=sys.stderr)
        return 1
    except burrow.BurrowError as error:
        print(f"{error.name}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
