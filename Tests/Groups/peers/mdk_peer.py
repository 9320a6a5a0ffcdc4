"""The Marmot Development Kit (mdk-python 0.8.0) as one member behind a pipe.

One JSON request a line in, one JSON reply a line out: {"op": NAME, ...} -> {"ok": true, ...} or {"ok": false, "error":
...}. Events are objects, group ids are hexadecimal. Changes answer with `event`, which counts once it is processed
here as well, or after `merge`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any

import mdk
import nostr_sdk as nostr

Json = dict[str, Any]
RELAYS = ["wss://relay.example.com"]
STORE_KEY = bytes(range(32))


class Member:
    """One identity with a store of its own, whose key is known so that a test can look into it."""

    def __init__(self, folder: str) -> None:
        self.keys = nostr.Keys.generate()
        self.public = self.keys.public_key().to_hex()
        self.path = os.path.join(folder, "mdk.db")
        self.mdk = mdk.new_mdk_with_key(self.path, STORE_KEY, None)

    def group(self, gid: str) -> Json | None:
        found = self.mdk.get_group(gid)
        if found is None:
            return None
        return {
            "mls_group_id": found.mls_group_id, "nostr_group_id": found.nostr_group_id, "name": found.name,
            "description": found.description, "epoch": found.epoch, "state": str(found.state),
            "admins": found.admin_pubkeys, "relays": self.mdk.get_relays(gid), "members": self.mdk.get_members(gid),
        }  # fmt: skip

    def changed(self, result: Any) -> Json:
        welcomes = [json.loads(text) for text in (result.welcome_rumors_json or [])]
        return {"event": json.loads(result.evolution_event_json), "welcomes": welcomes}

    def hello(self, _: Json) -> Json:
        return {"pubkey": self.public}

    def key_package(self, request: Json) -> Json:
        made = self.mdk.create_key_package_for_event(self.public, request.get("relays", RELAYS))
        kind = request.get("kind", 30443)
        tags = [nostr.Tag.parse(tag) for tag in (made.tags if kind == 30443 else made.tags_legacy)]
        event = nostr.EventBuilder(nostr.Kind(kind), made.key_package).tags(tags).finalize(self.keys)
        return {"event": json.loads(event.as_json())}

    def create_group(self, request: Json) -> Json:
        made = self.mdk.create_group(
            self.public, [json.dumps(event) for event in request.get("members", [])], request.get("name", ""),
            request.get("description", ""), request.get("relays", RELAYS), request.get("admins", [self.public]),
        )  # fmt: skip
        gid = made.group.mls_group_id
        return {"gid": gid, "group": self.group(gid), "welcomes": [json.loads(text) for text in made.welcome_rumors_json]}

    def add(self, request: Json) -> Json:
        return self.changed(self.mdk.add_members(request["gid"], [json.dumps(event) for event in request["members"]]))

    def remove(self, request: Json) -> Json:
        return self.changed(self.mdk.remove_members(request["gid"], request["pubkeys"]))

    def update(self, request: Json) -> Json:
        change = mdk.GroupDataUpdate(
            name=request.get("name"), description=request.get("description"), relays=request.get("relays"),
            admins=request.get("admins"), image_hash=None, image_key=None, image_nonce=None,
        )  # fmt: skip
        return self.changed(self.mdk.update_group_data(request["gid"], change))

    def self_update(self, request: Json) -> Json:
        return self.changed(self.mdk.self_update(request["gid"]))

    def self_demote(self, request: Json) -> Json:
        return self.changed(self.mdk.self_demote(request["gid"]))

    def leave(self, request: Json) -> Json:
        return self.changed(self.mdk.leave_group(request["gid"]))

    def merge(self, request: Json) -> Json:
        self.mdk.merge_pending_commit(request["gid"])
        return {"group": self.group(request["gid"])}

    def clear(self, request: Json) -> Json:
        self.mdk.clear_pending_commit(request["gid"])
        return {}

    def wrap(self, request: Json) -> Json:
        rumor = nostr.UnsignedEvent.from_json(json.dumps(request["rumor"]))
        event = nostr.nip59_make_gift_wrap(self.keys, nostr.PublicKey.parse(request["to"]), rumor)
        return {"event": json.loads(event.as_json())}

    def welcome(self, request: Json) -> Json:
        pending = self.mdk.process_welcome(os.urandom(32).hex(), json.dumps(request["rumor"]))
        self.mdk.accept_welcome(pending)
        return {"gid": pending.mls_group_id, "group": self.group(pending.mls_group_id), "inviter": pending.welcomer}

    def send(self, request: Json) -> Json:
        expiration = request.get("expiration")
        tags = [["expiration", str(expiration)]] if expiration else None
        event = self.mdk.create_message(
            request["gid"], self.public, request["content"], request.get("kind", 9), request.get("tags"), tags
        )
        return {"event": json.loads(event)}

    def process(self, request: Json) -> Json:
        result = self.mdk.process_message(json.dumps(request["event"]))
        reply: Json = {"result": type(result).__name__.split(".")[-1].lower()}
        if hasattr(result, "message"):
            reply["rumor"] = json.loads(result.message.event_json)
        if hasattr(result, "reason"):
            reply["reason"] = str(result.reason)
        if hasattr(result, "result"):
            reply["commit"] = json.loads(result.result.evolution_event_json)
        return reply

    def state(self, request: Json) -> Json:
        return {"group": self.group(request["gid"])}

    def exporters(self, request: Json) -> Json:
        """The keys of the outer layer as the store has them, by epoch."""
        import sqlcipher3

        with sqlcipher3.connect(self.path) as store:
            store.execute(f"PRAGMA key = \"x'{STORE_KEY.hex()}'\"")
            store.execute("PRAGMA cipher_compatibility = 4")
            rows = store.execute("SELECT mls_group_id, epoch, label, secret FROM group_exporter_secrets").fetchall()
        wanted = bytes.fromhex(request["gid"])
        return {"exporters": {
            str(epoch): secret.hex() for group, epoch, label, secret in rows
            if label == "group-event" and (group == wanted or group == request["gid"])
        }}  # fmt: skip


OPERATIONS = {name for name in vars(Member) if not name.startswith("_") and name not in ("group", "changed")}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="burrow-mdk-") as folder:
        member = Member(folder)
        for line in sys.stdin:
            try:
                request = json.loads(line)
                if request["op"] not in OPERATIONS:
                    raise ValueError(f"unknown request {request['op']}")
                reply = {"ok": True, **getattr(member, request["op"])(request)}
            except Exception as error:
                reply = {"ok": False, "error": f"{type(error).__name__}: {error}"}
            print(json.dumps(reply), flush=True)


main()
