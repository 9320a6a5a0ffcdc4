import 'dart:async';
import 'dart:math';
import 'dart:typed_data';

import 'package:burrow/burrow.dart';

/// A picture in three planes that follow each other (I420).
final class RawPicture {
  const RawPicture(this.planes, this.width, this.height);

  final Uint8List planes;
  final int width;
  final int height;
}

/// Where pictures come from. Devices are the host's: put a camera plugin behind this.
abstract interface class Camera {
  Stream<RawPicture> get pictures;
}

/// Where sound comes from.
abstract interface class Microphone {
  int get sampleRate;

  Stream<Int16List> get samples;
}

/// Where sound goes to.
abstract interface class Speaker {
  void play(Sound sound);
}

/// A bar that moves over a grey field.
final class TestCamera implements Camera {
  const TestCamera();

  static const int _width = 640;
  static const int _height = 360;

  @override
  Stream<RawPicture> get pictures => Stream.periodic(const Duration(milliseconds: 33), _draw);

  RawPicture _draw(int number) {
    const pixels = _width * _height;
    final planes = Uint8List(pixels * 3 ~/ 2)..fillRange(pixels, pixels * 3 ~/ 2, 128);
    final left = number * 4 % (_width - 40);
    for (var row = 0; row < _height; row++) {
      final start = row * _width;
      planes
        ..fillRange(start, start + _width, 60)
        ..fillRange(start + left, start + left + 40, 200);
    }
    return RawPicture(planes, _width, _height);
  }
}

/// A tone that comes and goes.
final class TestMicrophone implements Microphone {
  const TestMicrophone();

  @override
  int get sampleRate => 48000;

  @override
  Stream<Int16List> get samples => Stream.periodic(const Duration(milliseconds: 20), (number) {
    final loud = number % 100 < 50 ? 6000 : 0;
    return Int16List.fromList([
      for (var index = 0; index < 960; index++) (loud * sin(2 * pi * 440 * index / 48000)).round(),
    ]);
  });
}

/// Plays nothing.
final class SilentSpeaker implements Speaker {
  const SilentSpeaker();

  @override
  void play(Sound sound) {}
}
