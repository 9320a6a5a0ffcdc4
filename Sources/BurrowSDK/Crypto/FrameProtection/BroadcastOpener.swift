package import BurrowBase

/// The keys for what one publisher sends, as a receiver has them.
///
/// The owner learns the instance from the publisher's catalogue, takes `context.encoded` to the exporter of its group, or
/// has a secret of its own, and installs what comes out whenever an epoch becomes current, and at once for the epoch that
/// is. One thread's.
package final class BroadcastOpener {
    package let context: BroadcastContext
    package let suite: SFrameSuite
    private let limits: ProtectionLimits
    private let epochs = OpeningEpochs()
    private var tracks: [FrameOpener] = []

    package init(
        _ context: BroadcastContext,
        suite: SFrameSuite = .aes128GCM,
        limits: ProtectionLimits = ProtectionLimits()
    ) {
        self.context = context
        self.suite = suite
        self.limits = limits
    }

    /// The opener of a track, always the same one, so that what was opened is remembered however often the track is asked
    /// for. 0 is the catalogue. A track that changes its kind is `malformed`, too many tracks are `exhausted`.
    package func track(_ index: UInt64, _ kind: MediaKind) throws(CryptoError) -> FrameOpener {
        if let known = tracks.first(where: { $0.index == index }) {
            guard known.kind == kind else {
                throw CryptoError(.malformed, "track \(index) is not what it was before")
            }
            return known
        }
        guard index <= .max >> ProtectionLimits.epochBits else {
            throw CryptoError(.malformed, "track \(index) has no key number")
        }
        guard tracks.count < ProtectionLimits.tracks else {
            throw CryptoError(.exhausted, "a broadcast has more than \(ProtectionLimits.tracks) tracks")
        }
        let track = FrameOpener(index: index, kind: kind, suite: suite, limits: limits, epochs: epochs)
        tracks.append(track)
        return track
    }

    /// For a track that its publisher gave up; its number does not come back.
    package func removeTrack(_ track: FrameOpener) {
        tracks.removeAll { $0 === track }
    }

    /// The base key of an epoch that became current. Epochs only go up; at most four are kept.
    package func install(epoch: UInt64, baseKey: Span<UInt8>) throws(CryptoError) {
        guard baseKey.count == suite.keyByteCount else {
            throw CryptoError(
                .invalidKey,
                "base key has \(baseKey.count) bytes instead of \(suite.keyByteCount)"
            )
        }
        forget(try epochs.add(epoch, SFrameSecret(suite, baseKey: baseKey)))
    }

    /// The same with a secret that the host brings.
    package func install(epoch: UInt64, hostSecret: Span<UInt8>) throws(CryptoError) {
        let key = try context.baseKey(from: hostSecret, suite: suite)
        try install(epoch: epoch, baseKey: key.bytes)
    }

    /// Forgets the key of an epoch at once.
    package func remove(epoch: UInt64) {
        forget(epochs.remove(epoch))
    }

    /// The group went back behind an epoch: it and those after it are forgotten, and may come again with other keys.
    package func undo(from epoch: UInt64) {
        forget(epochs.undo(from: epoch))
    }

    /// The newest epoch there was a key of; keys of later ones can be installed.
    package var newestEpoch: UInt64? { epochs.newest }

    /// When keys are to be forgotten next.
    package var deadline: Instant? { epochs.deadline }

    /// Forgets the keys of epochs whose time is over. Until then they are not used any more.
    package func expire(now: Instant) {
        forget(epochs.expire(now: now))
    }

    /// The epochs there are keys of, the oldest first.
    package var knownEpochs: [UInt64] { epochs.list.map(\.number) }

    /// What became of the frames of all tracks there are now.
    package var counts: [FrameCounts] { tracks.map(\.counts) }

    private func forget(_ removed: [OpeningEpoch]) {
        for epoch in removed {
            for track in tracks { track.forget(epoch) }
        }
    }
}
