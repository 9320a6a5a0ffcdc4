"""A room: a place on a relay where broadcasts are announced."""

from __future__ import annotations

import asyncio
import ctypes
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from . import _abi
from ._library import check, encode, encode_optional, lib, read_text, sized
from .handle import Handle
from .request import Request
from .types import (
    AudioFormat,
    Congestion,
    Encoding,
    Event,
    MediaInfo,
    Participant,
    RoomInfo,
    RoomState,
    RoomStats,
    TrackKind,
    Version,
)

if TYPE_CHECKING:
    from .engine import Engine
    from .media import AudioTrack, Sound, VideoTrack
    from .track import Track


def pin_bytes(pins: Iterable[bytes | str]) -> bytes:
    """SHA-256 fingerprints, as 32 bytes or as hexadecimal digits with or without colons, one after the other."""
    joined = b""
    for pin in pins:
        value = bytes.fromhex(pin.replace(":", "")) if isinstance(pin, str) else bytes(pin)
        if len(value) != 32:
            raise ValueError(f"a SHA-256 fingerprint has 32 bytes, not {len(value)}")
        joined += value
    return joined


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How relays are reached and trusted, for calls; Engine.open_room() has the same as arguments. See burrow_room_config."""

    roots_pem: str | None = None
    pins: Iterable[bytes | str] = ()
    server_name: str | None = None
    qlog_dir: str | None = None
    versions: Version = Version.ANY
    congestion: Congestion = Congestion.AUTO
    insecure: bool = False
    system_roots: bool = True
    connect_timeout_ms: int = 0
    idle_timeout_ms: int = 0
    keep_alive_ms: int = 0
    reconnect_min_ms: int = 0
    reconnect_max_ms: int = 0
    last_n: int = 0


def room_configuration(connection: Connection) -> tuple[Any, Any]:
    """The part of a configuration of the header that says how to connect, and what keeps the memory it points to."""
    configuration = _abi.burrow_room_config()
    check(lib.burrow_config_init(ctypes.byref(configuration), ctypes.sizeof(configuration)))
    for name in ("roots_pem", "server_name", "qlog_dir"):
        setattr(configuration, name, encode_optional(getattr(connection, name), name))
    for name in (
        "connect_timeout_ms", "idle_timeout_ms", "keep_alive_ms", "reconnect_min_ms", "reconnect_max_ms", "last_n"
    ):  # fmt: skip
        setattr(configuration, name, getattr(connection, name))
    configuration.versions, configuration.congestion = int(connection.versions), int(connection.congestion)
    for wanted, flag in (
        (connection.insecure, _abi.BURROW_ROOM_INSECURE),
        (not connection.system_roots, _abi.BURROW_ROOM_NO_SYSTEM_ROOTS),
    ):
        configuration.flags |= flag if wanted else 0
    pins = pin_bytes(connection.pins)
    memory = ctypes.create_string_buffer(pins, len(pins))
    if pins:
        configuration.pins, configuration.pin_count = ctypes.addressof(memory), len(pins) // 32
    return configuration, memory


def open_room(engine: Engine, url: str, **wishes: Any) -> Room:
    """See Engine.open_room()."""
    configuration, pins = room_configuration(
        Connection(**{field.name: wishes[field.name] for field in fields(Connection)})
    )
    configuration.url = encode(url, "url")
    for name in ("path", "prefix"):
        setattr(configuration, name, encode_optional(wishes[name], name))
    if wishes["token"] is not None:
        configuration.token_request = wishes["token"].id
    for wanted, flag in (
        (not wishes["reconnect"], _abi.BURROW_ROOM_NO_RECONNECT),
        (not wishes["discovery"], _abi.BURROW_ROOM_NO_DISCOVERY),
        (wishes["media"], _abi.BURROW_ROOM_MEDIA),
        (wishes["protected"], _abi.BURROW_ROOM_PROTECTED),
    ):
        configuration.flags |= flag if wanted else 0
    call_id = bytes(wishes["call_id"])
    # Named apart from the function below: it has to live until that is called.
    identifier = ctypes.create_string_buffer(call_id, max(len(call_id), 1))
    if call_id:
        configuration.call_id, configuration.call_id_len = ctypes.addressof(identifier), len(call_id)
    if wishes["group"] is not None:
        configuration.group = wishes["group"].handle

    def call() -> tuple[int, int]:
        out, id = ctypes.c_void_p(), ctypes.c_uint64()
        handle = engine._alive()
        check(lib.burrow_room_open(handle, ctypes.byref(configuration), ctypes.byref(out), ctypes.byref(id)))
        assert out.value is not None
        return out.value, id.value

    room: Room = engine._register(call, lambda handle, request: Room(engine, handle, request))
    del pins
    return room


class Room(Handle):
    """One connection to a relay, kept up by the library.

    ``async with engine.open_room(...) as room`` waits until it stands and leaves it at the end. Tracks may be
    published and subscribed right away, also before it stands.
    """

    _what = "room"

    def __init__(self, engine: Engine, handle: int, opened: Request) -> None:
        super().__init__(handle)
        self._engine = engine
        #: Ends when the first connection stands, or cannot be made.
        self.opened = opened
        #: Whom events about it concern too: the call it is the room of.
        self._watcher: Callable[[], None] | None = None

    async def __aenter__(self) -> Room:
        try:
            await self.opened
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        try:
            if not self.closed and self.info.state != RoomState.CLOSED and not self._engine.closed:
                await asyncio.wait_for(self.leave(), 3)
        except (TimeoutError, Exception):
            # Leaving is a courtesy; what the body of the block did is what counts.
            pass
        finally:
            self.close()

    def leave(self) -> Request:
        """Ends all tracks and the connection; the request ends when the farewell was sent."""
        return self._engine._request(lib.burrow_close, self.handle)

    def set_key(self, epoch: int, secret: bytes, *, removal: bool = False) -> None:
        """Gives a protected room the secret of a new epoch; with removal it is used at once. See burrow_protection_set_key()."""
        memory = (ctypes.c_uint8 * max(len(secret), 1)).from_buffer_copy(secret or b"\0")
        try:
            flags = _abi.BURROW_KEY_REMOVAL if removal else 0
            check(lib.burrow_protection_set_key(self.handle, epoch, memory, len(secret), flags))
        finally:
            ctypes.memset(memory, 0, len(memory))

    def remove_key(self, epoch: int) -> None:
        """Forgets an epoch at once. Usually epochs go by themselves in time."""
        check(lib.burrow_protection_set_key(self.handle, epoch, None, 0, _abi.BURROW_KEY_FORGET))

    @property
    def info(self) -> RoomInfo:
        raw = sized(_abi.burrow_room_info)
        check(lib.burrow_room_info_get(self.handle, ctypes.byref(raw)))
        return RoomInfo(
            state=RoomState(raw.state),
            status=raw.status,
            version=Version(raw.version),
            participant_count=raw.participant_count,
            track_count=raw.track_count,
            reconnects=raw.reconnects,
            connected_us=raw.connected_us,
            peer_code=raw.peer_code,
            remote_address=raw.remote_address.decode(errors="replace"),
            text=raw.text.decode(errors="replace"),
            path=raw.path.decode(errors="replace"),
        )

    @property
    def stats(self) -> RoomStats:
        raw = sized(_abi.burrow_room_stats)
        check(lib.burrow_room_stats_get(self.handle, ctypes.byref(raw)))
        return RoomStats(**{name: getattr(raw, name) for name in RoomStats.__dataclass_fields__})

    def stats_json(self) -> Any:
        """Everything that is counted, for dashboards; keys may change with the library."""
        return json.loads(read_text(lib.burrow_stats_json, self.handle))

    def participants(self) -> list[Participant]:
        """Everybody who is in the room now, ourselves not counted."""
        count, capacity = ctypes.c_size_t(), 16
        while True:
            array = (_abi.burrow_participant * capacity)()
            array[0].struct_size = ctypes.sizeof(_abi.burrow_participant)
            status = lib.burrow_room_participants(self.handle, array, capacity, ctypes.byref(count))
            if status != _abi.BURROW_ERR_BUFFER_TOO_SMALL:
                break
            capacity = count.value + 16
        check(status)
        return [
            Participant(
                entry.id,
                entry.path.decode(errors="replace"),
                entry.joined_us,
                bytes(entry.member) if any(entry.member) else None,
            )
            for entry in array[: count.value]
        ]

    def publish(
        self,
        name: str,
        *,
        kind: TrackKind = TrackKind.DATA,
        priority: int = 0,
        max_age_ms: int = 0,
        ordered: bool = False,
        latest_only: bool = False,
    ) -> Track:
        """Publishes a track in our own broadcast. See burrow_track_config."""
        from .track import Track

        configuration = _abi.burrow_track_config()
        check(lib.burrow_config_init(ctypes.byref(configuration), ctypes.sizeof(configuration)))
        configuration.name = encode(name, "name")
        configuration.kind, configuration.priority, configuration.max_age_ms = int(kind), priority, max_age_ms
        configuration.flags |= (_abi.BURROW_TRACK_ORDERED if ordered else 0) | (
            _abi.BURROW_TRACK_LATEST_ONLY if latest_only else 0
        )

        def call() -> tuple[int, int]:
            out = ctypes.c_void_p()
            check(lib.burrow_track_publish(self.handle, ctypes.byref(configuration), ctypes.byref(out)))
            assert out.value is not None
            return out.value, 0

        track: Track = self._engine._register(call, lambda handle, _: Track(self, handle))
        return track

    def subscribe(
        self,
        path: str | Participant,
        name: str,
        *,
        priority: int = 0,
        max_age_ms: int = 0,
        ordered: bool = False,
        latest_only: bool = False,
        start_group: int | None = None,
        end_group: int | None = None,
        recorded: bool = False,
    ) -> Track:
        """Subscribes to a track of somebody's broadcast, announced yet or not. See burrow_track_request."""
        from .track import Track, track_request

        want = track_request(priority, max_age_ms, ordered, latest_only, start_group, end_group, recorded)
        whose = encode(path.path if isinstance(path, Participant) else path, "path")
        which = encode(name, "name")

        def call() -> tuple[int, int]:
            out = ctypes.c_void_p()
            check(lib.burrow_track_subscribe(self.handle, whose, which, ctypes.byref(want), ctypes.byref(out)))
            assert out.value is not None
            return out.value, 0

        track: Track = self._engine._register(call, lambda handle, _: Track(self, handle))
        return track

    # -- audio and video -------------------------------------------------------------------------------------------

    def publish_audio(
        self,
        name: str | None = None,
        *,
        encoding: Encoding = Encoding(),  # noqa: B008
        priority: int = 0,
        max_age_ms: int = 0,
        host_codec: bool = False,
    ) -> AudioTrack:
        """Publishes a microphone: push_audio() samples to it or, with a codec of your own, push() packets of Opus."""
        from .media import publish_media

        track: AudioTrack = publish_media(self, TrackKind.AUDIO, name, encoding, priority, max_age_ms, host_codec)
        return track

    def publish_video(
        self,
        name: str | None = None,
        *,
        encoding: Encoding = Encoding(),  # noqa: B008
        priority: int = 0,
        max_age_ms: int = 0,
        host_codec: bool = False,
    ) -> VideoTrack:
        """Publishes a camera: push_video() pictures to it or, with a codec of your own, push() access units of H.264."""
        from .media import publish_media

        track: VideoTrack = publish_media(self, TrackKind.VIDEO, name, encoding, priority, max_age_ms, host_codec)
        return track

    def subscribe_audio(
        self,
        path: str | Participant,
        name: str | None = None,
        *,
        paused: bool = False,
        gain_percent: int = 0,
        min_delay_ms: int = 0,
        max_delay_ms: int = 0,
        priority: int = 0,
        max_age_ms: int = 0,
        host_codec: bool = False,
    ) -> AudioTrack:
        """Subscribes to somebody's sound, once: pull_audio() samples from it, or mix_audio() of the room.

        With a codec of your own, pull() packets of Opus.
        """
        from .media import subscribe_media

        track: AudioTrack = subscribe_media(
            self,
            TrackKind.AUDIO,
            path,
            name,
            paused=paused,
            gain_percent=gain_percent,
            min_delay_ms=min_delay_ms,
            max_delay_ms=max_delay_ms,
            priority=priority,
            max_age_ms=max_age_ms,
            host_codec=host_codec,
        )
        return track

    def subscribe_video(
        self,
        path: str | Participant,
        name: str | None = None,
        *,
        paused: bool = False,
        width: int = 0,
        height: int = 0,
        min_delay_ms: int = 0,
        max_delay_ms: int = 0,
        priority: int = 0,
        max_age_ms: int = 0,
        host_codec: bool = False,
    ) -> VideoTrack:
        """Subscribes to somebody's pictures, once, in the rendition of that name or one that fits the size.

        pull_video() gives pictures or, with a codec of your own, pull() access units of H.264.
        """
        from .media import subscribe_media

        track: VideoTrack = subscribe_media(
            self,
            TrackKind.VIDEO,
            path,
            name,
            paused=paused,
            width=width,
            height=height,
            min_delay_ms=min_delay_ms,
            max_delay_ms=max_delay_ms,
            priority=priority,
            max_age_ms=max_age_ms,
            host_codec=host_codec,
        )
        return track

    def mix_audio(
        self,
        frames: int,
        *,
        format: AudioFormat = AudioFormat.S16,
        sample_rate: int = 48_000,
        channels: int = 2,
    ) -> Sound:
        """The sum of all subscribed sound, for the loudspeaker."""
        from .media import pull_sound

        return pull_sound(lib.burrow_room_mix_audio, self.handle, frames, format, sample_rate, channels)

    def media(self, path: str | Participant) -> list[MediaInfo]:
        """What somebody offers, as far as the catalogue is known."""
        from .media import offers

        return offers(self, path.path if isinstance(path, Participant) else path)

    def _notice(self, event: Event | None) -> None:
        """Events about rooms are for the host; nothing waits inside a room."""
        if self._watcher is not None:
            self._watcher()
