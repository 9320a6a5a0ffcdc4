import BurrowBase
import BurrowQUIC
import CBurrowShims

/// One UDP socket of the loop.
final class UDPSocket {
    /// Why nothing is sent at the moment.
    enum Blockage {
        case none
        /// The buffer is full; the descriptor will become writable.
        case full
        /// The system is short of memory; trying again soon is all there is.
        case starved
    }

    let id: SocketID
    private(set) var udp: cburrow_udp
    let local: SocketAddress
    /// Talks to one peer only, so packets need no address.
    let isConnected: Bool
    var blockage = Blockage.none

    /// Opens a socket on an address of this machine.
    init(id: SocketID, bind address: SocketAddress, buffers: SocketBuffers) throws(EngineError) {
        self.id = id
        udp = cburrow_udp()
        var raw = address.raw
        let code = unsafe cburrow_udp_bind(&udp, &raw, buffers.receive, buffers.send)
        if code != 0 {
            let isTaken = cburrow_is_address_in_use(code) == 1
            throw EngineError(
                isTaken ? .addressInUse : .system,
                "cannot listen on \(address): \(SystemCall.text(code))"
            )
        }
        local = SocketAddress(udp.local)
        isConnected = false
    }

    /// Opens a socket that talks to one peer, on whatever address the system finds for it.
    init(id: SocketID, connect remote: SocketAddress, buffers: SocketBuffers) throws(EngineError) {
        self.id = id
        udp = cburrow_udp()
        var raw = remote.raw
        let code = unsafe cburrow_udp_connect(&udp, &raw, buffers.receive, buffers.send)
        if code != 0 {
            let isOurs = cburrow_is_resource_shortage(code) == 1
            throw EngineError(isOurs ? .system : .unreachable, "no socket: \(SystemCall.text(code))")
        }
        local = SocketAddress(udp.local)
        isConnected = true
    }

    deinit {
        cburrow_close(udp.fd)
    }

    /// The system refused to cut a large send into packets; it is done here from now on.
    func disableSegmentation() {
        udp.has_gso = 0
    }
}

/// How much the system is asked to keep for each socket, in bytes.
package struct SocketBuffers: Sendable {
    package var receive: Int32 = 4 * 1024 * 1024
    package var send: Int32 = 4 * 1024 * 1024

    package init() {}
}
