package import BurrowMarmot
package import BurrowNostr

/// What hosts do with identities and groups. Everything that can be judged at once is; the rest goes to the state thread.
extension Engine {
    /// Brings an identity up on the state thread.
    func open(_ identity: HostIdentity, _ options: IdentityOptions) throws(EngineError) -> Opening {
        try state.start(for: self)
        return try open(identity) { (handle, request) in
            identity.snapshot.withLock { $0.handle = handle }
            return .open(identity, options, request: request)
        }
    }

    /// Tells what became of an event that was to be published.
    package func published(_ event: EventID, accepted: Bool) throws(EngineError) {
        try checkRunning()
        state.post(.published(event, accepted: accepted))
    }

    /// Makes the handle of a new object and posts what brings it up.
    func open(
        _ object: some HandleObject,
        invitees: [PublicKey] = [],
        _ command: (_ handle: UInt, _ request: UInt64) -> StateCommand
    ) throws(EngineError) -> Opening {
        let request = try newRequest()
        let handle = HandleTable.shared.insert(object, owner: number)
        guard handle != 0 else {
            requestCompleted()
            throw EngineError(.limit, "too many handles")
        }
        try post(command(handle, request), invitees: invitees, request: request)
        return Opening(handle: handle, request: request)
    }

    /// Hands a command to the state thread, once the key packages of these people were looked for, when the engine has
    /// relays to ask.
    fileprivate func post(
        _ command: StateCommand,
        invitees: [PublicKey],
        request: UInt64
    ) throws(EngineError) {
        guard !hasHostRelays, !invitees.isEmpty else { return try post(command) }
        submit(.nostr(.findKeyPackages(of: invitees, before: command, request: request)))
    }

    func post(_ command: StateCommand) throws(EngineError) {
        guard state.post(command) else {
            requestCompleted()
            throw EngineError(.closed, "the engine is shut down")
        }
    }
}

extension HostIdentity {
    package func close() throws(EngineError) -> UInt64 {
        let request = try engine.newRequest()
        let isFirst = markClosed()
        if hasGroups {
            try engine.post(.close(self, request: request))
        } else {
            if isFirst { closed() }
            complete(request, nil)
        }
        return request
    }

    /// Without relays it goes to those of the engine's list.
    package func makeKeyPackage(relays given: [String]) throws(EngineError) -> UInt64 {
        try checkOpen()
        let relays = given.isEmpty ? engine.nostrRelays.map(\.url.text) : given
        guard !relays.isEmpty else { throw EngineError(.invalidArgument, "relays are needed") }
        let request = try engine.newRequest()
        try engine.post(.makeKeyPackage(self, relays: relays, request: request))
        return request
    }

    package func found(_ draft: GroupDraft, inviting: [PublicKey]) throws(EngineError) -> Engine.Opening {
        try checkOpen()
        let board = GroupBoard()
        return try engine.open(HostGroup(identity: self, board: board), invitees: inviting) { (_, request) in
            .found(self, board, draft, inviting: inviting, request: request)
        }
    }

    /// A new handle to a group that is known.
    package func group(_ id: [UInt8]) throws(EngineError) -> UInt {
        guard let board = snapshot.withLock({ $0.groups }).first(where: { $0.id == id }) else {
            throw EngineError(.notFound, "no group with this id")
        }
        return try handle(to: board)
    }

    package var groupCount: Int { snapshot.withLock { $0.groups.count } }

    /// New handles to all groups.
    package func groups() throws(EngineError) -> [UInt] {
        var handles: [UInt] = []
        do throws(EngineError) {
            for board in snapshot.withLock({ $0.groups }) { handles.append(try handle(to: board)) }
        } catch {
            for handle in handles { HandleTable.shared.release(handle) }
            throw error
        }
        return handles
    }

    private func handle(to board: GroupBoard) throws(EngineError) -> UInt {
        let handle = HandleTable.shared.insert(HostGroup(identity: self, board: board), owner: engine.number)
        guard handle != 0 else { throw EngineError(.limit, "too many handles") }
        return handle
    }

    func checkOpen() throws(EngineError) {
        guard hasGroups else {
            throw EngineError(
                .wrongKind,
                "the identity was made without a configuration, so it has no groups"
            )
        }
        guard !snapshot.withLock({ $0.isClosed }) else {
            throw EngineError(.closed, "the identity is closed")
        }
    }
}

/// A group as hosts hold it.
package final class HostGroup: HandleObject {
    package static var kind: HandleKind { .group }

    package let identity: HostIdentity
    package let board: GroupBoard

    init(identity: HostIdentity, board: GroupBoard) {
        self.identity = identity
        self.board = board
    }

    package func lastReferenceGone() {}

    package func change(_ change: GroupChange) throws(EngineError) -> UInt64 {
        let request = try identity.engine.newRequest()
        var invitees: [PublicKey] = []
        if case .invite(let person) = change { invitees = [person] }
        let command = StateCommand.change(identity, board, change, request: request)
        try identity.engine.post(command, invitees: invitees, request: request)
        return request
    }
}
