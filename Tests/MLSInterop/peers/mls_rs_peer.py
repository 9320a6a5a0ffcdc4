#!/usr/bin/env python3
"""A member of one group in mls-rs, behind a pipe. The requests are those of Tests/MLSPeer, as far as mls-rs has them."""

from __future__ import annotations

import time
from typing import Any

import mls_rs_uniffi.mls_rs_uniffi as mls
from pipe import Json, serve

SUITE = mls.CipherSuite.CURVE25519_AES128


def message(text: str) -> Any:
    return mls.Message.from_bytes(bytes.fromhex(text))


class Stopwatch:
    """Processor time and time of the wall that something took."""

    def __init__(self) -> None:
        self.processor, self.wall = time.process_time_ns(), time.perf_counter_ns()

    def reply(self) -> Json:
        return {
            "us": (time.process_time_ns() - self.processor) / 1e3,
            "wall_us": (time.perf_counter_ns() - self.wall) / 1e3,
        }


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
        welcome = bytes.fromhex(request["welcome"])
        watch = Stopwatch()
        self.group = self.client.join_group(None, mls.Message.from_bytes(welcome)).group
        return watch.reply()

    def do_commit(self, request: Json) -> Json:
        packages = [message(text) for text in request.get("key_packages", [])]
        watch = Stopwatch()
        if packages:
            output = self.group.add_members(packages)
        elif "remove" in request:
            output = self.group.remove_members([self.identities[request["remove"]]])
        else:
            output = self.group.commit()
        commit = output.commit_message.to_bytes()
        welcome = output.welcome_message.to_bytes() if output.welcome_message is not None else b""
        reply = {**watch.reply(), "commit": commit.hex()}
        self.pending = output.commit_message
        if welcome:
            reply["welcome"] = welcome.hex()
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
        received = bytes.fromhex(request["bytes"])
        watch = Stopwatch()
        result = self.group.process_incoming_message(mls.Message.from_bytes(received))
        taken = watch.reply()
        sender = getattr(result, "sender", None) or getattr(result, "committer", None)
        if sender is not None and "from" in request:
            self.identities[request["from"]] = sender
        if result.is_APPLICATION_MESSAGE():
            return {**taken, "kind": "application", "data": bytes(result.data).hex()}
        if result.is_COMMIT():
            return {**taken, "kind": "removed" if result.effect.is_REMOVED() else "commit"}
        return {"kind": "proposal" if result.is_RECEIVED_PROPOSAL() else "other"}

    def do_seal(self, request: Json) -> Json:
        data = bytes.fromhex(request["data"])
        watch = Stopwatch()
        sealed = self.group.encrypt_application_message(data).to_bytes()
        return {**watch.reply(), "bytes": sealed.hex()}

    def do_export(self, request: Json) -> Json:
        label, context = bytes.fromhex(request["label"]), bytes.fromhex(request["context"])
        return {"bytes": bytes(self.group.export_secret(label, context, request["length"])).hex()}


    def do_overhead(self, request: Json) -> Json:
        """What a call through this binding takes that does nothing."""
        one = self.client.generate_key_package_message()
        watch = Stopwatch()
        one.to_bytes()
        return watch.reply()


if __name__ == "__main__":
    serve(Peer().handle)
