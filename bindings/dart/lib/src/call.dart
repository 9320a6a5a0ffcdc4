import 'dart:async';
import 'dart:ffi' as ffi;

import 'package:ffi/ffi.dart';

import 'engine.dart';
import 'events.dart';
import 'generated/burrow_abi.dart';
import 'group.dart';
import 'handle.dart';
import 'native.dart';
import 'room.dart';

/// Where a call stands.
enum CallState {
  unknown(0),
  outgoing(BURROW_CALL_OUTGOING),
  incoming(BURROW_CALL_INCOMING),
  connecting(BURROW_CALL_CONNECTING),
  active(BURROW_CALL_ACTIVE),
  ending(BURROW_CALL_ENDING),
  ended(BURROW_CALL_ENDED),
  failed(BURROW_CALL_FAILED),

  /// It goes on in a group without us: accept() joins it.
  available(BURROW_CALL_AVAILABLE),

  /// Somebody calls, and [Call.admit] is to say what becomes of it.
  asked(BURROW_CALL_ASKED);

  const CallState(this.value);
  factory CallState.of(int value) => values.firstWhere((state) => state.value == value, orElse: () => unknown);
  final int value;

  bool get isOver => this == ended || this == failed;
}

/// More about a state.
enum CallDetail {
  none(0),
  publishing(BURROW_CALL_PUBLISHING),
  sent(BURROW_CALL_SENT),
  remoteRinging(BURROW_CALL_REMOTE_RINGING),
  ringing(BURROW_CALL_RINGING),
  silent(BURROW_CALL_SILENTLY),
  relay(BURROW_CALL_RELAY),
  waitingMedia(BURROW_CALL_WAITING_MEDIA),
  alone(BURROW_CALL_ALONE),
  ok(BURROW_CALL_OK),
  reconnecting(BURROW_CALL_RECONNECTING);

  const CallDetail(this.value);
  factory CallDetail.of(int value) => values.firstWhere((detail) => detail.value == value, orElse: () => none);
  final int value;
}

/// Why a call is over.
enum CallReason {
  none(BURROW_CALL_REASON_NONE),
  hangup(BURROW_CALL_REASON_HANGUP),
  declined(BURROW_CALL_REASON_DECLINED),
  busy(BURROW_CALL_REASON_BUSY),
  timeout(BURROW_CALL_REASON_TIMEOUT),
  cancelled(BURROW_CALL_REASON_CANCELLED),
  answeredElsewhere(BURROW_CALL_REASON_ANSWERED_ELSEWHERE),
  declinedElsewhere(BURROW_CALL_REASON_DECLINED_ELSEWHERE),
  glare(BURROW_CALL_REASON_GLARE),
  failed(BURROW_CALL_REASON_FAILED),
  relayUnreachable(BURROW_CALL_REASON_RELAY_UNREACHABLE),
  unsupported(BURROW_CALL_REASON_UNSUPPORTED),
  authFailed(BURROW_CALL_REASON_AUTH_FAILED),
  removed(BURROW_CALL_REASON_REMOVED),
  publishFailed(BURROW_CALL_REASON_PUBLISH_FAILED),
  unknown(BURROW_CALL_REASON_UNKNOWN),
  remoteHangup(BURROW_CALL_REASON_REMOTE_HANGUP),
  missed(BURROW_CALL_REASON_MISSED),
  mediaFailed(BURROW_CALL_REASON_MEDIA_FAILED),
  keysUnavailable(BURROW_CALL_REASON_KEYS_UNAVAILABLE);

  const CallReason(this.value);
  factory CallReason.of(int value) => values.firstWhere((reason) => reason.value == value, orElse: () => unknown);
  final int value;
}

/// What becomes of a call that the host was asked about.
enum Admission {
  ring(BURROW_CALL_ADMIT_RING),

  /// It may be accepted, and nobody is disturbed.
  silence(BURROW_CALL_ADMIT_SILENCE),
  drop(BURROW_CALL_ADMIT_DROP);

  const Admission(this.value);
  final int value;
}

/// A snapshot of a call.
final class CallInfo {
  const CallInfo({
    required this.state,
    required this.detail,
    required this.reason,
    required this.isVideo,
    required this.isOutgoing,
    required this.caller,
    required this.callId,
    required this.otherId,
    required this.isPair,
    required this.groupId,
    required this.relay,
    required this.text,
    required this.started,
  });

  final CallState state;
  final CallDetail detail;
  final CallReason reason;
  final bool isVideo;
  final bool isOutgoing;

  /// The public key of who began it.
  final List<int> caller;
  final String callId;

  /// The call that took its place, or in whose place it came; empty when there is none.
  final String otherId;

  /// Whether it is a call of two, which ends for both.
  final bool isPair;

  /// For [Identity.openGroup].
  final List<int> groupId;

  /// The MoQ relay in use; empty until one was chosen.
  final String relay;
  final String text;

  /// Since when it is active, on the clock of `now`; zero before.
  final Duration started;
}

