import BurrowBase
import BurrowMedia
import BurrowMoQ
import BurrowQUIC

/// Snapshots of counters. Hosts read them without waiting, so they are taken here: when something changed, and a few times
/// a second as long as the host asks.
extension EngineLoop {
    private static let pause = Interval.milliseconds(250)
    /// How long a host counts as interested after it asked.
    private static let interest = Interval.seconds(5)

    /// The host read counters: they are refreshed now, and regularly for a while.
    func wantStatistics() {
        statisticsDue = min(statisticsDue, now)
    }

    func refreshStatistics() {
        var isAnyoneInterested = false
        for known in rooms.values where isRecent(known.room.snapshot.withLock { $0.lastAsked }) {
            isAnyoneInterested = true
            refreshRoom(known)
        }
        for known in relays.values where isRecent(known.relay.snapshot.withLock { $0.lastAsked }) {
            isAnyoneInterested = true
            refreshRelay(known)
        }
        for known in tracks.values where isRecent(known.track.snapshot.withLock { $0.lastAsked }) {
            isAnyoneInterested = true
            refreshTrack(known)
        }
        statisticsDue = isAnyoneInterested ? now + Self.pause : .distantFuture
    }

    private func isRecent(_ asked: Instant?) -> Bool {
        guard let asked else { return false }
        return now - asked < Self.interest
    }

    func refreshRoom(_ known: LoopRoom) {
        guard let information = node.information(of: known.id), let fresh = node.statistics(of: known.id)
        else {
            return
        }
        let address = information.remoteAddress
        // Text costs memory, and the relay is seldom another one.
        let described = address == known.describedAddress ? nil : address?.description ?? ""
        known.describedAddress = address
        known.room.snapshot.withLock { (snapshot) in
            snapshot.version = information.version?.rawValue ?? snapshot.version
            if let described { snapshot.remoteAddress = described }
            if let old = snapshot.statistics?.connection, old.sentPackets > fresh.connection?.sentPackets ?? 0
            {
                snapshot.pastConnections.add(old)
            }
            snapshot.statistics = fresh
            snapshot.measured = now
            if let protection = known.protection { snapshot.protection = protection.report }
        }
    }

    func refreshTrack(_ known: LoopTrack) {
        guard let fresh = node.statistics(of: known.id) else { return }
        known.track.snapshot.withLock { (snapshot) in
            snapshot.statistics = fresh
            snapshot.measured = now
            if case .opening(let opened)? = known.protection?.track { snapshot.protection = opened.counts }
        }
    }

    func refreshRelay(_ known: LoopRelay) {
        guard let fresh = node.statistics(of: known.id) else { return }
        known.relay.snapshot.withLock { (snapshot) in
            snapshot.statistics = fresh
            snapshot.measured = now
        }
    }
}

extension EngineLoop {
    func watchLine(_ room: HostRoom) {
        guard let known = rooms[room.number], !watched.contains(where: { $0 === known }) else { return }
        watched.append(known)
    }

    /// Looks at the lines of rooms with media after every turn in which something may have changed: a queue has to be
    /// noticed while it is short.
    func watchLines() {
        for known in watched where known.meter.wants(at: now) {
            guard let statistics = node.connectionStatistics(of: known.id),
                let report = known.meter.take(LineSample(statistics, at: now))
            else { continue }
            engine.media.post(.line(known.room, report))
        }
    }
}

extension LineSample {
    fileprivate init(_ statistics: ConnectionStatistics, at time: Instant) {
        self.init(time: time)
        sentBytes = statistics.sentBytes
        sentPackets = statistics.sentPackets
        lostPackets = statistics.lostPackets
        bytesInFlight = statistics.bytesInFlight
        waitingBytes = statistics.waitingBytes
        latestRTT = statistics.latestRTT
    }
}

extension ConnectionStatistics {
    /// Adds the counters of a connection that is over.
    fileprivate mutating func add(_ other: ConnectionStatistics) {
        sentBytes &+= other.sentBytes
        sentPackets &+= other.sentPackets
        receivedBytes &+= other.receivedBytes
        receivedPackets &+= other.receivedPackets
        lostPackets &+= other.lostPackets
        repeatedPackets &+= other.repeatedPackets
        repeatedBytes &+= other.repeatedBytes
        probeTimeouts &+= other.probeTimeouts
    }
}
