#!/usr/bin/env python3
"""A member of one group in OpenMLS with SFrame (gbp-stack), behind a pipe. The requests are those of Tests/MLSPeer, as far
as this interface has them: it adds one member at a time, and has neither empty commits nor messages nor an exporter."""

from __future__ import annotations

from typing import Any

from gbp_stack import MlsContext, SFrameSession
from pipe import Json, serve


class Peer:
    def __init__(self) -> None:
        self.context: Any = None
        self.session: Any = None
        self.encryptor: Any = None

    def handle(self, request: Json) -> Json:
        return getattr(self, "do_" + request["op"])(request)

    def do_hello(self, request: Json) -> Json:
        # It comes with a group of its own, in which it is alone.
        self.context = MlsContext.create(request["name"])
        return {}

    def do_key_package(self, request: Json) -> Json:
        return {"bytes": self.context.export_key_package().hex()}

    def do_commit(self, request: Json) -> Json:
        if "key_packages" in request:
            (package,) = request["key_packages"]
            commit, welcome = self.context.invite_full(bytes.fromhex(package))
            return {"commit": commit.hex(), "welcome": welcome.hex()}
        return {"commit": self.context.remove_member(request["remove"]).hex()}

    def do_merge(self, request: Json) -> Json:
        self.context.finalize_commit()
        return {}

    def do_discard(self, request: Json) -> Json:
        self.context.clear_pending_commit()
        return {}

    def do_join(self, request: Json) -> Json:
        self.context.accept_welcome(bytes.fromhex(request["welcome"]))
        return {}

    def do_process(self, request: Json) -> Json:
        kind = self.context.process_message(bytes.fromhex(request["bytes"]))
        if kind == "commit":
            self.context.finalize_commit()
        return {"kind": kind}

    def do_restart(self, request: Json) -> Json:
        state = self.context.export_state()
        self.context.close()
        self.context = MlsContext.restore_state(state)
        return {}

    def do_state(self, request: Json) -> Json:
        return {"epoch": self.context.epoch, "group_id": self.context.group_id.hex()}

    def do_frames(self, request: Json) -> Json:
        """New keys for frames, of the current epoch."""
        suite = {4: 0, 5: 1}[request["suite"]]
        self.session = SFrameSession.create(self.context, request["label"], suite)
        self.encryptor = self.session.create_encryptor(self.context, request["leaf"], request["label"], suite)
        return {}

    def do_frame_seal(self, request: Json) -> Json:
        data, metadata = bytes.fromhex(request["data"]), bytes.fromhex(request.get("metadata", ""))
        return {"bytes": self.encryptor.encrypt(data, metadata).hex()}

    def do_frame_open(self, request: Json) -> Json:
        frame, metadata = bytes.fromhex(request["bytes"]), bytes.fromhex(request.get("metadata", ""))
        opened = self.session.decrypt(frame, metadata)
        return {"data": opened.plaintext.hex(), "leaf": opened.sender_leaf}


if __name__ == "__main__":
    serve(Peer().handle)
