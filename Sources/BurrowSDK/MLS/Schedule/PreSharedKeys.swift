internal import BurrowBase
package import BurrowCrypto

/// Pre-shared keys that may enter a key schedule: those of the application, and of epochs that were (RFC 9420 §8.4).
package struct PreSharedKeys {
    private struct Resumption: Hashable {
        let groupID: [UInt8]
        let epoch: UInt64

        static func precedes(_ a: Resumption, _ b: Resumption) -> Bool {
            a.groupID == b.groupID ? a.epoch < b.epoch : a.groupID.lexicographicallyPrecedes(b.groupID)
        }
    }

    private var external: [[UInt8]: Secret] = [:]
    private var resumption: [Resumption: Secret] = [:]

    package init() {}

    package mutating func set(_ key: Secret, external id: [UInt8]) {
        external[id] = key
    }

    package mutating func set(_ key: Secret, groupID: [UInt8], epoch: UInt64) {
        resumption[Resumption(groupID: groupID, epoch: epoch)] = key
    }

    package mutating func remove(groupID: [UInt8], epoch: UInt64) {
        resumption[Resumption(groupID: groupID, epoch: epoch)] = nil
    }

    package mutating func removeAll() {
        external = [:]
        resumption = [:]
    }

    func encode(to writer: inout SecretWriter) throws(MLSError) {
        try writer.writeArray(external.keys.sorted { $0.lexicographicallyPrecedes($1) }) {
            (writer, id) throws(MLSError) in
            guard let key = external[id] else { return }
            writer.writeOpaque(id)
            writer.writeSecret(key)
        }
        try writer.writeArray(resumption.keys.sorted(by: Resumption.precedes)) {
            (writer, entry) throws(MLSError) in
            guard let key = resumption[entry] else { return }
            writer.writeOpaque(entry.groupID)
            writer.writeUInt64(entry.epoch)
            writer.writeSecret(key)
        }
    }

    init(state reader: inout ByteReader, _ suite: CipherSuite) throws(MLSError) {
        external = try StateReader.table(
            &reader,
            { (reader) throws(MLSError) in try Wire.opaque(&reader) },
            isBefore: { $0.lexicographicallyPrecedes($1) }
        ) { (reader) throws(MLSError) in try StateReader.secret(&reader, suite) }
        resumption = try StateReader.table(
            &reader,
            { (reader) throws(MLSError) in
                Resumption(groupID: try Wire.opaque(&reader), epoch: try Wire.uint64(&reader))
            },
            isBefore: Resumption.precedes
        ) { (reader) throws(MLSError) in try StateReader.secret(&reader, suite) }
    }

    func key(for id: PreSharedKeyID) throws(MLSError) -> Secret {
        let key =
            switch id.kind {
            case .external(let id): external[id]
            case .resumption(_, let groupID, let epoch):
                resumption[Resumption(groupID: groupID, epoch: epoch)]
            }
        guard let key else { throw MLSError(.pskUnavailable, "pre-shared key is not known") }
        return key
    }

    /// `psk_secret` of keys in the order of the commit or Welcome (RFC 9420 §8.4).
    package func secret(_ ids: [PreSharedKeyID], suite: CipherSuite) throws(MLSError) -> Secret {
        let zeros = try suite.zeros()
        var secret = zeros
        for (index, id) in ids.enumerated() {
            guard id.nonce.count == suite.hashLength else {
                throw MLSError(.invalidPSKNonce, "nonce of \(id.nonce.count) bytes")
            }
            let extracted = try suite.extract(salt: zeros, key(for: id))
            var label = ByteWriter()
            id.encode(to: &label)
            label.writeUInt16(UInt16(truncatingIfNeeded: index))
            label.writeUInt16(UInt16(truncatingIfNeeded: ids.count))
            let input = try suite.expand(extracted, "derived psk", label.bytes, suite.hashLength)
            secret = try suite.extract(salt: input, secret)
        }
        return secret
    }
}
