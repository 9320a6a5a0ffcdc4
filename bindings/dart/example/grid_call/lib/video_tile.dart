import 'dart:async';
import 'dart:ui' as ui;

import 'package:burrow/burrow.dart';
import 'package:flutter/material.dart';

/// Somebody's pictures with their name, framed while they speak.
class VideoTile extends StatefulWidget {
  const VideoTile({required this.track, required this.name, required this.isSpeaking, this.isMuted = false, super.key});

  final VideoTrack track;
  final String name;
  final bool isSpeaking;

  /// As they say.
  final bool isMuted;

  @override
  State<VideoTile> createState() => _VideoTileState();
}

class _VideoTileState extends State<VideoTile> {
  StreamSubscription<Picture>? _pictures;
  ui.Image? _image;
  bool _decoding = false;
  (int, int) _asked = (0, 0);

  @override
  void initState() {
    super.initState();
    _pictures = widget.track.pictures.listen(_show, onError: (Object _) {});
  }

  @override
  void dispose() {
    unawaited(_pictures?.cancel());
    _image?.dispose();
    super.dispose();
  }

  void _show(Picture picture) {
    final (width, height) = picture.upright;
    // What comes while the one before is still on its way to the screen is skipped; the loan ends at once either way.
    final pixels = _decoding ? null : picture.toRgba();
    picture.close();
    if (pixels == null) return;
    _decoding = true;
    ui.decodeImageFromPixels(pixels, width, height, ui.PixelFormat.rgba8888, (image) {
      _decoding = false;
      if (!mounted) return image.dispose();
      setState(() {
        _image?.dispose();
        _image = image;
      });
    });
  }

  /// Asks for the size it is shown at, so that nobody sends more.
  void _ask(BoxConstraints size, double pixelRatio) {
    final asked = ((size.maxWidth * pixelRatio).round(), (size.maxHeight * pixelRatio).round());
    if (asked == _asked || widget.track.isClosed) return;
    _asked = asked;
    widget.track.update(width: asked.$1, height: asked.$2);
  }

  @override
  Widget build(BuildContext context) => LayoutBuilder(
    builder: (context, size) {
      _ask(size, MediaQuery.devicePixelRatioOf(context));
      return DecoratedBox(
        position: DecorationPosition.foreground,
        decoration: BoxDecoration(
          border: Border.all(width: 3, color: widget.isSpeaking ? Colors.tealAccent : Colors.transparent),
        ),
        child: Stack(
          fit: StackFit.expand,
          children: [
            const ColoredBox(color: Colors.black),
            RawImage(image: _image, fit: BoxFit.cover),
            Positioned(left: 8, bottom: 8, child: Text(widget.name)),
            if (widget.isMuted) const Positioned(right: 8, bottom: 8, child: Icon(Icons.mic_off)),
          ],
        ),
      );
    },
  );
}
