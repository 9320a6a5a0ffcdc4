import 'dart:async';

import 'package:burrow/burrow.dart';
import 'package:flutter/foundation.dart';

/// Somebody with their groups, who can be called.
final class HomeModel extends ChangeNotifier {
  HomeModel(String nostrRelay) {
    _engine.nostr.addRelay(nostrRelay);
    _listeners.add(_engine.events.listen(_happened));
    unawaited(_open());
  }

  final Engine _engine = Engine();

  /// With a storagePath and a storageKey the identity and its groups would still be there next time.
  late final Identity me = _engine.openIdentity();
  final List<StreamSubscription<void>> _listeners = [];

  String get npub => _npub;
  String _npub = '';

  List<Group> get groups => _groups;
  List<Group> _groups = const [];

  /// A call that rings and is not taken yet.
  Call? get ringing => _ringing;
  Call? _ringing;

  Future<void> _open() async {
    await me.opened;
    _npub = formatPublicKey(me.publicKey);
    _listeners.add(me.incomingCalls.listen(_rings));
    await me.publishKeyPackage();
    _groups = me.groups;
    notifyListeners();
  }

  void _rings(Call call) {
    _ringing = call;
    call.states.listen((_) => notifyListeners(), onDone: () => taken(call));
    notifyListeners();
  }

  /// Somebody looks after a call, or it is over.
  void taken(Call call) {
    if (_ringing == call) _ringing = null;
    notifyListeners();
  }

  Future<void> _happened(BurrowEvent event) async {
    switch (event) {
      case GroupStateChanged(:final groupId, state: GroupState.invited):
        await me.openGroup(groupId).join();
      case KeyPackageUsed():
        await me.publishKeyPackage();
      case GroupEvent():
        break;
      default:
        return;
    }
    _groups = me.groups;
    notifyListeners();
  }

  @override
  void dispose() {
    for (final listener in _listeners) {
      unawaited(listener.cancel());
    }
    _engine.close();
    super.dispose();
  }
}
