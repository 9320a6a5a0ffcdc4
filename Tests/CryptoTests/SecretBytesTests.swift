import BurrowCrypto
import Testing

@Suite struct SecretBytesTests {
    @Test func keepsWhatItWasGiven() throws {
        let original: [UInt8] = [1, 2, 3]
        let secret = try SecretBytes(copying: original.span)
        let count = secret.count
        #expect(count == 3)
        let isEqual = ConstantTime.equal(secret.bytes, original.span)
        #expect(isEqual)
    }

    @Test func randomSecretsDiffer() throws {
        let first = try SecretBytes.random(count: 32)
        let second = try SecretBytes.random(count: 32)
        let isEqual = ConstantTime.equal(first.bytes, second.bytes)
        #expect(!isEqual)
    }

    @Test func mayBeEmpty() throws {
        let none: [UInt8] = []
        let secret = try SecretBytes(copying: none.span)
        let count = secret.count
        let isEqual = ConstantTime.equal(secret.bytes, secret.bytes)
        #expect(count == 0)
        #expect(isEqual)
    }

    @Test func impossibleSizeIsAnError() {
        // The expectation macro cannot hold a non-copyable result, so only the code is kept.
        var code: CryptoError.Code?
        do throws(CryptoError) {
            _ = try SecretBytes.random(count: .max)
        } catch {
            code = error.code
        }
        #expect(code == .outOfMemory)
    }

    @Test func comparisonLooksAtLengthAndEveryByte() {
        let bytes: [UInt8] = [1, 2, 3, 4]
        #expect(ConstantTime.equal(bytes, bytes))
        let shorter: [UInt8] = [1, 2, 3]
        #expect(!ConstantTime.equal(bytes, shorter))
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 0x80
            #expect(!ConstantTime.equal(bytes, other))
        }
    }
}
