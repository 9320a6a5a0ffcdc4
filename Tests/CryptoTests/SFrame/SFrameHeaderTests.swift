import BurrowBase
import BurrowCrypto
import Testing

@Suite struct SFrameHeaderTests {
    /// Truncated, and longer than need be.
    @Test(arguments: [
        ("", DecodeError.truncated), ("08", .truncated), ("80", .truncated), ("88ff", .truncated),
        ("0901", .truncated), ("f0ffffffffffffff", .truncated), ("8005", .malformed), ("0807", .malformed),
        ("090005", .malformed), ("0900ff", .malformed), ("900000", .malformed), ("9000ff", .malformed),
        ("0f00ffffffffffffff", .malformed), ("f00000000000000000", .malformed),
    ])
    func otherFormsAreRefused(text: String, error: DecodeError) throws {
        let bytes = try Hex.decode(text)
        #expect(throws: error) { _ = try SFrameHeader.read(bytes) }
    }

    /// RFC 9605 §5.2, the figure with four bits of epoch and six of index; what is above is the context.
    @Test(
        arguments: [
            (14, 3, 0, 0x3e), (14, 7, 0, 0x7e), (14, 20, 0, 0x14e), (15, 3, 0, 0x3f), (15, 5, 0, 0x5f),
            (16, 2, 2, 0x820), (16, 2, 3, 0xc20), (17, 33, 0, 0x211), (17, 51, 0, 0x331),
        ] as [(UInt64, UInt64, UInt64, UInt64)]
    )
    func keyNumbersOfTheFigureSurvive(epoch: UInt64, index: UInt64, context: UInt64, keyID: UInt64) throws {
        #expect(context << 10 | index << 4 | epoch & 0xf == keyID)
        let header = SFrameHeader(keyID: keyID, counter: 0)
        #expect(try SFrameHeader.read(header.bytes).header == header)
    }

    @Test func everyHeaderReadsAsWritten() throws {
        var random = SeededRandom(seed: 9605)
        for _ in 0..<20000 {
            let keyID = random.next() >> (random.next() % 64)
            let counter = random.next() >> (random.next() % 64)
            let header = SFrameHeader(keyID: keyID, counter: counter)
            let bytes = header.bytes
            let read = try SFrameHeader.read(bytes + [0xee, 0xee])
            #expect(read.header == header)
            #expect(read.count == bytes.count)
            #expect(bytes.count <= SFrameHeader.longestByteCount)
        }
    }

    /// Whatever is read is written the same way: there is one form of every header.
    @Test func whatIsReadIsTheOnlyForm() {
        var random = SeededRandom(seed: 4)
        var accepted = 0
        for _ in 0..<50000 {
            let bytes = (0..<18).map { (_) in UInt8(truncatingIfNeeded: random.next()) & 0x9f }
            guard let read = try? SFrameHeader.read(bytes) else { continue }
            accepted += 1
            #expect(read.header.bytes == Array(bytes.prefix(read.count)))
        }
        #expect(accepted > 1000)
    }
}