/// Somebody in a call with one of their devices.
final class CallMember {
  const CallMember({
    required this.publicKey,
    required this.device,
    required this.path,
    required this.id,
    required this.isMuted,
    required this.hasVideo,
    required this.isPresent,
    required this.isAnnounced,
  });

  final List<int> publicKey;
  final String device;

  /// The broadcast in the room, for subscribing; empty until it is known.
  final String path;

  /// The number of the broadcast in events of the room; 0 while it is not announced.
  final int id;

  /// Null while they have not said.
  final bool? isMuted;
  final bool? hasVideo;

  /// In the call for all we know.
  final bool isPresent;

  /// The broadcast is there.
  final bool isAnnounced;
}

/// How the relay of a call is reached and trusted.
final class CallConnection {
  const CallConnection({
    this.rootsPem,
    this.pins = const [],
    this.insecure = false,
    this.tokenService,
    this.lastN = 0,
    this.graceTime = Duration.zero,
  });

  final String? rootsPem;

  /// SHA-256 of acceptable certificates, 32 bytes each.
  final List<List<int>> pins;

  /// Accept any certificate: for tests only.
  final bool insecure;

  /// Makes tokens when the relay asks for one.
  final String? tokenService;

  /// Of how many people pictures are received at most; 0 for all.
  final int lastN;

  /// How long a lost connection is made again.
  final Duration graceTime;

  /// The configuration of the header, without a group.
  ffi.Pointer<burrow_call_config> write(Arena arena, {required bool video, required bool muted}) {
    final config = arena<burrow_call_config>();
    check(burrow_config_init(config.cast(), ffi.sizeOf<burrow_call_config>()));
    config.ref.flags = (video ? BURROW_CALL_VIDEO : 0) | (muted ? BURROW_CALL_MUTED : 0);
    config.ref.room = writeRoom(arena);
    config.ref.token_url = nativeTextOrNull(tokenService, arena);
    config.ref.grace_ms = graceTime.inMilliseconds;
    return config;
  }

  /// The part of it that is about the relay.
  ffi.Pointer<burrow_room_config> writeRoom(Arena arena) {
    final room = arena<burrow_room_config>();
    check(burrow_config_init(room.cast(), ffi.sizeOf<burrow_room_config>()));
    room.ref.flags = insecure ? BURROW_ROOM_INSECURE : 0;
    room.ref.roots_pem = nativeTextOrNull(rootsPem, arena);
    room.ref.pins = nativeBytes(joined(pins), arena);
    room.ref.pin_count = pins.length;
    room.ref.last_n = lastN;
    return room;
  }
}

/// A call of a group, of two people or of many. Made by [Identity.startCall]; those of others come as [CallStateChanged], or from
/// [Identity.incomingCalls].
///
/// It goes on until it is over, whether somebody holds this object or not; [close] hangs up.
final class Call extends Handle<burrow_call> {
  Call(this.engine, super.pointer, this.started, [this._identity]);

  final Engine engine;

  /// Completes when the offer is out, or could not be; at once for calls of others.
  final Future<void> started;

  final Identity? _identity;
  Room? _room;
  final StreamController<CallState> _states = StreamController.broadcast();
  final StreamController<List<CallMember>> _rosters = StreamController.broadcast();

  /// Its state, each time it changes; ends when it is over.
  Stream<CallState> get states => _states.stream;

  /// Who is in it, each time it changes; ends when it is over. [members] is how it is now.
  Stream<List<CallMember>> get rosters => _rosters.stream;

  CallInfo get info => scoped((arena) {
    final info = arena<burrow_call_info>();
    info.ref.struct_size = ffi.sizeOf<burrow_call_info>();
    check(burrow_call_info_get(pointer, info));
    return CallInfo(
      state: CallState.of(info.ref.state),
      detail: CallDetail.of(info.ref.detail),
      reason: CallReason.of(info.ref.reason),
      isVideo: info.ref.flags & BURROW_CALL_VIDEO != 0,
      isOutgoing: info.ref.flags & BURROW_CALL_OUTWARD != 0,
      caller: readBytes(info.ref.caller, 32),
      isPair: info.ref.flags & BURROW_CALL_PAIR != 0,
      otherId: readArray(info.ref.other_id, BURROW_CALL_ID_SIZE),
      callId: readArray(info.ref.call_id, BURROW_CALL_ID_SIZE),
      groupId: readBytes(info.ref.group_id, info.ref.group_id_len),
      relay: readArray(info.ref.relay, BURROW_PATH_SIZE),
      text: readArray(info.ref.text, BURROW_TEXT_SIZE),
      started: Duration(microseconds: info.ref.started_us),
    );
  });

  CallState get state => info.state;

  /// The group whose keys protect it; null when its identity is not held by this program.
  Group? get group => identity?.openGroup(info.groupId);

  /// Whose call it is.
  Identity? get identity => _identity ?? engine.identityIn(info.groupId);

