package import BurrowBase

/// Hands the frames of a track to the host, whole and once.
///
/// Ordered: group after group; a missing group is waited for as long as the maximum age allows. Otherwise frames come as
/// they arrive, whichever group they are in. Survives the track it reads from, so that a reconnected subscription goes on
/// where it was.
package final class FrameReader: TrackReader, GroupFetchReader {
    private struct Pending {
        let group: Group
        var next: Int
    }

    package let id: TrackID
    package private(set) var options: SubscribeOptions
    private let ready: ReadyReaders
    package private(set) var track: Track?
    /// The track of before with the same groups, from which those under way still come.
    private var former: Track?
    /// Ascending by sequence.
    private var pending: ContiguousArray<Pending> = []
    private var datagrams: ContiguousArray<Datagram> = []
    /// With order kept: the latest groups that were datagrams, and may be what seems to be missing.
    private var alone: ContiguousArray<UInt64> = []
    private var fetched: ContiguousArray<Pending> = []
    private var seen = SequenceWindow()
    /// The group and frame after the last one handed out.
    private var position: (group: UInt64, frame: Int)?
    /// The newest group that came, and which that was when the track took the place of another.
    private var newest: UInt64?
    private var newestBefore: UInt64?
    private var newestDatagram: UInt64?
    /// Groups that ended before they were complete, and the first frame of theirs that was not handed out. When the
    /// connection was to blame, they come again.
    private var cutOff: ContiguousArray<(group: UInt64, frame: Int)> = []
    private static let cutOffLimit = 16
    private static let aloneLimit = 64
    private var isDiscontinuous = false
    /// Groups given up before they were handed out to their end, which `nextPiece` has yet to say.
    private var givenUp: ContiguousArray<(group: UInt64, count: Int)> = []
    private var hasRestarted = false
    /// Set after a reconnect: the first group tells whether the publisher is still the same.
    private var mustResume = false
    private var timescale: UInt64 = 1_000_000
    var isMarked = false
    /// When a gap is given up.
    package private(set) var deadline: Instant = .distantFuture
    /// What the track last said about itself, for the owner to notice changes.
    package private(set) var state = Track.State.pending
    package private(set) var counters = ReaderCounters()

    package var wanted: SubscribeOptions? { options }

    var waitingGroups: Int { pending.count }

    package init(id: TrackID, options: SubscribeOptions, ready: ReadyReaders) {
        self.id = id
        self.options = options
        self.ready = ready
    }

    // MARK: The track

    package func attach(to track: Track, now: Instant) {
        detach()
        begin(track, now: now)
    }

    /// The same track comes another way now. What is under way on the way of before is still taken, until that ends or
    /// `dropFormer` is called.
    package func handOver(to next: Track, now: Instant) {
        guard let old = track, old !== next, state == .live else { return attach(to: next, now: now) }
        dropFormer()
        former = old
        begin(next, now: now)
    }

    private func begin(_ track: Track, now: Instant) {
        self.track = track
        state = .pending
        timescale = track.info?.timescale ?? timescale
        mustResume = newest != nil
        newestBefore = newest
        track.add(self)
        // Whoever names no first group begins with the newest.
        for group in options.startGroup == nil ? track.groups.suffix(1) : track.groups[...] { absorb(group) }
        finishTurn(track, now: now)
    }

    package func detach() {
        dropFormer()
        let old = track
        track = nil
        old?.remove(self)
    }

    package func dropFormer() {
        let old = former
        former = nil
        old?.remove(self)
    }

    package func update(_ next: SubscribeOptions) {
        options = next
        if let track { track.source?.demandChanged(track) }
    }

    package func trackChanged(_ track: Track, now: Instant) {
        if let former, track === former {
            takeRest(of: former)
            return mark(now: now)
        }
        guard track === self.track else { return }
        timescale = track.info?.timescale ?? timescale
        for group in track.changed { absorb(group) }
        takeDatagrams(of: track)
        finishTurn(track, now: now)
    }

    /// Groups that have come both ways are read where they will be complete.
    private func takeRest(of former: Track) {
        for group in former.changed where !seen.contains(group.sequence) {
            let isResuming = mustResume
            mustResume = false
            absorb(group)
            mustResume = isResuming
        }
        takeDatagrams(of: former)
        if !former.isOpen { dropFormer() }
    }

    private func takeDatagrams(of track: Track) {
        for datagram in track.datagrams where datagrams.count < TrackLimits.datagramsPerTurn {
            // Those that come both ways are too short-lived to be kept apart one by one.
            if former != nil, let newestDatagram, datagram.sequence <= newestDatagram { continue }
            newestDatagram = datagram.sequence
            datagrams.append(datagram)
            guard options.ordered else { continue }
            if alone.count >= Self.aloneLimit { alone.removeFirst() }
            alone.append(datagram.sequence)
        }
    }

    private func absorb(_ group: Group) {
        if mustResume { resume(at: group.sequence) }
        let sequence = group.sequence
        guard sequence >= options.startGroup ?? 0, sequence <= options.endGroup ?? .max else { return }
        newest = max(newest ?? sequence, sequence)
        if let index = cutOff.firstIndex(where: { $0.group == sequence }) {
            let frame = cutOff.remove(at: index).frame
            if options.ordered, let position, sequence < position.group {
                guard position == (sequence &+ 1, 0) else { return }
                self.position = (sequence, frame)
            }
            return insert(Pending(group: group, next: frame))
        }
        if options.ordered, let position, sequence < position.group { return }
        guard seen.insert(sequence) else { return replace(group) }
        insert(Pending(group: group, next: 0))
    }

    private func insert(_ added: Pending) {
        var index = pending.count
        while index > 0, pending[index - 1].group.sequence > added.group.sequence { index -= 1 }
        pending.insert(added, at: index)
    }

    /// A group that came again on another track takes the place of what was cut off and is not read to its end.
    private func replace(_ group: Group) {
        guard let index = pending.firstIndex(where: { $0.group.sequence == group.sequence }) else { return }
        if pending[index].group !== group {
            pending[index] = Pending(group: group, next: pending[index].next)
        }
    }

    /// After a reconnect the newest group comes first. An older number than before means that the publisher has started
    /// anew; the same or a later one, that it goes on, and what was handed out must not come again.
    private func resume(at sequence: UInt64) {
        mustResume = false
        if former == nil || sequence > (newest ?? 0) &+ 1 { isDiscontinuous = true }
        guard let newestBefore, sequence < newestBefore else { return }
        dropFormer()
        isDiscontinuous = true
        newest = nil
        position = nil
        seen = SequenceWindow()
        pending.removeAll()
        cutOff.removeAll()
        givenUp.removeAll()
        alone.removeAll()
        hasRestarted = true
    }

    private func finishTurn(_ track: Track, now: Instant) {
        while pending.count > 1, let first = pending.first,
            track.isExpired(first.group, maxAge: options.maxAge)
        {
            giveUpFirst()
        }
        dropExcess()
        state = track.state
        mark(now: now)
    }

    /// Goes on without the rest of the first group.
    private func giveUpFirst() {
        guard let first = pending.first else { return }
        let left = first.group.frames.count - first.next
        if left > 0 || first.group.isOpen {
            counters.expiredGroups &+= 1
            counters.droppedFrames &+= UInt64(clamping: left)
            isDiscontinuous = true
        }
        noteGivenUp(first)
        pending.removeFirst()
    }

    /// Only remembered until somebody asks, and of the latest ones only.
    private func noteGivenUp(_ first: Pending) {
        if givenUp.count >= Self.cutOffLimit { givenUp.removeFirst() }
        givenUp.append((first.group.sequence, first.group.frames.count))
    }

    /// However patient the host is, what it does not take is not kept without end.
    private func dropExcess() {
        guard pending.count > 1 else { return }
        var bytes = pending.reduce(0) { $0 + $1.group.footprint }
        while pending.count > 1, let first = pending.first,
            pending.count > TrackLimits.groups || bytes - first.group.footprint > TrackLimits.bytes
        {
            bytes -= first.group.footprint
            let left = first.group.frames.count - first.next
            counters.expiredGroups &+= 1
            counters.droppedFrames &+= UInt64(clamping: left)
            isDiscontinuous = true
            noteGivenUp(first)
            pending.removeFirst()
        }
    }

    // MARK: Fetching

    package func add(_ fetch: GroupFetch) {
        fetched.append(Pending(group: fetch.group, next: 0))
        fetch.add(self)
    }

    /// A group that the track still holds.
    package func add(fetched group: Group) {
        fetched.append(Pending(group: group, next: 0))
        ready.add(self)
    }

    package func fetchChanged(_ fetch: GroupFetch) {
        ready.add(self)
    }

    // MARK: The host

    /// The next frame, or `nil` when none is due.
    package func next(now: Instant) -> ReceivedFrame? {
        while let piece = nextPiece(now: now) {
            if case .frame(let frame) = piece { return frame }
        }
        return nil
    }

    /// The next frame, or what else there is to know before it; `nil` when nothing is due.
    package func nextPiece(now: Instant) -> ReceivedPiece? {
        if let frame = nextFetched() { return .frame(frame) }
        if hasRestarted {
            hasRestarted = false
            return .restart
        }
        if let datagram = datagrams.first {
            datagrams.removeFirst()
            return .frame(frame(of: datagram))
        }
        if let lost = givenUp.first {
            givenUp.removeFirst()
            return .groupEnd(group: lost.group, count: lost.count, isWhole: false)
        }
        return options.ordered ? nextOrdered(now: now) : nextArrived()
    }

    private func nextFetched() -> ReceivedFrame? {
        var index = 0
        while index < fetched.count {
            if let frame = take(&fetched[index], isFetched: true) { return frame }
            if fetched[index].group.isOpen { index += 1 } else { fetched.remove(at: index) }
        }
        return nil
    }

    private func nextArrived() -> ReceivedPiece? {
        var index = 0
        while index < pending.count {
            if let frame = take(&pending[index], isFetched: false) {
                position = (frame.group, frame.index + 1)
                return .frame(frame)
            }
            guard pending[index].group.isOpen else {
                return finish(pending.remove(at: index))
            }
            index += 1
        }
        return nil
    }

    private func nextOrdered(now: Instant) -> ReceivedPiece? {
        while let first = pending.first {
            passDatagrams(before: first.group.sequence)
            if let position, first.group.sequence > position.group, now < gapEnd(first) { return nil }
            if let frame = take(&pending[0], isFetched: false) {
                position = (frame.group, frame.index + 1)
                return .frame(frame)
            }
            if first.group.isOpen {
                guard now >= stallEnd else { return nil }
                giveUpFirst()
                continue
            }
            position = (first.group.sequence &+ 1, 0)
            return finish(pending.removeFirst())
        }
        return nil
    }

    /// Groups that were datagrams have come, and are not waited for.
    private func passDatagrams(before sequence: UInt64) {
        while let position, position.group < sequence, position.frame == 0,
            let index = alone.firstIndex(of: position.group)
        {
            self.position = (position.group + 1, 0)
            alone.remove(at: index)
        }
    }

    /// When what should come before a group is no longer waited for.
    private func gapEnd(_ next: Pending) -> Instant {
        next.group.arrival + options.maxAge
    }

    /// When the rest of the first group is no longer waited for, because the next has been there long enough.
    private var stallEnd: Instant {
        pending.count > 1 ? pending[1].group.arrival + options.maxAge : .distantFuture
    }

    private func take(_ pending: inout Pending, isFetched: Bool) -> ReceivedFrame? {
        let group = pending.group
        let index = pending.next
        guard index < group.completeFrames else { return nil }
        pending.next = index + 1
        let frame = group.frames[index]
        counters.frames &+= 1
        counters.bytes &+= UInt64(clamping: frame.length)
        let afterGap = isDiscontinuous && !isFetched
        if afterGap { isDiscontinuous = false }
        return ReceivedFrame(
            group: group.sequence,
            index: index,
            timestamp: microseconds(frame.timestamp),
            count: frame.length,
            isDiscontinuous: afterGap,
            endsGroup: group.log.end == .finished && index + 1 == group.frames.count,
            isDatagram: false,
            isFetched: isFetched,
            source: .group(group, index)
        )
    }

    private func frame(of datagram: Datagram) -> ReceivedFrame {
        counters.frames &+= 1
        counters.bytes &+= UInt64(clamping: datagram.payload.count)
        return ReceivedFrame(
            group: datagram.sequence,
            index: 0,
            timestamp: microseconds(datagram.timestamp),
            count: datagram.payload.count,
            isDiscontinuous: false,
            endsGroup: true,
            isDatagram: true,
            isFetched: false,
            source: .datagram(datagram.payload)
        )
    }

    /// Notes a group that was handed out as far as it came.
    private func finish(_ read: Pending) -> ReceivedPiece {
        counters.groups &+= 1
        if case .aborted = read.group.log.end {
            if cutOff.count >= Self.cutOffLimit { cutOff.removeFirst() }
            cutOff.append((read.group.sequence, read.next))
            counters.expiredGroups &+= 1
            isDiscontinuous = true
        }
        let isWhole = read.group.log.end == .finished
        return .groupEnd(group: read.group.sequence, count: read.next, isWhole: isWhole)
    }

    private func microseconds(_ timestamp: Int64) -> Int64 {
        guard timescale != 1_000_000, timescale > 0 else { return timestamp }
        let scale = Int64(clamping: timescale)
        let (whole, part) = timestamp.quotientAndRemainder(dividingBy: scale)
        let (seconds, overflow) = whole.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return whole > 0 ? .max : .min }
        let fraction = Int64(Double(part) * 1_000_000 / Double(scale))
        let (sum, tooFar) = seconds.addingReportingOverflow(fraction)
        return tooFar ? seconds : sum
    }

    /// Asks to be read, and sets the time to look again when a gap holds frames back.
    package func mark(now: Instant) {
        deadline = .distantFuture
        if options.ordered, let position, let first = pending.first, first.group.sequence > position.group {
            let end = gapEnd(first)
            if now < end { deadline = end }
        } else if options.ordered, pending.first?.group.isOpen ?? false, now < stallEnd {
            deadline = stallEnd
        }
        ready.add(self)
    }
}

/// Readers with something for the host, each once.
package final class ReadyReaders {
    private var marked: ContiguousArray<FrameReader> = []

    package init() {}

    package func add(_ reader: FrameReader) {
        guard !reader.isMarked else { return }
        reader.isMarked = true
        marked.append(reader)
    }

    package func next() -> FrameReader? {
        guard let reader = marked.popLast() else { return nil }
        reader.isMarked = false
        return reader
    }
}
