package import BurrowBase

/// What the host says about a track it publishes.
package struct TrackConfiguration: Equatable, Sendable {
    package var name: String
    package var priority: UInt8
    package var ordered: Bool
    package var maxAge: Interval

    package init(name: String, priority: UInt8 = 127, ordered: Bool = false, maxAge: Interval = .seconds(5)) {
        self.name = name
        self.priority = priority
        self.ordered = ordered
        self.maxAge = maxAge
    }
}

/// The host's tracks in a room.
extension Room {
    func publish(_ id: TrackID, _ configuration: TrackConfiguration) throws(MoQError) {
        guard state != .closed else { throw MoQError(.closed, "room is closed") }
        guard local.isAnnounced, let path = self.configuration.path else {
            throw MoQError(.wrongKind, "room was opened without a path to publish under")
        }
        guard !local.has(configuration.name) else {
            throw MoQError(.alreadyExists, "track \(configuration.name) is published already")
        }
        guard published.count < TrackLimits.tracksPerBroadcast else {
            throw MoQError(.limit, "too many tracks")
        }
        let info = TrackInfo(
            priority: configuration.priority,
            ordered: configuration.ordered,
            maxAge: configuration.maxAge,
            timescale: 1_000_000
        )
        let track = Track(
            broadcast: path,
            name: configuration.name,
            info: info,
            context: services.context,
            account: account
        )
        let added = PublishedTrack(id, track: track, services: services)
        published[id] = added
        local.add(added)
        services.tell(.track(id, .live, nil))
    }

    func subscribe(_ id: TrackID, path: BroadcastPath, name: String, _ options: SubscribeOptions)
        throws(MoQError)
    {
        guard state != .closed else { throw MoQError(.closed, "room is closed") }
        guard subscriptions.count < SessionLimits().subscriptions else {
            throw MoQError(.limit, "too many subscriptions")
        }
        let reader = FrameReader(id: id, options: options, ready: services.ready)
        let subscription = Subscription(id: id, path: path, name: name, reader: reader)
        subscriptions[id] = subscription
        if let broadcast = learned.broadcast(path) {
            subscription.follow(broadcast, self, now: services.context.now)
        } else if let session = usableSession {
            subscription.followUnannounced(session, self, now: services.context.now)
        }
    }

    /// Whether the relay would tell when a broadcast at this path appears.
    func hearsAnnouncements(of path: BroadcastPath) -> Bool {
        configuration.discovers && path.hasPrefix(configuration.prefix)
    }

    /// Unpublishes or unsubscribes. False when the track is not of this room.
    func closeTrack(_ id: TrackID) -> Bool {
        if let track = published[id] {
            local.remove(track)
            published[id] = nil
            services.tell(.track(id, .ended, nil))
            return true
        }
        if let subscription = subscriptions[id] {
            subscription.close(self, MoQError(.closed, "unsubscribed"), isFailure: false)
            subscriptions[id] = nil
            pastReaders.add(subscription.reader.counters)
            return true
        }
        return false
    }
}
