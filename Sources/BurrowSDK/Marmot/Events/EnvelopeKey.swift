package import BurrowBase
package import BurrowCrypto
package import BurrowMLS

/// The key of the outer layer of an epoch's group events: ChaCha20-Poly1305 with a random nonce in front.
package struct EnvelopeKey {
    package let epoch: UInt64
    let secret: Secret
    private let key: AEADKey

    /// Bytes that every content has: the nonce and the tag.
    package static let overhead = AEADAlgorithm.nonceByteCount + AEADAlgorithm.tagByteCount

    package init(epoch: UInt64, secret: Secret) throws(MarmotError) {
        self.epoch = epoch
        self.secret = secret
        do throws(CryptoError) {
            key = try secret.withBytes { (bytes) throws(CryptoError) in
                try AEADKey(.chaCha20Poly1305, key: bytes)
            }
        } catch {
            throw MarmotError(MLSError(.cryptoFailure, error.context))
        }
    }

    /// That of a group's current epoch.
    package init(_ group: Group) throws(MarmotError) {
        let secret: Secret
        do {
            secret = try group.export(
                label: MarmotProtocol.exporterLabel,
                context: MarmotProtocol.groupEventContext,
                count: AEADAlgorithm.chaCha20Poly1305.keyByteCount
            )
        } catch {
            throw MarmotError(error)
        }
        try self.init(epoch: group.epochNumber, secret: secret)
    }

    package func seal(_ message: [UInt8], random: inout some RandomSource) throws(MarmotError) -> [UInt8] {
        var nonce: [UInt8] = []
        for _ in 0..<AEADAlgorithm.nonceByteCount { nonce.append(UInt8.random(in: 0...255, using: &random)) }
        let none: [UInt8] = []
        do {
            return nonce + (try key.seal(message.span, nonce: nonce.span, additional: none.span))
        } catch {
            throw MarmotError(MLSError(.cryptoFailure, error.context))
        }
    }

    /// The message, `nil` when it was sealed with another key.
    package func open(_ sealed: [UInt8]) -> [UInt8]? {
        guard sealed.count >= Self.overhead else { return nil }
        let nonce = Array(sealed.prefix(AEADAlgorithm.nonceByteCount))
        let ciphertext = Array(sealed.dropFirst(AEADAlgorithm.nonceByteCount))
        let none: [UInt8] = []
        return try? key.open(ciphertext.span, nonce: nonce.span, additional: none.span)
    }
}
