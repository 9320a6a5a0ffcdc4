"""Which MoQ relay a call goes through."""

from __future__ import annotations

import ctypes
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any

from . import _abi
from ._library import check, encode, encode_optional, lib
from .nostr import RelayResult, key_bytes
from .request import Request
from .types import Event, EventKind

if TYPE_CHECKING:
    from .engine import Engine


class RelaySelection(Request):
    """A MoQ relay that is looked for: ``url = await selection`` raises when there is none."""

    def __init__(self, engine: Engine, id: int) -> None:
        super().__init__(engine, id)
        #: Those that were tried so far, in the order in which they were decided.
        self.tried: list[RelayResult] = []

    @property
    def url(self) -> str:
        """The relay, once it is found."""
        return self.event.text if self.event is not None and self.event.status == 0 else ""

    @property
    def others(self) -> list[str]:
        """Others to name in an offer."""
        return self.event.data.decode().split("\n") if self.url and self.event and self.event.data else []

    @property
    def is_fallback(self) -> bool:
        """The group has relays of its own, and none of them could be used."""
        return bool(self.url and self.event and self.event.value & _abi.BURROW_CHOSEN_FALLBACK)

    def __await__(self) -> Generator[Any, None, Any]:
        yield from super().__await__()
        return self.url

    def _notice(self, event: Event) -> None:
        if event.kind == EventKind.RELAY_TRIED:
            self.tried.append(RelayResult(event.text, event.status, event.data.decode(errors="replace")))


def select_relay(
    engine: Engine,
    group: Iterable[str] = (),
    *,
    own: bytes | str | None = None,
    standard: Iterable[str] = (),
    offer: bool = False,
    group_only: bool = False,
    private: bool = False,
    denied: Iterable[str] = (),
    trusted: Iterable[str] = (),
    roots_pem: str | None = None,
    pins: Iterable[bytes | str] = (),
    insecure: bool = False,
    system_roots: bool = True,
    timeout_ms: int = 0,
) -> RelaySelection:
    """See ``Nostr.select_relay``."""
    choice = _abi.burrow_relay_choice()
    check(lib.burrow_config_init(ctypes.byref(choice), ctypes.sizeof(choice)))
    lists = {"group": group, "standard": standard, "denied": denied, "trusted": trusted}
    for name, texts in lists.items():
        encoded = [encode(text, name) for text in texts]
        array = (ctypes.c_char_p * max(len(encoded), 1))(*encoded)
        setattr(choice, name, ctypes.cast(array, ctypes.POINTER(ctypes.c_char_p)))
        setattr(choice, name + "_count", len(encoded))
    key = None if own is None else key_bytes(own)
    choice.own = None if key is None else ctypes.addressof(key)
    chosen = b"".join(bytes.fromhex(pin) if isinstance(pin, str) else bytes(pin) for pin in pins)
    memory = ctypes.create_string_buffer(chosen, max(len(chosen), 1))
    if chosen:
        choice.pins, choice.pin_count = ctypes.addressof(memory), len(chosen) // 32
    choice.roots_pem = encode_optional(roots_pem, "roots_pem")
    choice.timeout_ms = timeout_ms
    flags = (
        (offer, _abi.BURROW_CHOICE_OFFER),
        (group_only, _abi.BURROW_CHOICE_GROUP_ONLY),
        (private, _abi.BURROW_CHOICE_PRIVATE),
        (insecure, _abi.BURROW_CHOICE_INSECURE),
        (not system_roots, _abi.BURROW_CHOICE_NO_SYSTEM_ROOTS),
    )
    choice.flags = sum(bit for is_wanted, bit in flags if is_wanted)
    made: RelaySelection = engine._request(
        lib.burrow_discovery_select, engine._alive(), ctypes.byref(choice), make=RelaySelection
    )
    return made
