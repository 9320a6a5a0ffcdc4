internal import CSodium

/// One key of a sender, as it protects frames (RFC 9605 §4.4): nonces from the counter, header and metadata authenticated.
///
/// Nothing is allocated per frame, as long as the metadata does not get longer. One thread's.
///
/// The counter is the caller's: sealing two frames with the same one gives away the key. `FrameSealer` counts.
@safe package final class SFrameKey {
    private enum Cipher {
        case aead(AEADKey)
        case counterMode(CounterModeKey)
    }

    package let suite: SFrameSuite
    package let keyID: UInt64
    private let cipher: Cipher
    /// The last eight bytes of the salt, which the counter changes (RFC 9605 §4.4.3), as they are in memory.
    private let salt: UInt64
    /// The nonce, and behind it the additional data of the frame at hand: header and metadata.
    private let scratch: UnsafeMutableRawBufferPointer
    /// Additional data that is too long for that.
    private var long: UnsafeMutableRawBufferPointer?
    private static let usualMetadata = 64

    init(
        _ suite: SFrameSuite,
        keyID: UInt64,
        key: Span<UInt8>,
        salt: Span<UInt8>
    ) throws(CryptoError) {
        guard salt.count == SFrameSuite.nonceByteCount else {
            throw CryptoError(.invalidKey, "SFrame salt has \(salt.count) bytes")
        }
        self.suite = suite
        self.keyID = keyID
        cipher =
            switch suite {
            case .aes128GCM: .aead(try AEADKey(.aes128GCM, key: key))
            case .aes256GCM: .aead(try AEADKey(.aes256GCM, key: key))
            default: .counterMode(try CounterModeKey(suite, key: key))
            }
        let size = SFrameSuite.nonceByteCount + SFrameHeader.writeRoom + Self.usualMetadata
        unsafe scratch = .allocate(byteCount: size, alignment: 16)
        for index in salt.indices { unsafe scratch[index] = salt[index] }
        self.salt = unsafe scratch.loadUnaligned(fromByteOffset: 4, as: UInt64.self)
    }

    deinit {
        unsafe long?.deallocate()
        if let start = unsafe scratch.baseAddress { unsafe sodium_memzero(start, scratch.count) }
        unsafe scratch.deallocate()
    }

    /// What sealing adds to a payload, in front of it and behind it.
    package func overhead(counter: UInt64) -> (header: Int, tag: Int) {
        (SFrameHeader(keyID: keyID, counter: counter).byteCount, suite.tagByteCount)
    }

    /// Protects the payload that stands at `payload` in `memory`: encrypted in place, the header right before it, the tag
    /// right behind it. Answers where the frame stands. There must be room for both; `SFrameHeader.longestByteCount` in
    /// front is always enough.
    package func seal(
        counter: UInt64,
        metadata: UnsafeRawBufferPointer,
        in memory: UnsafeMutableRawBufferPointer,
        payload: Range<Int>
    ) throws(CryptoError) -> Range<Int> {
        let (header, additional) = unsafe prepare(SFrameHeader(keyID: keyID, counter: counter), metadata)
        let first = payload.lowerBound - header.count
        guard first >= 0, payload.upperBound <= memory.count,
            memory.count - payload.upperBound >= suite.tagByteCount
        else { throw CryptoError(.invalidLength, "no room for the header or the tag of a frame") }
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[first...]).copyMemory(from: header)
        let text = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[payload.lowerBound...])
        let source = unsafe UnsafeRawBufferPointer(rebasing: memory[payload])
        try unsafe seal(source, into: text, additional)
        return first..<(payload.upperBound + suite.tagByteCount)
    }

    /// Protects `payload`, which stays as it is, and writes the frame to the beginning of `target`, which must not overlap
    /// it. Answers how long the frame is.
    package func seal(
        counter: UInt64,
        metadata: UnsafeRawBufferPointer,
        _ payload: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) -> Int {
        let (header, additional) = unsafe prepare(SFrameHeader(keyID: keyID, counter: counter), metadata)
        let first = header.count
        guard target.count >= first, target.count - first >= suite.tagByteCount,
            target.count - first - suite.tagByteCount >= payload.count
        else { throw CryptoError(.invalidLength, "no room for a frame") }
        unsafe target.copyMemory(from: header)
        try unsafe seal(payload, into: UnsafeMutableRawBufferPointer(rebasing: target[first...]), additional)
        return first + payload.count + suite.tagByteCount
    }

    /// Opens what follows the header of a frame: `body` is ciphertext and tag. The plaintext goes to the beginning of
    /// `target`, which is as long as `body` and begins where it begins or does not overlap it. Answers the length of the
    /// plaintext, or `nil` if the frame is not authentic; then `target` holds nothing of use.
    package func open(
        _ body: UnsafeRawBufferPointer,
        header: SFrameHeader,
        metadata: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) -> Int? {
        guard header.keyID == keyID, body.count >= suite.tagByteCount else { return nil }
        guard target.count >= body.count else {
            throw CryptoError(.invalidLength, "no room to open a frame")
        }
        let (_, additional) = unsafe prepare(header, metadata)
        let count = body.count - suite.tagByteCount
        switch cipher {
        case .aead(let key):
            return try unsafe key.open(body, into: target, nonce: nonce, additional: additional)
        case .counterMode(let key):
            let text = unsafe UnsafeMutableRawBufferPointer(rebasing: target[0..<body.count])
            unsafe text.copyMemory(from: body)
            return try unsafe key.open(text, count: count, nonce: nonce, additional: additional) ? count : nil
        }
    }

    private func seal(
        _ payload: UnsafeRawBufferPointer,
        into text: UnsafeMutableRawBufferPointer,
        _ additional: UnsafeRawBufferPointer
    ) throws(CryptoError) {
        switch cipher {
        case .aead(let key):
            _ = try unsafe key.seal(payload, into: text, nonce: nonce, additional: additional)
        case .counterMode(let key):
            unsafe text.copyMemory(from: payload)
            try unsafe key.seal(text, count: payload.count, nonce: nonce, additional: additional)
        }
    }

    private var nonce: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: scratch[0..<SFrameSuite.nonceByteCount])
    }

    /// Sets the nonce for a frame and answers its header and its additional data, which begins with it.
    private func prepare(
        _ header: SFrameHeader,
        _ metadata: UnsafeRawBufferPointer
    ) -> (header: UnsafeRawBufferPointer, additional: UnsafeRawBufferPointer) {
        unsafe scratch.storeBytes(of: salt ^ header.counter.bigEndian, toByteOffset: 4, as: UInt64.self)
        let target = unsafe additional(SFrameHeader.writeRoom + metadata.count)
        let length = unsafe header.write(to: target)
        if metadata.count > 0 {
            unsafe UnsafeMutableRawBufferPointer(rebasing: target[length...]).copyMemory(from: metadata)
        }
        let all = unsafe UnsafeRawBufferPointer(rebasing: target[0..<length + metadata.count])
        return unsafe (UnsafeRawBufferPointer(rebasing: all[0..<length]), all)
    }

    /// Memory for additional data, `count` bytes or more.
    private func additional(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if unsafe count <= scratch.count - SFrameSuite.nonceByteCount {
            return unsafe UnsafeMutableRawBufferPointer(rebasing: scratch[SFrameSuite.nonceByteCount...])
        }
        if let long = unsafe long, long.count >= count { return unsafe long }
        unsafe long?.deallocate()
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        unsafe long = larger
        return unsafe larger
    }
}
