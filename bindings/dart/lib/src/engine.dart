import 'dart:async';
import 'dart:convert';
import 'dart:ffi' as ffi;

import 'package:ffi/ffi.dart';

import 'call.dart';
import 'errors.dart';
import 'events.dart';
import 'generated/burrow_abi.dart';
import 'group.dart';
import 'handle.dart';
import 'native.dart';
import 'nostr.dart';
import 'raw_event.dart';
import 'room.dart';
import 'track.dart';
import 'types.dart';

/// How many events are taken before other work of the isolate gets a turn.
const int _batch = 256;

/// The threads and sockets of the library, and its queue of events. One is enough for a program.
///
/// The library never calls into Dart but for one thing: a wakeup without arguments, which is sent to this isolate when
/// events begin to wait. The engine then takes them, gives completions to their futures and everything else to [events].
///
/// Call [close] when you are done; until then the isolate stays alive.
final class Engine extends Handle<burrow_engine> {
  /// Makes an engine and starts its threads. With [hostRelays] nothing connects to Nostr relays: what is to be published
  /// comes as [NostrOutgoing], and what arrives goes in with [Nostr.ingest]. With [askCalls] no call rings before [Call.admit]
  /// said so. With [privateCalls] those of others may be on relays in private networks. Through [proxy],
  /// `socks5://user:password@host:port` or `http://host:port`, relays and token services are reached.
  factory Engine({
    bool hostRelays = false,
    bool askCalls = false,
    bool privateCalls = false,
    int socketReceiveBuffer = 0,
    int socketSendBuffer = 0,
    String? proxy,
  }) => scoped((arena) {
    final config = arena<burrow_engine_config>();
    check(burrow_config_init(config.cast(), ffi.sizeOf<burrow_engine_config>()));
    config.ref.flags =
        (hostRelays ? BURROW_ENGINE_HOST_RELAYS : 0) |
        (askCalls ? BURROW_ENGINE_ASK_CALLS : 0) |
        (privateCalls ? BURROW_ENGINE_PRIVATE_CALLS : 0);
    config.ref.proxy = nativeTextOrNull(proxy, arena);
    config.ref.socket_receive_buffer = socketReceiveBuffer;
    config.ref.socket_send_buffer = socketSendBuffer;
    final out = arena<ffi.Pointer<burrow_engine>>();
    check(burrow_engine_create(config, out));
    return Engine._(out.value);
  });

  Engine._(ffi.Pointer<burrow_engine> pointer) : super(pointer, _destroy) {
    _memory.attach(this, _event.cast(), detach: this);
    final me = WeakReference(this);
    // The closure must not keep a forgotten engine alive.
    _wakeup = ffi.NativeCallable<burrow_wakeup_fnFunction>.listener(
      (ffi.Pointer<ffi.Void> _) => me.target?._drain(),
    );
    _callables.attach(this, _wakeup, detach: this);
    check(burrow_engine_set_wakeup(pointer, _wakeup.nativeFunction, ffi.nullptr));
  }

  /// Joins the threads: when it returns, the wakeup is not called any more.
  static final ffi.NativeFinalizer _destroy = ffi.NativeFinalizer(
    ffi.Native.addressOf<ffi.NativeFunction<ffi.Int32 Function(ffi.Pointer<burrow_engine>)>>(
      burrow_engine_destroy,
    ).cast(),
  );
  static final ffi.NativeFinalizer _memory = ffi.NativeFinalizer(calloc.nativeFree);
  static final Finalizer<ffi.NativeCallable<burrow_wakeup_fnFunction>> _callables = Finalizer(
    (callable) => callable.close(),
  );

  final ffi.Pointer<burrow_event> _event = calloc<burrow_event>();
  late final ffi.NativeCallable<burrow_wakeup_fnFunction> _wakeup;
  late final Finalizer<int> _forgotten = Finalizer(_objects.remove);
  final Map<int, WeakReference<Handle<ffi.NativeType>>> _objects = {};
  final Map<int, _Request> _requests = {};

