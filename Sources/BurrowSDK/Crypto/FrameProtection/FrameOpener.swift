package import BurrowBase

/// Opens the frames of one track. Made by a `BroadcastOpener`, which has the epochs.
///
/// Whatever a relay does to a frame ends in a drop that is counted by reason; nothing throws for what came from outside.
/// Once a key was used nothing is allocated per frame. One thread's.
package final class FrameOpener {
    package let index: UInt64
    package let kind: MediaKind
    package private(set) var counts = FrameCounts()
    /// The newest group that an authentic frame was in.
    package private(set) var newestGroup: UInt64?
    private let suite: SFrameSuite
    private let limits: ProtectionLimits
    private let epochs: OpeningEpochs
    private let metadata: FrameMetadata
    private var keys: [OpeningKey] = []
    /// That of the last frame, which is nearly always that of the next one.
    private var recent: OpeningKey?

    /// The key of this track in one epoch, and what was done with it.
    private final class OpeningKey {
        let epoch: OpeningEpoch
        let key: SFrameKey
        var window = ReplayWindow()
        var failures: UInt64 = 0

        init(_ epoch: OpeningEpoch, _ key: SFrameKey) {
            self.epoch = epoch
            self.key = key
        }
    }

    init(
        index: UInt64,
        kind: MediaKind,
        suite: SFrameSuite,
        limits: ProtectionLimits,
        epochs: OpeningEpochs
    ) {
        self.index = index
        self.kind = kind
        self.suite = suite
        self.limits = limits
        self.epochs = epochs
        metadata = FrameMetadata(track: index, kind: kind)
    }

    /// Opens the frame that fills `memory`, in place. Unless it was dropped as `notAuthentic`, a dropped frame is untouched.
    ///
    /// `mayRepeat` says that the frame may have been opened before: it was asked for again, or is played from a recording.
    /// Then it stands where it was sealed for all the same, and telling it from its repetition is the caller's, by group
    /// and frame.
    package func open(
        in memory: UnsafeMutableRawBufferPointer,
        position: FramePosition,
        mayRepeat: Bool = false,
        now: Instant
    ) throws(CryptoError) -> FrameOpening {
        let frame = UnsafeRawBufferPointer(memory)
        return try unsafe open(frame, to: memory, isInPlace: true, position, mayRepeat, now)
    }

    /// Opens `frame`, which stays as it is, to the beginning of `target`, which is at least as long and does not overlap it.
    package func open(
        _ frame: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        position: FramePosition,
        now: Instant
    ) throws(CryptoError) -> FrameOpening {
        guard target.count >= frame.count else {
            throw CryptoError(.invalidLength, "no room to open a frame of \(frame.count) bytes")
        }
        return try unsafe open(frame, to: target, isInPlace: false, position, false, now)
    }

    /// Forgets the key of an epoch.
    func forget(_ epoch: OpeningEpoch) {
        keys.removeAll { $0.epoch === epoch }
        if recent?.epoch === epoch { recent = nil }
    }

    private func open(
        _ frame: UnsafeRawBufferPointer,
        to target: UnsafeMutableRawBufferPointer,
        isInPlace: Bool,
        _ position: FramePosition,
        _ mayRepeat: Bool,
        _ now: Instant
    ) throws(CryptoError) -> FrameOpening {
        let result = try unsafe judge(frame, to: target, isInPlace: isInPlace, position, mayRepeat, now)
        counts.count(result)
        return result
    }

    private func judge(
        _ frame: UnsafeRawBufferPointer,
        to target: UnsafeMutableRawBufferPointer,
        isInPlace: Bool,
        _ position: FramePosition,
        _ mayRepeat: Bool,
        _ now: Instant
    ) throws(CryptoError) -> FrameOpening {
        guard let (header, length) = unsafe Self.header(frame), frame.count - length >= suite.tagByteCount,
            frame.count - length - suite.tagByteCount <= limits.frameByteCount
        else { return .dropped(.malformed) }
        // Before any key is derived, so that invented numbers cost nothing.
        guard header.keyID >> ProtectionLimits.epochBits == index else { return .dropped(.wrongTrack) }
        guard let key = try key(header.keyID, now) else { return .dropped(.unknownEpoch) }
        guard key.failures < limits.failuresPerKey else { return .dropped(.keyClosed) }
        let verdict = key.window.verdict(header.counter)
        if !mayRepeat {
            if verdict == .duplicate { return .dropped(.duplicate) }
            if verdict == .tooOld { return .dropped(.tooOld) }
        }
        metadata.set(position)
        let start = isInPlace ? length : 0
        let body = unsafe UnsafeRawBufferPointer(rebasing: frame[length...])
        let output = unsafe UnsafeMutableRawBufferPointer(rebasing: target[start...])
        guard
            let count = try unsafe key.key.open(body, header: header, metadata: metadata.bytes, into: output)
        else {
            key.failures += 1
            return .dropped(.notAuthentic)
        }
        if verdict == .fresh { key.window.record(header.counter) }
        newestGroup = max(newestGroup ?? 0, position.group)
        epochs.opened(key.epoch, now: now)
        return .opened(start..<start + count)
    }

    /// The key a frame names, derived when it is first needed.
    private func key(_ keyID: UInt64, _ now: Instant) throws(CryptoError) -> OpeningKey? {
        if let recent, recent.key.keyID == keyID, !recent.epoch.isOver(now) { return recent }
        for key in keys where key.key.keyID == keyID && !key.epoch.isOver(now) {
            recent = key
            return key
        }
        guard let epoch = epochs.epoch(keyID, now: now) else { return nil }
        let key = OpeningKey(epoch, try epoch.secret.key(keyID))
        keys.removeAll { $0.key.keyID == keyID }
        keys.append(key)
        recent = key
        return key
    }

    /// The low bits of the epoch that a frame says it is of; `nil` without a header.
    package static func epochBits(of frame: UnsafeRawBufferPointer) -> UInt64? {
        unsafe header(frame).map { $0.0.keyID & ProtectionLimits.epochMask }
    }

    private static func header(_ frame: UnsafeRawBufferPointer) -> (SFrameHeader, Int)? {
        unsafe frame.withMemoryRebound(to: UInt8.self) { (bytes) -> (SFrameHeader, Int)? in
            var reader = unsafe ByteReader(Span(_unsafeElements: bytes))
            do {
                let header = try SFrameHeader(from: &reader)
                return (header, reader.offset)
            } catch {
                return nil
            }
        }
    }
}
