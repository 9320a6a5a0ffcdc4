import BurrowBase
import BurrowCrypto
package import BurrowMoQ

/// What hosts do with a room.
extension HostRoom {
    package func close() throws(EngineError) -> UInt64 {
        let request = try engine.newRequest()
        guard markClosed() else {
            engine.requestCompleted()
            throw EngineError(.closed, "the room is closed")
        }
        engine.submit(.closeRoom(self, request: request))
        return request
    }

    /// Goes on with another token than that of the URL, without a break.
    package func replaceToken(with token: String) throws(EngineError) {
        try engine.checkRunning()
        guard !snapshot.withLock({ $0.isClosed }) else { throw EngineError(.closed, "the room is closed") }
        engine.submit(.replaceToken(self, token))
    }

    /// Publishes a track and returns its handle.
    package func publish(_ configuration: TrackConfiguration, content: UInt32) throws(EngineError) -> UInt {
        if protection != nil { try useMedia() }
        let track = try makePublished(configuration, content: content, for: .host, .data)
        do throws(EngineError) {
            let handle = try makeHandle(track)
            guard protection != nil else {
                engine.submit(.publish(track, handle: handle, configuration))
                return handle
            }
            var numbered = configuration
            numbered.name = newTrackName()
            engine.submit(.publish(track, handle: handle, numbered))
            engine.media.post(.list(track, as: numbered.name))
            return handle
        } catch {
            snapshot.withLock { $0.names.giveUp(configuration.name, of: .frames) }
            throw error
        }
    }

    /// Publishes a track for the media thread.
    func publishWire(
        _ configuration: TrackConfiguration,
        protectedAs kind: BurrowCrypto.MediaKind
    ) throws(EngineError) -> HostTrack {
        let track = try makePublished(configuration, content: 0, for: .mediaThread, kind)
        engine.submit(.publish(track, handle: 0, configuration))
        return track
    }

    private func makePublished(
        _ configuration: TrackConfiguration,
        content: UInt32,
        for user: HostTrack.User,
        _ kind: BurrowCrypto.MediaKind
    ) throws(EngineError) -> HostTrack {
        guard !path.isEmpty else {
            throw EngineError(.wrongKind, "the room was opened without a path to publish under")
        }
        try engine.checkRunning()
        try snapshot.withLock { (state) throws(EngineError) in
            guard !state.isClosed else { throw EngineError(.closed, "the room is closed") }
            // In protected rooms nobody but us gives names on the wire.
            guard
                user != .host && protection != nil
                    || state.names.take(configuration.name, for: user == .host ? .frames : .wire)
            else {
                throw EngineError(.exists, "track \(configuration.name) is published already")
            }
        }
        let options = SubscribeOptions(
            priority: configuration.priority,
            ordered: configuration.ordered,
            maxAge: configuration.maxAge
        )
        return HostTrack(
            room: self,
            number: engine.newNumber(),
            direction: .published,
            path: path,
            name: configuration.name,
            content: content,
            options: options,
            user: user,
            protectedAs: protection == nil ? nil : kind
        )
    }

    /// Subscribes to a track and returns its handle.
    package func subscribe(
        _ broadcast: BroadcastPath,
        name: String,
        _ options: SubscribeOptions,
        isRecorded: Bool = false
    ) throws(EngineError) -> UInt {
        if protection != nil { try useMedia() }
        let track = try makeSubscribed(
            broadcast,
            name: name,
            options,
            for: .host,
            .data,
            isRecorded: isRecorded
        )
        let handle = try makeHandle(track)
        guard protection == nil else {
            engine.media.post(.seek(track, handle: handle, broadcast))
            return handle
        }
        engine.submit(.subscribe(track, handle: handle, broadcast, name: name))
        return handle
    }

    /// Subscribes to a track for the media thread, or for whoever pulls sound.
    func subscribeWire(
        _ broadcast: BroadcastPath,
        name: String,
        _ options: SubscribeOptions,
        for user: HostTrack.User,
        protectedAs kind: BurrowCrypto.MediaKind
    ) throws(EngineError) -> HostTrack {
        let track = try makeSubscribed(broadcast, name: name, options, for: user, kind)
        engine.submit(.subscribe(track, handle: 0, broadcast, name: name))
        return track
    }

    private func makeSubscribed(
        _ broadcast: BroadcastPath,
        name: String,
        _ options: SubscribeOptions,
        for user: HostTrack.User,
        _ kind: BurrowCrypto.MediaKind,
        isRecorded: Bool = false
    ) throws(EngineError) -> HostTrack {
        try engine.checkRunning()
        guard !snapshot.withLock({ $0.isClosed }) else { throw EngineError(.closed, "the room is closed") }
        return HostTrack(
            room: self,
            number: engine.newNumber(),
            direction: .subscribed,
            path: broadcast.description,
            name: name,
            content: 0,
            options: options,
            user: user,
            protectedAs: protection == nil ? nil : kind,
            isRecorded: isRecorded
        )
    }

    /// Lets the media thread work for the room.
    func useMedia() throws(EngineError) {
        try engine.media.start(for: engine)
        snapshot.withLock { $0.usesMedia = true }
    }

    private func makeHandle(_ track: HostTrack) throws(EngineError) -> UInt {
        let handle = HandleTable.shared.insert(track, owner: engine.number)
        guard handle != 0 else { throw EngineError(.limit, "too many handles") }
        return handle
    }

    /// The room as last seen. Asking keeps its counters fresh.
    package func read() -> Snapshot {
        let (copy, mustAsk) = snapshot.withLock { (state) -> (Snapshot, Bool) in
            let now = SystemCall.now()
            let isStale = now - (state.measured ?? Instant(microseconds: 0)) > .milliseconds(300)
            state.lastAsked = now
            return (state, isStale && !state.isClosed)
        }
        if mustAsk { engine.submit(.wantStatistics) }
        return copy
    }
}
