"""A member of groups made of our library: joins whatever it is invited to, and tells what happens.

Commands: ``{"do": "offer", "relays": […]}`` publishes key packages, ``{"do": "found", "name": "…", "relays": […],
"members": [hex, …]}``, ``{"do": "say", "content": "…"}``, ``{"do": "rotate"}``, ``{"do": "rename", "name": "…"}``,
``{"do": "invite", "member": hex}``, ``{"do": "remove", "member": hex}``, ``{"do": "secret"}``. All are about the one group
there is. After ``{"do": "hesitate"}`` it joins only with ``{"do": "join"}``. ``{"do": "enter", "url": "…", "fingerprint":
hex}`` enters a room of it on a MoQ relay, ``{"do": "report"}`` says what came of that, ``{"do": "leave"}`` leaves it.

Calls are told as ``call`` with their ids, and for these ``{"do": "answer", "id": "…", "fingerprint": hex}``, ``{"do":
"decline", "id": "…", "busy": …}``, ``{"do": "mute", "id": "…"}`` and ``{"do": "hang up", "id": "…", "all": …}`` are meant.
``{"do": "call", "url": "…", "fingerprint": hex}`` calls the group.
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
    async with burrow.Engine(private_calls=True) as engine:
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
        rung: dict[str, burrow.Call] = {}
        hesitates = False

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
                    emit("invited here")
                    if not hesitates:
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
                elif event.kind == burrow.EventKind.CALL_STATE and isinstance(event.subject, burrow.Call):
                    tell_call(event.subject)
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

        async def hesitate(_: dict[str, Any]) -> None:
            nonlocal hesitates
            hesitates = True
            emit("hesitating")

        async def join(_: dict[str, Any]) -> None:
            start(finish("joined", group().join()))

        async def enter(command: dict[str, Any]) -> None:
            pins = [command["fingerprint"]]
            room = engine.open_room(
                command["url"], pins=pins, group=group(), call_id=b"a call", media=True, keep_alive_ms=500
            )
            talk(Call(room, group()))
            start(finish("entered", room.opened))

        def talk(call: Call) -> None:
            calls.append((call, asyncio.create_task(call.live())))

        async def report(_: dict[str, Any]) -> None:
            emit("report", **calls[-1][0].report())

        async def leave(_: dict[str, Any]) -> None:
            call, task = calls.pop()
            task.cancel()
            call.room.close()
            emit("left")

        def tell_call(call: burrow.Call) -> None:
            """Says where a call stands, and who is there."""
            rung[call.info.call_id] = call
            info = call.info
            state, detail = call.state.name.lower(), burrow.CallDetail(call.detail).name.lower()
            path = call.room.info.path if call.state == burrow.CallState.ACTIVE else ""
            emit(
                "call", id=info.call_id, state=state, detail=detail, reason=call.reason_text, video=info.is_video,
                caller=info.caller.hex(), pair=info.is_pair, path=path,
                members={member.path: member.pubkey.hex() for member in call.members() if member.is_announced},
            )  # fmt: skip

        async def take_part(call: burrow.Call) -> None:
            """Sends sound and pictures as soon as there is a room, until the call is over."""
            try:
                media = Call(await call.entered, call.group)
            except burrow.BurrowError:
                return
            living = asyncio.create_task(media.live())
            calls.append((media, living))
            await call.over
            living.cancel()
            calls.remove((media, living))

        async def answer(command: dict[str, Any]) -> None:
            call = rung[command["id"]]
            start(finish("answered", call.accept(connection=burrow.Connection(pins=[command["fingerprint"]]))))
            start(take_part(call))

        async def ring(command: dict[str, Any]) -> None:
            connection = burrow.Connection(pins=[command["fingerprint"]])
            call = me.start_call(group(), video=True, relays=command["url"], connection=connection)
            assert call.started is not None
            start(finish("called", call.started))
            start(take_part(call))

        async def decline(command: dict[str, Any]) -> None:
            start(finish("declined", rung[command["id"]].decline(busy=command.get("busy", False))))

        async def mute(command: dict[str, Any]) -> None:
            start(finish("muted", rung[command["id"]].set_muted(True)))

        async def hang_up(command: dict[str, Any]) -> None:
            start(finish("hung up", rung[command["id"]].hang_up(for_all=command.get("all", False))))

        async def secret(_: dict[str, Any]) -> None:
            derived, epoch = group().export_secret("test", b"", 32)
            emit("secret", secret=derived.hex(), epoch=epoch)

        start(happen())
        assert me.opened is not None
        await me.opened
        verbs = {"offer": offer, "found": found, "say": say, "rotate": rotate, "rename": rename, "invite": invite}
        verbs |= {"hesitate": hesitate, "join": join}
        verbs |= {"remove": remove, "enter": enter, "report": report, "leave": leave, "secret": secret}
        verbs |= {"answer": answer, "decline": decline, "mute": mute, "hang up": hang_up, "call": ring}
        await obey(commands, verbs)
        for _, task in calls:
            task.cancel()
        events.close()


run(main, options.timeout)
