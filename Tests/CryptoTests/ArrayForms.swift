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

extension HashFunction {
    func hash(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        try hash(message.span)
    }

    func authenticate(_ message: [UInt8], key: [UInt8]) throws(CryptoError) -> [UInt8] {
        try authenticate(message.span, key: key.span)
    }

    func isValid(_ code: [UInt8], for message: [UInt8], key: [UInt8]) throws(CryptoError) -> Bool {
        try isValid(code.span, for: message.span, key: key.span)
    }
}

extension HKDF {
    static func extract(_ hash: HashFunction, salt: [UInt8], inputKey: [UInt8]) throws(CryptoError) -> [UInt8]
    {
        try extract(hash, salt: salt.span, inputKey: inputKey.span).array
    }

    static func expand(
        _ hash: HashFunction,
        secret: [UInt8],
        info: [UInt8],
        count: Int
    ) throws(CryptoError) -> [UInt8] {
        try expand(hash, secret: secret.span, info: info.span, count: count).array
    }
}

extension SecretBytes {
    /// A copy for comparisons with published values.
    var array: [UInt8] { [UInt8](copying: bytes) }
}

extension [UInt8] {
    init(copying bytes: Span<UInt8>) {
        self = []
        for index in bytes.indices { append(bytes[index]) }
    }
}

extension AEADKey {
    convenience init(_ algorithm: AEADAlgorithm, key: [UInt8]) throws(CryptoError) {
        try self.init(algorithm, key: key.span)
    }

    func seal(_ plaintext: [UInt8], nonce: [UInt8], additional: [UInt8]) throws(CryptoError) -> [UInt8] {
        try seal(plaintext.span, nonce: nonce.span, additional: additional.span)
    }

    func open(_ ciphertext: [UInt8], nonce: [UInt8], additional: [UInt8]) throws(CryptoError) -> [UInt8]? {
        try open(ciphertext.span, nonce: nonce.span, additional: additional.span)
    }
}

extension X25519 {
    static func agree(_ privateKey: [UInt8], with publicKey: [UInt8]) throws(CryptoError) -> [UInt8] {
        let key = try PrivateKey(copying: privateKey.span)
        return try key.agree(with: publicKey.span).array
    }

    static func publicKey(of privateKey: [UInt8]) throws(CryptoError) -> [UInt8] {
        try PrivateKey(copying: privateKey.span).publicKey
    }

    static func isValid(publicKey: [UInt8]) -> Bool {
        isValid(publicKey: publicKey.span)
    }
}
