internal import BurrowBase

extension ServerURL {
    /// Whether the address is of this machine, of a local or private network, or of no public one at all. Another
    /// person's list has no business there.
    package var isPrivate: Bool {
        if let ip = SocketAddress.IP(host) { return Self.isPrivate(ip) }
        let labels = host.split(separator: ".")
        guard let last = labels.last, labels.count > 1 else { return true }
        return ["local", "localhost", "internal", "onion", "lan", "home"].contains(last)
            || host.hasSuffix(".home.arpa")
    }

    private static func isPrivate(_ ip: SocketAddress.IP) -> Bool {
        switch ip {
        case .v4(let bits): return isPrivate(v4: bits)
        case .v6(let high, let low, _):
            // ::1 and ::, and IPv4 in its clothes (::ffff:0:0/96, ::/96, 64:ff9b::/96).
            if high == 0, low <= 1 { return true }
            let isMapped = high == 0 && (low >> 32 == 0xffff || low >> 32 == 0)
            if isMapped || (high == 0x0064_ff9b_0000_0000 && low >> 32 == 0) {
                return isPrivate(v4: UInt32(truncatingIfNeeded: low))
            }
            return high >> 57 == 0xfc >> 1  // fc00::/7
                || high >> 54 == 0xfe80 >> 6  // fe80::/10
                || high >> 54 == 0xfec0 >> 6  // fec0::/10
                || high >> 56 == 0xff  // ff00::/8
                || high >> 32 == 0x2001_0db8
        }
    }

    private static func isPrivate(v4 bits: UInt32) -> Bool {
        let ranges: [(UInt32, UInt32)] = [
            (0x0000_0000, 8), (0x0a00_0000, 8), (0x6440_0000, 10), (0x7f00_0000, 8), (0xa9fe_0000, 16),
            (0xac10_0000, 12), (0xc000_0000, 24), (0xc000_0200, 24), (0xc0a8_0000, 16), (0xc612_0000, 15),
            (0xc633_6400, 24), (0xcb00_7100, 24), (0xe000_0000, 3),
        ]
        return ranges.contains { (prefix, count) in (bits ^ prefix) >> (32 - count) == 0 }
    }
}
