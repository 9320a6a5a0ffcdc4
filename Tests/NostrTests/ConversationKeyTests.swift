import BurrowBase
import BurrowCrypto
import BurrowNostr
import Testing

/// The published vectors of NIP-44 version 2.
@Suite(.enabled(if: VectorFile.areThere, VectorFile.absence)) struct ConversationKeyVectorTests {
    static let file = "nip44.vectors.json"

    private func conversation(_ secret: [UInt8], _ publicKey: String) throws(NostrError) -> ConversationKey {
        let key: Secp256k1.PrivateKey
        do {
            key = try Secp256k1.PrivateKey(secret.span)
        } catch {
            throw NostrError(.invalidKey, error.context)
        }
        guard let other = PublicKey(hex: publicKey) else { throw NostrError(.invalidHex, "no key") }
        return try ConversationKey(key, with: other)
    }

    private func key(_ bytes: [UInt8]) throws(NostrError) -> ConversationKey {
        try ConversationKey(bytes: bytes.span)
    }

    @Test(arguments: VectorFile.list(file, "v2", "valid", "get_conversation_key"))
    func agreement(vector: JSON) throws {
        let expected = try vector.bytes("conversation_key")
        let made = try conversation(vector.bytes("sec1"), vector.text("pub2"))
        let isEqual = made.isEqual(to: expected.span)
        #expect(isEqual)
    }

    @Test(arguments: VectorFile.list(file, "v2", "invalid", "get_conversation_key"))
    func noAgreement(vector: JSON) throws {
        let secret = try vector.bytes("sec1")
        let publicKey = try vector.text("pub2")
        let found = code { () throws(NostrError) in try conversation(secret, publicKey) }
        #expect(found == .invalidKey)
    }

    private func derives(_ expected: [UInt8], from secret: [UInt8], _ nonce: [UInt8]) throws -> Bool {
        let key = WipedBytes(copying: secret.span)
        let derived = try key.expanded(info: nonce.span, count: expected.count)
        return derived.isEqual(to: expected.span)
    }

    @Test func messageKeys() throws {
        let vectors = try #require(try VectorFile.json(Self.file)["v2"]?["valid"]?["get_message_keys"])
        let secret = try vectors.bytes("conversation_key")
        let list = try #require(vectors["keys"]?.arrayValue)
        #expect(list.count > 30)
        for vector in list {
            let expected =
                try vector.bytes("chacha_key") + vector.bytes("chacha_nonce") + vector.bytes("hmac_key")
            #expect(try derives(expected, from: secret, vector.bytes("nonce")))
        }
    }

    @Test(arguments: VectorFile.list(file, "v2", "valid", "calc_padded_len"))
    func padding(vector: JSON) throws {
        let pair = try #require(vector.arrayValue).compactMap(\.integerValue)
        #expect(Payload.paddedCount(Int(pair[0])) == Int(pair[1]))
    }

    @Test(arguments: VectorFile.list(file, "v2", "valid", "encrypt_decrypt"))
    func messages(vector: JSON) throws {
        let second = try LocalKey.importing(vector.text("sec2"))
        let made = try conversation(vector.bytes("sec1"), second.publicKey.hex)
        let expected = try vector.bytes("conversation_key")
        let isEqual = made.isEqual(to: expected.span)
        #expect(isEqual)
        let plaintext = Array(try vector.text("plaintext").utf8)
        let payload = try made.encrypt(plaintext, nonce: vector.bytes("nonce"))
        #expect(payload == (try vector.text("payload")))
        #expect(try made.decrypt(payload) == plaintext)
    }

    @Test(arguments: VectorFile.list(file, "v2", "valid", "encrypt_decrypt_long_msg"))
    func longMessages(vector: JSON) throws {
        let made = try key(vector.bytes("conversation_key"))
        let pattern = Array(try vector.text("pattern").utf8)
        let plaintext = try Array([[UInt8]](repeating: pattern, count: vector.integer("repeat")).joined())
        #expect(try Hex.encode(SHA256.hash(plaintext.span)) == (try vector.text("plaintext_sha256")))
        let payload = try made.encrypt(plaintext, nonce: vector.bytes("nonce"), limit: 65535)
        let text = Array(payload.utf8)
        #expect(try Hex.encode(SHA256.hash(text.span)) == (try vector.text("payload_sha256")))
        #expect(try made.decrypt(payload) == plaintext)
    }

    @Test(arguments: VectorFile.list(file, "v2", "invalid", "encrypt_msg_lengths"))
    func invalidLengths(vector: JSON) throws {
        let count = try #require(vector.integerValue.flatMap { Int(exactly: $0) })
        let made = try key([UInt8](repeating: 1, count: 32))
        let nonce = [UInt8](repeating: 2, count: 32)
        let found = code { () throws(NostrError) in
            try made.encrypt([UInt8](repeating: 0x61, count: count), nonce: nonce)
        }
        #expect(found == (count == 0 ? .invalidLength : .messageTooLong))
    }

    @Test(arguments: VectorFile.list(file, "v2", "invalid", "decrypt"))
    func invalidPayloads(vector: JSON) throws {
        let made = try key(vector.bytes("conversation_key"))
        let payload = try vector.text("payload")
        let note = try vector.text("note")
        let found = code { () throws(NostrError) in try made.decrypt(payload) }
        let expected: NostrError.Code =
            if note.contains("version") || payload.isEmpty {
                .unknownVersion
            } else if note.contains("base64") {
                .invalidBase64
            } else if note.contains("MAC") {
                .invalidMAC
            } else if note.contains("padding") {
                .invalidPadding
            } else {
                .invalidLength
            }
        #expect(found == expected, "\(note)")
    }

    /// Payloads around every boundary of the padding, both forms of the length included.
    @Test(arguments: VectorFile.list("nip44-extra.json", "lengths"))
    func boundaries(vector: JSON) throws {
        let file = try VectorFile.json("nip44-extra.json")
        let made = try key(file.bytes("conversation_key"))
        let count = try vector.integer("length")
        let plaintext = [UInt8](repeating: 0x61, count: count)
        let payload = try made.encrypt(plaintext, nonce: file.bytes("nonce"), limit: 1 << 20)
        #expect(payload.utf8.count == (try vector.integer("payload_length")))
        let text = Array(payload.utf8)
        #expect(try Hex.encode(SHA256.hash(text.span)) == (try vector.text("payload_sha256")))
        #expect(try made.decrypt(payload, limit: 1 << 20) == plaintext)
        if count > 65535 {
            #expect(code { () throws(NostrError) in try made.decrypt(payload) } == .messageTooLong)
        }
    }

    @Test func payloadOfAnotherLibrary() throws {
        let file = try VectorFile.json("nip44-extra.json")
        let made = try conversation(file.bytes("sec1"), file.text("pub2"))
        #expect(try !made.decrypt(file.text("made_by_nostr_sdk")).isEmpty)
    }
}

