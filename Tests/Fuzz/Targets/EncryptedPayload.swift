import BurrowBase
import BurrowNostr
import FuzzHarness

/// NIP-44 payloads and the layers of gift wraps, as text and as what a text would decrypt to.
enum EncryptedPayloadTarget: FuzzTarget {
    static func run() {
        guard let key = try? LocalKey.importing(String(repeating: "01", count: 32)),
            let conversation = try? key.conversation(with: key.publicKey)
        else { return }
        let nonce = [UInt8](repeating: 7, count: 32)
        fuzz { (input) in
            let text = String(decoding: input, as: UTF8.self)
            if let plaintext = try? conversation.decrypt(text) {
                // Only who has the key makes these, and it is known here.
                require(!plaintext.isEmpty, "nothing was encrypted")
            }
            guard let payload = try? conversation.encrypt(input, nonce: nonce) else { return }
            let isText = String(validating: input, as: UTF8.self) != nil
            require(
                (try? conversation.decrypt(payload)) == (isText ? input : nil),
                "a text changes on its way"
            )
            guard let padded = Payload.paddedCount(input.count) else { return require(false, "no padding") }
            require(padded >= input.count && padded < 2 * input.count + 32, "padding of the wrong size")
            open(key, payload)
        }
    }

    /// A wrap whose inside is the input.
    private static func open(_ key: LocalKey, _ payload: String) {
        let rumor = try? Rumor(
            publicKey: key.publicKey,
            createdAt: UnixTime(1),
            kind: .giftWrap,
            tags: [["p", key.publicKey.hex]],
            content: payload
        )
        guard let rumor, let outer = try? key.sign(rumor) else { return require(false, "no wrap") }
        _ = try? key.unwrap(outer)
    }
}
