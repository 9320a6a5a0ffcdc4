package import BurrowBase
package import BurrowCrypto

/// The protection of everything that passes between one room and its tracks, in both directions.
///
/// The loop seals what it takes from the tracks' exchanges right before the node gets it, and opens what the node gives
/// right before it goes into them. So encoders, decoders and hosts know nothing of it, and where a frame stands in its
/// track is known for certain.
package final class RoomProtection {
    let callID: [UInt8]
    /// `nil` when we only listen.
    package let sealer: BroadcastSealer?
    private(set) var keys = RoomKeys()
    /// Somebody was removed with the beginning of an epoch: when nothing of earlier ones is to be let in any more, even from
    /// those who have sent nothing in it, as the one who was removed.
    private var cuts: ContiguousArray<(epoch: UInt64, at: Instant)> = []
    /// By path.
    private(set) var broadcasts = Ordered<String, IncomingBroadcast>()
    /// Who is in the group that the keys come from; `nil` when they come from the host.
    package internal(set) var roster: RoomRoster?
    /// What is known of the group: the last moment of it, and which keys its last epochs had.
    var revision: UInt64?
    var history: ContiguousArray<(epoch: UInt64, number: UInt64)> = []
    var strangers = Strangers()
    private var pictures: ContiguousArray<SealedTrack> = []
    /// Tracks on which frames wait for their keys.
    private var holding: ContiguousArray<OpenedTrack> = []
    /// Our catalogue, as it is to be sealed.
    private var catalogue: [UInt8]?
    private var mustPublish = false
    /// The change of epoch that was seen to last.
    private var handledSwitch = Instant(microseconds: 0)
    private var toldRefresh: UInt64?
    private var own = ProtectionCounts()
    /// Of broadcasts that are forgotten.
    private var past = ProtectionCounts()
    var news = FIFO<ProtectionNews>()
    /// When `tick` has something to do.
    package internal(set) var deadline: Instant = .distantFuture

    /// How often it is looked whether keys of former epochs are to be forgotten. They are not used any more before.
    private static let sweep = Interval.seconds(1)
    /// Of how many broadcasts is remembered what they have sent, beyond those that are subscribed to.
    private static let broadcastLimit = 1024

    /// Keys come from a group when `hasGroup` says so: then nobody is a member before it says who is.
    package init(callID: [UInt8], path: String, hasGroup: Bool = false) throws(CryptoError) {
        self.callID = callID
        if hasGroup { roster = RoomRoster(members: []) }
        guard !path.isEmpty else {
            sealer = nil
            return
        }
        var random = SystemRandom()
        sealer = try BroadcastSealer(callID: callID, path: Array(path.utf8), random: &random)
    }

    package func nextNews() -> ProtectionNews? { news.popFirst() }

    // MARK: Keys

    /// Takes the key of a new epoch.
    package func install(_ key: RoomKey, now: Instant) throws(CryptoError) {
        if let newest = keys.newest?.epoch, key.epoch <= newest {
            throw CryptoError(.invalidKey, "epoch \(key.epoch) is not newer than epoch \(newest)")
        }
        if let sealer { try key.install(into: sealer, isRemoval: key.isRemoval, now: now) }
        try installForOpening(key, now: now)
    }

    /// Takes the key of an epoch in which we seal nothing.
    func installForOpening(_ key: RoomKey, now: Instant) throws(CryptoError) {
        keys.add(key, now: now)
        if key.isRemoval { cuts.append((key.epoch, now + ProtectionLimits.grace)) }
        for path in broadcasts.keys {
            guard let broadcast = broadcasts[path], broadcast.isMember, let opener = broadcast.opener else {
                continue
            }
            // Of a member who comes back with the keys of before nothing more is opened with them.
            if let newest = opener.newestEpoch, key.epoch <= newest { continue }
            try key.install(into: opener)
        }
        deadline = now
    }

    /// The group went back behind an epoch.
    func undo(from epoch: UInt64) {
        keys.undo(from: epoch)
        cuts.removeAll { $0.epoch >= epoch }
        sealer?.undo(from: epoch)
        for path in broadcasts.keys {
            broadcasts[path]?.opener?.undo(from: epoch)
            // Catalogues of the epochs that did not come to stay could not be opened.
            news.append(.doubtful(path: path))
        }
    }

    /// We are no member any more.
    func removeAllKeys() {
        keys = RoomKeys()
        cuts.removeAll()
        sealer?.undo(from: 0)
        for path in broadcasts.keys { broadcasts[path]?.forgetKeys() }
    }

    package func remove(epoch: UInt64) {
        keys.remove(epoch: epoch)
        sealer?.remove(epoch: epoch)
        for path in broadcasts.keys { broadcasts[path]?.opener?.remove(epoch: epoch) }
    }

    // MARK: Our tracks

    package func addPublished(_ kind: MediaKind, index: UInt64, now: Instant) throws(CryptoError)
        -> SealedTrack
    {
        guard let sealer else { throw CryptoError(.missingKey, "nothing is published here") }
        let track = SealedTrack(try sealer.addTrack(kind, index: index, now: now))
        if kind == .video { pictures.append(track) }
        return track
    }

    package func remove(_ track: SealedTrack) {
        sealer?.removeTrack(track.sealer)
        pictures.removeAll { $0 === track }
    }

    /// Seals the payload that stands at `payload` in `memory`, in place. Answers where the frame stands; `nil` when it
    /// cannot be sent.
    package func seal(
        _ track: SealedTrack,
        in memory: UnsafeMutableRawBufferPointer,
        payload: Range<Int>,
        position: FramePosition,
        isKey: Bool,
        now: Instant
    ) -> Range<Int>? {
        guard isKey || !track.waitsForKeyFrame else {
            own.unsealed &+= 1
            return nil
        }
        do throws(CryptoError) {
            let frame = try unsafe track.sealer.seal(
                in: memory,
                payload: payload,
                position: position,
                now: now
            )
            own.sealed &+= 1
            if isKey { (track.waitsForKeyFrame, track.hasAsked) = (false, false) }
            if track.sealer.needsRefresh { noteRefresh() }
            return frame
        } catch {
            own.unsealed &+= 1
            track.waitsForKeyFrame = track.sealer.kind == .video
            track.hasAsked = false
            return nil
        }
    }

    private func noteRefresh() {
        guard let newest = keys.newest?.epoch, toldRefresh != newest else { return }
        toldRefresh = newest
        news.append(.refresh(epoch: newest))
    }

    /// Calls `ask` with every track of pictures whose encoder is to make a key frame now.
    package func askForKeyFrames(now: Instant, _ ask: (SealedTrack) -> Void) {
        for track in pictures where track.sealer.epoch != nil && track.mustAsk(now: now) { ask(track) }
    }

    // MARK: Our catalogue

    /// What our catalogue says from now on.
    package func setCatalogue(_ document: [UInt8]) {
        catalogue = document
        mustPublish = true
    }

    /// Whether the catalogue is to be sealed and sent now.
    package func wantsCatalogue(now: Instant) -> Bool {
        guard let sealer, catalogue != nil, sealer.catalogue.epoch != nil else { return false }
        return mustPublish || sealer.wantsCatalogue(now: now)
    }

    /// The catalogue for a group of its own.
    package func sealCatalogue(group: UInt64, now: Instant) throws(CryptoError) -> [UInt8]? {
        guard let sealer, let catalogue else { return nil }
        mustPublish = false
        let position = FramePosition(group: group, frame: 0, isKey: true)
        let sealed = try sealer.catalogue.seal(catalogue.span, position: position, now: now)
        own.sealed &+= 1
        return SealedCatalogue(suite: sealer.suite, instance: sealer.context.instance, sealed: sealed).encoded
    }

    // MARK: Tracks of others

    /// What is known of the broadcast at a path, for one more track of it.
    package func join(_ path: String) -> IncomingBroadcast {
        if let known = broadcasts[path] {
            known.users += 1
            return known
        }
        if broadcasts.keys.count >= Self.broadcastLimit { forgetUnused() }
        let fresh = IncomingBroadcast(path: path, callID: callID)
        fresh.isMember = isMember(path)
        fresh.users = 1
        broadcasts[path] = fresh
        return fresh
    }

    private func forgetUnused() {
        for path in broadcasts.keys {
            guard let broadcast = broadcasts[path], broadcast.users == 0 else { continue }
            past.add(broadcast.counts)
            broadcasts[path] = nil
        }
    }

    package func leave(_ track: OpenedTrack) {
        track.broadcast.users -= 1
        _ = track.held.takeAll()
        holding.removeAll { $0 === track }
    }

    /// Opens a frame in place, and counts what came of it, unless it may be tried again.
    package func open(
        _ track: OpenedTrack,
        in memory: UnsafeMutableRawBufferPointer,
        _ description: FrameExchange.Description,
        now: Instant
    ) -> FrameOpening {
        guard track.broadcast.isMember else {
            // There is no key for it, and there will be none.
            track.broadcast.counts.unknownKey &+= 1
            track.counts.unknownKey &+= 1
            return .dropped(.keyClosed)
        }
        let result = unsafe track.broadcast.open(track, in: memory, description, now: now)
        switch result {
        case .opened:
            track.broadcast.opened()
            track.counts.opened &+= 1
        case .dropped(.unknownEpoch): break
        case .dropped(let reason):
            track.broadcast.dropped(reason, now: now, &news)
            switch reason {
            case .duplicate, .tooOld: track.counts.replayed &+= 1
            default: track.counts.forged &+= 1
            }
        }
        return result
    }

    /// Keeps a frame for a moment, as its key may come.
    package func hold(_ frame: OpenedTrack.Held, of track: OpenedTrack, now: Instant) {
        if track.held.count == 0 { holding.append(track) }
        let bits = unsafe FrameOpener.epochBits(
            of: UnsafeRawBufferPointer(start: frame.buffer.base, count: frame.count)
        )
        track.missing = bits ?? 0
        track.held.hold(frame, byteCount: frame.count, now: now)
        deadline = min(deadline, track.held.deadline ?? .distantFuture)
        noteGivenUp(track, now: now)
    }

    /// Frames of a track that were given up since the last time.
    private func noteGivenUp(_ track: OpenedTrack, now: Instant) {
        let dropped = track.held.dropped &- track.givenUp
        guard dropped > 0 else { return }
        track.givenUp = track.held.dropped
        track.counts.unknownKey &+= dropped
        track.broadcast.counts.unknownKey &+= dropped
        track.isBroken = true
        track.broadcast.missed(bits: track.missing, keys, now: now, &news)
    }

    /// Tracks on which frames wait, which are to be opened again now that there is another key.
    package func takeHolding() -> ContiguousArray<OpenedTrack> {
        defer { holding.removeAll() }
        return holding
    }

    package func read(
        _ bytes: Span<UInt8>,
        group: UInt64,
        of broadcast: IncomingBroadcast,
        now: Instant
    ) -> IncomingBroadcast.Reading {
        defer { deadline = min(deadline, broadcast.deadline) }
        return broadcast.read(bytes, group: group, keys, now: now, &news)
    }

    /// The catalogue of a broadcast that waited for the key there is now.
    package func retry(_ broadcast: IncomingBroadcast, now: Instant) -> (group: UInt64, plaintext: [UInt8])? {
        broadcast.retry(keys, now: now, &news)
    }

    // MARK: Time

    package func tick(now: Instant) {
        keys.expire(now: now)
        cut(now)
        if let time = sealer?.switchTime, now >= time { handledSwitch = max(handledSwitch, time) }
        for path in broadcasts.keys {
            guard let broadcast = broadcasts[path], now >= broadcast.deadline else { continue }
            broadcast.tick(keys, now: now, &news)
        }
        strangers.tick(now: now) { (path) in news.append(.stranger(path: path)) }
        for track in holding {
            track.held.expire(now: now)
            noteGivenUp(track, now: now)
        }
        holding.removeAll { $0.held.count == 0 }
        deadline = nextDeadline(now)
    }

    private func cut(_ now: Instant) {
        while let first = cuts.first, now >= first.at {
            cuts.removeFirst()
            for path in broadcasts.keys {
                guard let opener = broadcasts[path]?.opener else { continue }
                for epoch in opener.knownEpochs where epoch < first.epoch { opener.remove(epoch: epoch) }
            }
        }
    }

    private func nextDeadline(_ now: Instant) -> Instant {
        var first = min(keys.deadline, cuts.first?.at ?? .distantFuture, strangers.deadline)
        if let time = sealer?.switchTime, time > handledSwitch { first = min(first, time) }
        first = broadcasts.least(first) { (broadcast) in
            let isMixed = (broadcast.opener?.knownEpochs.count ?? 0) > 1
            return isMixed ? min(broadcast.deadline, now + Self.sweep) : broadcast.deadline
        }
        for track in holding { first = min(first, track.held.deadline ?? .distantFuture) }
        return first
    }

    // MARK: Figures

    package var report: ProtectionReport {
        var report = ProtectionReport()
        report.counts = own
        report.counts.add(past)
        for path in broadcasts.keys {
            if let broadcast = broadcasts[path] { report.counts.add(broadcast.counts) }
        }
        report.sealingEpoch = sealer?.catalogue.epoch
        report.newestEpoch = keys.newest?.epoch
        return report
    }
}
