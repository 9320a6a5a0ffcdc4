import BurrowBase
import BurrowQUIC

/// One try to reach the relay, and the session it becomes.
final class Attempt {
    weak var room: Room?
    let socket: SocketID
    let address: SocketAddress
    var session: Session?
    /// Where the session was asked to lead, token included.
    var url: RelayURL?
    /// The system said that nobody listens: when it did first, and how many packets had come by then.
    var refusal: (received: UInt64, since: Instant)?

    init(room: Room, socket: SocketID, address: SocketAddress) {
        self.room = room
        self.socket = socket
        self.address = address
    }
}
