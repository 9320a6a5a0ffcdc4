import 'dart:ffi' as ffi;

import 'errors.dart';
import 'generated/burrow_abi.dart';

/// Owns one reference to a handle of the library.
///
/// [close] gives it back at a chosen time; a native finalizer does so when the object is forgotten, and at the end of the
/// isolate. Closing twice is fine.
abstract base class Handle<T extends ffi.NativeType> implements ffi.Finalizable {
  /// A [finalizer] has to live as long as the isolate.
  Handle(this._pointer, [ffi.NativeFinalizer? finalizer]) : _finalizer = finalizer ?? _release {
    _finalizer.attach(this, _pointer.cast(), detach: this);
  }

  static final ffi.NativeFinalizer _release = ffi.NativeFinalizer(
    ffi.Native.addressOf<ffi.NativeFunction<ffi.Void Function(ffi.Pointer<ffi.Void>)>>(burrow_release),
  );

  final ffi.Pointer<T> _pointer;
  final ffi.NativeFinalizer _finalizer;
  bool _closed = false;

  /// Whether [close] was called.
  bool get isClosed => _closed;

  /// The token of the library, for functions of package:burrow/abi.dart.
  ffi.Pointer<T> get pointer =>
      _closed ? throw const ClosedException(BURROW_ERR_CLOSED, 'this was closed') : _pointer;

  /// What events call it by.
  int get address => _pointer.address;

  /// Gives the handle back now.
  void close() {
    if (_closed) return;
    detach();
    burrow_release(_pointer.cast());
  }

  /// Marks it as closed; somebody else releases it.
  void detach() {
    _closed = true;
    _finalizer.detach(this);
  }
}
