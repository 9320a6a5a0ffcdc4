import BurrowBase
import BurrowCrypto
import Testing

@Suite struct SignatureVectorTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let columns: [String]
        var testDescription: String { "\(columns[0]) \(columns[7])" }
    }

    /// The columns of BIP-340: index, secret key, public key, auxiliary randomness, message, signature, result, comment.
    static let vectors: [Vector] = {
        guard let bytes = try? VectorFile.bytes("bip340-test-vectors.csv") else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).dropFirst().map {
            (line) in
            let parts = line.split(separator: ",", maxSplits: 7, omittingEmptySubsequences: false)
            return Vector(columns: parts.map(String.init))
        }
    }()

    @Test(.enabled(if: VectorFile.areThere, VectorFile.absence)) func allVectorsAreThere() {
        #expect(Self.vectors.count == 19)
    }

    @Test(.enabled(if: VectorFile.areThere, VectorFile.absence), arguments: vectors)
    func publishedVector(vector: Vector) throws {
        let columns = vector.columns
        let publicKey = try Hex.decode(columns[2])
        let message = try Hex.decode(columns[4])
        let signature = try Hex.decode(columns[5])
        let isValid = Secp256k1.isValid(signature.span, for: message.span, publicKey: publicKey.span)
        #expect(isValid == (columns[6] == "TRUE"))
        guard !columns[1].isEmpty else { return }
        let secret = try Hex.decode(columns[1])
        let auxiliary = try Hex.decode(columns[3])
        let key = try Secp256k1.PrivateKey(secret.span)
        let derived = key.publicKey
        #expect(derived == publicKey)
        let made = try key.sign(message.span, auxiliary: auxiliary.span)
        #expect(made == signature)
    }

    @Test func freshSignaturesDifferAndAreValid() throws {
        let key = try Secp256k1.PrivateKey.random()
        let publicKey = key.publicKey
        let message: [UInt8] = Array(0..<32)
        let first = try key.sign(message.span)
        let second = try key.sign(message.span)
        #expect(first != second)
        for signature in [first, second] {
            let isValid = Secp256k1.isValid(signature.span, for: message.span, publicKey: publicKey.span)
            #expect(isValid)
        }
        var other = message
        other[0] ^= 1
        let isValidForOther = Secp256k1.isValid(first.span, for: other.span, publicKey: publicKey.span)
        #expect(!isValidForOther)
    }

    @Test func bothSidesAgree() throws {
        let alice = try Secp256k1.PrivateKey.random()
        let bob = try Secp256k1.PrivateKey.random()
        let first = try alice.sharedX(with: bob.publicKey.span)
        let second = try bob.sharedX(with: alice.publicKey.span)
        let areEqual = ConstantTime.equal(first.bytes, second.bytes)
        #expect(areEqual)
    }

    /// Zero, the order of the curve and numbers of another length.
    @Test(arguments: [
        String(repeating: "00", count: 32),
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        String(repeating: "ff", count: 32),
        "01",
        "",
    ])
    func numberThatIsNoKey(hex: String) throws {
        let bytes = try Hex.decode(hex)
        var code: CryptoError.Code?
        do throws(CryptoError) {
            _ = try Secp256k1.PrivateKey(bytes.span)
        } catch {
            code = error.code
        }
        #expect(code == .invalidKey)
    }

    @Test func pointsOffTheCurve() throws {
        let off = [UInt8](repeating: 0xff, count: 32)
        let none: [UInt8] = []
        let key = try Secp256k1.PrivateKey.random()
        let own = key.publicKey
        let offIsKey = Secp256k1.isPublicKey(off.span)
        let noneIsKey = Secp256k1.isPublicKey(none.span)
        let ownIsKey = Secp256k1.isPublicKey(own.span)
        #expect(!offIsKey)
        #expect(!noneIsKey)
        #expect(ownIsKey)
        var code: CryptoError.Code?
        do throws(CryptoError) {
            _ = try key.sharedX(with: off.span)
        } catch {
            code = error.code
        }
        #expect(code == .invalidKey)
    }
}
