import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

/// Rules C1 to C6: what is not written in the one right way is refused.
@Suite struct CodecRuleTests {
    @Test(arguments: [[0xc0], [0x40, 0x3f], [0x80, 0, 0x3f, 0xff], [0x40, 0]] as [[UInt8]])
    func lengthPrefixIsMinimal(_ bytes: [UInt8]) {
        expect(.codecInvalidLength) {
            var reader = ByteReader(bytes.span)
            _ = try Wire.lengthPrefix(&reader)
        }
    }

    @Test(
        arguments: [
            ([0x3f], 63), ([0x40, 0x40], 64), ([0x7f, 0xff], 16_383), ([0x80, 0, 0x40, 0], 16_384),
            ([0xbf, 0xff, 0xff, 0xff], (1 << 30) - 1),
        ] as [([UInt8], Int)]
    )
    func lengthPrefixesAreRead(_ bytes: [UInt8], _ length: Int) throws {
        var reader = ByteReader(bytes.span)
        #expect(try Wire.lengthPrefix(&reader) == length)
    }

    @Test func everyPrefixOfAMessageIsTruncated() throws {
        let suite = CipherSuite(.x25519AES128GCM)
        let encoded = MLSMessage.keyPackage(try Person("a", suite).bundle().keyPackage).encoded
        for count in encoded.indices {
            expect(.codecTruncated) { _ = try MLSMessage(decoding: Array(encoded[..<count])) }
        }
        expect(.codecTrailing) { _ = try MLSMessage(decoding: encoded + [0]) }
        expect(.unsupportedVersion) { _ = try MLSMessage(decoding: encoded.flipped(1)) }
        expect(.unsupportedVersion) { _ = try MLSMessage(decoding: encoded.flipped(5)) }
    }

    @Test func vectorsMayNotCutTheirElements() {
        // A vector of two bytes with a PSK identifier that goes on behind it.
        expect(.codecInvalidLength) {
            _ = try Commit(decoding: [2, 2, 32] + [UInt8](repeating: 0, count: 40))
        }
        expect(.codecInvalidLength) { _ = try RequiredCapabilities(decoding: [1, 0, 0, 0]) }
    }

    @Test func unknownChoicesAreRefused() {
        expect(.codecInvalidValue) { _ = try Commit(decoding: [0, 2]) }
        expect(.codecInvalidValue) { _ = try Commit(decoding: [1, 3, 0]) }
        expect(.codecInvalidValue) { _ = try Credential(decoding: [0, 9, 0]) }
        expect(.codecInvalidValue) { _ = try Sender(decoding: [5]) }
        expect(.codecInvalidValue) { _ = try PreSharedKeyID(decoding: [3]) }
        expect(.codecInvalidValue) { _ = try PreSharedKeyID(decoding: [2, 4]) }
        expect(.codecInvalidValue) { _ = try MLSMessage(decoding: [0, 1, 0, 6]) }
        expect(.unsupportedProposal) { _ = try Proposal(decoding: [0x0a, 0x0a]) }
        expect(.unsupportedCipherSuite) { _ = try CipherSuite(7) }
        expect(.unsupportedCipherSuite) { _ = try CipherSuite(0x0a0a) }
    }

    @Test func extensionTypesAreUnique() throws {
        let twice = Proposal.groupContextExtensions([
            Extension(type: 9, data: []), Extension(type: 9, data: [1]),
        ])
        expect(.duplicateExtension) { _ = try Proposal(decoding: twice.encoded) }
        let suite = CipherSuite(.x25519AES128GCM)
        expect(.duplicateExtension) {
            _ = try Person("a", suite).bundle(extensions: [
                Extension(type: 9, data: []), Extension(type: 9, data: []),
            ])
        }
    }

    @Test func listsHaveLimits() {
        let many = (0..<300).map { Extension(type: UInt16($0), data: []) }
        expect(.codecLimit) { _ = try Proposal(decoding: Proposal.groupContextExtensions(many).encoded) }
        expect(.codecLimit) {
            _ = try MLSMessage(decoding: [UInt8](repeating: 0, count: MLSLimits.messageBytes + 1))
        }
    }

    @Test func greaseIsCarried() throws {
        let suite = CipherSuite(.x25519AES128GCM)
        let bundle = try Person("a", suite).bundle()
        let again = try KeyPackage(decoding: bundle.keyPackage.encoded)
        #expect(again == bundle.keyPackage)
        #expect(again.leafNode.capabilities.extensions.contains(0x4a4a))
    }
}
