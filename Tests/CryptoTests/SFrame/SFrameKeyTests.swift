import BurrowBase
import BurrowCrypto
import Testing

@Suite struct SFrameKeyTests {
    private func key(_ suite: SFrameSuite, _ keyID: UInt64 = 0x123) throws -> SFrameKey {
        let baseKey = [UInt8](repeating: 3, count: suite.keyByteCount)
        return try SFrameSecret(suite, baseKey: baseKey).key(keyID)
    }

    @Test(arguments: SFrameSuite.allCases)
    func everyLengthComesBack(suite: SFrameSuite) throws {
        let key = try key(suite)
        let metadata = Array("metadata".utf8)
        for count in Array(0...70) + [255, 256, 1000, 1023, 4096, 50_000] {
            let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let frame = try key.seal(payload, counter: UInt64(count), metadata: metadata)
            let overhead = key.overhead(counter: UInt64(count))
            #expect(frame.count == count + overhead.header + overhead.tag)
            #expect(try key.open(frame, metadata: metadata) == payload)
        }
    }

    /// Counter mode against the definition: block i of the key stream is the same whatever comes before it.
    @Test(arguments: [SFrameSuite.aes128CTRHMACTag80, .aes128CTRHMACTag64, .aes128CTRHMACTag32])
    func counterModeIsAStream(suite: SFrameSuite) throws {
        let key = try key(suite)
        let long = try key.seal([UInt8](repeating: 0, count: 1000), counter: 5, metadata: [])
        let header = key.overhead(counter: 5).header
        for count in [1, 16, 17, 32, 33, 48, 500, 999] {
            let short = try key.seal([UInt8](repeating: 0, count: count), counter: 5, metadata: [])
            #expect(short[header..<header + count] == long[header..<header + count])
        }
    }

    @Test(arguments: SFrameSuite.allCases)
    func inPlaceIsTheSame(suite: SFrameSuite) throws {
        let key = try key(suite)
        let metadata = [UInt8](repeating: 5, count: 27)
        for count in [0, 1, 31, 32, 33, 160, 1000] {
            let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let expected = try key.seal(payload, counter: 300, metadata: metadata)
            let front = [UInt8](repeating: 0, count: SFrameHeader.longestByteCount)
            var memory = front + payload + [UInt8](repeating: 0, count: suite.tagByteCount)
            let place = try unsafe memory.withUnsafeMutableBytes { (memory) in
                try unsafe metadata.withUnsafeBytes { (metadata) in
                    try unsafe key.seal(
                        counter: 300,
                        metadata: metadata,
                        in: memory,
                        payload: front.count..<front.count + count
                    )
                }
            }
            #expect(Array(memory[place]) == expected)
        }
    }

    @Test(arguments: SFrameSuite.allCases)
    func longMetadataMakesRoom(suite: SFrameSuite) throws {
        let key = try key(suite)
        for count in [0, 27, 64, 65, 1000, 10, 100_000] {
            let metadata = [UInt8](repeating: 1, count: count)
            let frame = try key.seal([1, 2, 3], counter: UInt64(count), metadata: metadata)
            #expect(try key.open(frame, metadata: metadata) == [1, 2, 3])
            #expect(try key.open(frame, metadata: metadata + [1]) == nil)
        }
    }

    @Test(arguments: SFrameSuite.allCases)
    func noRoomIsAnError(suite: SFrameSuite) throws {
        let key = try key(suite)
        let overhead = key.overhead(counter: 0)
        let payload = [UInt8](repeating: 1, count: 20)
        for missing in 1...overhead.tag {
            var memory = [UInt8](repeating: 1, count: overhead.header + 20 + overhead.tag - missing)
            let error = #expect(throws: CryptoError.self) {
                try unsafe memory.withUnsafeMutableBytes { (memory) in
                    try unsafe key.seal(
                        counter: 0,
                        metadata: UnsafeRawBufferPointer(start: nil, count: 0),
                        in: memory,
                        payload: overhead.header..<overhead.header + 20
                    )
                }
            }
            #expect(error?.code == .invalidLength)
            #expect(throws: CryptoError.self) {
                try unsafe memory.withUnsafeMutableBytes { (memory) in
                    try unsafe payload.withUnsafeBytes { (payload) in
                        let none = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
                        return try unsafe key.seal(counter: 0, metadata: none, payload, into: memory)
                    }
                }
            }
        }
        var memory = [UInt8](repeating: 1, count: 100)
        #expect(throws: CryptoError.self) {
            try unsafe memory.withUnsafeMutableBytes { (memory) in
                let none = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
                return try unsafe key.seal(counter: 0, metadata: none, in: memory, payload: 1..<21)
            }
        }
    }

    @Test func otherKeysDoNotOpen() throws {
        for suite in SFrameSuite.allCases {
            let frame = try key(suite, 1).seal([1, 2, 3], counter: 0, metadata: [])
            #expect(try key(suite, 2).open(frame, metadata: []) == nil)
            for other in SFrameSuite.allCases where other != suite {
                #expect(try key(other, 1).open(frame, metadata: []) == nil)
            }
        }
    }

    @Test func emptyBaseKeysAreRefused() {
        let none: [UInt8] = []
        #expect(throws: CryptoError.self) { _ = try SFrameSecret(.aes128GCM, baseKey: none) }
    }

    /// RFC 9605 §5.1, against its formula.
    @Test(arguments: [SFrameSuite.aes128GCM, .aes256GCM])
    func ratchet(suite: SFrameSuite) throws {
        let baseKey = [UInt8](repeating: 3, count: 16)
        let step = try SFrameSecret(suite, baseKey: baseKey).ratchetedBaseKey().array
        let secret = try HKDF.extract(suite.hash, salt: [], inputKey: baseKey)
        let label = Array("SFrame 1.0 Ratchet".utf8)
        #expect(try step == HKDF.expand(suite.hash, secret: secret, info: label, count: suite.hash.byteCount))
    }
}
