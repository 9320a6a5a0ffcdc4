/// What all classes need to talk to the library: statuses, texts, bytes and memory.
library;

import 'dart:convert';
import 'dart:ffi' as ffi;
import 'dart:typed_data';

import 'package:ffi/ffi.dart';

import 'errors.dart';
import 'generated/burrow_abi.dart';

/// Gives back BURROW_OK and BURROW_AGAIN, throws for everything else.
int check(int status) {
  // Straight after the failing call: the sentence belongs to this thread, and another isolate may take it next.
  if (status < 0) throw BurrowException.of(status, lastError());
  return status;
}

/// The sentence about the last failure.
String lastError() => scoped((arena) {
  final length = arena<ffi.Size>();
  if (burrow_last_error(ffi.nullptr, 0, length) != BURROW_OK) return '';
  final buffer = arena<ffi.Char>(length.value);
  return burrow_last_error(buffer, length.value, length) == BURROW_OK ? readStatic(buffer) : '';
});

/// A text that ends with a NUL.
String readStatic(ffi.Pointer<ffi.Char> text) => text == ffi.nullptr ? '' : text.cast<Utf8>().toDartString();

/// A text inside of a struct.
String readArray(ffi.Array<ffi.Char> text, int size) {
  final bytes = <int>[];
  for (var index = 0; index < size; index++) {
    final byte = text[index] & 0xff;
    if (byte == 0) break;
    bytes.add(byte);
  }
  return utf8.decode(bytes, allowMalformed: true);
}

/// Bytes inside of a struct.
Uint8List readBytes(ffi.Array<ffi.Uint8> bytes, int size) =>
    Uint8List.fromList([for (var index = 0; index < size; index++) bytes[index]]);

/// Calls a function that copies a text out, with more room as long as it asks for it.
String readText(
  int Function(ffi.Pointer<ffi.Char> buffer, int capacity, ffi.Pointer<ffi.Size> length) call,
) => scoped((arena) {
  final length = arena<ffi.Size>();
  var capacity = 2048;
  while (true) {
    final buffer = arena<ffi.Char>(capacity);
    final status = call(buffer, capacity, length);
    if (status != BURROW_ERR_BUFFER_TOO_SMALL) {
      check(status);
      return readStatic(buffer);
    }
    // What is described may have grown meanwhile.
    capacity = length.value > capacity ? length.value : capacity * 2;
  }
});

/// A text for the library. One with a NUL in it is refused, because the library could not see what stands behind it.
ffi.Pointer<ffi.Char> nativeText(String text, ffi.Allocator allocator) {
  if (text.contains('\u0000')) throw ArgumentError.value(text, 'text', 'contains a NUL character');
  return text.toNativeUtf8(allocator: allocator).cast();
}

/// As [nativeText]; null is NULL.
ffi.Pointer<ffi.Char> nativeTextOrNull(String? text, ffi.Allocator allocator) =>
    text == null ? ffi.nullptr : nativeText(text, allocator);

/// An array of texts; none at all is NULL.
ffi.Pointer<ffi.Pointer<ffi.Char>> nativeTexts(List<String> texts, ffi.Allocator allocator) {
  if (texts.isEmpty) return ffi.nullptr;
  final array = allocator<ffi.Pointer<ffi.Char>>(texts.length);
  for (final (index, text) in texts.indexed) {
    array[index] = nativeText(text, allocator);
  }
  return array;
}

/// A copy of bytes; none at all is NULL.
ffi.Pointer<ffi.Uint8> nativeBytes(List<int> bytes, ffi.Allocator allocator) {
  if (bytes.isEmpty) return ffi.nullptr;
  final memory = allocator<ffi.Uint8>(bytes.length);
  memory.asTypedList(bytes.length).setAll(0, bytes);
  return memory;
}

/// A copy of 32 bytes: a public key, a fingerprint, a storage key.
ffi.Pointer<ffi.Uint8> nativeKey(List<int> key, ffi.Allocator allocator) {
  if (key.length != 32) throw ArgumentError.value(key.length, 'key', 'is 32 bytes long');
  return nativeBytes(key, allocator);
}

/// Keys one after the other.
List<int> joined(Iterable<List<int>> keys) => [
  for (final key in keys)
    if (key.length == 32) ...key else throw ArgumentError.value(key.length, 'key', 'is 32 bytes long'),
];

/// The hexadecimal digits of bytes.
String hex(List<int> bytes) => [for (final byte in bytes) byte.toRadixString(16).padLeft(2, '0')].join();

/// Runs something with memory that is freed when it returns, also when it returns a future: the library has copied what it was
/// handed by then.
R scoped<R>(R Function(Arena arena) body) {
  final arena = Arena();
  try {
    return body(arena);
  } finally {
    arena.releaseAll();
  }
}

/// Memory that is used again for every frame, and grows.
final class Scratch implements ffi.Finalizable {
  static final _finalizer = ffi.NativeFinalizer(malloc.nativeFree);

  ffi.Pointer<ffi.Uint8> _memory = ffi.nullptr;
  int _size = 0;

  /// At least so many bytes, whose content is undefined.
  ffi.Pointer<ffi.Uint8> take(int size) {
    if (size > _size) {
      free();
      _memory = malloc<ffi.Uint8>(size);
      _size = size;
      _finalizer.attach(this, _memory.cast(), detach: this, externalSize: size);
    }
    return _memory;
  }

  void free() {
    if (_size == 0) return;
    _finalizer.detach(this);
    malloc.free(_memory);
    _memory = ffi.nullptr;
    _size = 0;
  }
}
