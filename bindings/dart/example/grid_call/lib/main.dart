import 'package:flutter/material.dart';

import 'call_page.dart';

void main() => runApp(const GridCallApp());

/// Asks where to, then shows the call.
class GridCallApp extends StatelessWidget {
  const GridCallApp({super.key});

  @override
  Widget build(BuildContext context) => MaterialApp(
    title: 'Grid call',
    theme: ThemeData(colorSchemeSeed: Colors.teal, brightness: Brightness.dark),
    home: const JoinPage(),
  );
}

/// The relay, the room and our name in it.
class JoinPage extends StatefulWidget {
  const JoinPage({super.key});

  @override
  State<JoinPage> createState() => _JoinPageState();
}

class _JoinPageState extends State<JoinPage> {
  final TextEditingController _relay = TextEditingController(text: 'moqt://localhost:4443');
  final TextEditingController _room = TextEditingController(text: 'demo');
  final TextEditingController _name = TextEditingController(text: 'alice');

  @override
  void dispose() {
    for (final field in [_relay, _room, _name]) {
      field.dispose();
    }
    super.dispose();
  }

  void _join() {
    final destination = Destination(relay: _relay.text, room: _room.text, name: _name.text);
    Navigator.of(context).push(MaterialPageRoute<void>(builder: (context) => CallPage(destination: destination)));
  }

  @override
  Widget build(BuildContext context) => Scaffold(
    body: Center(
      child: SizedBox(
        width: 360,
        child: Column(
          mainAxisSize: MainAxisSize.min,
          children: [
            TextField(controller: _relay, decoration: const InputDecoration(labelText: 'Relay')),
            TextField(controller: _room, decoration: const InputDecoration(labelText: 'Room')),
            TextField(controller: _name, decoration: const InputDecoration(labelText: 'Your name')),
            const SizedBox(height: 24),
            FilledButton(onPressed: _join, child: const Text('Join')),
          ],
        ),
      ),
    ),
  );
}
