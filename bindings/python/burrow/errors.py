"""One exception for each negative status of the library."""

from __future__ import annotations

from typing import ClassVar

from . import _abi


class BurrowError(Exception):
    """Something failed. ``status`` is for programs, ``text`` for people."""

    code: ClassVar[int] = 0

    def __init__(self, text: str = "", status: int | None = None, peer_code: int = 0) -> None:
        self.status = self.code if status is None else status
        self.text = text
        #: The number with which the peer closed, or 0.
        self.peer_code = peer_code
        super().__init__(text)

    @property
    def name(self) -> str:
        """The name of the status in the header."""
        return NAMES.get(self.status, "BURROW_UNKNOWN")

    def __str__(self) -> str:
        return f"{self.text} ({self.name})" if self.text else self.name


class InvalidArgumentError(BurrowError, ValueError):
    code = _abi.BURROW_ERR_INVALID_ARGUMENT


class StaleHandleError(BurrowError):
    code = _abi.BURROW_ERR_STALE_HANDLE


class ForkedError(BurrowError):
    code = _abi.BURROW_ERR_FORKED


class UnsupportedError(BurrowError):
    code = _abi.BURROW_ERR_UNSUPPORTED


class BufferTooSmallError(BurrowError):
    code = _abi.BURROW_ERR_BUFFER_TOO_SMALL


class BusyError(BurrowError):
    code = _abi.BURROW_ERR_BUSY


class WouldDeadlockError(BurrowError):
    code = _abi.BURROW_ERR_WOULD_DEADLOCK


class ClosedError(BurrowError):
    code = _abi.BURROW_ERR_CLOSED


class CancelledError(BurrowError):
    code = _abi.BURROW_ERR_CANCELLED


class DeadlineError(BurrowError, TimeoutError):
    """It took longer than allowed (BURROW_ERR_TIMEOUT)."""

    code = _abi.BURROW_ERR_TIMEOUT


class LimitError(BurrowError):
    code = _abi.BURROW_ERR_LIMIT


class SystemError_(BurrowError, OSError):
    """The operating system refused (BURROW_ERR_SYSTEM)."""

    code = _abi.BURROW_ERR_SYSTEM


class InternalError(BurrowError):
    code = _abi.BURROW_ERR_INTERNAL


class ExistsError(BurrowError):
    code = _abi.BURROW_ERR_EXISTS


class WrongKindError(BurrowError, TypeError):
    code = _abi.BURROW_ERR_WRONG_KIND


class TransportError(BurrowError, ConnectionError):
    """The base of everything that goes wrong between us and a relay."""

    code = _abi.BURROW_ERR_TRANSPORT


class NameNotFoundError(TransportError):
    code = _abi.BURROW_ERR_NAME_NOT_FOUND


class UnreachableError(TransportError):
    code = _abi.BURROW_ERR_UNREACHABLE


class TlsError(TransportError):
    """The base of everything that is wrong with a certificate."""

    code = _abi.BURROW_ERR_TLS


class TlsExpiredError(TlsError):
    code = _abi.BURROW_ERR_TLS_EXPIRED


class TlsWrongHostError(TlsError):
    code = _abi.BURROW_ERR_TLS_WRONG_HOST


class TlsUnknownIssuerError(TlsError):
    code = _abi.BURROW_ERR_TLS_UNKNOWN_ISSUER


class TlsWrongPinError(TlsError):
    code = _abi.BURROW_ERR_TLS_WRONG_PIN


class TlsNoCommonProtocolError(TlsError):
    code = _abi.BURROW_ERR_TLS_NO_COMMON_PROTOCOL


class ConnectionLostError(TransportError):
    code = _abi.BURROW_ERR_CONNECTION_LOST


class ProtocolError(TransportError):
    code = _abi.BURROW_ERR_PROTOCOL


class VersionError(TransportError):
    code = _abi.BURROW_ERR_VERSION


class UnauthorizedError(TransportError):
    code = _abi.BURROW_ERR_UNAUTHORIZED


class NotFoundError(TransportError):
    code = _abi.BURROW_ERR_NOT_FOUND


class TooFarBehindError(TransportError):
    code = _abi.BURROW_ERR_TOO_FAR_BEHIND


class GoingAwayError(TransportError):
    code = _abi.BURROW_ERR_GOING_AWAY


class PeerError(TransportError):
    """The peer closed with a code of its own; see ``peer_code``."""

    code = _abi.BURROW_ERR_PEER


class AddressInUseError(TransportError):
    code = _abi.BURROW_ERR_ADDRESS_IN_USE


