import BurrowBase
import BurrowCrypto
import FuzzHarness

/// Encapsulated key and ciphertext from somebody else: an error, no plaintext, or the one that was sealed.
enum HPKETarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            do throws(CryptoError) {
                try run(input)
            } catch {
                require(error.code == .invalidKey, "\(error)")
            }
        }
    }

    private static let plaintext: [UInt8] = Array("plaintext".utf8)

    private static func run(_ input: [UInt8]) throws(CryptoError) {
        var choices = Choices(input)
        let suite = HPKE.Suite(choices.element(of: AEADAlgorithm.allCases))
        let seed = [UInt8](repeating: 7, count: 32)
        let key = try HPKE.deriveKeyPair(from: seed.span)
        let info = choices.bytes(choices.byte() % 16)
        let additional = choices.bytes(choices.byte() % 16)
        var message = try sealed(suite, to: key.publicKey, info, additional)
        let genuine = message
        if choices.byte() % 2 == 0 {
            let encapsulated = choices.bytes(choices.byte() % 40)
            message = HPKE.SealedMessage(encapsulatedKey: encapsulated, ciphertext: Array(choices.rest))
        } else {
            message = changed(message, &choices)
        }
        let opened = try suite.open(
            message.ciphertext.span,
            encapsulatedKey: message.encapsulatedKey.span,
            key: key,
            info: info.span,
            additional: additional.span
        )
        if message == genuine {
            require(opened == plaintext, "what was sealed did not open")
        } else {
            require(opened == nil || opened == plaintext, "something else than was sealed opened")
        }
    }

    /// Always with the same ephemeral key, so that a finding repeats itself.
    private static func sealed(
        _ suite: HPKE.Suite,
        to recipient: [UInt8],
        _ info: [UInt8],
        _ additional: [UInt8]
    ) throws(CryptoError) -> HPKE.SealedMessage {
        let seed = [UInt8](repeating: 8, count: 32)
        let ephemeral = try HPKE.deriveKeyPair(from: seed.span)
        var sender = try HPKE.Sender(suite, to: recipient.span, info: info.span, ephemeral: ephemeral)
        let ciphertext = try sender.seal(plaintext.span, additional: additional.span)
        return HPKE.SealedMessage(encapsulatedKey: sender.encapsulatedKey, ciphertext: ciphertext)
    }

    private static func changed(_ message: HPKE.SealedMessage, _ choices: inout Choices) -> HPKE.SealedMessage
    {
        var all = message.encapsulatedKey + message.ciphertext
        while !choices.rest.isEmpty {
            all[choices.byte() % all.count] ^= UInt8(truncatingIfNeeded: choices.byte())
        }
        let split = message.encapsulatedKey.count
        return HPKE.SealedMessage(encapsulatedKey: Array(all[..<split]), ciphertext: Array(all[split...]))
    }
}
