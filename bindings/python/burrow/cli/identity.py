"""``burrow identity``: a Nostr key on this machine, and what others can look up about it."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import burrow

from .home import add_home, at_home, make_home, settle

LISTS = {
    "moq": burrow.ServerKind.MOQ,
    "inbox": burrow.ServerKind.INBOX,
    "key-packages": burrow.ServerKind.KEY_PACKAGES,
    "relays": burrow.ServerKind.RELAYS,
}


def add(parsers: Any) -> None:
    made = parsers.add_parser("identity", help="a Nostr key, and what others can look up about it", description=__doc__)
    actions = made.add_subparsers(title="actions", required=True, metavar="ACTION")

    def action(name: str, run: Any, help: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = actions.add_parser(name, help=help, description=help)
        add_home(parser)
        parser.set_defaults(run=run)
        return parser

    new = action("new", create, "make an identity with a new key")
    new.add_argument("--import", dest="read", action="store_true", help="read the secret key from the standard input")
    action("show", show, "print the public key")
    action("export", export, "print the secret key, which is all somebody needs to be you")
    action("key-package", key_package, "publish a key package, with which others can invite you to groups")
    servers = action("servers", publish, "publish a list of your servers in place of the one before")
    servers.add_argument("list", choices=LISTS)
    servers.add_argument("urls", nargs="*", metavar="URL", help="the best first; none at all for an empty list")
    look = action("find", find, "look up somebody's list of servers")
    look.add_argument("who", help="npub1… or 64 hexadecimal digits")
    look.add_argument("list", choices=LISTS, nargs="?", default="moq")


async def create(options: argparse.Namespace) -> int:
    secret = sys.stdin.readline().strip() if options.read else None
    if secret is not None:
        # Before anything is written: a key that is none ends here.
        with burrow.Engine() as engine:
            burrow.Identity(engine, secret).close()
    make_home(options.state, options.relay or [])
    async with at_home(options, secret) as identity:
        print(identity.npub)
    return 0


async def show(options: argparse.Namespace) -> int:
    async with at_home(options) as identity:
        print(identity.npub)
        print(identity.public_key.hex())
    return 0


async def export(options: argparse.Namespace) -> int:
    async with at_home(options) as identity:
        print(identity.export())
    return 0


async def key_package(options: argparse.Namespace) -> int:
    async with at_home(options) as identity:
        await identity.publish_key_package()
        await settle(identity, options.wait)
        taken = sum(relay.published for relay in identity.engine.nostr.relays)
        print("published" if taken else "no relay has it yet; it goes out with the next command")
    return 0 if taken else 1


async def publish(options: argparse.Namespace) -> int:
    async with at_home(options) as identity:
        publication = identity.publish_list(LISTS[options.list], options.urls)
        try:
            await publication
        finally:
            for answer in publication.results:
                print(f"{answer.url}: {'ok' if answer.status == 0 else answer.text}")
    return 0


async def find(options: argparse.Namespace) -> int:
    who = burrow.parse_public_key(options.who)
    async with at_home(options) as identity:
        for url in await identity.engine.nostr.fetch_list(who, LISTS[options.list]):
            print(url)
    return 0
