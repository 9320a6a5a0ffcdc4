package import BurrowBase
package import BurrowQUIC

/// What a host does with rooms.
extension Node {
    /// Opens a room; `request` completes when it is connected or has failed.
    package func openRoom(
        _ configuration: RoomConfiguration,
        request: RequestID,
        now: Instant
    ) throws(MoQError) -> RoomID {
        services.context.now = now
        let id = RoomID(rawValue: services.newNumber())
        let room = try Room(id: id, configuration: configuration, services: services, request: request)
        rooms[id] = room
        room.open(now: now)
        return id
    }

    package func closeRoom(_ id: RoomID, request: RequestID, now: Instant) {
        services.context.now = now
        guard let room = rooms[id] else { return services.complete(request) }
        for track in room.subscriptions.keys { trackRooms[track] = nil }
        for track in room.published.keys { trackRooms[track] = nil }
        room.close(request, now: now)
    }

    /// Goes on with another token in the place of the one in the room's URL, without a break: `request` completes when the
    /// relay has let us in with it, or will not.
    package func replaceToken(of id: RoomID, with token: String, request: RequestID, now: Instant) {
        services.context.now = now
        guard let room = rooms[id] else {
            return services.complete(request, MoQError(.closed, "room is closed"))
        }
        do throws(RelayURLError) {
            room.renew(try room.configuration.url.with(token: token), request, now: now)
        } catch {
            services.complete(request, MoQError(.invalidArgument, error.context))
        }
    }

    // MARK: Tracks

    package func publishTrack(
        in room: RoomID,
        _ configuration: TrackConfiguration,
        now: Instant
    ) throws(MoQError) -> TrackID {
        services.context.now = now
        guard let room = rooms[room] else { throw MoQError(.closed, "room is closed") }
        let id = TrackID(rawValue: services.newNumber())
        try room.publish(id, configuration)
        trackRooms[id] = room
        return id
    }

    package func subscribeTrack(
        in room: RoomID,
        path: BroadcastPath,
        name: String,
        _ options: SubscribeOptions,
        now: Instant
    ) throws(MoQError) -> TrackID {
        services.context.now = now
        guard let room = rooms[room] else { throw MoQError(.closed, "room is closed") }
        let id = TrackID(rawValue: services.newNumber())
        trackRooms[id] = room
        do {
            try room.subscribe(id, path: path, name: name, options)
        } catch {
            trackRooms[id] = nil
            throw error
        }
        return id
    }

    /// Unpublishes or unsubscribes.
    package func closeTrack(_ id: TrackID, now: Instant) {
        services.context.now = now
        guard let room = trackRooms.removeValue(forKey: id) else { return }
        _ = room.closeTrack(id)
    }

    package func push(
        _ id: TrackID,
        _ frame: OutgoingFrame,
        payload: UnsafeRawBufferPointer,
        now: Instant
    ) throws(MoQError) {
        services.context.now = now
        guard let track = trackRooms[id]?.published[id] else {
            throw MoQError(.closed, "track is unpublished")
        }
        try unsafe track.push(frame, payload: payload, now: now)
    }

    /// Ends the group of a published track and adds one without a frame.
    package func breakTime(_ id: TrackID, now: Instant) {
        services.context.now = now
        trackRooms[id]?.published[id]?.breakTime(now: now)
    }

    /// Where a frame will stand if it is the next one to be pushed; `nil` when the track is not published.
    package func place(of frame: OutgoingFrame, on id: TrackID) -> FramePlace? {
        trackRooms[id]?.published[id]?.place(of: frame)
    }

    package func updateSubscription(_ id: TrackID, _ options: SubscribeOptions, now: Instant) throws(MoQError)
    {
        services.context.now = now
        guard let subscription = trackRooms[id]?.subscriptions[id] else {
            throw MoQError(.closed, "track is not subscribed")
        }
        subscription.reader.update(options)
    }

    /// The next frame of a subscribed track, or `nil` when none is due.
    package func nextFrame(_ id: TrackID, now: Instant) -> ReceivedFrame? {
        guard let room = trackRooms[id], let subscription = room.subscriptions[id] else { return nil }
        if let frame = subscription.reader.next(now: now) { return frame }
        subscription.completeFetches(room)
        return nil
    }

    /// The same with the ends of groups, for whoever puts groups in order.
    package func nextPiece(_ id: TrackID, now: Instant) -> ReceivedPiece? {
        guard let room = trackRooms[id], let subscription = room.subscriptions[id] else { return nil }
        if let piece = subscription.reader.nextPiece(now: now) { return piece }
        subscription.completeFetches(room)
        return nil
    }

    /// Asks for one group; its frames come through `nextFrame`, then `request` completes.
    package func fetch(_ id: TrackID, group: UInt64, request: RequestID, now: Instant) {
        services.context.now = now
        guard let room = trackRooms[id], let subscription = room.subscriptions[id] else {
            return services.complete(request, MoQError(.closed, "track is not subscribed"))
        }
        subscription.fetch(group, request, room)
    }

    /// Gives up waiting for something. False when it is not under way here.
    package func cancel(_ request: RequestID, now: Instant) -> Bool {
        services.context.now = now
        for room in rooms.values {
            for subscription in room.subscriptions.values where subscription.cancelFetch(request, room) {
                return true
            }
            if room.cancelOpening(request, now: now) { return true }
        }
        return false
    }

    // MARK: Information

    package func information(of id: RoomID) -> RoomInformation? {
        guard let room = rooms[id] else { return nil }
        return RoomInformation(
            state: room.state,
            version: room.session?.version,
            remoteAddress: room.session?.connection.remoteAddress,
            connectedSince: room.connectedSince,
            error: room.lastError
        )
    }

    package func participants(of id: RoomID) -> [Participant] {
        (rooms[id]?.participants.values).map { $0.sorted { $0.number < $1.number } } ?? []
    }

    /// How many paths a room has numbers for, those of participants that left included.
    package func rememberedPaths(of id: RoomID) -> Int { rooms[id]?.participantNumbers.count ?? 0 }

    /// Groups of all subscriptions that the host has not taken yet.
    package var waitingGroups: Int {
        rooms.values.reduce(0) { $0 + $1.subscriptions.values.reduce(0) { $0 + $1.reader.waitingGroups } }
    }

    package func statistics(of id: RoomID) -> RoomStatistics? {
        rooms[id]?.statistics
    }

    /// How the connection of a room is doing now; `nil` when there is none.
    package func connectionStatistics(of id: RoomID) -> ConnectionStatistics? {
        rooms[id]?.session?.connection.statistics
    }

    package func statistics(of id: TrackID) -> TrackStatistics? {
        guard let room = trackRooms[id] else { return nil }
        if let published = room.published[id] {
            return TrackStatistics(
                counters: published.track.counters,
                latestGroup: published.track.latest?.sequence,
                subscribers: published.track.readers.count
            )
        }
        guard let reader = room.subscriptions[id]?.reader else { return nil }
        var counters = TrackCounters()
        counters.groups = reader.counters.groups
        counters.frames = reader.counters.frames
        counters.bytes = reader.counters.bytes
        counters.groupsDropped = reader.counters.expiredGroups
        return TrackStatistics(
            counters: counters,
            droppedFrames: reader.counters.droppedFrames,
            latestGroup: reader.track?.latest?.sequence,
            subscribers: 0
        )
    }
}
