"""A member of groups made of our library: joins whatever it is invited to, and tells what happens.

Commands: ``{"do": "offer", "relays": […]}`` publishes key packages, ``{"do": "found", "name": "…", "relays": […],
"members": [hex, …]}``, ``{"do": "say", "content": "…"}``, ``{"do": "rotate"}``, ``{"do": "rename", "name": "…"}``,
``{"do": "invite", "member": hex}``, ``{"do": "remove", "member": hex}``, ``{"do": "secret"}``. All are about the one group
there is. ``{"do": "enter", "url": "…", "fingerprint": hex}`` enters its call on a MoQ relay, ``{"do": "report"}`` says what
came of that, ``{"do": "hang up"}`` leaves it.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import burrow
from burrow_call import Call
from burrow_common import log_lines
from common import Commands, emit, note, run
from nostr_common import nostr_arguments, obey

options = nostr_arguments("our member of groups")


async def main(commands: Commands) -> None:
    log_lines(options.log)
    async with burrow.Engine() as engine:
        events = engine.events()
        for url in options.url:
            engine.nostr.add_relay(url)
        path = options.db or None
        storage = {"storage_path": path, "storage_key": bytes(32) if path else None}
        if options.remote:
            from remote_key import RemoteKey

            key = RemoteKey(options.secret)
            me = engine.open_identity(public_key=key.public_key, signer=key, **storage)
        else:
            me = engine.open_identity(options.secret or None, **storage)
        engine.nostr.authenticate(me)
        tasks: set[asyncio.Task[None]] = set()
        calls: list[tuple[Call, asyncio.Task[None]]] = []

        def group() -> burrow.Group:
            return me.groups()[0]

        def start(work: Any) -> None:
            task = asyncio.create_task(work)
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        async def finish(what: str, request: Any) -> None:
            try:
                await request
                emit(what, status="BURROW_OK")
            except burrow.BurrowError as error:
                note(f"{what}: {error}")
                emit(what, status=burrow.status_name(error.status))

        async def happen() -> None:
            async for event in events:
                for call, _ in calls:
                    call.happened(event)
                if event.kind == burrow.EventKind.NOSTR_RELAY and event.state == burrow.NostrRelayState.CONNECTED:
                    emit("connected", key=me.public_key.hex())
                elif event.kind == burrow.EventKind.GROUP_STATE and event.state == burrow.GroupState.INVITED:
                    start(finish("joined", me.group(event.data).join()))
                elif event.kind == burrow.EventKind.GROUP_MESSAGE:
                    message = json.loads(event.text)
                    emit("message", content=message["content"], sender=message["pubkey"])
                elif event.kind == burrow.EventKind.GROUP_EPOCH:
                    emit("epoch", epoch=event.value, members=len(me.group(event.data).members()))
                elif event.kind == burrow.EventKind.GROUP_DATA:
                    emit("data", name=me.group(event.data).info.name)
                elif event.kind == burrow.EventKind.GROUP_STATE and event.state == burrow.GroupState.REMOVED:
                    emit("removed")
                elif event.kind == burrow.EventKind.NOSTR_REFUSED:
                    emit("refused", id=event.data.hex(), text=event.text)

        async def offer(command: dict[str, Any]) -> None:
            start(finish("offered", me.publish_key_package(command["relays"])))

        async def found(command: dict[str, Any]) -> None:
            members = [bytes.fromhex(member) for member in command["members"]]
            founded = me.create_group(command["name"], relays=command["relays"], members=members)
            start(finish("founded", founded.created))

        async def say(command: dict[str, Any]) -> None:
            start(finish("said", group().send(command["content"])))

        async def rotate(_: dict[str, Any]) -> None:
            start(finish("rotated", group().rotate()))

        async def rename(command: dict[str, Any]) -> None:
            start(finish("renamed", group().rename(command["name"])))

        async def invite(command: dict[str, Any]) -> None:
            start(finish("invited", group().invite(bytes.fromhex(command["member"]))))

        async def remove(command: dict[str, Any]) -> None:
            start(finish("removal", group().remove(bytes.fromhex(command["member"]))))

        async def enter(command: dict[str, Any]) -> None:
            call = Call(engine, group(), command["url"], command["fingerprint"])
            calls.append((call, asyncio.create_task(call.live())))
            start(finish("entered", call.room.opened))

        async def report(_: dict[str, Any]) -> None:
            emit("report", **calls[-1][0].report())

        async def hang_up(_: dict[str, Any]) -> None:
            call, task = calls.pop()
            task.cancel()
            call.room.close()
            emit("left")

        async def secret(_: dict[str, Any]) -> None:
            derived, epoch = group().export_secret("test", b"", 32)
            emit("secret", secret=derived.hex(), epoch=epoch)

        start(happen())
        assert me.opened is not None
        await me.opened
        verbs = {"offer": offer, "found": found, "say": say, "rotate": rotate, "rename": rename, "invite": invite}
        verbs |= {"remove": remove, "enter": enter, "report": report, "hang up": hang_up, "secret": secret}
        await obey(commands, verbs)
        for _, task in calls:
            task.cancel()
        events.close()


run(main, options.timeout)