  /// The call that took its place: when two call each other only one of the calls goes on, and both are in it.
  Call? get successor {
    final other = info.otherId;
    return other.isEmpty ? null : engine.calls.where((call) => call.info.callId == other).firstOrNull;
  }

  /// Who is in it, ourselves not counted: what signals say and what the relay announces, brought together.
  List<CallMember> get members => scoped((arena) {
    final count = arena<ffi.Size>();
    var capacity = 16;
    while (true) {
      final array = arena<burrow_call_member>(capacity);
      array.ref.struct_size = ffi.sizeOf<burrow_call_member>();
      final status = burrow_call_participants(pointer, array, capacity, count);
      if (status != BURROW_ERR_BUFFER_TOO_SMALL) {
        check(status);
        return [for (var index = 0; index < count.value; index++) _member((array + index).ref)];
      }
      capacity = count.value + 16;
    }
  });

  CallMember _member(burrow_call_member member) => CallMember(
    publicKey: readBytes(member.pubkey, 32),
    device: readArray(member.device, BURROW_DEVICE_ID_SIZE),
    path: readArray(member.path, BURROW_PATH_SIZE),
    id: member.participant,
    isMuted: member.muted < 0 ? null : member.muted != 0,
    hasVideo: member.video < 0 ? null : member.video != 0,
    isPresent: member.present != 0,
    isAnnounced: member.announced != 0,
  );

  /// Where it is: tracks are published and subscribed there. Null before [accept] and until a relay is found.
  ///
  /// The room belongs to the call, which connects and leaves it; its keys follow the group.
  Room? get room => scoped((arena) {
    final info = arena<burrow_call_info>();
    info.ref.struct_size = ffi.sizeOf<burrow_call_info>();
    check(burrow_call_info_get(pointer, info));
    final handle = info.ref.room;
    if (handle == ffi.nullptr || handle.address == _room?.address) return _room;
    check(burrow_retain(handle.cast()));
    return _room = engine.adopt(Room(engine, handle, Future.value()));
  });

  // -- what the user wants ------------------------------------------------------------------------------------

  /// Takes a call that comes in, or joins one that goes on; completes when it is active, or over. Nothing was connected to before.
  Future<void> accept({
    bool? video,
    bool muted = false,
    CallConnection connection = const CallConnection(),
  }) => scoped((arena) {
    final config = connection.write(arena, video: video ?? info.isVideo, muted: muted);
    return engine.request((id) => burrow_call_accept(pointer, config, id));
  });

  /// Does not take it. In a group nobody is told, as others may want to.
  Future<void> decline({bool busy = false}) => _end(busy ? BURROW_CALL_END_BUSY : 0);

  /// Leaves it, or takes it back; completes when the others were told. Admins may end it [forAll].
  Future<void> hangUp({bool forAll = false}) => _end(forAll ? BURROW_CALL_END_ALL : 0);

  Future<void> _end(int flags) => engine.request((id) => burrow_call_end(pointer, flags, id));

  /// Tells the others that we are silent now, or not any more.
  Future<void> setMuted({required bool muted}) => _update(BURROW_CALL_CHANGE_MUTED, muted: muted);

  /// Tells the others that our camera is on, or off.
  Future<void> setVideo({required bool video}) => _update(BURROW_CALL_CHANGE_VIDEO, video: video);

  /// Says what becomes of a call that the host was asked about.
  Future<void> admit(Admission admission) => _update(BURROW_CALL_CHANGE_ADMISSION, admission: admission.value);

  /// Asks the relay who is in a call that goes on without us; [members] has the answer.
  Future<void> look({CallConnection connection = const CallConnection()}) =>
      _update(BURROW_CALL_CHANGE_LOOK, connection: connection);

  Future<void> _update(
    int flags, {
    bool muted = false,
    bool video = false,
    int admission = 0,
    CallConnection? connection,
  }) => scoped((arena) {
    final change = arena<burrow_call_change>();
    check(burrow_config_init(change.cast(), ffi.sizeOf<burrow_call_change>()));
    change.ref.flags = flags;
    change.ref.muted = muted ? 1 : 0;
    change.ref.video = video ? 1 : 0;
    change.ref.admission = admission;
    change.ref.room = connection?.writeRoom(arena) ?? ffi.nullptr;
    return engine.request((id) => burrow_call_update(pointer, change, id));
  });

  /// For the engine: something happened to it; null when the engine is over.
  void noticed(BurrowEvent? event) {
    if (_states.isClosed) return;
    final isOver = event == null || (event is CallStateChanged && event.state.isOver);
    if (event is CallStateChanged) _states.add(event.state);
    if (event is CallMemberChanged && !isClosed) _rosters.add(members);
    if (isOver) {
      unawaited(_states.close());
      unawaited(_rosters.close());
    }
  }

  /// Gives the handle back now, which hangs up; one that was not answered goes on without us.
  @override
  void close() {
    if (isClosed) return;
    engine.forgetCall(address);
    super.close();
    noticed(null);
  }
}
