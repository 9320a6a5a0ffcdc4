#!/usr/bin/env python3
"""A group of people whose messages nobody else can read, found and joined through a Nostr relay.

    group.py wss://relay.example                       prints who it is, and waits to be invited
    group.py wss://relay.example npub1… [npub1…]       founds a group with these people

The founder says something and everybody else answers. Each change of the members' keys is shown by a secret that only they
can derive, which is what a call of the group is encrypted with. When all have answered the founder removes them. The same
as examples/c/group.c, with which it can be in one group. Needs the burrow package (bindings/python) on the path and
libburrow; see BURROW_LIBRARY.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

import burrow


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Founds a group, or waits to be invited to one.")
    parser.add_argument("relay", help="a Nostr relay: wss://host[:port]")
    parser.add_argument("members", nargs="*", help="whom to found a group with: npub1… or 64 hexadecimal digits")
    parser.add_argument("--name", default="friends", help="what the new group is called")
    parser.add_argument("--text", default="hello", help="what to say in it")
    parser.add_argument("--roots", type=Path, help="certificates of authorities to trust, a PEM file")
    parser.add_argument("--seconds", type=float, default=60, help="give up after so many")
    return parser.parse_args()


def show_secret(group: burrow.Group) -> None:
    """Prints the secret of the members' present keys. A program would not print it."""
    if group.info.state == burrow.GroupState.ACTIVE:
        secret, epoch = group.export_secret("example", length=16)
        print(f"epoch {epoch}: {secret.hex()}", flush=True)


def show(event: burrow.Event, group: burrow.Group) -> None:
    """What happens in the group."""
    if event.kind == burrow.EventKind.GROUP_MESSAGE:
        message = json.loads(event.text)
        print(f"{burrow.format_public_key(bytes.fromhex(message['pubkey']))}: {message['content']}", flush=True)
    elif event.kind == burrow.EventKind.GROUP_EPOCH:
        show_secret(group)


async def found(me: burrow.Identity, members: list[bytes], options: argparse.Namespace) -> burrow.Group:
    """Founds a group; tries again while key packages of the members are on their way to the relay."""
    while True:
        group = me.create_group(options.name, relays=options.relay, members=members)
        try:
            assert group.created is not None
            await group.created
            return group
        except burrow.NotFoundError:
            group.close()
            await asyncio.sleep(0.5)


async def remove(group: burrow.Group, member: bytes) -> None:
    """Removes a member; tries again when somebody else's change came first."""
    while True:
        try:
            return await group.remove(member)
        except (burrow.LostRaceError, burrow.ChangePendingError):
            await asyncio.sleep(0.5)


async def lead(me: burrow.Identity, events: burrow.EventStream, options: argparse.Namespace) -> None:
    """A founder: says something, waits until everybody has answered, and removes them."""
    members = [burrow.parse_public_key(member) for member in options.members]
    group = await found(me, members, options)
    print(f"founded '{group.info.name}'", flush=True)
    show_secret(group)
    await group.send(options.text)
    answers = 0
    async for event in events:
        show(event, group)
        answers += event.kind == burrow.EventKind.GROUP_MESSAGE
        if answers == len(members):
            break
    for member in members:
        await remove(group, member)


async def follow(me: burrow.Identity, events: burrow.EventStream, options: argparse.Namespace) -> None:
    """Somebody who waits to be invited, joins, answers, and is removed in the end."""
    await me.publish_key_package()
    group = None
    async for event in events:
        if event.kind == burrow.EventKind.GROUP_STATE and event.state == burrow.GroupState.INVITED and group is None:
            group = me.group(event.data)
            inviter = group.info.inviter
            print(f"invited to '{group.info.name}' by {burrow.format_public_key(inviter) if inviter else 'somebody'}", flush=True)
            await group.join()
        elif event.kind == burrow.EventKind.GROUP_STATE and event.state == burrow.GroupState.REMOVED:
            print("removed", flush=True)
            break
        elif group is not None:
            show(event, group)
            if event.kind == burrow.EventKind.GROUP_MESSAGE:
                await group.send(options.text)


async def live(options: argparse.Namespace) -> None:
    async with burrow.Engine() as engine:
        events = engine.events()
        engine.nostr.add_relay(options.relay, roots_pem=options.roots.read_text() if options.roots else None)
        # With storage_path and storage_key the identity and its groups would still be there next time.
        async with engine.open_identity() as me:
            engine.nostr.authenticate(me)
            print(f"i am {me.npub}", flush=True)
            await (lead if options.members else follow)(me, events, options)
        events.close()


def main() -> int:
    options = arguments()
    try:
        asyncio.run(asyncio.wait_for(live(options), options.seconds))
    except TimeoutError:
        print("it took too long", file=sys.stderr)
        return 1
    except burrow.BurrowError as error:
        print(f"{error.name}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
