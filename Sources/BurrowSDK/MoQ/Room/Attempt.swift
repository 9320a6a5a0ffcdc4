import BurrowBase
import BurrowQUIC

/// One try to reach the relay, and the session it becomes.
final class Attempt {
    weak var room: Room?
    let socket: SocketID
    let address: SocketAddress
    var session: Session?

    init(room: Room, socket: SocketID, address: SocketAddress) {
        self.room = room
        self.socket = socket
        self.address = address
    }
}
