import BurrowBase

/// Brings the pictures of one track into order: group after group, each from its key frame on.
///
/// A group that is late is waited for until what came after it is more than the latency ahead in media time, or as
/// long has passed; then it is given up, and the newer group goes on at its key frame with a discontinuity.
struct GroupSequencer {
    /// A frame whose turn it is.
    struct Head {
        let frame: EncodedFrame
        let group: UInt64
        let isDiscontinuous: Bool
        /// A mark of the publisher's for a break in time is before it.
        var followsPause = false
    }

    private struct Waiting {
        let sequence: UInt64
        var frames: ContiguousArray<EncodedFrame>
        /// The first frame not released.
        var next = 0
        /// Whether any frame ever came.
        var isEmpty = true
        /// Nothing more will come, or nothing of use.
        var isOver = false
        /// It lacks something at its end.
        var isCut = false
        /// The publisher's mark for a break in time.
        var isPause = false
        /// What it lacks may come after all, because only the connection was cut.
        var mayGoOn = false

        var hasFrame: Bool { next < frames.count }
    }

    /// Groups that wait; more are not worth waiting for.
    private static let groupLimit = 64

    /// What a frame takes here besides its bytes: those may be few.
    private static func cost(of frame: EncodedFrame) -> Int { frame.payload.count + 64 }

    var maxLatency: Interval
    /// Ascending, none before `current`.
    private var groups: ContiguousArray<Waiting> = []
    /// The group whose turn it is, whether it is there or not; `nil` before the first.
    private var current: UInt64?
    private var heldBytes = 0
    /// The latest timestamps received and released.
    private var newest: Int64?
    private(set) var last: Int64?
    /// The usual distance between pictures; 0 while unknown.
    private(set) var interval: Int64 = 0
    private var isDiscontinuous = false
    private var followsPause = false
    /// Since when something newer waits behind what is missing.
    private var blockedSince: Instant?
    /// Memory of groups that are through.
    private var spare: ContiguousArray<ContiguousArray<EncodedFrame>> = []
    private(set) var skippedGroups: UInt64 = 0
    private(set) var lateFrames: UInt64 = 0

    init(maxLatency: Interval) {
        self.maxLatency = maxLatency
    }

    // MARK: In

    /// Takes a frame; `isFirst` says whether it begins its group. Frames of a group come in order.
    mutating func insert(_ frame: EncodedFrame, group: UInt64, isFirst: Bool) {
        guard let place = place(of: group, isBeginning: isFirst),
            !groups[place].isOver || groups[place].mayGoOn
        else {
            lateFrames &+= 1
            return
        }
        if groups[place].mayGoOn {
            (groups[place].isOver, groups[place].isCut, groups[place].mayGoOn) = (false, false, false)
        }
        groups[place].frames.append(frame)
        groups[place].isEmpty = false
        heldBytes += Self.cost(of: frame)
        newest = max(newest ?? frame.timestamp, frame.timestamp)
        dropExcess()
    }

    /// No more frames of a group will come; `isWhole` says that none is missing. One without any frame is the
    /// publisher's mark for a break in time. What was cut off with the connection may go on with the next one.
    mutating func end(_ group: UInt64, isWhole: Bool, isEmpty: Bool = false) {
        guard let place = end(group) else { return }
        groups[place].isPause = isWhole && isEmpty
        groups[place].isCut = !isWhole || groups[place].isEmpty
        groups[place].mayGoOn = !isWhole && !groups[place].isEmpty
    }

    /// Something of a group is unusable, so nothing behind it can be decoded.
    mutating func damage(_ group: UInt64) {
        guard let place = end(group) else { return }
        groups[place].isCut = true
    }

    private mutating func end(_ group: UInt64) -> Int? {
        guard let place = place(of: group, isBeginning: true), !groups[place].isOver else { return nil }
        groups[place].isOver = true
        return place
    }

    /// Nothing more of a group is wanted, whether it came or not.
    mutating func giveUp(_ group: UInt64) {
        guard let place = place(of: group, isBeginning: true) else { return }
        while groups[place].hasFrame {
            heldBytes -= Self.cost(of: groups[place].frames[groups[place].next])
            groups[place].next += 1
            lateFrames &+= 1
        }
        (groups[place].isOver, groups[place].isCut, groups[place].mayGoOn) = (true, true, false)
    }

    /// Goes on with the last group that has begun; its key frame mends what is left out.
    mutating func catchUp() {
        guard let last = groups.lastIndex(where: { $0.hasFrame }), last > 0 else { return }
        for _ in 0..<last {
            skippedGroups &+= 1
            leaveFirst(isGap: true)
        }
        current = groups.first?.sequence
    }

    /// The publisher has started anew: its groups count from the beginning.
    mutating func restart() {
        groups.removeAll()
        heldBytes = 0
        current = nil
        newest = nil
        last = nil
        blockedSince = nil
        isDiscontinuous = true
    }

