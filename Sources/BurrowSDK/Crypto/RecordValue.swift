/// The value of a record. There may be secrets in it, so its memory is zeroed before it is given back.
///
/// Whoever takes `bytes` shares that memory, and is to let go of them before the value goes; what is left to somebody is
/// theirs to erase.
package final class RecordValue: Equatable {
    // Changes when nobody has the value any more, and never before.
    private var storage: [UInt8]

    package init(_ bytes: consuming [UInt8]) {
        storage = bytes
    }

    deinit {
        Erasure.erase(&storage)
    }

    package var bytes: [UInt8] { storage }

    package static func == (a: RecordValue, b: RecordValue) -> Bool { a.storage == b.storage }
}
