"""Frame protection by itself: SFrame with the keys of a group or a shared secret, for frames that travel otherwise."""

from __future__ import annotations

import ctypes
import enum
from typing import Any

from . import _abi
from ._library import check, encode, lib, sized
from .handle import Handle


class Protected(enum.IntEnum):
    """What a protected track carries."""

    CATALOGUE = _abi.BURROW_PROTECTED_CATALOGUE
    AUDIO = _abi.BURROW_PROTECTED_AUDIO
    VIDEO = _abi.BURROW_PROTECTED_VIDEO
    DATA = _abi.BURROW_PROTECTED_DATA


#: The label under which the exporter of a group gives keys.
EXPORTER_LABEL = "SFrame 1.0 Base Key"


def _create(function: Any, path: str, call_id: bytes, suite: int, instance: bytes | None) -> int:
    configuration = _abi.burrow_protection_config()
    check(lib.burrow_config_init(ctypes.byref(configuration), ctypes.sizeof(configuration)))
    configuration.suite = suite
    configuration.path = encode(path, "path")
    call = ctypes.create_string_buffer(call_id, max(len(call_id), 1))
    configuration.call_id, configuration.call_id_len = ctypes.addressof(call), len(call_id)
    if instance is not None:
        if len(instance) != _abi.BURROW_INSTANCE_SIZE:
            raise ValueError(f"an instance has {_abi.BURROW_INSTANCE_SIZE} bytes")
        memory = ctypes.create_string_buffer(instance, len(instance))
        configuration.instance = ctypes.addressof(memory)
    out = ctypes.c_void_p()
    check(function(ctypes.byref(configuration), ctypes.byref(out)))
    assert out.value is not None
    return out.value


def _context(function: Any, handle: int) -> bytes:
    length = ctypes.c_size_t()
    check(function(handle, None, 0, ctypes.byref(length)))
    memory = (ctypes.c_uint8 * length.value)()
    check(function(handle, memory, length.value, ctypes.byref(length)))
    return bytes(memory)


def _set_key(function: Any, handle: int, epoch: int, key: bytes, flags: int) -> None:
    memory = (ctypes.c_uint8 * max(len(key), 1)).from_buffer_copy(key or b"\0")
    try:
        check(function(handle, epoch, memory, len(key), flags))
    finally:
        ctypes.memset(memory, 0, len(memory))


def _run(
    function: Any, handle: int, data: Any, growth: int, track: int, kind: int, group: int, frame: int, key: bool
) -> bytes | None:
    where = sized(_abi.burrow_frame_position)
    where.track, where.kind, where.group, where.frame = track, kind, group, frame
    where.flags = _abi.BURROW_FRAME_KEY if key else 0
    data = bytes(data)
    source = (ctypes.c_uint8 * max(len(data), 1)).from_buffer_copy(data or b"\0")
    target = (ctypes.c_uint8 * max(len(data) + growth, 1))()
    length = ctypes.c_size_t()
    status = check(
        function(handle, ctypes.byref(where), source, len(data), target, len(target), ctypes.byref(length))
    )
    return None if status == _abi.BURROW_AGAIN else ctypes.string_at(target, length.value)


class Sealer(Handle):
    """Seals the frames of a broadcast that starts now."""

    _what = "sealer"

    def __init__(self, path: str, *, call_id: bytes = b"", suite: int = _abi.BURROW_SFRAME_AES_128_GCM) -> None:
        super().__init__(_create(lib.burrow_sealer_create, path, call_id, suite, None))

    @property
    def context(self) -> bytes:
        """The context for the exporter of a group; the label is EXPORTER_LABEL."""
        return _context(lib.burrow_protection_context, self.handle)

    @property
    def instance(self) -> bytes:
        """What openers have to be told of this start."""
        return self.context[-_abi.BURROW_INSTANCE_SIZE :]

    def set_key(self, epoch: int, key: bytes, *, exported: bool = False, removal: bool = False) -> None:
        """The key of a new epoch: exported by a group, or a secret that all members have."""
        flags = (_abi.BURROW_KEY_EXPORTED if exported else 0) | (_abi.BURROW_KEY_REMOVAL if removal else 0)
        _set_key(lib.burrow_protection_set_key, self.handle, epoch, key, flags)

    def add_track(self, kind: Protected) -> int:
        """The number of a new track."""
        track = ctypes.c_uint64()
        check(lib.burrow_sealer_add_track(self.handle, int(kind), ctypes.byref(track)))
        return track.value

    def seal(self, data: Any, *, track: int, group: int, frame: int = 0, key: bool = False) -> bytes:
        """A sealed frame."""
        sealed = _run(
            lib.burrow_sealer_seal, self.handle, data, _abi.BURROW_SEAL_OVERHEAD, track, 0, group, frame, key
        )
        assert sealed is not None
        return sealed


class Opener(Handle):
    """Opens the frames of somebody else's broadcast."""

    _what = "opener"

    def __init__(
        self,
        path: str,
        instance: bytes,
        *,
        call_id: bytes = b"",
        suite: int = _abi.BURROW_SFRAME_AES_128_GCM,
    ) -> None:
        super().__init__(_create(lib.burrow_opener_create, path, call_id, suite, instance))

    @property
    def context(self) -> bytes:
        """The context for the exporter of a group; the label is EXPORTER_LABEL."""
        return _context(lib.burrow_protection_context, self.handle)

    def set_key(self, epoch: int, key: bytes, *, exported: bool = False) -> None:
        """The key of a new epoch: exported by a group, or a secret that all members have."""
        flags = _abi.BURROW_KEY_EXPORTED if exported else 0
        _set_key(lib.burrow_protection_set_key, self.handle, epoch, key, flags)

    def open(
        self, data: Any, *, track: int, kind: Protected, group: int, frame: int = 0, key: bool = False
    ) -> bytes | None:
        """The frame, or None while there is no key of its epoch.

        Raises FrameRepeatedError and FrameRejectedError for what somebody on the way repeated or changed.
        """
        return _run(lib.burrow_opener_open, self.handle, data, 0, track, int(kind), group, frame, key)
