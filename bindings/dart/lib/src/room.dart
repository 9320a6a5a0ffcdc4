import 'dart:async';
import 'dart:ffi' as ffi;

import 'package:ffi/ffi.dart';

import 'engine.dart';
import 'generated/burrow_abi.dart';
import 'handle.dart';
import 'media.dart';
import 'native.dart';
import 'track.dart';
import 'types.dart';

/// Somebody who announces a broadcast in a room.
final class Participant {
  const Participant(this.id, this.path, [this.joined = Duration.zero]);

  /// Stays the same when this path comes back.
  final int id;

  /// The path, for subscribing.
  final String path;

  /// Since when, in what [Room.participants] gives.
  final Duration joined;

  @override
  bool operator ==(Object other) => other is Participant && other.id == id && other.path == path;

  @override
  int get hashCode => Object.hash(id, path);

  @override
  String toString() => 'participant $id at $path';
}

/// One connection to a relay, kept up by the library. Made by [Engine.openRoom].
///
/// Tracks may be published and subscribed right away.
final class Room extends Handle<burrow_room> {
  Room(this.engine, super.pointer, this.opened);

  final Engine engine;

  /// Completes when the first connection stands, or cannot be made.
  final Future<void> opened;

  final Scratch _samples = Scratch();

  RoomInfo get info => scoped((arena) {
    final info = arena<burrow_room_info>();
    info.ref.struct_size = ffi.sizeOf<burrow_room_info>();
    check(burrow_room_info_get(pointer, info));
    return RoomInfo(
      state: RoomState.of(info.ref.state),
      status: info.ref.status,
      text: readArray(info.ref.text, BURROW_TEXT_SIZE),
      path: readArray(info.ref.path, BURROW_PATH_SIZE),
      remoteAddress: readArray(info.ref.remote_address, BURROW_ADDRESS_SIZE),
      participants: info.ref.participant_count,
      tracks: info.ref.track_count,
      reconnects: info.ref.reconnects,
    );
  });

  RoomStats get stats => scoped((arena) {
    final stats = arena<burrow_room_stats>();
    stats.ref.struct_size = ffi.sizeOf<burrow_room_stats>();
    check(burrow_room_stats_get(pointer, stats));
    return RoomStats(
      roundTrip: Duration(microseconds: stats.ref.rtt_us),
      sendRate: stats.ref.send_rate_bps,
      sentBytes: stats.ref.sent_bytes,
      receivedBytes: stats.ref.received_bytes,
      lostPackets: stats.ref.lost_packets,
      forgedFrames: stats.ref.forged_frames,
      sealingEpoch: stats.ref.sealing_epoch,
    );
  });

  /// Everything that is counted, for dashboards.
  Map<String, Object?> statsJson() => readStatsJson(this);

  /// Everybody who is in the room now, ourselves not counted.
  List<Participant> get participants => scoped((arena) {
    final count = arena<ffi.Size>();
    var capacity = 16;
    while (true) {
      final array = arena<burrow_participant>(capacity);
      array.ref.struct_size = ffi.sizeOf<burrow_participant>();
      final status = burrow_room_participants(pointer, array, capacity, count);
      if (status != BURROW_ERR_BUFFER_TOO_SMALL) {
        check(status);
        return [
          for (var index = 0; index < count.value; index++)
            Participant(
              (array + index).ref.id,
              readArray((array + index).ref.path, BURROW_PATH_SIZE),
              Duration(microseconds: (array + index).ref.joined_us),
            ),
        ];
      }
      capacity = count.value + 16;
    }
  });

  /// What somebody offers, as far as the catalogue is known.
  List<MediaOffer> media(String path) => scoped((arena) {
    final count = arena<ffi.Size>();
    final whose = nativeText(path, arena);
    var capacity = 8;
    while (true) {
      final array = arena<burrow_media_info>(capacity);
      array.ref.struct_size = ffi.sizeOf<burrow_media_info>();
      final status = burrow_room_media(pointer, whose, array, capacity, count);
      if (status != BURROW_ERR_BUFFER_TOO_SMALL) {
        check(status);
        return [for (var index = 0; index < count.value; index++) _offer((array + index).ref)];
      }
      capacity = count.value + 8;
    }
  });

  MediaOffer _offer(burrow_media_info info) => MediaOffer(
    isVideo: info.kind == BURROW_TRACK_KIND_VIDEO,
    isSupported: info.is_supported != 0,
    name: readArray(info.name, BURROW_NAME_SIZE),
    codec: readArray(info.codec, BURROW_ADDRESS_SIZE),
    bitrate: info.bitrate_bps,
    width: info.width,
    height: info.height,
    sampleRate: info.sample_rate,
    channels: info.channels,
  );

  /// Gives a protected room the secret of a new epoch; with [removal] it is used at once.
  void setKey(int epoch, List<int> secret, {bool removal = false}) => scoped((arena) {
    final memory = nativeBytes(secret, arena);
    try {
      final flags = removal ? BURROW_KEY_REMOVAL : 0;
      check(burrow_protection_set_key(pointer.cast(), epoch, memory, secret.length, flags));
    } finally {
      memory.asTypedList(secret.length).fillRange(0, secret.length, 0);
    }
  });

  /// Forgets an epoch at once. Usually epochs go by themselves in time.
  void forgetKey(int epoch) =>
      check(burrow_protection_set_key(pointer.cast(), epoch, ffi.nullptr, 0, BURROW_KEY_FORGET));

