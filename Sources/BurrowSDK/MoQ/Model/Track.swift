package import BurrowBase

/// One track of one source: its recent groups and everyone who follows it.
///
/// The writer is either the host (a published track) or a session that subscribed upstream; the readers are sessions
/// that serve it downstream and local readers. Writing only marks the track; `TrackUpdates` hands each marked track to
/// its readers once per turn of the loop, so ten packets of a frame cause one wake-up.
package final class Track {
    package enum State: Equatable {
        /// Waiting for the source to accept.
        case pending
        case live
        /// No group after this one will come.
        case ended
        case failed(StreamCode)
    }

    package let broadcast: BroadcastPath
    package let name: String
    /// `nil` until the source has told, on versions where it does.
    package internal(set) var info: TrackInfo?
    package internal(set) var state = State.pending
    /// Bytes of `groups`, as far as they are counted in the budget.
    private var cachedBytes = 0
    /// Whether the source will say with which group it begins.
    var announcesStart = false
    /// The first group the source sends; `nil` when unknown.
    private(set) var startGroup: UInt64?
    /// The group after the last, once the source has said so.
    var endGroup: UInt64?
    /// Ascending by sequence.
    package private(set) var groups: ContiguousArray<Group> = []
    package private(set) var counters = TrackCounters()
    package private(set) var readers: ContiguousArray<any TrackReader> = []
    /// Set while the track waits in `TrackUpdates`.
    var isMarked = false
    /// Groups written to since the readers last looked.
    package private(set) var changed: ContiguousArray<Group> = []
    /// Whether readers are to look again at what they still send.
    package private(set) var isAging = false
    /// Datagrams since the readers last looked.
    package private(set) var datagrams: ContiguousArray<Datagram> = []
    /// Who fills the track; asked when demand changes.
    package weak var source: (any TrackSource)?

    private let context: SessionContext
    /// Who answers for the memory.
    private let account: CacheAccount

    package init(
        broadcast: BroadcastPath,
        name: String,
        info: TrackInfo?,
        context: SessionContext,
        account: CacheAccount? = nil
    ) {
        self.broadcast = broadcast
        self.name = name
        self.info = info
        self.context = context
        self.account = account ?? CacheAccount(context.cache)
    }

    deinit {
        account.add(-cachedBytes)
    }

    /// How long older groups are kept, limited whatever the source says.
    package var retention: Interval { min(info?.maxAge ?? TrackInfo().maxAge, TrackLimits.retention) }

    /// How long the most patient reader waits for the rest of a group, however long whole ones are kept.
    var patience = Interval.zero

    package var latest: Group? { groups.last }

    /// Whether more may come.
    package var isOpen: Bool { state == .pending || state == .live }

    // MARK: Writing

    /// Starts a group. `nil` when the sequence is already there or too old to matter.
    package func beginGroup(_ sequence: UInt64, now: Instant) -> Group? {
        var index = groups.count
        while index > 0, groups[index - 1].sequence >= sequence {
            if groups[index - 1].sequence == sequence { return nil }
            index -= 1
        }
        if index == 0 && groups.count >= TrackLimits.groups { return nil }
        // Groups of one track are much alike.
        let frames = index > 0 ? groups[index - 1].frames.count : 0
        let group = context.pool.make(sequence: sequence, frames: frames, arrival: now)
        groups.insert(group, at: index)
        counters.groups &+= 1
        note(group)
        return group
    }

    /// Says that a group grew or ended.
    package func note(_ group: Group) {
        if changed.last !== group && !changed.contains(where: { $0 === group }) { changed.append(group) }
        mark()
    }

    package func noteFrame(bytes: Int) {
        counters.frames &+= 1
        counters.bytes &+= UInt64(clamping: bytes)
    }

    package func append(_ datagram: Datagram) {
        counters.datagrams &+= 1
        guard datagrams.count < TrackLimits.datagramsPerTurn else { return }
        datagrams.append(datagram)
        mark()
    }

    package func setState(_ next: State) {
        guard isOpen, state != next else { return }
        state = next
        mark()
    }

    package func setInfo(_ next: TrackInfo) {
        guard info == nil else { return }
        info = next
        mark()
    }

    func setStart(_ group: UInt64) {
        guard startGroup == nil else { return }
        startGroup = group
        mark()
    }

    /// Has the readers look again at the groups they still send.
    func recheck() {
        isAging = true
        mark()
    }

    private func mark() {
        guard !isMarked else { return }
        isMarked = true
        context.updates.add(self)
    }

    // MARK: Reading

    package func add(_ reader: some TrackReader) {
        readers.append(reader)
        source?.demandChanged(self)
    }

    package func remove(_ reader: some TrackReader) {
        if let index = readers.lastIndex(where: { $0 === reader }) { readers.remove(at: index) }
        source?.demandChanged(self)
    }

    /// What all readers together want.
    package var demand: SubscribeOptions? {
        var union: SubscribeOptions?
        for reader in readers {
            guard let wanted = reader.wanted else { continue }
            union = union?.union(wanted) ?? wanted
        }
        return union
    }

    package func group(_ sequence: UInt64) -> Group? {
        groups.last { $0.sequence == sequence }
    }

    // MARK: Once per turn

    /// Shows the readers what changed and drops what nobody needs any more.
    func deliver(now: Instant) {
        isMarked = false
        expire()
        for reader in readers { reader.trackChanged(self, now: now) }
        isAging = false
        changed.removeAll(keepingCapacity: true)
        datagrams.removeAll(keepingCapacity: true)
    }

    /// Whether a group was superseded too long ago for someone with this patience (never the newest). What counts is
    /// when its successor came, not when it began: the end of a long group is as young as the beginning of the next.
    package func isExpired(_ group: Group, maxAge: Interval) -> Bool {
        guard let newest = groups.last, let (since, begin) = supersession(of: group) else { return false }
        guard maxAge > .zero else { return true }
        if max(newest.arrival, context.now) - since > maxAge { return true }
        guard let timescale = info?.timescale, let new = newest.firstTimestamp, let old = begin else {
            return false
        }
        let (behind, overflow) = new.subtractingReportingOverflow(old)
        guard !overflow, behind > 0 else { return overflow }
        let ticks = Double(timescale) * Double(maxAge.microseconds) / 1_000_000
        return Double(behind) > ticks
    }

    /// When the next group came and with which timestamp it begins; `nil` while there is none.
    private func supersession(of group: Group) -> (since: Instant, begin: Int64?)? {
        if let known = group.supersession { return known }
        var (low, high) = (0, groups.count)
        while low < high {
            let middle = (low + high) / 2
            if groups[middle].sequence > group.sequence { high = middle } else { low = middle + 1 }
        }
        return low < groups.count ? (groups[low].arrival, groups[low].firstTimestamp) : nil
    }

    private func expire() {
        for group in changed {
            let grown = group.countGrowth()
            cachedBytes += grown
            account.add(grown)
        }
        // What has left its track anyway goes first.
        if account.isOver { context.lingering.revoke(account, context.pool) }
        while var oldest = groups.first {
            let isNewest = groups.count == 1
            let tooMuch =
                isNewest
                ? account.isOverdrawn
                : groups.count > TrackLimits.groups || cachedBytes > TrackLimits.bytes || account.isOver
            let maxAge = oldest.isOpen ? min(max(retention, patience), TrackLimits.retention) : retention
            guard tooMuch || !isNewest && isExpired(oldest, maxAge: maxAge) else { break }
            groups.removeFirst()
            if let next = groups.first { oldest.superseded(by: next) }
            cachedBytes -= oldest.countedBytes
            if tooMuch { counters.groupsDropped &+= 1 }
            if oldest.isOpen || tooMuch {
                // Whoever still sends it gives up; whoever has sent it all does not notice.
                oldest.revoke(.deliveryTimeout)
                if !changed.contains(where: { $0 === oldest }) { changed.append(oldest) }
            } else if !isKnownUniquelyReferenced(&oldest) || !oldest.ownsLogAlone() {
                context.linger(oldest, account, self)
                continue
            }
            account.add(-oldest.countedBytes)
            context.pool.retire(oldest)
        }
    }
}

