"""Constants as enumerations and snapshots as data classes."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from . import _abi

if TYPE_CHECKING:
    from .relay import Relay
    from .room import Room
    from .track import Track

    Subject: TypeAlias = Room | Track | Relay


class EventKind(enum.IntEnum):
    """What an event is about."""

    DONE = _abi.BURROW_EVENT_DONE
    OVERFLOW = _abi.BURROW_EVENT_OVERFLOW
    ROOM_STATE = _abi.BURROW_EVENT_ROOM_STATE
    PARTICIPANT_JOINED = _abi.BURROW_EVENT_PARTICIPANT_JOINED
    PARTICIPANT_LEFT = _abi.BURROW_EVENT_PARTICIPANT_LEFT
    TRACK_DATA = _abi.BURROW_EVENT_TRACK_DATA
    TRACK_STATE = _abi.BURROW_EVENT_TRACK_STATE
    RELAY_STATE = _abi.BURROW_EVENT_RELAY_STATE


class LogLevel(enum.IntEnum):
    """How important a log line is."""

    OFF = _abi.BURROW_LOG_OFF
    ERROR = _abi.BURROW_LOG_ERROR
    WARNING = _abi.BURROW_LOG_WARNING
    INFO = _abi.BURROW_LOG_INFO
    DEBUG = _abi.BURROW_LOG_DEBUG
    TRACE = _abi.BURROW_LOG_TRACE


class Version(enum.IntFlag):
    """Versions of the protocol."""

    ANY = 0
    LITE_02 = _abi.BURROW_MOQ_LITE_02
    LITE_03 = _abi.BURROW_MOQ_LITE_03
    LITE_04 = _abi.BURROW_MOQ_LITE_04
    LITE_05 = _abi.BURROW_MOQ_LITE_05


class Congestion(enum.IntEnum):
    """Congestion controllers."""

    AUTO = _abi.BURROW_CONGESTION_AUTO
    CUBIC = _abi.BURROW_CONGESTION_CUBIC
    BBR = _abi.BURROW_CONGESTION_BBR
    BBR2 = _abi.BURROW_CONGESTION_BBR2


class NetworkChange(enum.IntFlag):
    """What the host knows about a change of the network."""

    UNKNOWN = 0
    SWITCHED = _abi.BURROW_NETWORK_SWITCHED
    RESUMED = _abi.BURROW_NETWORK_RESUMED


class RoomState(enum.IntEnum):
    """How a room is doing."""

    CONNECTING = _abi.BURROW_ROOM_CONNECTING
    CONNECTED = _abi.BURROW_ROOM_CONNECTED
    RECONNECTING = _abi.BURROW_ROOM_RECONNECTING
    RESTORED = _abi.BURROW_ROOM_RESTORED
    CLOSED = _abi.BURROW_ROOM_CLOSED


class TrackState(enum.IntEnum):
    """How a track is doing."""

    WAITING = _abi.BURROW_TRACK_WAITING
    LIVE = _abi.BURROW_TRACK_LIVE
    ENDED = _abi.BURROW_TRACK_ENDED
    FAILED = _abi.BURROW_TRACK_FAILED


class TrackKind(enum.IntEnum):
    """What a track carries."""

    DATA = _abi.BURROW_TRACK_KIND_DATA
    ENCODED = _abi.BURROW_TRACK_KIND_ENCODED


class Direction(enum.IntEnum):
    """Which way a track goes."""

    PUBLISHED = _abi.BURROW_TRACK_PUBLISHED
    SUBSCRIBED = _abi.BURROW_TRACK_SUBSCRIBED


class FrameFlags(enum.IntFlag):
    """What is special about a frame."""

    NONE = 0
    KEY = _abi.BURROW_FRAME_KEY
    DISCONTINUITY = _abi.BURROW_FRAME_DISCONTINUITY
    DATAGRAM = _abi.BURROW_FRAME_DATAGRAM
    END_OF_GROUP = _abi.BURROW_FRAME_END_OF_GROUP
    FETCHED = _abi.BURROW_FRAME_FETCHED


class RelayState(enum.IntEnum):
    """How a relay is doing."""

    STARTING = _abi.BURROW_RELAY_STARTING
    LISTENING = _abi.BURROW_RELAY_LISTENING
    STOPPING = _abi.BURROW_RELAY_STOPPING
    STOPPED = _abi.BURROW_RELAY_STOPPED


@dataclass(frozen=True)
class Event:
    """Something that happened; a copy that stays valid."""

    #: An EventKind, or the plain number when this package does not know the kind.
    kind: int
    status: int
    participant: int
    #: The new RoomState, TrackState or RelayState, for the STATE kinds.
    state: int
    request: int
    time_us: int
    value: int
    #: The room, track or relay it is about, as long as the host still holds it.
    subject: Subject | None
    text: str
    data: bytes = b""


@dataclass(frozen=True)
class Participant:
    """Somebody who announces a broadcast in a room."""

    id: int
    path: str
    joined_us: int


@dataclass(frozen=True)
class RoomInfo:
    """A snapshot of a room."""

    state: RoomState
    status: int
    version: Version
    participant_count: int
    track_count: int
    reconnects: int
    connected_us: int
    peer_code: int
    remote_address: str
    text: str
    path: str


@dataclass(frozen=True)
class RoomStats:
    """Counters and measurements of a room."""

    mtu: int
    measured_us: int
    rtt_us: int
    min_rtt_us: int
    send_rate_bps: int
    congestion_window_bytes: int
    in_flight_bytes: int
    sent_bytes: int
    received_bytes: int
    sent_packets: int
    received_packets: int
    lost_packets: int
    published_frames: int
    published_bytes: int
    subscribed_frames: int
    subscribed_bytes: int
    expired_groups: int


@dataclass(frozen=True)
class TrackInfo:
    """A snapshot of a track."""

    direction: Direction
    state: TrackState
    status: int
    kind: TrackKind
    flags: int
    priority: int
    max_age_ms: int
    path: str
    name: str
    text: str


@dataclass(frozen=True)
class TrackStats:
    """Counters of a track."""

    queued_frames: int
    measured_us: int
    frames: int
    bytes: int
    groups: int
    dropped_frames: int
    latest_group: int
    subscribers: int


@dataclass(frozen=True)
class RelayInfo:
    """A snapshot of a relay."""

    state: RelayState
    status: int
    port: int
    sessions: int
    broadcasts: int
    tracks: int
    subscriptions: int
    fingerprint: bytes
    address: str
    text: str
