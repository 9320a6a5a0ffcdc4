/// States, choices and snapshots.
library;

import 'generated/burrow_abi.dart';

/// How much is logged.
enum LogLevel { off, error, warning, info, debug, trace }

/// A line of the log: "component: text".
final class LogLine {
  const LogLine(this.level, this.text);

  final LogLevel level;
  final String text;

  @override
  String toString() => '${level.name} $text';
}

/// What only the host knows about its network.
enum NetworkChange {
  unknown(0),
  switched(BURROW_NETWORK_SWITCHED),
  resumed(BURROW_NETWORK_RESUMED);

  const NetworkChange(this.value);
  final int value;
}

/// How a room is doing.
enum RoomState {
  unknown(0),
  connecting(BURROW_ROOM_CONNECTING),
  connected(BURROW_ROOM_CONNECTED),

  /// The connection was lost and is being made again. Participants and tracks are kept.
  reconnecting(BURROW_ROOM_RECONNECTING),

  /// Up again after a loss; in events only.
  restored(BURROW_ROOM_RESTORED),
  closed(BURROW_ROOM_CLOSED);

  const RoomState(this.value);
  factory RoomState.of(int value) => values.firstWhere((state) => state.value == value, orElse: () => unknown);
  final int value;
}

/// How a track is doing.
enum TrackState {
  unknown(0),

  /// Asked for, or waiting for the broadcast to appear or the room to reconnect.
  waiting(BURROW_TRACK_WAITING),
  live(BURROW_TRACK_LIVE),
  ended(BURROW_TRACK_ENDED),
  failed(BURROW_TRACK_FAILED);

  const TrackState(this.value);
  factory TrackState.of(int value) => values.firstWhere((state) => state.value == value, orElse: () => unknown);
  final int value;
}

/// How an embedded relay is doing.
enum RelayState {
  unknown(0),
  starting(BURROW_RELAY_STARTING),
  listening(BURROW_RELAY_LISTENING),
  stopping(BURROW_RELAY_STOPPING),
  stopped(BURROW_RELAY_STOPPED);

  const RelayState(this.value);
  factory RelayState.of(int value) => values.firstWhere((state) => state.value == value, orElse: () => unknown);
  final int value;
}

/// How a Nostr relay is doing.
enum NostrRelayState {
  unknown(0),
  connecting(BURROW_NOSTR_CONNECTING),
  connected(BURROW_NOSTR_CONNECTED),
  waiting(BURROW_NOSTR_WAITING);

  const NostrRelayState(this.value);
  factory NostrRelayState.of(int value) => values.firstWhere((state) => state.value == value, orElse: () => unknown);
  final int value;
}

/// How a group is doing.
enum GroupState {
  unknown(0),
  founding(BURROW_GROUP_FOUNDING),

  /// Somebody added us: join() accepts, leave() declines.
  invited(BURROW_GROUP_INVITED),
  active(BURROW_GROUP_ACTIVE),
  removed(BURROW_GROUP_REMOVED),
  gone(BURROW_GROUP_GONE);

  const GroupState(this.value);
  factory GroupState.of(int value) => values.firstWhere((state) => state.value == value, orElse: () => unknown);
  final int value;
}

/// What a list of servers is for; the values are the kinds of the events.
enum ServerList {
  relays(BURROW_LIST_RELAYS),
  inbox(BURROW_LIST_INBOX),
  keyPackages(BURROW_LIST_KEY_PACKAGES),
  moq(BURROW_LIST_MOQ);

  const ServerList(this.value);
  final int value;
}

/// A room at one moment.
final class RoomInfo {
  const RoomInfo({
    required this.state,
    required this.status,
    required this.text,
    required this.path,
    required this.remoteAddress,
    required this.participants,
    required this.tracks,
    required this.reconnects,
  });

  final RoomState state;
  final int status;
  final String text;
  final String path;
  final String remoteAddress;
  final int participants;
  final int tracks;
  final int reconnects;
}

/// Figures of a room's connection.
final class RoomStats {
  const RoomStats({
    required this.roundTrip,
    required this.sendRate,
    required this.sentBytes,
    required this.receivedBytes,
    required this.lostPackets,
    required this.forgedFrames,
    required this.sealingEpoch,
  });

  final Duration roundTrip;

  /// Bits per second the path is estimated to carry away from us.
  final int sendRate;
  final int sentBytes;
  final int receivedBytes;
  final int lostPackets;
  final int forgedFrames;

  /// The epoch in which our frames are sealed; -1 while there is none.
  final int sealingEpoch;
}

/// A relay of this engine at one moment.
final class RelayInfo {
  const RelayInfo({
    required this.state,
    required this.address,
    required this.port,
    required this.fingerprint,
    required this.sessions,
    required this.broadcasts,
  });

  final RelayState state;
  final String address;
  final int port;

  /// SHA-256 of its certificate, for the pins of a room.
  final List<int> fingerprint;
  final int sessions;
  final int broadcasts;
}

/// A group at one moment.
final class GroupInfo {
  const GroupInfo({
    required this.state,
    required this.name,
    required this.members,
    required this.epoch,
    required this.isAdmin,
    required this.nostrId,
    required this.inviter,
  });

  final GroupState state;
  final String name;
  final int members;
  final int epoch;
  final bool isAdmin;
  final List<int> nostrId;

  /// Who invited us, while the state is [GroupState.invited].
  final List<int> inviter;
}

/// Somebody in a group.
final class Member {
  const Member({required this.publicKey, required this.devices, required this.isAdmin, required this.isSelf});

  final List<int> publicKey;
  final int devices;
  final bool isAdmin;
  final bool isSelf;
}