/// Counts of one track since it began.
package struct TrackCounters: Equatable, Sendable {
    package var groups: UInt64 = 0
    package var frames: UInt64 = 0
    /// Payload bytes.
    package var bytes: UInt64 = 0
    package var datagrams: UInt64 = 0
    /// Groups given up before everyone had them, for lack of room.
    package var groupsDropped: UInt64 = 0
}

/// A single-frame group that travelled in a QUIC datagram.
package struct Datagram {
    package let sequence: UInt64
    package let timestamp: Int64
    package let payload: Slice
}

/// Someone who follows a track: a session that serves it, or the host.
package protocol TrackReader: AnyObject {
    /// What it asks for; `nil` when it only wants to know the track's information.
    var wanted: SubscribeOptions? { get }
    /// Called once per turn in which the track changed. `track.changed` and `track.datagrams` say what is new.
    func trackChanged(_ track: Track, now: Instant)
}

/// Someone who fills a track.
package protocol TrackSource: AnyObject {
    /// Readers came, went or want something else.
    func demandChanged(_ track: Track)
}

/// The tracks that changed in this turn of the loop.
package final class TrackUpdates {
    private var marked: ContiguousArray<Track> = []
    private var working: ContiguousArray<Track> = []

    func add(_ track: Track) {
        marked.append(track)
    }

    /// Delivers until nothing is marked any more.
    package func deliver(now: Instant) {
        while !marked.isEmpty {
            swap(&marked, &working)
            for track in working { track.deliver(now: now) }
            working.removeAll(keepingCapacity: true)
        }
    }
}
