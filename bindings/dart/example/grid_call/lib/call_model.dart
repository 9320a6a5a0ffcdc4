import 'dart:async';

import 'package:burrow/burrow.dart';
import 'package:flutter/foundation.dart';

import 'devices.dart';

/// Which room, and who we are in it.
final class Destination {
  const Destination({required this.relay, required this.room, required this.name, this.secret});

  final String relay;
  final String room;
  final String name;

  /// At least 16 bytes that all members have. Without it the relay sees everything.
  final List<int>? secret;
}

/// Somebody in the grid.
final class Person {
  Person(this.participant, this.audio, this.video);

  final Participant participant;
  final AudioTrack audio;
  final VideoTrack video;

  String get name => participant.path.split('/').last;

  void close() {
    audio.close();
    video.close();
  }
}

/// The call as widgets see it: one room, everybody in it, our own microphone and camera.
final class CallModel extends ChangeNotifier {
  CallModel(this.destination, {required this.camera, required this.microphone, required this.speaker});

  final Destination destination;
  final Camera camera;
  final Microphone microphone;
  final Speaker speaker;

  final Engine _engine = Engine();
  final Map<int, Person> _people = {};
  final List<StreamSubscription<void>> _listeners = [];
  Room? _room;
  AudioTrack? _ownAudio;
  VideoTrack? _ownVideo;
  Timer? _playout;

  /// Everybody else, in the order in which they came.
  List<Person> get people => List.of(_people.values);

  /// Whom the grid points out.
  Participant? get speaking => _speaking;
  Participant? _speaking;

  /// Why it does not work; empty as long as it does.
  String get trouble => _trouble;
  String _trouble = '';

  bool get isMuted => _isMuted;
  bool _isMuted = false;

  bool get isCameraOn => _isCameraOn;
  bool _isCameraOn = true;

  /// Connects, sends our own sound and pictures, and follows everybody else's.
  Future<void> join() async {
    final secret = destination.secret;
    final room = _engine.openRoom(
      destination.relay,
      path: '${destination.room}/${destination.name}',
      prefix: destination.room,
      media: true,
      protected: secret != null,
      callId: secret == null ? const [] : destination.room.codeUnits,
      lastN: 9,
    );
    _room = room;
    if (secret != null) room.setKey(1, secret);
    _listeners.add(_engine.events.listen(_happened));
    try {
      await room.opened;
    } on BurrowException catch (error) {
      _trouble = error.text;
      notifyListeners();
      return;
    }
    final audio = room.publishAudio(encoding: const Encoding(dtx: true));
    final video = room.publishVideo(encoding: const Encoding(width: 640, height: 360, renditions: 2));
    _ownAudio = audio;
    _ownVideo = video;
    _listeners
      ..add(microphone.samples.listen((samples) => audio.push(samples, sampleRate: microphone.sampleRate)))
      ..add(camera.pictures.listen((picture) => video.push(picture.planes, picture.width, picture.height)));
    // A real host pulls in the callback of its audio device; a timer keeps time well enough to see that it works.
    _playout = Timer.periodic(const Duration(milliseconds: 20), (_) => speaker.play(room.mixAudio(960)));
    notifyListeners();
  }

  void _happened(BurrowEvent event) {
    switch (event) {
      case ParticipantJoined(:final room, :final participant):
        _people[participant.id] ??= Person(
          participant,
          room.subscribeAudio(participant.path),
          room.subscribeVideo(participant.path),
        );
      case ParticipantLeft(:final participant):
        _people.remove(participant.id)?.close();
      case SpeakerChanged(:final participant):
        _speaking = participant;
      case RoomStateChanged(:final state, :final error):
        _trouble = switch (state) {
          RoomState.reconnecting => 'The connection was lost; trying again',
          RoomState.closed => error?.text ?? 'The call is over',
          _ => '',
        };
      case ProtectionProblem(:final participant, :final error):
        _trouble = '${participant?.path ?? 'Somebody'}: ${error.name}';
      default:
        return;
    }
    notifyListeners();
  }

  void toggleMuted() {
    _isMuted = !_isMuted;
    _ownAudio?.setMuted(muted: _isMuted);
    notifyListeners();
  }

  void toggleCamera() {
    _isCameraOn = !_isCameraOn;
    _ownVideo?.setMuted(muted: !_isCameraOn);
    notifyListeners();
  }

  /// Leaves in good order.
  Future<void> leave() async {
    _playout?.cancel();
    for (final listener in _listeners) {
      await listener.cancel();
    }
    final room = _room;
    if (room != null && !room.isClosed) {
      await room.leave().timeout(const Duration(seconds: 3)).catchError((Object _) {});
    }
  }

  @override
  void dispose() {
    _playout?.cancel();
    for (final person in people) {
      person.close();
    }
    _ownAudio?.close();
    _ownVideo?.close();
    _room?.close();
    _engine.close();
    super.dispose();
  }
}
