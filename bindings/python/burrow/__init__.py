"""Rooms, tracks and relays for real-time calls over Media over QUIC.

Pure ctypes over libburrow; see include/burrow.h for what every function promises.

    async with burrow.Engine() as engine:
        async with engine.open_room("moqt://relay.example/demo", path="alice") as room:
            track = room.publish("chat")
            await track.send(b"hello", key=True)
"""

from __future__ import annotations

from ._library import lib
from .call import Call, CallMoment
from .call_types import (
    Admission,
    CallDetail,
    CallEndedError,
    CallInfo,
    CallMember,
    CallMemberChange,
    CallProgress,
    CallReason,
    CallState,
)
from .choice import RelaySelection
from .codec import AudioDecoder, AudioEncoder, Codec, Decoder, Encoder, VideoDecoder, VideoEncoder
from .engine import Engine
from .errors import (
    AddressInUseError,
    BufferTooSmallError,
    BurrowError,
    BusyError,
    CancelledError,
    ChangePendingError,
    ClosedError,
    CodecError,
    ConnectionLostError,
    DamagedError,
    DeadlineError,
    ExistsError,
    ForkedError,
    FormatError,
    FrameRejectedError,
    FrameRepeatedError,
    GoingAwayError,
    GroupError,
    InternalError,
    InvalidArgumentError,
    KeyAnswerError,
    KeyExhaustedError,
    KeyMissingError,
    KeyRefusedError,
    LimitError,
    LostRaceError,
    MarmotVersionError,
    MediaError,
    NameNotFoundError,
    NostrEventError,
    NostrKeyError,
    NostrRefusedError,
    NostrUnreadableError,
    NotAdminError,
    NotFoundError,
    NotMemberError,
    NotPublishedError,
    OverloadedError,
    PeerError,
    ProtocolError,
    StaleHandleError,
    StorageDamagedError,
    StorageError,
    StorageFullError,
    StorageInUseError,
    StorageKeyError,
    StorageVersionError,
    SystemError_,
    TlsError,
    TlsExpiredError,
    TlsNoCommonProtocolError,
    TlsUnknownIssuerError,
    TlsWrongHostError,
    TlsWrongPinError,
    TokenError,
    TokenExpiredError,
    TokenKeyError,
    TooFarBehindError,
    TransportError,
    UnauthorizedError,
    UnreachableError,
    UnsupportedError,
    VersionError,
    WouldDeadlockError,
    WrongKindError,
)
from .frame import Frame
from .group import Group, GroupFlags, GroupInfo, GroupState, Member
from .identity import (
    Identity,
    KeyRequest,
    KeyRequestKind,
    Opening,
    Proof,
    format_public_key,
    parse_public_key,
)
from .logs import forward_log, log_lines, read_log, set_log_handler, set_log_level
from .media import AudioTrack, MediaTrack, Picture, Sound, VideoTrack, allocate_picture, convert_picture
from .nostr import (
    Lookup,
    Nostr,
    NostrEvent,
    NostrRelayInfo,
    NostrRelayState,
    Publication,
    RelayResult,
    ServerKind,
    Subscription,
)
from .protection import EXPORTER_LABEL, Opener, Protected, Sealer
from .relay import Relay
from .request import Request
from .room import Connection, Room
from .tokens import TokenClaims, TokenLease, sign_token, verify_token
from .streams import EventStream
from .track import Track
from .types import (
    AudioFlags,
    AudioFormat,
    Color,
    Congestion,
    Direction,
    Encoding,
    Event,
    EventKind,
    FrameFlags,
    LogLevel,
    MediaInfo,
    MediaStats,
    NetworkChange,
    Participant,
    RelayInfo,
    RelayState,
    RoomInfo,
    RoomState,
    RoomStats,
    TrackInfo,
    TrackKind,
    TrackState,
    TrackStats,
    Version,
    VideoFormat,
)


def version() -> tuple[int, int, int]:
    """The version of the library that is loaded."""
    number = lib.burrow_version()
    return number >> 16, number >> 8 & 255, number & 255


def version_string() -> str:
    """The version as text, with the versions of the libraries below it."""
    text: bytes = lib.burrow_version_string()
    return text.decode()


def status_name(status: int) -> str:
    """The name of a status code in the header."""
    text: bytes = lib.burrow_status_name(status)
    return text.decode()


