import BurrowBase
import BurrowCrypto
import Testing

@Suite struct HPKETests {
    struct Vector: Sendable {
        let aead: AEADAlgorithm
        let ephemeralInput: String
        let ephemeralPrivate: String
        let recipientInput: String
        let recipientPrivate: String
        let recipientPublic: String
        let encapsulated: String
        /// With "Count-0" and "Count-1" as additional data.
        let ciphertexts: [String]
        /// For the contexts empty, 00 and "TestContext".
        let exports: [String]
    }

    static let info = "4f6465206f6e2061204772656369616e2055726e"
    static let plaintext = "4265617574792069732074727574682c20747275746820626561757479"

    /// RFC 9180 appendix A.1.1 and A.2.1.
    static let vectors = [
        Vector(
            aead: .aes128GCM,
            ephemeralInput: "7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234",
            ephemeralPrivate: "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
            recipientInput: "6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037",
            recipientPrivate: "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
            recipientPublic: "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
            encapsulated: "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
            ciphertexts: [
                "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
                "af2d7e9ac9ae7e270f46ba1f975be53c09f8d875bdc8535458c2494e8a6eab251c03d0c22a56b8ca42c2063b84",
            ],
            exports: [
                "3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee",
                "2e8f0b54673c7029649d4eb9d5e33bf1872cf76d623ff164ac185da9e88c21a5",
                "e9e43065102c3836401bed8c3c3c75ae46be1639869391d62c61f1ec7af54931",
            ]
        ),
        Vector(
            aead: .chaCha20Poly1305,
            ephemeralInput: "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b",
            ephemeralPrivate: "f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600",
            recipientInput: "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df",
            recipientPrivate: "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
            recipientPublic: "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
            encapsulated: "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
            ciphertexts: [
                "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
                "6b53c051e4199c518de79594e1c4ab18b96f081549d45ce015be002090bb119e85285337cc95ba5f59992dc98c",
            ],
            exports: [
                "4bbd6243b8bb54cec311fac9df81841b6fd61f56538a775e7c80a9f40160606e",
                "8c1df14732580e5501b00f82b10a1647b40713191b7c1240ac80e2b68808ba69",
                "5acb09211139c43b3090489a9da433e8a30ee7188ba8b0a9a1ccf0c229283e53",
            ]
        ),
    ]

    @Test(arguments: vectors)
    func keyPairsFollowFromTheirInput(vector: Vector) throws {
        let ephemeral = try Self.derive(vector.ephemeralInput)
        #expect(ephemeral.privateKey == vector.ephemeralPrivate)
        #expect(ephemeral.publicKey == vector.encapsulated)
        let recipient = try Self.derive(vector.recipientInput)
        #expect(recipient.privateKey == vector.recipientPrivate)
        #expect(recipient.publicKey == vector.recipientPublic)
    }

    @Test(arguments: vectors)
    func sendersWriteThePublishedMessages(vector: Vector) throws {
        let suite = HPKE.Suite(vector.aead)
        let recipient = try Hex.decode(vector.recipientPublic)
        let info = try Hex.decode(Self.info)
        let plaintext = try Hex.decode(Self.plaintext)
        let input = try Hex.decode(vector.ephemeralInput)
        let ephemeral = try HPKE.deriveKeyPair(from: input.span)
        var sender = try HPKE.Sender(suite, to: recipient.span, info: info.span, ephemeral: ephemeral)
        let encapsulated = sender.encapsulatedKey
        #expect(Hex.encode(encapsulated) == vector.encapsulated)
        for (index, expected) in vector.ciphertexts.enumerated() {
            let additional = Array("Count-\(index)".utf8)
            let ciphertext = try sender.seal(plaintext.span, additional: additional.span)
            #expect(Hex.encode(ciphertext) == expected)
        }
        for (context, expected) in zip(Self.exporterContexts, vector.exports) {
            let secret = try sender.export(context.span, count: 32).array
            #expect(Hex.encode(secret) == expected)
        }
    }

