"""Frame protection by itself."""

from __future__ import annotations

import ctypes
import hashlib
import hmac
import unittest

from support import LibraryTest, burrow

SECRET = bytes(range(32))


def expand(key: bytes, info: bytes) -> bytes:
    """One block of HKDF-Expand (RFC 5869)."""
    return hmac.new(key, info + b"\x01", hashlib.sha256).digest()


class ProtectionTest(LibraryTest):
    def pair(self, **options: object) -> tuple[burrow.Sealer, burrow.Opener]:
        sealer = burrow.Sealer("room/alice", call_id=b"call", **options)
        opener = burrow.Opener("room/alice", sealer.instance, call_id=b"call", **options)
        self.addCleanup(sealer.close)
        self.addCleanup(opener.close)
        return sealer, opener

    def test_frames_come_through(self) -> None:
        self.assertTrue(burrow.has_feature("sframe"))
        for suite in (4, 5):
            sealer, opener = self.pair(suite=suite)
            sealer.set_key(1, SECRET)
            opener.set_key(1, SECRET)
            track = sealer.add_track(burrow.Protected.VIDEO)
            self.assertEqual(track, 1)
            for number in range(300):
                data = bytes([number % 256]) * number
                sealed = sealer.seal(data, track=track, group=1, frame=number, key=number == 0)
                self.assertNotIn(data if number > 8 else b"none", sealed)
                self.assertLessEqual(len(sealed), len(data) + 33)
                where = dict(track=track, kind=burrow.Protected.VIDEO, group=1, frame=number, key=number == 0)
                self.assertEqual(opener.open(sealed, **where), data)
                with self.assertRaises(burrow.FrameRepeatedError):
                    opener.open(sealed, **where)

    def test_context_and_exported_keys(self) -> None:
        sealer, opener = self.pair()
        self.assertEqual(sealer.context, b"\x04call\x0aroom/alice" + sealer.instance)
        self.assertEqual(opener.context, sealer.context)
        extracted = hmac.new(b"burrow", SECRET, hashlib.sha256).digest()
        exported = expand(extracted, burrow.EXPORTER_LABEL.encode() + sealer.context)[:16]
        # What one side derives from the secret is what the other was given.
        sealer.set_key(7, SECRET)
        opener.set_key(7, exported, exported=True)
        sealed = sealer.seal(b"catalogue", track=0, group=3)
        self.assertEqual(sealed[0] & 0xF0, 0x70, "the number of the key")
        self.assertEqual(opener.open(sealed, track=0, kind=burrow.Protected.CATALOGUE, group=3), b"catalogue")

    def test_what_others_do_to_frames(self) -> None:
        sealer, opener = self.pair()
        sealer.set_key(1, SECRET)
        opener.set_key(1, SECRET)
        track = sealer.add_track(burrow.Protected.AUDIO)
        sealed = sealer.seal(b"sound", track=track, group=5, frame=6)
        where = dict(track=track, kind=burrow.Protected.AUDIO, group=5, frame=6)
        for index in range(len(sealed)):
            damaged = bytearray(sealed)
            damaged[index] ^= 1
            try:
                self.assertIsNone(opener.open(damaged, **where), "an epoch there is no key of")
            except burrow.FrameRejectedError:
                pass
        for length in range(len(sealed)):
            with self.assertRaises(burrow.FrameRejectedError):
                opener.open(sealed[:length], **where)
        for change in ({"group": 6}, {"frame": 7}, {"key": True}):
            with self.assertRaises(burrow.FrameRejectedError):
                opener.open(sealed, **{**where, **change})
        self.assertEqual(opener.open(sealed, **where), b"sound")

    def test_keys(self) -> None:
        sealer, opener = self.pair()
        with self.assertRaises(burrow.KeyMissingError):
            sealer.seal(b"", track=0, group=0)
        sealer.set_key(2, SECRET)
        with self.assertRaises(burrow.InvalidArgumentError):
            sealer.set_key(2, SECRET)
        sealed = sealer.seal(b"early", track=0, group=0)
        where = dict(track=0, kind=burrow.Protected.CATALOGUE, group=0)
        self.assertIsNone(opener.open(sealed, **where))
        opener.set_key(2, SECRET)
        self.assertEqual(opener.open(sealed, **where), b"early")
        # Who was removed has the old secret only.
        sealer.set_key(3, SECRET[::-1], removal=True)
        self.assertIsNone(opener.open(sealer.seal(b"late", track=0, group=1), **{**where, "group": 1}))
        for wrong in (b"", bytes(2000)):
            with self.assertRaises(burrow.InvalidArgumentError):
                sealer.set_key(9, wrong)
        with self.assertRaises(burrow.InvalidArgumentError):
            sealer.set_key(9, bytes(15), exported=True)

    def test_arguments(self) -> None:
        with self.assertRaises(burrow.UnsupportedError):
            burrow.Sealer("path", suite=3)
        with self.assertRaises(ValueError):
            burrow.Opener("path", bytes(15))
        sealer, opener = self.pair()
        sealer.set_key(1, SECRET)
        opener.set_key(1, SECRET)
        for track in (1, 2**64 - 1):
            with self.assertRaises(burrow.InvalidArgumentError):
                sealer.seal(b"", track=track, group=0)
        with self.assertRaises(burrow.InvalidArgumentError):
            sealer.add_track(burrow.Protected.CATALOGUE)
        with self.assertRaises(burrow.InvalidArgumentError):
            opener.open(bytes(40), track=2**64 - 1, kind=burrow.Protected.DATA, group=0)
        sealer.close()
        with self.assertRaises(burrow.ClosedError):
            sealer.seal(b"", track=0, group=0)

    def test_memory_of_the_caller(self) -> None:
        from burrow import _abi
        from burrow._library import lib, sized

        sealer, _ = self.pair()
        sealer.set_key(1, SECRET)
        where = sized(_abi.burrow_frame_position)
        length = ctypes.c_size_t()
        memory = (ctypes.c_uint8 * 200)()
        start = ctypes.addressof(memory)
        at = ctypes.POINTER(ctypes.c_uint8)

        def seal(data: int, count: int, out: int, capacity: int) -> int:
            return int(
                lib.burrow_sealer_seal(
                    sealer.handle,
                    ctypes.byref(where),
                    ctypes.cast(data, at),
                    count,
                    ctypes.cast(out, at),
                    capacity,
                    ctypes.byref(length),
                )
            )

        self.assertEqual(seal(start, 50, start + 100, 82), _abi.BURROW_ERR_BUFFER_TOO_SMALL)
        self.assertEqual(length.value, 83)
        for data in (start + 51, start + 100, start + 182):
            self.assertEqual(seal(data, 50, start + 100, 83), _abi.BURROW_ERR_INVALID_ARGUMENT)
        self.assertEqual(seal(0, 50, start + 100, 83), _abi.BURROW_ERR_INVALID_ARGUMENT)
        self.assertEqual(seal(start, 50, 0, 83), _abi.BURROW_ERR_INVALID_ARGUMENT)
        self.assertEqual(seal(start, 2**63, start + 100, 2**64 - 1), _abi.BURROW_ERR_LIMIT)
        self.assertEqual(seal(start + 50, 50, start + 100, 83), _abi.BURROW_OK)
        self.assertEqual(memory[100], 0x10, "no counter was used up by what failed before")


if __name__ == "__main__":
    unittest.main()
