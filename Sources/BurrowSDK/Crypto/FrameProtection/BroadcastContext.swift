internal import BurrowBase

/// What a base key belongs to: one start of one publisher in one call.
///
/// It goes into the MLS exporter, so two calls of one group, two devices of one person and a restarted sender all have base
/// keys of their own, and can never use a nonce of another.
package struct BroadcastContext: Equatable, Sendable {
    package static let instanceByteCount = 16
    /// The label for the MLS exporter (RFC 9605 §5.2); `encoded` is its context, `suite.keyByteCount` its length.
    package static let exporterLabel = "SFrame 1.0 Base Key"
    private static let longestName = 16 * 1024
    private static let hostSalt: [UInt8] = Array("burrow".utf8)

    package let callID: [UInt8]
    package let path: [UInt8]
    /// Random for every start of a publisher; its catalogue tells it.
    package let instance: [UInt8]

    package init(callID: [UInt8], path: [UInt8], instance: [UInt8]) throws(CryptoError) {
        guard callID.count <= Self.longestName, path.count <= Self.longestName,
            instance.count == Self.instanceByteCount
        else {
            throw CryptoError(.invalidLength, "call, path or instance of a broadcast has the wrong length")
        }
        self.callID = callID
        self.path = path
        self.instance = instance
    }

    /// opaque call_id<V> ‖ opaque broadcast_path<V> ‖ opaque instance[16], vectors as in RFC 9420 §2.1.2.
    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.writeVarint(UInt64(callID.count))
        writer.writeBytes(callID)
        writer.writeVarint(UInt64(path.count))
        writer.writeBytes(path)
        writer.writeBytes(instance)
        return writer.bytes
    }

    /// The base key for hosts that bring a secret of their own instead of a group.
    package func baseKey(from secret: Span<UInt8>, suite: SFrameSuite) throws(CryptoError) -> SecretBytes {
        guard !secret.isEmpty else { throw CryptoError(.invalidKey, "the secret of a call is empty") }
        let key = try HKDF.extract(suite.hash, salt: Self.hostSalt.span, inputKey: secret)
        let info = Array(Self.exporterLabel.utf8) + encoded
        return try HKDF.expand(suite.hash, secret: key.bytes, info: info.span, count: suite.keyByteCount)
    }
}