@Suite struct ConversationKeyTests {
    @Test func bothWays() throws {
        let alice = try People.alice()
        let bob = try People.bob()
        var random = SeededRandom(seed: 1)
        for count in [1, 31, 32, 33, 255, 256, 257, 1000, 65408] {
            let text = [UInt8](repeating: 0x61, count: count)
            let payload = try alice.conversation(with: bob.publicKey).encrypt(text, random: &random)
            #expect(try bob.conversation(with: alice.publicKey).decrypt(payload) == text)
        }
    }

    @Test func everyChangeIsNoticed() throws {
        let alice = try People.alice()
        let key = try alice.conversation(with: alice.publicKey)
        let payload = try key.encrypt(Array("hello".utf8), nonce: [UInt8](repeating: 3, count: 32))
        let bytes = try Base64.standard.decode(payload)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            let found = code { () throws(NostrError) in try key.decrypt(Base64.standard.encode(changed)) }
            #expect(found == (index == 0 ? .unknownVersion : .invalidMAC))
        }
    }

    @Test func textsThatAreNone() throws {
        let alice = try People.alice()
        let key = try alice.conversation(with: alice.publicKey)
        let nonce = [UInt8](repeating: 3, count: 32)
        let payload = try key.encrypt([0xff, 0xfe], nonce: nonce)
        #expect(code { () throws(NostrError) in try key.decrypt(payload) } == .invalidUTF8)
        #expect(code { () throws(NostrError) in try key.encrypt([1], nonce: [1]) } == .failure)
        for (text, expected) in [
            ("", NostrError.Code.unknownVersion), ("#", .unknownVersion), ("AgAA", .invalidLength),
            (String(repeating: "?", count: 132), .invalidBase64),
            (String(repeating: "A", count: 87476), .messageTooLong),
            (String(repeating: "A", count: 132), .unknownVersion),
        ] {
            #expect(code { () throws(NostrError) in try key.decrypt(text) } == expected)
        }
    }
}
