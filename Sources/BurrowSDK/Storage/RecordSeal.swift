internal import BurrowBase
internal import BurrowCrypto

/// Seals the values of records: AES-256-GCM under a key of its own for each value, with the record's key bound to it.
///
/// The key of a value is HMAC-SHA-256(file key, 16 random bytes), its nonce 12 more of them. So there is no limit on how
/// many values one file key may seal, and a value that was copied to another record is not authentic there.
struct RecordSeal {
    private static let version: UInt8 = 1
    private static let saltByteCount = 16
    private static var headByteCount: Int { 1 + saltByteCount + AEADAlgorithm.nonceByteCount }

    private let key: Secret

    init(key: Span<UInt8>) throws(StorageError) {
        guard key.count == 32 else { throw StorageError(.wrongKey, "the key of a state file has 32 bytes") }
        do throws(CryptoError) {
            self.key = Secret(try SecretBytes(copying: key))
        } catch { throw StorageError(.failed, error.context) }
    }

    func seal(_ value: [UInt8], for record: [UInt8]) throws(StorageError) -> [UInt8] {
        var sealed = [UInt8](repeating: 0, count: Self.headByteCount)
        unsafe sealed.withUnsafeMutableBytes { (bytes) in
            // Not captured: it has no bytes, and the thread sanitizer would look at those.
            var random = SystemRandom()
            unsafe random.fill(bytes)
        }
        sealed[0] = Self.version
        do throws(CryptoError) {
            let (key, nonce) = try key(of: sealed)
            sealed += try key.seal(value.span, nonce: nonce.span, additional: record.span)
            return sealed
        } catch { throw StorageError(.failed, error.context) }
    }

    /// The value, or `nil` if it was not sealed with this key for this record.
    func open(_ sealed: [UInt8], for record: [UInt8]) throws(StorageError) -> [UInt8]? {
        guard sealed.count > Self.headByteCount, sealed.first == Self.version else { return nil }
        let ciphertext = Array(sealed.dropFirst(Self.headByteCount))
        do throws(CryptoError) {
            let (key, nonce) = try key(of: sealed)
            return try key.open(ciphertext.span, nonce: nonce.span, additional: record.span)
        } catch { throw StorageError(.failed, error.context) }
    }

    private func key(of sealed: [UInt8]) throws(CryptoError) -> (AEADKey, nonce: [UInt8]) {
        let salt = Array(sealed.dropFirst().prefix(Self.saltByteCount))
        let nonce = Array(
            sealed.dropFirst(1 + Self.saltByteCount).prefix(AEADAlgorithm.nonceByteCount)
        )
        var derived = try key.withBytes { (key) throws(CryptoError) in
            try HMACSHA256.authenticate(salt.span, key: key)
        }
        defer { Erasure.erase(&derived) }
        return (try AEADKey(.aes256GCM, key: derived.span), nonce)
    }
}
