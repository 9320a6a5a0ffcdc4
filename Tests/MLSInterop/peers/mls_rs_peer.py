#!/usr/bin/env python3
"""A member of one group in mls-rs, behind a pipe. The requests are those of Tests/MLSPeer, as far as mls-rs has them."""

from __future__ import annotations

from typing import Any

import mls_rs_uniffi.mls_rs_uniffi as mls
from pipe import Json, serve

SUITE = mls.CipherSuite.CURVE25519_AES128


def message(text: str) -> Any:
    return mls.Message.from_bytes(bytes.fromhex(text))


class Peer:
    def __init__(self) -> None:
        self.client: Any = None
        self.group: Any = None
        self.pending: Any = None
        #: Who sent what came in: the only names of members this interface gives out.
        self.identities: dict[str, Any] = {}

    def handle(self, request: Json) -> Json:
        return getattr(self, "do_" + request["op"])(request)

    def do_hello(self, request: Json) -> Json:
        name = request["name"].encode()
        keys = mls.generate_signature_keypair(SUITE)
        self.client = mls.Client(name, keys, mls.client_config_default())
        return {}

    def do_key_package(self, request: Json) -> Json:
        return {"bytes": self.client.generate_key_package_message().to_bytes().hex()}

    def do_create(self, request: Json) -> Json:
        self.group = self.client.create_group(bytes.fromhex(request["group_id"]))
        return {}

    def do_join(self, request: Json) -> Json:
        self.group = self.client.join_group(None, message(request["welcome"])).group
        return {}

    def do_commit(self, request: Json) -> Json:
        if "key_packages" in request:
            output = self.group.add_members([message(text) for text in request["key_packages"]])
        elif "remove" in request:
            output = self.group.remove_members([self.identities[request["remove"]]])
        else:
            output = self.group.commit()
        self.pending = output.commit_message
        reply = {"commit": output.commit_message.to_bytes().hex()}
        if output.welcome_message is not None:
            reply["welcome"] = output.welcome_message.to_bytes().hex()
        return reply

    def do_merge(self, request: Json) -> Json:
        self.group.process_incoming_message(self.pending)
        self.pending = None
        return {}

    def do_propose(self, request: Json) -> Json:
        if request["what"] == "add":
            found = self.group.propose_add_members([message(text) for text in request["key_packages"]])
        else:
            found = self.group.propose_remove_members([self.identities[request["name"]]])
        return {"bytes": [one.to_bytes().hex() for one in found]}

    def do_process(self, request: Json) -> Json:
        result = self.group.process_incoming_message(message(request["bytes"]))
        sender = getattr(result, "sender", None) or getattr(result, "committer", None)
        if sender is not None and "from" in request:
            self.identities[request["from"]] = sender
        if result.is_APPLICATION_MESSAGE():
            return {"kind": "application", "data": bytes(result.data).hex()}
        if result.is_COMMIT():
            return {"kind": "removed" if result.effect.is_REMOVED() else "commit"}
        return {"kind": "proposal" if result.is_RECEIVED_PROPOSAL() else "other"}

    def do_seal(self, request: Json) -> Json:
        return {"bytes": self.group.encrypt_application_message(bytes.fromhex(request["data"])).to_bytes().hex()}

    def do_export(self, request: Json) -> Json:
        label, context = bytes.fromhex(request["label"]), bytes.fromhex(request["context"])
        return {"bytes": bytes(self.group.export_secret(label, context, request["length"])).hex()}


if __name__ == "__main__":
    serve(Peer().handle)
