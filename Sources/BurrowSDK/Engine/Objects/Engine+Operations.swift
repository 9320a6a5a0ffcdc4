package import BurrowMedia
package import BurrowMoQ

/// What hosts do with an engine. Everything that can be judged at once is; the rest goes to the loop.
extension Engine {
    /// A new object's handle, and the request that completes when it is up.
    package struct Opening: Sendable {
        package let handle: UInt
        package let request: UInt64
    }

    /// `followsMedia` says whether everybody's catalogue is wanted, `lastN` of how many participants pictures are received
    /// at most, `tokens` is the request whose tokens take the place of the one in the URL as they come.
    package func openRoom(
        _ configuration: RoomConfiguration,
        followsMedia: Bool,
        lastN: Int = .max,
        tokens: UInt64 = 0,
        protection: RoomProtectionOptions? = nil
    ) throws(EngineError) -> Opening {
        if followsMedia { try media.start(for: self) }
        if let group = protection?.group, group.identity.engine !== self {
            throw EngineError(.invalidArgument, "the group belongs to another engine")
        }
        let request = try newRequest()
        let path = configuration.path?.description ?? ""
        let room = HostRoom(
            engine: self,
            number: newNumber(),
            path: path,
            followsMedia: followsMedia,
            lastN: lastN,
            tokens: tokens,
            protection: protection
        )
        let handle = try makeHandle(room, request)
        room.snapshot.withLock { (state) in
            state.handle = handle
            state.usesMedia = followsMedia
        }
        submit(.openRoom(room, handle: handle, configuration, request: request))
        protection?.group?.board.follow(by: room)
        return Opening(handle: handle, request: request)
    }

    /// Opens the room of a call, or one that is only looked into, which has no protection.
    func openRoom(
        _ configuration: RoomConfiguration,
        of seat: CallSeat,
        lastN: Int,
        protection: RoomProtectionOptions?
    ) throws(EngineError) -> HostRoom {
        try checkRunning()
        let followsMedia = protection != nil
        if followsMedia { try media.start(for: self) }
        let room = HostRoom(
            engine: self,
            number: newNumber(),
            path: configuration.path?.description ?? "",
            followsMedia: followsMedia,
            lastN: lastN,
            tokens: 0,
            protection: protection,
            seat: seat
        )
        let handle = HandleTable.shared.insert(room, owner: number)
        guard handle != 0 else { throw EngineError(.limit, "too many handles") }
        room.snapshot.withLock { (state) in
            state.handle = handle
            state.usesMedia = followsMedia
        }
        submit(.openRoom(room, handle: handle, configuration, request: 0))
        protection?.group?.board.follow(by: room)
        return room
    }

    package func startRelay(_ options: RelayOptions) throws(EngineError) -> Opening {
        let request = try newRequest()
        let relay = HostRelay(engine: self, number: newNumber())
        let handle = try makeHandle(relay, request)
        submit(.startRelay(relay, handle: handle, options, request: request))
        return Opening(handle: handle, request: request)
    }

    private func makeHandle(_ object: some HandleObject, _ request: UInt64) throws(EngineError) -> UInt {
        let handle = HandleTable.shared.insert(object, owner: number)
        guard handle != 0 else {
            requestCompleted()
            throw EngineError(.limit, "too many handles")
        }
        return handle
    }

    /// Lends memory to the host and returns the handle of its buffer.
    package func lend(_ memory: PictureMemory) throws(EngineError) -> UInt {
        try checkRunning()
        let handle = HandleTable.shared.insert(PictureLoan(memory), owner: number)
        guard handle != 0 else { throw EngineError(.limit, "too many handles") }
        return handle
    }

    package func networkChanged() throws(EngineError) {
        try checkRunning()
        submit(.networkChanged)
    }

    package func cancel(_ request: UInt64) {
        submit(.cancel(request))
    }
}
