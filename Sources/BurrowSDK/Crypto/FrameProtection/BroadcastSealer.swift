package import BurrowBase

/// The keys of what one publisher sends: one base key an epoch, from which every track has its own key.
///
/// The owner takes `context.encoded` to the exporter of its group, or has a secret of its own, and installs what comes out
/// whenever an epoch becomes current. Tracks change over by themselves: at once when a member was removed, else after half
/// a second, video at a key frame. One thread's.
package final class BroadcastSealer {
    package let context: BroadcastContext
    package let suite: SFrameSuite
    /// Seals the catalogue, which is track 0.
    package let catalogue: FrameSealer
    private let limits: ProtectionLimits
    private var tracks: [FrameSealer] = []
    /// The numbers that tracks had, to the end.
    private var usedIndices: Set<UInt64> = [0]
    private var nextIndex: UInt64 = 1
    private var current: EpochSecret?
    private var pending: (epoch: EpochSecret, due: Instant)?

    private struct EpochSecret {
        let number: UInt64
        let secret: SFrameSecret

        func stage(for track: FrameSealer) throws(CryptoError) -> FrameSealer.Stage {
            let keyID = ProtectionLimits.keyID(track: track.index, epoch: number)
            return FrameSealer.Stage(epoch: number, key: try secret.key(keyID))
        }
    }

    /// A publisher that starts now: its instance is new.
    package init(
        callID: [UInt8],
        path: [UInt8],
        suite: SFrameSuite = .aes128GCM,
        limits: ProtectionLimits = ProtectionLimits(),
        random: inout some RandomSource
    ) throws(CryptoError) {
        var instance = [UInt8](repeating: 0, count: BroadcastContext.instanceByteCount)
        unsafe instance.withUnsafeMutableBytes { unsafe random.fill($0) }
        context = try BroadcastContext(callID: callID, path: path, instance: instance)
        self.suite = suite
        self.limits = limits
        catalogue = FrameSealer(index: 0, kind: .catalogue, limits: limits)
    }

    /// A new track with a number that no track of this broadcast had before.
    package func addTrack(_ kind: MediaKind, now: Instant) throws(CryptoError) -> FrameSealer {
        try addTrack(kind, index: nextIndex, now: now)
    }

    /// The same with a number that the owner chose. One that a track of this broadcast had before is `malformed`: two
    /// tracks of one number would use the same nonces.
    package func addTrack(_ kind: MediaKind, index: UInt64, now: Instant) throws(CryptoError) -> FrameSealer {
        guard index <= .max >> ProtectionLimits.epochBits, !usedIndices.contains(index) else {
            throw CryptoError(.malformed, "track \(index) was there before, or has no key number")
        }
        settle(now)
        let track = FrameSealer(index: index, kind: kind, limits: limits)
        if let current { track.replace(try current.stage(for: track)) }
        if let pending { track.schedule(try pending.epoch.stage(for: track), due: pending.due) }
        usedIndices.insert(index)
        nextIndex = max(nextIndex, index + 1)
        tracks.append(track)
        return track
    }

    package func removeTrack(_ track: FrameSealer) {
        tracks.removeAll { $0 === track }
    }

    /// The base key of an epoch that became current. Epochs only go up.
    ///
    /// `isRemoval` says that somebody who knew the keys so far must not read on.
    package func install(
        epoch: UInt64,
        baseKey: Span<UInt8>,
        isRemoval: Bool,
        now: Instant
    ) throws(CryptoError) {
        guard baseKey.count == suite.keyByteCount else {
            throw CryptoError(
                .invalidKey,
                "base key has \(baseKey.count) bytes instead of \(suite.keyByteCount)"
            )
        }
        settle(now)
        if let newest = pending?.epoch.number ?? current?.number, epoch <= newest {
            throw CryptoError(.invalidKey, "epoch \(epoch) is not newer than epoch \(newest)")
        }
        let added = EpochSecret(number: epoch, secret: try SFrameSecret(suite, baseKey: baseKey))
        let all = [catalogue] + tracks
        // All keys first: either every track gets the epoch, or none.
        var stages: [FrameSealer.Stage] = []
        for track in all { stages.append(try added.stage(for: track)) }
        if isRemoval || current == nil {
            current = added
            pending = nil
            for (track, stage) in zip(all, stages) { track.replace(stage) }
        } else {
            let due = min(pending?.due ?? .distantFuture, now + ProtectionLimits.switchDelay)
            pending = (added, due)
            for (track, stage) in zip(all, stages) { track.schedule(stage, due: due) }
        }
    }

    /// The same with a secret that the host brings.
    package func install(
        epoch: UInt64,
        hostSecret: Span<UInt8>,
        isRemoval: Bool,
        now: Instant
    ) throws(CryptoError) {
        let key = try context.baseKey(from: hostSecret, suite: suite)
        try install(epoch: epoch, baseKey: key.bytes, isRemoval: isRemoval, now: now)
    }

    /// Uses the key of an epoch no more. If it is the one in use, nothing is sealed until there is another.
    package func remove(epoch: UInt64) {
        if current?.number == epoch { current = nil }
        if pending?.epoch.number == epoch { pending = nil }
        for track in [catalogue] + tracks { track.remove(epoch: epoch) }
    }

    /// The group went back behind an epoch: it and those after it are used no more, and may come again with other keys.
    /// If one of them is in use, nothing is sealed until there is another.
    package func undo(from epoch: UInt64) {
        if let number = current?.number, number >= epoch { remove(epoch: number) }
        if let number = pending?.epoch.number, number >= epoch { remove(epoch: number) }
        for track in [catalogue] + tracks { track.undo(from: epoch) }
    }

    /// When tracks change over to a new epoch; `nil` when nothing waits, or the catalogue has changed over already.
    package var switchTime: Instant? {
        guard let pending, catalogue.sealedEpoch != pending.epoch.number else { return nil }
        return pending.due
    }

    /// Whether the catalogue is to be published, again or at first: whoever joins with an epoch cannot open what was sealed
    /// in one before.
    package func wantsCatalogue(now: Instant) -> Bool {
        var due = current?.number
        if let pending, now >= pending.due { due = pending.epoch.number }
        return due != catalogue.sealedEpoch
    }

    /// Whether some key has done a lot, and the group should make a new epoch.
    package var needsRefresh: Bool { catalogue.needsRefresh || tracks.contains { $0.needsRefresh } }

    private func settle(_ now: Instant) {
        guard let pending, now >= pending.due else { return }
        current = pending.epoch
        self.pending = nil
    }
}
