package import BurrowBase

/// Seals the frames of one track. Made by a `BroadcastSealer`, which gives every track a number once.
///
/// The counter goes up by one with every frame and never back, not even with a new epoch: so no counter is used twice with
/// one key, even if a host brings the same secret for two epochs whose numbers look alike. Nothing is allocated per frame.
/// One thread's.
package final class FrameSealer {
    /// The number of the track in its broadcast; 0 is the catalogue.
    package let index: UInt64
    package let kind: MediaKind
    private let limits: ProtectionLimits
    private let metadata: FrameMetadata
    private var current: Stage?
    private var next: (stage: Stage, due: Instant)?
    private var counter: UInt64
    private var framesOfKey: UInt64 = 0
    private var bytesOfKey: UInt64 = 0
    private var lacksKeyFrame = false

    /// A key and the epoch it comes from.
    struct Stage {
        let epoch: UInt64
        let key: SFrameKey
    }

    init(index: UInt64, kind: MediaKind, limits: ProtectionLimits) {
        self.index = index
        self.kind = kind
        self.limits = limits
        counter = limits.firstCounter
        metadata = FrameMetadata(track: index, kind: kind)
    }

    /// The epoch of the last frame, or of the first that will be; `nil` without a key.
    package var epoch: UInt64? { current?.epoch }

    /// The epoch of the last frame.
    private(set) var sealedEpoch: UInt64?

    /// Whether the group should make a new epoch, because this key has done a lot.
    package var needsRefresh: Bool {
        framesOfKey >= limits.framesBeforeRefresh || bytesOfKey >= limits.bytesBeforeRefresh
    }

    /// Whether the encoder should make a key frame: a new epoch waits for it or has begun without.
    package func wantsKeyFrame(now: Instant) -> Bool {
        guard kind == .video else { return false }
        if lacksKeyFrame { return true }
        guard let next else { return false }
        return now >= next.due
    }

    /// Seals the payload that stands at `payload` in `memory`, in place: the header goes right before it, the tag right
    /// behind it. `SFrameHeader.longestByteCount` and `suite.tagByteCount` bytes there are enough. Answers where the frame
    /// stands.
    package func seal(
        in memory: UnsafeMutableRawBufferPointer,
        payload: Range<Int>,
        position: FramePosition,
        now: Instant
    ) throws(CryptoError) -> Range<Int> {
        let (key, counter) = try begin(payload.count, position, now)
        return try unsafe key.seal(counter: counter, metadata: metadata.bytes, in: memory, payload: payload)
    }

    /// Seals `payload`, which stays as it is, to the beginning of `target`. Answers how long the frame is.
    package func seal(
        _ payload: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        position: FramePosition,
        now: Instant
    ) throws(CryptoError) -> Int {
        let (key, counter) = try begin(payload.count, position, now)
        return try unsafe key.seal(counter: counter, metadata: metadata.bytes, payload, into: target)
    }

    /// How many bytes a payload grows by at most.
    package var longestOverhead: Int {
        SFrameHeader.longestByteCount + (current?.key.suite.tagByteCount ?? AEADAlgorithm.tagByteCount)
    }

    /// Begins with a key at once.
    func replace(_ stage: Stage) {
        // A track that has not sent a frame has nobody who waits for its key frame.
        lacksKeyFrame = kind == .video && current != nil
        current = stage
        next = nil
        framesOfKey = 0
        bytesOfKey = 0
    }

    /// Begins with a key when it is due; what waits already does not wait longer for that.
    func schedule(_ stage: Stage, due: Instant) {
        guard current != nil else { return replace(stage) }
        next = (stage, min(next?.due ?? due, due))
    }

    /// Begins with nothing of an epoch any more, and goes on with nothing of it.
    func remove(epoch: UInt64) {
        if current?.epoch == epoch { current = nil }
        if next?.stage.epoch == epoch { next = nil }
    }

    /// As `remove` for an epoch and all after it, and as if nothing had been sealed in them.
    func undo(from epoch: UInt64) {
        if let number = current?.epoch, number >= epoch { current = nil }
        if let number = next?.stage.epoch, number >= epoch { next = nil }
        if let number = sealedEpoch, number >= epoch { sealedEpoch = nil }
    }

    /// Everything that has to be so before a frame is sealed. The counter is gone whatever happens then.
    private func begin(
        _ count: Int,
        _ position: FramePosition,
        _ now: Instant
    ) throws(CryptoError) -> (SFrameKey, UInt64) {
        guard count >= 0, count <= limits.frameByteCount else {
            throw CryptoError(.invalidLength, "frame of \(count) bytes is too long to protect")
        }
        if let next, now >= next.due {
            let isLate = now >= next.due + ProtectionLimits.longestWaitForKeyFrame
            if kind != .video || position.isKey || isLate || current == nil { replace(next.stage) }
        }
        guard let current else { throw CryptoError(.missingKey, "track \(index) has no key yet") }
        guard counter < .max, framesOfKey < limits.framesPerKey, bytesOfKey < limits.bytesPerKey else {
            throw CryptoError(.exhausted, "the key of track \(index) has protected as much as it may")
        }
        sealedEpoch = current.epoch
        let used = counter
        counter += 1
        framesOfKey += 1
        bytesOfKey += UInt64(count)
        if position.isKey { lacksKeyFrame = false }
        metadata.set(position)
        return (current.key, used)
    }
}
