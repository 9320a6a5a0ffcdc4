"""States, reasons and snapshots of calls."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from . import _abi
from .errors import ClosedError


class CallState(enum.IntEnum):
    """Where a call stands."""

    OUTGOING = _abi.BURROW_CALL_OUTGOING
    INCOMING = _abi.BURROW_CALL_INCOMING
    CONNECTING = _abi.BURROW_CALL_CONNECTING
    ACTIVE = _abi.BURROW_CALL_ACTIVE
    ENDING = _abi.BURROW_CALL_ENDING
    ENDED = _abi.BURROW_CALL_ENDED
    FAILED = _abi.BURROW_CALL_FAILED
    #: It goes on in a group without us: accept() joins it.
    AVAILABLE = _abi.BURROW_CALL_AVAILABLE
    #: Somebody calls, and the host is to say with admit() what becomes of it.
    ASKED = _abi.BURROW_CALL_ASKED

    @property
    def is_over(self) -> bool:
        return self in (CallState.ENDED, CallState.FAILED)


class CallDetail(enum.IntEnum):
    """More about a state."""

    NONE = 0
    PUBLISHING = _abi.BURROW_CALL_PUBLISHING
    SENT = _abi.BURROW_CALL_SENT
    REMOTE_RINGING = _abi.BURROW_CALL_REMOTE_RINGING
    RINGING = _abi.BURROW_CALL_RINGING
    SILENT = _abi.BURROW_CALL_SILENTLY
    RELAY = _abi.BURROW_CALL_RELAY
    WAITING_MEDIA = _abi.BURROW_CALL_WAITING_MEDIA
    ALONE = _abi.BURROW_CALL_ALONE
    OK = _abi.BURROW_CALL_OK
    RECONNECTING = _abi.BURROW_CALL_RECONNECTING


class CallReason(enum.IntEnum):
    """Why a call is over."""

    NONE = _abi.BURROW_CALL_REASON_NONE
    HANGUP = _abi.BURROW_CALL_REASON_HANGUP
    DECLINED = _abi.BURROW_CALL_REASON_DECLINED
    BUSY = _abi.BURROW_CALL_REASON_BUSY
    TIMEOUT = _abi.BURROW_CALL_REASON_TIMEOUT
    CANCELLED = _abi.BURROW_CALL_REASON_CANCELLED
    ANSWERED_ELSEWHERE = _abi.BURROW_CALL_REASON_ANSWERED_ELSEWHERE
    DECLINED_ELSEWHERE = _abi.BURROW_CALL_REASON_DECLINED_ELSEWHERE
    GLARE = _abi.BURROW_CALL_REASON_GLARE
    FAILED = _abi.BURROW_CALL_REASON_FAILED
    RELAY_UNREACHABLE = _abi.BURROW_CALL_REASON_RELAY_UNREACHABLE
    UNSUPPORTED = _abi.BURROW_CALL_REASON_UNSUPPORTED
    AUTH_FAILED = _abi.BURROW_CALL_REASON_AUTH_FAILED
    REMOVED = _abi.BURROW_CALL_REASON_REMOVED
    PUBLISH_FAILED = _abi.BURROW_CALL_REASON_PUBLISH_FAILED
    UNKNOWN = _abi.BURROW_CALL_REASON_UNKNOWN
    REMOTE_HANGUP = _abi.BURROW_CALL_REASON_REMOTE_HANGUP
    MISSED = _abi.BURROW_CALL_REASON_MISSED
    MEDIA_FAILED = _abi.BURROW_CALL_REASON_MEDIA_FAILED
    KEYS_UNAVAILABLE = _abi.BURROW_CALL_REASON_KEYS_UNAVAILABLE


class Admission(enum.IntEnum):
    """What becomes of a call that the host was asked about."""

    RING = _abi.BURROW_CALL_ADMIT_RING
    #: It may be accepted, and nobody is disturbed.
    SILENCE = _abi.BURROW_CALL_ADMIT_SILENCE
    DROP = _abi.BURROW_CALL_ADMIT_DROP


class CallEndedError(ClosedError):
    """The call was over before it came to what was waited for."""

    def __init__(self, reason: int, text: str = "") -> None:
        super().__init__(text or f"the call is over: {word(reason)}")
        self.reason = reason


def word(reason: int) -> str:
    """A reason for people."""
    return CallReason(reason).name.lower().replace("_", " ") if reason in CallReason._value2member_map_ else f"reason {reason}"


class CallProgress(enum.IntEnum):
    """How far somebody says they are."""

    NONE = _abi.BURROW_CALL_PROGRESS_NONE
    RINGING = _abi.BURROW_CALL_PROGRESS_RINGING
    ACCEPTED = _abi.BURROW_CALL_PROGRESS_ACCEPTED
    JOINED = _abi.BURROW_CALL_PROGRESS_JOINED
    RECONNECTING = _abi.BURROW_CALL_PROGRESS_RECONNECTING
    HELD = _abi.BURROW_CALL_PROGRESS_HELD


class CallMemberChange(enum.IntEnum):
    """What became of somebody, in the state of an event CALL_MEMBER."""

    JOINED = _abi.BURROW_CALL_MEMBER_JOINED
    LEFT = _abi.BURROW_CALL_MEMBER_LEFT
    CHANGED = _abi.BURROW_CALL_MEMBER_CHANGED
    #: A broadcast in the room is no member's. Nothing of it is let in.
    UNKNOWN = _abi.BURROW_CALL_MEMBER_UNKNOWN


@dataclass(frozen=True)
class CallInfo:
    """A snapshot of a call."""

    state: CallState
    #: A CallDetail and a CallReason, or numbers this package does not know.
    detail: int
    reason: int
    #: It was begun with pictures.
    is_video: bool
    #: We began it.
    is_outgoing: bool
    #: It is a call of two, which ends for both.
    is_pair: bool
    #: What others are told of our sound and pictures.
    is_muted: bool
    has_camera: bool
    participant_count: int
    #: When it became active (0 before), and since when it is in its state, on the clock of now_us().
    started_us: int
    since_us: int
    #: Goes up with every event about a call of the identity.
    sequence: int
    caller: bytes
    #: The other one in a call of two.
    peer: bytes | None
    call_id: str
    #: The call that took its place, or in whose place it came; empty when there is none.
    other_id: str
    #: The id of the group, for Identity.group().
    group_id: bytes
    #: The MoQ relay it is on; empty before there is one.
    relay: str
    #: Why it is over, for people.
    text: str


@dataclass(frozen=True)
class CallMember:
    """Somebody in a call with one of their devices."""

    pubkey: bytes
    device: str
    #: The broadcast in the room, for Room.subscribe_audio() and the others; empty until it is known.
    path: str
    #: The number of the broadcast in events of the room; 0 while it is not announced.
    id: int
    #: None while they have not said.
    is_muted: bool | None
    has_video: bool | None
    #: In the call for all we know.
    is_present: bool
    #: The broadcast is there.
    is_announced: bool
    progress: int
