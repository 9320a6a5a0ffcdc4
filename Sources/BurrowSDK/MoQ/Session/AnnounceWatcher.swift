import BurrowBase
import BurrowQUIC

/// Our announce stream: what the peer says is live.
final class AnnounceWatcher {
    let stream: Stream
    /// As asked for on the wire, relative to the peer's root.
    let prefix: BroadcastPath
    var decoder: AnnounceDecoder
    var buffer = MessageBuffer()
    /// By suffix, so that a peer's view of its paths and ours cannot drift apart.
    var live: [BroadcastPath: Broadcast] = [:]
    /// The peer's hop id, from ANNOUNCE_OK.
    var hop: UInt64 = 0
    var isOver = false

    init(stream: Stream, prefix: BroadcastPath, version: Version) {
        self.stream = stream
        self.prefix = prefix
        decoder = AnnounceDecoder(version)
    }
}

/// Learning what the peer has (reference §4).
extension Session {
    /// Asks the peer for everything at or below a prefix. Once per session.
    package func watchAnnouncements(prefix: BroadcastPath) {
        guard watcher == nil else { return }
        let message = AnnounceRequest(prefix: prefix, excludedHop: hopID).encode(version)
        guard let stream = request(.announce, message, role: .ignored) else { return }
        let fresh = AnnounceWatcher(stream: stream, prefix: prefix, version: version)
        watcher = fresh
        setRole(.announceWatcher(fresh), of: stream)
    }

    func receiveAnnouncements(_ watcher: AnnounceWatcher) {
        let ended = fill(&watcher.buffer, from: watcher.stream)
        do {
            while let message = try watcher.decoder.next(from: &watcher.buffer) {
                guard apply(message, watcher) else { return }
            }
        } catch {
            counters.malformed &+= 1
            return close(.protocolViolation, "malformed announcement")
        }
        if ended {
            end(watcher)
            connection.finish(watcher.stream)
        }
    }

    /// False when the session was closed over it.
    private func apply(_ message: AnnounceMessage, _ watcher: AnnounceWatcher) -> Bool {
        switch message {
        case .initial(let suffixes):
            // One after the other, because the list may name a path twice as well.
            for suffix in suffixes {
                guard apply(Announcement(status: .active, suffix: suffix), watcher) else { return false }
            }
        case .ok(let hop, _):
            watcher.hop = hop
        case .announce(let announcement):
            return apply(announcement, watcher)
        }
        return true
    }

    private func apply(_ announcement: Announcement, _ watcher: AnnounceWatcher) -> Bool {
        counters.announcementsReceived &+= 1
        switch announcement.status {
        case .active, .restarted:
            // A second announcement takes the place of the first, also before lite-05, where it should not happen: current
            // relays do it on lite-02.
            if let known = watcher.live.removeValue(forKey: announcement.suffix) { forget(known) }
            return begin(announcement, watcher)
        case .ended:
            // Unknown paths are nothing to complain about: we may have left them out ourselves.
            if let known = watcher.live.removeValue(forKey: announcement.suffix) { forget(known) }
            return true
        }
    }

    /// Takes a new broadcast into the origin. False when the session was closed over it.
    private func begin(_ announcement: Announcement, _ watcher: AnnounceWatcher) -> Bool {
        guard watcher.live.count < limits.announcements else {
            // A relay passes on what others announce, and must not lose its clients over them.
            counters.announcementsRefused &+= 1
            guard connection.isServer else { return true }
            close(.protocolViolation, "too many announcements")
            return false
        }
        // Paths take memory as groups do, and cannot be given up instead.
        guard !account.isOver, let relative = try? watcher.prefix.appending(announcement.suffix),
            let path = try? scope.root.appending(relative)
        else {
            counters.announcementsRefused &+= 1
            return true
        }
        var hops = announcement.hops
        if version.hasAnnounceOK && watcher.hop != 0 { hops.append(watcher.hop) }
        // What has been through here already would go round for ever.
        guard !hops.contains(hopID) else { return true }
        guard scope.mayPublish(path) else {
            counters.announcementsRefused &+= 1
            return true
        }
        let broadcast = Broadcast(path: path, hops: hops, provider: self)
        watcher.live[announcement.suffix] = broadcast
        account.add(broadcast.footprint)
        learned.add(broadcast)
        return true
    }

    /// The stream is over, and with it everything learned on it. Tracks that are being followed have streams of their own
    /// and end when those do.
    func end(_ watcher: AnnounceWatcher) {
        guard !watcher.isOver else { return }
        watcher.isOver = true
        let live = watcher.live.values.sorted { $0.path.description < $1.path.description }
        watcher.live.removeAll()
        for broadcast in live { forget(broadcast) }
    }

    private func forget(_ broadcast: Broadcast) {
        account.add(-broadcast.footprint)
        learned.remove(broadcast)
    }
}
