/// Private group calls over Media over QUIC and Nostr, encrypted end to end.
///
/// ```dart
/// final engine = Engine();
/// final room = engine.openRoom('moqt://relay.example/demo', path: 'alice', media: true);
/// await room.opened;
/// final microphone = room.publishAudio();
/// engine.events.listen((event) {
///   if (event case ParticipantJoined(:final participant)) {
///     room.subscribeAudio(participant.path);
///   }
/// });
/// ```
library;

export 'src/call.dart';
export 'src/engine.dart' show Engine, Relay;
export 'src/errors.dart';
export 'src/events.dart';
export 'src/group.dart' show Group, Identity;
export 'src/handle.dart' show Handle;
export 'src/library.dart';
export 'src/media.dart';
export 'src/nostr.dart' show Nostr, Publication, RelayAnswer, Subscription;
export 'src/room.dart' show Participant, Room;
export 'src/track.dart' show AudioTrack, DataTrack, MediaTrack, Track, VideoTrack;
export 'src/types.dart';
