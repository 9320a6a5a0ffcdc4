package import BurrowBase
package import BurrowCrypto

/// What two people share for NIP-44 version 2; the same from either side, so it is worth keeping.
package final class ConversationKey {
    private let secret: WipedBytes

    private static let salt = Array("nip44-v2".utf8)

    package init(_ own: borrowing Secp256k1.PrivateKey, with other: PublicKey) throws(NostrError) {
        let point = other.bytes
        do {
            let shared = try own.sharedX(with: point.span)
            secret = try WipedBytes.authenticationCode(of: shared.bytes, key: Self.salt.span)
        } catch {
            throw NostrError(error.code == .invalidKey ? .invalidKey : .failure, error.context)
        }
    }

    /// A key known by its 32 bytes.
    package init(bytes: Span<UInt8>) throws(NostrError) {
        guard bytes.count == 32 else {
            throw NostrError(.invalidKey, "conversation key is not 32 bytes long")
        }
        secret = WipedBytes(copying: bytes)
    }

    package func isEqual(to bytes: Span<UInt8>) -> Bool {
        secret.isEqual(to: bytes)
    }

    /// The keys of one message: ChaCha20 key, its nonce, HMAC key.
    private func messageKeys(_ nonce: Span<UInt8>) throws(NostrError) -> WipedBytes {
        do {
            return try secret.expanded(info: nonce, count: Payload.messageKeyByteCount)
        } catch {
            throw NostrError(.failure, error.context)
        }
    }

    /// The payload for a text, with a fresh nonce.
    package func encrypt(_ plaintext: [UInt8], random: inout some RandomSource) throws(NostrError) -> String {
        var nonce = [UInt8](repeating: 0, count: Payload.nonceByteCount)
        unsafe nonce.withUnsafeMutableBytes { unsafe random.fill($0) }
        return try encrypt(plaintext, nonce: nonce)
    }

    /// The payload for a text and a nonce of 32 bytes, which must never serve twice. `limit` is raised only for peers
    /// known to read more than others do.
    package func encrypt(
        _ plaintext: [UInt8],
        nonce: [UInt8],
        limit: Int = Payload.encryptedBytes
    ) throws(NostrError) -> String {
        guard nonce.count == Payload.nonceByteCount else {
            throw NostrError(.failure, "nonce is not 32 bytes long")
        }
        guard !plaintext.isEmpty else { throw NostrError(.invalidLength, "there is nothing to encrypt") }
        guard plaintext.count <= limit else {
            throw NostrError(.messageTooLong, "text has more than \(limit) bytes")
        }
        let keys = try messageKeys(nonce.span)
        var ciphertext = try Payload.pad(plaintext)
        do {
            let secrets = keys.bytes
            try ChaCha20.apply(
                to: &ciphertext,
                key: secrets.extracting(Payload.cipherKey),
                nonce: secrets.extracting(Payload.cipherNonce)
            )
            var payload: [UInt8] = [Payload.version]
            payload.reserveCapacity(1 + nonce.count + ciphertext.count + HMACSHA256.byteCount)
            payload += nonce
            payload += ciphertext
            payload += try HMACSHA256.authenticate(
                payload.span.extracting(droppingFirst: 1),
                key: secrets.extracting(Payload.authenticationKey)
            )
            return Base64.standard.encode(payload)
        } catch {
            throw NostrError(.failure, error.context)
        }
    }

    /// The text of a payload, as UTF-8. A `limit` above the standard one also takes the form for more than 65535 bytes.
    package func decrypt(
        _ payload: String,
        limit: Int = Payload.encodedBytes
    ) throws(NostrError) -> [UInt8] {
        let bytes = try Payload.decode(payload, limit: limit)
        let macStart = bytes.count - HMACSHA256.byteCount
        let nonceEnd = 1 + Payload.nonceByteCount
        let keys = try messageKeys(bytes.span.extracting(1..<nonceEnd))
        let secrets = keys.bytes
        let isAuthentic: Bool
        do {
            isAuthentic = try HMACSHA256.isValid(
                bytes.span.extracting(droppingFirst: macStart),
                for: bytes.span.extracting(1..<macStart),
                key: secrets.extracting(Payload.authenticationKey)
            )
        } catch {
            throw NostrError(.failure, error.context)
        }
        guard isAuthentic else { throw NostrError(.invalidMAC, "payload is not from who it should be") }
        var padded = Array(bytes[nonceEnd..<macStart])
        do {
            try ChaCha20.apply(
                to: &padded,
                key: secrets.extracting(Payload.cipherKey),
                nonce: secrets.extracting(Payload.cipherNonce)
            )
        } catch {
            throw NostrError(.failure, error.context)
        }
        let plaintext = try Payload.unpad(padded, allowsLong: limit > Payload.encodedBytes)
        guard String(validating: plaintext, as: UTF8.self) != nil else {
            throw NostrError(.invalidUTF8, "decrypted text is not UTF-8")
        }
        return plaintext
    }
}
