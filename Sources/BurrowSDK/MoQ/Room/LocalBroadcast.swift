import BurrowBase

/// The host's own broadcast: the tracks it publishes in one room.
final class LocalBroadcast: TrackProvider {
    private var tracks: [String: PublishedTrack] = [:]
    /// As it stands in the origin that sessions serve; `nil` for a host that only listens.
    private(set) var broadcast: Broadcast?

    var isAnnounced: Bool { broadcast != nil }

    func announce(at path: BroadcastPath, in origin: Origin) {
        let own = Broadcast(path: path, hops: [], provider: self)
        broadcast = own
        origin.add(own)
    }

    func withdraw(from origin: Origin) {
        for (_, published) in tracks.sorted(by: { $0.key < $1.key }) { published.end() }
        tracks.removeAll()
        if let broadcast { origin.remove(broadcast) }
        broadcast = nil
    }

    func has(_ name: String) -> Bool { tracks[name] != nil }

    func add(_ published: PublishedTrack) {
        tracks[published.track.name] = published
    }

    func remove(_ published: PublishedTrack) {
        published.end()
        tracks[published.track.name] = nil
        broadcast?.forget(published.track)
    }

    func openTrack(_ name: String, of broadcast: Broadcast, for asker: AnyObject?) -> Track? {
        tracks[name]?.track
    }

    /// What is no longer in the track is gone for good.
    func fetch(_ sequence: UInt64, of track: Track, priority: UInt8, for asker: AnyObject?) -> GroupFetch? {
        nil
    }
}
