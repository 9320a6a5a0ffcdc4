import 'dart:async';
import 'dart:ffi' as ffi;
import 'dart:typed_data';

import 'package:ffi/ffi.dart';

import 'errors.dart';
import 'events.dart';
import 'generated/burrow_abi.dart';
import 'handle.dart';
import 'media.dart';
import 'native.dart';
import 'room.dart';
import 'types.dart';

/// How a track is wanted.
final class TrackWish {
  const TrackWish({
    required this.kind,
    this.priority = 0,
    this.maxAge = Duration.zero,
    this.paused = false,
    this.gainPercent = 0,
    this.width = 0,
    this.height = 0,
    this.hostCodec = false,
  });

  final int kind;
  final int priority;
  final Duration maxAge;
  final bool paused;
  final int gainPercent;
  final int width;
  final int height;
  final bool hostCodec;

  /// The struct of the header, in memory of [allocator].
  ffi.Pointer<burrow_track_request> write(ffi.Allocator allocator) {
    final want = allocator<burrow_track_request>();
    check(burrow_config_init(want.cast(), ffi.sizeOf<burrow_track_request>()));
    want.ref.flags = (paused ? BURROW_TRACK_PAUSED : 0) | (hostCodec ? BURROW_TRACK_HOST_CODEC : 0);
    want.ref.kind = kind;
    want.ref.priority = priority;
    want.ref.max_age_ms = maxAge.inMilliseconds;
    want.ref.gain_percent = gainPercent;
    want.ref.width = width;
    want.ref.height = height;
    return want;
  }
}

/// One published or subscribed sequence of frames.
sealed class Track extends Handle<burrow_track> {
  Track(this.room, super.pointer);

  final Room room;

  /// How it is doing.
  TrackState get state => scoped((arena) {
    final info = arena<burrow_track_info>();
    info.ref.struct_size = ffi.sizeOf<burrow_track_info>();
    check(burrow_track_info_get(pointer, info));
    return TrackState.of(info.ref.state);
  });

  /// The broadcast's path.
  String get path => scoped((arena) {
    final info = arena<burrow_track_info>();
    info.ref.struct_size = ffi.sizeOf<burrow_track_info>();
    check(burrow_track_info_get(pointer, info));
    return readArray(info.ref.path, BURROW_PATH_SIZE);
  });

  /// Changes how it is wanted; all wishes are replaced.
  void _update(TrackWish wish) => scoped((arena) => check(burrow_track_update(pointer, wish.write(arena))));

  /// Unpublishes or unsubscribes; what was pushed before still arrives. Then [close] it.
  void end() => check(burrow_close(pointer.cast(), ffi.nullptr));

  /// An event about this track, or null when the engine is over.
  void noticed(BurrowEvent? event) {}
}

/// What comes out of a track as long as somebody listens. When nobody does, or the listener pauses, it waits in the library,
/// which drops what becomes too old. After the end of the track comes what is left, then the error if there was one.
final class _Outlet<T> {
  _Outlet(this._pull);

  /// The next piece, or null when there is none now.
  final T? Function() _pull;
  late final StreamController<T> _controller = StreamController(onListen: _flow, onResume: _flow);

  BurrowException? _error;

  Stream<T> get stream => _controller.stream;

  /// Null: nothing will come any more.
  void notice(BurrowEvent? event) {
    if (_controller.isClosed) return;
    switch (event) {
      case null:
        unawaited(_controller.close());
      case TrackReadable():
        _flow();
      case TrackStateChanged(state: TrackState.ended || TrackState.failed, :final error):
        _error = error;
        _flow();
      default:
    }
  }

  void _flow() {
    while (_controller.hasListener && !_controller.isPaused && !_controller.isClosed) {
      final T? piece;
      try {
        piece = _pull();
      } on BurrowException catch (error) {
        // That nothing is left is how it ends.
        final reason = _error ?? (error is ClosedException ? null : error);
        if (reason != null) _controller.addError(reason);
        unawaited(_controller.close());
        return;
      }
      if (piece == null) return;
      _controller.add(piece);
    }
  }
}

