import 'dart:async';
import 'dart:math';

import 'package:burrow/burrow.dart';
import 'package:flutter/material.dart';

import 'call_model.dart';
import 'devices.dart';
import 'video_tile.dart';

/// A call: everybody in a grid, the controls below it.
class CallPage extends StatefulWidget {
  const CallPage({required this.call, required this.accept, super.key});

  final Call call;

  /// Whether it rings, and is to be taken.
  final bool accept;

  @override
  State<CallPage> createState() => _CallPageState();
}

class _CallPageState extends State<CallPage> {
  late final CallModel _model = CallModel(
    widget.call,
    camera: const TestCamera(),
    microphone: const TestMicrophone(),
    speaker: const SilentSpeaker(),
  );

  @override
  void initState() {
    super.initState();
    if (widget.accept) unawaited(_model.accept());
  }

  @override
  void dispose() {
    _model.dispose();
    super.dispose();
  }

  Future<void> _leave() async {
    await _model.leave();
    if (mounted) Navigator.of(context).pop();
  }

  @override
  Widget build(BuildContext context) => ListenableBuilder(
    listenable: _model,
    builder: (context, _) => Scaffold(
      body: SafeArea(
        child: Column(
          children: [
            if (_model.status.isNotEmpty) Text(_model.status, textAlign: TextAlign.center),
            Expanded(child: CallGrid(model: _model)),
            CallControls(model: _model, onLeave: _leave),
          ],
        ),
      ),
    ),
  );
}

/// As many columns as make the tiles largest.
class CallGrid extends StatelessWidget {
  const CallGrid({required this.model, super.key});

  final CallModel model;

  @override
  Widget build(BuildContext context) {
    final people = model.people;
    if (people.isEmpty) return const SizedBox.expand();
    return GridView.count(
      crossAxisCount: sqrt(people.length).ceil(),
      childAspectRatio: 16 / 9,
      mainAxisSpacing: 4,
      crossAxisSpacing: 4,
      children: [
        for (final person in people)
          VideoTile(
            key: ValueKey(person.member.path),
            track: person.video,
            name: person.name,
            isSpeaking: person.member.path == model.speaking,
            isMuted: person.member.isMuted ?? false,
          ),
      ],
    );
  }
}

/// Microphone, camera, leave.
class CallControls extends StatelessWidget {
  const CallControls({required this.model, required this.onLeave, super.key});

  final CallModel model;
  final VoidCallback onLeave;

  @override
  Widget build(BuildContext context) => Padding(
    padding: const EdgeInsets.all(12),
    child: Row(
      mainAxisAlignment: MainAxisAlignment.center,
      spacing: 24,
      children: [
        IconButton.filledTonal(
          tooltip: 'Microphone',
          onPressed: model.toggleMuted,
          icon: Icon(model.isMuted ? Icons.mic_off : Icons.mic),
        ),
        IconButton.filledTonal(
          tooltip: 'Camera',
          onPressed: model.toggleCamera,
          icon: Icon(model.isCameraOn ? Icons.videocam : Icons.videocam_off),
        ),
        IconButton.filled(tooltip: 'Leave', onPressed: onLeave, icon: const Icon(Icons.call_end)),
      ],
    ),
  );
}