  /// Calls that are not over, which go on also when nobody holds them.
  final Map<int, Call> _calls = {};
  final Set<int> _forgottenCalls = {};
  final StreamController<BurrowEvent> _events = StreamController.broadcast();
  bool _draining = false;

  /// The Nostr relays of this engine.
  late final Nostr nostr = Nostr(this);

  /// Everything that happens from now on, for any number of listeners. Completions go to their futures instead.
  Stream<BurrowEvent> get events => _events.stream;

  /// Ends everything in good order; completes when that is done.
  Future<void> shutdown() => request((id) => burrow_close(pointer.cast(), id));

  /// Tells that the device has other addresses now, or woke up.
  void networkChanged([NetworkChange change = NetworkChange.unknown]) =>
      check(burrow_engine_network_changed(pointer, change.value));

  /// Ends everything at once. Frames and pictures that are still held must not be looked at afterwards.
  @override
  void close() {
    if (isClosed) return;
    final engine = pointer;
    detach();
    _memory.detach(this);
    _callables.detach(this);
    check(burrow_engine_destroy(engine));
    // Nothing calls it any more.
    _wakeup.close();
    calloc.free(_event);
    _finish();
  }

  /// Starts connecting to a room; [Room.opened] tells how that ended. See burrow_room_config.
  Room openRoom(
    String url, {
    String? path,
    String? prefix,
    String? rootsPem,
    List<List<int>> pins = const [],
    String? serverName,
    bool insecure = false,
    bool reconnect = true,
    bool discovery = true,
    bool media = false,
    bool protected = false,
    List<int> callId = const [],
    int lastN = 0,
    Duration connectTimeout = Duration.zero,
    Duration idleTimeout = Duration.zero,
  }) => scoped((arena) {
    final config = arena<burrow_room_config>();
    check(burrow_config_init(config.cast(), ffi.sizeOf<burrow_room_config>()));
    config.ref.flags =
        (insecure ? BURROW_ROOM_INSECURE : 0) |
        (reconnect ? 0 : BURROW_ROOM_NO_RECONNECT) |
        (discovery ? 0 : BURROW_ROOM_NO_DISCOVERY) |
        (media ? BURROW_ROOM_MEDIA : 0) |
        (protected ? BURROW_ROOM_PROTECTED : 0);
    config.ref.url = nativeText(url, arena);
    config.ref.path = nativeTextOrNull(path, arena);
    config.ref.prefix = nativeTextOrNull(prefix, arena);
    config.ref.roots_pem = nativeTextOrNull(rootsPem, arena);
    config.ref.server_name = nativeTextOrNull(serverName, arena);
    config.ref.pins = nativeBytes(joined(pins), arena);
    config.ref.pin_count = pins.length;
    config.ref.call_id = nativeBytes(callId, arena);
    config.ref.call_id_len = callId.length;
    config.ref.last_n = lastN;
    config.ref.connect_timeout_ms = connectTimeout.inMilliseconds;
    config.ref.idle_timeout_ms = idleTimeout.inMilliseconds;
    final out = arena<ffi.Pointer<burrow_room>>();
    final opened = request((id) => burrow_room_open(pointer, config, out, id));
    return adopt(Room(this, out.value, opened));
  });

  /// Starts a relay inside of this engine; [Relay.started] tells when it listens. See burrow_relay_config.
  Relay startRelay({
    List<String> listen = const ['127.0.0.1:0'],
    bool open = false,
    String? certificatePem,
    String? keyPem,
    List<String> hostNames = const [],
    String? jwtKeys,
    String? publicPrefix,
  }) => scoped((arena) {
    final config = arena<burrow_relay_config>();
    check(burrow_config_init(config.cast(), ffi.sizeOf<burrow_relay_config>()));
    config.ref.flags = open ? BURROW_RELAY_OPEN : 0;
    config.ref.listen = nativeTexts(listen, arena);
    config.ref.listen_count = listen.length;
    config.ref.certificate_pem = nativeTextOrNull(certificatePem, arena);
    config.ref.key_pem = nativeTextOrNull(keyPem, arena);
    config.ref.host_names = nativeTexts(hostNames, arena);
    config.ref.host_name_count = hostNames.length;
    config.ref.jwt_keys = nativeTextOrNull(jwtKeys, arena);
    config.ref.public_prefix = nativeTextOrNull(publicPrefix, arena);
    final out = arena<ffi.Pointer<burrow_relay>>();
    final started = request((id) => burrow_relay_start(pointer, config, out, id));
    return adopt(Relay._(this, out.value, started));
  });

