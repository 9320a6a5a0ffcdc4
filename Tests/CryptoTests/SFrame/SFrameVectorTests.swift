import BurrowBase
import BurrowCrypto
import Testing

@Suite struct SFrameVectorTests {
    @Test(.enabled(if: PublishedFrames.isThere, Comment(rawValue: PublishedFrames.absence)))
    func allVectorsWereRead() {
        #expect(PublishedFrames.headers.count == 289)
        #expect(PublishedFrames.counterModes.count == 3)
        #expect(PublishedFrames.frames.map(\.suite) == [1, 2, 3, 4, 5])
    }

    @Test(arguments: PublishedFrames.headers)
    func headers(vector: PublishedFrames.Header) throws {
        let header = SFrameHeader(keyID: vector.keyID, counter: vector.counter)
        #expect(Hex.encode(header.bytes) == vector.encoded)
        #expect(header.byteCount == header.bytes.count)
        let read = try SFrameHeader.read(Hex.decode(vector.encoded))
        #expect(read.header == header)
        #expect(read.count == header.byteCount)
    }

    @Test(arguments: PublishedFrames.frames)
    func frames(vector: PublishedFrames.Frame) throws {
        let suite = try #require(SFrameSuite(rawValue: vector.suite))
        let secret = try SFrameSecret(suite, baseKey: Hex.decode(vector.baseKey))
        let key = try secret.key(vector.keyID)
        let metadata = try Hex.decode(vector.metadata)
        let plaintext = try Hex.decode(vector.plaintext)
        let frame = try key.seal(plaintext, counter: vector.counter, metadata: metadata)
        #expect(Hex.encode(frame) == vector.ciphertext)
        #expect(try key.open(frame, metadata: metadata) == plaintext)
        for index in frame.indices {
            var damaged = frame
            damaged[index] ^= 0x10
            #expect(try key.open(damaged, metadata: metadata) == nil)
        }
        for count in frame.indices {
            #expect(try key.open(Array(frame.prefix(count)), metadata: metadata) == nil)
        }
        #expect(try key.open(frame, metadata: metadata + [0]) == nil)
    }

    /// The compound of RFC 9605 §4.5.1 by itself: an SFrame with a header would need keys that nothing derives.
    @Test(arguments: PublishedFrames.counterModes)
    func counterMode(vector: PublishedFrames.CounterMode) throws {
        let suite = try #require(SFrameSuite(rawValue: vector.suite))
        let key = try CounterModeKey(suite, key: Hex.decode(vector.key))
        let nonce = try Hex.decode(vector.nonce)
        let additional = try Hex.decode(vector.additional)
        let plaintext = try Hex.decode(vector.plaintext)
        var text = plaintext + [UInt8](repeating: 0, count: suite.tagByteCount)
        try key.seal(&text, count: plaintext.count, nonce: nonce, additional: additional)
        #expect(Hex.encode(text) == vector.ciphertext)
        let isAuthentic = try key.open(&text, count: plaintext.count, nonce: nonce, additional: additional)
        #expect(isAuthentic)
        #expect(Array(text.prefix(plaintext.count)) == plaintext)
    }
}
