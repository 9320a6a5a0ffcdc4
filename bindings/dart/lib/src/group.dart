import 'dart:async';
import 'dart:convert';
import 'dart:ffi' as ffi;
import 'dart:typed_data';

import 'package:ffi/ffi.dart';

import 'call.dart';
import 'engine.dart';
import 'events.dart';
import 'generated/burrow_abi.dart';
import 'handle.dart';
import 'native.dart';
import 'nostr.dart';
import 'types.dart';

/// Somebody on this device: a Nostr key, and the groups this person is in. Made by [Engine.openIdentity].
final class Identity extends Handle<burrow_identity> {
  Identity(this.engine, super.pointer, this.opened);

  final Engine engine;

  /// Completes when its state was read, or cannot be.
  final Future<void> opened;

  /// 32 bytes. Wait for [opened] first.
  Uint8List get publicKey => scoped((arena) {
    final key = arena<ffi.Uint8>(32);
    if (check(burrow_identity_pubkey(pointer, key)) == BURROW_AGAIN) throw StateError('the identity is not open yet');
    return Uint8List.fromList(key.asTypedList(32));
  });

  /// The secret key as "nsec1…", for a safe.
  String export() => readText((buffer, capacity, length) => burrow_identity_export(pointer, buffer, capacity, length));

  /// Makes a key package, with which others can add this identity to groups; it is found at [relays], or at those of the
  /// engine.
  Future<void> publishKeyPackage([List<String> relays = const []]) => scoped((arena) {
    final urls = nativeTexts(relays, arena);
    return engine.request((id) => burrow_key_package_publish(pointer, urls, relays.length, id));
  });

  // -- groups -------------------------------------------------------------------------------------------------

  /// Founds a group and invites its first members. Await [Group.founded].
  Group createGroup({
    String? name,
    String? description,
    required List<String> relays,
    List<List<int>> members = const [],
  }) => scoped((arena) {
    final config = arena<burrow_group_config>();
    check(burrow_config_init(config.cast(), ffi.sizeOf<burrow_group_config>()));
    config.ref.name = nativeTextOrNull(name, arena);
    config.ref.description = nativeTextOrNull(description, arena);
    config.ref.relays = nativeTexts(relays, arena);
    config.ref.relay_count = relays.length;
    config.ref.members = nativeBytes(joined(members), arena);
    config.ref.member_count = members.length;
    final out = arena<ffi.Pointer<burrow_group>>();
    final founded = engine.request((id) => burrow_group_create(pointer, config, out, id));
    return Group(this, out.value, founded);
  });

  /// A group that is known, or to which we are invited.
  Group openGroup(List<int> groupId) => scoped((arena) {
    final out = arena<ffi.Pointer<burrow_group>>();
    check(burrow_group_open(pointer, nativeBytes(groupId, arena), groupId.length, out));
    return Group(this, out.value, Future.value());
  });

  /// All groups, and those it is invited to.
  List<Group> get groups => scoped((arena) {
    final count = arena<ffi.Size>();
    var capacity = 16;
    while (true) {
      final array = arena<ffi.Pointer<burrow_group>>(capacity);
      final status = burrow_group_list(pointer, array, capacity, count);
      if (status != BURROW_ERR_BUFFER_TOO_SMALL) {
        check(status);
        return [for (var index = 0; index < count.value; index++) Group(this, array[index], Future.value())];
      }
      capacity = count.value + 16;
    }
  });

  // -- calls --------------------------------------------------------------------------------------------------

  /// Calls everybody in a group; [Call.started] tells when the offer is out.
  ///
  /// [byGroup] has the signals of a call of two in the group, which all devices of both hear, and not in gift wraps.
  /// [relays] are MoQ relays to prefer; without them the group's list, then ours, decide, and then come [lastRelays].
  Call startCall(
    Group group, {
    bool video = false,
    bool muted = false,
    bool silent = false,
    bool byGroup = false,
    List<String> relays = const [],
    List<String> lastRelays = const [],
    CallConnection connection = const CallConnection(),
    Duration ringTime = Duration.zero,
  }) => scoped((arena) {
    final wish = connection.write(arena, video: video, muted: muted).cast<burrow_call_config>();
    if (silent) wish.ref.flags |= BURROW_CALL_SILENT;
    if (byGroup) wish.ref.flags |= BURROW_CALL_BY_GROUP;
    wish.ref.group = group.pointer;
    wish.ref.relays = nativeTextOrNull(relays.isEmpty ? null : relays.join('\n'), arena);
    wish.ref.last_relays = nativeTextOrNull(lastRelays.isEmpty ? null : lastRelays.join('\n'), arena);
    wish.ref.ring_ms = ringTime.inMilliseconds;
    final out = arena<ffi.Pointer<burrow_call>>();
    final started = engine.request((id) => burrow_call_start(pointer, wish, out, id));
    return engine.adoptCall(Call(engine, out.value, started, this));
  });

