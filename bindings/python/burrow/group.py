"""A group of an identity, or an invitation to one."""

from __future__ import annotations

import ctypes
import enum
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _abi
from ._library import check, encode, encode_optional, lib, read_text, sized
from .handle import Handle
from .identity import texts
from .nostr import key_bytes
from .request import Request

if TYPE_CHECKING:
    from .identity import Identity


class GroupState(enum.IntEnum):
    """How a group is doing."""

    FOUNDING = _abi.BURROW_GROUP_FOUNDING
    INVITED = _abi.BURROW_GROUP_INVITED
    ACTIVE = _abi.BURROW_GROUP_ACTIVE
    REMOVED = _abi.BURROW_GROUP_REMOVED
    GONE = _abi.BURROW_GROUP_GONE


class GroupFlags(enum.IntFlag):
    """What is said of a group or a member."""

    ADMIN = _abi.BURROW_GROUP_ADMIN
    LEAVING = _abi.BURROW_GROUP_LEAVING
    CHANGE_PENDING = _abi.BURROW_GROUP_CHANGE_PENDING
    SELF = _abi.BURROW_GROUP_SELF


@dataclass(frozen=True)
class GroupInfo:
    """A snapshot of a group."""

    state: GroupState
    flags: GroupFlags
    member_count: int
    own_leaf: int
    epoch: int
    #: Names the group in the h tags of its events.
    nostr_id: bytes
    #: Who invited us, while the state is INVITED.
    inviter: bytes | None
    name: str


@dataclass(frozen=True)
class Member:
    """Somebody in a group."""

    pubkey: bytes
    flags: GroupFlags
    devices: int
    leaf: int


def create_group(identity: Identity, name: str, description: str, relays: str | Iterable[str], members: Sequence[bytes]) -> Group:
    """See Identity.create_group()."""
    configuration = _abi.burrow_group_config()
    check(lib.burrow_config_init(ctypes.byref(configuration), ctypes.sizeof(configuration)))
    configuration.name = encode(name, "name")
    configuration.description = encode(description, "description")
    urls, configuration.relay_count = texts(relays, "relays")
    configuration.relays = ctypes.cast(urls, ctypes.POINTER(ctypes.c_char_p))
    keys = b"".join(bytes(key_bytes(member)) for member in members)
    memory = ctypes.create_string_buffer(keys, max(len(keys), 1))
    if members:
        configuration.members, configuration.member_count = ctypes.addressof(memory), len(members)

    def call() -> tuple[int, int]:
        out, id = ctypes.c_void_p(), ctypes.c_uint64()
        check(lib.burrow_group_create(identity.handle, ctypes.byref(configuration), ctypes.byref(out), ctypes.byref(id)))
        assert out.value is not None
        return out.value, id.value

    group: Group = identity.engine._register(call, lambda handle, request: Group(identity, handle, request))
    return group