class OverloadedError(TransportError):
    code = _abi.BURROW_ERR_OVERLOADED


class MediaError(BurrowError):
    """Something about samples, pictures or their encoding."""


class CodecError(MediaError):
    code = _abi.BURROW_ERR_CODEC


class DamagedError(MediaError, ValueError):
    code = _abi.BURROW_ERR_DAMAGED


class FormatError(MediaError, ValueError):
    code = _abi.BURROW_ERR_FORMAT


class KeyMissingError(BurrowError):
    """There is no key to seal with yet (BURROW_ERR_KEY_MISSING)."""

    code = _abi.BURROW_ERR_KEY_MISSING


class KeyExhaustedError(BurrowError):
    """The key has protected as much as it may (BURROW_ERR_KEY_EXHAUSTED)."""

    code = _abi.BURROW_ERR_KEY_EXHAUSTED


class FrameRepeatedError(BurrowError):
    """The frame was opened before, or is too old to tell (BURROW_ERR_FRAME_REPEATED)."""

    code = _abi.BURROW_ERR_FRAME_REPEATED


class FrameRejectedError(BurrowError):
    """The frame is not authentic (BURROW_ERR_FRAME_REJECTED)."""

    code = _abi.BURROW_ERR_FRAME_REJECTED


class NostrEventError(BurrowError, ValueError):
    code = _abi.BURROW_ERR_NOSTR_EVENT


class NostrRefusedError(BurrowError):
    code = _abi.BURROW_ERR_NOSTR_REFUSED


class NostrKeyError(BurrowError, ValueError):
    code = _abi.BURROW_ERR_NOSTR_KEY


class NostrUnreadableError(BurrowError, ValueError):
    code = _abi.BURROW_ERR_NOSTR_UNREADABLE


class KeyRefusedError(BurrowError):
    code = _abi.BURROW_ERR_KEY_REFUSED


class KeyAnswerError(BurrowError, ValueError):
    code = _abi.BURROW_ERR_KEY_ANSWER


class GroupError(BurrowError):
    """The base of what groups do not allow; the text says why."""

    code = _abi.BURROW_ERR_GROUP


class NotAdminError(GroupError):
    code = _abi.BURROW_ERR_NOT_ADMIN


class NotMemberError(GroupError):
    code = _abi.BURROW_ERR_NOT_MEMBER


class LostRaceError(GroupError):
    code = _abi.BURROW_ERR_LOST_RACE


class NotPublishedError(GroupError):
    code = _abi.BURROW_ERR_NOT_PUBLISHED


class ChangePendingError(GroupError):
    code = _abi.BURROW_ERR_CHANGE_PENDING


class MarmotVersionError(GroupError):
    code = _abi.BURROW_ERR_MARMOT_VERSION


class StorageError(BurrowError):
    """The base of what goes wrong with a state file."""

    code = _abi.BURROW_ERR_STORAGE


class StorageInUseError(StorageError):
    code = _abi.BURROW_ERR_STORAGE_IN_USE


class StorageKeyError(StorageError):
    code = _abi.BURROW_ERR_STORAGE_KEY


class StorageDamagedError(StorageError):
    code = _abi.BURROW_ERR_STORAGE_DAMAGED


class StorageVersionError(StorageError):
    code = _abi.BURROW_ERR_STORAGE_VERSION


class StorageFullError(StorageError):
    code = _abi.BURROW_ERR_STORAGE_FULL


class TokenKeyError(BurrowError, ValueError):
    code = _abi.BURROW_ERR_TOKEN_KEY


class TokenError(BurrowError, ValueError):
    code = _abi.BURROW_ERR_TOKEN


class TokenExpiredError(TokenError):
    code = _abi.BURROW_ERR_TOKEN_EXPIRED


NAMES: dict[int, str] = {
    value: name for name, value in vars(_abi).items() if name in ("BURROW_OK", "BURROW_AGAIN") or name.startswith("BURROW_ERR_")
}


def _classes(base: type[BurrowError]) -> dict[int, type[BurrowError]]:
    found = {base.code: base} if base.code else {}
    for child in base.__subclasses__():
        found.update(_classes(child))
    return found


CLASSES: dict[int, type[BurrowError]] = _classes(BurrowError)


def error_for(status: int, text: str = "", peer_code: int = 0) -> BurrowError:
    """The exception for a status; an unknown one becomes a plain BurrowError."""
    return CLASSES.get(status, BurrowError)(text, status, peer_code)
