"""A Nostr client made of nostr-sdk."""

from __future__ import annotations

import asyncio
import datetime
import json
from typing import Any

import nostr_sdk as n
from common import Commands, emit, run
from nostr_common import nostr_arguments, obey

options = nostr_arguments("nostr-sdk client")


async def main(commands: Commands) -> None:
    # Its threads ask for authentication through this loop.
    n.uniffi_set_event_loop(asyncio.get_running_loop())
    keys = n.Keys.parse(options.secret) if options.secret else n.Keys.generate()
    client = n.ClientBuilder().authenticator(n.SignerAuthenticator(keys)).build()
    for url in options.url:
        await client.add_relay(n.RelayUrl.parse(url))
    notifications = client.notifications()
    await client.connect(datetime.timedelta(seconds=10))
    emit("connected", key=keys.public_key().to_hex())
    seen: set[str] = set()

    async def listen() -> None:
        while (notice := await notifications.next()) is not None:
            if notice.is_new_event():
                event = notice.event
                fields = json.loads(event.as_json())
                if fields["id"] in seen:
                    continue
                seen.add(fields["id"])
                if fields["kind"] in (1059, 21059):
                    gift = n.UnwrappedGift.from_gift_wrap(keys, event)
                    rumor = json.loads(gift.rumor().as_json())
                    emit("message", sender=gift.sender().to_hex(), content=rumor["content"], kind=rumor["kind"])
                else:
                    emit("event", id=fields["id"], content=fields["content"], pubkey=fields["pubkey"])

    listening = asyncio.create_task(listen())

    async def broadcast(event: n.Event) -> None:
        output = await client.send_event(event)
        emit("published", id=event.id().to_hex(), accepted=len(output.success))

    async def publish(command: dict[str, Any]) -> None:
        draft = command["event"]
        builder = n.EventBuilder(n.Kind(draft["kind"]), draft["content"])
        await broadcast(builder.finalize(keys))

    async def send(command: dict[str, Any]) -> None:
        rumor = n.EventBuilder(n.Kind(14), command["content"]).finalize_unsigned(keys.public_key())
        await broadcast(n.nip59_make_gift_wrap(keys, n.PublicKey.parse(command["to"]), rumor))

    async def subscribe(command: dict[str, Any]) -> None:
        filters = [n.Filter.from_json(json.dumps(command["filter"]))]
        await client.subscribe(n.ReqTarget.auto(filters))
        emit("subscribed")

    await obey(commands, {"publish": publish, "send": send, "subscribe": subscribe})
    listening.cancel()
    await client.shutdown()


run(main, options.timeout)
