import 'dart:ffi' as ffi;
import 'dart:typed_data';

import 'package:ffi/ffi.dart';

import 'generated/burrow_abi.dart';
import 'handle.dart';
import 'native.dart';

/// How samples or pictures are encoded. 0 is the default.
final class Encoding {
  const Encoding({
    this.bitrate = 0,
    this.channels = 0,
    this.frame = Duration.zero,
    this.music = false,
    this.dtx = false,
    this.fec = false,
    this.fixed = false,
    this.width = 0,
    this.height = 0,
    this.frameRate = 0,
    this.keyframeInterval = Duration.zero,
    this.renditions = 0,
    this.packetsPerGroup = 0,
  });

  /// Bits per second at most.
  final int bitrate;
  final int channels;

  /// How much sound is in one packet.
  final Duration frame;
  final bool music;
  final bool dtx;
  final bool fec;

  /// Stay as it is, whatever the line carries.
  final bool fixed;
  final int width;
  final int height;
  final int frameRate;
  final Duration keyframeInterval;

  /// How many sizes are offered, each about half as large as the one before.
  final int renditions;

  /// How many packets of sound go into one group of the track.
  final int packetsPerGroup;

  /// The struct of the header, in memory of [allocator].
  ffi.Pointer<burrow_encoding> write(ffi.Allocator allocator) {
    final raw = allocator<burrow_encoding>();
    check(burrow_config_init(raw.cast(), ffi.sizeOf<burrow_encoding>()));
    raw.ref.flags =
        (music ? BURROW_ENCODING_MUSIC : 0) |
        (dtx ? BURROW_ENCODING_DTX : 0) |
        (fec ? BURROW_ENCODING_FEC : 0) |
        (fixed ? BURROW_ENCODING_FIXED : 0);
    raw.ref.bitrate_bps = bitrate;
    raw.ref.channels = channels;
    raw.ref.frame_ms = frame.inMilliseconds;
    raw.ref.width = width;
    raw.ref.height = height;
    raw.ref.frame_rate = frameRate;
    raw.ref.keyframe_interval_ms = keyframeInterval.inMilliseconds;
    raw.ref.renditions = renditions;
    raw.ref.packets_per_group = packetsPerGroup;
    return raw;
  }
}

/// Formats of pictures.
enum PixelFormat {
  i420(BURROW_VIDEO_I420),
  nv12(BURROW_VIDEO_NV12),
  nv21(BURROW_VIDEO_NV21),
  rgba(BURROW_VIDEO_RGBA),
  bgra(BURROW_VIDEO_BGRA);

  const PixelFormat(this.value);
  final int value;

  /// The bytes of a row and the number of rows of each plane.
  List<(int, int)> planes(int width, int height) {
    final (w, h) = ((width + 1) ~/ 2, (height + 1) ~/ 2);
    return switch (this) {
      i420 => [(width, height), (w, h), (w, h)],
      nv12 || nv21 => [(width, height), (2 * w, h)],
      rgba || bgra => [(4 * width, height)],
    };
  }
}

/// Samples that were pulled, 16 bits each, interleaved when there are two channels.
final class Sound {
  const Sound(this.samples, {required this.sampleRate, required this.channels, required this.flags, required this.time});

  final Int16List samples;
  final int sampleRate;
  final int channels;
  final int flags;

  /// When the first sample was recorded, on the sender's clock.
  final Duration time;

  /// At least a part was made up because packets are missing.
  bool get isConcealed => flags & BURROW_AUDIO_CONCEALED != 0;

  /// Nothing is being said.
  bool get isSilent => flags & BURROW_AUDIO_SILENT != 0;
}

/// Pulls samples into a list of Dart's. [memory] is used for each call anew.
Sound pullSound(
  int Function(ffi.Pointer<burrow_audio_frame> io) pull,
  Scratch memory, {
  required int frames,
  required int sampleRate,
  required int channels,
}) {
  final header = ffi.sizeOf<burrow_audio_frame>();
  final frame = memory.take(header + frames * channels * 2).cast<burrow_audio_frame>();
  final samples = ffi.Pointer<ffi.Int16>.fromAddress(frame.address + header);
  frame.ref.struct_size = header;
  frame.ref.format = BURROW_AUDIO_S16;
  frame.ref.sample_rate = sampleRate;
  frame.ref.channels = channels;
  frame.ref.frames = frames;
  frame.ref.flags = 0;
  frame.ref.timestamp_us = 0;
  frame.ref.samples = samples.cast();
  check(pull(frame));
  return Sound(
    Int16List.fromList(samples.asTypedList(frames * channels)),
    sampleRate: sampleRate,
    channels: channels,
    flags: frame.ref.flags,
    time: Duration(microseconds: frame.ref.timestamp_us),
  );
}

