/// The C ABI as it is, for what the classes of package:burrow/burrow.dart do not wrap.
///
/// `Handle.pointer` is what its functions take.
library;

export 'src/generated/burrow_abi.dart';
