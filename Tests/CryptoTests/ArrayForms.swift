import BurrowCrypto

// Expectation macros cannot take spans apart, so the tests call these.

extension ConstantTime {
    static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        equal(a.span, b.span)
    }
}

extension SHA256 {
    static func hash(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        try hash(message.span)
    }
}

extension HMACSHA256 {
    static func isValid(_ code: [UInt8], for message: [UInt8], key: [UInt8]) throws(CryptoError) -> Bool {
        try isValid(code.span, for: message.span, key: key.span)
    }
}

extension Ed25519 {
    static func isValid(_ signature: [UInt8], for message: [UInt8], publicKey: [UInt8]) throws(CryptoError)
        -> Bool
    {
        try isValid(signature.span, for: message.span, publicKey: publicKey.span)
    }
}

extension P256.PublicKey {
    convenience init(x: [UInt8], y: [UInt8]) throws(CryptoError) {
        try self.init(x: x.span, y: y.span)
    }

    func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        isValid(signature.span, for: message.span)
    }
}

extension P256.PrivateKey {
    convenience init(d: [UInt8], x: [UInt8], y: [UInt8]) throws(CryptoError) {
        try self.init(d: d.span, x: x.span, y: y.span)
    }
}
