import BurrowBase

/// One source of the tracks under one path.
package final class Broadcast {
    package let path: BroadcastPath
    /// The relays it came through, nearest last; empty for our own.
    package let hops: [UInt64]
    /// Where its tracks come from.
    private weak var provider: (any TrackProvider)?
    private var tracks: [String: Track] = [:]

    package init(path: BroadcastPath, hops: [UInt64], provider: any TrackProvider) {
        self.path = path
        self.hops = hops
        self.provider = provider
    }

    /// How much memory it takes where it was learned, roughly, without its tracks.
    var footprint: Int { 256 + 2 * path.utf8.count + 8 * hops.count }

    /// The session that announced it, to keep it from hearing its own broadcast.
    package func comes(from candidate: some TrackProvider) -> Bool { provider === candidate }

    /// The track of this name, asking the source for it when it is not here yet; `nil` when the source refuses.
    ///
    /// With the peer for whom it asks, a source may tell who asks too much, and what was refused a moment ago is refused
    /// again without asking.
    package func track(_ name: String, for asker: AnyObject? = nil) -> Track? {
        if let known = tracks[name], known.isOpen || known.state == .ended || asker != nil { return known }
        guard let fresh = provider?.openTrack(name, of: self, for: asker) else { return nil }
        tracks[name] = fresh
        return fresh
    }

    /// The track if it is here already.
    func existingTrack(_ name: String) -> Track? { tracks[name] }

    /// Brings a group that has left the cache back from the source; `nil` when that cannot be.
    package func fetch(
        _ sequence: UInt64,
        of track: Track,
        priority: UInt8,
        for asker: AnyObject? = nil
    ) -> GroupFetch? {
        provider?.fetch(sequence, of: track, priority: priority, for: asker)
    }

    /// Takes over a track that was opened before the broadcast was announced.
    func adopt(_ track: Track) {
        if tracks[track.name] == nil { tracks[track.name] = track }
    }

    /// Forgets a track that nobody reads or that is over.
    func forget(_ track: Track) {
        if tracks[track.name] === track { tracks[track.name] = nil }
    }
}

/// Where a broadcast's tracks come from: the host, or a session that subscribes upstream.
package protocol TrackProvider: AnyObject {
    /// `asker` is the peer behind it, if there is one.
    func openTrack(_ name: String, of broadcast: Broadcast, for asker: AnyObject?) -> Track?
    /// Brings one group that is no longer here, as the fetch stream of lite-05 does; `nil` when that cannot be.
    func fetch(_ sequence: UInt64, of track: Track, priority: UInt8, for asker: AnyObject?) -> GroupFetch?
}
