import 'call.dart';
import 'engine.dart';
import 'errors.dart';
import 'group.dart';
import 'room.dart';
import 'track.dart';
import 'types.dart';

/// Something that happened. Switch over it; what you do not know can be ignored.
sealed class BurrowEvent {
  const BurrowEvent(this.time);

  /// When, on the clock of `now`.
  final Duration time;
}

/// Events were dropped because nobody drained them: read the state of what you have again.
final class EventsLost extends BurrowEvent {
  const EventsLost(super.time, this.count);

  final int count;
}

// -- rooms ----------------------------------------------------------------------------------------------------

/// A room changed.
final class RoomStateChanged extends BurrowEvent {
  const RoomStateChanged(super.time, this.room, this.state, this.error);

  final Room room;
  final RoomState state;

  /// Why, when it is bad news.
  final BurrowException? error;
}

/// Somebody's broadcast appeared.
final class ParticipantJoined extends BurrowEvent {
  const ParticipantJoined(super.time, this.room, this.participant);

  final Room room;
  final Participant participant;
}

/// Somebody's broadcast is gone.
final class ParticipantLeft extends BurrowEvent {
  const ParticipantLeft(super.time, this.room, this.participant);

  final Room room;
  final Participant participant;
}

/// What somebody offers changed: read it with [Room.media].
final class ParticipantMediaChanged extends BurrowEvent {
  const ParticipantMediaChanged(super.time, this.room, this.participant);

  final Room room;
  final Participant participant;
}

/// Somebody else speaks.
final class SpeakerChanged extends BurrowEvent {
  const SpeakerChanged(super.time, this.room, this.participant);

  final Room room;

  /// Who; null when nobody does.
  final Participant? participant;
}

/// Something is the matter with the keys of a protected room.
final class ProtectionProblem extends BurrowEvent {
  const ProtectionProblem(super.time, this.room, this.participant, this.error, this.value);

  final Room room;
  final Participant? participant;
  final BurrowException error;

  /// The newest epoch there is a key of, or how many frames: see BURROW_EVENT_PROTECTION.
  final int value;
}

// -- tracks and relays ----------------------------------------------------------------------------------------

/// Frames or a picture wait. Streams of a track take care of it.
final class TrackReadable extends BurrowEvent {
  const TrackReadable(super.time, this.track);

  final Track track;
}

/// A track changed.
final class TrackStateChanged extends BurrowEvent {
  const TrackStateChanged(super.time, this.track, this.state, this.error);

  final Track track;
  final TrackState state;
  final BurrowException? error;
}

/// What the host encodes is wanted in another way; the next picture has to need no other when [keyFrame] is set.
final class EncodingWanted extends BurrowEvent {
  const EncodingWanted(super.time, this.track, this.keyFrame);

  final Track track;
  final bool keyFrame;
}

/// A relay of this engine changed.
final class RelayStateChanged extends BurrowEvent {
  const RelayStateChanged(super.time, this.relay, this.state, this.error);

  final Relay relay;
  final RelayState state;
  final BurrowException? error;
}

// -- Nostr ----------------------------------------------------------------------------------------------------

/// A Nostr relay of the list changed.
final class NostrRelayChanged extends BurrowEvent {
  const NostrRelayChanged(super.time, this.url, this.state, this.error);

  final String url;
  final NostrRelayState state;
  final BurrowException? error;
}

/// An event for the host's own relays, in an engine made with hostRelays.
final class NostrOutgoing extends BurrowEvent {
  const NostrOutgoing(super.time, this.identity, this.json, this.kind, this.urls);

  final Identity? identity;
  final String json;
  final int kind;

  /// The relays it is meant for; none means all.
  final List<String> urls;
}

/// An event for a group was refused, or relays refused one of ours.
final class NostrRefused extends BurrowEvent {
  const NostrRefused(super.time, this.identity, this.error, this.eventId);

  final Identity? identity;
  final BurrowException error;
  final List<int> eventId;
}

// -- groups ---------------------------------------------------------------------------------------------------

/// Somebody used our key package: publish another one.
final class KeyPackageUsed extends BurrowEvent {
  const KeyPackageUsed(super.time, this.identity);

  final Identity identity;
}

/// Something about a group of an identity; [groupId] is for [Identity.openGroup].
sealed class GroupEvent extends BurrowEvent {
  const GroupEvent(super.time, this.identity, this.groupId);

  final Identity identity;
  final List<int> groupId;
}

/// We were invited, joined, or are no member any more.
final class GroupStateChanged extends GroupEvent {
  const GroupStateChanged(super.time, super.identity, super.groupId, this.state);

  final GroupState state;
}

/// A group has new keys.
final class GroupEpochChanged extends GroupEvent {
  const GroupEpochChanged(super.time, super.identity, super.groupId, this.epoch);

  final int epoch;
}

/// Members came or went.
final class GroupMembersChanged extends GroupEvent {
  const GroupMembersChanged(super.time, super.identity, super.groupId);
}

/// Name, admins or relays changed.
final class GroupDataChanged extends GroupEvent {
  const GroupDataChanged(super.time, super.identity, super.groupId);
}

/// Somebody said something.
final class GroupMessage extends GroupEvent {
  const GroupMessage(super.time, super.identity, super.groupId, this.json, this.epoch, this.leaf);

  /// The unsigned event as JSON; its author is who sent it.
  final String json;
  final int epoch;
  final int leaf;
}

/// The group went back to an earlier epoch.
final class GroupRolledBack extends GroupEvent {
  const GroupRolledBack(super.time, super.identity, super.groupId, this.epoch, this.lostMessages);

  final int epoch;

  /// A JSON array of messages of ours that have to be sent again.
  final String lostMessages;
}

// -- calls ----------------------------------------------------------------------------------------------------

/// A call changed. Calls of others appear in such an event for the first time.
final class CallStateChanged extends BurrowEvent {
  const CallStateChanged(super.time, this.call, this.state, this.detail, this.reason);

  final Call call;
  final CallState state;
  final CallDetail detail;

  /// Why it is over.
  final CallReason reason;
}

/// How somebody in a call changed.
enum CallMemberChange { unknown, joined, left, changed, unknownBroadcast }

/// Somebody came, went, or is different. [Call.members] has everybody.
final class CallMemberChanged extends BurrowEvent {
  const CallMemberChanged(super.time, this.call, this.change, this.publicKey, this.path, this.participant);

  final Call call;
  final CallMemberChange change;

  /// Who; empty for a broadcast that belongs to no member.
  final List<int> publicKey;
  final String path;

  /// The number in the room, or 0.
  final int participant;
}

/// Something a newer library knows.
final class UnknownEvent extends BurrowEvent {
  const UnknownEvent(super.time, this.kind);

  final int kind;
}