def has_feature(name: str) -> bool:
    """Whether the library was built with a feature, such as "relay" or "moq-lite-05"."""
    return "\0" not in name and bool(lib.burrow_has_feature(name.encode()))


def now_us() -> int:
    """The clock of all timestamps: monotonic microseconds."""
    value: int = lib.burrow_now_us()
    return value


__all__ = [
    "EXPORTER_LABEL",
    "AddressInUseError",
    "Admission",
    "AudioDecoder",
    "AudioEncoder",
    "AudioFlags",
    "AudioFormat",
    "AudioTrack",
    "BufferTooSmallError",
    "BurrowError",
    "BusyError",
    "Call",
    "CallDetail",
    "CallEndedError",
    "CallInfo",
    "CallMember",
    "CallMemberChange",
    "CallMoment",
    "CallProgress",
    "CallReason",
    "CallState",
    "CancelledError",
    "ChangePendingError",
    "ClosedError",
    "Codec",
    "CodecError",
    "Color",
    "Congestion",
    "Connection",
    "ConnectionLostError",
    "DamagedError",
    "DeadlineError",
    "Decoder",
    "Direction",
    "Encoder",
    "Encoding",
    "Engine",
    "Event",
    "EventKind",
    "EventStream",
    "ExistsError",
    "ForkedError",
    "FormatError",
    "Frame",
    "FrameFlags",
    "FrameRejectedError",
    "FrameRepeatedError",
    "GoingAwayError",
    "Group",
    "GroupError",
    "GroupFlags",
    "GroupInfo",
    "GroupState",
    "Identity",
    "InternalError",
    "InvalidArgumentError",
    "KeyAnswerError",
    "KeyExhaustedError",
    "KeyMissingError",
    "KeyRefusedError",
    "KeyRequest",
    "KeyRequestKind",
    "LimitError",
    "LogLevel",
    "Lookup",
    "LostRaceError",
    "MarmotVersionError",
    "MediaError",
    "MediaInfo",
    "MediaStats",
    "MediaTrack",
    "Member",
    "NameNotFoundError",
    "NetworkChange",
    "Nostr",
    "NostrEvent",
    "NostrEventError",
    "NostrKeyError",
    "NostrRefusedError",
    "NostrRelayInfo",
    "NostrRelayState",
    "NostrUnreadableError",
    "NotAdminError",
    "NotFoundError",
    "NotMemberError",
    "NotPublishedError",
    "Opener",
    "Opening",
    "OverloadedError",
    "Participant",
    "PeerError",
    "Picture",
    "Protected",
    "Proof",
    "ProtocolError",
    "Publication",
    "Relay",
    "RelayInfo",
    "RelayResult",
    "RelaySelection",
    "RelayState",
    "Request",
    "Room",
    "RoomInfo",
    "RoomState",
    "RoomStats",
    "Sealer",
    "ServerKind",
    "Sound",
    "StaleHandleError",
    "StorageDamagedError",
    "StorageError",
    "StorageFullError",
    "StorageInUseError",
    "StorageKeyError",
    "StorageVersionError",
    "Subscription",
    "SystemError_",
    "TlsError",
    "TlsExpiredError",
    "TlsNoCommonProtocolError",
    "TlsUnknownIssuerError",
    "TlsWrongHostError",
    "TlsWrongPinError",
    "TokenClaims",
    "TokenError",
    "TokenExpiredError",
    "TokenKeyError",
    "TokenLease",
    "TooFarBehindError",
    "Track",
    "TrackInfo",
    "TrackKind",
    "TrackState",
    "TrackStats",
    "TransportError",
    "UnauthorizedError",
    "UnreachableError",
    "UnsupportedError",
    "Version",
    "VersionError",
    "VideoDecoder",
    "VideoEncoder",
    "VideoFormat",
    "VideoTrack",
    "WouldDeadlockError",
    "WrongKindError",
    "allocate_picture",
    "convert_picture",
    "format_public_key",
    "forward_log",
    "has_feature",
    "log_lines",
    "now_us",
    "parse_public_key",
    "read_log",
    "set_log_handler",
    "set_log_level",
    "sign_token",
    "status_name",
    "verify_token",
    "version",
    "version_string",
]
