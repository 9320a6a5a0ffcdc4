package import BurrowBase
package import BurrowQUIC

/// Everything one engine does on the network, without doing any of it: rooms, relays, sessions, connections.
///
/// The owner has the sockets, the clock and the resolver. It feeds datagrams and times, calls `process`, sends what
/// `flush` writes, performs `nextEffect` and passes `nextEvent` on to the host. A simulation owns a node the same way a
/// reactor does.
package final class Node {
    let services: NodeServices
    var rooms = SortedTable<RoomID, Room>()
    var relays = SortedTable<RelayID, Relay>()
    /// Which room a track belongs to.
    var trackRooms: [TrackID: Room] = [:]
    private var qlogRun: Int64?
    /// Which relay listens on a socket; all other sockets are the clients'.
    private var relaySockets: [SocketID: Relay] = [:]

    /// - Parameters:
    ///   - random: Fit for keys, except in simulations.
    ///   - unixOffset: Microseconds since 1970 when the owner's clock showed zero.
    ///   - firstSocket: The owner numbers its own sockets, for relays, below this; the node's begin here.
    package init(random: any RandomSource, unixOffset: Int64, firstSocket: UInt32 = 1 << 16) {
        let context = SessionContext(allocator: SliceAllocator(), unixOffset: unixOffset)
        services = NodeServices(context: context, random: random, firstSocket: firstSocket)
    }

    /// How much memory the groups of all tracks may take.
    package var cache: CacheBudget { services.context.cache }

    /// How much memory received bytes take, with everything that shares it.
    package var blockBytes: Int { services.context.allocator.blockBytes }

    // MARK: In

    /// Takes one datagram. The buffer is decrypted in place and not kept.
    package func receive(
        _ datagram: UnsafeMutableRawBufferPointer,
        path: DatagramPath,
        ecn: ECN,
        now: Instant
    ) {
        services.context.now = now
        let endpoint = relaySockets[path.socket]?.endpoint ?? services.clients
        unsafe endpoint.receive(datagram, path: path, ecn: ecn, now: now)
    }

    /// Runs the sessions that have something to say, and everything that follows from it.
    package func process(now: Instant) {
        services.context.now = now
        for relay in relays.values { relay.process(now: now) }
        while let connection = services.clients.nextActive() {
            if let attempt = connection.owner as? Attempt, let room = attempt.room {
                room.process(attempt, now: now)
            } else {
                while connection.nextEvent() != nil {}
            }
        }
        services.context.updates.deliver(now: now)
        tellReaders(now: now)
        services.context.pool.sweep()
        services.context.lingering.sweep(services.context.pool)
        services.context.spare()
        drainQLogs()
    }

    /// Turns what readers noticed into events.
    private func tellReaders(now: Instant) {
        while let reader = services.ready.next() {
            guard let room = trackRooms[reader.id], let subscription = room.subscriptions[reader.id] else {
                continue
            }
            services.tell(.readable(reader.id))
            subscription.changed(room, now: now)
        }
    }

    package func handleTimeouts(now: Instant) {
        services.context.now = now
        services.clients.handleTimeouts(now: now)
        services.context.timers.fire(now: now)
        for room in rooms.values { room.handleTimers(now: now) }
        for room in rooms.values where room.isOver { forget(room) }
        for relay in relays.values {
            relay.endpoint.handleTimeouts(now: now)
            relay.handleTimers(now: now)
            if relay.isStopped { forget(relay) }
        }
    }

    /// The earliest time `handleTimeouts` has something to do.
    package var deadline: Instant {
        var earliest = min(services.clients.deadline, services.context.timers.deadline)
        for room in rooms.values { earliest = min(earliest, room.deadline) }
        for relay in relays.values { earliest = min(earliest, relay.deadline) }
        return earliest
    }

    /// Writes what may go now. True when everything is in the batch; false when the batch is full: send it, empty it
    /// and call again.
    package func flush(into batch: inout DatagramBatch, now: Instant) -> Bool {
        services.context.announcements.deliver()
        for relay in relays.values {
            guard relay.endpoint.flush(into: &batch, now: now) else { return false }
        }
        return services.clients.flush(into: &batch, now: now)
    }

    // MARK: Sockets and names

    package func resolved(_ query: QueryID, _ result: Result<[SocketAddress.IP], MoQError>, now: Instant) {
        services.context.now = now
        for room in rooms.values where room.resolved(query, result, now: now) { return }
    }

    package func socketOpened(_ socket: SocketID, local: SocketAddress, now: Instant) {
        services.context.now = now
        for room in rooms.values where room.socketOpened(socket, local: local, now: now) { return }
        // Nobody waits for it any more.
        services.perform(.closeSocket(socket))
    }

    /// No socket can be had: `code` tells a missing route (`unreachable`) from a system that refuses.
    package func socketFailed(
        _ socket: SocketID,
        _ reason: String,
        code: MoQError.Code = .unreachable,
        now: Instant
    ) {
        services.context.now = now
        for room in rooms.values where room.socketFailed(socket, MoQError(code, reason), now: now) { return }
    }

    /// The system says that nobody listens at the other end of a client's socket.
    package func socketRefused(_ socket: SocketID, now: Instant) {
        services.context.now = now
        for room in rooms.values where room.socketRefused(socket, now: now) { return }
    }

    /// The device has another network, or was asleep: connections move to new sockets, pauses end.
    package func networkChanged(now: Instant) {
        services.context.now = now
        for room in rooms.values { room.networkChanged(now: now) }
    }

    // MARK: Out

    package func nextEffect() -> NodeEffect? { services.nextEffect() }

    package func nextEvent() -> NodeEvent? { services.nextEvent() }

    private func drainQLogs() {
        for relay in relays.values {
            guard let folder = relay.configuration.qlogFolder else { continue }
            while let chunk = relay.endpoint.nextQLog() { write(chunk, folder, "relay-\(relay.id.rawValue)") }
        }
        while let chunk = services.clients.nextQLog() {
            let room = rooms.values.first { $0.qlogSerials.contains(chunk.connection) }
            guard let room, let folder = room.configuration.qlogFolder else { continue }
            write(chunk, folder, "room-\(room.id.rawValue)")
        }
    }

    private func write(_ chunk: QLogChunk, _ folder: String, _ owner: String) {
        // The numbers begin anew with each node, so the time of its first file is part of the names.
        let context = services.context
        let run = qlogRun ?? context.now.microseconds &+ context.unixOffset
        qlogRun = run
        let file = "burrow-\(run)-\(owner)-\(chunk.connection).sqlog"
        services.perform(.qlog(folder: folder, file: file, bytes: chunk.bytes, isLast: chunk.isLast))
    }

    // MARK: Relays

    /// Starts a relay on sockets the owner has bound.
    package func startRelay(_ configuration: RelayConfiguration, sockets: [SocketID], now: Instant) -> RelayID
    {
        services.context.now = now
        let id = RelayID(rawValue: services.newNumber())
        let relay = Relay(id: id, configuration: configuration, sockets: sockets, services: services)
        relays[id] = relay
        for socket in sockets { relaySockets[socket] = relay }
        services.tell(.relay(id, .listening, nil))
        return id
    }

    /// Says good-bye to a relay's sessions and stops it; its sockets are given back by `closeSocket`.
    package func stopRelay(_ id: RelayID, request: RequestID, now: Instant) {
        services.context.now = now
        guard let relay = relays[id] else { return services.complete(request) }
        relay.stop(request, now: now)
    }

    /// Lets go of all sessions of all relays at once, whether they could say good-bye or not: until a session has ended it
    /// and its streams hold each other. Nothing else may be called afterwards.
    package func abandonRelays() {
        for relay in relays.values { relay.abandonSessions() }
        // Sessions that were to be told of others that ended before them.
        services.context.announcements.deliver()
    }

    package func statistics(of id: RelayID) -> RelayStatistics? { relays[id]?.statistics }

    /// A room that ended by itself leaves no tracks behind, whether its host closes them or not.
    private func forget(_ room: Room) {
        rooms[room.id] = nil
        for track in room.subscriptions.keys { trackRooms[track] = nil }
        for track in room.published.keys { trackRooms[track] = nil }
    }

    private func forget(_ relay: Relay) {
        relays[relay.id] = nil
        for socket in relay.sockets { relaySockets[socket] = nil }
    }
}
