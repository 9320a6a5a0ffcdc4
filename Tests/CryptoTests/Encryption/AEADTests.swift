import BurrowBase
import BurrowCrypto
import Testing

@Suite struct AEADTests {
    struct Vector: Sendable {
        let algorithm: AEADAlgorithm
        let key: String
        let nonce: String
        let additional: String
        let plaintext: String
        let ciphertext: String
    }

    private static let text =
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"

    /// The GCM specification's test cases 1, 2, 4 and 16, and RFC 8439 §2.8.2.
    static let vectors = [
        Vector(
            algorithm: .aes128GCM,
            key: "00000000000000000000000000000000",
            nonce: "000000000000000000000000",
            additional: "",
            plaintext: "",
            ciphertext: "58e2fccefa7e3061367f1d57a4e7455a"
        ),
        Vector(
            algorithm: .aes128GCM,
            key: "00000000000000000000000000000000",
            nonce: "000000000000000000000000",
            additional: "",
            plaintext: "00000000000000000000000000000000",
            ciphertext: "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"
        ),
        Vector(
            algorithm: .aes128GCM,
            key: "feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            additional: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            plaintext: text,
            ciphertext: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
                + "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
                + "5bc94fbc3221a5db94fae95ae7121a47"
        ),
        Vector(
            algorithm: .aes256GCM,
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            additional: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            plaintext: text,
            ciphertext: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                + "76fc6ece0f4e1768cddf8853bb2d551b"
        ),
        Vector(
            algorithm: .chaCha20Poly1305,
            key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
            nonce: "070000004041424344454647",
            additional: "50515253c0c1c2c3c4c5c6c7",
            plaintext: Hex.encode(
                Array(
                    ("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
                        + "sunscreen would be it.").utf8
                )
            ),
            ciphertext: "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
                + "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
                + "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
                + "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"
        ),
    ]

    @Test(arguments: vectors)
    func publishedVectors(vector: Vector) throws {
        let key = try AEADKey(vector.algorithm, key: Hex.decode(vector.key))
        let nonce = try Hex.decode(vector.nonce)
        let additional = try Hex.decode(vector.additional)
        let plaintext = try Hex.decode(vector.plaintext)
        let ciphertext = try key.seal(plaintext, nonce: nonce, additional: additional)
        #expect(Hex.encode(ciphertext) == vector.ciphertext)
        #expect(try key.open(ciphertext, nonce: nonce, additional: additional) == plaintext)
        // Every bit counts.
        for index in ciphertext.indices {
            var other = ciphertext
            other[index] ^= 1 << UInt8(index % 8)
            #expect(try key.open(other, nonce: nonce, additional: additional) == nil)
        }
        #expect(try key.open(ciphertext, nonce: nonce, additional: additional + [0]) == nil)
        #expect(try key.open(Array(ciphertext.dropLast()), nonce: nonce, additional: additional) == nil)
        #expect(try key.open([], nonce: nonce, additional: additional) == nil)
    }

    /// In place and from one memory to another, at every alignment, gives what the array form gives.
    @Test(arguments: AEADAlgorithm.allCases)
    func inPlaceIsTheSame(algorithm: AEADAlgorithm) throws {
        let key = try AEADKey(algorithm, key: [UInt8](repeating: 7, count: algorithm.keyByteCount))
        let nonce = [UInt8](repeating: 9, count: 12)
        let additional = Array("additional".utf8)
        for count in [0, 1, 15, 16, 17, 31, 32, 33, 64, 100, 255, 1000, 1500, 4097] {
            let plaintext = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let expected = try key.seal(plaintext, nonce: nonce, additional: additional)
            for offset in [0, 1, 7] {
                var memory =
                    [UInt8](repeating: 0, count: offset) + plaintext + [UInt8](repeating: 0, count: 16)
                let sealed = try unsafe inPlace(&memory, offset) { (text) in
                    try unsafe key.seal(
                        UnsafeRawBufferPointer(rebasing: text.prefix(count)),
                        into: text,
                        nonce: nonce,
                        additional: additional
                    )
                }
                #expect(sealed == count + 16)
                #expect(Array(memory[offset...]) == expected)
                let opened = try unsafe inPlace(&memory, offset) { (text) in
                    try unsafe key.open(
                        UnsafeRawBufferPointer(text),
                        into: text,
                        nonce: nonce,
                        additional: additional
                    )
                }
                #expect(opened == count)
                #expect(Array(memory[offset..<offset + count]) == plaintext)
            }
        }
    }

    @Test(arguments: AEADAlgorithm.allCases)
    func nothingUnauthenticIsLeftBehind(algorithm: AEADAlgorithm) throws {
        let key = try AEADKey(algorithm, key: [UInt8](repeating: 7, count: algorithm.keyByteCount))
        let nonce = [UInt8](repeating: 9, count: 12)
        var memory = try key.seal([UInt8](repeating: 0x55, count: 500), nonce: nonce, additional: [])
        memory[510] ^= 1
        let opened = try unsafe inPlace(&memory, 0) { (text) in
            try unsafe key.open(UnsafeRawBufferPointer(text), into: text, nonce: nonce, additional: [])
        }
        #expect(opened == nil)
        #expect(memory.prefix(500).allSatisfy { $0 == 0 })
    }

    @Test(arguments: AEADAlgorithm.allCases)
    func wrongLengthsAreErrors(algorithm: AEADAlgorithm) throws {
        for count in [0, 1, 15, 17, 24, 31, 33, 64] where count != algorithm.keyByteCount {
            let error = #expect(throws: CryptoError.self) {
                _ = try AEADKey(algorithm, key: [UInt8](repeating: 0, count: count))
            }
            #expect(error?.code == .invalidKey)
        }
        let key = try AEADKey(algorithm, key: [UInt8](repeating: 0, count: algorithm.keyByteCount))
        for count in [0, 1, 11, 13, 16, 1000] {
            let nonce = [UInt8](repeating: 0, count: count)
            #expect(throws: CryptoError.self) { try key.seal([1, 2], nonce: nonce, additional: []) }
            let sealed = [UInt8](repeating: 0, count: 20)
            #expect(throws: CryptoError.self) { try key.open(sealed, nonce: nonce, additional: []) }
        }
        var small = [UInt8](repeating: 0, count: 31)
        #expect(throws: CryptoError.self) {
            _ = try unsafe inPlace(&small, 0) { (text) in
                try unsafe key.seal(
                    UnsafeRawBufferPointer(rebasing: text.prefix(16)),
                    into: text,
                    nonce: [UInt8](repeating: 0, count: 12),
                    additional: []
                )
            }
        }
    }

    private func inPlace<Result>(
        _ memory: inout [UInt8],
        _ offset: Int,
        _ body: (UnsafeMutableRawBufferPointer) throws -> Result
    ) throws -> Result {
        try unsafe memory.withUnsafeMutableBytes { (bytes) in
            try unsafe body(UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]))
        }
    }
}

extension AEADKey {
    fileprivate func seal(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        nonce: [UInt8],
        additional: [UInt8]
    ) throws -> Int {
        try unsafe nonce.withUnsafeBytes { (nonce) in
            try unsafe additional.withUnsafeBytes { (additional) in
                try unsafe seal(source, into: target, nonce: nonce, additional: additional)
            }
        }
    }

    fileprivate func open(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        nonce: [UInt8],
        additional: [UInt8]
    ) throws -> Int? {
        try unsafe nonce.withUnsafeBytes { (nonce) in
            try unsafe additional.withUnsafeBytes { (additional) in
                try unsafe open(source, into: target, nonce: nonce, additional: additional)
            }
        }
    }
}