  /// The calls that are not over, also those of a group that go on without us.
  List<Call> get calls => [for (final call in engine.calls) if (call.identity == this) call];

  /// Every call that comes in from now on.
  Stream<Call> get incomingCalls => engine.events
      .where((event) => event is CallStateChanged && event.state == CallState.incoming)
      .map((event) => (event as CallStateChanged).call)
      .where((call) => call.identity == this)
      .distinct();

  // -- Nostr --------------------------------------------------------------------------------------------------

  /// Signs an event ("kind", and as wanted "content" and "tags") and publishes it.
  Publication publish(Map<String, Object?> event, {List<String> relays = const []}) => scoped((arena) {
    final text = nativeText(jsonEncode(event), arena);
    final urls = nativeTexts(relays, arena);
    return Publication.start(engine, (id) => burrow_nostr_publish(pointer, text, urls, relays.length, id));
  });

  /// Wraps a message for one person and publishes it where this person receives such messages.
  Publication send(List<int> recipient, Map<String, Object?> rumor, {bool ephemeral = false}) => scoped((arena) {
    final text = nativeText(jsonEncode(rumor), arena);
    final key = nativeKey(recipient, arena);
    final flags = ephemeral ? BURROW_NOSTR_EPHEMERAL : 0;
    return Publication.start(
      engine,
      (id) => burrow_nostr_send(pointer, key, text, ffi.nullptr, 0, flags, id),
    );
  });

  /// Opens a wrapped message; "pubkey" is who sealed it.
  Map<String, Object?> openWrap(String event) => scoped((arena) {
    final wrap = nativeText(event, arena);
    final text = readText((buffer, capacity, length) {
      return burrow_nostr_open(pointer, wrap, buffer, capacity, length, ffi.nullptr);
    });
    return jsonDecode(text) as Map<String, Object?>;
  });

  /// Publishes a list of servers, the best first, in place of the one before. [ServerList.moq]: where we can be called.
  Publication publishServers(ServerList list, List<String> urls) => scoped((arena) {
    final texts = nativeTexts(urls, arena);
    return Publication.start(
      engine,
      (id) => burrow_discovery_publish(pointer, list.value, texts, urls.length, id),
    );
  });

  /// The value for the Authorization header of an HTTP request (NIP-98).
  String proveRequest(String url, {String method = 'GET', List<int>? body}) => scoped((arena) {
    final (where, how) = (nativeText(url, arena), nativeText(method, arena));
    // A body without bytes is not the same as none.
    final memory = body == null ? ffi.nullptr.cast<ffi.Uint8>() : nativeBytes([...body, 0], arena);
    return readText((buffer, capacity, length) {
      return burrow_nip98_make(pointer, where, how, memory, body?.length ?? 0, buffer, capacity, length, ffi.nullptr);
    });
  });

  /// Closes the identity and its file; completes when that is done. Then [close] it.
  Future<void> leave() => engine.request((id) => burrow_close(pointer.cast(), id));
}

/// A group of an identity, or an invitation to one.
final class Group extends Handle<burrow_group> {
  Group(this.identity, super.pointer, this.founded);

  final Identity identity;

  /// Completes when a group of [Identity.createGroup] is founded; at once for others.
  final Future<void> founded;

  /// Names the group in events, for [Identity.openGroup]. A secret of its members.
  Uint8List get id => scoped((arena) {
    final info = arena<burrow_group_info>();
    info.ref.struct_size = ffi.sizeOf<burrow_group_info>();
    check(burrow_group_info_get(pointer, info));
    return readBytes(info.ref.id, info.ref.id_len);
  });

  GroupInfo get info => scoped((arena) {
    final info = arena<burrow_group_info>();
    info.ref.struct_size = ffi.sizeOf<burrow_group_info>();
    check(burrow_group_info_get(pointer, info));
    return GroupInfo(
      state: GroupState.of(info.ref.state),
      name: readArray(info.ref.name, 256),
      members: info.ref.members,
      epoch: info.ref.epoch,
      isAdmin: info.ref.flags & BURROW_GROUP_ADMIN != 0,
      nostrId: readBytes(info.ref.nostr_id, 32),
      inviter: readBytes(info.ref.inviter, 32),
    );
  });