/// Memory of the library that is on loan: give it back with [close] as soon as you can. What you forget goes back when it
/// is collected, which may be late.
abstract base class Loan extends Handle<burrow_buffer> {
  Loan(super.pointer);

  /// Looks at lent memory. What comes of it must not be used after [close].
  Uint8List view(ffi.Pointer<ffi.Uint8> memory, int length) {
    if (pointer == ffi.nullptr || length == 0) return Uint8List(0);
    return memory.asTypedList(length);
  }
}

/// A received frame of a data track. A track lends 64 at a time.
final class Frame extends Loan {
  Frame(burrow_encoded_frame raw)
    : _data = raw.data,
      _length = raw.len,
      flags = raw.flags,
      group = raw.group,
      sequence = raw.sequence,
      time = Duration(microseconds: raw.timestamp_us),
      super(raw.buffer);

  final ffi.Pointer<ffi.Uint8> _data;
  final int _length;
  final int flags;

  /// The number of its group, and its position in there.
  final int group;
  final int sequence;

  /// When it was captured, on the publisher's clock.
  final Duration time;

  /// The bytes, until [close].
  Uint8List get data => view(_data, _length);

  /// A copy that stays.
  Uint8List toBytes() => Uint8List.fromList(data);

  /// Whether it starts a group.
  bool get isKey => flags & BURROW_FRAME_KEY != 0;

  /// Whether frames before it are missing.
  bool get isDiscontinuity => flags & BURROW_FRAME_DISCONTINUITY != 0;
}

/// A received picture in three planes (I420). A track lends three at a time.
final class Picture extends Loan {
  Picture(burrow_video_frame raw)
    : width = raw.width,
      height = raw.height,
      rotation = raw.rotation,
      color = raw.color,
      time = Duration(microseconds: raw.timestamp_us),
      _planes = [for (var index = 0; index < 3; index++) raw.plane[index]],
      strides = [for (var index = 0; index < 3; index++) raw.stride[index]],
      super(raw.buffer);

  final int width;
  final int height;

  /// How far it has to be turned clockwise to be upright, in degrees.
  final int rotation;

  /// BURROW_COLOR_ bits.
  final int color;

  /// When it was taken, on the sender's clock.
  final Duration time;
  final List<ffi.Pointer<ffi.Uint8>> _planes;

  /// Bytes from one row to the next.
  final List<int> strides;

  /// The planes, until [close].
  List<Uint8List> get planes => [
    for (final (index, (_, rows)) in PixelFormat.i420.planes(width, height).indexed)
      view(_planes[index], strides[index] * rows),
  ];

  /// The size of the upright picture.
  (int, int) get upright => rotation % 180 == 0 ? (width, height) : (height, width);

  /// A copy, upright, as an image widget takes it; scaled when a size is given.
  Uint8List toRgba({int width = 0, int height = 0}) => scoped((arena) {
    final (wide, high) = upright;
    final (w, h) = (width == 0 ? wide : width, height == 0 ? high : height);
    final source = arena<burrow_video_frame>();
    source.ref.struct_size = ffi.sizeOf<burrow_video_frame>();
    source.ref.format = BURROW_VIDEO_I420;
    source.ref.width = this.width;
    source.ref.height = this.height;
    source.ref.rotation = rotation;
    source.ref.color = color;
    for (var index = 0; index < 3; index++) {
      source.ref.plane[index] = _planes[index];
      source.ref.stride[index] = strides[index];
    }
    final target = arena<burrow_video_frame>();
    final pixels = arena<ffi.Uint8>(w * h * 4);
    target.ref.struct_size = ffi.sizeOf<burrow_video_frame>();
    target.ref.format = BURROW_VIDEO_RGBA;
    target.ref.width = w;
    target.ref.height = h;
    target.ref.plane[0] = pixels;
    target.ref.stride[0] = w * 4;
    // Looking at it says whether it is still ours.
    if (pointer != ffi.nullptr) check(burrow_video_frame_convert(source, target));
    return Uint8List.fromList(pixels.asTypedList(w * h * 4));
  });
}

/// One rendition of audio or video that somebody offers.
final class MediaOffer {
  const MediaOffer({
    required this.isVideo,
    required this.isSupported,
    required this.name,
    required this.codec,
    required this.bitrate,
    required this.width,
    required this.height,
    required this.sampleRate,
    required this.channels,
  });

  final bool isVideo;

  /// Whether it can be decoded here.
  final bool isSupported;
  final String name;
  final String codec;
  final int bitrate;
  final int width;
  final int height;
  final int sampleRate;
  final int channels;
}

/// How audio or video of a track goes.
final class MediaStats {
  const MediaStats({
    required this.width,
    required this.height,
    required this.bitrate,
    required this.frameRate,
    required this.level,
    required this.isVoice,
    required this.delay,
    required this.frames,
    required this.lateFrames,
    required this.freezes,
    required this.concealed,
  });

  final int width;
  final int height;
  final int bitrate;
  final int frameRate;

  /// Loudness now: 0 is silence, 127 as loud as can be.
  final int level;
  final bool isVoice;
  final Duration delay;
  final int frames;
  final int lateFrames;
  final int freezes;
  final Duration concealed;
}