    /// Where a group waits, made when it is new. `nil` when its turn is over.
    private mutating func place(of sequence: UInt64, isBeginning: Bool) -> Int? {
        if let current, sequence < current { return nil }
        var index = groups.count
        while index > 0, groups[index - 1].sequence >= sequence {
            if groups[index - 1].sequence == sequence { return index - 1 }
            index -= 1
        }
        let memory = spare.popLast() ?? []
        var added = Waiting(sequence: sequence, frames: memory)
        // Without its key frame a group is of no use.
        if !isBeginning { (added.isOver, added.isCut) = (true, true) }
        groups.insert(added, at: index)
        return index
    }

    private mutating func dropExcess() {
        while !groups.isEmpty, groups.count > Self.groupLimit || heldBytes > HangLimits.groupBytes {
            skippedGroups &+= 1
            leaveFirst(isGap: true)
        }
    }

    // MARK: Out

    /// The frame whose turn it is, if there is one.
    mutating func head(now: Instant) -> Head? {
        // By index: a copy of a group would share its frames, and changing those would copy them all.
        while !groups.isEmpty {
            let sequence = groups[0].sequence
            if current == nil { current = sequence }
            if sequence == current {
                if groups[0].hasFrame {
                    let frame = groups[0].frames[groups[0].next]
                    return Head(
                        frame: frame,
                        group: sequence,
                        isDiscontinuous: isDiscontinuous,
                        followsPause: followsPause
                    )
                }
                if groups[0].isOver {
                    if groups[0].mayGoOn, !groups.dropFirst().contains(where: { $0.hasFrame }) { return nil }
                    leaveFirst(isGap: groups[0].isCut)
                    continue
                }
                guard groups.count > 1, let isGap = mayGoOn(at: 1, now: now) else { return nil }
                if isGap { skippedGroups &+= 1 }
                leaveFirst(isGap: isGap)
            } else {
                // What should come now is not there at all.
                guard let isGap = mayGoOn(at: 0, now: now) else { return nil }
                if isGap {
                    skippedGroups &+= 1
                    isDiscontinuous = true
                }
                current = sequence
            }
        }
        return nil
    }

    /// Takes the frame that `head` showed.
    mutating func pop() {
        guard !groups.isEmpty, groups[0].sequence == current, groups[0].hasFrame else { return }
        let frame = groups[0].frames[groups[0].next]
        groups[0].next += 1
        // A group may be long, and what was released must not be held.
        if groups[0].next >= 32 {
            groups[0].frames.removeFirst(groups[0].next)
            groups[0].next = 0
        }
        heldBytes -= Self.cost(of: frame)
        if let last, frame.timestamp > last {
            let step = frame.timestamp &- last
            // Pauses say nothing about the usual distance.
            if step < 1_000_000 { interval = interval == 0 ? step : (interval * 7 + step) / 8 }
        }
        last = frame.timestamp
        isDiscontinuous = false
        followsPause = false
        blockedSince = nil
    }

    /// When waiting ends although nothing more comes.
    var deadline: Instant { blockedSince.map { $0 + maxLatency } ?? .distantFuture }

    /// How many frames came that were not released.
    var waiting: Int {
        var sum = 0
        for index in groups.indices { sum += groups[index].frames.count - groups[index].next }
        return sum
    }

    /// The latest timestamp that came, released or not.
    var newestTimestamp: Int64? { newest }

    /// Whether to go on with a newer group: nil is no, otherwise whether something is missing before it.
    private mutating func mayGoOn(at index: Int, now: Instant) -> Bool? {
        // Groups that are over without a frame say nothing about what is late.
        guard let next = groups[index...].firstIndex(where: { $0.hasFrame }) else { return nil }
        guard let last else { return true }
        let begin = groups[next].frames[groups[next].next].timestamp
        let (ahead, overflow) = begin.subtractingReportingOverflow(last)
        // No picture fits in between: the end of the older group is all that has not come.
        if !overflow, interval > 0, ahead >= 0, ahead <= interval + interval / 2 { return false }
        let (lead, far) = (newest ?? last).subtractingReportingOverflow(last)
        if far || lead > maxLatency.microseconds { return true }
        guard let since = blockedSince else {
            blockedSince = now
            return maxLatency <= .zero ? true : nil
        }
        return now >= since + maxLatency ? true : nil
    }

    private mutating func leaveFirst(isGap: Bool) {
        guard !groups.isEmpty else { return }
        var first = groups.removeFirst()
        for index in first.next..<max(first.next, first.frames.count) {
            heldBytes -= Self.cost(of: first.frames[index])
        }
        if isGap { isDiscontinuous = true }
        if first.isPause { followsPause = true }
        current = first.sequence &+ 1
        blockedSince = nil
        first.frames.removeAll(keepingCapacity: true)
        if spare.count < 4 { spare.append(first.frames) }
    }
}
