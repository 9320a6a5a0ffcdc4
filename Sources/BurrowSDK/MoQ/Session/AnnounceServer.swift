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
    /// How much may wait for a peer that does not read: the list it got at first, and then some.
    var allowance = 0

    init(stream: Stream, prefix: BroadcastPath, excludedHop: UInt64) {
        self.stream = stream
        self.prefix = prefix
        self.excludedHop = excludedHop
    }
}

/// Telling the peer what there is to hear (reference §4).
extension Session: OriginWatcher {
    func serve(_ request: AnnounceRequest, _ stream: Stream) {
        guard announceServers.count < limits.announceStreams,
            let prefix = try? scope.root.appending(request.prefix)
        else { return refuse(stream, .cancelled) }
        let server = AnnounceServer(stream: stream, prefix: prefix, excludedHop: request.excludedHop)
        announceServers.append(server)
        setRole(.announceServer(server), of: stream)
        let live = served.broadcasts(under: prefix) { mayHear($0, server) }
        for broadcast in live { server.announced[broadcast.path] = broadcast }
        defer { server.allowance = stream.backlog + limits.announceBacklog }
        var rest = live[...]
        if version.hasAnnounceInitial {
            // As much as a peer takes in one message.
            var suffixes: [BroadcastPath] = []
            var size = 8
            while let suffix = rest.first?.path.removingPrefix(prefix),
                suffixes.count < WireLimits.announceInitialCount,
                size + suffix.utf8.count + 4 <= WireLimits.announceInitialBytes
            {
                suffixes.append(suffix)
                size += suffix.utf8.count + 4
                rest.removeFirst()
            }
            connection.write(AnnounceMessage.initial(suffixes).encode(version), to: stream)
        }
        if version.hasAnnounceOK {
            let ok = AnnounceMessage.ok(hop: hopID, activeCount: UInt64(live.count))
            connection.write(ok.encode(version), to: stream)
        }
        for broadcast in rest { announce(broadcast, .active, server) }
    }

    package func originChanged(_ path: BroadcastPath) {
        for server in announceServers where path.hasPrefix(server.prefix) { update(server, path) }
    }

    private func update(_ server: AnnounceServer, _ path: BroadcastPath) {
        let newest = served.broadcast(path) { mayHear($0, server) }
        let known = server.announced[path]
        guard newest !== known else { return }
        server.announced[path] = newest
        if let known { announce(known, .ended, server) }
        if let newest { announce(newest, .active, server) }
        if server.stream.backlog > server.allowance {
            close(.controlMessageTimeout, "announcements are not read")
        }
    }

    private func announce(_ broadcast: Broadcast, _ status: Announcement.Status, _ server: AnnounceServer) {
        guard let suffix = broadcast.path.removingPrefix(server.prefix) else { return }
        var hops: [UInt64] = []
        if status == .active || !version.hasHopIDs {
            hops = broadcast.hops
            // From lite-05 on the receiver adds the id of our ANNOUNCE_OK; before, the sender is the last hop.
            if !version.hasAnnounceOK { hops.append(hopID) }
        }
        let message = AnnounceMessage.announce(Announcement(status: status, suffix: suffix, hops: hops))
        connection.write(message.encode(version), to: server.stream)
        counters.announcementsSent &+= 1
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
