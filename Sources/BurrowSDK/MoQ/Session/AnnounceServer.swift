import BurrowBase
import BurrowQUIC

/// One announce stream the peer opened: which paths it has been told.
final class AnnounceServer {
    let stream: Stream
    /// Absolute: the session's root is already in front.
    let prefix: BroadcastPath
    let excludedHop: UInt64
    /// What the peer believes is live.
    var announced: [BroadcastPath: Broadcast] = [:]
    /// Where that is no longer, or not yet, the truth.
    var changes = ChangedPaths()

    /// Paths it keeps.
    var paths: Int { announced.count + changes.count }

    init(stream: Stream, prefix: BroadcastPath, excludedHop: UInt64) {
        self.stream = stream
        self.prefix = prefix
        self.excludedHop = excludedHop
    }
}

/// Telling the peer what there is to hear (reference §4).
///
/// Changes wait for the end of the turn, and as long as the peer has not taken what it was told before. What is told
/// then is the latest state of each path: of a path that came and went, nothing; of one whose source is another, its
/// end and its new beginning.
extension Session: OriginWatcher {
    /// Pauses between looks whether a peer that did not read has done so.
    private static let leastPause = Interval.milliseconds(10)
    private static let longestPause = Interval.seconds(1)

    func serve(_ request: AnnounceRequest, _ stream: Stream) {
        let paths = announceServers.reduce(0) { $0 + $1.paths }
        guard announceServers.count < limits.announceStreams, paths <= limits.announcedPaths,
            let prefix = try? scope.root.appending(request.prefix)
        else { return refuse(stream, .cancelled) }
        let server = AnnounceServer(stream: stream, prefix: prefix, excludedHop: request.excludedHop)
        announceServers.append(server)
        setRole(.announceServer(server), of: stream)
        let live = served.broadcasts(under: prefix) { mayHear($0, server) }
        var rest = live[...]
        if version.hasAnnounceInitial {
            // As much as a peer takes in one message.
            var suffixes: [BroadcastPath] = []
            var size = 8
            while let first = rest.first, let suffix = first.path.removingPrefix(prefix),
                suffixes.count < WireLimits.announceInitialCount,
                size + suffix.utf8.count + 4 <= WireLimits.announceInitialBytes
            {
                suffixes.append(suffix)
                size += suffix.utf8.count + 4
                server.announced[first.path] = first
                rest.removeFirst()
            }
            connection.write(AnnounceMessage.initial(suffixes).encode(version), to: stream)
        }
        var first: [[UInt8]] = []
        var size = 0
        while let broadcast = rest.first, size < limits.announceBacklog {
            let message = encode(broadcast, .active, server)
            size += message.count
            first.append(message)
            server.announced[broadcast.path] = broadcast
            rest.removeFirst()
        }
        if version.hasAnnounceOK {
            let ok = AnnounceMessage.ok(hop: hopID, activeCount: UInt64(first.count))
            connection.write(ok.encode(version), to: stream)
        }
        for message in first { write(message, server) }
        for broadcast in rest { server.changes.add(broadcast.path) }
        if !server.changes.isEmpty { markChanged() }
    }

    package func originChanged(_ path: BroadcastPath) {
        for server in announceServers where path.hasPrefix(server.prefix) {
            if newest(path, server) === server.announced[path] {
                server.changes.remove(path)
            } else {
                server.changes.add(path)
                markChanged()
            }
        }
    }

    private func markChanged() {
        // A peer that has not read what it was told before is looked after by a timer.
        guard !isTelling, !waitsForReading else { return }
        isTelling = true
        context.announcements.add(self)
    }

    /// Tells what changed, as far as the peer reads.
    func tellChanges() {
        isTelling = false
        guard phase == .established else { return }
        var (told, waits) = (false, false)
        for server in announceServers {
            while server.stream.backlog < limits.announceBacklog, let path = server.changes.popFirst() {
                tell(path, server)
                told = true
            }
            if !server.changes.isEmpty { waits = true }
        }
        if told { readingPause = Self.leastPause }
        guard waits, !waitsForReading else { return }
        waitsForReading = true
        context.timers.set(now + readingPause) { [weak self] in
            self?.waitsForReading = false
            self?.tellChanges()
        }
        readingPause = min(Interval(microseconds: readingPause.microseconds * 2), Self.longestPause)
    }

    private func tell(_ path: BroadcastPath, _ server: AnnounceServer) {
        let newest = newest(path, server)
        let known = server.announced[path]
        guard newest !== known else { return }
        server.announced[path] = newest
        if let known { write(encode(known, .ended, server), server) }
        if let newest { write(encode(newest, .active, server), server) }
    }

    private func newest(_ path: BroadcastPath, _ server: AnnounceServer) -> Broadcast? {
        served.broadcast(path) { mayHear($0, server) }
    }

    private func write(_ message: [UInt8], _ server: AnnounceServer) {
        connection.write(message, to: server.stream)
        counters.announcementsSent &+= 1
    }

    private func encode(
        _ broadcast: Broadcast,
        _ status: Announcement.Status,
        _ server: AnnounceServer
    ) -> [UInt8] {
        guard let suffix = broadcast.path.removingPrefix(server.prefix) else { return [] }
        var hops: [UInt64] = []
        if status == .active || !version.hasHopIDs {
            hops = broadcast.hops
            // From lite-05 on the receiver adds the id of our ANNOUNCE_OK; before, the sender is the last hop.
            if !version.hasAnnounceOK { hops.append(hopID) }
        }
        let announcement = Announcement(status: status, suffix: suffix, hops: hops)
        return AnnounceMessage.announce(announcement).encode(version)
    }

    /// Nobody hears what came from itself or through itself, or what it has no right to.
    private func mayHear(_ broadcast: Broadcast, _ server: AnnounceServer) -> Bool {
        guard !broadcast.comes(from: self), scope.maySubscribe(broadcast.path) else { return false }
        guard broadcast.hops.count < WireLimits.hops else { return false }
        let excluded = [server.excludedHop, peerHop].filter { $0 != 0 }
        return !broadcast.hops.contains { excluded.contains($0) }
    }

    /// The peer no longer follows.
    func end(_ server: AnnounceServer, _ stream: Stream) {
        guard announceServers.contains(where: { $0 === server }) else { return }
        announceServers.removeAll { $0 === server }
        setRole(.ignored, of: stream)
        // Never a reset: older peers take that for the end of the session (reference §4).
        connection.finish(stream)
    }
}