/// A track of bytes, or of what the host encodes and decodes.
final class DataTrack extends Track {
  DataTrack(super.room, super.pointer);

  final Scratch _memory = Scratch();
  late final _Outlet<Frame> _outlet = _Outlet(pull);

  /// Publishes a frame. False when more wait than the engine keeps: try again later.
  bool push(List<int> data, {bool key = false, bool datagram = false, Duration time = Duration.zero}) {
    final header = ffi.sizeOf<burrow_encoded_frame>();
    final frame = _memory.take(header + data.length).cast<burrow_encoded_frame>();
    final bytes = ffi.Pointer<ffi.Uint8>.fromAddress(frame.address + header);
    bytes.asTypedList(data.length).setAll(0, data);
    frame.ref.struct_size = header;
    frame.ref.flags = (key ? BURROW_FRAME_KEY : 0) | (datagram ? BURROW_FRAME_DATAGRAM : 0);
    frame.ref.timestamp_us = time.inMicroseconds;
    frame.ref.duration_us = 0;
    frame.ref.data = bytes;
    frame.ref.len = data.length;
    frame.ref.buffer = ffi.nullptr;
    frame.ref.group = 0;
    frame.ref.sequence = 0;
    return check(burrow_track_push_encoded(pointer, frame)) == BURROW_OK;
  }

  /// Takes the next received frame, or null when none waits. Close it.
  Frame? pull() => scoped((arena) {
    final frame = arena<burrow_encoded_frame>();
    frame.ref.struct_size = ffi.sizeOf<burrow_encoded_frame>();
    return check(burrow_track_pull_encoded(pointer, frame)) == BURROW_OK ? Frame(frame.ref) : null;
  });

  /// Received frames as they come, for one listener, who closes each.
  Stream<Frame> get frames => _outlet.stream;

  /// Asks for an old group; its frames come among the others. Completes when they are here.
  Future<void> fetch(int group) => room.engine.request((id) => burrow_track_fetch(pointer, group, id));

  @override
  void noticed(BurrowEvent? event) => _outlet.notice(event);

  @override
  void close() {
    _outlet.notice(null);
    _memory.free();
    super.close();
  }
}

/// What sound and pictures have in common.
sealed class MediaTrack extends Track {
  MediaTrack(super.room, super.pointer);

  final Scratch _memory = Scratch();

  /// Stops sending what is pushed, or goes on.
  void setMuted({required bool muted}) =>
      check(burrow_track_control(pointer, muted ? BURROW_CONTROL_MUTE : BURROW_CONTROL_UNMUTE));

  /// Changes how it is encoded, from the next frame on.
  void setEncoding(Encoding encoding) =>
      scoped((arena) => check(burrow_track_set_encoding(pointer, encoding.write(arena))));

  MediaStats get mediaStats => scoped((arena) {
    final stats = arena<burrow_media_stats>();
    stats.ref.struct_size = ffi.sizeOf<burrow_media_stats>();
    check(burrow_track_stats_get(pointer, ffi.nullptr, stats));
    return MediaStats(
      width: stats.ref.width,
      height: stats.ref.height,
      bitrate: stats.ref.bitrate_bps,
      frameRate: stats.ref.frame_rate,
      level: stats.ref.level,
      isVoice: stats.ref.is_voice != 0,
      delay: Duration(milliseconds: stats.ref.delay_ms),
      frames: stats.ref.frames,
      lateFrames: stats.ref.late_frames,
      freezes: stats.ref.freezes,
      concealed: Duration(microseconds: stats.ref.concealed_us),
    );
  });

  @override
  void close() {
    _memory.free();
    super.close();
  }
}

/// A microphone, or what somebody says.
final class AudioTrack extends MediaTrack {
  AudioTrack(super.room, super.pointer);

