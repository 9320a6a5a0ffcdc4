"""Constants as enumerations and snapshots as data classes."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from . import _abi

if TYPE_CHECKING:
    from .call import Call
    from .identity import Identity
    from .relay import Relay
    from .room import Room
    from .track import Track

    Subject: TypeAlias = Room | Track | Relay | Identity | Call


class EventKind(enum.IntEnum):
    """What an event is about."""

    DONE = _abi.BURROW_EVENT_DONE
    OVERFLOW = _abi.BURROW_EVENT_OVERFLOW
    ROOM_STATE = _abi.BURROW_EVENT_ROOM_STATE
    PARTICIPANT_JOINED = _abi.BURROW_EVENT_PARTICIPANT_JOINED
    PARTICIPANT_LEFT = _abi.BURROW_EVENT_PARTICIPANT_LEFT
    PARTICIPANT_MEDIA = _abi.BURROW_EVENT_PARTICIPANT_MEDIA
    SPEAKER = _abi.BURROW_EVENT_SPEAKER
    PROTECTION = _abi.BURROW_EVENT_PROTECTION
    TRACK_DATA = _abi.BURROW_EVENT_TRACK_DATA
    TRACK_STATE = _abi.BURROW_EVENT_TRACK_STATE
    TRACK_ENCODING = _abi.BURROW_EVENT_TRACK_ENCODING
    RELAY_STATE = _abi.BURROW_EVENT_RELAY_STATE
    NOSTR_RELAY = _abi.BURROW_EVENT_NOSTR_RELAY
    NOSTR_EVENT = _abi.BURROW_EVENT_NOSTR_EVENT
    NOSTR_STORED = _abi.BURROW_EVENT_NOSTR_STORED
    NOSTR_CLOSED = _abi.BURROW_EVENT_NOSTR_CLOSED
    NOSTR_RESULT = _abi.BURROW_EVENT_NOSTR_RESULT
    NOSTR_OUT = _abi.BURROW_EVENT_NOSTR_OUT
    DISCOVERED = _abi.BURROW_EVENT_DISCOVERED
    NOSTR_REFUSED = _abi.BURROW_EVENT_NOSTR_REFUSED
    KEY_PACKAGE_USED = _abi.BURROW_EVENT_KEY_PACKAGE_USED
    KEY_REQUEST = _abi.BURROW_EVENT_KEY_REQUEST
    TOKEN = _abi.BURROW_EVENT_TOKEN
    GROUP_STATE = _abi.BURROW_EVENT_GROUP_STATE
    GROUP_EPOCH = _abi.BURROW_EVENT_GROUP_EPOCH
    GROUP_MEMBERS = _abi.BURROW_EVENT_GROUP_MEMBERS
    GROUP_DATA = _abi.BURROW_EVENT_GROUP_DATA
    GROUP_MESSAGE = _abi.BURROW_EVENT_GROUP_MESSAGE
    GROUP_ROLLED_BACK = _abi.BURROW_EVENT_GROUP_ROLLED_BACK
    RELAY_TRIED = _abi.BURROW_EVENT_RELAY_TRIED
    CALL_STATE = _abi.BURROW_EVENT_CALL_STATE
    CALL_MEMBER = _abi.BURROW_EVENT_CALL_MEMBER


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
    AUDIO = _abi.BURROW_TRACK_KIND_AUDIO
    VIDEO = _abi.BURROW_TRACK_KIND_VIDEO


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
    #: The new RoomState, TrackState, RelayState, GroupState or CallState, for the STATE kinds; for PROTECTION the low bits of
    #: an epoch, for KEY_REQUEST a KeyRequestKind.
    state: int
    request: int
    time_us: int
    value: int
    #: The room, track, relay, identity or call it is about, as long as the host still holds it.
    subject: Subject | None
    text: str
    data: bytes = b""


@dataclass(frozen=True)
class Participant:
    """Somebody who announces a broadcast in a room."""

    id: int
    path: str
    joined_us: int
    #: In a room of a group: the public key of the member whose broadcast it is.
    member: bytes | None = None


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
    sealed_frames: int
    unsealed_frames: int
    opened_frames: int
    unknown_key_frames: int
    forged_frames: int
    replayed_frames: int
    unprotected_frames: int
    #: Of protected rooms; -1 while there is no key.
    sealing_epoch: int
    newest_epoch: int
    #: Packets of sound that were sent again before they could be known to be lost; counted nowhere else.
    repeated_packets: int
    repeated_bytes: int


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
    opened_frames: int
    unknown_key_frames: int
    forged_frames: int
    replayed_frames: int


class AudioFormat(enum.IntEnum):
    """How a sample looks."""

    S16 = _abi.BURROW_AUDIO_S16
    F32 = _abi.BURROW_AUDIO_F32


class AudioFlags(enum.IntFlag):
    """What pulled sound is."""

    NONE = 0
    CONCEALED = _abi.BURROW_AUDIO_CONCEALED
    SILENT = _abi.BURROW_AUDIO_SILENT


class VideoFormat(enum.IntEnum):
    """How the planes of a picture look."""

    I420 = _abi.BURROW_VIDEO_I420
    NV12 = _abi.BURROW_VIDEO_NV12
    NV21 = _abi.BURROW_VIDEO_NV21
    RGBA = _abi.BURROW_VIDEO_RGBA
    BGRA = _abi.BURROW_VIDEO_BGRA


class Color(enum.IntFlag):
    """How the numbers of a picture mean colours. None of them is BT.601 in the limited range."""

    BT601 = 0
    BT709 = _abi.BURROW_COLOR_BT709
    FULL_RANGE = _abi.BURROW_COLOR_FULL_RANGE


@dataclass(frozen=True)
class Encoding:
    """How samples or pictures are encoded; 0 is the default. See burrow_encoding."""

    music: bool = False
    dtx: bool = False
    fec: bool = False
    #: Kept as it is, whatever the line carries.
    fixed: bool = False
    bitrate_bps: int = 0
    channels: int = 0
    frame_ms: int = 0
    complexity: int = 0
    width: int = 0
    height: int = 0
    frame_rate: int = 0
    keyframe_interval_ms: int = 0
    renditions: int = 0
    #: Packets of sound in one group of the track.
    packets_per_group: int = 0


@dataclass(frozen=True)
class MediaInfo:
    """One rendition of audio or video that somebody offers."""

    kind: TrackKind
    is_supported: bool
    bitrate_bps: int
    width: int
    height: int
    frame_rate: int
    sample_rate: int
    channels: int
    name: str
    codec: str


@dataclass(frozen=True)
class MediaStats:
    """How audio or video goes, either way. See burrow_media_stats."""

    width: int
    height: int
    bitrate_bps: int
    frame_rate: int
    level: int
    is_voice: int
    target_delay_ms: int
    delay_ms: int
    skew_ms: int
    frames: int
    bytes: int
    key_frames: int
    dropped_frames: int
    late_frames: int
    damaged_frames: int
    played_us: int
    recovered_us: int
    concealed_us: int
    stretched_us: int
    freezes: int
    frozen_us: int
    codec_us: int
    longest_codec_us: int
    renditions: int
    estimate_bps: int


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