  /// Makes an identity: a new one, that of a [secretKey], or the one in the file at [storagePath].
  ///
  /// Without [groups] it only signs, wraps and reads. With them it has MLS groups, kept in memory or in the file, which is
  /// sealed with the 32 bytes of [storageKey].
  Identity openIdentity({String? secretKey, bool groups = true, String? storagePath, List<int>? storageKey}) =>
      scoped((arena) {
        final config = arena<burrow_identity_config>();
        check(burrow_config_init(config.cast(), ffi.sizeOf<burrow_identity_config>()));
        config.ref.storage_path = nativeTextOrNull(storagePath, arena);
        config.ref.storage_key = storageKey == null ? ffi.nullptr : nativeKey(storageKey, arena);
        final how = groups ? config : ffi.nullptr.cast<burrow_identity_config>();
        final out = arena<ffi.Pointer<burrow_identity>>();
        final key = nativeTextOrNull(secretKey, arena);
        final opened = request((id) => burrow_identity_create(pointer, key, how, out, id));
        return adopt(Identity(this, out.value, opened));
      });

  // -- for the other classes ----------------------------------------------------------------------------------

  /// Lets events about a handle find its object, as long as the host holds it.
  H adopt<H extends Handle<ffi.NativeType>>(H object) {
    _objects[object.address] = WeakReference(object);
    _forgotten.attach(object, object.address, detach: object);
    return object;
  }

  /// Starts an operation and gives its end. [notice] gets what it brings on the way, [started] its number.
  Future<RawEvent> request(
    int Function(ffi.Pointer<burrow_request> id) call, {
    void Function(RawEvent event)? notice,
    void Function(int id)? started,
  }) => scoped((arena) {
    final id = arena<ffi.Uint64>();
    check(call(id));
    started?.call(id.value);
    // Already over, and no event follows.
    if (id.value == 0) return Future.value(RawEvent(arena<burrow_event>().ref));
    final request = _Request(notice);
    _requests[id.value] = request;
    // Who does not look at it need not catch what goes wrong.
    request.completer.future.ignore();
    return request.completer.future;
  });

  /// Keeps a call until it is over.
  Call adoptCall(Call call) => _calls[call.address] = adopt(call);

  /// The host has closed a call; what is still said about it is nobody's.
  void forgetCall(int address) {
    _calls.remove(address);
    _forgottenCalls.add(address);
  }

  /// The calls that are not over.
  List<Call> get calls => List.of(_calls.values);

  /// The identity that is in a group.
  Identity? identityIn(List<int> groupId) {
    for (final object in List.of(_objects.values)) {
      final identity = object.target;
      if (identity is! Identity || identity.isClosed) continue;
      try {
        identity.openGroup(groupId).close();
        return identity;
      } on BurrowException {
        continue;
      }
    }
    return null;
  }

  /// What an event is about. Calls of others and the rooms of calls are met here for the first time.
  Handle<ffi.NativeType>? _subject(RawEvent raw) {
    final found = _objects[raw.subject]?.target;
    if (found != null || raw.subject == 0) return found;
    if (raw.kind == BURROW_EVENT_CALL_STATE || raw.kind == BURROW_EVENT_CALL_MEMBER) {
      if (_forgottenCalls.contains(raw.subject)) return null;
      final handle = ffi.Pointer<burrow_call>.fromAddress(raw.subject);
      if (burrow_retain(handle.cast()) != BURROW_OK) return null;
      return adoptCall(Call(this, handle, Future.value()));
    }
    if (raw.kind >= BURROW_EVENT_ROOM_STATE && raw.kind <= BURROW_EVENT_PROTECTION) {
      for (final call in calls) {
        // Reading it makes the room known.
        if (call.room?.address == raw.subject) return call.room;
      }
    }
    return null;
  }

