/// An IP address and port, independent of any operating system's struct.
package struct SocketAddress: Hashable, Sendable {
    package enum IP: Hashable, Sendable {
        /// Big-endian as a number: 127.0.0.1 is 0x7f000001.
        case v4(UInt32)
        case v6(UInt64, UInt64, scope: UInt32)
    }

    package var ip: IP
    package var port: UInt16

    package init(ip: IP, port: UInt16) {
        self.ip = ip
        self.port = port
    }

    package static func loopback(port: UInt16) -> SocketAddress {
        SocketAddress(ip: .v4(0x7f00_0001), port: port)
    }

    package var isIPv6: Bool {
        if case .v6 = ip { return true }
        return false
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `127.0.0.1:443` or `[::1]:443`.
    package var description: String {
        switch ip {
        case .v4: "\(ip):\(port)"
        case .v6: "[\(ip)]:\(port)"
        }
    }
}

extension SocketAddress.IP: CustomStringConvertible {
    package var description: String {
        switch self {
        case .v4(let bits):
            return (0..<4).map { String(bits >> (24 - 8 * UInt32($0)) & 0xff) }.joined(separator: ".")
        case .v6(let high, let low, let scope):
            let groups = (0..<8).map { (index) -> UInt64 in
                let half = index < 4 ? high : low
                return half >> UInt64(48 - 16 * (index % 4)) & 0xffff
            }
            let text = Self.compressed(groups)
            return scope == 0 ? text : "\(text)%\(scope)"
        }
    }

    /// RFC 5952: the longest run of two or more zero groups becomes `::`.
    private static func compressed(_ groups: [UInt64]) -> String {
        var best = 0..<0
        var start = 0
        while start < groups.count {
            var stop = start
            while stop < groups.count && groups[stop] == 0 { stop += 1 }
            if stop - start > max(best.count, 1) { best = start..<stop }
            start = max(stop, start + 1)
        }
        func hex(_ part: some Sequence<UInt64>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        if best.isEmpty { return hex(groups) }
        return hex(groups[..<best.lowerBound]) + "::" + hex(groups[best.upperBound...])
    }
}
