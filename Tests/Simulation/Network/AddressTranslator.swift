import BurrowBase

/// The translator in front of a host: others see an outside address for every inside one, until it is rebound.
struct AddressTranslator {
    /// The outside of every inside IP; an IP that is not listed stays itself.
    var outsideIPs: [SocketAddress.IP: SocketAddress.IP] = [:]
    private(set) var outside: [SocketAddress: SocketAddress] = [:]
    private(set) var inside: [SocketAddress: SocketAddress] = [:]
    private var nextPort: UInt16

    init(firstPort: UInt16) {
        nextPort = firstPort
    }

    /// The outside address of a sender, made up when it sends for the first time.
    mutating func translate(_ address: SocketAddress) -> SocketAddress {
        if let known = outside[address] { return known }
        var result = SocketAddress(ip: outsideIPs[address.ip] ?? address.ip, port: nextPort)
        while inside[result] != nil || result.port < 1024 { result.port &+= 1 }
        nextPort = result.port &+ 1
        outside[address] = result
        inside[result] = address
        return result
    }

    /// Forgets all mappings. Ports go on counting, so no outside address comes back.
    mutating func rebind() {
        outside = [:]
        inside = [:]
    }
}
