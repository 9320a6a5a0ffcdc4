import 'dart:convert';
import 'dart:ffi' as ffi;

import 'call.dart';
import 'engine.dart';
import 'errors.dart';
import 'events.dart';
import 'generated/burrow_abi.dart';
import 'group.dart';
import 'handle.dart';
import 'native.dart';
import 'room.dart';
import 'track.dart';
import 'types.dart';

/// What the library said, copied: its pointers die with the next draining call.
final class RawEvent {
  RawEvent(burrow_event event)
    : kind = event.kind,
      status = event.status,
      participant = event.participant,
      state = event.state,
      request = event.request,
      time = Duration(microseconds: event.time_us),
      value = event.value,
      subject = event.subject.address,
      text = readStatic(event.text),
      data = event.data == ffi.nullptr ? const [] : List.of(event.data.asTypedList(event.data_len));

  final int kind;
  final int status;
  final int participant;
  final int state;
  final int request;
  final Duration time;
  final int value;
  final int subject;
  final String text;
  final List<int> data;

  /// Bytes that are text.
  String get dataText => utf8.decode(data, allowMalformed: true);

  BurrowException? get error => status < 0 ? BurrowException.of(status, text, value) : null;

  /// The event for the host; null when what it is about was forgotten by the host.
  BurrowEvent? read(Handle<ffi.NativeType>? subject) {
    Participant person() => Participant(participant, text);
    return switch ((kind, subject)) {
      (BURROW_EVENT_OVERFLOW, _) => EventsLost(time, value),
      (BURROW_EVENT_ROOM_STATE, final Room room) => RoomStateChanged(time, room, RoomState.of(state), error),
      (BURROW_EVENT_PARTICIPANT_JOINED, final Room room) => ParticipantJoined(time, room, person()),
      (BURROW_EVENT_PARTICIPANT_LEFT, final Room room) => ParticipantLeft(time, room, person()),
      (BURROW_EVENT_PARTICIPANT_MEDIA, final Room room) => ParticipantMediaChanged(time, room, person()),
      (BURROW_EVENT_SPEAKER, final Room room) => SpeakerChanged(time, room, participant == 0 ? null : person()),
      (BURROW_EVENT_PROTECTION, final Room room) => ProtectionProblem(
        time,
        room,
        participant == 0 ? null : person(),
        BurrowException.of(status, ''),
        value,
      ),
      (BURROW_EVENT_TRACK_DATA, final Track track) => TrackReadable(time, track),
      (BURROW_EVENT_TRACK_STATE, final Track track) => TrackStateChanged(time, track, TrackState.of(state), error),
      (BURROW_EVENT_TRACK_ENCODING, final Track track) => EncodingWanted(time, track, value == 1),
      (BURROW_EVENT_RELAY_STATE, final Relay relay) => RelayStateChanged(time, relay, RelayState.of(state), error),
      (BURROW_EVENT_NOSTR_RELAY, _) => NostrRelayChanged(
        time,
        text,
        NostrRelayState.of(state),
        status < 0 ? BurrowException.of(status, dataText, value) : null,
      ),
      (BURROW_EVENT_NOSTR_OUT, final Identity? identity) => NostrOutgoing(
        time,
        identity,
        text,
        value,
        [for (final url in dataText.split('\n')) if (url.isNotEmpty) url],
      ),
      (BURROW_EVENT_NOSTR_REFUSED, final Identity? identity) => NostrRefused(
        time,
        identity,
        BurrowException.of(status, text),
        data,
      ),
      (BURROW_EVENT_KEY_PACKAGE_USED, final Identity identity) => KeyPackageUsed(time, identity),
      (BURROW_EVENT_GROUP_STATE, final Identity identity) => GroupStateChanged(
        time,
        identity,
        data,
        GroupState.of(state),
      ),
      (BURROW_EVENT_GROUP_EPOCH, final Identity identity) => GroupEpochChanged(time, identity, data, value),
      (BURROW_EVENT_GROUP_MEMBERS, final Identity identity) => GroupMembersChanged(time, identity, data),
      (BURROW_EVENT_GROUP_DATA, final Identity identity) => GroupDataChanged(time, identity, data),
      (BURROW_EVENT_GROUP_MESSAGE, final Identity identity) => GroupMessage(
        time,
        identity,
        data,
        text,
        value,
        participant,
      ),
      (BURROW_EVENT_GROUP_ROLLED_BACK, final Identity identity) => GroupRolledBack(time, identity, data, value, text),
      (BURROW_EVENT_CALL_STATE, final Call call) => CallStateChanged(
        time,
        call,
        CallState.of(state),
        CallDetail.of(value & 0xff),
        CallReason.of(value >> 8 & 0xff),
      ),
      (BURROW_EVENT_CALL_MEMBER, final Call call) => CallMemberChanged(
        time,
        call,
        state < CallMemberChange.values.length ? CallMemberChange.values[state] : CallMemberChange.unknown,
        data,
        text,
        participant,
      ),
      (>= BURROW_EVENT_OVERFLOW && <= BURROW_EVENT_CALL_MEMBER, _) => null,
      _ => UnknownEvent(time, kind),
    };
  }
}
