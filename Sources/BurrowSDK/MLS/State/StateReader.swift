package import BurrowBase
package import BurrowCrypto

/// Reads what `SecretWriter` wrote. The bytes come from storage, which may be damaged.
package enum StateReader {
    package static func bool(_ reader: inout ByteReader) throws(MLSError) -> Bool {
        try Wire.presence(&reader)
    }

    package static func secret(_ reader: inout ByteReader, _ suite: CipherSuite) throws(MLSError) -> Secret {
        var bytes = try Wire.opaque(&reader)
        defer { Erasure.erase(&bytes) }
        return try suite.secret(bytes)
    }

    package static func key(_ reader: inout ByteReader, _ suite: CipherSuite) throws(MLSError)
        -> EncryptionKeyPair
    {
        try suite.encryptionKey(privateKey: secret(&reader, suite))
    }

    /// A tree that stands here or, if there are `parts`, among them.
    static func tree(
        _ reader: inout ByteReader,
        _ context: GroupContext,
        _ suite: CipherSuite,
        _ parts: StoredParts?
    ) throws(MLSError) -> RatchetTree {
        guard let parts else { return try RatchetTree(decoding: Wire.opaque(&reader), suite: suite) }
        return try parts.tree(height: Int(Wire.uint8(&reader)), context, suite)
    }

    static func secretTree(
        _ reader: inout ByteReader,
        _ context: GroupContext,
        _ suite: CipherSuite,
        _ parts: StoredParts?
    ) throws(MLSError) -> SecretTree {
        guard let parts else { return try SecretTree(state: &reader, suite) }
        return try parts.secretTree(leafCount: Wire.uint32(&reader), EpochName(context), suite)
    }

    package static func array<T>(
        _ reader: inout ByteReader,
        _ read: (inout ByteReader) throws(MLSError) -> T
    ) throws(MLSError) -> [T] {
        let count = try Wire.uint32(&reader)
        var values: [T] = []
        for _ in 0..<count { values.append(try read(&reader)) }
        return values
    }

    /// A count, then entries in ascending order of their key, so that a table has one form only.
    static func table<Key: Hashable, Value>(
        _ reader: inout ByteReader,
        _ key: (inout ByteReader) throws(MLSError) -> Key,
        isBefore: (Key, Key) -> Bool,
        _ value: (inout ByteReader) throws(MLSError) -> Value
    ) throws(MLSError) -> [Key: Value] {
        let count = try Wire.uint32(&reader)
        var table: [Key: Value] = [:]
        var last: Key?
        for _ in 0..<count {
            let key = try key(&reader)
            if let last, !isBefore(last, key) {
                throw MLSError(.codecInvalidValue, "stored table is not in order")
            }
            last = key
            table[key] = try value(&reader)
        }
        return table
    }

    /// The same with numbers for keys.
    static func table<Value>(
        _ reader: inout ByteReader,
        _ value: (inout ByteReader) throws(MLSError) -> Value
    ) throws(MLSError) -> [UInt32: Value] {
        try table(
            &reader,
            { (reader) throws(MLSError) in try Wire.uint32(&reader) },
            isBefore: { $0 < $1 },
            value
        )
    }

    package static func optional<T>(
        _ reader: inout ByteReader,
        _ read: (inout ByteReader) throws(MLSError) -> T
    ) throws(MLSError) -> T? {
        try bool(&reader) ? read(&reader) : nil
    }

    /// A structure of the protocol behind its length.
    package static func value<T: WireValue>(_ reader: inout ByteReader) throws(MLSError) -> T {
        try T(decoding: Wire.opaque(&reader))
    }
}
