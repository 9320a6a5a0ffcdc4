import 'dart:async';

import 'package:burrow/burrow.dart';
import 'package:flutter/foundation.dart';

import 'devices.dart';

/// Somebody in the grid.
final class Person {
  Person(this.member, this.audio, this.video);

  /// As of the newest roster.
  CallMember member;
  final AudioTrack audio;
  final VideoTrack video;

  String get name => formatPublicKey(member.publicKey).substring(0, 12);

  void close() {
    audio.close();
    video.close();
  }
}

/// A call as widgets see it: how it stands, everybody in it, our own microphone and camera.
final class CallModel extends ChangeNotifier {
  CallModel(this.call, {required this.camera, required this.microphone, required this.speaker}) {
    _listeners
      ..add(call.states.listen((_) => _changed()))
      ..add(call.rosters.listen(_follow))
      ..add(call.engine.events.listen(_happened));
    _changed();
  }

  final Call call;
  final Camera camera;
  final Microphone microphone;
  final Speaker speaker;

  final Map<String, Person> _people = {};
  final List<StreamSubscription<void>> _listeners = [];
  Room? _room;
  AudioTrack? _ownAudio;
  VideoTrack? _ownVideo;
  Timer? _playout;

  /// Everybody else, in the order in which they came.
  List<Person> get people => List.of(_people.values);

  CallState get state => _state;
  CallState _state = CallState.unknown;

  /// The path of whom the grid points out.
  String get speaking => _speaking;
  String _speaking = '';

  /// How it stands, for people; empty while there is nothing to say.
  String get status => _status;
  String _status = '';

  bool get isMuted => _isMuted;
  bool _isMuted = false;

  bool get isCameraOn => _isCameraOn;
  bool _isCameraOn = true;

  /// Takes a call that rings.
  Future<void> accept() => call.accept(video: true).catchError(_failed);

  void _failed(Object error) {
    _status = error is BurrowException ? error.text : '$error';
    notifyListeners();
  }

  void _changed() {
    final info = call.info;
    _state = info.state;
    _status = switch ((info.state, info.detail)) {
      (CallState.outgoing, CallDetail.remoteRinging) => 'Ringing',
      (CallState.outgoing, _) => 'Calling',
      (CallState.incoming, _) => 'Incoming call',
      (CallState.connecting, _) => 'Connecting',
      (CallState.active, CallDetail.alone) => 'Nobody else is here',
      (CallState.active, CallDetail.reconnecting) => 'The connection was lost; trying again',
      (CallState.ended || CallState.failed, _) => 'The call is over: ${info.reason.name}',
      _ => '',
    };
    _enter();
    notifyListeners();
  }

  /// Sends our own sound and pictures as soon as there is a room, and follows everybody else's.
  void _enter() {
    final room = call.room;
    if (room == null || _room != null || _state.isOver) return;
    _room = room;
    final audio = room.publishAudio(encoding: const Encoding(dtx: true));
    final video = room.publishVideo(encoding: const Encoding(width: 640, height: 360, renditions: 2));
    _ownAudio = audio;
    _ownVideo = video;
    _listeners
      ..add(microphone.samples.listen((samples) => audio.push(samples, sampleRate: microphone.sampleRate)))
      ..add(camera.pictures.listen((picture) => video.push(picture.planes, picture.width, picture.height)));
    // A real host pulls in the callback of its audio device; a timer keeps time well enough to see that it works.
    _playout = Timer.periodic(const Duration(milliseconds: 20), (_) => speaker.play(room.mixAudio(960)));
    _follow(call.members);
  }

  void _follow(List<CallMember> members) {
    final room = _room;
    if (room == null) return;
    final there = {
      for (final member in members)
        if (member.isAnnounced) member.path: member,
    };
    for (final path in _people.keys.toSet().difference(there.keys.toSet())) {
      _people.remove(path)?.close();
    }
    for (final MapEntry(key: path, value: member) in there.entries) {
      final person = _people[path] ??= Person(member, room.subscribeAudio(path), room.subscribeVideo(path));
      person.member = member;
    }
    notifyListeners();
  }

  void _happened(BurrowEvent event) {
    switch (event) {
      case RoomStateChanged(:final room) when room == call.room:
        _enter();
      case SpeakerChanged(:final room, :final participant) when room == _room:
        _speaking = participant?.path ?? '';
      case ProtectionProblem(:final room, :final participant, :final error) when room == _room:
        _status = '${participant?.path ?? 'Somebody'}: ${error.name}';
      default:
        return;
    }
    notifyListeners();
  }

  /// Our track falls silent at once, and the others are told why.
  void toggleMuted() {
    _isMuted = !_isMuted;
    _ownAudio?.setMuted(muted: _isMuted);
    unawaited(call.setMuted(muted: _isMuted));
    notifyListeners();
  }

  void toggleCamera() {
    _isCameraOn = !_isCameraOn;
    _ownVideo?.setMuted(muted: !_isCameraOn);
    unawaited(call.setVideo(video: _isCameraOn));
    notifyListeners();
  }

  /// Declines a call that rings, and hangs up any other.
  Future<void> leave() => call.hangUp().timeout(const Duration(seconds: 3)).catchError((Object _) {});

  @override
  void dispose() {
    _playout?.cancel();
    for (final listener in _listeners) {
      unawaited(listener.cancel());
    }
    for (final person in people) {
      person.close();
    }
    _ownAudio?.close();
    _ownVideo?.close();
    call.close();
    super.dispose();
  }
}