    @Test(arguments: vectors)
    func recipientsReadThePublishedMessages(vector: Vector) throws {
        let suite = HPKE.Suite(vector.aead)
        let bytes = try Hex.decode(vector.recipientPrivate)
        let encapsulated = try Hex.decode(vector.encapsulated)
        let info = try Hex.decode(Self.info)
        let key = try X25519.PrivateKey(copying: bytes.span)
        var recipient = try HPKE.Recipient(
            suite,
            key: key,
            encapsulatedKey: encapsulated.span,
            info: info.span
        )
        for (index, text) in vector.ciphertexts.enumerated() {
            let additional = Array("Count-\(index)".utf8)
            let ciphertext = try Hex.decode(text)
            var damaged = ciphertext
            damaged[index] ^= 1
            // A forgery in between disturbs nothing.
            let forged = try recipient.open(damaged.span, additional: additional.span)
            #expect(forged == nil)
            let opened = try recipient.open(ciphertext.span, additional: additional.span)
            #expect(opened.map(Hex.encode) == Self.plaintext)
        }
        for (context, expected) in zip(Self.exporterContexts, vector.exports) {
            let secret = try recipient.export(context.span, count: 32).array
            #expect(Hex.encode(secret) == expected)
        }
    }

    @Test(arguments: AEADAlgorithm.allCases)
    func oneMessage(aead: AEADAlgorithm) throws {
        let suite = HPKE.Suite(aead)
        let arena = SecretArena()
        let key = try X25519.PrivateKey.random(in: arena)
        let publicKey = key.publicKey
        let info = Array("info".utf8)
        let none: [UInt8] = []
        for count in [0, 1, 32, 1000] {
            let plaintext = [UInt8](repeating: 0x42, count: count)
            let sealed = try suite.seal(
                plaintext.span,
                to: publicKey.span,
                info: info.span,
                additional: none.span,
                in: arena
            )
            #expect(sealed.ciphertext.count == HPKE.ciphertextByteCount(count))
            let opened = try Self.open(suite, sealed, key, info)
            #expect(opened == plaintext)
            let otherInfo = try Self.open(suite, sealed, key, info + [0])
            #expect(otherInfo == nil)
            let secret = try suite.openSecret(
                sealed.ciphertext.span,
                encapsulatedKey: sealed.encapsulatedKey.span,
                key: key,
                info: info.span,
                additional: none.span,
                in: arena
            )
            let copy = secret?.array
            #expect(copy == plaintext)
        }
        // Only the private key is left.
        #expect(arena.secretCount == 1)
        _ = key.publicKey
    }

    /// RFC 9180 §7.1.4, from both sides.
    @Test func keysOfSmallOrderAreRefused() throws {
        let suite = HPKE.Suite(.aes128GCM)
        let zero = [UInt8](repeating: 0, count: 32)
        let none: [UInt8] = []
        let key = try X25519.PrivateKey.random()
        var codes: [CryptoError.Code] = []
        do throws(CryptoError) {
            _ = try suite.seal(none.span, to: zero.span, info: none.span, additional: none.span)
        } catch {
            codes.append(error.code)
        }
        for encapsulated in [zero, none, [UInt8](repeating: 1, count: 31)] {
            let message = HPKE.SealedMessage(encapsulatedKey: encapsulated, ciphertext: zero)
            do throws(CryptoError) {
                _ = try Self.open(suite, message, key, none)
            } catch {
                codes.append(error.code)
            }
        }
        #expect(codes == [.invalidKey, .invalidKey, .invalidKey, .invalidKey])
    }

    @Test func exportedLengthsAreLimited() throws {
        let none: [UInt8] = []
        let recipient = try X25519.PrivateKey.random().publicKey
        let sender = try HPKE.Sender(HPKE.Suite(.aes128GCM), to: recipient.span, info: none.span)
        var failures = 0
        for count in [-1, 0, 255 * 32 + 1, 65536, .max] {
            do throws(CryptoError) {
                _ = try sender.export(none.span, count: count)
            } catch {
                if error.code == .invalidLength { failures += 1 }
            }
        }
        #expect(failures == 5)
        let longest = try sender.export(none.span, count: 255 * 32).count
        #expect(longest == 255 * 32)
    }

    private static let exporterContexts: [[UInt8]] = [[], [0], Array("TestContext".utf8)]

    private static func derive(_ input: String) throws -> (privateKey: String, publicKey: String) {
        let bytes = try Hex.decode(input)
        let key = try HPKE.deriveKeyPair(from: bytes.span)
        return (Hex.encode([UInt8](copying: key.bytes)), Hex.encode(key.publicKey))
    }

    private static func open(
        _ suite: HPKE.Suite,
        _ message: HPKE.SealedMessage,
        _ key: borrowing X25519.PrivateKey,
        _ info: [UInt8]
    ) throws(CryptoError) -> [UInt8]? {
        let none: [UInt8] = []
        return try suite.open(
            message.ciphertext.span,
            encapsulatedKey: message.encapsulatedKey.span,
            key: key,
            info: info.span,
            additional: none.span
        )
    }
}
