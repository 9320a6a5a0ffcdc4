"""A key that our library does not have: nostr-sdk holds it, and answers what the library asks, after a while and not in
the order in which it was asked."""

from __future__ import annotations

import asyncio
import random

import burrow
import nostr_sdk as n


class RemoteKey:
    """The signer of an identity that was made with ``public_key`` only."""

    def __init__(self, secret: str) -> None:
        self._keys = n.Keys.parse(secret) if secret else n.Keys.generate()
        self.public_key = bytes.fromhex(self._keys.public_key().to_hex())
        #: How often each was asked.
        self.asked = dict.fromkeys(burrow.KeyRequestKind, 0)

    async def __call__(self, request: burrow.KeyRequest) -> str | bytes:
        self.asked[request.kind] += 1
        await asyncio.sleep(random.uniform(0, 0.02))
        if request.kind == burrow.KeyRequestKind.SIGN:
            event = n.UnsignedEvent.from_json(request.text).sign(self._keys)
            # Both forms that are allowed.
            return event.as_json() if random.random() < 0.5 else bytes.fromhex(event.signature())
        other = n.PublicKey.parse(request.data.hex())
        if request.kind == burrow.KeyRequestKind.ENCRYPT:
            return n.nip44_encrypt(self._keys.secret_key(), other, request.text, n.Nip44Version.V2)
        return n.nip44_decrypt(self._keys.secret_key(), other, request.text)
