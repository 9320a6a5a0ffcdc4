import BurrowBase
import BurrowCalls

/// What hosts do to begin a call.
extension HostIdentity {
    /// Calls a group, of two people or more.
    package func call(_ group: HostGroup, _ options: CallOptions) throws(EngineError) -> Engine.Opening {
        try checkOpen()
        guard group.identity === self else {
            throw EngineError(.invalidArgument, "the group belongs to another identity")
        }
        let members = group.board.snapshot.withLock { $0 }
        guard members.phase == .active else {
            throw EngineError(.notMember, "we are no member of the group")
        }
        var random = SystemRandom()
        let call = HostCall(identity: self, id: CallID(random: &random), isOutgoing: true)
        call.snapshot.withLock { (state) in
            (state.detail, state.caller, state.group) = (.publishing, publicKey, members.id)
            state.media = options.hasVideo ? .video : .audio
            (state.isMuted, state.hasVideo) = (options.isMuted, options.hasVideo)
            state.since = SystemCall.now()
        }
        return try engine.open(call) { (handle, request) in
            call.snapshot.withLock { $0.handle = handle }
            return .call(self, .start(call, group: members.id, options, request: request))
        }
    }
}
