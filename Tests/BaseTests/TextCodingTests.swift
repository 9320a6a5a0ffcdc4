import BurrowBase
import Testing

@Suite struct TextCodingTests {
    /// RFC 4648 §10.
    @Test(arguments: [
        ("", "", ""), ("f", "Zg==", "66"), ("fo", "Zm8=", "666f"), ("foo", "Zm9v", "666f6f"),
        ("foob", "Zm9vYg==", "666f6f62"), ("fooba", "Zm9vYmE=", "666f6f6261"),
        ("foobar", "Zm9vYmFy", "666f6f626172"),
    ])
    func publishedVectors(plain: String, base64: String, hex: String) throws {
        let bytes = Array(plain.utf8)
        #expect(Base64.standard.encode(bytes) == base64)
        #expect(try Base64.standard.decode(base64) == bytes)
        let unpadded = String(base64.prefix { $0 != "=" })
        #expect(Base64.url.encode(bytes) == unpadded)
        #expect(try Base64.url.decode(unpadded) == bytes)
        #expect(Hex.encode(bytes) == hex)
        #expect(try Hex.decode(hex) == bytes)
    }

    @Test func everyByteSurvives() throws {
        for count in 253...257 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151) }
            #expect(try Base64.standard.decode(Base64.standard.encode(bytes)) == bytes)
            #expect(try Base64.url.decode(Base64.url.encode(bytes)) == bytes)
            #expect(try Hex.decode(Hex.encode(bytes)) == bytes)
        }
        #expect(Base64.standard.encode([0xfb, 0xff]) == "+/8=")
        #expect(Base64.url.encode([0xfb, 0xff]) == "-_8")
    }

    @Test(arguments: ["A", "Zg==", "Zg=", "Zh", "Zm9", "+/8", " Zg", "Zg\n", "Z.", "Zé", "AAAAA"])
    func looseBase64URL(text: String) {
        #expect(throws: DecodeError.self) { try Base64.url.decode(text) }
    }

    @Test(arguments: [
        "Zg", "Zg=", "Zg===", "====", "=", "Z===", "Zh==", "-_8=", "Zg==Zg==", "Zm 9v", "Zm9v\n",
    ])
    func looseBase64(text: String) {
        #expect(throws: DecodeError.self) { try Base64.standard.decode(text) }
    }

    @Test(arguments: ["0", "0g", "zz", "0x", "é0", "00 "])
    func looseHex(text: String) {
        #expect(throws: DecodeError.self) { try Hex.decode(text) }
    }

    @Test func hexReadsEitherCase() throws {
        #expect(try Hex.decode("AbCdeF") == [0xab, 0xcd, 0xef])
    }
}
