package import BurrowBase
package import BurrowMedia
package import BurrowMoQ

/// What hosts do with audio and video in a room.
extension HostRoom {
    /// Publishes audio or video and returns its handle.
    package func publish(
        _ configuration: TrackConfiguration,
        content: UInt32,
        _ media: HostMedia
    ) throws(EngineError) -> UInt {
        guard !path.isEmpty else {
            throw EngineError(.wrongKind, "the room was opened without a path to publish under")
        }
        try media.check()
        let name = configuration.name
        try snapshot.withLock { (state) throws(EngineError) in
            guard state.names.take(name, for: .media) else {
                throw EngineError(.exists, "track \(name) is published already")
            }
        }
        let options = SubscribeOptions(priority: configuration.priority, maxAge: configuration.maxAge)
        do throws(EngineError) {
            return try add(.published, path: path, name: name, content, options, media)
        } catch {
            snapshot.withLock { $0.names.giveUp(name, of: .media) }
            throw error
        }
    }

    /// Subscribes to somebody's audio or video, once each, and returns its handle. Without a name the catalogue decides
    /// on the rendition.
    package func subscribe(
        _ broadcast: BroadcastPath,
        name: String,
        content: UInt32,
        _ media: HostMedia,
        _ wishes: MediaWishes
    ) throws(EngineError) -> UInt {
        let path = broadcast.description
        guard snapshot.withLock({ $0[keyPath: Self.subscribed(media)].insert(path).inserted }) else {
            throw EngineError(.exists, "\(media.kind) of \(path) is subscribed already")
        }
        do throws(EngineError) {
            let options = wishes.terms(of: media.kind).request
            return try add(.subscribed, path: path, name: name, content, options, media)
        } catch {
            forget(media, of: path)
            throw error
        }
    }

    /// A subscription is over; there may be another.
    func forget(_ media: HostMedia?, of path: String) {
        guard let media else { return }
        snapshot.withLock { _ = $0[keyPath: Self.subscribed(media)].remove(path) }
    }

    private static func subscribed(_ media: HostMedia) -> WritableKeyPath<Snapshot, Set<String>> {
        media.kind == .audio ? \.heard : \.seen
    }

    private func add(
        _ direction: HostTrack.Direction,
        path: String,
        name: String,
        _ content: UInt32,
        _ options: SubscribeOptions,
        _ media: HostMedia
    ) throws(EngineError) -> UInt {
        try engine.checkRunning()
        try engine.media.start(for: engine)
        try snapshot.withLock { (state) throws(EngineError) in
            guard !state.isClosed else { throw EngineError(.closed, "the room is closed") }
            state.usesMedia = true
        }
        let track = HostTrack(
            room: self,
            number: engine.newNumber(),
            direction: direction,
            path: path,
            name: name,
            content: content,
            options: options,
            media: media
        )
        let handle = HandleTable.shared.insert(track, owner: engine.number)
        guard handle != 0 else { throw EngineError(.limit, "too many handles") }
        if case .audioSink(let sink) = media { mixer.add(sink) }
        engine.media.post(.add(track, handle: handle))
        return handle
    }

    /// What a participant offers; `nil` when its catalogue is not known.
    package func offers(of path: String) throws(EngineError) -> Catalogue? {
        try snapshot.withLock { (state) throws(EngineError) in
            guard !state.isClosed else { throw EngineError(.closed, "the room is closed") }
            return state.catalogues[path]
        }
    }

    /// Sums what all subscribed audio tracks have to play now.
    package func mix(
        _ format: PCMFormat,
        into bytes: inout MutableRawSpan,
        now: Instant
    ) throws(EngineError) -> PullFlags {
        guard !snapshot.withLock({ $0.isClosed }) else { throw EngineError(.closed, "the room is closed") }
        guard let flags = try mixer.mix(format, into: &bytes, now: now) else {
            throw EngineError(.busy, "another thread mixes this room")
        }
        return flags
    }
}
