import BurrowBase
import BurrowCrypto

// The same for frames; expectation macros cannot take spans apart.

extension SFrameKey {
    func seal(_ payload: [UInt8], counter: UInt64, metadata: [UInt8]) throws(CryptoError) -> [UInt8] {
        try seal(payload.span, counter: counter, metadata: metadata.span)
    }

    func open(_ frame: [UInt8], metadata: [UInt8]) throws(CryptoError) -> [UInt8]? {
        try open(frame.span, metadata: metadata.span)
    }
}

extension SFrameHeader {
    /// The header at the beginning of `bytes`, and its length.
    static func read(_ bytes: [UInt8]) throws(DecodeError) -> (header: SFrameHeader, count: Int) {
        var reader = ByteReader(bytes.span)
        let header = try SFrameHeader(from: &reader)
        return (header, reader.offset)
    }
}

extension FrameSealer {
    func seal(_ payload: [UInt8], position: FramePosition, now: Instant) throws(CryptoError) -> [UInt8] {
        try seal(payload.span, position: position, now: now)
    }
}

extension FrameOpener {
    func open(
        _ frame: [UInt8],
        position: FramePosition,
        now: Instant
    ) throws(CryptoError) -> Result<[UInt8], FrameDropReason> {
        try open(frame.span, position: position, now: now)
    }
}

extension BroadcastSealer {
    func install(epoch: UInt64, baseKey: [UInt8], isRemoval: Bool = false, now: Instant) throws(CryptoError) {
        try install(epoch: epoch, baseKey: baseKey.span, isRemoval: isRemoval, now: now)
    }
}

extension BroadcastOpener {
    func install(epoch: UInt64, baseKey: [UInt8]) throws(CryptoError) {
        try install(epoch: epoch, baseKey: baseKey.span)
    }
}

extension SealedCatalogue {
    static func parse(_ bytes: [UInt8]) throws(CryptoError) -> SealedCatalogue? {
        try parse(bytes.span)
    }
}

extension SFrameSecret {
    convenience init(_ suite: SFrameSuite, baseKey: [UInt8]) throws(CryptoError) {
        try self.init(suite, baseKey: baseKey.span)
    }
}

extension CounterModeKey {
    convenience init(_ suite: SFrameSuite, key: [UInt8]) throws(CryptoError) {
        try self.init(suite, key: key.span)
    }

    func seal(_ text: inout [UInt8], count: Int, nonce: [UInt8], additional: [UInt8]) throws(CryptoError) {
        try unsafe text.withUnsafeMutableBufferPointer { (text) throws(CryptoError) in
            try unsafe nonce.span.withUnsafeBytes { (nonce) throws(CryptoError) in
                try unsafe additional.span.withUnsafeBytes { (additional) throws(CryptoError) in
                    let text = UnsafeMutableRawBufferPointer(text)
                    try unsafe seal(text, count: count, nonce: nonce, additional: additional)
                }
            }
        }
    }

    func open(_ text: inout [UInt8], count: Int, nonce: [UInt8], additional: [UInt8]) throws(CryptoError)
        -> Bool
    {
        try unsafe text.withUnsafeMutableBufferPointer { (text) throws(CryptoError) in
            try unsafe nonce.span.withUnsafeBytes { (nonce) throws(CryptoError) in
                try unsafe additional.span.withUnsafeBytes { (additional) throws(CryptoError) in
                    let text = UnsafeMutableRawBufferPointer(text)
                    return try unsafe open(text, count: count, nonce: nonce, additional: additional)
                }
            }
        }
    }
}