  /// Hands in recorded samples, interleaved. False when more than a second waits.
  bool push(Int16List samples, {int sampleRate = 48000, int channels = 1, Duration time = Duration.zero}) {
    final header = ffi.sizeOf<burrow_audio_frame>();
    final frame = _memory.take(header + samples.lengthInBytes).cast<burrow_audio_frame>();
    final memory = ffi.Pointer<ffi.Int16>.fromAddress(frame.address + header);
    memory.asTypedList(samples.length).setAll(0, samples);
    frame.ref.struct_size = header;
    frame.ref.format = BURROW_AUDIO_S16;
    frame.ref.sample_rate = sampleRate;
    frame.ref.channels = channels;
    frame.ref.frames = samples.length ~/ channels;
    frame.ref.flags = 0;
    frame.ref.timestamp_us = time.inMicroseconds;
    frame.ref.samples = memory.cast();
    return check(burrow_track_push_audio(pointer, frame)) == BURROW_OK;
  }

  /// The samples that are to be played now. Pulling is the clock: call it as often as they are played.
  Sound pull(int frames, {int sampleRate = 48000, int channels = 1}) => pullSound(
    (io) => burrow_track_pull_audio(pointer, io),
    _memory,
    frames: frames,
    sampleRate: sampleRate,
    channels: channels,
  );

  /// Changes how it is heard.
  void update({bool paused = false, int gainPercent = 0}) =>
      _update(TrackWish(kind: BURROW_TRACK_KIND_AUDIO, paused: paused, gainPercent: gainPercent));
}

/// A camera, or what somebody shows.
final class VideoTrack extends MediaTrack {
  VideoTrack(super.room, super.pointer);

  late final _Outlet<Picture> _outlet = _Outlet(pull);

  /// Hands in a picture whose planes follow each other without gaps.
  void push(
    Uint8List planes,
    int width,
    int height, {
    PixelFormat format = PixelFormat.i420,
    int rotation = 0,
    Duration time = Duration.zero,
  }) {
    final layout = format.planes(width, height);
    final size = layout.fold(0, (sum, plane) => sum + plane.$1 * plane.$2);
    if (planes.length < size) throw ArgumentError.value(planes.length, 'planes', 'a picture has $size bytes');
    final header = ffi.sizeOf<burrow_video_frame>();
    final frame = _memory.take(header + size).cast<burrow_video_frame>();
    final memory = ffi.Pointer<ffi.Uint8>.fromAddress(frame.address + header);
    memory.asTypedList(size).setRange(0, size, planes);
    frame.ref.struct_size = header;
    frame.ref.format = format.value;
    frame.ref.width = width;
    frame.ref.height = height;
    frame.ref.rotation = rotation;
    frame.ref.color = 0;
    frame.ref.timestamp_us = time.inMicroseconds;
    frame.ref.buffer = ffi.nullptr;
    var offset = 0;
    for (var index = 0; index < 4; index++) {
      final (bytes, rows) = index < layout.length ? layout[index] : (0, 0);
      frame.ref.plane[index] = rows == 0 ? ffi.nullptr : memory + offset;
      frame.ref.stride[index] = bytes;
      offset += bytes * rows;
    }
    check(burrow_track_push_video(pointer, frame));
  }

  /// The newest picture that is due, or null when there is no new one. Close it.
  Picture? pull() => scoped((arena) {
    final frame = arena<burrow_video_frame>();
    frame.ref.struct_size = ffi.sizeOf<burrow_video_frame>();
    return check(burrow_track_pull_video(pointer, frame)) == BURROW_OK ? Picture(frame.ref) : null;
  });

  /// Pictures as they come, for one listener, who closes each.
  Stream<Picture> get pictures => _outlet.stream;

  /// Makes the next picture one that needs no other.
  void requestKeyframe() => check(burrow_track_control(pointer, BURROW_CONTROL_KEYFRAME));

  /// Changes how it is wanted, such as the size it is shown at.
  void update({bool paused = false, int width = 0, int height = 0}) =>
      _update(TrackWish(kind: BURROW_TRACK_KIND_VIDEO, paused: paused, width: width, height: height));

  @override
  void noticed(BurrowEvent? event) => _outlet.notice(event);

  @override
  void close() {
    _outlet.notice(null);
    super.close();
  }
}
