import 'dart:ffi' as ffi;

import 'package:ffi/ffi.dart';

import 'generated/burrow_abi.dart';
import 'native.dart';
import 'types.dart';

/// The version of the library with the versions of the libraries below it.
String get libraryVersion => readStatic(burrow_version_string());

/// The clock of all timestamps: monotonic, starting anywhere.
Duration get now => Duration(microseconds: burrow_now_us());

/// Whether the library was built with a feature, such as "relay", "groups" or "moq-lite-05".
bool hasFeature(String name) => scoped((arena) => burrow_has_feature(nativeText(name, arena)) != 0);

/// Chooses what is logged, for the whole process.
void setLogLevel(LogLevel level, {String? component}) =>
    scoped((arena) => check(burrow_log_set_level(level.index, nativeTextOrNull(component, arena))));

/// Takes the log lines that wait; the library keeps the last 512.
List<LogLine> readLog() => scoped((arena) {
  final level = arena<ffi.Int32>();
  final length = arena<ffi.Size>();
  final lines = <LogLine>[];
  var capacity = 1024;
  var buffer = arena<ffi.Char>(capacity);
  while (true) {
    final status = burrow_log_read(level, buffer, capacity, length);
    if (status == BURROW_ERR_BUFFER_TOO_SMALL) {
      capacity = length.value;
      buffer = arena<ffi.Char>(capacity);
      continue;
    }
    if (check(status) == BURROW_AGAIN) return lines;
    lines.add(LogLine(LogLevel.values[level.value], readStatic(buffer)));
  }
});

/// Reads a public key: "npub1…", "nprofile1…" or 64 hexadecimal digits.
List<int> parsePublicKey(String text) => scoped((arena) {
  final key = arena<ffi.Uint8>(32);
  check(burrow_pubkey_parse(nativeText(text, arena), key));
  return List.of(key.asTypedList(32));
});

/// Writes a public key for people.
String formatPublicKey(List<int> key) => scoped(
  (arena) {
    final memory = nativeKey(key, arena);
    return readText((buffer, capacity, length) => burrow_pubkey_format(memory, buffer, capacity, length));
  },
);
