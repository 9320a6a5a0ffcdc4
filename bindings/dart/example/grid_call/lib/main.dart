import 'package:burrow/burrow.dart';
import 'package:flutter/material.dart';

import 'call_page.dart';
import 'home_model.dart';

void main() => runApp(const GridCallApp());

/// Asks for a Nostr relay, then shows our groups, each of which can be called.
class GridCallApp extends StatelessWidget {
  const GridCallApp({super.key});

  @override
  Widget build(BuildContext context) => MaterialApp(
    title: 'Grid call',
    theme: ThemeData(colorSchemeSeed: Colors.teal, brightness: Brightness.dark),
    home: const RelayPage(),
  );
}

class RelayPage extends StatefulWidget {
  const RelayPage({super.key});

  @override
  State<RelayPage> createState() => _RelayPageState();
}

class _RelayPageState extends State<RelayPage> {
  final TextEditingController _relay = TextEditingController(text: 'ws://localhost:8080');

  @override
  void dispose() {
    _relay.dispose();
    super.dispose();
  }

  void _go() => Navigator.of(
    context,
  ).push(MaterialPageRoute<void>(builder: (context) => HomePage(nostrRelay: _relay.text)));

  @override
  Widget build(BuildContext context) => Scaffold(
    body: Center(
      child: SizedBox(
        width: 360,
        child: Column(
          mainAxisSize: MainAxisSize.min,
          children: [
            TextField(controller: _relay, decoration: const InputDecoration(labelText: 'Nostr relay')),
            const SizedBox(height: 24),
            FilledButton(onPressed: _go, child: const Text('Go')),
          ],
        ),
      ),
    ),
  );
}

/// Who we are, our groups, and a call that rings.
class HomePage extends StatefulWidget {
  const HomePage({required this.nostrRelay, super.key});

  final String nostrRelay;

  @override
  State<HomePage> createState() => _HomePageState();
}

class _HomePageState extends State<HomePage> {
  late final HomeModel _model = HomeModel(widget.nostrRelay);

  @override
  void dispose() {
    _model.dispose();
    super.dispose();
  }

  void _open(Call call, {required bool accept}) {
    _model.taken(call);
    Navigator.of(context).push(MaterialPageRoute<void>(builder: (context) => CallPage(call: call, accept: accept)));
  }

  @override
  Widget build(BuildContext context) => ListenableBuilder(
    listenable: _model,
    builder: (context, _) {
      final ringing = _model.ringing;
      return Scaffold(
        body: SafeArea(
          child: Column(
            children: [
              SelectableText(_model.npub),
              if (ringing != null)
                Row(
                  mainAxisAlignment: MainAxisAlignment.center,
                  spacing: 24,
                  children: [
                    Text('${ringing.group?.info.name} calls'),
                    FilledButton(onPressed: () => _open(ringing, accept: true), child: const Text('Accept')),
                    FilledButton(onPressed: ringing.decline, child: const Text('Decline')),
                  ],
                ),
              for (final group in _model.groups)
                ListTile(
                  title: Text(group.info.name),
                  subtitle: Text('${group.info.members} members'),
                  trailing: const Icon(Icons.videocam),
                  onTap: () => _open(_model.me.startCall(group, video: true), accept: false),
                ),
            ],
          ),
        ),
      );
    },
  );
}
