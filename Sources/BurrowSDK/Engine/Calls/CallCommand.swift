import BurrowCalls
import BurrowNostr

/// What the state thread is told about the calls of an identity, by hosts and by the reactor.
enum CallCommand: Sendable {
    case start(HostCall, group: [UInt8], CallOptions, request: UInt64)
    case accept(HostCall, CallOptions, request: UInt64)
    case end(HostCall, CallEnding, request: UInt64)
    case update(HostCall, CallChange, request: UInt64)
    /// The host has let go of a call.
    case released(HostCall)
    /// A relay for the call was looked for.
    case relay(CallSeat, Result<ChosenRelay, EngineError>)
    case room(CallSeat, CallRoomNews)
    /// A service has made a token, or will not.
    case token(CallSeat, Result<String, EngineError>)

    /// The host's request, which has to end.
    var request: UInt64 {
        switch self {
        case .start(_, _, _, let request), .accept(_, _, let request), .end(_, _, let request),
            .update(_, _, let request):
            request
        case .released, .relay, .room, .token: 0
        }
    }
}

/// For which call a room or a relay is. There may be several after each other, of which only the last one counts.
struct CallSeat: Sendable {
    let identity: HostIdentity
    let call: CallID
    let number: UInt64
    /// Nothing is announced: it is only looked who is there.
    var isLook = false
}

/// What a choice of relays has come to.
struct ChosenRelay: Sendable {
    let url: ServerURL
    /// Where the call could go if this one fails.
    let others: [ServerURL]
}

/// What happens in a call's room.
enum CallRoomNews: Sendable {
    case connected
    case lost
    case closed(EngineError?)
    case announced(String, number: UInt32)
    case unannounced(String)
    /// Something of a broadcast could be decrypted.
    case media(String)
}

extension HostRoom {
    /// Tells the call that the room is for, if it is for one.
    func tellCall(_ news: CallRoomNews) {
        guard let seat else { return }
        engine.state.post(.call(seat.identity, .room(seat, news)))
    }
}