class Group(Handle):
    """A group. Changes of it end when a relay has them; with relays of the host, ``Engine.published()`` says so."""

    _what = "group"

    def __init__(self, identity: Identity, handle: int, created: Request | None) -> None:
        super().__init__(handle)
        self._identity = identity
        #: Ends when a new group is founded; None for groups that were there.
        self.created = created

    @property
    def identity(self) -> Identity:
        return self._identity

    @property
    def id(self) -> bytes:
        """The id of the group, a secret of its members; empty until it is founded."""
        raw = self._raw_info()
        return bytes(raw.id[: raw.id_len])

    def _raw_info(self) -> Any:
        raw = sized(_abi.burrow_group_info)
        check(lib.burrow_group_info_get(self.handle, ctypes.byref(raw)))
        return raw

    @property
    def info(self) -> GroupInfo:
        raw = self._raw_info()
        inviter = bytes(raw.inviter)
        return GroupInfo(
            state=GroupState(raw.state),
            flags=GroupFlags(raw.flags),
            member_count=raw.members,
            own_leaf=raw.own_leaf,
            epoch=raw.epoch,
            nostr_id=bytes(raw.nostr_id),
            inviter=inviter if any(inviter) else None,
            name=raw.name.decode(errors="replace"),
        )

    def members(self) -> list[Member]:
        """Who is in it, by their leaves."""
        count = ctypes.c_size_t()
        capacity = 64
        while True:
            found = (_abi.burrow_member * capacity)()
            found[0].struct_size = ctypes.sizeof(_abi.burrow_member)
            status = lib.burrow_group_members(self.handle, found, capacity, ctypes.byref(count))
            if status != _abi.BURROW_ERR_BUFFER_TOO_SMALL:
                check(status)
                return [Member(bytes(raw.pubkey), GroupFlags(raw.flags), raw.devices, raw.leaf) for raw in found[: count.value]]
            capacity = count.value * 2

    @property
    def relays(self) -> list[str]:
        """The Nostr relays of its events."""
        return read_text(lib.burrow_group_relays, self.handle, 0).split()

    @property
    def moq_relays(self) -> list[str]:
        """The MoQ relays of its calls."""
        return read_text(lib.burrow_group_relays, self.handle, 1).split()

    # -- changes -----------------------------------------------------------------------------------------------

    def join(self) -> Request:
        """Accepts an invitation."""
        return self._change(lib.burrow_group_join)

    def leave(self) -> Request:
        """Asks the others to remove us, or declines an invitation."""
        return self._change(lib.burrow_group_leave)

    def invite(self, pubkey: bytes) -> Request:
        """Adds somebody, or another device of somebody or of ours, whose key package is looked for or was handed in."""
        return self._change(lib.burrow_group_invite, key_bytes(pubkey))

    def remove(self, pubkey: bytes) -> Request:
        """Removes somebody with all devices; with our own key all devices of ours but this one."""
        return self._change(lib.burrow_group_remove, key_bytes(pubkey))

    def update(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        admins: Iterable[bytes] = (),
        former_admins: Iterable[bytes] = (),
        moq_relays: str | Iterable[str] | None = None,
    ) -> Request:
        """Changes what is given; without anything this device has new keys."""
        change = _abi.burrow_group_change()
        check(lib.burrow_config_init(ctypes.byref(change), ctypes.sizeof(change)))
        change.name = encode_optional(name, "name")
        change.description = encode_optional(description, "description")
        memory = []
        for people, field in ((admins, "admin"), (former_admins, "former_admin")):
            keys = b"".join(bytes(key_bytes(key)) for key in people)
            if keys:
                memory.append(ctypes.create_string_buffer(keys, len(keys)))
                setattr(change, f"{field}s", ctypes.addressof(memory[-1]))
                setattr(change, f"{field}_count", len(keys) // 32)
        if moq_relays is not None:
            urls, change.moq_relay_count = texts(moq_relays, "moq_relays")
            change.moq_relays = ctypes.cast(urls, ctypes.POINTER(ctypes.c_char_p))
        return self._change(lib.burrow_group_update, ctypes.byref(change))

    def rotate(self) -> Request:
        """Gives this device new keys."""
        return self._change(lib.burrow_group_update, None)

    def rename(self, name: str | None = None, description: str | None = None) -> Request:
        """Changes what people call it."""
        return self.update(name=name, description=description)

    def set_admin(self, public_key: bytes, is_admin: bool = True) -> Request:
        """Makes somebody an admin, or takes that role away."""
        return self.update(admins=[public_key] if is_admin else [], former_admins=[] if is_admin else [public_key])

    def set_moq_relays(self, urls: str | Iterable[str]) -> Request:
        """Tells the group on which MoQ relays its calls are."""
        return self.update(moq_relays=urls)

    def send(self, content: str, *, kind: int = 9, tags: Sequence[Sequence[str]] = ()) -> Request:
        """Says something; the request ends when it is on its way."""
        text = encode(json.dumps([list(tag) for tag in tags]), "tags") if tags else None
        return self._change(lib.burrow_group_send, kind, encode(content, "content"), text)

    def export_secret(self, label: str, context: bytes = b"", length: int = 32) -> tuple[bytes, int]:
        """A secret that all members of the current epoch can derive, and that epoch."""
        memory, epoch = (ctypes.c_uint8 * max(length, 1))(), ctypes.c_uint64()
        where = (ctypes.c_uint8 * max(len(context), 1)).from_buffer_copy(context or b"\0")
        check(
            lib.burrow_group_export_secret(
                self.handle, encode(label, "label"), where, len(context), memory, length, ctypes.byref(epoch)
            )
        )
        return bytes(memory), epoch.value

    def _change(self, function: Any, *arguments: Any) -> Request:
        return self._identity.engine._request(function, self.handle, *arguments)

    def _notice(self, event: object) -> None:
        """Events about groups name their identity; nothing waits inside a group."""
