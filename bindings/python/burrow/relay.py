"""An embedded relay."""

from __future__ import annotations

import asyncio
import ctypes
import json
from typing import TYPE_CHECKING, Any

from . import _abi
from ._library import check, encode, encode_optional, lib, read_text, sized
from .handle import Handle
from .request import Request
from .types import Event, RelayInfo, RelayState

if TYPE_CHECKING:
    from .engine import Engine


def texts(values: Any, what: str) -> tuple[Any, int]:
    """An array of texts for C; a single text counts as one."""
    chosen = [values] if isinstance(values, str) else list(values)
    encoded = [encode(value, what) for value in chosen]
    return (ctypes.c_char_p * max(len(encoded), 1))(*encoded), len(encoded)


def start_relay(engine: Engine, listen: Any, **wishes: Any) -> Relay:
    """See Engine.start_relay()."""
    configuration = _abi.burrow_relay_config()
    check(lib.burrow_config_init(ctypes.byref(configuration), ctypes.sizeof(configuration)))
    addresses, address_count = texts(listen, "listen")
    names, name_count = texts(wishes["host_names"], "host_names")
    configuration.listen = ctypes.cast(addresses, ctypes.POINTER(ctypes.c_char_p))
    configuration.listen_count = address_count
    if name_count:
        configuration.host_names = ctypes.cast(names, ctypes.POINTER(ctypes.c_char_p))
        configuration.host_name_count = name_count
    for name in ("certificate_pem", "key_pem", "jwt_keys", "public_prefix", "qlog_dir"):
        setattr(configuration, name, encode_optional(wishes[name], name))
    for name in (
        "idle_timeout_ms", "keep_alive_ms", "max_sessions", "max_broadcasts_per_session",
        "max_subscriptions_per_session", "max_cache_mib", "max_sessions_per_address",
    ):  # fmt: skip
        setattr(configuration, name, wishes[name])
    secret = wishes["reset_secret"]
    if secret is not None:
        if len(secret) != 32:
            raise ValueError("reset_secret must have 32 bytes")
        memory = ctypes.create_string_buffer(bytes(secret), 32)
        configuration.reset_secret = ctypes.addressof(memory)
    configuration.versions, configuration.congestion = int(wishes["versions"]), int(wishes["congestion"])
    configuration.flags = _abi.BURROW_RELAY_OPEN if wishes["open"] else 0

    def call() -> tuple[int, int]:
        out, id = ctypes.c_void_p(), ctypes.c_uint64()
        handle = engine._alive()
        check(lib.burrow_relay_start(handle, ctypes.byref(configuration), ctypes.byref(out), ctypes.byref(id)))
        assert out.value is not None
        return out.value, id.value

    relay: Relay = engine._register(call, lambda handle, request: Relay(engine, handle, request))
    return relay


class Relay(Handle):
    """A relay inside the engine; ``async with engine.start_relay(...) as relay`` waits until it listens."""

    _what = "relay"

    def __init__(self, engine: Engine, handle: int, started: Request) -> None:
        super().__init__(handle)
        self._engine = engine
        #: Ends when it listens, or cannot.
        self.started = started

    async def __aenter__(self) -> Relay:
        try:
            await self.started
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        try:
            if not self.closed and self.info.state != RelayState.STOPPED and not self._engine.closed:
                await asyncio.wait_for(self.stop(), 3)
        except (TimeoutError, Exception):
            # Stopping in good order is a courtesy; what the body of the block did is what counts.
            pass
        finally:
            self.close()

    def stop(self) -> Request:
        """No new sessions, goodbye to those that exist, sockets closed."""
        return self._engine._request(lib.burrow_close, self.handle)

    @property
    def info(self) -> RelayInfo:
        raw = sized(_abi.burrow_relay_info)
        check(lib.burrow_relay_info_get(self.handle, ctypes.byref(raw)))
        return RelayInfo(
            state=RelayState(raw.state),
            status=raw.status,
            port=raw.port,
            sessions=raw.sessions,
            broadcasts=raw.broadcasts,
            tracks=raw.tracks,
            subscriptions=raw.subscriptions,
            fingerprint=bytes(raw.fingerprint),
            address=raw.address.decode(errors="replace"),
            text=raw.text.decode(errors="replace"),
        )

    @property
    def url(self) -> str:
        """Where clients find it, as far as its first address tells."""
        return f"moqt://{self.info.address}"

    def stats_json(self) -> Any:
        """Everything that is counted, for dashboards; keys may change with the library."""
        return json.loads(read_text(lib.burrow_stats_json, self.handle))

    def _notice(self, event: Event | None) -> None:
        """Events about relays are for the host; nothing waits inside a relay."""
