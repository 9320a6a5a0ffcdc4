"""The MoQ relay of a call, found by trying real relays."""

from __future__ import annotations

import socket
import unittest

from nostr_support import SmallRelay
from support import PATIENCE, LibraryTest, burrow


class ChoiceTest(LibraryTest):
    def silent(self) -> str:
        """A relay that never answers."""
        hole = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        hole.bind(("127.0.0.1", 0))
        self.addCleanup(hole.close)
        return f"moqt://127.0.0.1:{hole.getsockname()[1]}"

    def test_the_first_that_lets_us_in(self) -> None:
        engine = self.engine()
        one, two = self.relay(engine), self.relay(engine)
        good, other = one.url, two.url
        way = {"insecure": True, "private": True, "timeout_ms": 8000}

        first = engine.nostr.select_relay([good, other], **way)
        first.wait(PATIENCE)
        self.assertEqual((first.url, first.is_fallback), (good, False))
        self.assertEqual([(result.url, result.status) for result in first.tried], [(good, 0)])

        # The next is tried when one does not answer, and refused ones are passed at once.
        silent = self.silent()
        slow = engine.nostr.select_relay(["https://a.example", silent], standard=[other], **way)
        slow.wait(PATIENCE)
        self.assertEqual((slow.url, slow.is_fallback), (other, True))
        self.assertEqual([result.url for result in slow.tried], ["https://a.example", other])

        certificate = engine.nostr.select_relay([good], private=True, timeout_ms=3000)
        with self.assertRaises(burrow.UnreachableError):
            certificate.wait(PATIENCE)
        self.assertEqual(burrow.status_name(certificate.tried[0].status), "BURROW_ERR_TLS_UNKNOWN_ISSUER")

        with self.assertRaises(burrow.UnreachableError):
            engine.nostr.select_relay([good], insecure=True).wait(PATIENCE)
        with self.assertRaises(burrow.UnreachableError):
            engine.nostr.select_relay([good], denied=["127.0.0.1"], **way).wait(PATIENCE)
        with self.assertRaises(burrow.UnsupportedError):
            engine.nostr.select_relay([good], offer=True, denied=["127.0.0.1"], **way).wait(PATIENCE)
        with self.assertRaises(burrow.InvalidArgumentError):
            engine.nostr.select_relay([], offer=True, **way).wait(PATIENCE)
        offered = engine.nostr.select_relay([good, other], offer=True, **way)
        offered.wait(PATIENCE)
        self.assertEqual(offered.url, good)
        given_up = engine.nostr.select_relay([silent], **way)
        given_up.cancel()
        with self.assertRaises(burrow.CancelledError):
            given_up.wait(PATIENCE)

    def test_the_own_list(self) -> None:
        engine = self.engine()
        relay = self.relay(engine)
        url = relay.url
        with SmallRelay() as lists:
            engine.nostr.add_relay(lists.url)
            me = burrow.Identity(engine)
            me.publish_list(burrow.ServerKind.MOQ, [url]).wait(PATIENCE)
            found = engine.nostr.select_relay(own=me.public_key, standard=[self.silent()], insecure=True)
            found.wait(PATIENCE)
            self.assertEqual(found.url, url)


if __name__ == "__main__":
    unittest.main()
