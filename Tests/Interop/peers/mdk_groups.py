"""A member of groups made of MDK 0.8 and nostr-sdk, with the commands of ``burrow_groups.py`` for groups but ``secret``.

``{"do": "signal", "kind": …, "content": "…", "tags": […], "to": hex}`` sends a message of any kind to the group, or in a gift
wrap to one person. Those of the kinds of calls are told as ``signal``, whichever way they came.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import tempfile
from typing import Any

import mdk
import nostr_sdk as n
from common import Commands, emit, note, run
from nostr_common import nostr_arguments, obey

options = nostr_arguments("a member of groups that is MDK's")


async def main(commands: Commands) -> None:
    # Its threads ask for authentication through this loop.
    n.uniffi_set_event_loop(asyncio.get_running_loop())
    keys = n.Keys.parse(options.secret) if options.secret else n.Keys.generate()
    public = keys.public_key().to_hex()
    folder = tempfile.TemporaryDirectory()
    member = mdk.new_mdk_with_key(os.path.join(folder.name, "mdk.db"), bytes(32), None)
    client = n.ClientBuilder().authenticator(n.SignerAuthenticator(keys)).build()
    for url in options.url:
        await client.add_relay(n.RelayUrl.parse(url))
    notifications = client.notifications()
    await client.connect(datetime.timedelta(seconds=10))
    seen: set[str] = set()
    packages: dict[str, dict[str, Any]] = {}
    found_packages = asyncio.Event()
    gid = ""

    async def subscribe(**wanted: Any) -> None:
        await client.subscribe(n.ReqTarget.auto([n.Filter.from_json(json.dumps(wanted))]))

    async def listen_to(group: Any) -> None:
        nonlocal gid
        gid = group.mls_group_id
        await subscribe(kinds=[445], **{"#h": [group.nostr_group_id]})

    async def publish(event: Any) -> None:
        output = await client.send_event(n.Event.from_json(event) if isinstance(event, str) else event)
        note(f"published, relays: {len(output.success)}")

    async def commit(what: str, change: Any) -> None:
        seen.add(json.loads(change.evolution_event_json)["id"])
        await publish(change.evolution_event_json)
        member.merge_pending_commit(gid)
        emit(what, status="BURROW_OK")

    def tell(rumor: dict[str, Any], sender: str, way: str) -> None:
        if 25050 <= rumor["kind"] < 25060:
            more = {"sender": sender, "author": rumor["pubkey"], "way": way}
            emit("signal", kind=rumor["kind"], content=rumor["content"], tags=rumor["tags"], **more)
        elif way == "group":
            emit("message", content=rumor["content"], sender=rumor["pubkey"])

    async def take(event: n.Event) -> None:
        fields = json.loads(event.as_json())
        if fields["id"] in seen:
            return
        seen.add(fields["id"])
        if fields["kind"] == 30443:
            packages[fields["pubkey"]] = fields
            found_packages.set()
        elif fields["kind"] == 1059:
            gift = n.UnwrappedGift.from_gift_wrap(keys, event)
            rumor = json.loads(gift.rumor().as_json())
            if rumor["kind"] != 444:
                tell(rumor, gift.sender().to_hex(), "wrap")
                return
            pending = member.process_welcome(fields["id"], json.dumps(rumor))
            member.accept_welcome(pending)
            await listen_to(member.get_group(pending.mls_group_id))
            emit("joined", status="BURROW_OK", public=member.get_group(gid).nostr_group_id)
        elif fields["kind"] == 445:
            result = member.process_message(json.dumps(fields))
            note(f"processed: {type(result).__name__}")
            if hasattr(result, "message"):
                tell(json.loads(result.message.event_json), result.message.sender_pubkey, "group")
            else:
                group = member.get_group(gid)
                emit("data", name=group.name)
                emit("epoch", epoch=group.epoch, members=len(member.get_members(gid)))

    async def listen() -> None:
        while (notice := await notifications.next()) is not None:
            if notice.is_new_event():
                try:
                    await take(notice.event)
                except Exception as error:
                    note(f"refused: {error}")

    async def offer(command: dict[str, Any]) -> None:
        made = member.create_key_package_for_event(public, command["relays"])
        for kind, tags in ((30443, made.tags), (443, made.tags_legacy)):
            parsed = [n.Tag.parse(tag) for tag in tags]
            await publish(n.EventBuilder(n.Kind(kind), made.key_package).tags(parsed).finalize(keys))
        emit("offered", status="BURROW_OK")

    async def package(person: str) -> str:
        """The newest key package of somebody that was not used yet, so that of another device after the first."""
        while person not in packages:
            found_packages.clear()
            await found_packages.wait()
        return json.dumps(packages.pop(person))

    async def found(command: dict[str, Any]) -> None:
        await subscribe(kinds=[30443], authors=command["members"])
        theirs = [await package(person) for person in command["members"]]
        made = member.create_group(public, theirs, command["name"], "", command["relays"], [public])
        await listen_to(made.group)
        for text, person in zip(made.welcome_rumors_json, command["members"], strict=True):
            rumor = n.UnsignedEvent.from_json(text)
            await publish(n.nip59_make_gift_wrap(keys, n.PublicKey.parse(person), rumor))
        emit("founded", status="BURROW_OK", public=made.group.nostr_group_id)

    async def say(command: dict[str, Any]) -> None:
        event = member.create_message(gid, public, command["content"], 9, None, None)
        seen.add(json.loads(event)["id"])
        await publish(event)
        emit("said", status="BURROW_OK")

    async def signal(command: dict[str, Any]) -> None:
        """A message of the kind, with the content and the tags given, and nothing added."""
        kind, content, tags = command["kind"], command["content"], command.get("tags", [])
        if command.get("to"):
            parsed = [n.Tag.parse(tag) for tag in tags]
            rumor = n.EventBuilder(n.Kind(kind), content).tags(parsed).finalize_unsigned(keys.public_key())
            await publish(n.nip59_make_gift_wrap(keys, n.PublicKey.parse(command["to"]), rumor))
        else:
            event = member.create_message(gid, public, content, kind, tags or None, None)
            seen.add(json.loads(event)["id"])
            await publish(event)
        emit("signalled", kind=kind)

    async def rotate(_: dict[str, Any]) -> None:
        await commit("rotated", member.self_update(gid))

    async def invite(command: dict[str, Any]) -> None:
        change = member.add_members(gid, [await package(command["member"])])
        await commit("invited", change)
        for text in change.welcome_rumors_json or []:
            rumor = n.UnsignedEvent.from_json(text)
            await publish(n.nip59_make_gift_wrap(keys, n.PublicKey.parse(command["member"]), rumor))

    async def remove(command: dict[str, Any]) -> None:
        await commit("removal", member.remove_members(gid, [command["member"]]))

    async def rename(command: dict[str, Any]) -> None:
        change = mdk.GroupDataUpdate(
            name=command["name"], description=None, relays=None, admins=None, image_hash=None, image_key=None,
            image_nonce=None,
        )  # fmt: skip
        await commit("renamed", member.update_group_data(gid, change))

    listening = asyncio.create_task(listen())
    await subscribe(kinds=[1059], **{"#p": [public]})
    emit("connected", key=public)
    verbs = {"offer": offer, "found": found, "say": say, "rotate": rotate, "rename": rename, "signal": signal}
    await obey(commands, verbs | {"invite": invite, "remove": remove})
    listening.cancel()
    await client.shutdown()


run(main, options.timeout)
