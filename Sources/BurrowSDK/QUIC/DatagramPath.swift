package import BurrowBase

/// One UDP socket, numbered by whoever owns the sockets.
package struct SocketID: Hashable, Sendable {
    package var rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }
}

/// The two low bits of the IP header's traffic class (RFC 3168).
package enum ECN: UInt8, Sendable {
    case notECT = 0
    case ect1 = 1
    case ect0 = 2
    case ce = 3
}

/// Where a datagram came from or goes to.
package struct DatagramPath: Hashable, Sendable {
    package var socket: SocketID
    package var local: SocketAddress
    package var remote: SocketAddress

    package init(socket: SocketID, local: SocketAddress, remote: SocketAddress) {
        self.socket = socket
        self.local = local
        self.remote = remote
    }
}
