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
    /// Salt, nonce, and then the additional data of the frame at hand: header and metadata.
    private var scratch: UnsafeMutableRawBufferPointer
    private static let additionalStart = 24
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
        unsafe scratch = Self.makeScratch(metadata: Self.usualMetadata)
        for index in salt.indices { unsafe scratch[index] = salt[index] }
    }

    deinit {
        unsafe Self.dispose(scratch)
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
        let header = SFrameHeader(keyID: keyID, counter: counter)
        let first = payload.lowerBound - header.byteCount
        guard first >= 0, payload.upperBound <= memory.count,
            memory.count - payload.upperBound >= suite.tagByteCount
        else { throw CryptoError(.invalidLength, "no room for the header or the tag of a frame") }
        unsafe header.write(to: UnsafeMutableRawBufferPointer(rebasing: memory[first..<payload.lowerBound]))
        let text = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[payload.lowerBound...])
        let source = unsafe UnsafeRawBufferPointer(rebasing: memory[payload])
        try unsafe seal(source, into: text, header, metadata)
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
        let header = SFrameHeader(keyID: keyID, counter: counter)
        let first = header.byteCount
        guard target.count >= first, target.count - first >= suite.tagByteCount,
            target.count - first - suite.tagByteCount >= payload.count
        else { throw CryptoError(.invalidLength, "no room for a frame") }
        unsafe header.write(to: target)
        let text = unsafe UnsafeMutableRawBufferPointer(rebasing: target[first...])
        try unsafe seal(payload, into: text, header, metadata)
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
        let additional = unsafe prepare(header, metadata)
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
        _ header: SFrameHeader,
        _ metadata: UnsafeRawBufferPointer
    ) throws(CryptoError) {
        let additional = unsafe prepare(header, metadata)
        switch cipher {
        case .aead(let key):
            _ = try unsafe key.seal(payload, into: text, nonce: nonce, additional: additional)
        case .counterMode(let key):
            unsafe text.copyMemory(from: payload)
            try unsafe key.seal(text, count: payload.count, nonce: nonce, additional: additional)
        }
    }

    private var nonce: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: scratch[12..<24]) }

    /// Sets the nonce for a frame and answers its additional data.
    private func prepare(_ header: SFrameHeader, _ metadata: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer
    {
        let first = Self.additionalStart + header.byteCount
        if unsafe scratch.count - first < metadata.count { makeRoom(metadata.count) }
        for index in 0..<SFrameSuite.nonceByteCount {
            let shift = 8 * (SFrameSuite.nonceByteCount - 1 - index)
            let byte = shift < 64 ? UInt8(truncatingIfNeeded: header.counter >> UInt64(shift)) : 0
            unsafe scratch[12 + index] = scratch[index] ^ byte
        }
        unsafe header.write(to: UnsafeMutableRawBufferPointer(rebasing: scratch[Self.additionalStart...]))
        if metadata.count > 0 {
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: scratch[first...])
            unsafe target.copyMemory(from: metadata)
        }
        return unsafe UnsafeRawBufferPointer(
            rebasing: scratch[Self.additionalStart..<first + metadata.count]
        )
    }

    private func makeRoom(_ metadata: Int) {
        let larger = unsafe Self.makeScratch(metadata: metadata)
        for index in 0..<SFrameSuite.nonceByteCount { unsafe larger[index] = scratch[index] }
        unsafe Self.dispose(scratch)
        unsafe scratch = larger
    }

    private static func makeScratch(metadata: Int) -> UnsafeMutableRawBufferPointer {
        .allocate(
            byteCount: additionalStart + SFrameHeader.longestByteCount + metadata,
            alignment: 16
        )
    }

    private static func dispose(_ scratch: UnsafeMutableRawBufferPointer) {
        if let start = scratch.baseAddress { unsafe sodium_memzero(start, scratch.count) }
        unsafe scratch.deallocate()
    }
}