  // -- tracks -------------------------------------------------------------------------------------------------

  /// Publishes a track of bytes in our own broadcast.
  DataTrack publish(String name, {int priority = 0, Duration maxAge = Duration.zero, bool latestOnly = false}) =>
      engine.adopt(
        DataTrack(this, _publish(BURROW_TRACK_KIND_DATA, name, null, priority, maxAge, latestOnly: latestOnly)),
      );

  /// Publishes a microphone: push samples to it.
  AudioTrack publishAudio({String? name, Encoding encoding = const Encoding(), int priority = 0}) =>
      engine.adopt(AudioTrack(this, _publish(BURROW_TRACK_KIND_AUDIO, name, encoding, priority, Duration.zero)));

  /// Publishes a camera: push pictures to it.
  VideoTrack publishVideo({String? name, Encoding encoding = const Encoding(), int priority = 0}) =>
      engine.adopt(VideoTrack(this, _publish(BURROW_TRACK_KIND_VIDEO, name, encoding, priority, Duration.zero)));

  /// Publishes sound or pictures that the host encodes itself: push packets of Opus, or access units of H.264 in Annex B.
  /// [EncodingWanted] says what is wanted of the encoder.
  DataTrack publishEncoded({
    required bool isVideo,
    String? name,
    Encoding encoding = const Encoding(),
    int priority = 0,
  }) {
    final kind = isVideo ? BURROW_TRACK_KIND_VIDEO : BURROW_TRACK_KIND_AUDIO;
    return engine.adopt(DataTrack(this, _publish(kind, name, encoding, priority, Duration.zero, hostCodec: true)));
  }

  ffi.Pointer<burrow_track> _publish(
    int kind,
    String? name,
    Encoding? encoding,
    int priority,
    Duration maxAge, {
    bool latestOnly = false,
    bool hostCodec = false,
  }) => scoped((arena) {
    final config = arena<burrow_track_config>();
    check(burrow_config_init(config.cast(), ffi.sizeOf<burrow_track_config>()));
    config.ref.flags = (latestOnly ? BURROW_TRACK_LATEST_ONLY : 0) | (hostCodec ? BURROW_TRACK_HOST_CODEC : 0);
    config.ref.name = nativeTextOrNull(name, arena);
    config.ref.kind = kind;
    config.ref.priority = priority;
    config.ref.max_age_ms = maxAge.inMilliseconds;
    config.ref.encoding = encoding?.write(arena) ?? ffi.nullptr;
    final out = arena<ffi.Pointer<burrow_track>>();
    check(burrow_track_publish(pointer, config, out));
    return out.value;
  });

  /// Subscribes to a track of bytes of somebody's broadcast, announced yet or not.
  DataTrack subscribe(String path, String name, {int priority = 0, Duration maxAge = Duration.zero}) => engine.adopt(
    DataTrack(
      this,
      _subscribe(path, name, TrackWish(kind: BURROW_TRACK_KIND_DATA, priority: priority, maxAge: maxAge)),
    ),
  );

  /// Subscribes to somebody's sound, once: pull it, or [mixAudio] of the room.
  AudioTrack subscribeAudio(String path, {String? name, int gainPercent = 0, bool paused = false}) => engine.adopt(
    AudioTrack(
      this,
      _subscribe(path, name, TrackWish(kind: BURROW_TRACK_KIND_AUDIO, gainPercent: gainPercent, paused: paused)),
    ),
  );

  /// Subscribes to somebody's pictures, once, in a rendition that fits the size they are shown at.
  VideoTrack subscribeVideo(String path, {String? name, int width = 0, int height = 0, bool paused = false}) =>
      engine.adopt(
        VideoTrack(
          this,
          _subscribe(
            path,
            name,
            TrackWish(kind: BURROW_TRACK_KIND_VIDEO, width: width, height: height, paused: paused),
          ),
        ),
      );

  /// Subscribes to somebody's sound or pictures, once, as they are encoded: packets of Opus, or access units of H.264 in
  /// Annex B, for a decoder of the host.
  DataTrack subscribeEncoded(String path, {required bool isVideo, String? name, int width = 0, int height = 0}) {
    final kind = isVideo ? BURROW_TRACK_KIND_VIDEO : BURROW_TRACK_KIND_AUDIO;
    final wish = TrackWish(kind: kind, width: width, height: height, hostCodec: true);
    return engine.adopt(DataTrack(this, _subscribe(path, name, wish)));
  }

  ffi.Pointer<burrow_track> _subscribe(String path, String? name, TrackWish wish) => scoped((arena) {
    final out = arena<ffi.Pointer<burrow_track>>();
    final which = nativeTextOrNull(name, arena);
    check(burrow_track_subscribe(pointer, nativeText(path, arena), which, wish.write(arena), out));
    return out.value;
  });

  /// The sum of all subscribed sound, for the loudspeaker. Pulling is the clock: call it as often as it is played.
  Sound mixAudio(int frames, {int sampleRate = 48000, int channels = 2}) => pullSound(
    (io) => burrow_room_mix_audio(pointer, io),
    _samples,
    frames: frames,
    sampleRate: sampleRate,
    channels: channels,
  );

  /// Ends all tracks and says farewell; completes when it is over. Then [close] it.
  Future<void> leave() => engine.request((id) => burrow_close(pointer.cast(), id));

  @override
  void close() {
    _samples.free();
    super.close();
  }
}
