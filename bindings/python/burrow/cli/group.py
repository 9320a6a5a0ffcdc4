"""``burrow group``: encrypted groups of an identity, through Nostr relays."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import Any

import burrow

from .home import add_home, at_home, settle, sibling


def add(parsers: Any) -> None:
    made = parsers.add_parser("group", help="encrypted groups, through Nostr relays", description=__doc__)
    actions = made.add_subparsers(title="actions", required=True, metavar="ACTION")

    def action(name: str, run: Any, help: str, *arguments: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = actions.add_parser(name, help=help, description=help)
        add_home(parser)
        for argument in arguments:
            parser.add_argument(argument, help={"group": "its name, or the beginning of its id"}.get(argument))
        parser.set_defaults(run=run)
        return parser

    create = action("create", found, "found a group, of which you are the admin", "name")
    create.add_argument("--member", action="append", default=[], metavar="WHO", help="npub1…; may be repeated")
    action("list", show_all, "groups and invitations, a line each: id, state, epoch, members, name")
    action("show", show, "who is in it, and its relays", "group")
    action("join", join, "accept an invitation", "group")
    action("invite", invite, "add somebody", "group", "who")
    action("remove", remove, "remove somebody with all devices", "group", "who")
    action("leave", leave, "ask to be removed, or decline an invitation", "group")
    action("rotate", rotate, "give this device new keys", "group")
    action("rename", rename, "change its name", "group", "name")
    calls = action("moq", moq, "say on which MoQ relays its calls are", "group")
    calls.add_argument("urls", nargs="*", metavar="URL", help="the best first")
    action("send", send, "say something", "group", "text")
    listen = action("listen", follow, "print what is said and what happens, a line each")
    listen.add_argument("--seconds", type=float, help="end after this time")


async def found(options: argparse.Namespace) -> int:
    members = [burrow.parse_public_key(who) for who in options.member]
    relays = options.relay or sibling(options.state, ".relays").read_text().split()
    async with at_home(options) as identity:
        group = identity.create_group(options.name, relays=relays, members=members)
        assert group.created is not None
        await group.created
        print(group.id.hex())
        # The invitations leave after the group is founded.
        await settle(identity, options.wait)
    return 0


def line(group: burrow.Group) -> str:
    info = group.info
    return f"{group.id.hex()} {info.state.name.lower()} epoch {info.epoch}, {info.member_count} members  {info.name}"


async def show_all(options: argparse.Namespace) -> int:
    async with at_home(options) as identity:
        await settle(identity, options.wait)
        for group in identity.groups():
            print(line(group))
    return 0


async def chosen(identity: burrow.Identity, options: argparse.Namespace) -> burrow.Group:
    """The group that is meant, when all that relays have of it is here."""
    await settle(identity, options.wait)
    groups = [group for group in identity.groups() if group.info.state != burrow.GroupState.GONE]
    exact = [group for group in groups if group.info.name == options.group]
    found = exact or [group for group in groups if group.id.hex().startswith(options.group.lower())]
    if len(found) != 1:
        raise ValueError(f"{'no group' if not found else 'more than one group'} is called {options.group}")
    return found[0]


async def show(options: argparse.Namespace) -> int:
    async with at_home(options) as identity:
        group = await chosen(identity, options)
        print(line(group))
        for member in group.members():
            marks = {burrow.GroupFlags.ADMIN: "admin", burrow.GroupFlags.SELF: "this is you"}
            said = [f"{member.devices} devices", *(word for flag, word in marks.items() if flag & member.flags)]
            print(f"  {burrow.format_public_key(member.pubkey)} {', '.join(said)}")
        for what, urls in (("Nostr", group.relays), ("MoQ", group.moq_relays)):
            for url in urls:
                print(f"  {what} {url}")
    return 0


async def change(options: argparse.Namespace, start: Any) -> int:
    """Makes a change and waits until relays have what belongs to it."""
    async with at_home(options) as identity:
        group = await chosen(identity, options)
        await start(group)
        await settle(identity, options.wait)
        print(line(group))
    return 0


async def join(options: argparse.Namespace) -> int:
    return await change(options, lambda group: group.join())


async def invite(options: argparse.Namespace) -> int:
    who = burrow.parse_public_key(options.who)
    return await change(options, lambda group: group.invite(who))


async def remove(options: argparse.Namespace) -> int:
    who = burrow.parse_public_key(options.who)
    return await change(options, lambda group: group.remove(who))


async def leave(options: argparse.Namespace) -> int:
    return await change(options, lambda group: group.leave())


async def rotate(options: argparse.Namespace) -> int:
    return await change(options, lambda group: group.rotate())


async def rename(options: argparse.Namespace) -> int:
    return await change(options, lambda group: group.rename(options.name))


async def moq(options: argparse.Namespace) -> int:
    return await change(options, lambda group: group.set_moq_relays(options.urls))


async def send(options: argparse.Namespace) -> int:
    return await change(options, lambda group: group.send(options.text))


async def follow(options: argparse.Namespace) -> int:
    deadline = None if options.seconds is None else time.monotonic() + options.seconds
    async with at_home(options) as identity:
        events = identity.engine.events()
        while deadline is None or time.monotonic() < deadline:
            try:
                left = None if deadline is None else max(deadline - time.monotonic(), 0)
                event = await asyncio.wait_for(anext(events), left)
            except (TimeoutError, StopAsyncIteration):
                break
            if said := sentence(identity, event):
                print(said, flush=True)
    return 0


def sentence(identity: burrow.Identity, event: burrow.Event) -> str:
    """An event about a group for people; empty for others."""
    kinds = burrow.EventKind
    if not isinstance(event.kind, kinds) or not event.kind.name.startswith("GROUP_"):
        return ""
    name = identity.group(event.data).info.name if event.data else ""
    match event.kind:
        case kinds.GROUP_MESSAGE:
            inner = json.loads(event.text)
            return f"{name}  {burrow.format_public_key(inner['pubkey'])[:16]}…  {inner['content']}"
        case kinds.GROUP_STATE:
            return f"{name}  now {burrow.GroupState(event.state).name.lower()}"
        case kinds.GROUP_EPOCH:
            return f"{name}  new keys, epoch {event.value}"
        case kinds.GROUP_MEMBERS:
            return f"{name}  members came or went"
        case _:
            return f"{name}  {event.kind.name.removeprefix('GROUP_').lower().replace('_', ' ')}"
