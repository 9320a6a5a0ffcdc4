package import BurrowBase
package import BurrowCrypto

/// Writes a state that contains secrets. When it has to move, nothing is left behind.
package struct SecretWriter {
    package private(set) var bytes: [UInt8] = []
    /// Whether trees and ratchets are left out, because they have records of their own.
    let leavesOutTrees: Bool

    package init() {
        self.init(leavesOutTrees: false)
    }

    init(leavesOutTrees: Bool) {
        self.leavesOutTrees = leavesOutTrees
    }

    private mutating func makeRoom(for count: Int) {
        let needed = bytes.count + count
        guard needed > bytes.capacity else { return }
        var larger: [UInt8] = []
        larger.reserveCapacity(max(needed, 2 * bytes.capacity, 4096))
        larger += bytes
        Erasure.erase(&bytes)
        bytes = larger
    }

    package mutating func write(_ more: [UInt8]) {
        makeRoom(for: more.count)
        bytes += more
    }

    package mutating func write(_ value: some WireValue) {
        write(value.encoded)
    }

    package mutating func write(_ body: (inout ByteWriter) -> Void) {
        var writer = ByteWriter()
        body(&writer)
        write(writer.bytes)
    }

    package mutating func writeUInt8(_ value: UInt8) { write([value]) }

    package mutating func writeUInt32(_ value: UInt32) { write { $0.writeUInt32(value) } }

    package mutating func writeUInt64(_ value: UInt64) { write { $0.writeUInt64(value) } }

    package mutating func writeOpaque(_ value: [UInt8]) { write { $0.writeOpaque(value) } }

    package mutating func writeBool(_ value: Bool) { writeUInt8(value ? 1 : 0) }

    mutating func writeTree(_ tree: RatchetTree) {
        if leavesOutTrees {
            writeUInt8(UInt8(clamping: tree.height))
        } else {
            writeOpaque(tree.encoded)
        }
    }

    mutating func writeSecretTree(_ tree: SecretTree) throws(MLSError) {
        if leavesOutTrees {
            writeUInt32(tree.leafCount)
        } else {
            try tree.encode(to: &self)
        }
    }

    package mutating func writeSecret(_ secret: Secret) {
        write { $0.writeVarint(UInt64(secret.count)) }
        makeRoom(for: secret.count)
        secret.withBytes { (secret) in
            for index in secret.indices { bytes.append(secret[index]) }
        }
    }

    package mutating func writeKey(_ key: EncryptionKeyPair) {
        write { $0.writeVarint(32) }
        makeRoom(for: 32)
        key.key.withBytes { (key) in
            for index in key.indices { bytes.append(key[index]) }
        }
    }

    /// A count, then each element.
    package mutating func writeArray<T>(
        _ values: [T],
        _ write: (inout SecretWriter, T) throws(MLSError) -> Void
    ) throws(MLSError) {
        writeUInt32(UInt32(clamping: values.count))
        for value in values { try write(&self, value) }
    }

    package mutating func writeOptional<T>(
        _ value: T?,
        _ write: (inout SecretWriter, T) throws(MLSError) -> Void
    ) throws(MLSError) {
        writeBool(value != nil)
        if let value { try write(&self, value) }
    }
}
