package import BurrowMoQ

/// What hosts do with an engine. Everything that can be judged at once is; the rest goes to the loop.
extension Engine {
    /// A new object's handle, and the request that completes when it is up.
    package struct Opening: Sendable {
        package let handle: UInt
        package let request: UInt64
    }

    package func openRoom(_ configuration: RoomConfiguration) throws(EngineError) -> Opening {
        let request = try newRequest()
        let path = configuration.path?.description ?? ""
        let room = HostRoom(engine: self, number: newNumber(), path: path)
        let handle = try makeHandle(room, request)
        submit(.openRoom(room, handle: handle, configuration, request: request))
        return Opening(handle: handle, request: request)
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

    package func networkChanged() throws(EngineError) {
        try checkRunning()
        submit(.networkChanged)
    }

    package func cancel(_ request: UInt64) {
        submit(.cancel(request))
    }
}
