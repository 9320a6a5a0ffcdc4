import 'dart:async';
import 'dart:convert';
import 'dart:ffi' as ffi;
import 'dart:typed_data';

import 'package:ffi/ffi.dart';

import 'engine.dart';
import 'errors.dart';
import 'generated/burrow_abi.dart';
import 'group.dart';
import 'native.dart';
import 'raw_event.dart';
import 'types.dart';

/// What one relay made of an event, or of a subscription.
final class RelayAnswer {
  const RelayAnswer(this.url, this.error);

  final String url;

  /// Null when it has the event.
  final BurrowException? error;
}

/// An event on its way.
final class Publication {
  Publication._();

  /// Starts it with a function of the library.
  factory Publication.start(Engine engine, int Function(ffi.Pointer<burrow_request> id) call) {
    final made = Publication._();
    made.done = engine.request(call, notice: made._notice).then((end) => end.text)..ignore();
    return made;
  }

  /// The event's id, when at least one relay has it.
  late final Future<String> done;

  /// The answers so far.
  final List<RelayAnswer> answers = [];

  void _notice(RawEvent event) {
    if (event.kind != BURROW_EVENT_NOSTR_RESULT) return;
    final error = event.status < 0 ? BurrowException.of(event.status, event.dataText) : null;
    answers.add(RelayAnswer(event.text, error));
  }
}

/// Events as they come, each once.
final class Subscription {
  Subscription._(this._engine);

  final Engine _engine;
  late final StreamController<Map<String, Object?>> _events = StreamController(onCancel: close);
  final Completer<void> _stored = Completer();
  int _id = 0;

  /// Verified events. Cancelling the listener ends the subscription.
  Stream<Map<String, Object?>> get events => _events.stream;

  /// Completes when the stored events are through.
  Future<void> get stored => _stored.future;

  /// Relays that will not serve it.
  final List<RelayAnswer> refusals = [];

  /// Wants no more events.
  void close() {
    if (_id != 0) _engine.cancel(_id);
    _id = 0;
  }

  void _notice(RawEvent event) {
    switch (event.kind) {
      case BURROW_EVENT_NOSTR_EVENT:
        _events.add(jsonDecode(event.text) as Map<String, Object?>);
      case BURROW_EVENT_NOSTR_STORED:
        if (!_stored.isCompleted) _stored.complete();
      case BURROW_EVENT_NOSTR_CLOSED:
        refusals.add(RelayAnswer(event.text, BurrowException.of(event.status, event.dataText)));
    }
  }

  void _end() {
    _id = 0;
    if (!_stored.isCompleted) _stored.complete();
    unawaited(_events.close());
  }
}

/// The Nostr relays of an engine: [Engine.nostr].
final class Nostr {
  const Nostr(this._engine);

  final Engine _engine;

  /// Connects to a relay from now on.
  void addRelay(String url, {String? rootsPem, List<List<int>> pins = const [], bool insecure = false}) =>
      scoped((arena) {
        final config = arena<burrow_nostr_relay_config>();
        check(burrow_config_init(config.cast(), ffi.sizeOf<burrow_nostr_relay_config>()));
        config.ref.flags = insecure ? BURROW_NOSTR_INSECURE : 0;
        config.ref.roots_pem = nativeTextOrNull(rootsPem, arena);
        config.ref.pins = nativeBytes(joined(pins), arena);
        config.ref.pin_count = pins.length;
        check(burrow_nostr_add_relay(_engine.pointer, nativeText(url, arena), config));
      });

  /// Leaves a relay.
  void removeRelay(String url) =>
      scoped((arena) => check(burrow_nostr_remove_relay(_engine.pointer, nativeText(url, arena))));

  /// The relays in the order in which they were added, and how they are doing.
  Map<String, NostrRelayState> get relays => scoped((arena) {
    final count = arena<ffi.Size>();
    var capacity = 8;
    while (true) {
      final array = arena<burrow_nostr_relay_info>(capacity);
      array.ref.struct_size = ffi.sizeOf<burrow_nostr_relay_info>();
      final status = burrow_nostr_list_relays(_engine.pointer, array, capacity, count);
      if (status != BURROW_ERR_BUFFER_TOO_SMALL) {
        check(status);
        return {
          for (var index = 0; index < count.value; index++)
            readArray((array + index).ref.url, BURROW_PATH_SIZE): NostrRelayState.of((array + index).ref.state),
        };
      }
      capacity = count.value + 8;
    }
  });

  /// Chooses in whose name relays are told who we are when they ask; null tells nobody.
  void authenticate(Identity? identity) =>
      check(burrow_nostr_authenticate(_engine.pointer, identity?.pointer ?? ffi.nullptr));

  /// Subscribes to what matches one of the filters (NIP-01).
  Subscription subscribe(List<Map<String, Object?>> filters, {List<String> relays = const []}) => scoped((arena) {
    final text = nativeText(jsonEncode(filters), arena);
    final urls = nativeTexts(relays, arena);
    final made = Subscription._(_engine);
    final over = _engine.request(
      (id) => burrow_nostr_subscribe(_engine.pointer, text, urls, relays.length, id),
      notice: made._notice,
      started: (id) => made._id = id,
    );
    unawaited(
      over.then((_) {}, onError: (Object error) {
        // Being cancelled is how it ends well.
        if (error is! CancelledException && !made._events.isClosed) made._events.addError(error);
      }).whenComplete(made._end),
    );
    return made;
  });

  /// Takes an event that came another way, for the subscriptions it matches and for groups.
  void ingest(String event) =>
      scoped((arena) => check(burrow_nostr_ingest(_engine.pointer, nativeText(event, arena))));

  /// Says what became of an event of NostrOutgoing.
  void published(String eventId, {required bool accepted}) => scoped(
    (arena) => check(burrow_nostr_published(_engine.pointer, nativeText(eventId, arena), accepted ? 1 : 0)),
  );

  /// Looks for a list of servers somebody has published; the best is first. Throws [NotFoundException] when there is none.
  Future<List<String>> fetchServers(List<int> publicKey, ServerList list) => scoped((arena) {
    final key = nativeKey(publicKey, arena);
    final urls = <String>[];
    final over = _engine.request(
      (id) => burrow_discovery_fetch(_engine.pointer, key, list.value, id),
      notice: (event) => urls.add(event.text),
    );
    // Who does not look at it need not catch what goes wrong.
    return over.then((_) => urls)..ignore();
  });

  /// Who made an HTTP request, by the value of its Authorization header (NIP-98). Each proof is good once.
  Uint8List checkProof(String header, String url, {String method = 'GET', List<int>? body}) => scoped((arena) {
    final key = arena<ffi.Uint8>(32);
    final memory = body == null ? ffi.nullptr.cast<ffi.Uint8>() : nativeBytes([...body, 0], arena);
    check(
      burrow_nip98_check(
        _engine.pointer,
        nativeText(header, arena),
        nativeText(url, arena),
        nativeText(method, arena),
        memory,
        body?.length ?? 0,
        key,
      ),
    );
    return Uint8List.fromList(key.asTypedList(32));
  });
}
