package import BurrowBase
package import BurrowCalls
package import BurrowNostr

/// A call as hosts hold it: what can be read of it at any time, and the way to its identity.
///
/// Whoever starts or accepts a call has the reference that keeps it up. Of a call that came the library holds one too, until it
/// is accepted or over, so that there is something to retain.
package final class HostCall: HandleObject {
    package struct Snapshot: Sendable {
        package var phase = CallPhase.outgoing
        package var detail = CallDetail.none
        package var reason: CallEndReason?
        package var media = CallMedia.audio
        package var isMuted = false
        package var hasVideo = false
        /// Since when it was active for the first time, and since when it is what it is.
        package var started: Instant?
        package var since: Instant?
        /// The number of the last event about it.
        package var sequence: UInt64 = 0
        /// The handle of its room, or 0.
        package var room: UInt = 0
        package var caller: PublicKey?
        package var peer: PublicKey?
        package var group: [UInt8] = []
        package var relay = ""
        package var text = ""
        /// The call that came in its place, or in whose place it came.
        package var other: CallID?
        package var members: [Member] = []
        var handle: UInt = 0
        /// Whether one of the references is ours.
        var isHeld = false
    }

    /// Somebody in the call, with the number of their broadcast in the room, or 0.
    package struct Member: Sendable {
        package let number: UInt32
        package let participant: Participant
    }

    package static var kind: HandleKind { .call }

    package let identity: HostIdentity
    package let id: CallID
    package let isOutgoing: Bool
    package let snapshot: Guarded<Snapshot>

    init(identity: HostIdentity, id: CallID, isOutgoing: Bool) {
        self.identity = identity
        self.id = id
        self.isOutgoing = isOutgoing
        var first = Snapshot()
        if !isOutgoing { first.phase = .incoming }
        snapshot = Guarded(first)
    }

    package func lastReferenceGone() {
        identity.engine.state.post(.call(identity, .released(self)))
    }

    var handle: UInt { snapshot.withLock { $0.handle } }

    /// Gives up the library's own reference.
    func letGo() {
        let handle = snapshot.withLock { (state) -> UInt in
            defer { state.isHeld = false }
            return state.isHeld ? state.handle : 0
        }
        if handle != 0 { HandleTable.shared.release(handle) }
    }

    // MARK: What hosts do

    package func accept(_ options: CallOptions) throws(EngineError) -> UInt64 {
        try post { .accept(self, options, request: $0) }
    }

    package func end(_ ending: CallEnding) throws(EngineError) -> UInt64 {
        try post { .end(self, ending, request: $0) }
    }

    package func update(_ change: CallChange) throws(EngineError) -> UInt64 {
        try post { .update(self, change, request: $0) }
    }

    private func post(_ command: (UInt64) -> CallCommand) throws(EngineError) -> UInt64 {
        let request = try identity.engine.newRequest()
        try identity.engine.post(.call(identity, command(request)))
        return request
    }
}

/// Where a call stands, as the host sees it.
package enum CallPhase: UInt32, Sendable {
    case outgoing = 1
    case incoming, connecting, active, ending, ended, failed
    /// It goes on without us, and can be joined.
    case available
    /// The host is to say what happens with it.
    case asked

    var isOver: Bool { self == .ended || self == .failed }

    /// Whether our user is in it.
    var isOurs: Bool { self == .outgoing || self == .connecting || self == .active }
}

/// The same, more exactly.
package enum CallDetail: UInt32, Sendable {
    case none = 0
    case publishing, sent, remoteRinging
    case ringing, silent
    case relay, waitingMedia
    case alone, ok, reconnecting
}

/// What became of somebody in a call, or of a broadcast in its room.
package enum CallMemberChange: UInt32, Sendable {
    case joined = 1
    case left, changed
    /// A broadcast is no member's.
    case unknown
}

extension CallState {
    /// What hosts are shown of it.
    var shown: (phase: CallPhase, detail: CallDetail, reason: CallEndReason?) {
        switch self {
        case .outgoing(.publishing): (.outgoing, .publishing, nil)
        case .outgoing(.sent): (.outgoing, .sent, nil)
        case .outgoing(.remoteRinging): (.outgoing, .remoteRinging, nil)
        case .incoming(.ringing): (.incoming, .ringing, nil)
        case .incoming(.silent): (.incoming, .silent, nil)
        case .connecting(.relay): (.connecting, .relay, nil)
        case .connecting(.waitingMedia): (.connecting, .waitingMedia, nil)
        case .active(.alone): (.active, .alone, nil)
        case .active(.ok): (.active, .ok, nil)
        case .active(.reconnecting): (.active, .reconnecting, nil)
        case .ending(let reason): (.ending, .none, reason)
        case .ended(let reason): (.ended, .none, reason)
        case .failed(let reason): (.failed, .none, reason)
        }
    }
}
