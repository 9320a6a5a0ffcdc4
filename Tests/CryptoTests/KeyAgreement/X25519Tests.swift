import BurrowBase
import BurrowCrypto
import Testing

@Suite struct X25519Tests {
    /// RFC 7748 §5.2.
    @Test(arguments: [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"
        ),
    ])
    func publishedAgreements(scalar: String, point: String, shared: String) throws {
        let result = try X25519.agree(Hex.decode(scalar), with: Hex.decode(point))
        #expect(Hex.encode(result) == shared)
    }

    /// RFC 7748 §6.1.
    @Test func publishedKeyPairs() throws {
        let alice = try Hex.decode("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
        let bob = try Hex.decode("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
        let alicePublic = try X25519.publicKey(of: alice)
        let bobPublic = try X25519.publicKey(of: bob)
        #expect(
            Hex.encode(alicePublic) == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
        )
        #expect(Hex.encode(bobPublic) == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
        let shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
        #expect(try Hex.encode(X25519.agree(alice, with: bobPublic)) == shared)
        #expect(try Hex.encode(X25519.agree(bob, with: alicePublic)) == shared)
        #expect(X25519.isValid(publicKey: alicePublic))
    }

    /// RFC 7748 §6.1 and RFC 9180 §7.1.4: all points of small order, with and without the ignored bit.
    @Test(
        arguments: [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ],
        [0x00, 0x80] as [UInt8]
    )
    func smallOrderIsRefused(point: String, top: UInt8) throws {
        var bytes = try Hex.decode(point)
        bytes[31] |= top
        #expect(!X25519.isValid(publicKey: bytes))
        let error = #expect(throws: CryptoError.self) {
            try X25519.agree([UInt8](repeating: 5, count: 32), with: bytes)
        }
        #expect(error?.code == .invalidKey)
    }

    @Test(arguments: [0, 1, 31, 33, 64])
    func wrongLengthsAreErrors(count: Int) throws {
        let bytes = [UInt8](repeating: 9, count: count)
        #expect(!X25519.isValid(publicKey: bytes))
        #expect(throws: CryptoError.self) { try X25519.publicKey(of: bytes) }
        #expect(throws: CryptoError.self) { try X25519.agree([UInt8](repeating: 5, count: 32), with: bytes) }
    }

    @Test func randomKeysAgree() throws {
        for _ in 0..<20 {
            let first = try X25519.PrivateKey.random()
            let second = try X25519.PrivateKey.random()
            let firstPublic = first.publicKey
            let secondPublic = second.publicKey
            #expect(firstPublic != secondPublic)
            let one = try first.agree(with: secondPublic.span).array
            let other = try second.agree(with: firstPublic.span).array
            #expect(one == other)
        }
    }
}
