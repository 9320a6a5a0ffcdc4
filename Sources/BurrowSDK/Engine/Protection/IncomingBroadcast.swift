internal import BurrowBase
package import BurrowCrypto

/// What is known of the protection of somebody's broadcast: which start of it this is, its keys, and what became of what
/// it sent.
///
/// The instance comes with the catalogue, and is believed once that proved authentic. An instance that another one has
/// followed is never gone back to: a relay could play the whole past to us again.
package final class IncomingBroadcast {
    /// What a catalogue came to.
    package enum Reading: Equatable {
        case document([UInt8])
        /// There is no key of its epoch; it is kept until there is.
        case waiting
        case dropped
    }

    private struct Document {
        let group: UInt64
        let catalogue: SealedCatalogue
    }

    let path: String
    private let callID: [UInt8]
    /// Whether it is of a member. If not, there are no keys for it, and its catalogue is kept unread until it is.
    package internal(set) var isMember = true
    package private(set) var opener: BroadcastOpener?
    /// Instances before the present one.
    private var former: ContiguousArray<[UInt8]> = []
    /// The newest catalogue that was opened. It comes again when it is subscribed to again.
    private var latest: (document: Document, plaintext: [UInt8])?
    /// The newest catalogue without a key, and when that is worth telling.
    private var waiting: Document?
    private var patience: Instant = .distantFuture
    /// Low bits of the epoch of a catalogue that our key of that epoch did not open, and when that is worth telling:
    /// perhaps its publisher has another epoch of that number.
    private var mismatch: (bits: UInt64, due: Instant)?
    private var meter = FailureMeter()
    /// When the catalogue may be asked for again because of frames that are not authentic.
    private var nextDoubt = Instant(microseconds: 0)
    /// What the host was told last, until something opens.
    private var told: ProtectionNews?
    /// How many tracks of it are subscribed.
    var users = 0
    var counts = ProtectionCounts()

    private static let formerLimit = 64
    private static let doubtPause = Interval.seconds(1)
    private static let longestPatience = Interval.milliseconds(500)

    init(path: String, callID: [UInt8]) {
        self.path = path
        self.callID = callID
    }

    // MARK: Catalogue

    /// Reads the catalogue that stands in a group of its own.
    func read(
        _ bytes: Span<UInt8>,
        group: UInt64,
        _ keys: borrowing RoomKeys,
        now: Instant,
        _ news: inout FIFO<ProtectionNews>
    ) -> Reading {
        let catalogue: SealedCatalogue?
        do throws(CryptoError) {
            catalogue = try SealedCatalogue.parse(bytes)
        } catch {
            guard error.code == .unsupported else {
                failed(now: now, &news)
                return .dropped
            }
            catalogue = nil
        }
        guard let catalogue else {
            counts.unprotected &+= 1
            tell(.unprotected(path: path), &news)
            return .dropped
        }
        let document = Document(group: group, catalogue: catalogue)
        guard isMember else {
            waiting = document
            return .waiting
        }
        return open(document, keys, now: now, &news)
    }

    /// The catalogue that waited for a key, if there is one now.
    func retry(_ keys: borrowing RoomKeys, now: Instant, _ news: inout FIFO<ProtectionNews>) -> (
        group: UInt64, plaintext: [UInt8]
    )? {
        guard isMember, let document = waiting else { return nil }
        waiting = nil
        let since = patience
        guard case .document(let plaintext) = open(document, keys, now: now, &news) else {
            if waiting != nil { patience = since }
            return nil
        }
        return (document.group, plaintext)
    }

    private func open(
        _ document: Document,
        _ keys: borrowing RoomKeys,
        now: Instant,
        _ news: inout FIFO<ProtectionNews>
    ) -> Reading {
        let instance = document.catalogue.instance
        if let latest, latest.document.group == document.group,
            latest.document.catalogue == document.catalogue
        {
            return .document(latest.plaintext)
        }
        guard !former.contains(instance) else {
            counts.replayed &+= 1
            return .dropped
        }
        do throws(CryptoError) {
            let opener = try opener(of: document.catalogue, keys)
            opener.expire(now: now)
            let result = try opener.track(0, .catalogue).open(
                document.catalogue.sealed.span,
                position: FramePosition(group: document.group, frame: 0, isKey: true),
                now: now
            )
            switch result {
            case .success(let plaintext):
                adopt(opener)
                opened()
                mismatch = nil
                if latest.map({ $0.document.group <= document.group }) ?? true {
                    latest = (document, plaintext)
                }
                (waiting, patience) = (nil, .distantFuture)
                return .document(plaintext)
            case .failure(.unknownEpoch):
                waiting = document
                patience = now + Self.longestPatience
                return .waiting
            case .failure(let reason):
                dropped(reason, now: now, &news)
                if reason == .notAuthentic { doubt(document, now) }
                return .dropped
            }
        } catch {
            failed(now: now, &news)
            return .dropped
        }
    }

    /// The keys of the start that a catalogue is of.
    private func opener(
        of catalogue: SealedCatalogue,
        _ keys: borrowing RoomKeys
    ) throws(CryptoError) -> BroadcastOpener {
        if let opener, opener.context.instance == catalogue.instance, opener.suite == catalogue.suite {
            return opener
        }
        let context = try BroadcastContext(
            callID: callID,
            path: Array(path.utf8),
            instance: catalogue.instance
        )
        let fresh = BroadcastOpener(context, suite: catalogue.suite)
        try keys.install(into: fresh)
        return fresh
    }

    private func adopt(_ next: BroadcastOpener) {
        guard next !== opener else { return }
        if let old = opener, old.context.instance != next.context.instance {
            if former.count >= Self.formerLimit { former.removeFirst() }
            former.append(old.context.instance)
        }
        opener = next
        latest = nil
    }

    /// Nothing of it is to be opened any more. Where it stands is remembered.
    func forgetKeys() {
        guard let opener else { return }
        for epoch in opener.knownEpochs { opener.remove(epoch: epoch) }
    }

    /// The keys there are, for a broadcast that is a member's again.
    func take(_ keys: borrowing RoomKeys, now: Instant) throws(CryptoError) {
        if waiting != nil { patience = now + Self.longestPatience }
        if let opener { try keys.install(into: opener) }
    }

    // MARK: Frames

    /// Opens a frame in place.
    func open(
        _ track: OpenedTrack,
        in memory: UnsafeMutableRawBufferPointer,
        _ description: FrameExchange.Description,
        now: Instant
    ) -> FrameOpening {
        guard let opener else { return .dropped(.unknownEpoch) }
        let position = FramePosition(
            group: description.group,
            frame: description.sequence,
            isKey: description.sequence == 0
        )
        let mayRepeat = track.mayRepeat(description.group, isFetched: description.flags.contains(.fetched))
        do throws(CryptoError) {
            return try unsafe opener.track(track.index, track.kind).open(
                in: memory,
                position: position,
                mayRepeat: mayRepeat,
                now: now
            )
        } catch {
            return .dropped(.malformed)
        }
    }

    /// Counts a frame that was dropped for good.
    func dropped(_ reason: FrameDropReason, now: Instant, _ news: inout FIFO<ProtectionNews>) {
        switch reason {
        case .unknownEpoch: counts.unknownKey &+= 1
        case .duplicate, .tooOld: counts.replayed &+= 1
        case .malformed, .wrongTrack, .notAuthentic, .keyClosed: failed(now: now, &news)
        }
    }

    func opened() {
        counts.opened &+= 1
        told = nil
    }

    private func doubt(_ document: Document, _ now: Instant) {
        let bits = Self.epochBits(of: document)
        mismatch = (bits, mismatch?.due ?? now + Self.longestPatience)
    }

    private static func epochBits(of document: Document) -> UInt64 {
        let bits = unsafe document.catalogue.sealed.withUnsafeBytes { unsafe FrameOpener.epochBits(of: $0) }
        return bits ?? 0
    }

    private func failed(now: Instant, _ news: inout FIFO<ProtectionNews>) {
        counts.forged &+= 1
        if now >= nextDoubt {
            nextDoubt = now + Self.doubtPause
            news.append(.doubtful(path: path))
        }
        guard meter.failed(now: now) else { return }
        news.append(.rejected(path: path, count: FailureMeter.alarm))
    }

    /// A key did not come in time. Not worth a word when it is one that was forgotten, or that a newcomer never had, as
    /// long as not everybody has to be sending in the newest epoch.
    func missed(
        bits: UInt64,
        _ keys: borrowing RoomKeys,
        now: Instant,
        _ news: inout FIFO<ProtectionNews>
    ) {
        let newest = keys.newest?.epoch
        if let newest, (newest &- bits) & ProtectionLimits.epochMask < UInt64(ProtectionLimits.epochs),
            now < keys.settlesAt
        {
            return
        }
        tell(.keyMissing(path: path, bits: bits, newest: newest), &news)
    }

    /// Tells the host once, until something opens or something else is the matter.
    private func tell(_ fact: ProtectionNews, _ news: inout FIFO<ProtectionNews>) {
        guard told != fact else { return }
        told = fact
        news.append(fact)
    }

    // MARK: Time

    var deadline: Instant {
        min(patience, mismatch?.due ?? .distantFuture, opener?.deadline ?? .distantFuture)
    }

    func tick(_ keys: borrowing RoomKeys, now: Instant, _ news: inout FIFO<ProtectionNews>) {
        opener?.expire(now: now)
        if let (bits, due) = mismatch, now >= due {
            mismatch = nil
            tell(.keyMissing(path: path, bits: bits, newest: keys.newest?.epoch), &news)
        }
        guard now >= patience, let waiting else { return }
        patience = .distantFuture
        counts.unknownKey &+= 1
        missed(bits: Self.epochBits(of: waiting), keys, now: now, &news)
    }
}
