import 'generated/burrow_abi.dart';
import 'native.dart';

/// Something failed. [status] is for programs, [text] for people.
class BurrowException implements Exception {
  const BurrowException(this.status, this.text, [this.peerCode = 0]);

  /// The exception for a status: one of the classes below, or this one.
  factory BurrowException.of(int status, String text, [int peerCode = 0]) => switch (status) {
    BURROW_ERR_CLOSED || BURROW_ERR_STALE_HANDLE => ClosedException(status, text, peerCode),
    BURROW_ERR_CANCELLED => CancelledException(status, text, peerCode),
    BURROW_ERR_UNAUTHORIZED => UnauthorizedException(status, text, peerCode),
    BURROW_ERR_NOT_FOUND => NotFoundException(status, text, peerCode),
    <= BURROW_ERR_TLS_EXPIRED && >= BURROW_ERR_TLS => TlsException(status, text, peerCode),
    <= -100 && > -200 => TransportException(status, text, peerCode),
    <= -200 && > -220 => GroupException(status, text, peerCode),
    <= -220 && > -300 => StorageException(status, text, peerCode),
    <= -300 && > -400 => NostrException(status, text, peerCode),
    <= -400 && > -410 => MediaException(status, text, peerCode),
    <= -410 && > -500 => ProtectionException(status, text, peerCode),
    <= -500 && > -600 => TokenException(status, text, peerCode),
    _ => BurrowException(status, text, peerCode),
  };

  /// One of the BURROW_ERR_ constants of package:burrow/abi.dart.
  final int status;

  /// The sentence that explains it.
  final String text;

  /// The number with which the peer closed, or 0.
  final int peerCode;

  /// The name of the status in the header.
  String get name => readStatic(burrow_status_name(status));

  @override
  String toString() => text.isEmpty ? name : '$text ($name)';
}

/// What it was asked of is over.
final class ClosedException extends BurrowException {
  const ClosedException(super.status, super.text, [super.peerCode]);
}

/// It was given up, by the host or because something it belongs to ended.
final class CancelledException extends BurrowException {
  const CancelledException(super.status, super.text, [super.peerCode]);
}

/// The network, or the peer at its other end.
class TransportException extends BurrowException {
  const TransportException(super.status, super.text, [super.peerCode]);
}

/// The relay refuses us.
final class UnauthorizedException extends TransportException {
  const UnauthorizedException(super.status, super.text, [super.peerCode]);
}

/// There is no such thing.
final class NotFoundException extends TransportException {
  const NotFoundException(super.status, super.text, [super.peerCode]);
}

/// The certificate of the peer is not acceptable.
final class TlsException extends TransportException {
  const TlsException(super.status, super.text, [super.peerCode]);
}

/// A group does not allow it, or another change came first.
final class GroupException extends BurrowException {
  const GroupException(super.status, super.text, [super.peerCode]);
}

/// The file of an identity.
final class StorageException extends BurrowException {
  const StorageException(super.status, super.text, [super.peerCode]);
}

/// Nostr events, keys and relays.
final class NostrException extends BurrowException {
  const NostrException(super.status, super.text, [super.peerCode]);
}

/// Sound and pictures.
final class MediaException extends BurrowException {
  const MediaException(super.status, super.text, [super.peerCode]);
}

/// Keys and sealed frames.
final class ProtectionException extends BurrowException {
  const ProtectionException(super.status, super.text, [super.peerCode]);
}

/// Tokens and their keys.
final class TokenException extends BurrowException {
  const TokenException(super.status, super.text, [super.peerCode]);
}
