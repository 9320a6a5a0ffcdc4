import BurrowQUIC

/// The sockets of one loop by number.
final class SocketTable {
    private var sockets: [SocketID: UDPSocket] = [:]
    /// Batches go to the same socket again and again.
    private var recent: UDPSocket?

    subscript(id: SocketID) -> UDPSocket? {
        if let recent, recent.id == id { return recent }
        recent = sockets[id]
        return recent
    }

    var all: some Collection<UDPSocket> { sockets.values }

    func add(_ socket: UDPSocket) {
        sockets[socket.id] = socket
    }

    func remove(_ id: SocketID) -> UDPSocket? {
        recent = nil
        return sockets.removeValue(forKey: id)
    }
}