  List<Member> get members => scoped((arena) {
    final count = arena<ffi.Size>();
    var capacity = 16;
    while (true) {
      final array = arena<burrow_member>(capacity);
      array.ref.struct_size = ffi.sizeOf<burrow_member>();
      final status = burrow_group_members(pointer, array, capacity, count);
      if (status != BURROW_ERR_BUFFER_TOO_SMALL) {
        check(status);
        return [for (var index = 0; index < count.value; index++) _member((array + index).ref)];
      }
      capacity = count.value + 16;
    }
  });

  Member _member(burrow_member member) => Member(
    publicKey: readBytes(member.pubkey, 32),
    devices: member.devices,
    isAdmin: member.flags & BURROW_GROUP_ADMIN != 0,
    isSelf: member.flags & BURROW_GROUP_SELF != 0,
  );

  /// The Nostr relays of its events.
  List<String> get relays => _relays(0);

  /// The MoQ relays of its calls, best first.
  List<String> get moqRelays => _relays(1);

  List<String> _relays(int moq) {
    final text = readText((buffer, capacity, length) {
      return burrow_group_relays(pointer, moq, buffer, capacity, length);
    });
    return [for (final url in text.split('\n')) if (url.isNotEmpty) url];
  }

  /// Accepts an invitation.
  Future<void> join() => _change((id) => burrow_group_join(pointer, id));

  /// Leaves, or declines an invitation.
  Future<void> leave() => _change((id) => burrow_group_leave(pointer, id));

  /// Adds somebody. Admins only.
  Future<void> invite(List<int> publicKey) => scoped((arena) {
    final key = nativeKey(publicKey, arena);
    return _change((id) => burrow_group_invite(pointer, key, id));
  });

  /// Removes somebody with all devices. Admins only.
  Future<void> remove(List<int> publicKey) => scoped((arena) {
    final key = nativeKey(publicKey, arena);
    return _change((id) => burrow_group_remove(pointer, key, id));
  });

  /// Changes what is given, which only admins can; without anything it makes new keys for this device.
  Future<void> update({
    String? name,
    String? description,
    List<List<int>> admins = const [],
    List<List<int>> formerAdmins = const [],
    List<String>? moqRelays,
  }) => scoped((arena) {
    final change = arena<burrow_group_change>();
    check(burrow_config_init(change.cast(), ffi.sizeOf<burrow_group_change>()));
    change.ref.name = nativeTextOrNull(name, arena);
    change.ref.description = nativeTextOrNull(description, arena);
    change.ref.admins = nativeBytes(joined(admins), arena);
    change.ref.admin_count = admins.length;
    change.ref.former_admins = nativeBytes(joined(formerAdmins), arena);
    change.ref.former_admin_count = formerAdmins.length;
    if (moqRelays != null) {
      // An empty list is told by a pointer to nothing in particular.
      change.ref.moq_relays = moqRelays.isEmpty ? arena<ffi.Pointer<ffi.Char>>() : nativeTexts(moqRelays, arena);
      change.ref.moq_relay_count = moqRelays.length;
    }
    return _change((id) => burrow_group_update(pointer, change, id));
  });

  /// Says something; kind 9 is chat.
  Future<void> send(String content, {int kind = 9, List<List<String>>? tags}) => scoped((arena) {
    final text = nativeText(content, arena);
    final json = nativeTextOrNull(tags == null ? null : jsonEncode(tags), arena);
    return _change((id) => burrow_group_send(pointer, kind, text, json, id));
  });

  /// A secret that all members of the current epoch can derive, with that epoch: what [Room.setKey] takes.
  (Uint8List, int) exportSecret(String label, {List<int> context = const [], int length = 32}) => scoped((arena) {
    final secret = arena<ffi.Uint8>(length);
    final epoch = arena<ffi.Uint64>();
    final where = nativeBytes(context, arena);
    check(
      burrow_group_export_secret(pointer, nativeText(label, arena), where, context.length, secret, length, epoch),
    );
    return (Uint8List.fromList(secret.asTypedList(length)), epoch.value);
  });

  Future<void> _change(int Function(ffi.Pointer<burrow_request> id) call) => identity.engine.request(call);
}
