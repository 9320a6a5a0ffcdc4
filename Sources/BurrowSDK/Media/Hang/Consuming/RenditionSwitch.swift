import BurrowBase

/// The sound or the pictures of one broadcast, while they go over from one rendition to another as well.
///
/// The rendition that plays goes on until the one to come has a key frame after everything that was given out; there
/// they change places, so that nothing is missing and nothing comes twice.
struct RenditionSwitch {
    struct Next {
        let head: GroupSequencer.Head
        let track: IncomingTrack
        let isDecodedOnly: Bool
    }

    let kind: MediaKind
    private var active: IncomingTrack?
    private var candidate: IncomingTrack?
    /// A track whose place was taken, until its owner leaves it.
    private var replaced: IncomingTrack?
    /// The latest timestamp that was given out.
    private var shown: Int64?
    /// Since when the candidate could take over but for frames of the other that may still come.
    private var readySince: Instant?

    init(_ kind: MediaKind) {
        self.kind = kind
    }

    /// Playing first.
    var tracks: [IncomingTrack] { [active, candidate].compactMap(\.self) }

    /// What was counted of its tracks.
    func add(to counters: inout MediaConsumer.Counters) {
        if let active { counters.add(active) }
        if let candidate { counters.add(candidate) }
    }

    /// Does something with a track in its place; false when it is not one of these.
    mutating func with(_ id: MediaTrackID, _ body: (inout IncomingTrack) -> Void) -> Bool {
        // `Optional.map` would copy the track and all it holds.
        if active?.id == id {
            guard var track = active.take() else { return false }
            body(&track)
            active = track
        } else if candidate?.id == id {
            guard var track = candidate.take() else { return false }
            body(&track)
            candidate = track
        } else {
            return false
        }
        return true
    }

    mutating func set(maxLatency: Interval) {
        active?.maxLatency = maxLatency
        candidate?.maxLatency = maxLatency
    }

    // MARK: Who plays

    /// Whether a rendition plays and can go on.
    func stays(with name: String) -> Bool { active.map { $0.name == name && !$0.isGone } ?? false }

    func isHeading(for name: String) -> Bool { candidate.map { $0.name == name && !$0.isGone } ?? false }

    /// Makes a track the next to play; returns the one that was to be before.
    mutating func head(for track: IncomingTrack) -> IncomingTrack? {
        guard active != nil else {
            active = track
            return nil
        }
        let dropped = candidate
        candidate = track
        readySince = nil
        return dropped
    }

    mutating func dropCandidate() -> IncomingTrack? {
        readySince = nil
        return candidate.take()
    }

    mutating func removeAll() -> [IncomingTrack] {
        let all = tracks
        active = nil
        candidate = nil
        readySince = nil
        return all
    }

    /// How many frames of what plays came that were not given out, and the usual time between two.
    var waiting: (count: Int, interval: Interval) {
        (active?.waiting ?? 0, .microseconds(active?.interval ?? 0))
    }

    mutating func takeReplaced() -> IncomingTrack? { replaced.take() }

    var deadline: Instant {
        var earliest = min(active?.deadline ?? .distantFuture, candidate?.deadline ?? .distantFuture)
        if let readySince, let candidate { earliest = min(earliest, readySince + candidate.maxLatency) }
        return earliest
    }

    // MARK: What plays

    mutating func next(now: Instant) -> Next? {
        if candidate != nil { prepare(now: now) }
        guard let head = active?.head(now: now) else { return nil }
        active?.pop()
        if head.frame.isKey, let track = active, track.decoder != track.nextDecoder {
            active?.decoder = track.nextDecoder
        }
        guard let track = active else { return nil }
        let timestamp = head.frame.timestamp
        // Sound may come out of order, and a break in time may lead back; then what was shown says nothing.
        let isOld = kind == .video && !head.isDiscontinuous && shown.map { timestamp <= $0 } ?? false
        if !isOld { shown = timestamp }
        return Next(head: head, track: track, isDecodedOnly: isOld)
    }

    /// Brings the candidate to where it can take over, and lets it when it is time.
    private mutating func prepare(now: Instant) {
        while let head = candidate?.head(now: now) {
            let isAfter = shown.map { head.frame.timestamp > $0 } ?? true
            if head.frame.isKey {
                if isAfter {
                    if mayTakeOver(at: head.frame.timestamp, now: now) { takeOver() }
                    return
                }
                if mayGoBack(to: head.frame.timestamp) {
                    if active?.head(now: now) == nil { takeOver() }
                    return
                }
                if active?.isGone ?? true {
                    // Better something again than nothing at all.
                    if active?.head(now: now) == nil { takeOver() }
                    return
                }
            }
            candidate?.pop()
        }
    }

    /// Whether the candidate may take over at a key frame that was given out already in the other rendition. Renditions made
    /// of the same pictures often have their key frames at the same of them, and the one that is sent first would always
    /// be ahead. What was shown is only decoded again, and that is little.
    private func mayGoBack(to timestamp: Int64) -> Bool {
        guard kind == .video, let shown, let active, !active.isGone, active.interval > 0 else { return false }
        let (behind, overflow) = shown.subtractingReportingOverflow(timestamp)
        return !overflow && behind >= 0
            && behind <= active.interval.multipliedReportingOverflow(by: 3).partialValue
    }

    /// Whether everything of the playing rendition before a time was given out, or is not worth waiting for.
    private mutating func mayTakeOver(at timestamp: Int64, now: Instant) -> Bool {
        if let head = active?.head(now: now) { return head.frame.timestamp >= timestamp }
        guard kind == .video, let shown, let active, !active.isGone, let candidate else { return true }
        let (ahead, overflow) = timestamp.subtractingReportingOverflow(shown)
        if !overflow, active.interval > 0, ahead <= active.interval + active.interval / 2 { return true }
        let (held, far) = (candidate.newestTimestamp ?? timestamp).subtractingReportingOverflow(timestamp)
        if far || held > candidate.maxLatency.microseconds { return true }
        let since = readySince ?? now
        readySince = since
        return now >= since + candidate.maxLatency
    }

    private mutating func takeOver() {
        replaced = active
        active = candidate.take()
        readySince = nil
    }
}
