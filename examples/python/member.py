"""What the examples of calls share: somebody who is kept in a file, joins groups when invited, and answers calls.

Not a program. Needs the burrow package (bindings/python) on the path and libburrow; see BURROW_LIBRARY.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import burrow


def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("nostr", help="a Nostr relay, on which our groups are: wss://host[:port]")
    parser.add_argument("--state", type=Path, required=True, help="where to keep who we are; made when it is not there")
    parser.add_argument("--roots", type=Path, help="certificates of authorities to trust, a PEM file")
    parser.add_argument("--pin", action="append", default=[], help="SHA-256 of an acceptable certificate of a MoQ relay, hex")
    parser.add_argument("--calls", type=int, default=0, help="end after so many calls; without end when not given")
    return parser


def storage_key(state: Path) -> bytes:
    """The key with which the state is sealed. A program would keep it in a safe of the system."""
    file = state.with_name(state.name + ".key")
    if not file.exists():
        file.touch(mode=0o600)
        file.write_bytes(secrets.token_bytes(32))
    return file.read_bytes()


@asynccontextmanager
async def somebody(options: argparse.Namespace) -> AsyncIterator[burrow.Identity]:
    """The identity in the file, who joins every group that invites it."""
    roots = options.roots.read_text() if options.roots else None
    async with burrow.Engine() as engine:
        events = engine.events()
        engine.nostr.add_relay(options.nostr, roots_pem=roots)
        async with engine.open_identity(storage_path=options.state, storage_key=storage_key(options.state)) as me:
            engine.nostr.authenticate(me)
            await me.publish_key_package()
            print(f"i am {me.npub}", flush=True)
            joining = asyncio.create_task(join_groups(me, events))
            try:
                yield me
            finally:
                joining.cancel()


async def join_groups(me: burrow.Identity, events: burrow.EventStream) -> None:
    for group in me.groups():
        if group.info.state == burrow.GroupState.INVITED:
            await join(group)
    async for event in events:
        if event.kind == burrow.EventKind.GROUP_STATE and event.state == burrow.GroupState.INVITED:
            await join(me.group(event.data))
        elif event.kind == burrow.EventKind.KEY_PACKAGE_USED:
            await me.publish_key_package()


async def join(group: burrow.Group) -> None:
    await group.join()
    print(f"joined '{group.info.name}'", flush=True)


def connection(options: argparse.Namespace) -> burrow.Connection:
    """Whom to trust as the relay of a call."""
    return burrow.Connection(pins=options.pin, roots_pem=options.roots.read_text() if options.roots else None)


async def answer_calls(options: argparse.Namespace, talk: Callable[[burrow.Call], Awaitable[None]]) -> None:
    """Accepts every call, one after the other, and hangs up when there is nothing more to say."""
    async with somebody(options) as me:
        answered = 0
        async for call in me.incoming():
            async with call:
                group = call.group.info.name
                print(f"called in '{group}' by {burrow.format_public_key(call.info.caller)}", flush=True)
                accepted = call.accept(connection=connection(options))
                try:
                    await talk(call)
                    await accepted
                except burrow.BurrowError as error:
                    print(f"it came to nothing: {error}", flush=True)
            print(f"over: {call.reason_text}", flush=True)
            answered += 1
            if answered == options.calls:
                break
