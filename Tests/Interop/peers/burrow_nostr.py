"""A Nostr client made of our library."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import burrow
from burrow_common import log_lines
from common import Commands, emit, note, run
from nostr_common import nostr_arguments, obey

options = nostr_arguments("our Nostr client")


async def main(commands: Commands) -> None:
    log_lines(options.log)
    async with burrow.Engine(proxy=options.proxy) as engine:
        if options.remote:
            from remote_key import RemoteKey

            key = RemoteKey(options.secret)
            me = burrow.Identity(engine, public_key=key.public_key, signer=key)
        else:
            me = burrow.Identity(engine, options.secret or None)
        engine.nostr.authenticate(me)
        events = engine.events()
        roots = Path(options.roots).read_text() if options.roots else None
        for url in options.url:
            engine.nostr.add_relay(url, roots_pem=roots)
        tasks: set[asyncio.Task[None]] = set()

        async def states() -> None:
            async for event in events:
                if event.kind != burrow.EventKind.NOSTR_RELAY:
                    continue
                if event.state == burrow.NostrRelayState.CONNECTED:
                    emit("connected", key=me.public_key.hex(), url=event.text)
                else:
                    emit("lost", status=burrow.status_name(event.status), text=event.data.decode(), url=event.text)

        def start(work: Any) -> None:
            task = asyncio.create_task(work)
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        start(states())

        async def finish(publication: burrow.Publication) -> None:
            try:
                await publication
            except burrow.BurrowError as error:
                note(f"not published: {error}")
            accepted = sum(result.status == 0 for result in publication.results)
            answers = {result.url: [burrow.status_name(result.status), result.text] for result in publication.results}
            emit("published", id=publication.event_id, accepted=accepted, answers=answers)

        async def insist(event: dict[str, Any]) -> None:
            """As a host does that wants its event published: again until a relay has it. The id stays the same."""
            for _ in range(20):
                try:
                    publication = me.publish(event)
                    await publication
                    emit("published", id=publication.event_id, accepted=1)
                    return
                except burrow.NostrRefusedError as error:
                    note(f"again: {error}")
            emit("published", id="", accepted=0)

        async def publish(command: dict[str, Any]) -> None:
            event = command["event"]
            start(insist(event) if command.get("insist") else finish(me.publish(event)))

        async def send(command: dict[str, Any]) -> None:
            start(finish(me.send(command["to"], {"kind": 14, "content": command["content"]})))

        async def read(subscription: burrow.Subscription) -> None:
            async for event in subscription:
                if event.kind in (1059, 21059):
                    message = await me.unwrap(event)
                    emit("message", sender=message.pubkey, content=message.content, kind=message.kind)
                else:
                    emit("event", id=event.id, content=event.content, pubkey=event.pubkey)

        async def stored(subscription: burrow.Subscription) -> None:
            await subscription.until_stored()
            emit("subscribed")

        async def subscribe(command: dict[str, Any]) -> None:
            subscription = engine.nostr.subscribe(command["filter"])
            start(read(subscription))
            start(stored(subscription))

        async def relays(command: dict[str, Any]) -> None:
            emit("relays", relays=[vars(relay) for relay in engine.nostr.relays])

        await obey(commands, {"publish": publish, "send": send, "subscribe": subscribe, "relays": relays})
        events.close()


run(main, options.timeout)
