import BurrowBase
import BurrowCrypto
import Testing

@Suite struct HashFunctionTests {
    /// FIPS 180-4 examples for "abc".
    @Test(arguments: [
        (HashFunction.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            .sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                + "8086072ba1e7cc2358baeca134c825a7"
        ),
        (
            .sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ])
    func publishedDigests(function: HashFunction, digest: String) throws {
        let hash = try function.hash(Array("abc".utf8))
        #expect(Hex.encode(hash) == digest)
        #expect(hash.count == function.byteCount)
    }

    /// RFC 4231 §4.3.
    @Test(arguments: [
        (HashFunction.sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            .sha384,
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
                + "8e2240ca5e69e2c78b3239ecfab21649"
        ),
        (
            .sha512,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        ),
    ])
    func publishedCodes(function: HashFunction, expected: String) throws {
        let key = Array("Jefe".utf8)
        let message = Array("what do ya want for nothing?".utf8)
        let code = try function.authenticate(message, key: key)
        #expect(Hex.encode(code) == expected)
        #expect(try function.isValid(code, for: message, key: key))
        var other = code
        other[code.count - 1] ^= 1
        #expect(try !function.isValid(other, for: message, key: key))
        #expect(try !function.isValid(Array(code.dropLast()), for: message, key: key))
    }

    struct KeyDerivation: Sendable {
        let inputKey: [UInt8]
        let salt: [UInt8]
        let info: [UInt8]
        let pseudorandomKey: String
        let output: String
    }

    /// RFC 5869 appendix A.1 to A.3.
    @Test(arguments: [
        KeyDerivation(
            inputKey: [UInt8](repeating: 0x0b, count: 22),
            salt: Array(0x00...0x0c),
            info: Array(0xf0...0xf9),
            pseudorandomKey: "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
            output: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        ),
        KeyDerivation(
            inputKey: Array(0x00...0x4f),
            salt: Array(0x60...0xaf),
            info: Array(0xb0...0xff),
            pseudorandomKey: "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
            output: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
                + "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
                + "cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
        KeyDerivation(
            inputKey: [UInt8](repeating: 0x0b, count: 22),
            salt: [],
            info: [],
            pseudorandomKey: "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
            output: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
        ),
    ])
    func publishedKeys(vector: KeyDerivation) throws {
        let key = try HKDF.extract(.sha256, salt: vector.salt, inputKey: vector.inputKey)
        #expect(Hex.encode(key) == vector.pseudorandomKey)
        let count = vector.output.utf8.count / 2
        let output = try HKDF.expand(.sha256, secret: key, info: vector.info, count: count)
        #expect(Hex.encode(output) == vector.output)
    }

    @Test(arguments: HashFunction.allCases)
    func lengthsOutsideTheDefinitionAreErrors(function: HashFunction) throws {
        let secret = [UInt8](repeating: 1, count: function.byteCount)
        let longest = HKDF.longestOutput(function)
        #expect(try HKDF.expand(function, secret: secret, info: [], count: longest).count == longest)
        for count in [0, -1, .min, longest + 1, .max] {
            let error = #expect(throws: CryptoError.self) {
                try HKDF.expand(function, secret: secret, info: [], count: count)
            }
            #expect(error?.code == .invalidLength)
        }
    }

    @Test func emptyInputsAreFine() throws {
        let key = try HKDF.extract(.sha512, salt: [], inputKey: [])
        #expect(key.count == 64)
        // An empty salt is a block of zeros (RFC 5869 §2.2).
        #expect(try HKDF.extract(.sha512, salt: [UInt8](repeating: 0, count: 64), inputKey: []) == key)
    }
}