  /// Asks for an operation to be given up; its future still ends.
  void cancel(int id) {
    if (!isClosed) check(burrow_request_cancel(pointer, id));
  }

  void _drain() {
    if (_draining || isClosed) return;
    _draining = true;
    try {
      for (var taken = 0; taken < _batch; taken++) {
        _event.ref.struct_size = ffi.sizeOf<burrow_event>();
        final status = burrow_engine_next_event(pointer, 0, _event);
        if (status == BURROW_AGAIN) return;
        if (status == BURROW_ERR_CLOSED) return _finish();
        check(status);
        _route(RawEvent(_event.ref));
        if (isClosed) return;
      }
      // The library wakes only a queue that was empty, so this one has to be looked at again.
      Timer.run(_drain);
    } finally {
      _draining = false;
    }
  }

  void _route(RawEvent raw) {
    if (raw.kind == BURROW_EVENT_DONE) {
      final request = _requests.remove(raw.request);
      final error = raw.error;
      if (error == null) {
        request?.completer.complete(raw);
      } else {
        request?.completer.completeError(error, StackTrace.empty);
      }
      return;
    }
    final notice = _requests[raw.request]?.notice;
    if (notice != null && raw.kind != BURROW_EVENT_NOSTR_OUT) return notice(raw);
    final subject = _subject(raw);
    final event = raw.read(subject);
    if (event == null) return;
    if (subject is Track) subject.noticed(event);
    if (subject is Call) {
      if (event is CallStateChanged && event.state.isOver) _calls.remove(subject.address);
      subject.noticed(event);
    }
    if (!_events.isClosed) _events.add(event);
  }

  /// Nothing will come any more.
  void _finish() {
    final requests = List.of(_requests.values);
    _requests.clear();
    for (final request in requests) {
      request.completer.completeError(
        const ClosedException(BURROW_ERR_CLOSED, 'the engine was closed before this was over'),
        StackTrace.empty,
      );
    }
    for (final object in List.of(_objects.values)) {
      final subject = object.target;
      if (subject is Track) subject.noticed(null);
      if (subject is Call) subject.noticed(null);
    }
    _calls.clear();
    unawaited(_events.close());
  }
}

final class _Request {
  _Request(this.notice);

  final void Function(RawEvent event)? notice;
  final Completer<RawEvent> completer = Completer();
}

/// A relay inside of this program: for development, tests and local networks.
final class Relay extends Handle<burrow_relay> {
  Relay._(this._engine, super.pointer, this.started);

  final Engine _engine;

  /// Completes when it listens, or cannot.
  final Future<void> started;

  RelayInfo get info => scoped((arena) {
    final info = arena<burrow_relay_info>();
    info.ref.struct_size = ffi.sizeOf<burrow_relay_info>();
    check(burrow_relay_info_get(pointer, info));
    return RelayInfo(
      state: RelayState.of(info.ref.state),
      address: readArray(info.ref.address, BURROW_ADDRESS_SIZE),
      port: info.ref.port,
      fingerprint: readBytes(info.ref.fingerprint, 32),
      sessions: info.ref.sessions,
      broadcasts: info.ref.broadcasts,
    );
  });

  /// Where rooms find it, from this machine.
  String get url => 'moqt://localhost:${info.port}';

  /// Everything that is counted, for dashboards.
  Map<String, Object?> statsJson() => readStatsJson(this);

  /// Takes leave of its sessions; completes when it is over. Then [close] it.
  Future<void> stop() => _engine.request((id) => burrow_close(pointer.cast(), id));
}

/// What is counted about a room or a relay. Keys may be added at any time.
Map<String, Object?> readStatsJson(Handle<ffi.NativeType> handle) {
  final text = readText((buffer, capacity, length) {
    return burrow_stats_json(handle.pointer.cast(), buffer, capacity, length);
  });
  return jsonDecode(text) as Map<String, Object?>;
}
