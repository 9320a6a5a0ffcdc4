import BurrowBase

/// What happens to a packet before it waits.
extension AudioPlayout {
    /// A packet that claims to be from so far ahead was sent on another timeline.
    private static let farAhead: Int64 = 1_000_000
    /// A packet that is so late and comes after its place was passed may be, too.
    private static let farBehind: Int64 = 300_000

    func admit(_ arrived: PacketBuffer.Entry) {
        var entry = arrived
        let arrival = entry.arrival
        if isCovered(entry) {
            counters.packetsDuplicate += 1
            return
        }
        entry.delay = jitter.arrived(
            offset: arrival.microseconds.subtractingSaturating(entry.timestamp),
            at: arrival
        )
        if entry.carriesRedundancy { redundancySeen = arrival }
        watchDrift(entry)
        if phase == .playing, entry.timestamp < expected.subtractingSaturating(tolerance) {
            return tooLate(entry)
        }
        if packets.isFull {
            _ = packets.popFirst()
            counters.packetsOverflowed += 1
        }
        if !packets.insert(entry) { counters.packetsDuplicate += 1 }
    }

    /// Whether its sound was heard, from another packet perhaps. Then it says nothing about when packets are needed.
    private func isCovered(_ entry: PacketBuffer.Entry) -> Bool {
        phase == .playing && entry.timestamp < expected.subtractingSaturating(tolerance)
            && recent.contains(entry.timestamp)
    }

    /// Keeps a packet aside that does not fit the timeline; begins anew when there is a new one.
    func strayed(_ entry: PacketBuffer.Entry) -> Bool {
        guard let fastest = jitter.fastest else { return false }
        let offset = entry.arrival.microseconds.subtractingSaturating(entry.timestamp)
        let delay = offset.subtractingSaturating(fastest)
        let passed = phase == .playing && entry.timestamp < expected.subtractingSaturating(tolerance)
        guard delay < -Self.farAhead || (passed || phase == .waiting) && delay > Self.farBehind else {
            restart.confirmed()
            strays.removeAll()
            return false
        }
        let proven = restart.strayed(offset: offset, at: entry.arrival)
        // While nothing is played there is nothing to lose.
        guard proven || (phase == .waiting && packets.count == 0) else {
            if strays.isFull { _ = strays.popFirst() }
            _ = strays.insert(entry)
            // Until proven otherwise it is late, and too late.
            if recent.contains(entry.timestamp) {
                counters.packetsDuplicate += 1
            } else {
                counters.packetsLate += 1
            }
            return true
        }
        beginAnew(near: offset)
        return false
    }

    /// Forgets the timeline; what strayed belongs to the new one if it is near `offset`.
    private func beginAnew(near offset: Int64) {
        counters.restarts += 1
        packets.removeAll()
        jitter.reset()
        drift.reset()
        rate.reset()
        recent = RecentTimestamps()
        restart.confirmed()
        phase = .waiting
        discontinuous = false
        concealedCredit = 0
        decoderIsStale = true
        while let entry = strays.popFirst() {
            let its = entry.arrival.microseconds.subtractingSaturating(entry.timestamp)
            if its.subtractingSaturating(offset).magnitude < 1_000_000 { admit(entry) }
        }
    }

    private func tooLate(_ entry: PacketBuffer.Entry) {
        counters.packetsLate += 1
        counters.packetsDiscarded += 1
        jitter.underrun(lateness: entry.delay, now: entry.arrival)
    }

    private func watchDrift(_ entry: PacketBuffer.Entry) {
        guard let lastPull else { return }
        let since = (entry.arrival - lastPull).microseconds
        guard since.magnitude < 200_000 else { return drift.reset() }
        let position = devicePosition + since
        guard drift.arrived(timestamp: entry.timestamp, position: position) else { return }
        if let estimate = drift.estimate { corrector.follow(estimate, queue) }
    }
}
