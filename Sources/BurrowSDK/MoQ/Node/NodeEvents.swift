package import BurrowBase
package import BurrowQUIC

/// What a node asks of whoever owns sockets and names.
package enum NodeEffect: Equatable, Sendable {
    /// Look up both families and answer with `resolved`.
    case resolve(QueryID, host: String)
    /// Open a UDP socket fit for sending to an address and answer with `socketOpened` or `socketFailed`.
    case openSocket(SocketID, toward: SocketAddress)
    case closeSocket(SocketID)
    /// A piece of a connection's qlog, for the file of this name in this folder.
    case qlog(folder: String, file: String, bytes: [UInt8], isLast: Bool)
}

package enum RoomState: Equatable, Sendable {
    case connecting
    case connected
    /// The connection is lost; another is being made.
    case reconnecting
    /// Connected again. Goes over into `connected` by itself.
    case restored
    case closed
}

package enum TrackState: Equatable, Sendable {
    /// For the broadcast to appear, for an answer, or for the room to reconnect.
    case waiting
    case live
    case ended
    case failed
}

package enum RelayState: Equatable, Sendable {
    case listening
    case stopping
    case stopped
}

/// What a node tells the host.
package enum NodeEvent: Equatable, Sendable {
    /// A request is complete, well when there is no error.
    case done(RequestID, MoQError?)
    case room(RoomID, RoomState, MoQError?)
    case joined(RoomID, participant: UInt32, path: String)
    case left(RoomID, participant: UInt32, path: String)
    /// Frames wait: read them with `nextFrame`. Not repeated until then.
    case readable(TrackID)
    case track(TrackID, TrackState, MoQError?)
    /// Somebody began to follow a published track, or nobody does any more.
    case demand(TrackID, isWanted: Bool)
    case relay(RelayID, RelayState, MoQError?)
    /// Something worth a line in the log.
    case note(String)
}
